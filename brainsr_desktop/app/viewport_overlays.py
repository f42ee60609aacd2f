"""What is written on top of a slice: letters, scale bar, corner text, cross cursor. Plain content first, then paint.

The content is worked out from the state by functions without a widget; the layer keeps its drawing until the content
changes, so that moving the mouse costs one bitmap.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QImage,
    QPainter,
    QPainterPath,
    QPen,
    QPixmap,
    QTransform,
)

from brainsr_desktop.app.theme import IMAGE, SMALLEST_TEXT_PT
from brainsr_desktop.app.view_field import SizePx
from brainsr_desktop.core.series import StackInfo, StudyInfo
from brainsr_desktop.language import mark, tr
from brainsr_desktop.session.pictures import Picture
from brainsr_desktop.session.state import ViewState, WindowLevel

BAR_LENGTHS_MM: Final = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0)
RARE_LENGTHS_MM: Final = (0.05, 0.1, 0.2, 0.5, 100.0, 200.0, 500.0)
"""Only where none of the usual lengths fits: a very small or a very large field."""
BAR_PX: Final = (60.0, 160.0)
SMALL_PANE_PX: Final = (300.0, 200.0)
"""Width and height below which a pane has room for the slice and the window alone, where text has 10 pt."""
_MARGIN_PX: Final = 10.0
_EDGE_PX: Final = 2
_SAMPLINGS: Final = {"nearest": mark("nearest"), "linear": mark("linear"), "cubic": mark("cubic")}
_TOLD: Final = ("TR", "TE", "TI", "b-value")
"""Header lines that are shown; none of them tells who the patient is."""


@dataclass(frozen=True, slots=True)
class Letters:
    """Letters at the four edges as seen on screen, main letter first; "?" where the file gives no orientation."""

    left: str
    right: str
    top: str
    bottom: str


@dataclass(frozen=True, slots=True)
class Corners:
    """Lines of text in the four corners."""

    top_left: tuple[str, ...] = ()
    top_right: tuple[str, ...] = ()
    bottom_left: tuple[str, ...] = ()
    bottom_right: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Content:
    """Everything written over one slice. ``bar`` is (length in mm, length in logical pixels)."""

    letters: Letters | None = None
    corners: Corners = Corners()
    bar: tuple[float, float] | None = None
    message: str = ""


def letters_on_screen(stack: StackInfo, flip_h: bool, flip_v: bool) -> Letters:
    """The edge letters after flips."""
    if not stack.has_position:
        return Letters("?", "?", "?", "?")
    edges = stack.geometry.edges
    left, right = ("right", "left") if flip_h else ("left", "right")
    top, bottom = ("bottom", "top") if flip_v else ("top", "bottom")
    return Letters(edges[left], edges[right], edges[top], edges[bottom])


def bar_of(px_per_mm: float) -> tuple[float, float] | None:
    """The longest round scale bar of 60 to 160 pixels: (mm, logical pixels)."""
    for lengths in (BAR_LENGTHS_MM, RARE_LENGTHS_MM):
        fitting = [length for length in lengths if BAR_PX[0] <= length * px_per_mm <= BAR_PX[1]]
        if fitting:
            return fitting[-1], fitting[-1] * px_per_mm
    return None


def position_text(stack: StackInfo, slice_index: int) -> str:
    """Where a slice's centre lies along its nearest axis, "z -31.5 mm"; empty without a position."""
    if not stack.has_position:
        return ""
    geometry = stack.geometry
    axis = ("sagittal", "coronal", "axial").index(geometry.plane)
    centre = geometry.position_at(slice_index, (geometry.rows - 1) / 2, (geometry.columns - 1) / 2)
    return f"{'xyz'[axis]} {_number(centre[axis], 1)} mm"


def is_small(size: SizePx, text_pt: float) -> bool:
    """Whether a pane of so many logical pixels has little room for text of that size."""
    growth = max(text_pt, SMALLEST_TEXT_PT) / SMALLEST_TEXT_PT
    return size[0] < SMALL_PANE_PX[0] * growth or size[1] < SMALL_PANE_PX[1] * growth


