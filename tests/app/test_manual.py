"""The manual's window: pages, search, links and pictures, from the folder that ships."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from brainsr_desktop import paths
from brainsr_desktop.app.dialogs.manual import ManualDialog


@pytest.fixture
def manual(qtbot: QtBot) -> Iterator[ManualDialog]:
    dialog = ManualDialog(paths.manual_dir())
    qtbot.addWidget(dialog)
    with qtbot.waitExposed(dialog):
        dialog.show()
    yield dialog
    dialog.close()


def shown(manual: ManualDialog) -> str:
    return manual.view.name_of(manual.view.source())


def test_that_the_first_page_is_shown_and_every_page_can_be_chosen(manual: ManualDialog) -> None:
    assert shown(manual) == "index.md"
    assert manual.list.count() == len(manual.pages) > 12
    for row, page in enumerate(manual.pages):
        manual.list.setCurrentRow(row)
        assert shown(manual) == page.name
        assert page.title in manual.view.toPlainText()


def test_that_a_search_leads_to_the_place(qtbot: QtBot, manual: ManualDialog) -> None:
    QTest.keyClick(manual, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(manual.search.hasFocus)
    QTest.keyClicks(manual.search, "invented lesion")
    QTest.keyClick(manual.search, Qt.Key.Key_Return)
    assert shown(manual) == "judging.md"
    assert manual.view.verticalScrollBar().value() > 0
    assert manual.view.textCursor().selectedText().casefold() == "invented"
    assert manual.isVisible()
    manual.search.setText("xyzzy")
    assert manual.list.count() == 1
    assert not manual.list.item(0).flags() & Qt.ItemFlag.ItemIsEnabled


def test_that_links_lead_to_pages_and_headings_and_back(manual: ManualDialog) -> None:
    manual.view.open("troubleshooting.md")
    manual.view.anchorClicked.emit(QUrl("cluster.md#what-must-hold"))
    assert shown(manual) == "cluster.md"
    assert manual.view.textCursor().block().text() == "What must hold"
    assert manual.list.currentItem().text() == "On a cluster"
    manual.view.backward()
    assert shown(manual) == "troubleshooting.md"


def test_that_other_addresses_go_to_the_system_and_nothing_else_is_read(
    manual: ManualDialog, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[QUrl] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", asked.append)
    manual.view.anchorClicked.emit(QUrl("https://example.org/page.md"))
    assert [url.toString() for url in asked] == ["https://example.org/page.md"]
    assert shown(manual) == "index.md"
    secret = tmp_path / "secret.png"
    secret.write_bytes((paths.manual_dir() / "screenshot.png").read_bytes())
    assert manual.view.loadResource(2, QUrl.fromLocalFile(str(secret))) is None


def test_that_pictures_are_as_wide_as_the_page_at_most(qtbot: QtBot, manual: ManualDialog) -> None:
    manual.view.open("guide.md")
    for width in (900, 640):
        manual.resize(width, 600)
        qtbot.waitUntil(lambda: manual.view.horizontalScrollBar().maximum() == 0)
    picture = manual.view.loadResource(2, QUrl("guide/panes.png"))
    assert 0 < picture.width() <= manual.view.viewport().width()


def test_that_a_program_without_its_manual_opens_an_empty_one(qtbot: QtBot, tmp_path: Path) -> None:
    dialog = ManualDialog(tmp_path)
    qtbot.addWidget(dialog)
    assert dialog.pages == ()
    assert "missing" in dialog.view.toPlainText()
    dialog.search.setText("anything")
    assert dialog.list.count() == 1
