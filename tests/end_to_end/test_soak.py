"""Hard times: random real use of the real window while its children are killed, files vanish, the disk fills
and memory runs out.

Some seconds among the other tests; ``make soak MINUTES=30`` plays for longer, by ``BRAINSR_SOAK_S``, and says
its figures.
"""

from __future__ import annotations

import contextlib
import errno
import gc
import logging
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

import psutil
import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from brainsr_desktop.app.window import MainWindow
from brainsr_desktop.core.series import StackInfo
from brainsr_desktop.io.export_journal import JOURNAL_NAME
from brainsr_desktop.io.messages import ExportFormat, ExportOptions
from brainsr_desktop.session.reports import ExportRequest
from tests.app.controlling import Desk, blocks_left, children_left, series_folder
from tests.app.frame_kit import READ, restore_look
from tests.end_to_end.test_monkey import Monkey

SECONDS: Final = float(os.environ.get("BRAINSR_SOAK_S", "8"))
WARM_S: Final = 300.0
"""From so long a play on, memory is judged as well: before, what is used for the first time looks like a leak."""
DISK_BYTES: Final = 16 << 20
SPARE_BYTES: Final = 24 << 20
"""What a child may still take when its memory is limited."""
BACK_AFTER_S: Final = 3.0
MAY_GROW: Final = 0.10
KINDS: Final[tuple[tuple[ExportFormat, ...], ...]] = (("dicom",), ("nifti", "png"))
PROVOKED: Final = (
    "MemoryError",
    "Cannot allocate memory",
    "not enough memory",
    "failed to map segment",
    "bad_alloc",
)
"""What the log may say as an error: it is what was done to it."""

pytestmark = [
    pytest.mark.soak,
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="limits memory and disk as Linux does"),
    pytest.mark.qt_log_ignore("This plugin does not support"),
]


@dataclass(frozen=True, slots=True)
class Used:
    """What the window and its children hold at rest."""

    bytes_: int
    files: int
    processes: int
    blocks: int

    @classmethod
    def now(cls) -> Used:
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
        gc.collect()
        me = psutil.Process()
        family = [me, *me.children(recursive=True)]
        return cls(
            sum(one.memory_info().rss for one in family),
            sum(one.num_fds() for one in family),
            len(children_left()),
            len(blocks_left()),
        )


