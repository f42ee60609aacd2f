"""The speed of the window and of the engine against their aims, as ratios: ``make bench``.

Off-screen, with real child processes, on series written from the sample study. Every figure is divided by its aim:
below 1 is good. The reading of headers is also divided by a plain pydicom loop over the same files, measured beside it.
The engine is measured by ``bench_engine.py``; ``bench_record.py`` writes ``docs/bench/<machine>.json`` and the table of
``docs/bench.md``, or compares with the last record.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np
import pydicom
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

if TYPE_CHECKING:
    from brainsr_desktop.app.window import MainWindow

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "resources" / "sample"
AIMS: dict[str, tuple[str, float]] = {
    "first_series": ("first series name after opening 1,000 files, s", 0.3),
    "first_image": ("first image after opening 1,000 files, s", 1.0),
    "scan": ("scan of 10,000 headers, s", 15.0),
    "scan_gap": ("longest gap of the window during that scan, ms", 50.0),
    "step_512": ("slice step to the interpolated picture, 512 x 512, 95th percentile, ms", 33.0),
    "step_2048": ("slice step to the interpolated picture, 2048 x 2048, 95th percentile, ms", 33.0),
    "window_drag": ("one step of a W/L drag, both panes at 2048 x 2048, median, ms", 1000 / 30),
    "cancel": ("cancelling the enhancement of a series, s", 0.5),
    "sweep": ("a sweep of 11 noise levels on a slice of 256 x 256 with 4 networks, s", 60.0),
    "sweep_gap": ("gaps of the window during that sweep, 99th percentile, ms", 50.0),
    "sweep_cancel": ("cancelling a sweep, s", 0.5),
}
SWEPT = ("brainsr-x4", "brainsr-x4-gan", "espcn-x4", "srcnn-x4")
RUNS = 3
STEPS = 60
CHILD_STARTS_MS = 3000
LIMIT_S = 300.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "docs")
    parser.add_argument("--quick", action="store_true", help="a tenth of the work, to try the bench itself")
    parser.add_argument("--compare", action="store_true", help="write nothing, fail where it became slower")
    parser.add_argument(
        "--only", choices=("window", "engine"), help="one part; what it finds is not recorded"
    )
    chosen = parser.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        parts = [folder / f"{part}.json" for part in ("window", "engine") if chosen.only in (None, part)]
        for part in parts:
            if part.stem == "window":
                found = measure(folder, 10 if chosen.quick else 1)
                part.write_text(json.dumps(rows_of(found)), encoding="utf-8")
            else:
                run("bench_engine.py", "--json", part, *(["--quick"] if chosen.quick else []))
        kept = folder if chosen.quick or chosen.only else chosen.out
        compare = ["--compare"] if chosen.compare else []
        return run("bench_record.py", *parts, "--machine", machine(), "--out", kept, *compare)


def run(script: str, *arguments: str | Path) -> int:
    """Another part of the bench, in a process of its own."""
    return subprocess.run(
        [sys.executable, Path(__file__).with_name(script), *arguments], check=False
    ).returncode


def rows_of(found: dict[str, float]) -> dict[str, Any]:
    """The window's part, for ``bench_record.py``: everything divided by its aim."""
    rows = [
        {"name": name, "words": f"{words}, aim {aim:.3g}, over it", "aim": 1.0, "measured": found[name] / aim}
        for name, (words, aim) in AIMS.items()
    ]
    plain = found["scan"] / found["plain_loop"]
    words = "scan of 10,000 headers over a plain pydicom loop over them"
    rows.append({"name": "scan_to_plain_loop", "words": words, "aim": None, "measured": plain})
    return {"rows": rows}


def machine() -> str:
    """System, processor and cores, without the machine's name."""
    return f"{platform.system()} {platform.machine()} {os.cpu_count()} cores".lower()


