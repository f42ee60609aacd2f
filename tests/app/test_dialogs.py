"""The dialogs: export, settings, keys, header, card, about, details."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from uuid import UUID

import pytest
from PySide6.QtCore import Qt, qVersion
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from brainsr_desktop import __version__
from brainsr_desktop.app.dialogs.about import AboutDialog, package_line
from brainsr_desktop.app.dialogs.card import CardDialog
from brainsr_desktop.app.dialogs.export import ExportDialog, Place, Surroundings
from brainsr_desktop.app.dialogs.header import HeaderDialog, is_personal, without_patient
from brainsr_desktop.app.dialogs.keys import KeysDialog
from brainsr_desktop.app.dialogs.notice import RESEARCH_NOTICE, DetailsDialog
from brainsr_desktop.app.export_choice import Selection, obstacles, seconds_of, size_bytes, whole
from brainsr_desktop.app.preferences import Preferences
from brainsr_desktop.core.series import FrameInfo, StackInfo
from brainsr_desktop.engine.messages import DeviceInfo
from brainsr_desktop.models.card_rows import rows_of
from brainsr_desktop.session import intents
from brainsr_desktop.session.reports import ExportRequest
from brainsr_desktop.session.state import ViewState, WindowLevel
from brainsr_desktop.settings import ExportChoices
from tests.app.frame_kit import CATALOG, READ, Rig, scanned, series_of, stack


@pytest.fixture
def preferences(tmp_path: Path) -> Iterator[Preferences]:
    made = Preferences(READ, tmp_path / "settings.toml")
    yield made
    made.finish()


def with_files(made: StackInfo) -> StackInfo:
    """The stack with a file for each picture."""
    frames = tuple(
        FrameInfo(f"/data/{index}.dcm", sop_uid=f"1.2.{index}") for index in range(len(made.frames))
    )
    return replace(made, frames=frames)


def in_view(made: StackInfo) -> ViewState:
    """A state that shows the stack with the default model."""
    state = intents.choose_model(ViewState(), "brainsr-x4", 4)
    return intents.open_stack(state, made, WindowLevel(400.0, 800.0))


@pytest.fixture
def export(qtbot: QtBot, tmp_path: Path) -> ExportDialog:
    made = with_files(stack(1, slices=12))
    return _export(qtbot, made, folder=str(tmp_path))


def _export(qtbot: QtBot, made: StackInfo, state: ViewState | None = None, **choices: object) -> ExportDialog:
    last = replace(ExportChoices(), **choices)  # type: ignore[arg-type]
    dialog = ExportDialog(state or in_view(made), (made,), CATALOG, last, around=Surroundings(2.0, "CPU"))
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


def _finish(dialog: ExportDialog, qtbot: QtBot) -> tuple[ExportRequest, ...]:
    qtbot.waitUntil(dialog.go.isEnabled)
    with qtbot.waitSignal(dialog.chosen) as heard:
        dialog.go.click()
    requests: tuple[ExportRequest, ...] = heard.args[0]
    return requests


# Export

EVERY = {"dicom", "nifti", "png", "png8", "tiff", "gif", "csv", "report"}


def test_that_the_whole_series_is_exported_as_dicom_by_default(
    export: ExportDialog, qtbot: QtBot, tmp_path: Path
) -> None:
    (request,) = _finish(export, qtbot)
    assert request.indices == tuple(range(12))
    assert request.options.formats == ("dicom",)
    assert request.options.folder == str(tmp_path)
    assert not request.options.anonymise
    assert not request.options.overwrite
    assert request.options.window == (400.0, 800.0)


def test_that_one_slice_or_a_range_can_be_exported(export: ExportDialog, qtbot: QtBot) -> None:
    export.what.this_slice.click()
    assert [selection.indices for selection in export.what.selections] == [(6,)]
    export.what.first.setValue(3)
    assert export.what.range.isChecked()
    export.what.last.setValue(5)
    assert export.what.last.minimum() == 3 and export.what.first.maximum() == 5
    (request,) = _finish(export, qtbot)
    assert request.indices == (2, 3, 4)


def test_that_the_summary_tells_number_matrix_size_time_and_room(export: ExportDialog, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: "free" in export.summary.text())
    # 12 slices of 160 x 128 with two bytes a pixel
    assert export.summary.text().startswith(
        "12 slices, 128 x 160, about 492 kB, about 24 s on CPU if none is computed yet, free "
    )


def test_that_several_formats_add_up(export: ExportDialog, qtbot: QtBot) -> None:
    before = size_bytes(export.what.selections, 4, export.format.chosen, "explicit")
    export.format.formats["tiff"].click()
    assert size_bytes(export.what.selections, 4, export.format.chosen, "explicit") == 2 * before
    (request,) = _finish(export, qtbot)
    assert request.options.formats == ("dicom", "tiff")


def test_that_anonymising_says_that_pixels_stay(export: ExportDialog, qtbot: QtBot) -> None:
    assert not export.privacy.note.isVisible()
    export.privacy.anonymise.click()
    assert export.privacy.note.isVisible() and "face can be recognised" in export.privacy.note.text()
    (request,) = _finish(export, qtbot)
    assert request.options.anonymise


def test_that_volumes_that_must_not_be_enhanced_are_left_out() -> None:
    made = with_files(replace(stack(1, slices=4), volumes=2, frames=(None,) * 8, volume_labels=("a", "b"),
                              volume_unsuitable=(None, "phase image")))  # fmt: skip
    assert whole(made).indices == (0, 1, 2, 3)
    assert Selection(made, 1, 2, volume=1).indices == ()


@pytest.mark.parametrize(
    ("changes", "impossible", "words"),
    [
        ({"kind": "nifti"}, {"dicom"}, "NIFTI"),
        ({"kind": "png", "has_position": False, "has_spacing": False}, {"dicom", "nifti"}, "PNG"),
        ({"has_spacing": False}, {"dicom", "nifti"}, "how large its pixels are"),
        ({"has_position": False}, {"dicom", "nifti"}, "where its slices lie"),
        ({"why_not": "colour image"}, EVERY, "viewing only: colour image"),
    ],
)
def test_that_impossible_formats_are_greyed_with_their_reason(
    qtbot: QtBot, tmp_path: Path, changes: dict[str, object], impossible: set[str], words: str
) -> None:
    dialog = _export(qtbot, with_files(stack(1, **changes)), folder=str(tmp_path))
    assert {name for name, tick in dialog.format.formats.items() if not tick.isEnabled()} == impossible
    for name in impossible:
        assert words in dialog.format.reasons[name].text()  # type: ignore[index]
        assert dialog.format.reasons[name].isVisible()  # type: ignore[index]
    assert "dicom" not in dialog.format.chosen
    assert not dialog.go.isEnabled()


def test_that_degraded_pictures_are_never_written_as_dicom(qtbot: QtBot, tmp_path: Path) -> None:
    made = with_files(stack(1))
    dialog = _export(qtbot, made, intents.set_test_mode(in_view(made), on=True), folder=str(tmp_path))
    assert not dialog.format.formats["dicom"].isEnabled()
    assert "never written as a DICOM series" in dialog.format.reasons["dicom"].text()
    assert dialog.format.formats["png"].isEnabled()


def test_that_a_source_without_uids_is_exported_only_anonymised(qtbot: QtBot, tmp_path: Path) -> None:
    made = stack(1)
    made = replace(made, frames=tuple(FrameInfo(f"/data/{i}.dcm") for i in range(len(made.frames))))
    dialog = _export(qtbot, made, folder=str(tmp_path))
    assert not dialog.format.formats["dicom"].isEnabled()
    dialog.privacy.anonymise.click()
    assert dialog.format.formats["dicom"].isEnabled()


def test_that_the_real_sample_can_be_written_in_every_format(project: Path) -> None:
    series, _ = scanned(project / "resources" / "sample")
    reference = next(s.stacks[0] for s in series if s.stacks[0].slices > 3)
    card = CATALOG.find("brainsr-x4")
    assert obstacles(whole(reference), in_view(reference), card, anonymise=False) == {}


def test_that_a_real_gap_refuses_nifti_alone(shared: Path) -> None:
    series, _ = scanned(shared / "dicom" / "siemens_trio_gap_noext")
    gap = series[0].stacks[0]
    found = obstacles(whole(gap), in_view(gap), CATALOG.find("brainsr-x4"), anonymise=False)
    assert set(found) == {"nifti"}
    assert "not evenly spaced" in found["nifti"]


def test_that_no_format_no_folder_and_no_room_are_told(
    export: ExportDialog, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    export.format.formats["dicom"].click()
    assert export.why.text() == "Choose a format."
    export.format.formats["dicom"].click()
    export.where.folder.clear()
    assert export.why.text() == "Choose a folder."
    export.where.folder.setText(str(tmp_path / "not there"))
    qtbot.waitUntil(lambda: "cannot be found" in export.why.text())
    assert not export.go.isEnabled()
    export.where.folder.setText(str(tmp_path))
    qtbot.waitUntil(export.go.isEnabled)
    export._on_place(Place(str(tmp_path), 1000, export.names, frozenset(), frozenset()))
    assert export.why.text() == "Not enough room: 541 kB needed, 1.0 kB free."
    assert not export.go.isEnabled()


def test_that_several_series_are_exported_together(qtbot: QtBot, tmp_path: Path) -> None:
    stacks = (with_files(stack(1)), with_files(stack(2, kind="nifti")))
    dialog = ExportDialog(in_view(stacks[0]), stacks, CATALOG, ExportChoices(folder=str(tmp_path)))
    qtbot.addWidget(dialog)
    dialog.show()
    assert not dialog.what.this_slice.isEnabled() and not dialog.what.range.isEnabled()
    assert dialog.format.formats["dicom"].isEnabled()
    assert dialog.format.reasons["dicom"].text().startswith("not for every series: ")
    requests = _finish(dialog, qtbot)
    assert [request.stack.id for request in requests] == ["1", "2"]
    assert UUID(requests[0].options.anonymise_key) == UUID(requests[1].options.anonymise_key)


def test_that_the_window_hands_the_export_over_and_keeps_the_choices(
    rig: Rig, qtbot: QtBot, tmp_path: Path
) -> None:
    rig.open(series_of(with_files(stack(1, slices=4))))
    rig.window.preferences.update("export", folder=str(tmp_path))
    rig.key(Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
    dialog = rig.window.dialogs.current(ExportDialog)
    assert dialog is not None
    assert "about 7 s" in dialog.summary.text()  # 4 slices of 1.8 s, as the label of the pane says
    dialog.format.formats["nifti"].click()
    dialog.privacy.anonymise.click()
    _finish(dialog, qtbot)
    ((_, request),) = rig.controller.asked_for("export")
    assert request.options.formats == ("dicom", "nifti")
    assert rig.window.preferences.settings.export == ExportChoices(
        str(tmp_path), ("dicom", "nifti"), True, "explicit"
    )
    assert rig.window.dialogs.current(ExportDialog) is None


@pytest.mark.parametrize(
    ("text", "seconds"), [("Network BrainSR x4 - CPU, 1.8 s", 1.8), ("Network x4 - stored", None), ("", None)]
)
def test_that_the_time_of_a_slice_is_read_from_its_label(text: str, seconds: float | None) -> None:
    assert seconds_of(text) == seconds


# Header


ROWS = (
    ("(0008,0018)", "SOPInstanceUID", "UI", "1.2.3"),
    ("(0010,0010)", "PatientName", "PN", "Muster^Anna"),
    ("(0008,0080)", "InstitutionName", "LO", "General Hospital"),
    ("(0008,0020)", "StudyDate", "DA", "20240305"),
    ("(0008,1030)", "StudyDescription", "LO", "Head"),
    ("(0029,1010)", "", "OB", "private"),
    ("(0018,0081)", "EchoTime", "DS", "4.6"),
)


def test_that_personal_fields_are_known() -> None:
    assert [row[1] for row in ROWS if not is_personal(row)] == [
        "SOPInstanceUID",
        "StudyDescription",
        "EchoTime",
    ]
    assert [row[3] for row in without_patient(ROWS)] == [
        "1.2.3",
        "hidden",
        "hidden",
        "hidden",
        "Head",
        "hidden",
        "4.6",
    ]


def test_that_no_patient_value_of_a_real_header_survives_hiding(shared: Path) -> None:
    import pydicom

    path = next((shared / "dicom" / "uih_t1_sag").rglob("*.dcm"))
    dataset = pydicom.dcmread(path, stop_before_pixels=True)
    rows = [(str(e.tag), e.keyword, e.VR, str(e.value)) for e in dataset]
    hidden = {row[1]: row[3] for row in without_patient(rows)}
    for keyword in (
        "PatientName",
        "PatientID",
        "PatientBirthDate",
        "StudyDate",
        "InstitutionName",
        "AccessionNumber",
    ):
        assert hidden.get(keyword, "hidden") == "hidden"
    assert hidden["Rows"] == str(dataset.Rows)


def test_that_the_header_is_searched_and_copied(rig: Rig) -> None:
    made = stack(1)
    rig.open(series_of(made))
    rig.window.dialogs.show_header(made)
    assert rig.controller.asked_for("header") == [("header", "1", 4)]
    dialog = rig.window.dialogs.current(HeaderDialog)
    assert dialog is not None
    assert "Reading the header" in dialog.words.text()
    rig.controller.header_ready.emit(made, ROWS)
    assert "Reading" not in dialog.words.text()
    QTest.keyClicks(dialog.content.search, "echo")
    assert dialog.content.chosen_rows() == [ROWS[-1]]
    dialog.content.copy()
    assert QGuiApplication.clipboard().text() == "(0018,0081)\tEchoTime\tDS\t4.6"


def test_that_a_header_of_another_series_is_not_shown(rig: Rig) -> None:
    one, two = stack(1), stack(2)
    rig.open(series_of(one), series_of(two))
    rig.window.dialogs.show_header(one)
    rig.controller.header_ready.emit(two, ROWS)
    dialog = rig.window.dialogs.current(HeaderDialog)
    assert dialog is not None and dialog.content.table.rows == []


def test_that_the_slice_in_view_is_asked_for(rig: Rig) -> None:
    made = stack(1, slices=9)
    rig.open(series_of(made))
    rig.store.apply(lambda s: intents.go_to(s, 7))
    assert rig.store.state.stack is not None
    rig.window.dialogs.show_header(rig.store.state.stack)
    assert rig.controller.asked_for("header")[-1] == ("header", "1", 7)


# The others


def test_that_a_card_tells_every_fact(qtbot: QtBot) -> None:
    card = replace(
        CATALOG.find("brainsr-x4"), metrics={"kspace": {"head_psnr": 24.7112}}, limits="Heads\nonly."
    )
    rows = dict(rows_of(card))
    assert rows["Licence"] == "Apache-2.0"
    assert rows["Limits"] == "Heads only."
    assert rows["Quality: kspace, head psnr"] == "24.71"
    assert rows["SHA-256 of the weights"] == "0" * 64
    long = CardDialog(replace(card, limits="word " * 200))
    qtbot.addWidget(long)
    assert any(value.endswith("word") and len(value) > 900 for _, value in long.content.table.rows)
    dialog = CardDialog(CATALOG.find("sharp-x4"))
    qtbot.addWidget(dialog)
    assert "invents detail" in dialog.words.text()


def test_that_the_card_of_the_chosen_model_is_shown(rig: Rig) -> None:
    rig.window.areas.model.card.click()
    dialog = rig.window.dialogs.current(CardDialog)
    assert dialog is not None and dialog.windowTitle() == "Model BrainSR x4"


def test_that_about_names_version_notice_and_licences(qtbot: QtBot) -> None:
    dialog = AboutDialog()
    qtbot.addWidget(dialog)
    names = [dialog.list.item(row).text() for row in range(dialog.list.count())]
    dialog.list.setCurrentRow(names.index("Libraries"))
    assert "numpy" in dialog.text.toPlainText()
    assert any(name.startswith("Sample study") for name in names)
    dialog.list.setCurrentRow(len(names) - 1)
    assert len(dialog.text.toPlainText()) > 40
    assert package_line("no-such-package") == "no-such-package: not installed"
    assert "not a medical device" in RESEARCH_NOTICE


def test_that_about_names_versions_devices_and_the_card_of_every_network(qtbot: QtBot) -> None:
    device = DeviceInfo("gpu:0", "Graphics unit 7", "openvino", None)
    dialog = AboutDialog(None, CATALOG.cards, (device,))
    qtbot.addWidget(dialog)
    versions = dialog.text.toPlainText()
    assert f"BrainSR Desktop {__version__}" in versions and f"Qt {qVersion()}" in versions
    assert f"openvino {version('openvino')}" in versions and "Graphics unit 7 (gpu:0)" in versions
    pages = {dialog.list.item(row).text(): row for row in range(dialog.list.count())}
    for card in CATALOG.cards:
        if not card.is_interpolation:
            dialog.list.setCurrentRow(pages[f"Model {card.title}"])
            text = dialog.text.toPlainText()
            assert f"Name: {card.name}" in text and f"Licence: {card.licence}" in text


def test_that_about_shows_the_devices_that_the_engine_found(rig: Rig) -> None:
    rig.controller.devices_found.emit((DeviceInfo("cpu", "Processor 9", "openvino", None),))
    rig.window.dialogs.show_about()
    dialog = rig.window.dialogs.current(AboutDialog)
    assert dialog is not None and "Processor 9 (cpu)" in dialog.text.toPlainText()


def test_that_f1_lists_keys_and_mouse(rig: Rig) -> None:
    rig.key(Qt.Key.Key_F1)
    dialog = rig.window.dialogs.current(KeysDialog)
    assert dialog is not None
    QTest.keyClicks(dialog.content.search, "invert")
    assert dialog.content.chosen_rows() == [("I", "Invert", "Image")]
    dialog.content.search.setText("wheel")
    assert {row[2] for row in dialog.content.chosen_rows()} == {"Mouse"}


def test_that_technical_details_can_be_copied(qtbot: QtBot) -> None:
    dialog = DetailsDialog("It failed.", "line one\nline\x1b two " + "x" * 200_000)
    qtbot.addWidget(dialog)
    assert dialog.detail.toPlainText().startswith("line one\nline\ufffd two")
    assert len(dialog.detail.toPlainText()) < 101_000


def test_that_a_dialog_is_not_opened_twice(rig: Rig) -> None:
    for _ in range(3):
        rig.window.actions_["about"].trigger()
    assert len([w for w in rig.window.findChildren(AboutDialog) if w.isVisible()]) == 1
