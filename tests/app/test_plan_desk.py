"""Measuring in the background, with the real process."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from brainsr_desktop.app.controller import Controller
from brainsr_desktop.app.plan_desk import PlanDesk
from brainsr_desktop.app.store import Store
from brainsr_desktop.engine import plans
from brainsr_desktop.session import intents

WAIT_MS = 280_000


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of one's own, for the measuring process too."""
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    return tmp_path


def test_that_a_quiet_window_has_its_network_measured_once(cache: Path, qtbot: QtBot) -> None:
    controller = Controller(Store())
    controller.store.apply(lambda state: intents.choose_model(state, "espcn-x4", 4, None))
    card = controller.catalog.find("espcn-x4")
    desk = PlanDesk(controller, quiet_ms=1)
    try:
        with qtbot.waitSignal(desk.ended, timeout=WAIT_MS) as heard:
            desk.start()
        assert heard.args == [True]
        plan = plans.plan_of(card)
        assert plan is not None and "openvino, all threads" in plan.tried_ms
        assert desk._card() is None
    finally:
        desk.shut_down()
        controller.shut_down()


def test_that_an_interpolation_is_not_measured(cache: Path, qtbot: QtBot) -> None:
    controller = Controller(Store())
    controller.store.apply(lambda state: intents.choose_model(state, "bicubic", 4, None))
    desk = PlanDesk(controller, quiet_ms=1)
    try:
        desk.start()
        desk._begin()
        assert desk._worker is None
    finally:
        desk.shut_down()
        controller.shut_down()
