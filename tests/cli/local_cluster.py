"""A Dask scheduler with two workers of one thread each, in a process of its own: it ends with its standard input.

Prints the scheduler's address, then a line whenever it is asked (by a line) with the process numbers of the workers.
"""

from __future__ import annotations

import json
import sys

import dask
from distributed import LocalCluster


def main() -> None:
    # Workers that may start processes, as docs/cluster.md says.
    with (
        dask.config.set({"distributed.worker.daemon": False}),
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as running,
    ):
        print(json.dumps(running.scheduler_address), flush=True)  # noqa: T201
        for _ in sys.stdin:
            print(json.dumps([nanny.pid for nanny in running.workers.values() if nanny.pid]), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