class Trouble(Monkey):
    """A monkey on a bad day."""

    def __init__(
        self,
        desk: Desk,
        window: MainWindow,
        folders: list[Path],
        stack: StackInfo,
        disk: Path,
        compressed: Path,
    ) -> None:
        super().__init__(desk, window, folders)
        self.stack, self.disk, self.calm = stack, disk, disk.with_name("calm")
        self.compressed = compressed
        self.recipe = desk.store.state.recipe
        self.counts: Counter[str] = Counter()
        self._undo: list[tuple[float, Callable[[], None]]] = []
        faults: tuple[tuple[int, Callable[[], str]], ...] = (
            (2, self.kill_a_child),
            (2, self.lose_a_file),
            (1, self.fill_the_disk),
            (1, self.limit_memory),
            (3, self.export_something),
            (2, self.start_again),
        )
        self._deeds = (*self._deeds, *((weight, self._counted(fault)) for weight, fault in faults))

    def _counted(self, fault: Callable[[], str]) -> Callable[[], str]:
        def deed() -> str:
            self._make_good(all_of_it=False)
            done = fault()
            self.counts[done.split(" ")[0]] += 1
            return done

        return deed

    def kill_a_child(self) -> str:
        """Any process below the window, the decoder too."""
        children = [
            one for one in psutil.Process().children(recursive=True) if "tracker" not in " ".join(_words(one))
        ]
        if not children:
            return "nothing to kill"
        with contextlib.suppress(psutil.Error):
            self.random.choice(children).send_signal(signal.SIGKILL)
        return "killed a child"

    def lose_a_file(self) -> str:
        """A file is away for some seconds, or only half there."""
        paths = [path for folder in self.folders for path in folder.rglob("*.dcm")]
        if not paths:
            return "nothing to lose"
        path = self.random.choice(paths)
        content = path.read_bytes()
        if self.random.random() < 0.5:
            path.unlink()
        else:
            path.write_bytes(content[: len(content) // 2])
        self._later(lambda: _write(path, content))
        return "lost a file"

    def fill_the_disk(self) -> str:
        """No room where exports go."""
        filler = self.disk / "filler"
        with contextlib.suppress(OSError), filler.open("wb") as file:
            while True:
                file.write(bytes(1 << 16))
                file.flush()
        self._later(lambda: filler.unlink(missing_ok=True))
        return "filled the disk"

    def limit_memory(self) -> str:
        """A child may take hardly more than it has."""
        import resource

        pids = [pid for pid in self.desk.controller.child_pids.values() if pid is not None]
        if not pids:
            return "nothing to limit"
        with contextlib.suppress(psutil.Error, OSError, ValueError):
            pid = self.random.choice(pids)
            most = psutil.Process(pid).memory_info().vms + SPARE_BYTES
            before = resource.prlimit(
                pid, resource.RLIMIT_AS, (most, resource.prlimit(pid, resource.RLIMIT_AS)[1])
            )
            self._later(lambda: _set_limit(pid, before))
        return "limited memory"

    def export_something(self) -> str:
        """Begin or go on with an export of the sound series."""
        if any(
            job.state in ("waiting", "running") and "Export" in job.title for job in self.desk.jobs.values()
        ):
            return "exporting already"
        self.ask_for_export(self.disk, self.random.randrange(len(KINDS)))
        return "exported"

    def start_again(self) -> str:
        """What a user presses when a process has stopped for good."""
        offers = [
            notice
            for notice in self.desk.notices
            if notice.label == "Start again" and notice.action is not None
        ]
        self.desk.notices.clear()
        if offers and (action := offers[-1].action) is not None:
            action()
        self.desk.controller.retry()
        return "restarted"

    def ask_for_export(self, folder: Path, kind: int) -> None:
        self.desk.store.apply(lambda state: replace(state, recipe=self.recipe))
        every = tuple(range(len(self.stack.frames)))
        options = ExportOptions(str(folder / f"kind{kind}"), KINDS[kind])
        self.desk.controller.export(ExportRequest(self.stack, every, options))

    def begin_exports(self) -> None:
        """Begin each kind, and keep a twin of what is there before anything goes wrong."""
        for kind in range(len(KINDS)):
            self.ask_for_export(self.disk, kind)
            folder = self.disk / f"kind{kind}"
            self.desk.wait(partial(_has_journal, folder), "the journal")
            for growing in folder.glob("*.partial"):
                shutil.copytree(growing, self.calm / growing.relative_to(self.disk))

    def settle(self) -> None:
        """The trouble is over: everything is as it was, and every process runs."""
        self._make_good(all_of_it=True)
        self.start_again()
        self.rest()
        self.desk.wait(
            lambda: all(pid is not None for pid in self.desk.controller.child_pids.values()), "the processes"
        )
        self.desk.open(self.compressed)  # so that there is a decoder, whatever was opened before
        self.rest()

    def finish(self, folder: Path) -> dict[str, bytes]:
        """Let every export come to its end in ``folder``; all files of them."""
        for kind in range(len(KINDS)):
            self.desk.jobs.clear()
            self.ask_for_export(folder, kind)
            self.desk.wait(lambda: self.desk.ended("Export"), "the export")
            said = [(notice.text, notice.detail) for notice in self.desk.notices]
            assert self.desk.job("Export").state == "done", said
        return {
            str(path.relative_to(folder)): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }

    def _later(self, undo: Callable[[], None]) -> None:
        self._undo.append((time.monotonic() + BACK_AFTER_S, undo))

    def _make_good(self, *, all_of_it: bool) -> None:
        due = [(at, undo) for at, undo in self._undo if all_of_it or at <= time.monotonic()]
        self._undo = [entry for entry in self._undo if entry not in due]
        for _, undo in reversed(due):
            undo()


def _has_journal(folder: Path) -> bool:
    return any(folder.glob(f"*.partial/{JOURNAL_NAME}"))


def _words(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except psutil.Error:
        return ["tracker"]


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _set_limit(pid: int, limits: tuple[int, int]) -> None:
    import resource

    with contextlib.suppress(OSError, ValueError):
        resource.prlimit(pid, resource.RLIMIT_AS, limits)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own, where this user may mount one; else a folder whose disk does not fill."""
    folder = tmp_path / "disk"
    folder.mkdir()
    size = f"size={DISK_BYTES}"
    mounted = (
        shutil.which("mount")
        and not subprocess.run(
            ["mount", "-t", "tmpfs", "-o", size, "tmpfs", folder], capture_output=True, check=False
        ).returncode
    )
    yield folder
    if mounted:
        subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture
def trouble(qtbot: QtBot, data: Path, tmp_path: Path, disk: Path) -> Iterator[Trouble]:
    desk = Desk(qtbot, cache_bytes=8 * 2**20)
    window = MainWindow(desk.store, desk.controller, READ, settings_path=tmp_path / "settings.toml")
    qtbot.addWidget(window)
    window.resize(1100, 750)
    window.show()
    sound = series_folder(tmp_path / "sound", 24, (48, 40), series=99)
    folders = [
        series_folder(tmp_path / f"head {n}", slices, (48, 40), series=n) for n, slices in ((1, 3), (2, 8))
    ]
    stack = desk.open(sound)
    compressed = data / "toshiba_small_transfer_syntaxes" / "MR_small_RLE.dcm"
    yield Trouble(desk, window, folders, stack, disk, compressed)
    window.close()
    desk.controller.shut_down()
    restore_look()


def test_that_hard_times_lose_nothing_and_leave_nothing(
    trouble: Trouble, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.WARNING)
    trouble.open_each_dialog()
    trouble.begin_exports()
    trouble.play(min(SECONDS / 3, WARM_S))
    trouble.settle()
    QTest.qWait(300)
    before = Used.now()
    trouble.play(SECONDS)
    trouble.settle()
    written, expected = trouble.finish(trouble.disk), trouble.finish(trouble.calm)
    trouble.rest()
    QTest.qWait(300)
    after = Used.now()
    with capsys.disabled():
        if SECONDS >= WARM_S:
            sys.stdout.write(
                f"\nsoak of {SECONDS:.0f} s: {dict(trouble.counts)}, {len(trouble.done)} deeds\n{before}\n{after}\n"
            )
    assert written == expected
    assert not list(trouble.disk.glob("kind*/*.partial"))
    errors = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    assert [text for text in errors if not any(word in text for word in PROVOKED)] == []
    assert after.processes <= before.processes and after.blocks <= before.blocks + 2
    assert after.files <= before.files * (1 + MAY_GROW) + 4
    if SECONDS >= WARM_S:
        assert after.bytes_ <= before.bytes_ * (1 + MAY_GROW)
    trouble.desk.controller.shut_down()
    assert not children_left() and not blocks_left()


def test_that_a_disk_of_its_own_can_be_full(disk: Path) -> None:
    if not os.path.ismount(disk):
        pytest.skip("this user may not mount a small disk")
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
        (disk / "x").write_bytes(bytes(2 * DISK_BYTES))
