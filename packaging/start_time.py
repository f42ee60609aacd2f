"""Seconds from the start of the packaged window to its first picture, cold and warm. For a quiet machine with a screen.

    xvfb-run -a python packaging/start_time.py dist/brainsr-desktop [--runs 5] [--cold]

The window's own smoke test measures it (`seconds.window` of its report); a run goes through all of its steps and
takes about a minute. --cold drops the system's file cache before each run, which only root may.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from pathlib import Path
from statistics import median
from typing import Final

DROP: Final = Path("/proc/sys/vm/drop_caches")


def main() -> None:
    """Print every run and the middle one."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("folder", type=Path)
    options.add_argument("--runs", type=int, default=5)
    options.add_argument("--cold", action="store_true")
    chosen = options.parse_args()
    seconds = [_once(chosen.folder.resolve() / "brainsr-desktop", chosen.cold) for _ in range(chosen.runs)]
    print(f"{'cold' if chosen.cold else 'warm'}: {seconds} s, median {median(seconds)} s")


def _once(program: Path, cold: bool) -> float:
    if cold:
        subprocess.run(["sync"], check=True)
        DROP.write_text("3\n", encoding="ascii")
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([str(program), "--smoke-test", folder], check=True)
        return float(json.loads((Path(folder) / "report.json").read_text("utf-8"))["seconds"]["window"])


if __name__ == "__main__":
    main()
