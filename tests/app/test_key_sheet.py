"""The sheet of keys and mouse: one source for the dialog, the printed page and the manual."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtPrintSupport import QPrinter
from PySide6.QtTest import QTest

from brainsr_desktop.app.actions import effective_keys
from brainsr_desktop.app.command_table import SPECS
from brainsr_desktop.app.dialogs.keys import KeysDialog
from brainsr_desktop.app.dialogs.settings import SettingsDialog
from brainsr_desktop.app.key_sheet import MANUAL, manual, printed, rows
from brainsr_desktop.app.mouse_table import FIXED_KEYS, MOUSE, RESERVED
from tests.app.frame_kit import Rig, series_of, stack


def test_that_the_manual_is_the_one_the_tables_give(qapp: object, project: Path) -> None:
    kept = (project / MANUAL).read_text(encoding="utf-8")
    assert kept == manual(), "the tables have changed: run python packaging/make_keys.py"


def test_that_the_sheet_has_every_command_with_a_key_and_every_movement(qapp: object) -> None:
    sheet = rows(effective_keys(()))
    assert len(sheet) == sum(bool(spec.keys) for spec in SPECS) + len(FIXED_KEYS) + len(MOUSE)
    assert {spec.does for spec in MOUSE} <= {row.does for row in sheet}
    assert all(row.input and row.does and row.group for row in sheet)


def test_that_no_movement_and_no_fixed_key_is_named_twice(qapp: object) -> None:
    assert max(Counter(spec.id for spec in MOUSE).values()) == 1
    taken = {key for keys in effective_keys(()).values() for key in keys}
    assert not taken & set(RESERVED)


def test_that_a_printed_sheet_escapes_what_it_prints(qapp: object) -> None:
    keys = effective_keys((("fit", ("Ctrl+<",)),))
    assert "Ctrl+&lt;" in printed(keys)


def test_that_a_sheet_of_paper_can_be_made(rig: Rig, tmp_path: Path) -> None:
    rig.window.actions_["settings"].trigger()
    dialog = rig.window.dialogs.current(SettingsDialog)
    assert dialog is not None
    printer = QPrinter()
    printer.setOutputFormat(QPrinter.OutputFormat.PdfFormat)
    printer.setOutputFileName(str(tmp_path / "keys.pdf"))
    dialog.keys.print_sheet(printer)
    assert (tmp_path / "keys.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize("key", [Qt.Key.Key_F1, Qt.Key.Key_Question])
def test_that_f1_and_the_question_mark_open_the_sheet(rig: Rig, key: Qt.Key) -> None:
    rig.open(series_of(stack(1)))
    rig.focus_images()
    rig.key(key)  # the platform's own key map takes Shift off a key that needs it
    assert rig.window.dialogs.current(KeysDialog) is not None


def test_that_a_question_mark_in_a_field_is_text(rig: Rig) -> None:
    search = rig.window.areas.browser.search
    search.setFocus()
    QTest.keyClicks(search, "?")
    assert search.text() == "?"
    assert rig.window.dialogs.current(KeysDialog) is None


def test_that_the_sheet_shows_the_users_keys_and_can_be_searched(rig: Rig) -> None:
    preferences = rig.window.preferences
    preferences.set(replace(preferences.settings, keys=(("invert", ("Ctrl+9",)),)))
    rig.window.actions_["keys"].trigger()
    dialog = rig.window.dialogs.current(KeysDialog)
    assert dialog is not None
    QTest.keyClicks(dialog.content.search, "invert")
    assert [row[:2] for row in dialog.content.chosen_rows()] == [("Ctrl+9", "Invert")]
