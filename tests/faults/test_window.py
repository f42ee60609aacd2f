"""Faults 9, 33 and 73 in the window: headers of files that were left out, and outputs that cannot be used."""

from __future__ import annotations

import json
from pathlib import Path

from pytestqt.qtbot import QtBot

from brainsr_desktop.app.dialogs.header import HeaderDialog
from brainsr_desktop.app.window import MainWindow
from brainsr_desktop.session import intents
from brainsr_desktop.session.pictures import PaneState
from tests import phantom
from tests.app.controlling import MakeDesk, series_folder
from tests.app.frame_kit import READ, restore_look
from tests.faults import sick_engine
from tests.faults.kit import ONE


def test_that_an_output_that_cannot_be_used_is_named_in_view_and_export(
    desk: MakeDesk, tmp_path: Path
) -> None:
    one = desk(engine_target=sick_engine.TARGET)
    one.do(intents.choose_model, "espcn-x4", 4)
    stack = one.open(series_folder(tmp_path / "head", 3))
    one.wait(lambda: one.controller.right_status.text.startswith("FALLBACK"), "the fallback")
    status = one.controller.right_status
    assert status.state is PaneState.FAILED
    assert status.text == "FALLBACK - network failed, interpolated shown: its output cannot be used"
    assert one.controller.right_picture is not None
    one.export(stack, tmp_path / "out")
    one.wait(lambda: one.ended("Export"), "the export")
    (done,) = (tmp_path / "out").iterdir()
    warnings = json.loads((done / "export.json").read_text())["warnings"]
    told = [entry for entry in warnings if entry["code"] == "FALLBACK"]
    assert [entry["reason"] for entry in told] == [
        f"Slice {number}: the network's output could not be used" for number in (1, 2, 3)
    ]
    assert {entry["done"] for entry in told} == {"cubic interpolation was written"}


def test_that_the_header_of_a_file_that_was_left_out_can_be_looked_at(
    qtbot: QtBot, desk: MakeDesk, opened: Path, tmp_path: Path
) -> None:
    phantom.classic(opened / "bad", pixels=ONE, edit=phantom.without("Columns"))
    syntax = phantom.with_bytes(0x00020010, b"1.2.840.10008.1.2.4.100\0")
    phantom.classic(opened / "mpeg", pixels=ONE, raw=syntax)
    one = desk()
    window = MainWindow(one.store, one.controller, READ, settings_path=tmp_path / "settings.toml")
    qtbot.addWidget(window)
    window.show()
    window.open_paths([str(opened)])
    one.wait(lambda: one.summaries, "the scan")
    for code, words in (
        ("MISSING", ["bad/IM0001.dcm", "Columns is missing."]),
        (
            "UNSUPPORTED_SYNTAX",
            ["mpeg/IM0001.dcm", "There is no decoder for MPEG2 Main Profile / Main Level."],
        ),
    ):
        window.dialogs.show_problems(window.opening.problems, "")
        listed = window.dialogs.problems
        place = [row[1] for row in listed.rows()].index(code)
        listed.view.selectRow(place)
        one.wait(listed.header.isEnabled, "the button")
        listed.header.click()
        qtbot.waitUntil(lambda: window.dialogs.current(HeaderDialog) is not None, timeout=120_000)
        dialog = window.dialogs.current(HeaderDialog)
        assert dialog is not None
        qtbot.waitUntil(lambda: bool(dialog.content.table.rows), timeout=120_000)  # noqa: B023
        assert dialog.words.text().splitlines() == words
        assert ("(0008,0060)", "Modality", "CS", "MR") in dialog.content.table.rows
        listed.view.clearSelection()
        dialog.close()
        qtbot.waitUntil(lambda: window.dialogs.current(HeaderDialog) is None)
    window.close()
    restore_look()
