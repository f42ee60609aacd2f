"""The worker alone, with the real files process behind it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from brainsr_desktop.app.files_worker import BlockMade, FilesWorker, Measured, MeasureOrder
from brainsr_desktop.core.series import StackInfo
from brainsr_desktop.io.messages import FrameLoaded, ScanDone, SeriesFound, StackLoaded, ThumbnailMade
from brainsr_desktop.ipc.messages import Failed
from brainsr_desktop.session.pictures import stack_name
from tests.app.controlling import blocks_left, children_left, marked_slices, series_folder

TARGET = "brainsr_desktop.io.child:main"


class Heard:
    """A worker and what it said."""

    def __init__(self, qtbot: QtBot) -> None:
        self._qtbot = qtbot
        self.events: list[object] = []
        self.worker = FilesWorker(TARGET)
        self.worker.heard.connect(self.events.append)
        self.worker.start()

    def wait(self, kind: type) -> object:
        self._qtbot.waitUntil(lambda: any(isinstance(e, kind) for e in self.events), timeout=30_000)
        return next(event for event in self.events if isinstance(event, kind))

    def scan(self, folder: Path) -> StackInfo:
        self.worker.scan((str(folder),))
        found = self.wait(SeriesFound)
        assert isinstance(found, SeriesFound)
        self.wait(ScanDone)
        return found.series.stacks[0]


@pytest.fixture
def heard(qtbot: QtBot) -> Iterator[Heard]:
    made = Heard(qtbot)
    yield made
    made.worker.begin_stop()
    made.worker.wait_stopped()
    assert not children_left()
    assert not blocks_left()


def test_that_a_stack_is_loaded_into_a_block_middle_slice_first(heard: Heard, tmp_path: Path) -> None:
    stack = heard.scan(series_folder(tmp_path, 5))
    heard.worker.load(stack)
    done = heard.wait(StackLoaded)
    assert isinstance(done, StackLoaded)
    assert done.digest
    kinds = [type(event) for event in heard.events]
    assert kinds.index(BlockMade) < kinds.index(FrameLoaded)
    order = [event.index for event in heard.events if isinstance(event, FrameLoaded)]
    assert order[0] == 2
    assert sorted(order) == [0, 1, 2, 3, 4]
    made = next(event for event in heard.events if isinstance(event, BlockMade))
    np.testing.assert_array_equal(made.block.array, marked_slices(5))


def test_that_measuring_follows_loading(heard: Heard, tmp_path: Path) -> None:
    stack = heard.scan(series_folder(tmp_path, 5))
    heard.worker.load(stack)
    heard.wait(StackLoaded)
    made = heard.wait(BlockMade)
    assert isinstance(made, BlockMade)
    heard.worker.measure(MeasureOrder(stack, stack_name(stack), made.block, (0, 1, 2, 3, 4), 0, True))
    found = heard.wait(Measured)
    assert isinstance(found, Measured)
    assert found.range is not None
    assert found.range.full.high == 600.0
    assert found.range.final


def test_that_a_closed_block_is_neither_measured_nor_loaded_into(heard: Heard, tmp_path: Path) -> None:
    stack = heard.scan(series_folder(tmp_path, 5))
    heard.worker.load(stack)
    made = heard.wait(BlockMade)
    assert isinstance(made, BlockMade)
    heard.wait(StackLoaded)
    made.block.close()
    count = len(heard.events)
    heard.worker.measure(MeasureOrder(stack, "x", made.block, (0,), 0, True))
    heard.worker.load(stack, made.block)
    heard.worker.thumbnail(stack)
    heard.wait(ThumbnailMade)
    assert [type(event) for event in heard.events[count:]] == [ThumbnailMade]


def test_that_frames_for_an_export_that_is_not_open_fail_and_leave_no_block(heard: Heard) -> None:
    heard.worker.write_frames(77, {3: np.zeros((4, 4), np.float32)})
    failed = heard.wait(Failed)
    assert isinstance(failed, Failed)
    assert "not open" in failed.report.message
    assert not blocks_left()
