"""The export dialog: which slices and pictures, what the folder will be called, what happens where it is there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from brainsr_desktop.app.dialogs.export import ExportDialog, Surroundings
from brainsr_desktop.core.series import StackInfo
from brainsr_desktop.models.catalog import Catalog
from brainsr_desktop.models.fast_forms import FastForm
from brainsr_desktop.session import intents
from brainsr_desktop.session.pictures import stack_name
from brainsr_desktop.session.reports import ExportRequest
from brainsr_desktop.session.state import ViewState
from brainsr_desktop.settings import ExportChoices
from tests.app.frame_kit import CATALOG, PATIENT, Rig, series_of, stack
from tests.app.test_dialogs import in_view, with_files


def dialog_for(
    qtbot: QtBot,
    folder: Path,
    state: ViewState,
    *stacks: StackInfo,
    catalog: Catalog = CATALOG,
    **last: object,
) -> ExportDialog:
    choices = replace(ExportChoices(folder=str(folder)), **last)  # type: ignore[arg-type]
    around = Surroundings(1.8, "CPU", stacks, lambda _: PATIENT)
    made = ExportDialog(state, stacks, catalog, choices, around=around)
    qtbot.addWidget(made)
    made.show()
    qtbot.waitUntil(lambda: made._place is not None)
    return made


def press(dialog: ExportDialog, qtbot: QtBot) -> tuple[ExportRequest, ...]:
    qtbot.waitUntil(dialog.go.isEnabled)
    with qtbot.waitSignal(dialog.chosen) as heard:
        QTest.mouseClick(dialog.go, Qt.MouseButton.LeftButton)
    requests: tuple[ExportRequest, ...] = heard.args[0]
    return requests


def take(dialog: ExportDialog, picture: str) -> None:
    """Choose a picture in its list."""
    box = dialog.what.picture
    place = box.findData(picture)
    assert place >= 0, [box.itemText(row) for row in range(box.count())]
    box.setCurrentIndex(place)
    assert box.currentData() == picture


def test_that_marked_slices_are_offered_and_written(qtbot: QtBot, tmp_path: Path) -> None:
    made = with_files(stack(1, slices=12))
    state = in_view(made)
    assert not dialog_for(qtbot, tmp_path, state, made).what.marked.isEnabled()
    name = stack_name(made)
    state = replace(state, marks=frozenset({(name, 9), (name, 2), ("another", 3)}))
    dialog = dialog_for(qtbot, tmp_path, state, made)
    assert dialog.what.marked.text() == "2 marked slices"
    dialog.what.marked.click()
    assert dialog.summary.text().startswith("2 slices, ")
    (request,) = press(dialog, qtbot)
    assert request.indices == (2, 9)


@pytest.mark.parametrize(
    ("picture", "matrix", "dicom"),
    [
        ("enhanced", "128 x 160", True),
        ("original", "32 x 40", False),
        ("difference", "128 x 160", False),
        ("test", "32 x 40", False),
        ("degraded", "8 x 10", False),
    ],
)
def test_that_each_picture_has_its_matrix_and_only_enhanced_scans_are_dicom(
    qtbot: QtBot, tmp_path: Path, picture: str, matrix: str, dicom: bool
) -> None:
    made = with_files(stack(1))
    state = intents.set_test_mode(in_view(made), on=True)
    dialog = dialog_for(qtbot, tmp_path, state, made, formats=("dicom", "png"))
    take(dialog, picture)
    assert f", {matrix}, " in dialog.summary.text()
    assert dialog.format.formats["dicom"].isEnabled() == dicom
    assert ("on CPU" in dialog.summary.text()) == (picture in ("enhanced", "difference", "test"))
    (request,) = press(dialog, qtbot)
    assert request.options.picture == picture
    assert request.options.formats == (("dicom", "png") if dicom else ("png",))


def test_that_a_difference_is_shown_about_zero(qtbot: QtBot, tmp_path: Path) -> None:
    made = with_files(stack(1))
    dialog = dialog_for(qtbot, tmp_path, in_view(made), made, formats=("png8",))
    take(dialog, "difference")
    assert dialog.options.window == (0.0, 80.0)  # 5 % of 800 to each side


def test_that_test_pictures_are_not_offered_outside_test_mode(qtbot: QtBot, tmp_path: Path) -> None:
    made = with_files(stack(1))
    dialog = dialog_for(qtbot, tmp_path, in_view(made), made)
    box = dialog.what.picture
    assert box.findData("test") < 0 and box.findData("degraded") < 0
    assert box.currentData() == "enhanced"


def test_that_the_name_is_shown_while_it_is_typed_and_made_safe(qtbot: QtBot, tmp_path: Path) -> None:
    made = with_files(stack(5, description="t1 Mprage / Müller"))
    dialog = dialog_for(qtbot, tmp_path, in_view(made), made)
    assert "504_t1_Mprage_Müller_SRx4" in dialog.where.preview.text()
    QTest.keyClicks(dialog.where.pattern, "../{number}: {model}?")
    assert "A folder is made: 504_brainsr-x4" in dialog.where.preview.text()
    dialog.where.pattern.setText("{nonsense}")
    assert "{nonsense}" in dialog.why.text() and "{number}" in dialog.why.text()
    assert not dialog.go.isEnabled()
    dialog.where.pattern.setText("{patient_name}_{study_date}")
    assert "Muster" in dialog.where.preview.text()
    dialog.privacy.anonymise.click()
    assert "Muster" not in dialog.where.preview.text()
    assert "anonymous" in dialog.where.preview.text()


def test_that_hidden_patient_data_do_not_come_into_a_name(qtbot: QtBot, tmp_path: Path) -> None:
    made = with_files(stack(1))
    state = intents.hide_patient(in_view(made), on=True)
    dialog = dialog_for(qtbot, tmp_path, state, made, name_pattern="{patient_name}_{number}")
    assert "Muster" not in dialog.where.preview.text()
    assert dialog.options.hide_patient


def test_that_it_is_told_what_lies_there_and_what_will_happen(qtbot: QtBot, tmp_path: Path) -> None:
    made = with_files(stack(5, description="t1"))
    (tmp_path / "504_t1_SRx4").mkdir()
    dialog = dialog_for(qtbot, tmp_path, in_view(made), made)
    assert "skipped" in dialog.where.preview.text()
    for clash, word in (("number", "gets a number"), ("overwrite", "overwritten")):
        dialog.where.clash.setCurrentIndex(dialog.where.clash.findData(clash))
        assert word in dialog.where.preview.text()
    assert dialog.options.overwrite
    (tmp_path / "504_t1_SRx4").rename(tmp_path / "504_t1_SRx4.partial")
    other = dialog_for(qtbot, tmp_path, in_view(made), made)
    assert "goes on" in other.where.preview.text()


def test_that_overwriting_asks_once(qtbot: QtBot, tmp_path: Path) -> None:
    made = with_files(stack(5, description="t1"))
    (tmp_path / "504_t1_SRx4").mkdir()
    dialog = dialog_for(qtbot, tmp_path, in_view(made), made, clash="overwrite")
    heard: list[object] = []
    dialog.chosen.connect(lambda requests, _: heard.append(requests))
    QTest.mouseClick(dialog.go, Qt.MouseButton.LeftButton)
    (box,) = dialog.findChildren(QMessageBox)
    assert "504_t1_SRx4" in box.text()
    next(b for b in box.buttons() if "Keep" in b.text()).click()
    assert heard == [] and dialog.isVisible()
    QTest.mouseClick(dialog.go, Qt.MouseButton.LeftButton)
    box = next(found for found in dialog.findChildren(QMessageBox) if found.isVisible())
    next(b for b in box.buttons() if "Replace" in b.text()).click()
    assert len(heard) == 1 and not dialog.isVisible()


def test_that_the_panes_are_saved_as_they_are_seen(rig: Rig, qtbot: QtBot, tmp_path: Path) -> None:
    rig.open(series_of(with_files(stack(1, slices=4))))
    rig.window.preferences.update("export", folder=str(tmp_path), formats=("png8",))
    rig.key(Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
    dialog = rig.window.dialogs.current(ExportDialog)
    assert dialog is not None
    take(dialog, "panes")
    assert dialog.what.this_slice.isChecked() and not dialog.what.whole.isEnabled()
    assert not dialog.format.formats["dicom"].isEnabled()
    qtbot.waitUntil(dialog.go.isEnabled)
    QTest.mouseClick(dialog.go, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: any(tmp_path.glob("*.png")))
    assert rig.controller.asked_for("export") == []


def test_that_the_last_choices_come_back(rig: Rig, qtbot: QtBot, tmp_path: Path) -> None:
    rig.open(series_of(with_files(stack(1, slices=4))))
    rig.window.preferences.update("export", folder=str(tmp_path))
    rig.window.actions_["export"].trigger()
    dialog = rig.window.dialogs.current(ExportDialog)
    assert dialog is not None
    dialog.format.formats["png8"].click()
    dialog.format.figures.click()
    dialog.where.pattern.setText("{number}_x")
    dialog.where.clash.setCurrentIndex(1)
    press(dialog, qtbot)
    rig.window.actions_["export"].trigger()
    again = rig.window.dialogs.current(ExportDialog)
    assert again is not None
    assert again.format.figures.isChecked() and again.where.pattern.text() == "{number}_x"
    assert again.where.chosen_clash == "number"
    assert again.format.ticked == ("dicom", "png8")


def test_that_what_is_written_is_exact_unless_fast_is_ticked(qtbot: QtBot, tmp_path: Path) -> None:
    made = with_files(stack(1, slices=3))
    fast = intents.set_precision(in_view(made), "fast")
    cards = tuple(
        replace(card, precision=("exact", "fast"), fast=(FastForm("bf16", {"kspace": 0.01}, 0.02),))
        for card in CATALOG.cards
    )
    dialog = dialog_for(qtbot, tmp_path, fast, made, catalog=Catalog(cards))
    assert dialog.what.fast.isVisible()
    assert [request.precision for request in press(dialog, qtbot)] == ["exact"]
    dialog = dialog_for(qtbot, tmp_path, fast, made, catalog=Catalog(cards))
    dialog.what.fast.click()
    assert [request.precision for request in press(dialog, qtbot)] == ["fast"]
    assert not dialog_for(qtbot, tmp_path, in_view(made), made).what.fast.isVisible()