def corners_of(
    state: ViewState,
    study: StudyInfo | None,
    picture: Picture,
    window: WindowLevel,
    *,
    px_per_mm: float,
    interpolation: str,
    small: bool,
) -> Corners:
    """Corner text of a pane. A small pane, and "few", keep the slice number and the window."""
    stack = state.stack
    if stack is None or state.overlays == "none":
        return Corners()
    slice_line = tr("Slice {number} / {count}", number=state.slice_index + 1, count=stack.slices)
    if stack.reading:
        slice_line = tr("One picture, the series is being read")
    # A grey window does nothing to colour.
    grey = picture.pixels.ndim == 2
    window_line = tr("colour")
    if grey:
        window_line = tr("W {width}  L {level}", width=_short(window.width), level=_short(window.center))
    if picture.span is not None:
        unit = (stack.unit or tr("a.u.")) if picture.unit is None else picture.unit
        span = _short(picture.span)
        window_line = (
            tr("colours ± {span} {unit}", span=span, unit=unit)
            if picture.lowest is None
            else tr("colours {lowest} to {span} {unit}", lowest=_short(picture.lowest), span=span, unit=unit)
        ).rstrip()
    if small or state.overlays == "few":
        return Corners(bottom_left=(slice_line,), bottom_right=(window_line,))
    patient, right = _study_lines(state, study, stack)
    rows, columns = picture.pixels.shape[:2]
    row_mm, column_mm = picture.extent_mm[0] / rows, picture.extent_mm[1] / columns
    size = f"{_pixel(row_mm)} × {_pixel(column_mm)} mm" if stack.has_spacing else tr("pixel size unknown")
    return Corners(
        top_left=patient,
        top_right=right,
        bottom_left=_slice_lines(state, stack, slice_line),
        bottom_right=(
            f"{rows} × {columns}  {size}",
            f"{tr(_SAMPLINGS.get(interpolation, interpolation))}  {px_per_mm * max(row_mm, column_mm) * 100:.0f} %",
            window_line,
        ),
    )


