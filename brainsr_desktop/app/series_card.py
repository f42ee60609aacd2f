"""One card of the series browser: thumbnail, description, facts, badges."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Final, Literal

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QGuiApplication, QPainter, QPalette, QPen, QPixmap
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from brainsr_desktop.app.plain_text import shown
from brainsr_desktop.app.series_words import badge_words, reason_words
from brainsr_desktop.app.theme import colours_of
from brainsr_desktop.core.series import StackInfo
from brainsr_desktop.language import mark, tr, trn

THUMBNAIL_PX: Final = 96
MARGIN_PX: Final = 8
LINES: Final = 6
"""Two of the title, three of facts, one of badges."""
PLANE_LETTERS: Final = {"axial": mark("AX"), "coronal": mark("COR"), "sagittal": mark("SAG")}
AnyIndex = QModelIndex | QPersistentModelIndex
Enhanced = Literal["", "part", "all"]


class Role(IntEnum):
    """What an item of the browser carries."""

    STACK = Qt.ItemDataRole.UserRole + 1
    THUMBNAIL = Qt.ItemDataRole.UserRole + 2
    ENHANCED = Qt.ItemDataRole.UserRole + 3
    IS_OPEN = Qt.ItemDataRole.UserRole + 4
    SORT = Qt.ItemDataRole.UserRole + 5
    SEARCH = Qt.ItemDataRole.UserRole + 6
    STUDY = Qt.ItemDataRole.UserRole + 7
    DEGRADED = Qt.ItemDataRole.UserRole + 8
    OTHER = Qt.ItemDataRole.UserRole + 9


@dataclass(frozen=True, slots=True)
class Badge:
    """A small word on a card; ``kind`` chooses colour and sign, so that colour alone never tells."""

    text: str
    kind: Literal["good", "plain", "warn"] = "plain"

    @property
    def words(self) -> str:
        """Text with its sign."""
        return {"good": "✓ ", "plain": "", "warn": "! "}[self.kind] + self.text


def title(stack: StackInfo) -> str:
    """Number and description."""
    number = f"{stack.series_number}  " if stack.series_number is not None else ""
    return shown(number + (stack.description or tr("Series without description")))


def facts(stack: StackInfo) -> str:
    """`20 slices, 256 x 256, 0.86 x 0.86 x 7 mm, AX`; rows before columns, no breaks inside a part."""
    geometry = stack.geometry
    slices = trn("{count} slice", "{count} slices", stack.slices)
    if stack.volumes > 1:
        volumes = trn("{count} volume", "{count} volumes", stack.volumes)
        slices = tr("{slices} x {volumes}", slices=slices, volumes=volumes)
    parts = [slices]
    parts.append(f"{geometry.rows} x {geometry.columns}")
    if stack.has_spacing:
        step = geometry.step_mm or stack.thickness_mm
        sizes = [*geometry.spacing_mm, *([step] if step else [])]
        parts.append(tr("{sizes} mm", sizes=" x ".join(f"{size:.3g}" for size in sizes)))
    if stack.has_position:
        parts.append(tr(PLANE_LETTERS[geometry.plane]))
    return ", ".join(part.replace(" ", "\u00a0") for part in parts)


def notes(stack: StackInfo) -> str:
    """Why it stands apart from its series, and by what its slices are ordered where that is no position."""
    return ", ".join(shown(note) for note in (reason_words(stack.split_reason), stack.order_note) if note)


def badges(stack: StackInfo, enhanced: Enhanced, *, degraded: bool = False) -> tuple[Badge, ...]:
    """The badges of a card, most important first. ``degraded``: test mode shows it worse than it is."""
    found: list[Badge] = []
    if degraded:
        found.append(Badge(tr("degraded"), "warn"))
    if enhanced:
        found.append(Badge(tr("enhanced") if enhanced == "all" else tr("part enhanced"), "good"))
    if stack.problems:
        found.append(Badge(trn("{count} problem", "{count} problems", len(stack.problems)), "warn"))
    if stack.why_not:
        found.append(Badge(tr("view only")))
    found += [Badge(shown(badge_words(text), 24)) for text in stack.badges]
    return tuple(found)


def viewing_only(stack: StackInfo) -> str:
    """Why it cannot be enhanced, as a sentence's part; empty where it can."""
    if not stack.why_not:
        return ""
    return tr("viewing only: {reason}", reason=shown(reason_words(stack.why_not)))


