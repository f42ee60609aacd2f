"""The short tour: five hints beside the real controls, skipped at any time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from brainsr_desktop import paths
from brainsr_desktop.app.tour import beside
from tests.app.frame_kit import Rig, make_rig, scanned

AREA = QRect(0, 0, 1280, 800)


@pytest.fixture
def rig(qtbot: QtBot, tmp_path: Path, project: Path) -> Iterator[Rig]:
    for made in make_rig(qtbot, tmp_path):
        made.controller.folders[str(paths.sample_dir())] = scanned(project / "resources" / "sample")
        yield made


def test_that_the_tour_opens_the_sample_and_goes_round(rig: Rig) -> None:
    rig.window.areas.empty.tour.click()
    tour = rig.window.tour
    assert rig.store.state.stack is not None
    titles = []
    while tour.isVisible():
        titles.append(tour.title.text())
        assert tour.count.text() == f"{len(titles)} of 5"
        assert tour.mark.isVisible()
        assert rig.window.rect().contains(tour.geometry())
        QTest.mouseClick(tour.next, Qt.MouseButton.LeftButton)
    assert len(titles) == len(set(titles)) == 5
    assert not tour.mark.isVisible()


def test_that_the_mark_lies_around_its_control(rig: Rig) -> None:
    rig.window.areas.empty.tour.click()
    slider = rig.window.areas.slider
    around = QRect(slider.mapTo(rig.window, QPoint(0, 0)), slider.size())
    assert rig.window.tour.mark.geometry().contains(around)


def test_that_each_hint_can_be_skipped_and_the_tour_called_again(rig: Rig) -> None:
    rig.window.areas.empty.tour.click()
    rig.window.tour.next.click()
    rig.window.tour.skip.click()
    assert not rig.window.tour.isVisible()
    rig.window.actions_["tour"].trigger()
    assert rig.window.tour.isVisible() and rig.window.tour.place == 0
    QTest.keyClick(rig.window.tour, Qt.Key.Key_Escape)
    assert not rig.window.tour.isVisible()


def test_that_the_bubble_follows_the_window(rig: Rig) -> None:
    rig.window.areas.empty.tour.click()
    rig.window.resize(1000, 640)
    assert rig.window.rect().contains(rig.window.tour.geometry())


def test_that_the_controls_work_during_the_tour(rig: Rig) -> None:
    rig.window.areas.empty.tour.click()
    before = rig.store.state.slice_index
    rig.focus_images()
    rig.key(Qt.Key.Key_Down)
    assert rig.store.state.slice_index == before + 1


@given(
    st.integers(0, 1200), st.integers(0, 760), st.integers(1, 1280), st.integers(1, 800), st.integers(60, 300)
)
def test_that_a_bubble_is_always_inside(x: int, y: int, width: int, height: int, bubble: int) -> None:
    target = QRect(x, y, width, height)
    place = QRect(beside(target, 320, bubble, AREA), QSize(320, bubble))
    assert AREA.contains(place)
