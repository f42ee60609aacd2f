"""What lies under the cursor, in both panes: values, difference, place, row and column."""

from __future__ import annotations

import math

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QStatusBar, QWidget

from brainsr_desktop.app.store import Store
from brainsr_desktop.app.view_field import PointMm
from brainsr_desktop.app.viewport_pair import ViewportPair
from brainsr_desktop.language import mark, tr
from brainsr_desktop.session.pictures import Picture, value_at
from brainsr_desktop.session.state import ViewState, WindowLevel

NOTHING = mark("L -  |  R -")


def readout(
    state: ViewState, left: Picture | None, right: Picture | None, window: WindowLevel, at: PointMm | None
) -> str:
    """The line of the status bar for a place (x, y) of the slice's plane in mm; "-" for what is not there.

    Values are in units after rescale; row and column are those of the original, counted from 0.
    """
    stack = state.stack
    if stack is None or at is None:
        return tr(NOTHING)
    digits = _digits(window)
    parts = [
        tr(words, value=_told(picture, at, digits, stack.unit or tr("a.u.")))
        for words, picture in ((mark("L {value}"), left), (mark("R {value}"), right))
    ]
    if left is not None and right is not None:
        first, second = value_at(left, *at), value_at(right, *at)
        if first is not None and second is not None and math.isfinite(second - first):
            percent = 100.0 * (second - first) / window.width
            difference, percent_text = _number(second - first, digits), _number(percent, 1)
            parts.append(
                tr("diff {difference} ({percent} % of window)", difference=difference, percent=percent_text)
            )
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
    pixel = tr("row {row} col {column}", row=whole[0], column=whole[1])
    if not stack.has_position:
        return [pixel]
    x, y, z = geometry.position_at(state.slice_index, row, column)
    return [tr("x {x:.1f} y {y:.1f} z {z:.1f} mm", x=x, y=y, z=z), pixel]


def _told(picture: Picture | None, at: PointMm, digits: int, unit: str) -> str:
    if picture is None:
        return "-"
    value = value_at(picture, *at)
    if value is None:
        return _colour(picture, at)
    return f"{_number(value, digits)} {unit}" if math.isfinite(value) else tr("not a number")


def _colour(picture: Picture, at: PointMm) -> str:
    rows, columns = picture.pixels.shape[:2]
    row = math.floor(at[1] / picture.extent_mm[0] * rows)
    column = math.floor(at[0] / picture.extent_mm[1] * columns)
    if picture.pixels.ndim != 3 or not (0 <= row < rows and 0 <= column < columns):
        return "-"
    values = " ".join(str(part) for part in picture.pixels[row, column].tolist())
    return tr("rgb {values}", values=values)


def _digits(window: WindowLevel) -> int:
    """Digits after the point that tell a hundredth of the window apart; one number for all values of a line."""
    return min(max(math.ceil(2 - math.log10(max(window.width, 1e-12))), 0), 12)


def _number(value: float, digits: int) -> str:
    text = f"{value:.{digits}f}"
    return text.removeprefix("-") if float(text) == 0 else text


class StatusReadout(QLabel):
    """The line in the status bar; follows mouse, slices and pictures."""

    def __init__(self, store: Store, pair: ViewportPair, parent: QWidget | None = None) -> None:
        super().__init__(tr(NOTHING), parent)
        self._store, self._pair = store, pair
        self.setAccessibleName(tr("Values under the cursor"))
        self.setToolTip(tr("L original, R enhanced. Rows and columns of the original, counted from 0"))
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setContentsMargins(6, 0, 0, 0)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        for signal in (pair.cursor_moved, pair.pictures_changed, store.changed):
            signal.connect(self._draw)

    def minimumSizeHint(self) -> QSize:
        """Qt asks for it: a long line must not widen the window."""
        return QSize(80, super().minimumSizeHint().height())

    def showEvent(self, event: QShowEvent) -> None:
        """Qt calls it, also when the bar lays itself out anew while a message hides this line."""
        super().showEvent(event)
        QTimer.singleShot(0, self, self._give_way)

    def _give_way(self) -> None:
        bar = self.parentWidget()
        if isinstance(bar, QStatusBar) and bar.currentMessage():
            self.hide()
            # Else the bar would not bring it back after the message.
            self.setAttribute(Qt.WidgetAttribute.WA_WState_ExplicitShowHide, on=False)

    def _draw(self, *_told: object) -> None:
        pair = self._pair
        self.setText(
            readout(self._store.state, pair.left_picture, pair.right_picture, pair.grey, pair.cursor_mm)
        )
