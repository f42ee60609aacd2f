"""The window at its main job: starting, scrolling, enhancing and exporting. A part of ``make bench``.

    python packaging/bench_flow.py [--quick] [--only NAME,...] [--json PART.json]

Off-screen, with real child processes, on series written from the sample study. Times are medians over rounds; what is
compared is measured by turns in one run. ``--quick`` tries the bench itself with little work: its figures say nothing.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, Final

import psutil

if TYPE_CHECKING:
    from brainsr_desktop.app.window import MainWindow
    from brainsr_desktop.core.series import StackInfo
    from brainsr_desktop.session.reports import JobView

bench: Any = importlib.import_module("bench")  # its neighbour: this folder is no package
SIDE: Final = 160
PANE_PX: Final = 640
FILES: Final = 10_000
MIB: Final = 2**20
ENDED: Final = ("done", "failed", "cancelled")
START_SCRIPT: Final = Path(__file__).with_name("bench_start.py")


@dataclass(frozen=True, slots=True)
class Work:
    """How much is measured."""

    slices: int
    rounds: int
    starts: int
    frames: int
    files: int
    model: str


FULL: Final = Work(slices=24, rounds=3, starts=5, frames=600, files=FILES, model="brainsr-x4")
QUICK: Final = Work(slices=4, rounds=1, starts=1, frames=40, files=200, model="espcn-x4")

ROWS: Final[Mapping[str, tuple[str, float | None, bool]]] = {
    "export_over_inference": ("enhancing and exporting a series, over enhancing it", 1.1, False),
    "scroll_fps": ("frames a second of cached slices, both panes at 640 x 640, all overlays", 120.0, True),
    "gui_gap_p99_ms": ("gaps of the window while a series is enhanced and exported, p99, ms", 30.0, False),
    "gui_gap_max_ms": ("the longest of those gaps, ms", 80.0, False),
    "time_to_window_s": ("from the start of the program to its window, warm, s", 1.0, False),
    "time_to_first_slice_s": ("from there to the first slice of the sample study, s", None, False),
    "time_to_first_enhanced_s": ("from there to the first slice by the full network, s", None, False),
    "scan_files_per_s": ("files a second of a scan over those that `cat` reads", None, True),
}
"""Words, aim, and whether the aim is to be reached from below."""


@dataclass(frozen=True, slots=True)
class Found:
    """``ratios`` by the names of `ROWS`; ``figures`` are told beside them."""

    ratios: Mapping[str, float]
    figures: Mapping[str, float]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="little work, to try the bench itself")
    parser.add_argument("--only", default="", help=f"some of: {', '.join(ROWS)}")
    parser.add_argument("--json", type=Path, help="where the part goes that bench_record.py takes")
    chosen = parser.parse_args()
    wanted = set(filter(None, chosen.only.split(","))) or set(ROWS)
    if not wanted <= set(ROWS):
        parser.error(f"--only: there is no {', '.join(sorted(wanted - set(ROWS)))}")
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory() as folder:
        found = measured(wanted, Path(folder), QUICK if chosen.quick else FULL)
    for name, value in {**found.ratios, **found.figures}.items():
        print(f"{ROWS[name][0] if name in ROWS else name:80} {value:8.3g}")
    if chosen.json is not None:
        chosen.json.write_text(json.dumps(part_of(found), indent=2) + "\n", encoding="utf-8")
    return 0


def part_of(found: Found) -> dict[str, Any]:
    """Rows and figures as ``bench_record.py`` takes them."""
    rows = []
    for name, value in found.ratios.items():
        words, aim, least = ROWS[name]
        rows.append({"name": name, "words": words, "aim": aim, "least": least, "measured": value})
    return {"rows": rows, "figures": dict(found.figures)}


def measured(wanted: Iterable[str], folder: Path, work: Work) -> Found:
    """Every group of which something is wanted."""
    names = frozenset(wanted)
    groups: list[tuple[set[str], Callable[[Path, Work], Found]]] = [
        ({"export_over_inference", "gui_gap_p99_ms", "gui_gap_max_ms"}, export),
        ({"scroll_fps"}, scroll),
        ({"time_to_window_s", "time_to_first_slice_s", "time_to_first_enhanced_s"}, start),
        ({"scan_files_per_s"}, scan),
    ]
    ratios: dict[str, float] = {}
    figures: dict[str, float] = {}
    for group, measure in groups:
        if names & group:
            found = measure(folder, work)
            ratios |= {name: value for name, value in found.ratios.items() if name in names}
            figures |= found.figures
    return Found(ratios, figures)


def export(folder: Path, work: Work) -> Found:
    """By turns: a series enhanced, and enhanced and exported, with nothing cached; gaps and memory in the second."""
    from brainsr_desktop.app.heartbeat import Heartbeat
    from brainsr_desktop.io.messages import ExportOptions
    from brainsr_desktop.session.reports import ExportRequest

    series = folder / "export source"
    bench.write_series(series, work.slices, SIDE)
    alone, whole, gaps = [], [], []
    with bench.window_on(series) as window:
        stack = quiet_series(window, work.model)
        bench.wait_ms(bench.CHILD_STARTS_MS)
        enhance = window.controller.enhance_series
        job(window, enhance)  # the network is loaded, and has been tried
        for turn in range(work.rounds):
            window.controller.clear_results()
            alone.append(job(window, enhance))
            window.controller.clear_results()
            heart = Heartbeat()
            heart.start()
            request = ExportRequest(
                stack, tuple(range(stack.slices)), ExportOptions(str(folder / f"to {turn}"))
            )
            (folder / f"to {turn}").mkdir()
            whole.append(job(window, partial(window.controller.export, request)))
            heart.stop()
            gaps.append(heart.summary())
        pids = {"window": os.getpid(), **window.controller.child_pids}
        memory = {f"peak_memory_{name}_mib": peak_mib(pid) for name, pid in pids.items() if pid is not None}
    return Found(
        {
            "export_over_inference": median(whole) / median(alone),
            "gui_gap_p99_ms": median(gap["p99"] for gap in gaps),
            "gui_gap_max_ms": max(gap["max"] for gap in gaps),
        },
        {"inference_s": median(alone), "export_s": median(whole), **memory},
    )


def quiet_series(window: MainWindow, model: str) -> StackInfo:
    """One network alone is at work, the chosen one. The stack in view."""
    from dataclasses import replace

    from brainsr_desktop.session import suitability

    window.controller.choose_model(model, 4)
    names = [card.name for card in window.controller.catalog.cards]
    window.store.apply(lambda state: suitability.run_anyway(state, names))
    window.store.apply(lambda state: replace(state, fast_model=None))
    stack = window.store.state.stack
    assert stack is not None
    return stack


def job(window: MainWindow, ask: Callable[[], None]) -> float:
    """Seconds from asking for a job to its end."""
    seen: dict[int, JobView] = {}
    window.controller.job_changed.connect(lambda view: seen.__setitem__(view.id, view))
    begun = time.perf_counter()
    ask()
    bench.wait(lambda: bool(seen) and all(view.state in ENDED for view in seen.values()))
    seconds = time.perf_counter() - begun
    states = {view.state for view in seen.values()}
    if states != {"done"}:
        raise RuntimeError(f"a job ended as {', '.join(sorted(states))}")
    return seconds


def peak_mib(pid: int) -> float:
    """The most memory that a process has had, MiB; where the system does not tell, what it has now."""
    status = Path(f"/proc/{pid}/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    memory = psutil.Process(pid).memory_info()
    return float(getattr(memory, "peak_wset", memory.rss)) / MIB


def scroll(folder: Path, work: Work) -> Found:
    """Frames a second of finished slices, both panes really painted."""
    from brainsr_desktop.session import intents

    series = folder / "scroll source"
    bench.write_series(series, 24, SIDE)
    with bench.window_on(series) as window:
        window.controller.choose_model("bicubic", 4)
        job(window, window.controller.enhance_series)
        grow_panes(window)
        bench.wait_ms(bench.CHILD_STARTS_MS)
        panes = [pane.view.viewport() for pane in (window.areas.pair.left, window.areas.pair.right)]
        begun = time.perf_counter()
        for number in range(work.frames):
            step = 1 if number // 20 % 2 == 0 else -1
            window.store.apply(lambda state, step=step: intents.scroll(state, step))
            for pane in panes:
                pane.repaint()
        seconds = time.perf_counter() - begun
        shown = window.controller.right_picture
        if shown is None or shown.key is None or shown.pixels.shape != (4 * SIDE, 4 * SIDE):
            raise RuntimeError("the right pane did not show a finished slice")
        figures = {"pane_width_px": float(panes[0].width()), "pane_height_px": float(panes[0].height())}
    return Found({"scroll_fps": work.frames / seconds}, figures)


def grow_panes(window: MainWindow) -> None:
    """Make the window so large that each pane has 640 x 640 pixels at least."""
    from PySide6.QtWidgets import QApplication

    for _ in range(4):
        width, height = window.areas.pair.shared_px
        if min(width, height) >= PANE_PX:
            return
        more_width, more_height = max(0, PANE_PX - int(width)), max(0, PANE_PX - int(height))
        window.resize(window.width() + 2 * more_width, window.height() + more_height)
        QApplication.processEvents()
    raise RuntimeError(f"the panes have {window.areas.pair.shared_px} pixels")


def start(_folder: Path, work: Work) -> Found:
    """Seconds of a real start of the program; the first one only warms the disk's cache."""
    told: list[dict[str, float]] = []
    for number in range(work.starts + 1):
        done = subprocess.run(
            [sys.executable, START_SCRIPT],
            env={**os.environ, "BENCH_STARTED": repr(time.time())},
            capture_output=True,
            text=True,
            check=True,
        )
        if number:
            told.append(json.loads(done.stdout.splitlines()[-1]))
    return Found({name: median(one[name] for one in told) for name in told[0]}, {})


