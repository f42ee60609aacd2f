"""The label above each pane and the notice below the enhanced one."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from brainsr_desktop.app.theme import IMAGE, contrast
from brainsr_desktop.app.viewport_bars import (
    NOTICE_NETWORK,
    NOTICE_PLAIN,
    StateBar,
    label_of,
    notice_of,
)
from brainsr_desktop.session.compare import Comparing, Mode
from brainsr_desktop.session.pictures import PaneState, PaneStatus
from tests.app.viewing import FULL, ORIGINAL, make_state, show, show_pair

FAILED = PaneStatus(
    PaneState.FAILED, "Network failed, interpolated shown: not enough memory", detail="traceback"
)


@pytest.mark.parametrize("state", PaneState)
def test_that_every_state_has_words_an_icon_and_enough_contrast(state: PaneState) -> None:
    label = label_of(PaneStatus(state, "words"), has_picture=True)
    assert label.text == "words"
    assert label.icon
    assert contrast(label.colour, label.band) >= 4.5


def test_that_no_two_states_differ_by_colour_alone() -> None:
    icons = [label_of(PaneStatus(state, "words"), has_picture=True).icon for state in PaneState]
    assert len(set(icons)) == len(icons)


def test_that_the_degraded_input_has_an_orange_band() -> None:
    label = label_of(PaneStatus(PaneState.DEGRADED, "DEGRADED INPUT"), has_picture=True)
    assert label.band == IMAGE.band
    assert label_of(ORIGINAL, has_picture=True).band == IMAGE.bar


@pytest.mark.parametrize(
    ("state", "notice"),
    [
        (PaneState.FAST, NOTICE_NETWORK),
        (PaneState.FULL, NOTICE_NETWORK),
        (PaneState.CACHED, NOTICE_NETWORK),
        (PaneState.INTERPOLATED, NOTICE_PLAIN),
        (PaneState.FAILED, NOTICE_PLAIN),
        (PaneState.OFF, NOTICE_PLAIN),
        (PaneState.ORIGINAL, ""),
        (PaneState.NOT_SUITABLE, ""),
        (PaneState.LOADING, ""),
        (PaneState.EMPTY, ""),
    ],
)
def test_that_made_pictures_carry_the_right_notice(state: PaneState, notice: str) -> None:
    assert notice_of(PaneStatus(state, "")) == notice


def test_that_an_interpolation_chosen_like_a_model_is_not_called_enhanced() -> None:
    interpolated = PaneStatus(PaneState.FULL, "Interpolated (Cubic x4), no network", interpolated=True)
    assert notice_of(interpolated) == NOTICE_PLAIN
    assert notice_of(interpolated, FULL) == NOTICE_NETWORK
    assert notice_of(interpolated, ORIGINAL) == NOTICE_PLAIN


@pytest.mark.parametrize("width", [900, 300])
def test_that_a_failure_offers_details_and_another_try(qtbot: QtBot, width: int) -> None:
    bar = StateBar("Enhanced")
    show(qtbot, bar, (width, 40))
    assert not bar.details.isVisible()
    bar.set_label(label_of(FAILED, has_picture=True))
    for button, signal, name in (
        (bar.details, bar.details_requested, "Details"),
        (bar.retry, bar.retry_requested, "Retry on CPU"),
    ):
        assert button.isVisible()
        assert button.accessibleName() == name
        assert min(button.width(), button.height()) >= 24
        assert button.text() == (name if width == 900 else "")
        with qtbot.waitSignal(signal):
            QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def test_that_a_slice_that_cannot_be_read_offers_no_other_device(qtbot: QtBot) -> None:
    label = label_of(PaneStatus(PaneState.FAILED, "Cannot be shown: the file ends early"), has_picture=False)
    assert not label.can_retry
    assert not label.detail


@pytest.mark.parametrize("mode", ["side", "wipe", "blink"])
def test_that_a_failure_of_the_left_list_can_be_looked_into_and_tried_again(qtbot: QtBot, mode: Mode) -> None:
    pair, _ = show_pair(qtbot, make_state(mode=mode, compare=Comparing(blink_side="left")))
    pair.set_left(None, FAILED)
    pair.set_right(None, FULL)
    bar = {"side": pair.left.bar, "wipe": pair.right.second_bar, "blink": pair.right.bar}[mode]
    assert bar.details.isVisible() and bar.retry.isVisible()
    with qtbot.waitSignal(pair.details_requested) as asked:
        QTest.mouseClick(bar.details, Qt.MouseButton.LeftButton)
    assert asked.args[0] == FAILED.text
    assert asked.args[1] == FAILED.detail
    with qtbot.waitSignal(pair.retry_requested):
        QTest.mouseClick(bar.retry, Qt.MouseButton.LeftButton)


def test_that_panes_without_a_failure_have_no_buttons(qtbot: QtBot) -> None:
    pair, _ = show_pair(qtbot, make_state())
    pair.set_left(None, FAILED)
    pair.set_left(None, ORIGINAL)
    pair.set_right(None, FULL)
    for bar in (pair.left.bar, pair.right.bar):
        assert not bar.details.isVisible() and not bar.retry.isVisible()


def test_that_progress_is_told_in_words_and_drawn_as_a_line(qtbot: QtBot) -> None:
    bar = StateBar("Enhanced")
    show(qtbot, bar, (400, 40))
    status = PaneStatus(PaneState.FAST, "Preview - fast network ESPCN x4", 0.25)
    bar.set_label(label_of(status, has_picture=True))
    assert bar.label.text.endswith("full network 25 %")
    image = bar.grab().toImage()
    line = image.height() - 2
    assert image.pixelColor(image.width() // 8, line).name() == IMAGE.blue
    assert image.pixelColor(image.width() // 2, line).name() == IMAGE.button


def test_that_the_notice_has_room_for_larger_text(qtbot: QtBot, qapp: QApplication) -> None:
    pair, _ = show_pair(qtbot, make_state(), (701, 500))
    pair.set_right(None, FULL)
    before = pair.right.strip.height()
    font = qapp.font()
    larger = QFont(font)
    larger.setPointSizeF(2 * font.pointSizeF())
    qapp.setFont(larger)
    try:
        QApplication.processEvents()
        assert pair.right.strip.height() > 1.5 * before
    finally:
        qapp.setFont(font)


def test_that_both_pictures_have_one_height_with_and_without_a_notice(qtbot: QtBot) -> None:
    for width in (1001, 501):
        pair, _ = show_pair(qtbot, make_state(), (width, 500))
        heights = {pair.left.view.height(), pair.right.view.height()}
        pair.set_right(None, FULL)
        assert heights == {pair.left.view.height()} == {pair.right.view.height()}
        room = pair.right.strip.fontMetrics().boundingRect(
            pair.right.strip.rect(), int(Qt.TextFlag.TextWordWrap), pair.right.strip.text()
        )
        assert room.height() <= pair.right.strip.height()
