"""Questions about the right picture: answered beside the GUI thread, shown only for the picture they are about."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from brainsr_desktop.core import consistency
from brainsr_desktop.session import intents, intents_compare, trust
from brainsr_desktop.session.pictures import PaneState, PaneStatus, Picture
from brainsr_desktop.session.trust import Checked, Question
from tests.app.controlling import READY, Desk, series_folder

_check = trust.check


class Gate:
    """Lets checks wait, and notes in which thread they are done."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.begun = 0
        self.in_gui = 0

    def check(self, question: Question) -> Checked:
        self.begun += 1
        self.in_gui += threading.current_thread() is threading.main_thread()
        assert self.open.wait(20)
        return _check(question)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    made = Gate()
    monkeypatch.setattr(trust, "check", made.check)
    yield made
    made.open.set()


@pytest.fixture
def desk(qtbot: QtBot, tmp_path: Path, gate: Gate) -> Iterator[Desk]:
    made = Desk(qtbot)
    made.open(series_folder(tmp_path / "head"))
    made.wait(lambda: not made.controller.loading, "the load")
    made.wait_ready()
    yield made
    gate.open.set()
    made.leave()


def watched(desk: Desk) -> list[tuple[Picture | None, PaneStatus, int]]:
    """What the right pane is told to draw, and the slice in view then."""
    told: list[tuple[Picture | None, PaneStatus, int]] = []
    desk.controller.map_changed.connect(
        lambda picture, status: told.append((picture, status, desk.store.state.slice_index))
    )
    return told


def test_that_an_answer_for_another_slice_is_never_shown(desk: Desk, gate: Gate) -> None:
    maps, told = watched(desk), desk.controller.trust
    desk.wait(lambda: gate.begun == 1, "the first check")
    desk.do(intents_compare.choose_mode, "consistency")
    assert maps[-1][1].text == "Consistency - computing"
    first = desk.store.state.slice_index
    desk.do(intents.scroll, 1)
    desk.wait(lambda: desk.controller.right_status.state in READY, "the next slice")
    assert told.checked is None
    gate.open.set()
    desk.wait(lambda: maps[-1][0] is not None, "the map of the next slice")
    QTest.qWait(50)
    shown, status, index = maps[-1]
    right, source = desk.controller.right_picture, desk.controller.left_picture
    assert shown is not None and right is not None and source is not None
    assert (index, status.state) == (first + 1, PaneState.CONSISTENCY)
    spacing = source.extent_mm[0] / source.pixels.shape[0], source.extent_mm[1] / source.pixels.shape[1]
    expected = consistency.residual(
        right.pixels.astype(np.float32), source.pixels.astype(np.float32), 4, spacing
    )
    assert np.array_equal(shown.pixels, expected.map)
    assert shown.key == right.key
    assert told.checked is not None and told.checked.residual is not None
    assert told.checked.residual.part == expected.part
    assert gate.in_gui == 0
    assert all(picture is None or (picture.key or shown.key).frame == at for picture, _, at in maps)


def test_that_a_slice_that_was_checked_is_not_checked_again(desk: Desk, gate: Gate) -> None:
    gate.open.set()
    desk.wait(lambda: desk.controller.trust.checked is not None, "the check")
    before = desk.controller.trust.checked
    desk.do(intents.scroll, 1)
    desk.wait(lambda: desk.controller.trust.checked not in (None, before), "the check of the next slice")
    begun = gate.begun
    desk.do(intents.scroll, -1)
    desk.wait(lambda: desk.controller.trust.checked is before, "what was known")
    assert gate.begun == begun


def test_that_a_closed_series_takes_its_answers_along(desk: Desk, gate: Gate) -> None:
    gate.open.set()
    desk.wait(lambda: desk.controller.trust.checked is not None, "the check")
    desk.controller.close_all()
    assert desk.controller.trust.checked is None
    assert desk.controller.trust.question is None
    assert not desk.controller.trust._checks._kept


def test_that_stability_comes_with_its_progress_and_only_for_the_slice_in_view(
    desk: Desk, gate: Gate
) -> None:
    gate.open.set()
    maps = watched(desk)
    desk.do(intents.choose_model, "espcn-x4", 4)
    desk.do(intents_compare.choose_mode, "stability")
    desk.wait(lambda: maps[-1][0] is not None, "the map of stability")
    shown, status, _ = maps[-1]
    right = desk.controller.right_picture
    assert shown is not None and right is not None
    assert (shown.key, shown.lowest, status.state) == (right.key, 0.0, PaneState.STABILITY)
    assert shown.pixels.shape == right.pixels.shape
    assert float(shown.pixels.max()) > 0.0
    assert desk.controller.trust.spread.middle == pytest.approx(float(shown.pixels.mean()), rel=1e-3)
    assert any(status.text.startswith("Stability - computing") for _, status, _ in maps)
    desk.do(intents.scroll, 1)
    assert maps[-1][0] is None
    desk.wait(lambda: maps[-1][0] is not None, "the map of the next slice")
    desk.do(intents.choose_model, "bicubic", 4)
    desk.wait(lambda: desk.controller.right_status.state in READY, "the interpolation")
    assert maps[-1][1].text == "No map of stability: no network made this picture"


def test_that_agreement_needs_test_mode_and_follows_its_limit(desk: Desk, gate: Gate) -> None:
    gate.open.set()
    maps = watched(desk)
    desk.do(intents_compare.choose_mode, "agreement")
    assert maps[-1][1].text == "No map of agreement: only test mode has a reference"
    desk.do(intents.set_test_mode, on=True)
    desk.wait(lambda: maps[-1][0] is not None, "the map of agreement")
    shown = maps[-1][0]
    assert shown is not None and (shown.span, shown.lowest, shown.unit) == (1.0, 0.0, "")
    desk.do(intents_compare.set_agreement_limit, 0.9)
    desk.wait(
        lambda: maps[-1][0] is not None and "0.90" in maps[-1][1].legend, "the outline of another limit"
    )
    assert maps[-1][0] is not None and maps[-1][0].pixels is shown.pixels
    desk.do(intents.set_test_mode, on=False)
    assert desk.store.state.mode == "side"