def scan(folder: Path, work: Work) -> Found:
    """Files a second of a scan in the window's files process, over those of `cat` on the same files."""
    many = folder / "many"
    for number in range(10):
        bench.write_series(many / str(number), work.files // 10, 64)
    paths = [str(path) for path in sorted(many.rglob("*.dcm"))]
    scans, reads = [], []
    for _ in range(work.rounds):
        with bench.window_on(None) as window:
            bench.wait_ms(bench.CHILD_STARTS_MS)
            ended: list[object] = []
            window.controller.scan_done.connect(ended.append)
            begun = time.perf_counter()
            window.open_paths([str(many)])
            bench.wait(lambda ended=ended: bool(ended))
            scans.append(time.perf_counter() - begun)
        begun = time.perf_counter()
        read_all(paths)
        reads.append(time.perf_counter() - begun)
    rate, plain = len(paths) / median(scans), len(paths) / median(reads)
    return Found({"scan_files_per_s": rate / plain}, {"scanned_files_per_s": rate, "cat_files_per_s": plain})


def read_all(paths: list[str]) -> None:
    """`cat` where there is one."""
    if sys.platform == "win32":
        for path in paths:
            Path(path).read_bytes()
        return
    for first in range(0, len(paths), 1000):
        subprocess.run(["cat", *paths[first : first + 1000]], stdout=subprocess.DEVNULL, check=True)


if __name__ == "__main__":
    sys.exit(main())
