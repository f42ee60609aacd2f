"""What lies under the cursor, in both panes: values, difference, place, row and column."""

from __future__ import annotations

import math

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from brainsr_desktop.app.slice_pixels import value_at
from brainsr_desktop.app.store import Store
from brainsr_desktop.app.view_field import PointMm
from brainsr_desktop.app.viewport_pair import ViewportPair
from brainsr_desktop.session.pictures import Picture
from brainsr_desktop.session.state import ViewState, WindowLevel

NOTHING = "L -  |  R -"


def readout(
    state: ViewState, left: Picture | None, right: Picture | None, window: WindowLevel, at: PointMm | None
) -> str:
    """The line of the status bar for a place (x, y) of the slice's plane in mm; "-" for what is not there.

    Values are in units after rescale; row and column are those of the original, counted from 0.
    """
    stack = state.stack
    if stack is None or at is None:
        return NOTHING
    values = [None if picture is None else value_at(picture, *at) for picture in (left, right)]
    unit = stack.unit or "a.u."
    parts = [f"{name} {_told(value, unit)}" for name, value in zip("LR", values, strict=True)]
    first, second = values
    if isinstance(first, float) and isinstance(second, float) and math.isfinite(second - first):
        change = second - first
        percent = 100.0 * change / window.width if window.width > 0 else 0.0
        parts.append(f"diff {_number(change)} ({_signed(percent)} % of window)")
    return "  |  ".join([*parts, *_place(state, at)])


def _place(state: ViewState, at: PointMm) -> list[str]:
    stack = state.stack
    if stack is None:
        return []
    geometry = stack.geometry
    row, column = at[1] / geometry.spacing_mm[0] - 0.5, at[0] / geometry.spacing_mm[1] - 0.5
    whole = math.floor(row + 0.5), math.floor(column + 0.5)
    if not (0 <= whole[0] < geometry.rows and 0 <= whole[1] < geometry.columns):
        return []
    pixel = f"row {whole[0]} col {whole[1]}"
    if not stack.has_position:
        return [pixel]
    x, y, z = geometry.position_at(state.slice_index, row, column)
    return [f"x {x:.1f} y {y:.1f} z {z:.1f} mm", pixel]


def _told(value: float | tuple[int, ...] | None, unit: str) -> str:
    if value is None:
        return "-"
    if isinstance(value, tuple):
        return "rgb " + " ".join(str(part) for part in value)
    return f"{_number(value)} {unit}" if math.isfinite(value) else "not a number"


def _number(value: float) -> str:
    """Whole numbers as they are, others with four digits or one after the point."""
    if value == round(value) and abs(value) < 1e9:
        return f"{round(value)}"
    return f"{value:.1f}" if abs(value) >= 1000 else f"{value:.4g}"


def _signed(percent: float) -> str:
    text = f"{percent:.1f}"
    return "0.0" if text == "-0.0" else text


class StatusReadout(QLabel):
    """The line in the status bar; follows mouse, slices and pictures."""

    def __init__(self, store: Store, pair: ViewportPair, parent: QWidget | None = None) -> None:
        super().__init__(NOTHING, parent)
        self._store, self._pair = store, pair
        self.setAccessibleName("Values under the cursor")
        self.setToolTip("L original, R enhanced. Rows and columns of the original, counted from 0")
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        for signal in (pair.cursor_moved, pair.pictures_changed, store.changed):
            signal.connect(self._draw)

    def minimumSizeHint(self) -> QSize:
        """Qt asks for it: a long line must not widen the window."""
        return QSize(80, super().minimumSizeHint().height())

    def _draw(self, *_told: object) -> None:
        pair = self._pair
        self.setText(
            readout(self._store.state, pair.left_picture, pair.right_picture, pair.grey, pair.cursor_mm)
        )
