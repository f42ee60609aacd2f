"""Exports that are killed at random moments, and finished in the end: what is left must be as if nothing had happened.

As a program it is a window with one export running, to be killed: ``python -m tests.faults.killing SOURCE TARGET``.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psutil

PATIENCE_S = 120.0
SLICES = 40


def killed_and_finished(
    command: Callable[[Path], Sequence[str]],
    folder: Path,
    kills: int,
    seed: int,
    environment: Mapping[str, str],
) -> tuple[Path, Path, int]:
    """Start an export ``kills`` times and kill it whenever some more slices are written, then let it end.

    A twin of what the first kill left is finished in peace. Returns the folder of the killed export, that of its
    twin, and how many kills met it at work. Every other time the children die with their parent, as in a power cut.
    """
    killed, calm = folder / "killed", folder / "calm"
    chance, met = random.Random(seed), 0
    for number in range(kills):
        before = _written(killed)
        more = chance.randint(1, max(1, 2 * SLICES // (kills + 2)))
        process = subprocess.Popen(
            command(killed), env=environment, start_new_session=True, stdout=subprocess.DEVNULL
        )
        try:
            _wait(lambda: process.poll() is not None or _written(killed) >= before + more)  # noqa: B023
            time.sleep(chance.random() * 0.02)  # anywhere within a slice
            family = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
            met += process.poll() is None
            if number % 2:
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()
        finally:
            process.wait(PATIENCE_S)
        psutil.wait_procs(family, timeout=PATIENCE_S)
        if number == 0:
            shutil.copytree(killed, calm)
    for target in (killed, calm):
        subprocess.run(
            command(target), env=environment, check=True, timeout=PATIENCE_S, stdout=subprocess.DEVNULL
        )
    return killed, calm, met


def _written(target: Path) -> int:
    """How many slices lie in an unfinished export; many where it is finished."""
    folders = [path for path in target.iterdir() if path.is_dir()] if target.is_dir() else []
    if any(not path.name.endswith(".partial") for path in folders):
        return 10 * SLICES
    return sum(path.name.endswith(".dcm") for partial in folders for path in partial.iterdir())


def _wait(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < until, "the export did not get on"
        time.sleep(0.002)


def main(source: str, target: str) -> int:
    """Open a folder in a real window, export its first series, and end."""
    from PySide6.QtWidgets import QApplication

    from brainsr_desktop.app.controller import Controller
    from brainsr_desktop.app.store import Store
    from brainsr_desktop.app.window import MainWindow
    from brainsr_desktop.core.series import ScanSummary, SeriesInfo
    from brainsr_desktop.io.messages import ExportOptions
    from brainsr_desktop.session import intents
    from brainsr_desktop.session.reports import ExportRequest, JobView
    from brainsr_desktop.settings import General, Settings

    application = QApplication([])
    store = Store()
    store.apply(lambda state: intents.choose_model(state, "bicubic", 4))
    controller = Controller(store)
    window = MainWindow(store, controller, Settings(general=General(accepted_notice="0")))
    found: list[SeriesInfo] = []
    controller.series_found.connect(found.append)

    def begin(_: ScanSummary) -> None:
        stack = found[0].stacks[0]
        controller.export(ExportRequest(stack, tuple(range(len(stack.frames))), ExportOptions(target)))

    def end(job: JobView) -> None:
        if "Export" in job.title and job.state in ("done", "failed", "cancelled"):
            application.exit(0 if job.state == "done" else 1)

    controller.scan_done.connect(begin)
    controller.job_changed.connect(end)
    window.show()
    controller.open_paths([source])
    status = application.exec()
    controller.shut_down()
    return status


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
