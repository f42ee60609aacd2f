"""Children that end by themselves, and the end of everything."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import psutil
import pytest

from brainsr_desktop.session import intents
from brainsr_desktop.session.pictures import PaneState, SliceState
from tests.app import slow_engine
from tests.app.controlling import MakeDesk, blocks_left, children_left, dicom_files, series_folder
from tests.phantom import classic

# Children that end


def test_that_a_killed_engine_is_started_again_and_the_slice_comes(
    desk: MakeDesk, folder: Path, slow: str
) -> None:
    one = desk(engine_target=slow)
    one.open(folder)
    one.wait(lambda: one.controller.computing, "work")
    before = one.kill("engine")
    one.wait(lambda: one.said("The network process stopped (signal 9). It was started again."), "the notice")
    one.wait_ready()
    assert one.controller.child_pids["engine"] != before
    one.do(intents.scroll, 1)
    one.wait_ready()


def test_that_an_engine_killed_twice_waits_for_the_button(desk: MakeDesk, folder: Path, slow: str) -> None:
    one = desk(engine_target=slow)
    one.open(folder)
    one.wait_ready()
    one.kill("engine")
    one.wait(lambda: one.said("It was started again"), "the restart")
    one.kill("engine")
    one.wait(lambda: one.notices[-1].label == "Start again", "the button")
    one.do(intents.choose_model, "lanczos", 4)
    one.wait(lambda: one.controller.right_status.state is PaneState.FAILED, "the label")
    assert one.controller.right_picture is not None
    one.do(intents.go_to, 0)
    assert one.controller.left_picture is not None
    assert one.notices[-1].action is not None
    one.notices[-1].action()
    one.wait_ready()


def test_that_a_slice_that_kills_the_engine_is_given_up(
    desk: MakeDesk, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(slow_engine.DEADLY_FRAME, "3")
    one = desk(engine_target=slow_engine.TARGET)
    one.open(folder)
    one.wait(lambda: any(n.label == "Start again" for n in one.notices), "the button")
    one.wait(lambda: one.controller.right_status.state is PaneState.FAILED, "the label")
    next(n for n in one.notices if n.label == "Start again").action()  # type: ignore[misc]
    one.do(intents.go_to, 1)
    one.wait_ready()
    one.do(intents.go_to, 3)
    assert one.controller.right_status.state is PaneState.FAILED


def test_that_a_series_goes_on_after_the_engine_was_killed(desk: MakeDesk, tmp_path: Path, slow: str) -> None:
    one = desk(engine_target=slow)
    one.open(series_folder(tmp_path / "head", 12))
    one.controller.enhance_series()
    one.wait(lambda: one.job("Enhance").done > 2, "some slices")
    one.kill("engine")
    one.wait(lambda: one.ended("Enhance"), "the series")
    assert one.job("Enhance").state == "done"
    assert set(one.states.values()) == {SliceState.FULL}


def test_that_killed_files_lose_nothing_that_is_open(desk: MakeDesk, folder: Path) -> None:
    one = desk()
    one.open(folder)
    one.wait(lambda: not one.controller.loading, "the load")
    one.kill("files")
    one.wait(lambda: one.said("reads files stopped (signal 9). It was started again."), "the notice")
    one.do(intents.go_to, 1)
    assert one.controller.left_picture is not None
    one.wait_ready()
    stack = one.store.state.stack
    assert stack is not None
    one.controller.request_thumbnail(stack)
    one.wait(lambda: one.thumbnails, "a thumbnail")


def test_that_a_scan_begins_again_after_its_process_was_killed_and_tells_every_series_once(
    desk: MakeDesk, tmp_path: Path
) -> None:
    one = desk()
    for number in range(6):
        series_folder(tmp_path / str(number), 30, series=number + 1)
    one.controller.open_paths([str(tmp_path)])
    one.wait(lambda: one.series, "the first series")
    one.kill("files")
    one.wait(lambda: one.said("It was started again"), "the restart")
    one.wait(lambda: one.summaries, "the end of the scan")
    stacks = [stack for series in one.series for stack in series.stacks]
    assert len({stack.series_uid for stack in stacks}) == len(stacks) == 6
    assert len({stack.id for stack in stacks}) == 6


def test_that_a_load_goes_on_after_its_process_was_killed(desk: MakeDesk, tmp_path: Path) -> None:
    one = desk()
    folder = tmp_path / "head"
    classic(folder, pixels=np.full((150, 128, 128), 300, np.uint16))
    one.controller.open_paths([str(folder)])
    one.wait(lambda: one.summaries, "the scan")
    one.controller.open_stack(one.series[0].stacks[0])
    one.wait(lambda: one.controller.left_picture is not None, "the first slice")
    one.kill("files")
    one.wait(lambda: not one.controller.loading, "the whole load")
    assert one.said("It was started again")
    for index in range(150):
        one.do(intents.go_to, index)
        assert one.controller.left_picture is not None


def test_that_an_export_goes_on_after_its_process_was_killed(
    desk: MakeDesk, tmp_path: Path, slow: str
) -> None:
    one = desk(engine_target=slow)
    stack = one.open(series_folder(tmp_path / "head", 20))
    one.export(stack, tmp_path / "out")
    one.wait(lambda: one.job("Export").done >= 8, "the first files")
    one.kill("files")
    one.wait(lambda: one.ended("Export"), "the end")
    assert one.job("Export").state == "done", [n.text for n in one.notices]
    assert len(dicom_files(tmp_path / "out")) == 20
    assert not list((tmp_path / "out").rglob("*.partial"))


# Ending


def test_that_closing_in_the_middle_of_everything_leaves_nothing(
    desk: MakeDesk, tmp_path: Path, slow: str
) -> None:
    one = desk(engine_target=slow)
    stack = one.open(series_folder(tmp_path / "head", 20))
    one.controller.enhance_series()
    one.export(stack, tmp_path / "out")
    one.wait(lambda: one.job("Enhance").done > 1, "some slices")
    one.controller.open_paths([str(tmp_path)])
    one.controller.shut_down()
    assert not children_left()
    assert not blocks_left()


def test_that_a_deaf_engine_does_not_keep_the_window_open(
    desk: MakeDesk, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(slow_engine.DEAF_FRAME, "3")
    one = desk(engine_target=slow_engine.TARGET)
    one.open(folder)
    one.wait(lambda: one.controller.computing, "work")
    pid = one.controller.child_pids["engine"]
    assert pid is not None
    one.controller.shut_down()
    assert not psutil.pid_exists(pid) or os.getpid() == pid
