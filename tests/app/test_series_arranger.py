"""Split, merge, undo and memory in the real window, with real events where a user has them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from brainsr_desktop.app.controller import Controller
from brainsr_desktop.app.store import Store
from brainsr_desktop.app.window import MainWindow
from brainsr_desktop.core.errors import Problem
from brainsr_desktop.core.series import FrameInfo, SeriesInfo, StackInfo
from brainsr_desktop.models.catalog import BASELINES, Catalog
from brainsr_desktop.session import intents
from brainsr_desktop.session.pictures import PaneState
from brainsr_desktop.settings import Networks
from tests.app.controlling import blocks_left, marked_slices
from tests.app.frame_kit import PATIENT, READ, Rig, make_rig, restore_look, scanned, series_of, stack
from tests.app.viewing import make_stack
from tests.phantom import classic

CONTROL = Qt.KeyboardModifier.ControlModifier
TWO_FIELDS = (
    (("echo", "echo 1"), ("component", "magnitude")),
    (("echo", "echo 1"), ("component", "phase")),
    (("echo", "echo 2"), ("component", "magnitude")),
    (("echo", "echo 2"), ("component", "phase")),
)


def echoes(**changes: object) -> StackInfo:
    made = make_stack(slices=6, volumes=4)
    return replace(
        made,
        id="7",
        series_uid="1.2.7",
        frames=tuple(FrameInfo(f"/data/f{index}", sop_uid=str(index)) for index in range(24)),
        volume_fields=TWO_FIELDS,
        volume_labels=tuple(", ".join(words for _, words in fields) for fields in TWO_FIELDS),
        digest="e" * 64,
        **changes,  # type: ignore[arg-type]
    )


def ids(rig: Rig) -> list[str]:
    return [found.id for found in rig.window.areas.browser.stacks()]


def entry(menu: QMenu, words: str) -> QAction:
    return next(action for action in menu.actions() if words in action.text().replace("&", ""))


def menu_of(rig: Rig, stack_id: str) -> QMenu:
    found = rig.window.areas.browser.stack(stack_id)
    assert found is not None
    return rig.window.areas.browser.menu_for(found)


def choose(rig: Rig, stack_id: str, field: str) -> None:
    submenu = entry(menu_of(rig, stack_id), "Split by").menu()
    assert isinstance(submenu, QMenu)
    entry(submenu, field).trigger()


def key_z(rig: Rig) -> None:
    rig.focus_images()
    rig.key(Qt.Key.Key_Z, CONTROL)


def test_that_the_menu_asks_by_which_field_to_split(rig: Rig) -> None:
    rig.open(series_of(echoes()))
    submenu = entry(menu_of(rig, "7"), "Split by").menu()
    assert isinstance(submenu, QMenu)
    assert [action.text() for action in submenu.actions()] == [
        "Echo time",
        "Magnitude and phase",
        "Every volume",
    ]


def test_that_split_shows_a_card_for_each_part_and_undo_takes_it_back(rig: Rig) -> None:
    rig.open(series_of(echoes()))
    choose(rig, "7", "Echo time")
    assert ids(rig) == ["7.1", "7.2"]
    assert rig.window.actions_["undo"].text() == "&Undo split"
    key_z(rig)
    assert ids(rig) == ["7"]
    rig.key(Qt.Key.Key_Z, CONTROL | Qt.KeyboardModifier.ShiftModifier)
    assert ids(rig) == ["7.1", "7.2"]


def test_that_the_picture_in_view_stays_in_view_when_its_series_is_split(rig: Rig) -> None:
    rig.open(series_of(echoes()))
    rig.store.apply(lambda state: intents.go_to_volume(intents.go_to(state, 4), 3))
    state = rig.store.state
    assert state.stack is not None
    frame = state.stack.frames[state.frame_index]
    choose(rig, "7", "Magnitude and phase")
    for _ in range(2):
        after = rig.store.state
        assert after.stack is not None
        assert after.stack.frames[after.frame_index] == frame
        assert rig.window.areas.browser.tree.currentIndex().isValid()
        key_z(rig)


def test_that_a_series_can_be_split_by_a_second_field_and_merged_again(rig: Rig) -> None:
    rig.open(series_of(echoes()))
    choose(rig, "7", "Echo time")
    choose(rig, "7.1", "Magnitude and phase")
    assert ids(rig) == ["7.1.1", "7.1.2", "7.2.1", "7.2.2"]
    entry(menu_of(rig, "7.2.1"), "Merge").trigger()
    assert ids(rig) == ["7"]
    key_z(rig)
    assert ids(rig) == ["7.1.1", "7.1.2", "7.2.1", "7.2.2"]


def test_that_parts_of_a_series_are_merged_and_parted_again(rig: Rig) -> None:
    one, two = (
        replace(
            stack(number),
            series_uid="1.2.9",
            frames=tuple(FrameInfo(f"/data/{number}-{index}") for index in range(8)),
            split_reason=f"localizer: {plane}",
            frame_of_reference=str(number),
        )
        for number, plane in ((1, "axial"), (2, "sagittal"))
    )
    rig.open(SeriesInfo(PATIENT, "1.2.9", (replace(one, study_uid="1.2"), replace(two, study_uid="1.2"))))
    assert ids(rig) == ["1", "2"]
    assert "2 parts: localizer: axial, localizer: sagittal" in rig.window.areas.notifier.text.text()
    assert rig.window.areas.notifier.action.text() == "Merge"
    rig.window.areas.notifier.action.click()
    assert ids(rig) == ["1+"]
    submenu = entry(menu_of(rig, "1+"), "Split by").menu()
    assert isinstance(submenu, QMenu)
    entry(submenu, "The parts that were found").trigger()
    assert ids(rig) == ["1", "2"]


def test_that_what_cannot_be_merged_or_split_says_why(rig: Rig) -> None:
    rig.open(series_of(stack(1)))
    menu = menu_of(rig, "1")
    assert not entry(menu, "Merge").isEnabled()
    assert "one part only" in entry(menu, "Merge").toolTip()
    assert not entry(menu, "Split by").isEnabled()
    assert "differ in nothing" in entry(menu, "Split by").toolTip()


def test_that_the_next_start_remembers_by_a_hash_alone(qtbot: QtBot, tmp_path: Path) -> None:
    for rig in make_rig(qtbot, tmp_path):
        rig.open(series_of(echoes()))
        choose(rig, "7", "Echo time")
        qtbot.waitUntil((tmp_path / "series.json").is_file)
    text = (tmp_path / "series.json").read_text("utf-8")
    assert json.loads(text)["series"][0]["split_by"] == ["echo"]
    for told in ("1.2.7", "Muster", "P-4711", "mprage", "/data"):
        assert told not in text
    for rig in make_rig(qtbot, tmp_path):
        rig.open(series_of(echoes()))
        assert ids(rig) == ["7.1", "7.2"]
        assert rig.window.store.undo_name == ""
        entry(menu_of(rig, "7.1"), "Merge").trigger()
        qtbot.waitUntil(lambda: not json.loads((tmp_path / "series.json").read_text("utf-8"))["series"])


@pytest.mark.parametrize(
    "text",
    ["", "no json", "[1]", '{"schema": 9, "series": []}', '{"schema": 1, "series": [{"series": 3}, 7]}'],
)
def test_that_a_damaged_memory_is_no_trouble(qtbot: QtBot, tmp_path: Path, text: str) -> None:
    (tmp_path / "series.json").write_text(text, "utf-8")
    for rig in make_rig(qtbot, tmp_path):
        rig.open(series_of(echoes()))
        assert ids(rig) == ["7"]


def test_that_a_real_study_is_split_and_merged(rig: Rig, shared: Path) -> None:
    series, summary = scanned(shared / "dicom" / "siemens_dual_echo_classic")
    rig.controller.folders["/real"] = (series, summary)
    rig.window.open_paths(["/real"])
    (whole,) = ids(rig)
    choose(rig, whole, "Echo time")
    assert ids(rig) == [f"{whole}.1", f"{whole}.2"]
    entry(menu_of(rig, f"{whole}.1"), "Merge").trigger()
    assert ids(rig) == [whole]


# What else the browser asks for


def test_that_a_patient_is_closed_and_the_next_one_shown(rig: Rig) -> None:
    other = replace(PATIENT, study_uid="1.9", patient_name="Zeta^Zoe", patient_id="Z")
    rig.open(series_of(stack(1)), series_of(stack(2)), series_of(stack(3), study=other))
    browser = rig.window.areas.browser
    patient = browser.tree.model().index(0, 0)
    menu = browser.menu_at(patient)
    assert menu is not None
    entry(menu, "Close patient").trigger()
    assert ids(rig) == ["3"]
    assert rig.store.state.stack is not None and rig.store.state.stack.id == "3"
    assert rig.controller.asked_for("close") == [("close", "1", "2")]
    entry(menu_of(rig, "3"), "Close patient").trigger()
    assert ids(rig) == []
    assert rig.window.areas.empty.isVisible()


def test_that_several_selected_series_are_enhanced_together(rig: Rig) -> None:
    rig.open(*(series_of(stack(number)) for number in (1, 2, 3)), series_of(stack(4, why_not="colour image")))
    browser = rig.window.areas.browser
    browser.tree.selectAll()
    menu = menu_of(rig, "1")
    action = entry(menu, "nhance 3 series")
    action.trigger()
    assert rig.controller.asked_for("enhance") == [("enhance", "1", "2", "3")]


def test_that_uneven_slices_are_told_once_when_their_series_is_opened(rig: Rig) -> None:
    gap = Problem("IM2", "GAP", "A slice is missing between IM1 and IM2.", "Nothing was put in between.")
    rig.open(series_of(stack(1, problems=(gap,))), series_of(stack(2)))
    notifier = rig.window.areas.notifier
    assert "A slice is missing between IM1 and IM2. Nothing was put in between." in notifier.text.text()
    notifier.dismiss()
    for stack_id in ("2", "1"):
        found = rig.window.areas.browser.stack(stack_id)
        assert found is not None
        rig.controller.open_stack(found)
    assert "missing" not in notifier.text.text() or not notifier.isVisible()


def test_that_test_mode_puts_a_badge_on_the_series_in_view(rig: Rig) -> None:
    rig.open(series_of(stack(1)), series_of(stack(2)))
    rig.key(Qt.Key.Key_T, CONTROL)
    browser = rig.window.areas.browser
    spoken = browser.tree.currentIndex().data(Qt.ItemDataRole.AccessibleTextRole)
    assert "degraded" in spoken
    rig.key(Qt.Key.Key_T, CONTROL)
    assert "degraded" not in browser.tree.currentIndex().data(Qt.ItemDataRole.AccessibleTextRole)


def test_that_objects_without_picture_are_listed_apart(rig: Rig) -> None:
    problems = (
        Problem("MUSTER/PR1", "NO_IMAGE", "Presentation State, not an image"),
        Problem("notes.txt", "NOT_DICOM", "No image that can be read."),
    )
    rig.open(series_of(stack(1)), problems=problems)
    model = rig.window.areas.browser.tree.model()
    last = model.index(model.rowCount() - 1, 0)
    assert last.data() == "Other objects (1)"
    assert model.index(0, 0, last).data() == "PR1: Presentation State, not an image"
    rig.key(Qt.Key.Key_H, CONTROL | Qt.KeyboardModifier.ShiftModifier)
    assert model.index(0, 0, last).data() == "hidden: Presentation State, not an image"


def test_that_copies_are_counted_and_told(rig: Rig) -> None:
    problems = tuple(Problem(f"c{n}", "DUPLICATE_FILE", "A second copy of IM1.") for n in range(4))
    rig.open(series_of(stack(1)), problems=problems)
    assert "4 files are copies and were left out." in rig.window.areas.notifier.text.text()


# With the real controller and its children


@contextmanager
def real_window(folder: Path) -> Iterator[MainWindow]:
    store = Store()
    controller = Controller(store, catalog=Catalog(BASELINES))
    settings = replace(READ, networks=Networks(model="bicubic", scale=2))
    window = MainWindow(store, controller, settings, settings_path=folder / "settings.toml",
                        runs_folder=folder / "runs")  # fmt: skip
    try:
        window.resize(1280, 800)
        window.show()
        yield window
    finally:
        window.close()
        controller.shut_down()
        window.deleteLater()
        restore_look()


def two_echoes(folder: Path) -> Path:
    """Six positions, two echoes; the second one is three times as bright."""
    first = marked_slices()

    def second_echo(dataset: Dataset, _number: int) -> None:
        dataset.EchoTime, dataset.EchoNumbers = 24.0, 2
        dataset.SOPInstanceUID += ".2"
        dataset.InstanceNumber += 100

    classic(folder, pixels=first)
    classic(folder, pixels=3 * first, prefix="E2", edit=second_echo)
    return folder


def left_pixels(window: MainWindow) -> NDArray[np.generic] | None:
    picture = window.controller.left_picture
    return None if picture is None else picture.pixels


def test_that_real_echoes_are_split_shown_enhanced_and_remembered(qtbot: QtBot, tmp_path: Path) -> None:
    folder = two_echoes(tmp_path / "echoes")
    first = marked_slices()
    with real_window(tmp_path) as window:
        browser = window.areas.browser
        window.open_paths([str(folder)])

        def is_read() -> bool:
            """While headers are still read there is one volume, of what is known by then."""
            stack = window.store.state.stack
            return left_pixels(window) is not None and stack is not None and stack.volumes == 2

        qtbot.waitUntil(is_read, timeout=30_000)
        state = window.store.state
        assert state.stack is not None
        window.store.apply(lambda state: intents.go_to_volume(intents.go_to(state, 1), 1))
        window.arranger.split(state.stack, "echo")
        assert len(browser.stacks()) == 2
        qtbot.waitUntil(lambda: np.array_equal(left_pixels(window), 3 * first[1]), timeout=30_000)  # type: ignore[arg-type]
        ready = (PaneState.FULL, PaneState.CACHED)
        qtbot.waitUntil(lambda: window.controller.right_status.state in ready, timeout=60_000)
        window.store.undo()
        assert len(browser.stacks()) == 1
        qtbot.waitUntil(lambda: np.array_equal(left_pixels(window), 3 * first[1]), timeout=30_000)  # type: ignore[arg-type]
        window.store.redo()
        qtbot.waitUntil((tmp_path / "series.json").is_file)
    with real_window(tmp_path) as window:
        window.open_paths([str(folder)])
        qtbot.waitUntil(lambda: len(window.areas.browser.stacks()) == 2, timeout=30_000)
        assert [part.split_reason for part in window.areas.browser.stacks()] == [
            "echo 12.00 ms (1 of 2)",
            "echo 2, 24.00 ms (2 of 2)",
        ]


def test_that_a_closed_patient_leaves_no_block_and_no_result(qtbot: QtBot, tmp_path: Path) -> None:
    one, two = classic(tmp_path / "one")[0].parent, tmp_path / "two"

    def other_patient(dataset: Dataset, _number: int) -> None:
        dataset.PatientName, dataset.PatientID = "Other^One", "P2"
        dataset.StudyInstanceUID += ".2"
        dataset.SOPInstanceUID += ".2"

    classic(two, series=2, edit=other_patient)
    with real_window(tmp_path) as window:
        window.open_paths([str(one), str(two)])
        ready = (PaneState.FULL, PaneState.CACHED)
        qtbot.waitUntil(lambda: len(window.areas.browser.stacks()) == 2, timeout=30_000)
        qtbot.waitUntil(lambda: window.controller.right_status.state in ready, timeout=60_000)
        closed = window.store.state.stack
        assert closed is not None
        window.areas.browser.close_patient(closed)
        (left,) = window.areas.browser.stacks()
        assert window.store.state.stack == left != closed
        qtbot.waitUntil(lambda: window.controller.right_status.state in ready, timeout=60_000)
        used: list[int] = []
        window.controller.memory_changed.connect(lambda now, _limit: used.append(now))
        window.areas.browser.close_patient(left)
        assert window.areas.empty.isVisible()
        assert used[-1] == 0
    assert not blocks_left()
