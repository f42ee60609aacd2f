"""Two workers against one, one thread each: the time of ``brainsr enhance --dask`` for the same series, as JSON.

For a quiet machine with two cores or more: ``python packaging/bench_cluster.py``. Each round makes the series anew with
one worker and with two, in turn; what counts is the median of the ratios. ``--quick`` only shows that it works.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pydicom

SAMPLE: Final = Path(__file__).resolve().parent.parent / "resources" / "sample" / "1_t1_fast_scan"
WANTED: Final = 1.6
FIRST_SLICE: Final = 16
CLUSTER: Final = """
import sys, dask
from distributed import LocalCluster
if __name__ == "__main__":
    with dask.config.set({"distributed.worker.daemon": False}):
        with LocalCluster(n_workers=int(sys.argv[1]), threads_per_worker=1, dashboard_address=None) as running:
            print(running.scheduler_address, flush=True)
            sys.stdin.read()
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=12)
    parser.add_argument("--slices", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--model", default="brainsr-x4")
    parser.add_argument(
        "--quick", action="store_true", help="4 series of 2 slices by the small model, one round"
    )
    chosen = parser.parse_args()
    if chosen.quick:
        chosen.series, chosen.slices, chosen.rounds, chosen.model = 4, 2, 1, "espcn-x4"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_tree(folder / "tree", chosen.series, chosen.slices)
        (folder / "cluster.py").write_text(CLUSTER)
        seconds: dict[int, list[float]] = {1: [], 2: []}
        for _ in range(chosen.rounds):
            for workers, taken in seconds.items():
                with cluster(folder / "cluster.py", workers) as address:
                    taken.append(enhance(folder, chosen.model, address))
    ratios = [one / two for one, two in zip(seconds[1], seconds[2], strict=True)]
    result = {
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "model": chosen.model,
        "series": chosen.series,
        "slices": chosen.slices,
        "seconds": {str(workers): taken for workers, taken in seconds.items()},
        "ratios": [round(ratio, 3) for ratio in ratios],
        "ratio": round(statistics.median(ratios), 3),
        "wanted": WANTED,
    }
    print(json.dumps(result, indent=1))
    return 0 if chosen.quick or statistics.median(ratios) >= WANTED else 1


def make_tree(folder: Path, series: int, slices: int) -> None:
    """Series of different people with the same slices of the sample."""
    for person in range(series):
        (folder / f"{person}").mkdir(parents=True)
        for number in range(FIRST_SLICE, FIRST_SLICE + slices):
            dataset = pydicom.dcmread(SAMPLE / f"IM{number:04d}.dcm")
            for keyword in ("SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID"):
                setattr(dataset, keyword, f"{getattr(dataset, keyword)}.{person}")
            dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
            dataset.PatientID = str(person)
            dataset.save_as(folder / f"{person}" / f"{number}.dcm")


@contextmanager
def cluster(script: Path, workers: int) -> Iterator[str]:
    """A scheduler and that many workers of one thread; they end with this."""
    command = [sys.executable, str(script), str(workers)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        yield running.stdout.readline().strip()
        running.stdin.close()


def enhance(folder: Path, model: str, address: str) -> float:
    """Seconds of the whole command, reading of headers and loading of the model included."""
    with tempfile.TemporaryDirectory(dir=folder) as out:
        command = [
            sys.executable,
            "-m",
            "brainsr_desktop.cli.main",
            "enhance",
            str(folder / "tree"),
            "-o",
            out,
        ]
        done = subprocess.run(
            [*command, "--model", model, "--dask", address, "--json", "--quiet"],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    summary = json.loads(done.stdout.splitlines()[-1])["summary"]
    if summary["failed"] or summary["skipped"]:
        raise SystemExit(f"Not every series was made: {summary}")
    seconds: float = summary["seconds"]
    return seconds


if __name__ == "__main__":
    sys.exit(main())
