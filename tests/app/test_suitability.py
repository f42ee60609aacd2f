"""A series outside a model's training: the banner, and what its buttons do. Real window, engine and cards."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from brainsr_desktop.app.window import MainWindow
from brainsr_desktop.core.suitability import Trained
from brainsr_desktop.models.catalog import Catalog, load_catalog
from brainsr_desktop.models.trust_table import Trust
from brainsr_desktop.session import intents, intents_compare
from brainsr_desktop.session.compare import Source
from brainsr_desktop.session.pictures import PaneState
from tests.app.controlling import READY, Desk, series_folder
from tests.app.frame_kit import READ, restore_look

MODEL, OTHER = "espcn-x4", "srcnn-x4"


def catalog(trained: Trained) -> Catalog:
    """The shipped models, one of which knows what it was trained on."""
    trust = Trust(2.5, 0.02, 0.97, 0.96, trained=trained)
    cards = load_catalog().cards
    return Catalog(tuple(replace(card, trust=trust if card.name == MODEL else None) for card in cards))


class Person:
    def __init__(self, qtbot: QtBot, folder: Path, trained: Trained) -> None:
        self.desk = Desk(qtbot, runs_anyway=False, catalog=catalog(trained))
        self.window = MainWindow(
            self.desk.store, self.desk.controller, READ, settings_path=folder / "settings.toml"
        )
        qtbot.addWidget(self.window)
        self.window.resize(1280, 800)
        self.window.show()
        self.desk.do(intents.choose_model, MODEL, 4)
        self.desk.open(series_folder(folder / "head"))
        self.desk.wait(lambda: not self.desk.controller.loading, "the load")
        self.banner = self.window.suitability.banners["right"]

    @property
    def state(self) -> PaneState:
        return self.desk.controller.right_status.state


@pytest.fixture
def person(qtbot: QtBot, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Person]:
    made = Person(qtbot, tmp_path, getattr(request, "param", Trained(pixel_mm=(0.2, 0.5))))
    yield made
    made.desk.leave()
    made.window.hide()
    restore_look()


def test_that_the_network_waits_until_the_user_wants_it_anyway(person: Person) -> None:
    desk, banner = person.desk, person.banner
    assert banner.isVisible()
    assert banner.text.text() == (
        "This series is outside what ESPCN preview x4 was trained on: pixel size 1.5 mm (trained 0.2 to 0.5). "
        "Results may be wrong."
    )
    assert person.state is PaneState.HELD
    assert "was not trained for this series" in person.window.areas.pair.right.bar.label.text
    assert not desk.controller.computing
    picture = desk.controller.right_picture
    assert picture is not None and (picture.key, picture.smooth) == (None, True)
    QTest.mouseClick(banner.run, Qt.MouseButton.LeftButton)
    assert not banner.isVisible()
    desk.wait(lambda: person.state in READY, "the full network")
    # For the whole series, as long as it is open.
    desk.do(intents.scroll, 1)
    desk.wait(lambda: person.state in READY, "the next slice")
    desk.do(intents.choose_model, OTHER, 4)
    desk.do(intents.choose_model, MODEL, 4)
    assert not banner.isVisible()
    stack = desk.store.state.stack
    assert stack is not None
    desk.controller.close_stacks([stack])
    desk.controller.open_stack(stack)
    assert banner.isVisible()


def test_that_a_whole_series_is_enhanced_only_after_the_same_question(person: Person) -> None:
    desk = person.desk
    person.window.actions_["enhance_series"].trigger()
    assert desk.said("outside what the chosen model was trained on")
    jobs = len(desk.jobs)
    action = desk.notices[-1].action
    assert action is not None
    action()
    desk.wait(lambda: len(desk.jobs) > jobs, "the job")
    assert not person.banner.isVisible()


def test_that_another_model_can_be_chosen_and_runs(person: Person) -> None:
    QTest.mouseClick(person.banner.other, Qt.MouseButton.LeftButton)
    QApplication.processEvents()
    assert "model" in person.window.areas.panel.open_sections
    person.desk.do(intents.choose_model, OTHER, 4)
    assert not person.banner.isVisible()
    person.desk.wait_ready()


def test_that_the_banner_stands_over_the_pane_it_is_about(person: Person) -> None:
    person.desk.do(intents_compare.choose_source, "left", Source("model", MODEL, 4))
    person.desk.do(intents.choose_model, OTHER, 4)
    assert person.window.suitability.banners["left"].isVisible()
    assert not person.banner.isVisible()
    person.desk.do(intents.show_original, on=True)
    assert person.window.suitability.banners["left"].isVisible()


@pytest.mark.parametrize("person", [Trained(noise_percent=(30.0, 40.0))], indirect=True)
def test_that_how_a_slice_looks_is_measured_and_counts(person: Person) -> None:
    person.desk.wait(person.banner.isVisible, "the banner")
    assert "noise" in person.banner.text.text()


@pytest.mark.parametrize("person", [Trained(pixel_mm=(0.5, 5.0), matrix_px=(32.0, 512.0))], indirect=True)
def test_that_a_series_inside_the_training_is_left_in_peace(person: Person) -> None:
    person.desk.wait_ready()
    assert not person.banner.isVisible()
    assert person.desk.store.state.doubts == frozenset()


def test_that_nothing_of_the_banner_is_cut_off(person: Person) -> None:
    banner, view = person.banner, person.window.areas.pair.right.view
    for size in ((1280, 800), (1024, 640), (800, 600)):
        person.window.resize(*size)
        QApplication.processEvents()
        assert view.rect().contains(banner.geometry())
        for part in (banner.text, banner.run, banner.other):
            assert banner.rect().contains(part.geometry())
            assert part.height() >= min(part.sizeHint().height(), 24)
        assert banner.text.height() >= banner.text.heightForWidth(banner.text.width())
