"""The outline of a mask: in both panes on the same structure, at every zoom and flip; off when it is not wanted."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPointF
from pytestqt.qtbot import QtBot

from brainsr_desktop.app.mask_outlines import path_of
from brainsr_desktop.app.viewport import Viewport
from brainsr_desktop.app.viewport_pair import ViewportPair
from brainsr_desktop.core.series import StackInfo
from brainsr_desktop.session import intents
from tests.app.frame_kit import Rig, series_of, stack
from tests.app.viewing import (
    FULL,
    ORIGINAL,
    drawn,
    frame_of,
    make_stack,
    make_state,
    outlined,
    picture_of,
    show_pair,
)

BOX = np.array([[10, 4, 10, 12], [22, 4, 22, 12], [10, 4, 22, 4], [10, 12, 22, 12]], np.int32)
"""Around rows 10 to 21, columns 4 to 11."""


def box_in(view: Viewport, mm: tuple[float, float]) -> tuple[float, float, float, float]:
    """Where the box lies, from the view's own map of mm; ``mm``: row and column spacing."""
    one, two = (QPointF(column * mm[1], row * mm[0]) for row, column in ((10, 4), (22, 12)))
    a, b = view.to_px((one.x(), one.y())), view.to_px((two.x(), two.y()))
    xs, ys = sorted((a.x(), b.x())), sorted((a.y(), b.y()))
    return xs[0], ys[0], xs[1], ys[1]


def pair_with_mask(qtbot: QtBot, spacing: tuple[float, float]) -> tuple[ViewportPair, StackInfo]:
    head = make_stack(spacing_mm=spacing, has_masks=True)
    pair, _ = show_pair(qtbot, make_state(head, overlays="few"))
    pixels = np.zeros((40, 32), np.int16)
    pixels[10:22, 4:12] = 1000
    pair.set_left(picture_of(head, pixels), ORIGINAL)
    pair.set_right(picture_of(head, np.kron(pixels, np.ones((4, 4))).astype(np.float32)), FULL)
    pair.set_outline(head, 0, path_of(head, BOX))
    return pair, head


@pytest.mark.parametrize("spacing", [(1.0, 1.0), (0.5, 1.0)])
@pytest.mark.parametrize("flipped", ["", "h", "v"])
@pytest.mark.parametrize("zoom", [1.0, 1.25])
def test_that_the_outline_lies_on_the_same_structure_in_both_panes(
    qtbot: QtBot, spacing: tuple[float, float], flipped: str, zoom: float
) -> None:
    pair, _ = pair_with_mask(qtbot, spacing)
    if flipped:
        flip = intents.flip_h if flipped == "h" else intents.flip_v
        pair._store.apply(flip)
    pair.zoom_by(zoom)
    for view in (pair.left.view, pair.right.view):
        for found, expected in zip(frame_of(view), box_in(view, spacing), strict=True):
            assert abs(found - expected) <= 1.75  # half a line, and the rounding of its edge


def test_that_the_outline_encloses_the_bright_pixels_themselves(qtbot: QtBot) -> None:
    pair, _ = pair_with_mask(qtbot, (1.0, 1.0))
    for view in (pair.left.view, pair.right.view):
        left, top, right, bottom = (round(edge * view.devicePixelRatioF()) for edge in frame_of(view))
        bright = drawn(view).min(axis=-1) > 200
        assert bright[top + 4 : bottom - 4, left + 4 : right - 4].all()
        around = bright[top - 12 : bottom + 12, left - 12 : right + 12].copy()
        around[10:-10, 10:-10] = False
        assert not around.any()


def test_that_the_outline_can_be_switched_off_and_goes_with_the_text(qtbot: QtBot) -> None:
    pair, _ = pair_with_mask(qtbot, (1.0, 1.0))
    for intent, shown in (
        (lambda s: intents.show_masks(s, on=False), False),
        (lambda s: intents.show_masks(s, on=True), True),
        (lambda s: intents.set_overlays(s, "none"), False),
        (lambda s: intents.set_overlays(s, "all"), True),
    ):
        pair._store.apply(intent)
        assert outlined(pair.left.view).any() == shown and outlined(pair.right.view).any() == shown


def test_that_the_outline_of_another_slice_is_never_drawn(qtbot: QtBot) -> None:
    pair, head = pair_with_mask(qtbot, (1.0, 1.0))
    pair._store.apply(lambda state: intents.go_to(state, 3))
    pair.set_left(picture_of(head, np.zeros((40, 32), np.int16)), ORIGINAL)
    assert not outlined(pair.left.view).any()


def test_that_a_mask_is_asked_for_once_and_only_where_files_have_one(rig: Rig) -> None:
    plain, masked = stack(1), stack(2, has_masks=True)
    rig.controller.series_found.emit(series_of(plain, masked))
    action = rig.window.actions_["masks"]

    def asked() -> list[tuple[object, ...]]:
        return [entry for entry in rig.controller.asked if entry[0] == "mask"]

    rig.store.apply(lambda state: intents.open_stack(state, plain))
    assert not action.isEnabled() and asked() == []
    rig.store.apply(lambda state: intents.open_stack(state, masked))
    index = rig.store.state.frame_index
    assert action.isEnabled() and action.isChecked() and asked() == [("mask", "2", index)]
    rig.store.apply(intents.invert)
    assert len(asked()) == 1
    rig.controller.mask_ready.emit(masked, index, BOX)
    rig.store.apply(intents.flip_h)
    assert len(asked()) == 1
    rig.store.apply(lambda state: intents.scroll(state, 1))
    assert asked()[1:] == [("mask", "2", index + 1)]
    action.trigger()
    assert not rig.store.state.show_masks
    rig.store.apply(lambda state: intents.scroll(state, 1))
    assert len(asked()) == 2