def spoken(stack: StackInfo, enhanced: Enhanced, *, degraded: bool = False) -> str:
    """The card as one sentence for screen readers and the tool tip."""
    found = badges(replace(stack, why_not=None), enhanced, degraded=degraded)
    parts = [title(stack), facts(stack), notes(stack), viewing_only(stack), *(badge.text for badge in found)]
    return ", ".join(part for part in parts if part).replace("\u00a0", " ")


class SeriesCardDelegate(QStyledItemDelegate):
    """Draws cards; headings of patients and studies are drawn as ever."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)

    def sizeHint(self, option: QStyleOptionViewItem, index: AnyIndex) -> QSize:
        if index.data(Role.STACK) is None:
            size = super().sizeHint(option, index)
            return QSize(size.width(), max(size.height(), QFontMetrics(option.font).height() + 8))
        lines = QFontMetrics(option.font).lineSpacing() * LINES
        return QSize(THUMBNAIL_PX * 2, max(THUMBNAIL_PX, lines) + 2 * MARGIN_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        stack = index.data(Role.STACK)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if isinstance(stack, StackInfo):
            self._paint_card(painter, option, index, stack)
        else:
            self._paint_heading(painter, option, index)
        painter.restore()

    def _paint_heading(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        palette, area = option.palette, QRect(option.rect)
        ink = palette.color(QPalette.ColorRole.Text)
        middle = QPointF(area.left() + 9, area.center().y() + 0.5)
        down = bool(option.state & QStyle.StateFlag.State_Open)
        points = ((-4, -2), (0, 2.5), (4, -2)) if down else ((-2, -4), (2.5, 0), (-2, 4))
        painter.setPen(QPen(ink, 1.6))
        if index.model().hasChildren(index):
            painter.drawPolyline([middle + QPointF(*point) for point in points])
        font = QFont(option.font)
        font.setBold(not index.parent().isValid())
        painter.setFont(font)
        words = area.adjusted(20, 0, -4, 0)
        text = QFontMetrics(font).elidedText(str(index.data()), Qt.TextElideMode.ElideRight, words.width())
        painter.drawText(words, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)
        if option.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(accent_colour())
            painter.drawRoundedRect(QRectF(area).adjusted(1.5, 1.5, -1.5, -1.5), 4, 4)

    def _paint_card(
        self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex, stack: StackInfo
    ) -> None:
        palette: QPalette = option.palette
        state = option.state
        area = QRect(option.rect).adjusted(2, 2, -4, -2)
        selected = bool(state & QStyle.StateFlag.State_Selected)
        hovered = bool(state & QStyle.StateFlag.State_MouseOver)
        accent = accent_colour()
        fill = QColor(accent)
        fill.setAlpha(70 if selected else 28 if hovered else 0)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(fill)
        painter.drawRoundedRect(area, 6, 6)
        if index.data(Role.IS_OPEN):
            painter.setBrush(accent)
            painter.drawRoundedRect(QRect(area.left(), area.top() + 8, 3, area.height() - 16), 1.5, 1.5)
        if state & QStyle.StateFlag.State_HasFocus:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(accent)
            painter.drawRoundedRect(QRectF(area).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        inner = area.adjusted(MARGIN_PX, MARGIN_PX - 2, -MARGIN_PX, -MARGIN_PX + 2)
        picture = QRect(inner.left(), inner.top(), THUMBNAIL_PX, THUMBNAIL_PX)
        _paint_thumbnail(painter, picture, index.data(Role.THUMBNAIL))
        words = inner.adjusted(THUMBNAIL_PX + MARGIN_PX, 0, 0, 0)
        enhanced: Enhanced = index.data(Role.ENHANCED) or ""
        found = badges(stack, enhanced, degraded=bool(index.data(Role.DEGRADED)))
        _paint_words(painter, words, option.font, palette, stack, found)


def accent_colour() -> QColor:
    """The theme's accent; the tree's own palette has none, so that rows draw no highlight."""
    return QGuiApplication.palette().color(QPalette.ColorRole.Highlight)


def _paint_thumbnail(painter: QPainter, area: QRect, pixmap: object) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(0, 0, 0))
    painter.drawRoundedRect(area, 4, 4)
    if not isinstance(pixmap, QPixmap) or pixmap.isNull():
        return
    size = pixmap.size().scaled(area.size(), Qt.AspectRatioMode.KeepAspectRatio)
    place = QRect(area.topLeft(), size)
    place.moveCenter(area.center())
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.drawPixmap(place, pixmap)


def _paint_words(
    painter: QPainter,
    area: QRect,
    font: QFont,
    palette: QPalette,
    stack: StackInfo,
    found: tuple[Badge, ...],
) -> None:
    bold = QFont(font)
    bold.setBold(True)
    metrics = QFontMetrics(font)
    line = metrics.lineSpacing()
    text_colour = palette.color(QPalette.ColorRole.Text)
    quiet = QColor(text_colour)
    quiet.setAlpha(190)
    top = area.top()
    top = _paint_block(
        painter, bold, text_colour, QRect(area.left(), top, area.width(), 2 * line), title(stack)
    )
    told = notes(stack)
    room = 2 if told else 3
    top = _paint_block(painter, font, quiet, QRect(area.left(), top, area.width(), room * line), facts(stack))
    if told:
        _paint_block(painter, font, quiet, QRect(area.left(), top, area.width(), line), told)
    _paint_badges(painter, area, font, found)


def _paint_block(painter: QPainter, font: QFont, colour: QColor, area: QRect, text: str) -> int:
    """Words wrapped into at most the lines that `area` holds; returns the y where the next block begins."""
    metrics = QFontMetrics(font)
    lines = wrapped(text, metrics, area.width(), max(area.height() // metrics.lineSpacing(), 1))
    painter.setFont(font)
    painter.setPen(colour)
    for number, words in enumerate(lines):
        place = QRect(
            area.left(), area.top() + number * metrics.lineSpacing(), area.width(), metrics.lineSpacing()
        )
        painter.drawText(place, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, words)
    return area.top() + len(lines) * metrics.lineSpacing() + 1


def wrapped(text: str, metrics: QFontMetrics, width: int, most: int) -> list[str]:
    """Break at spaces; the last line is elided where the text goes on."""
    lines: list[str] = []
    words = [word for word in text.split(" ") if word]
    while words and len(lines) < most:
        count = len(words)
        while count > 1 and metrics.horizontalAdvance(" ".join(words[:count])) > width:
            count -= 1
        if len(lines) == most - 1:
            count = len(words)
        lines.append(metrics.elidedText(" ".join(words[:count]), Qt.TextElideMode.ElideRight, width + 1))
        words = words[count:]
    return lines


def _paint_badges(painter: QPainter, area: QRect, font: QFont, found: tuple[Badge, ...]) -> None:
    metrics = QFontMetrics(font)
    height = metrics.height() + 2
    left, top = area.left(), area.bottom() - height + 1
    theme = colours_of(QGuiApplication.palette())
    for number, badge in enumerate(found):
        width = metrics.horizontalAdvance(badge.words) + 12
        left_over = f"+{len(found) - number}"
        room = metrics.horizontalAdvance(left_over) + 4 if number < len(found) - 1 else 0
        if number == 0:  # the most important one is always told, as far as there is room
            width = min(width, max(area.right() + 1 - left - room, 24))
        if left + width + room > area.right() + 1:
            painter.setPen(QColor(theme.text))
            painter.setFont(font)
            rest = QRectF(left, top, area.right() + 1 - left, height)
            painter.drawText(rest, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, left_over)
            break
        place = QRectF(left, top, width, height)
        colours = {
            "good": (QColor(31, 122, 61), QColor(255, 255, 255)),
            "warn": (QColor(148, 84, 0), QColor(255, 255, 255)),
            "plain": (QColor(theme.button), QColor(theme.text)),
        }
        fill, ink = colours[badge.kind]
        painter.setPen(QColor(theme.line) if badge.kind == "plain" else Qt.PenStyle.NoPen)
        painter.setBrush(fill)
        painter.drawRoundedRect(place, height / 2, height / 2)
        painter.setPen(ink)
        painter.setFont(font)
        words = metrics.elidedText(badge.words, Qt.TextElideMode.ElideRight, round(width) - 11)
        painter.drawText(place, Qt.AlignmentFlag.AlignCenter, words)
        left += width + 4
