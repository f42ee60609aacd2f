"""With real children and real files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from brainsr_desktop.core.errors import OutOfMemory
from brainsr_desktop.ipc.shared_array import SharedArray
from brainsr_desktop.session import intents
from brainsr_desktop.session.pictures import PaneState, SliceState
from brainsr_desktop.session.state import WindowLevel
from tests.app.controlling import READY, MakeDesk, series_folder, slice_of
from tests.phantom import with_value

# Opening


def test_that_a_folder_becomes_series_pictures_and_thumbnails(desk: MakeDesk, folder: Path) -> None:
    one = desk()
    stack = one.open(folder)
    assert (stack.slices, one.summaries[0].used) == (6, 6)
    picture = one.controller.left_picture
    assert picture is not None
    assert slice_of(picture.pixels) == 3
    one.controller.request_thumbnail(stack)
    one.wait(lambda: stack.id in one.thumbnails, "the thumbnail")
    assert max(one.thumbnails[stack.id].shape) <= 96
    one.wait_ready()
    right = one.controller.right_picture
    assert right is not None
    assert right.pixels.shape == (48 * 4, 40 * 4)
    assert slice_of(right.pixels) == 3


def test_that_the_enhanced_pane_shows_the_interpolation_at_once_and_then_the_network(
    desk: MakeDesk, folder: Path
) -> None:
    one = desk()
    one.do(intents.choose_model, "brainsr-x4", 4, "espcn-x4")
    one.open(folder)
    one.wait_ready()
    words = [status.text for picture, status in one.right if picture is not None]
    assert words[0].startswith("Preview - interpolated (linear), no network")
    assert words[-1].startswith("Network BrainSR x4 - CPU, ")
    one.do(intents.scroll, 1)
    assert one.controller.right_picture is not None
    one.wait_ready()
    one.do(intents.scroll, -1)
    assert one.controller.right_status.text == "Network BrainSR x4 - stored"


def test_that_scrolling_shows_the_new_slice_in_the_same_call(desk: MakeDesk, folder: Path) -> None:
    one = desk()
    one.open(folder)
    one.wait(lambda: not one.controller.loading, "every slice")
    for index in (0, 5, 2, 4):
        one.do(intents.go_to, index)
        left, right = one.controller.left_picture, one.controller.right_picture
        assert left is not None
        assert right is not None
        assert slice_of(left.pixels) == slice_of(right.pixels) == index


def test_that_every_neighbour_is_made_ahead(desk: MakeDesk, folder: Path) -> None:
    one = desk()
    one.open(folder)
    one.wait(lambda: sum(state is SliceState.FULL for state in one.states.values()) == 5, "all neighbours")
    assert one.states[0] is SliceState.NONE  # two against the direction of scrolling, three along it


def test_that_the_first_grey_window_is_the_automatic_one_and_stays(desk: MakeDesk, folder: Path) -> None:
    one = desk()
    one.open(folder)
    one.wait(
        lambda: one.controller.series_range is not None and one.controller.series_range.final, "the range"
    )
    found = one.controller.series_range
    assert found is not None
    assert one.store.state.window == found.automatic
    one.do(intents.set_window, WindowLevel(10.0, 20.0))
    one.do(intents.scroll, 1)
    one.do(intents.choose_model, "lanczos", 2)
    assert one.store.state.window == WindowLevel(10.0, 20.0)


def test_that_the_window_of_the_header_is_used_if_it_fits(desk: MakeDesk, tmp_path: Path) -> None:
    def edit(dataset: Any, number: int) -> None:
        dataset.WindowCenter, dataset.WindowWidth = 400.0, 820.0

    one = desk()
    one.open(series_folder(tmp_path / "head", edit=edit))
    one.wait(lambda: one.store.state.window is not None, "the window")
    assert one.store.state.window == WindowLevel(400.0, 820.0)


def test_that_the_grey_window_is_remembered_for_each_series(desk: MakeDesk, tmp_path: Path) -> None:
    one = desk()
    first = one.open(series_folder(tmp_path / "a"))
    one.do(intents.set_window, WindowLevel(10.0, 20.0))
    second = one.open(series_folder(tmp_path / "b", series=2))
    one.wait(lambda: one.store.state.window is not None, "a window")
    assert one.store.state.window != WindowLevel(10.0, 20.0)
    assert first.id != second.id
    one.controller.open_stack(first)
    assert one.store.state.window == WindowLevel(10.0, 20.0)


def test_that_a_broken_slice_is_told_and_the_others_are_shown(desk: MakeDesk, tmp_path: Path) -> None:
    def cut(data: bytes, number: int) -> bytes:
        return data[:-1000] if number == 2 else data

    one = desk()
    one.open(series_folder(tmp_path / "head", raw=cut))
    one.wait(lambda: not one.controller.loading, "the load")
    one.do(intents.go_to, 2)
    for shown, status in (
        (one.controller.left_picture, one.controller.left_status),
        (one.controller.right_picture, one.controller.right_status),
    ):
        assert shown is not None and shown.pixels[20:30].any() and not shown.pixels[-10:].any()
        assert status.state is PaneState.NOT_SUITABLE
        assert status.text == "Viewing only: The file ends early: 35 of 48 rows can be read."
    one.do(intents.go_to, 3)
    one.wait_ready()
    assert one.controller.left_status.text == "Original"


def test_that_a_slice_that_is_gone_is_told_and_the_others_are_shown(desk: MakeDesk, tmp_path: Path) -> None:
    def junk(data: bytes, number: int) -> bytes:
        return data[: data.index(b"\x28\x00\x10\x00US") + 9] if number == 2 else data

    one = desk()
    one.controller.open_paths([str(series_folder(tmp_path / "head"))])
    one.wait(lambda: one.summaries, "the scan")
    path = tmp_path / "head" / "IM0003.dcm"
    path.write_bytes(junk(path.read_bytes(), 2))
    one.controller.open_stack(one.series[-1].stacks[0])
    one.wait(lambda: not one.controller.loading and one.controller.left_picture is not None, "the load")
    one.do(intents.go_to, 2)
    assert one.controller.left_picture is None
    assert one.controller.left_status.state is PaneState.FAILED
    one.do(intents.go_to, 3)
    assert one.controller.left_picture is not None


def test_that_too_little_memory_is_told_and_the_window_lives(
    desk: MakeDesk, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> SharedArray:
        raise OutOfMemory("There is not enough memory for 9 MiB of pixels.", advice="Close something.")

    one = desk()
    monkeypatch.setattr(SharedArray, "create", refuse)
    one.controller.open_paths([str(folder)])
    one.wait(lambda: one.summaries, "the scan")
    one.controller.open_stack(one.series[0].stacks[0])
    one.wait(lambda: one.said("not enough memory"), "the notice")
    assert one.controller.left_status.state is PaneState.FAILED


def test_that_a_path_that_does_not_exist_is_told(desk: MakeDesk, tmp_path: Path) -> None:
    one = desk()
    one.controller.open_paths([str(tmp_path / "nothing here")])
    one.wait(lambda: one.notices, "the notice")
    assert one.ended("Look")


def test_that_closing_everything_frees_blocks_and_results(desk: MakeDesk, folder: Path) -> None:
    one = desk()
    memory: list[int] = []
    one.controller.memory_changed.connect(lambda used, _limit: memory.append(used))
    one.open(folder)
    one.wait_ready()
    one.controller.close_all()
    one.wait(lambda: memory[-1] == 0)
    assert one.controller.left_status.state is PaneState.EMPTY
    assert one.open(folder).slices == 6


def test_that_headers_are_read_on_request(desk: MakeDesk, folder: Path) -> None:
    one = desk()
    stack = one.open(folder)
    heard: list[tuple[Any, Any]] = []
    one.controller.header_ready.connect(lambda *answer: heard.append(answer))
    one.controller.request_header(stack, 0)
    one.wait(lambda: heard, "the header")
    assert any(row[1] == "Modality" and row[3] == "MR" for row in heard[0][1])


def test_that_devices_are_listed(desk: MakeDesk, folder: Path) -> None:
    one = desk()
    found: list[Any] = []
    one.controller.devices_found.connect(found.append)
    one.open(folder)
    one.wait(lambda: found, "the devices")
    assert any(device.id == "cpu" for device in found[0])


def test_that_values_are_read_in_units_under_both_panes(desk: MakeDesk, tmp_path: Path) -> None:
    one = desk()
    one.open(series_folder(tmp_path / "head", edit=with_value("RescaleSlope", 2.0)))
    one.wait_ready()
    height, width = one.store.state.stack.geometry.extent_mm  # type: ignore[union-attr]
    left, right = one.controller.values_at(width / 2, height / 2)
    assert left is not None
    assert right == pytest.approx(left, rel=0.01)


# Test mode


def test_that_test_mode_shows_the_degraded_input_and_scores_every_model(desk: MakeDesk, folder: Path) -> None:
    one = desk()
    one.open(folder)
    one.wait_ready()
    one.do(intents.set_test_mode, on=True)
    one.wait(lambda: one.controller.left_status.text == "DEGRADED INPUT", "the degraded input")
    left = one.controller.left_picture
    assert left is not None
    assert left.pixels.shape == (12, 10)
    assert left.extent_mm == one.store.state.stack.geometry.extent_mm  # type: ignore[union-attr]
    one.wait_ready()
    right = one.controller.right_picture
    assert right is not None
    assert right.pixels.shape == (48, 40)
    one.wait(lambda: len(one.controller.scores) == 4, "the scores of all interpolations")
    assert all(scores["psnr"] > 5 for scores in one.controller.scores.values())
    one.do(intents.set_test_mode, on=False)
    assert one.controller.left_status.text == "Original"
    assert one.controller.scores == {}
    assert one.controller.right_status.state in READY


def test_that_the_truth_can_be_shown_in_test_mode(desk: MakeDesk, folder: Path) -> None:
    one = desk()
    one.open(folder)
    one.do(intents.set_test_mode, on=True)
    one.do(intents.set_show_reference, on=True)
    assert one.controller.left_status.text == "Reference"
    picture = one.controller.left_picture
    assert picture is not None
    assert slice_of(picture.pixels) == 3


# The network


def test_that_network_off_and_on_again(desk: MakeDesk, folder: Path) -> None:
    one = desk()
    one.open(folder)
    one.wait_ready()
    one.controller.stop_network()
    assert one.controller.right_status.text == "Network off"
    one.do(intents.set_network, on=True)
    assert one.controller.right_status.state in READY


def test_that_a_model_comes_with_its_preview_and_can_be_undone(desk: MakeDesk, folder: Path) -> None:
    one = desk()
    one.do(intents.choose_model, "brainsr-x4", 4, "espcn-x4")
    one.controller.choose_model("lanczos", 4)
    assert one.store.state.recipe.model == "lanczos"
    assert one.store.undo() == "model"
    assert one.store.state.recipe.model == "brainsr-x4"


def test_that_a_model_that_cannot_run_says_so_and_retry_tries_again(desk: MakeDesk, folder: Path) -> None:
    one = desk()
    one.do(intents.choose_model, "no-such-model", 4)
    one.open(folder)
    one.wait(lambda: one.controller.right_status.state is PaneState.FAILED, "the failure")
    assert "interpolated shown" in one.controller.right_status.text
    assert one.controller.right_picture is not None
    one.do(intents.choose_model, "bicubic", 4)
    one.controller.retry(on_cpu=True)
    assert one.store.state.recipe.device == "cpu"
    one.wait_ready()
