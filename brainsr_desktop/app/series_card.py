"""One card of the series browser: thumbnail, description, facts, badges."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Final, Literal

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QGuiApplication, QPainter, QPalette, QPen, QPixmap
from PySide6.QtWidgets import (
    QAbstractScrollArea,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from brainsr_desktop.app.plain_text import shown
from brainsr_desktop.app.series_words import badge_words, reason_words
from brainsr_desktop.app.theme import Colours, colours_of
from brainsr_desktop.core.series import StackInfo
from brainsr_desktop.language import mark, tr, trn

THUMBNAIL_PX: Final = 96
MARGIN_PX: Final = 8
INDENT_PX: Final = 12
"""A card stands two levels deep."""
LEAST_LETTERS: Final = 10
"""With less room than that beside the thumbnail the words stand below it."""
MOST_LINES: Final = (4, 6, 4, 4)
"""Of title, facts, notes and badges: more only narrow browsers with large text would need."""
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
    if stack.reading:
        return trn(
            "{count} file so far, headers are being read",
            "{count} files so far, headers are being read",
            stack.reading,
        )
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
        found.append(Badge(tr("enhanced") if enhanced == "all" else tr("partly"), "good"))
    if stack.problems:
        found.append(Badge(trn("{count} problem", "{count} problems", len(stack.problems)), "warn"))
    if stack.reading:
        found.append(Badge(tr("being read")))
    elif stack.why_not:
        found.append(Badge(tr("view only")))
    found += [Badge(shown(badge_words(text), 24)) for text in stack.badges]
    return tuple(found)


def viewing_only(stack: StackInfo) -> str:
    """Why it cannot be enhanced, as a sentence's part; empty where it can."""
    if not stack.why_not or stack.reading:
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
        stack, found = _told(index)
        parent = self.parent()
        assert isinstance(parent, QAbstractScrollArea)
        laid = layout_of(stack, found, option.font, parent.viewport().width() - INDENT_PX)
        return QSize(THUMBNAIL_PX * 2, laid.height + 2 * MARGIN_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if isinstance(index.data(Role.STACK), StackInfo):
            self._paint_card(painter, option, index)
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

    def _paint_card(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
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
        laid = layout_of(*_told(index), option.font, option.rect.width())
        apart = THUMBNAIL_PX + MARGIN_PX
        words = inner.adjusted(0, apart, 0, 0) if laid.words_below else inner.adjusted(apart, 0, 0, 0)
        _paint_words(painter, words, option.font, palette, laid)
        _paint_badges(painter, inner if laid.badges_below else words, option.font, laid)


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


@dataclass(frozen=True, slots=True)
class CardLayout:
    """The words of a card broken into lines; ``height`` of all but its margins, in logical pixels.

    ``words_below``, ``badges_below``: there is too little room for them beside the thumbnail.
    """

    title: tuple[str, ...]
    facts: tuple[str, ...]
    notes: tuple[str, ...]
    badges: tuple[tuple[Badge, ...], ...]
    left_over: int
    words_below: bool
    badges_below: bool
    height: int


def layout_of(stack: StackInfo, found: tuple[Badge, ...], font: QFont, card_px: int) -> CardLayout:
    """Where the words of a card so wide break."""
    bold = QFont(font)
    bold.setBold(True)
    metrics = QFontMetrics(font)
    whole = max(card_px - 6 - 2 * MARGIN_PX, 1)
    beside = whole - MARGIN_PX - THUMBNAIL_PX
    words_below = beside < LEAST_LETTERS * metrics.averageCharWidth()
    width = whole if words_below else beside
    rows, left_over = _badge_rows(found, metrics, width)
    badges_below = words_below or left_over > 0 or any(_badge_px(badge, metrics) > beside for badge in found)
    if badges_below:
        rows, left_over = _badge_rows(found, metrics, whole)
    texts = ((title(stack), QFontMetrics(bold)), (facts(stack), metrics), (notes(stack), metrics))
    blocks = [
        tuple(wrapped(text, measure, width, most))
        for (text, measure), most in zip(texts, MOST_LINES, strict=False)
    ]
    lines_px = sum(len(block) for block in blocks) * metrics.lineSpacing() + 3
    rows_px = len(rows) * (metrics.height() + 4)
    if words_below:
        height = THUMBNAIL_PX + MARGIN_PX + lines_px + rows_px
    elif badges_below:
        height = max(THUMBNAIL_PX + MARGIN_PX // 2, lines_px) + rows_px
    else:
        height = max(THUMBNAIL_PX, lines_px + rows_px)
    return CardLayout(blocks[0], blocks[1], blocks[2], rows, left_over, words_below, badges_below, height)


def _badge_rows(
    found: tuple[Badge, ...], metrics: QFontMetrics, width: int
) -> tuple[tuple[tuple[Badge, ...], ...], int]:
    rows: list[list[Badge]] = []
    left = 0
    for number, badge in enumerate(found):
        wide = _badge_px(badge, metrics)
        if not rows or left + wide > width:
            if len(rows) == MOST_LINES[3]:
                return tuple(map(tuple, rows)), len(found) - number
            rows.append([])
            left = 0
        rows[-1].append(badge)
        left += wide + 4
    return tuple(map(tuple, rows)), 0


def _badge_px(badge: Badge, metrics: QFontMetrics) -> int:
    return metrics.horizontalAdvance(badge.words) + 12


def _told(index: AnyIndex) -> tuple[StackInfo, tuple[Badge, ...]]:
    stack: StackInfo = index.data(Role.STACK)
    enhanced: Enhanced = index.data(Role.ENHANCED) or ""
    return stack, badges(stack, enhanced, degraded=bool(index.data(Role.DEGRADED)))


def _paint_words(painter: QPainter, area: QRect, font: QFont, palette: QPalette, laid: CardLayout) -> None:
    bold = QFont(font)
    bold.setBold(True)
    text_colour = palette.color(QPalette.ColorRole.Text)
    quiet = QColor(text_colour)
    quiet.setAlpha(190)
    top = area.top()
    for lines, face, colour in (
        (laid.title, bold, text_colour),
        (laid.facts, font, quiet),
        (laid.notes, font, quiet),
    ):
        top = _paint_block(painter, face, colour, QRect(area.left(), top, area.width(), 0), lines)


def _paint_block(painter: QPainter, font: QFont, colour: QColor, area: QRect, lines: tuple[str, ...]) -> int:
    """Lines from the top of ``area``; returns the y where the next block begins."""
    line = QFontMetrics(font).lineSpacing()
    painter.setFont(font)
    painter.setPen(colour)
    for number, words in enumerate(lines):
        place = QRect(area.left(), area.top() + number * line, area.width(), line)
        painter.drawText(place, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, words)
    return area.top() + len(lines) * line + 1


def wrapped(text: str, metrics: QFontMetrics, width: int, most: int) -> list[str]:
    """Break at spaces, at hard ones where a part alone is too wide; the last line is elided where the text goes on."""
    lines: list[str] = []
    parts = [part for part in text.split(" ") if part]
    words = [
        word
        for part in parts
        for word in (part.split("\u00a0") if metrics.horizontalAdvance(part) > width else (part,))
    ]
    while words and len(lines) < most:
        count = len(words)
        while count > 1 and metrics.horizontalAdvance(" ".join(words[:count])) > width:
            count -= 1
        if len(lines) == most - 1:
            count = len(words)
        lines.append(metrics.elidedText(" ".join(words[:count]), Qt.TextElideMode.ElideRight, width + 1))
        words = words[count:]
    return lines


def _paint_badges(painter: QPainter, area: QRect, font: QFont, laid: CardLayout) -> None:
    metrics = QFontMetrics(font)
    row_height = metrics.height() + 4
    theme = colours_of(QGuiApplication.palette())
    painter.setFont(font)
    top = area.bottom() + 1 - len(laid.badges) * row_height
    for number, row in enumerate(laid.badges):
        left = area.left()
        rest = f"+{laid.left_over}" if laid.left_over and number == len(laid.badges) - 1 else ""
        for badge in row:
            room = area.right() + 1 - left - (metrics.horizontalAdvance(rest) + 4 if rest else 0)
            width = min(_badge_px(badge, metrics), max(room, 24))
            _paint_badge(painter, QRectF(left, top, width, metrics.height() + 2), badge, metrics, theme)
            left += width + 4
        painter.setPen(QColor(theme.text))
        place = QRectF(left, top, max(area.right() + 1 - left, 0), metrics.height() + 2)
        painter.drawText(place, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, rest)
        top += row_height


def _paint_badge(
    painter: QPainter, place: QRectF, badge: Badge, metrics: QFontMetrics, theme: Colours
) -> None:
    fill, ink = {
        "good": (QColor(31, 122, 61), QColor(255, 255, 255)),
        "warn": (QColor(148, 84, 0), QColor(255, 255, 255)),
        "plain": (QColor(theme.button), QColor(theme.text)),
    }[badge.kind]
    painter.setPen(QColor(theme.line) if badge.kind == "plain" else Qt.PenStyle.NoPen)
    painter.setBrush(fill)
    painter.drawRoundedRect(place, place.height() / 2, place.height() / 2)
    painter.setPen(ink)
    words = metrics.elidedText(badge.words, Qt.TextElideMode.ElideRight, round(place.width()) - 11)
    painter.drawText(place, Qt.AlignmentFlag.AlignCenter, words)