def _study_lines(
    state: ViewState, study: StudyInfo | None, stack: StackInfo
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    series = (
        f"{stack.series_number}: {stack.description}"
        if stack.series_number is not None
        else stack.description
    )
    split = (stack.split_reason,) if stack.split_reason else ()
    if study is None:
        return (), _filled(series, *split)
    if state.hide_patient:
        return (tr("hidden"),), _filled(series, *split)
    identity = _filled(study.patient_name, study.patient_id, day(study.birth_date))
    return identity, _filled(study.institution, day(study.study_date), series, *split)


def _slice_lines(state: ViewState, stack: StackInfo, slice_line: str) -> tuple[str, ...]:
    label = stack.volume_labels[state.volume] if state.volume < len(stack.volume_labels) else ""
    thick = ""
    if stack.thickness_mm is not None:
        thick = tr("thickness {size} mm", size=_pixel(stack.thickness_mm))
    place = "  ".join(_filled(position_text(stack, state.slice_index), thick))
    told = [f"{name} {value}" for name, value in stack.header if name in _TOLD and value]
    return _filled("  ".join(told), label, place, slice_line)


def day(text: str) -> str:
    """A DICOM date (YYYYMMDD) as YYYY-MM-DD; anything else as it is."""
    return f"{text[:4]}-{text[4:6]}-{text[6:]}" if len(text) == 8 and text.isdigit() else text


class OverlayLayer:
    """Paints a content over a pane and keeps the drawing."""

    def __init__(self) -> None:
        self._kept: QPixmap | None = None
        self._key: tuple[object, ...] = ()

    def paint(self, painter: QPainter, size: QSizeF, font: QFont, content: Content) -> None:
        """Draw over a pane of ``size`` logical pixels."""
        ratio = painter.device().devicePixelRatioF()
        key = (content, size.width(), size.height(), font.key(), ratio)
        if self._kept is None or key != self._key:
            self._kept, self._key = _layer(size, font, content, ratio), key
        painter.drawPixmap(QPointF(0, 0), self._kept)


def paint_cross(painter: QPainter, at: QPointF) -> None:
    """The linked cursor: four short lines around an open middle, so that the pixel itself stays visible."""
    for colour, width in ((IMAGE.outline, 3.5), (IMAGE.cross, 1.5)):
        painter.setPen(QPen(QColor(colour), width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
        for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            painter.drawLine(at + QPointF(dx * 5, dy * 5), at + QPointF(dx * 14, dy * 14))


def paint_outline(painter: QPainter, path: QPainterPath, to_px: QTransform, colour: str = IMAGE.mask) -> None:
    """An edge, as thin at every zoom; ``to_px`` turns the path's mm into logical pixels."""
    on_screen = to_px.map(path)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for ink, width in ((IMAGE.outline, 3.5), (colour, 1.5)):
        painter.setPen(QPen(QColor(ink), width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.SquareCap))
        painter.drawPath(on_screen)


def paint_rubber(painter: QPainter, rect: QRectF) -> None:
    """The rectangle being drawn for a grey window."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for colour, width in ((IMAGE.outline, 3.0), (IMAGE.cross, 1.0)):
        painter.setPen(QPen(QColor(colour), width))
        painter.drawRect(rect)


def _layer(size: QSizeF, font: QFont, content: Content, ratio: float) -> QPixmap:
    layer = QPixmap(math.ceil(size.width() * ratio), math.ceil(size.height() * ratio))
    layer.setDevicePixelRatio(ratio)
    layer.fill(Qt.GlobalColor.transparent)
    painter = QPainter(layer)
    painter.setRenderHint(QPainter.RenderHint.TextAntialiasing)
    area = QRectF(0, 0, size.width(), size.height())
    painter.setFont(font)
    if content.message:
        _message(painter, area, content.message)
    if content.letters is not None:
        _letters(painter, area, font, content.letters)
    painter.setFont(font)
    below = _corners(painter, area.adjusted(_MARGIN_PX, 7, -_MARGIN_PX, -7), content.corners)
    if content.bar is not None:
        _bar(painter, area, content.bar, content.corners, below)
    painter.end()
    return layer


def outlined_text(painter: QPainter, at: QPointF, text: str, colour: str = IMAGE.text) -> None:
    """Text that can be read on every picture: with a dark edge. ``at``: where its baseline begins.

    What was drawn is kept as a small picture: at a step through the slices most of the text stays.
    """
    if text:
        font = painter.font()
        ratio = painter.device().devicePixelRatioF()
        image, ascent = _outlined(text, font.toString(), colour, ratio)
        painter.drawImage(QPointF(round(at.x()) - _EDGE_PX, round(at.y()) - ascent - _EDGE_PX), image)


@lru_cache(maxsize=512)
def _outlined(text: str, font_text: str, colour: str, ratio: float) -> tuple[QImage, int]:
    """A line of text with its edge, and the height of its baseline under its top, both without the margin."""
    font = QFont()
    font.fromString(font_text)
    metrics = QFontMetricsF(font)
    ascent, width = math.ceil(metrics.ascent()), math.ceil(metrics.horizontalAdvance(text))
    size = QSizeF(width + 2 * _EDGE_PX, ascent + math.ceil(metrics.descent()) + 2 * _EDGE_PX) * ratio
    image = QImage(
        math.ceil(size.width()), math.ceil(size.height()), QImage.Format.Format_ARGB32_Premultiplied
    )
    image.setDevicePixelRatio(ratio)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.TextAntialiasing)
    painter.setFont(font)
    start = QPointF(_EDGE_PX, _EDGE_PX + ascent)
    painter.setPen(QColor(IMAGE.outline))
    for dx, dy in ((-1, -1), (1, -1), (-1, 1), (1, 1)):
        painter.drawText(start + QPointF(dx, dy), text)
    painter.setPen(QColor(colour))
    painter.drawText(start, text)
    painter.end()
    return image, ascent


def _corners(painter: QPainter, area: QRectF, corners: Corners) -> float:
    """Paint the corners; the height of the taller one at the bottom."""
    metrics = QFontMetricsF(painter.font())
    # The letters of the orientation stand between left and right.
    room = min(area.width() * 0.47, area.width() / 2 - 0.8 * metrics.lineSpacing())
    tallest = 0.0
    for lines, right, bottom in (
        (corners.top_left, False, False),
        (corners.top_right, True, False),
        (corners.bottom_left, False, True),
        (corners.bottom_right, True, True),
    ):
        fitting = [part for line in lines for part in wrapped(line, metrics, room)]
        y = area.top() + metrics.ascent()
        if bottom:
            y = area.bottom() - metrics.descent() - (len(fitting) - 1) * metrics.lineSpacing()
            tallest = max(tallest, len(fitting) * metrics.lineSpacing())
        for text in fitting:
            x = area.right() - metrics.horizontalAdvance(text) if right else area.left()
            outlined_text(painter, QPointF(x, y), text)
            y += metrics.lineSpacing()
    return tallest


def wrapped(line: str, metrics: QFontMetricsF, room: float) -> list[str]:
    """A line broken where it is too long: between its parts (two spaces), then between words, then cut with "..."."""

    width = metrics.horizontalAdvance
    groups = packed(line.split("  "), "  ", width, room)
    words = [part for group in groups for part in packed(group.split(" "), " ", width, room)]
    return [metrics.elidedText(word, Qt.TextElideMode.ElideRight, room) for word in words]


def packed(parts: list[str], between: str, width: Callable[[str], float], room: float) -> list[str]:
    """Parts joined to as few lines as fit into the room; a part that does not fit has a line of its own."""
    lines = parts[:1]
    for part in parts[1:]:
        longer = f"{lines[-1]}{between}{part}"
        if width(longer) <= room:
            lines[-1] = longer
        else:
            lines.append(part)
    return lines


def _letters(painter: QPainter, area: QRectF, font: QFont, letters: Letters) -> None:
    large, small = QFont(font), QFont(font)
    large.setPointSizeF(font.pointSizeF() * 1.35)
    large.setBold(True)
    metrics, fine = QFontMetricsF(large), QFontMetricsF(small)
    middle = area.center()
    for text, side in (
        (letters.left, "left"),
        (letters.right, "right"),
        (letters.top, "top"),
        (letters.bottom, "bottom"),
    ):
        width = metrics.horizontalAdvance(text[:1]) + fine.horizontalAdvance(text[1:])
        x = {"left": area.left() + _MARGIN_PX, "right": area.right() - _MARGIN_PX - width}.get(
            side, middle.x() - width / 2
        )
        y = {
            "top": area.top() + 7 + metrics.ascent(),
            "bottom": area.bottom() - 7 - metrics.descent(),
        }.get(side, middle.y() + metrics.capHeight() / 2)
        painter.setFont(large)
        outlined_text(painter, QPointF(x, y), text[:1])
        painter.setFont(small)
        outlined_text(painter, QPointF(x + metrics.horizontalAdvance(text[:1]), y), text[1:])


def _bar(painter: QPainter, area: QRectF, bar: tuple[float, float], corners: Corners, below: float) -> None:
    length_mm, length_px = bar
    metrics = QFontMetricsF(painter.font())
    left, y = area.center().x() - length_px / 2, area.bottom() - 34
    right = left + length_px
    widest = max(map(metrics.horizontalAdvance, (*corners.bottom_left, *corners.bottom_right)), default=0.0)
    if widest + 2 * _MARGIN_PX > left:
        y = min(y, area.bottom() - 15 - below)
    for colour, width in ((IMAGE.outline, 4.0), (IMAGE.text, 2.0)):
        painter.setPen(QPen(QColor(colour), width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.SquareCap))
        painter.drawLine(QPointF(left, y), QPointF(right, y))
        for x in (left, right):
            painter.drawLine(QPointF(x, y - 4), QPointF(x, y))
    text = f"{length_mm:g} mm"
    outlined_text(painter, QPointF(area.center().x() - metrics.horizontalAdvance(text) / 2, y - 7), text)


def _message(painter: QPainter, area: QRectF, text: str) -> None:
    painter.setPen(QColor(IMAGE.dim_text))
    room = area.adjusted(30, 40, -30, -40)
    painter.drawText(room, int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap), text)


def _filled(*lines: str) -> tuple[str, ...]:
    return tuple(line for line in lines if line)


def _number(value: float, digits: int) -> str:
    text = f"{value:.{digits}f}"
    return text.removeprefix("-") if float(text) == 0 else text


def _pixel(value_mm: float) -> str:
    return f"{value_mm:.3g}" if value_mm < 10 else f"{value_mm:.1f}"


def _short(value: float) -> str:
    """Three or more digits, none after the point where the number is large."""
    return f"{value:.0f}" if abs(value) >= 100 or value == round(value) else f"{value:.3g}"
