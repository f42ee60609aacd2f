"""What is written over a slice."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtGui import QFont, QFontMetricsF
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from brainsr_desktop.app.viewport import Viewport
from brainsr_desktop.app.viewport_overlays import (
    Corners,
    Letters,
    bar_of,
    corners_of,
    day,
    is_small,
    letters_on_screen,
    position_text,
    wrapped,
)
from brainsr_desktop.core.geometry import Geometry
from brainsr_desktop.session import intents
from brainsr_desktop.session.state import RectMm
from tests.app.frame_kit import make_rig, series_of
from tests.app.viewing import (
    FULL,
    ORIGINAL,
    PLANES,
    STUDY,
    WINDOW,
    drawn,
    make_stack,
    make_state,
    picture_of,
    show_pair,
)

EDGES = {"axial": ("R", "L", "A", "P"), "coronal": ("R", "L", "H", "F"), "sagittal": ("A", "P", "H", "F")}


@pytest.mark.parametrize("plane", PLANES)
def test_that_letters_follow_the_flips(plane: str) -> None:
    stack = make_stack(plane=plane)
    left, right, top, bottom = EDGES[plane]
    assert letters_on_screen(stack, False, False) == Letters(left, right, top, bottom)
    assert letters_on_screen(stack, True, False) == Letters(right, left, top, bottom)
    assert letters_on_screen(stack, False, True) == Letters(left, right, bottom, top)
    assert letters_on_screen(stack, True, True) == Letters(right, left, bottom, top)


def test_that_an_oblique_slice_has_two_letters() -> None:
    turned = np.deg2rad(30.0)
    geometry = Geometry(
        8,
        8,
        (1.0, 1.0),
        (float(np.cos(turned)), 0.0, float(np.sin(turned))),
        (0.0, 1.0, 0.0),
        ((0.0, 0.0, 0.0),),
    )
    assert letters_on_screen(make_stack(geometry=geometry, frames=(None,)), False, False).right == "LH"


def test_that_an_unknown_orientation_is_never_guessed() -> None:
    letters = letters_on_screen(make_stack(has_position=False), True, False)
    assert letters == Letters("?", "?", "?", "?")


@given(st.floats(0.7, 1500.0))
def test_that_the_scale_bar_is_round_and_between_60_and_160_pixels(px_per_mm: float) -> None:
    bar = bar_of(px_per_mm)
    assert bar is not None
    length_mm, length_px = bar
    assert length_px == pytest.approx(length_mm * px_per_mm)
    assert 60.0 <= length_px <= 160.0
    assert f"{length_mm:.1e}"[0] in "125"


def corners(**changes: Any) -> Corners:
    stack_changes = changes.pop("stack", {})
    options = {"px_per_mm": 3.0, "interpolation": "nearest", "small": False, **changes.pop("options", {})}
    stack = make_stack(
        160,
        160,
        (1.4, 1.4),
        thickness_mm=5.0,
        header=(
            ("TR", "1900 ms"),
            ("TE", "2.98 ms"),
            ("Institution", "SECRET"),
            ("Protocol", "SECRET"),
            ("Study date", "SECRET"),
        ),
        **stack_changes,
    )
    state = make_state(stack, slice_index=11, overlays="all", **changes)
    picture = picture_of(stack, np.zeros((640, 640), np.float32))
    return corners_of(state, STUDY, picture, WINDOW, **options)


def test_that_the_corners_tell_patient_study_slice_and_window() -> None:
    found = corners()
    assert found.top_left == ("Muster^Anna", "P-4711", "1960-01-02")
    assert found.top_right == ("General Hospital", "2024-03-05", "4: t1_mprage")
    assert found.bottom_left == (
        "TR 1900 ms  TE 2.98 ms",
        "b-value 0",
        "z 55.0 mm  thickness 5 mm",
        "Slice 12 / 24",
    )
    assert found.bottom_right == ("640 × 640  0.35 × 0.35 mm", "nearest  105 %", "W 1000  L 500")


def test_that_no_patient_data_are_left_when_they_are_hidden() -> None:
    shown = corners(hide_patient=True)
    text = "\n".join((*shown.top_left, *shown.top_right, *shown.bottom_left, *shown.bottom_right))
    for private in ("Muster", "4711", "1960", "2024", "General", "SECRET"):
        assert private not in text
    assert shown.top_left == ("hidden",)
    assert "t1_mprage" in text


@pytest.mark.parametrize("how", [{"overlays": "few"}, {"options": {"small": True}}])
def test_that_few_overlays_and_small_panes_keep_slice_and_window(how: dict[str, Any]) -> None:
    if "overlays" in how:
        state = make_state(overlays="few", slice_index=11)
        picture = picture_of(make_stack(), np.zeros((4, 4), np.int16))
        found = corners_of(state, STUDY, picture, WINDOW, px_per_mm=1.0, interpolation="nearest", small=False)
    else:
        found = corners(**how)
    assert found == Corners(bottom_left=("Slice 12 / 24",), bottom_right=("W 1000  L 500",))


@pytest.mark.parametrize(
    ("size", "text_pt", "small"),
    [
        ((300.0, 400.0), 10.0, False),
        ((299.0, 400.0), 10.0, True),
        ((599.0, 800.0), 20.0, True),
        ((600.0, 400.0), 20.0, False),
        ((900.0, 199.0), 10.0, True),
        ((300.0, 200.0), 8.0, False),
    ],
)
def test_that_a_pane_is_small_by_the_size_of_its_text(
    size: tuple[float, float], text_pt: float, small: bool
) -> None:
    assert is_small(size, text_pt) is small


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("percent", [100, 200])
def test_that_large_text_leaves_slice_and_window_in_a_small_window(
    qtbot: QtBot, tmp_path: Path, theme: str, percent: int
) -> None:
    for rig in make_rig(qtbot, tmp_path):
        rig.window.resize(1024, 640)
        rig.window.preferences.update("general", theme=theme, text_percent=percent)
        shown = make_stack(160, 128, (1.4, 1.4), thickness_mm=5.0, header=(("TR", "1900 ms"),))
        rig.open(series_of(shown))
        rig.store.apply(lambda state: intents.set_overlays(state, "all"))
        rig.controller.left_changed.emit(picture_of(shown, np.zeros((160, 128), np.int16)), ORIGINAL)
        view = rig.window.areas.pair.left.view
        qtbot.waitUntil(partial(_is_brief, view, percent == 200))
        found = view.content.corners
        assert found.bottom_left[-1].startswith("Slice ") and found.bottom_right[-1].startswith("W ")
        assert (view.content.bar is None) == (percent == 200)


def _is_brief(view: Viewport, wanted: bool) -> bool:
    """Whether there is text, and no more than the slice and the window, or more."""
    lines = _line_count(view.content.corners)
    return lines == 2 if wanted else lines > 7


def _line_count(corners: Corners) -> int:
    return sum(map(len, (corners.top_left, corners.top_right, corners.bottom_left, corners.bottom_right)))


def test_that_colour_has_no_window() -> None:
    picture = picture_of(make_stack(), np.zeros((4, 4, 3), np.uint8))
    found = corners_of(
        make_state(overlays="few"),
        STUDY,
        picture,
        WINDOW,
        px_per_mm=1.0,
        interpolation="nearest",
        small=False,
    )
    assert found.bottom_right == ("colour",)


def test_that_unknown_sizes_and_places_are_not_invented() -> None:
    found = corners(stack={"has_position": False, "has_spacing": False})
    text = "\n".join((*found.bottom_left, *found.bottom_right))
    assert "pixel size unknown" in text
    assert "z " not in text


@pytest.mark.parametrize(
    ("room", "lines"),
    [
        (40.0, ["TR 1900 ms  TE 3 ms  long-word"]),
        (20.0, ["TR 1900 ms  TE 3 ms", "long-word"]),
        (12.0, ["TR 1900 ms", "TE 3 ms", "long-word"]),
        (9.0, ["TR 1900", "ms", "TE 3 ms", "long-word"]),
    ],
)
def test_that_long_lines_break_between_parts_then_between_words(
    qapp: QApplication, room: float, lines: list[str]
) -> None:
    font = QFont("DejaVu Sans Mono")
    font.setStyleHint(QFont.StyleHint.Monospace)
    metrics = QFontMetricsF(font)
    found = wrapped("TR 1900 ms  TE 3 ms  long-word", metrics, (room + 0.5) * metrics.horizontalAdvance("m"))
    assert found == lines


@pytest.mark.parametrize(
    ("plane", "text"), [("axial", "z 10.0 mm"), ("coronal", "y 10.0 mm"), ("sagittal", "x -10.0 mm")]
)
def test_that_the_position_is_that_of_the_nearest_axis(plane: str, text: str) -> None:
    assert position_text(make_stack(plane=plane), 2) == text


def test_that_a_date_is_written_with_dashes() -> None:
    assert (day("20240305"), day("2024"), day("")) == ("2024-03-05", "2024", "")


def test_that_overlays_are_drawn_over_the_picture_in_all_and_few_and_not_in_none(qtbot: QtBot) -> None:
    stack = make_stack()
    pair, store = show_pair(qtbot, make_state(stack, overlays="all"))
    pair.set_study(STUDY)
    black = picture_of(stack, np.zeros((40, 32), np.int16))
    pair.set_left(black, ORIGINAL)
    pair.set_right(black, FULL)
    light = []
    for _ in range(3):
        light.append(np.count_nonzero(drawn(pair.right.view)))
        assert pair.right.bar.label.text == FULL.text
        assert pair.right.strip.text() == "AI-enhanced - research use only, not for diagnosis"
        assert pair.right.bar.isVisible()
        assert pair.right.strip.isVisible()
        store.apply(intents.next_overlays)
    assert light[0] > light[1] > light[2] == 0


def test_that_a_letter_moves_to_the_other_side_when_flipped(qtbot: QtBot) -> None:
    stack = make_stack()
    pair, store = show_pair(qtbot, make_state(stack, overlays="all"))
    pair.set_left(picture_of(stack, np.zeros((40, 32), np.int16)), ORIGINAL)
    view = pair.left.view
    before = middle_row(view)
    store.apply(intents.flip_h)
    after = middle_row(view)
    edge = 40 * before.shape[1] // round(view.size_px[0])
    assert not np.array_equal(before[:, :edge], after[:, :edge])
    # R and L have swapped: the letter R, wherever it stands, has as many bright pixels.
    assert np.count_nonzero(before[:, :edge]) == pytest.approx(np.count_nonzero(after[:, -edge:]), rel=0.15)


def middle_row(view: Viewport) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """The part of a pane between the upper and the lower third."""
    seen = drawn(view)
    return seen[len(seen) // 3 : 2 * len(seen) // 3]


@pytest.mark.parametrize("has_spacing", [True, False])
def test_that_there_is_a_scale_bar_only_where_the_spacing_is_known(qtbot: QtBot, has_spacing: bool) -> None:
    stack = make_stack(has_spacing=has_spacing)
    pair, store = show_pair(qtbot, make_state(stack, overlays="all"))
    pair.set_left(picture_of(stack, np.zeros((40, 32), np.int16)), ORIGINAL)
    store.apply(lambda state: replace(state, rect_mm=RectMm(0, 0, 32, 32)))
    bar = pair.left.view._content.bar
    assert bar == ((10.0, 10.0 * (1.0 / pair.field.mm_per_px)) if has_spacing else None)
