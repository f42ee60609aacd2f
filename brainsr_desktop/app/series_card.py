"""One card of the series browser: thumbnail, description, facts, badges."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Literal

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QGuiApplication, QPainter, QPalette, QPen, QPixmap
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from brainsr_desktop.app.plain_text import plural, shown
from brainsr_desktop.app.theme import colours_of
from brainsr_desktop.core.series import StackInfo

THUMBNAIL_PX: Final = 96
MARGIN_PX: Final = 8
LINES: Final = 6
"""Two of the title, three of facts, one of badges."""
PLANE_LETTERS: Final = {"axial": "AX", "coronal": "COR", "sagittal": "SAG"}
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
    return shown(number + (stack.description or "Series without description"))


def facts(stack: StackInfo) -> str:
    """`20 slices, 256 x 256, 0.86 x 0.86 x 7 mm, AX`; rows before columns, no breaks inside a part."""
    geometry = stack.geometry
    parts = [plural(stack.slices, "slice")]
    if stack.volumes > 1:
        parts[0] += f" x {plural(stack.volumes, 'volume')}"
    parts.append(f"{geometry.rows} x {geometry.columns}")
    if stack.has_spacing:
        step = geometry.step_mm or stack.thickness_mm
        sizes = [*geometry.spacing_mm, *([step] if step else [])]
        parts.append(" x ".join(f"{size:.3g}" for size in sizes) + " mm")
    if stack.has_position:
        parts.append(PLANE_LETTERS[geometry.plane])
    return ", ".join(part.replace(" ", "\u00a0") for part in parts)


def badges(stack: StackInfo, enhanced: Enhanced) -> tuple[Badge, ...]:
    """The badges of a card, most important first."""
    found: list[Badge] = []
    if enhanced:
        found.append(Badge("enhanced" if enhanced == "all" else "part enhanced", "good"))
    if stack.problems:
        found.append(Badge(plural(len(stack.problems), "problem"), "warn"))
    if stack.why_not:
        found.append(Badge("view only"))
    found += [Badge(shown(text, 24)) for text in stack.badges]
    return tuple(found)


def spoken(stack: StackInfo, enhanced: Enhanced) -> str:
    """The card as one sentence for screen readers and the tool tip."""
    parts = [title(stack), facts(stack), shown(stack.split_reason), shown(stack.order_note)]
    parts.append(f"viewing only: {shown(stack.why_not)}" if stack.why_not else "")
    parts += [badge.text for badge in badges(stack, enhanced) if badge.text != "view only"]
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
        _paint_words(painter, words, option.font, palette, stack, enhanced)


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
    painter: QPainter, area: QRect, font: QFont, palette: QPalette, stack: StackInfo, enhanced: Enhanced
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
    room = 2 if stack.split_reason else 3
    top = _paint_block(painter, font, quiet, QRect(area.left(), top, area.width(), room * line), facts(stack))
    if stack.split_reason:
        _paint_block(
            painter, font, quiet, QRect(area.left(), top, area.width(), line), shown(stack.split_reason)
        )
    _paint_badges(painter, area, font, badges(stack, enhanced))


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
    for badge in found:
        width = metrics.horizontalAdvance(badge.words) + 12
        if left + width > area.right() + 1:
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
        painter.drawText(place, Qt.AlignmentFlag.AlignCenter, badge.words)
        left += width + 4
