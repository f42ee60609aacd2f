"""The section Trust in the real window: what it says of the picture in view, and where it leads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from brainsr_desktop.app.panels.trust import NO_REFERENCE, TrustPanel
from brainsr_desktop.app.window import MainWindow
from brainsr_desktop.session import intents, intents_compare
from brainsr_desktop.session.state import RectMm
from tests.app import slow_engine
from tests.app.controlling import Desk, series_folder
from tests.app.frame_kit import READ, Rig, restore_look, series_of, stack


class Person:
    def __init__(self, desk: Desk, window: MainWindow) -> None:
        self.desk, self.window, self.pair = desk, window, window.areas.pair

    @property
    def panel(self) -> TrustPanel:
        return self.window.areas.trust

    def wait_checked(self) -> None:
        self.desk.wait_ready()
        self.desk.wait(lambda: self.desk.controller.trust.checked is not None, "the check")


@pytest.fixture
def person(qtbot: QtBot, tmp_path: Path) -> Iterator[Person]:
    desk = Desk(qtbot, engine_target=slow_engine.TARGET)
    window = MainWindow(desk.store, desk.controller, READ, settings_path=tmp_path / "settings.toml")
    qtbot.addWidget(window)
    window.resize(1280, 800)
    window.show()
    window.areas.panel.set_open_sections(["trust"])
    desk.open(series_folder(tmp_path / "head"))
    desk.wait(lambda: not desk.controller.loading, "the load")
    desk.do(intents.choose_model, "bicubic", 4)
    yield Person(desk, window)
    desk.leave()
    window.hide()
    restore_look()


def test_that_one_line_says_that_the_input_was_kept(person: Person) -> None:
    person.wait_checked()
    panel, checked = person.panel, person.desk.controller.trust.checked
    assert checked is not None and checked.residual is not None
    limit = f"{checked.question.limit:.2g}"
    assert panel.kept.text() == f"Input kept: residual {checked.residual.part:.2g} % (limit {limit} %)"
    assert not panel.warning.isVisible() and not panel.jump.isVisible()
    assert panel.edges.text() == "Edges: 1.00 times as steep as interpolated"
    assert panel.noise.text().startswith("Noise of the input: about ")
    assert panel.no_reference.text() == NO_REFERENCE
    person.desk.do(intents.scroll, 1)
    assert panel.kept.text() in ("Computing...", "No finished enhanced picture is in view.")
    assert not panel.edges.isVisible()


@pytest.fixture
def painter(monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that paints a very bright pixel into the first corner of each picture."""
    monkeypatch.setenv(slow_engine.STAMP, "1")


@pytest.mark.usefixtures("painter")
def test_that_what_was_painted_is_told_outlined_and_gone_to(person: Person) -> None:
    person.wait_checked()
    panel, pair, view = person.panel, person.pair, person.pair.right.view
    assert panel.kept.text().startswith("Input not kept: residual ")
    assert panel.warning.isVisible()
    assert panel.warning.text() == "The result does not agree with the scan here."
    checked = person.desk.controller.trust.checked
    assert checked is not None
    count = len(checked.places)
    assert panel.places.text() == (f"{count} places" if count > 1 else "1 place")
    side = person.window.areas.panel
    assert panel.warning.text() in side.section("trust").heading.accessibleName()
    side.set_open_sections(())
    assert "⚠" in side.section("trust").heading.text()
    side.set_open_sections(("trust",))
    QTest.mouseClick(panel.next, Qt.MouseButton.LeftButton)
    state = person.desk.store.state
    assert (state.compare.place, state.compare.place_kind) == (0, "disagreement")
    for pane in (pair.left.view, view):
        mark = pane.signs.place
        assert mark is not None
        assert (mark.rect.x, mark.rect.y) == (0.0, 0.0)
        assert mark.text.startswith(f"1 of {count}: ") and mark.text.endswith("does not agree with the scan")
    assert view.to_px((0.0, 0.0)).x() > 0.0
    QTest.mouseClick(panel.maps["consistency"], Qt.MouseButton.LeftButton)
    person.desk.wait(lambda: view.signs.outline is not None, "the outline")
    assert "does not agree with the scan" in (view.signs.scale.legend if view.signs.scale else "")
    person.desk.store.undo()
    assert not panel.maps["consistency"].isChecked()
    # The mark belongs to the picture: it goes with the slice.
    person.desk.do(intents.scroll, 1)
    assert view.signs.place is None
    assert side.section("trust").heading.text() == "Trust"
    # A place of change is none of disagreement.
    person.wait_checked()
    person.desk.do(intents_compare.show_place, 0, RectMm(0.0, 0.0, 9.0, 9.0))
    assert view.signs.place is None


def test_that_the_stability_button_asks_for_it_and_tells_the_spread(person: Person) -> None:
    panel = person.panel
    person.desk.do(intents.choose_model, "espcn-x4", 4)
    assert not panel.progress.isVisible() and not panel.spread.isVisible()
    QTest.mouseClick(panel.maps["stability"], Qt.MouseButton.LeftButton)
    person.desk.wait(panel.spread.isVisible, "the spread")
    assert panel.spread.text().startswith("Mean spread: ") and panel.spread.text().endswith(
        "spread, not error"
    )
    assert not panel.progress.isVisible()
    QTest.mouseClick(panel.maps["stability"], Qt.MouseButton.LeftButton)
    assert person.desk.store.state.mode == "side"


def test_that_agreement_is_offered_in_test_mode_alone(rig: Rig) -> None:
    panel = rig.window.areas.trust
    rig.open(series_of(stack(1)))
    assert not panel.maps["agreement"].isEnabled() and panel.maps["consistency"].isEnabled()
    rig.store.apply(lambda state: intents.set_test_mode(state, on=True))
    assert panel.maps["agreement"].isEnabled()
    assert "reference" in panel.no_reference.text() and panel.no_reference.text() != NO_REFERENCE
    panel.maps["agreement"].click()
    assert rig.store.state.mode == "agreement"