def measure(folder: Path, share: int) -> dict[str, float]:
    """All figures, by the names of `AIMS`."""
    found: dict[str, float] = {}
    thousand = folder / "thousand"
    write_series(thousand, 1000 // share, 128)
    opened = [first_sight(thousand) for _ in range(RUNS)]
    found["first_series"], found["first_image"] = (median(values) for values in zip(*opened, strict=True))
    many = folder / "many"
    for number in range(10):
        write_series(many / str(number), 1000 // share, 64)
    found["scan"], found["scan_gap"] = scan(many)
    begun = time.perf_counter()
    for path in sorted(many.rglob("*.dcm")):
        pydicom.dcmread(path, stop_before_pixels=True).get("SOPInstanceUID")
    found["plain_loop"] = time.perf_counter() - begun
    shutil.rmtree(many)
    for side in (512, 2048):
        series = folder / f"side {side}"
        write_series(series, 24, side)
        found[f"step_{side}"] = slice_step(series)
    found["window_drag"] = window_drag(folder / "side 2048")
    found["cancel"] = cancel(folder / "side 512")
    write_series(folder / "side 256", 5, 256)
    found["sweep"], found["sweep_gap"], found["sweep_cancel"] = sweep(folder / "side 256")
    return found


def write_series(folder: Path, slices: int, side: int) -> None:
    """A series of the sample's first slice, enlarged or reduced to side x side, 1 mm apart."""
    folder.mkdir(parents=True)
    source = pydicom.dcmread(next((SAMPLE / "1_t1_fast_scan").rglob("*.dcm")))
    picture = source.pixel_array
    rows = np.arange(side) * picture.shape[0] // side
    columns = np.arange(side) * picture.shape[1] // side
    source.PixelData = np.ascontiguousarray(picture[np.ix_(rows, columns)]).astype(np.uint16).tobytes()
    source.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    source.Rows = source.Columns = side
    source.PixelSpacing = [200 / side, 200 / side]
    source.SeriesInstanceUID = generate_uid()
    first = np.array(source.ImagePositionPatient, float)
    normal = np.cross(*np.array(source.ImageOrientationPatient, float).reshape(2, 3))
    for number in range(slices):
        source.InstanceNumber = number + 1
        source.SOPInstanceUID = source.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        source.ImagePositionPatient = [round(float(part), 6) for part in first + number * normal]
        source.save_as(folder / f"{number:05d}.dcm")


@contextmanager
def window_on(folder: Path | None) -> Iterator[MainWindow]:
    """A real window with real children; ``folder`` is opened in it, and wholly loaded."""
    from PySide6.QtWidgets import QApplication

    from brainsr_desktop.app.controller import Controller
    from brainsr_desktop.app.store import Store
    from brainsr_desktop.app.window import MainWindow
    from brainsr_desktop.settings import General, Settings

    app = QApplication.instance() or QApplication([])
    store = Store()
    controller = Controller(store)
    with tempfile.TemporaryDirectory() as place:
        settings = Settings(general=General(accepted_notice="0"))
        window = MainWindow(
            store,
            controller,
            settings,
            settings_path=Path(place) / "settings.toml",
            runs_folder=Path(place) / "runs",
        )
        window.resize(1280, 800)
        window.show()
        controller.start()
        app.processEvents()
        if folder is not None:
            window.open_paths([str(folder)])
            wait(lambda: controller.left_picture is not None and not controller.loading)
        yield window
        window.close()
        controller.shut_down()


def wait(condition: Callable[[], bool]) -> float:
    """Let the window work until a condition holds; the seconds it took."""
    from brainsr_desktop.app.smoke_test import wait_until

    begun = time.perf_counter()
    wait_until(condition, LIMIT_S, "what the bench waits for")
    return time.perf_counter() - begun


def first_sight(folder: Path) -> tuple[float, float]:
    """Seconds from opening a folder to the first series' name, and to its first image."""
    with window_on(None) as window:
        wait_ms(CHILD_STARTS_MS)
        found: list[Any] = []
        window.controller.series_begun.connect(found.append)
        window.open_paths([str(folder)])
        named = wait(lambda: bool(found))
        return named, named + wait(lambda: window.controller.left_picture is not None)


def scan(folder: Path) -> tuple[float, float]:
    """Seconds that the scan of a folder takes, and the longest gap of the GUI thread in ms."""
    from brainsr_desktop.app.heartbeat import Heartbeat

    with window_on(None) as window:
        ended: list[Any] = []
        window.controller.scan_done.connect(ended.append)
        heart = Heartbeat()
        heart.start()
        window.open_paths([str(folder)])
        seconds = wait(lambda: bool(ended))
        heart.stop()
        return seconds, heart.summary()["max"]


def slice_step(folder: Path) -> float:
    """95th percentile of the ms from a slice step to both panes painted with that slice."""
    from brainsr_desktop.session import intents

    with window_on(folder) as window:
        taken = []
        for number in range(STEPS):
            step = 1 if number // 20 % 2 == 0 else -1
            begun = time.perf_counter()
            window.store.apply(lambda state, step=step: intents.scroll(state, step))  # type: ignore[misc]
            _paint(window)
            taken.append(1000 * (time.perf_counter() - begun))
            wait_ms(20)
        return float(np.percentile(taken, 95))


def window_drag(folder: Path) -> float:
    """Median ms of one step of a grey window's drag, both panes painted."""
    from brainsr_desktop.session import intents
    from brainsr_desktop.session.state import WindowLevel

    with window_on(folder) as window:
        taken = []
        for number in range(STEPS):
            level = WindowLevel(400 + 5 * number, 800)
            begun = time.perf_counter()
            window.store.apply(lambda state, level=level: intents.set_window(state, level))  # type: ignore[misc]
            _paint(window)
            taken.append(1000 * (time.perf_counter() - begun))
        return median(taken)


def cancel(folder: Path) -> float:
    """Seconds from Cancel to the end of the enhancement of a series."""
    with window_on(folder) as window:
        jobs: dict[int, Any] = {}
        window.controller.job_changed.connect(lambda job: jobs.__setitem__(job.id, job))
        window.controller.enhance_series()
        wait(lambda: any(job.state == "running" and "nhanc" in job.title for job in jobs.values()))
        wait_ms(1000)
        number = next(job.id for job in jobs.values() if job.state == "running" and "nhanc" in job.title)
        window.controller.cancel_job(number)
        return wait(lambda: jobs[number].state == "cancelled")


def sweep(folder: Path) -> tuple[float, float, float]:
    """Seconds that a sweep takes in its window, gaps of the GUI thread meanwhile in ms, seconds to cancel the next."""
    from brainsr_desktop.app.heartbeat import Heartbeat

    with window_on(folder) as window:
        window.actions_["sweep"].trigger()
        dialog = window.sweeps.dialog
        assert dialog is not None
        for name in SWEPT:
            dialog.form.tick(name)
        wait_ms(CHILD_STARTS_MS)
        views: list[Any] = []
        window.controller.sweep_changed.connect(views.append)
        heart = Heartbeat()
        heart.start()
        dialog.start.click()
        seconds = wait(lambda: views[-1].state != "running")
        heart.stop()
        assert (views[-1].state, views[-1].failed) == ("done", 0)
        dialog.start.click()
        wait(lambda: views[-1].done > len(SWEPT))
        dialog.cancel.click()
        stopped = wait(lambda: views[-1].state == "cancelled" and not window.controller.computing)
        dialog.close()
        return seconds, heart.summary()["p99"], stopped


def wait_ms(milliseconds: int) -> None:
    """Let the window work for so long."""
    from PySide6.QtTest import QTest

    QTest.qWait(milliseconds)


def _paint(window: MainWindow) -> None:
    pair = window.areas.pair
    for pane in (pair.left, pair.right):
        pane.view.viewport().repaint()


if __name__ == "__main__":
    sys.exit(main())
