"""The tree of the series browser: its filter, its rows, its order; and small pictures for its cards."""

from __future__ import annotations

import re
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import (
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QSortFilterProxyModel,
    Qt,
    Signal,
)
from PySide6.QtGui import QImage, QKeyEvent, QPainter, QPalette, QPixmap, QResizeEvent
from PySide6.QtWidgets import QStyleOptionViewItem, QTreeView, QWidget

from brainsr_desktop.app.series_card import THUMBNAIL_PX, Role
from brainsr_desktop.core.series import StackInfo

STACK_MIME: Final = "application/x-brainsr-stack"
AnyIndex = QModelIndex | QPersistentModelIndex


class SeriesFilter(QSortFilterProxyModel):
    """Shows what matches search and filter; patients and studies stay where one of their series does."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._words: list[str] = []
        self._kind = "all"
        self.setRecursiveFilteringEnabled(True)
        self.setSortRole(Role.SORT)

    def look_for(self, text: str, kind: str) -> None:
        self.beginFilterChange()
        self._words = text.casefold().split()
        self._kind = kind
        self.endFilterChange()

    def filterAcceptsRow(self, row: int, parent: AnyIndex) -> bool:
        index = self.sourceModel().index(row, 0, parent)
        stack = index.data(Role.STACK)
        if not isinstance(stack, StackInfo):
            if index.data(Role.OTHER) is None:
                return False
            other = str(index.data(Role.SEARCH)).casefold()
            return self._kind == "all" and all(word in other for word in self._words)
        text = str(index.data(Role.SEARCH)).casefold()
        return _passes(stack, self._kind) and all(word in text for word in self._words)

    def lessThan(self, left: AnyIndex, right: AnyIndex) -> bool:
        return bool(left.data(Role.SORT) < right.data(Role.SORT))


def _passes(stack: StackInfo, kind: str) -> bool:
    words = " ".join((*stack.badges, stack.split_reason)).lower()
    return {
        "suitable": stack.supported and stack.of_head,
        "no_localizer": "localizer" not in words,
        "no_derived": "derived" not in words,
    }.get(kind, True)


class SeriesTree(QTreeView):
    """The tree itself. Enter and double click open a series, the context menu offers the rest."""

    opened = Signal(object)  # StackInfo

    def drawBranches(self, _painter: QPainter, _rect: QRect, _index: AnyIndex) -> None:
        """Qt calls it; headings draw their own arrow."""

    def drawRow(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        """Qt calls it; a row draws no highlight of its own, its card does."""
        option.palette.setColor(QPalette.ColorRole.Highlight, Qt.GlobalColor.transparent)
        super().drawRow(painter, option, index)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Qt calls it; narrow cards are higher."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.scheduleDelayedItemsLayout()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        stack = self.currentIndex().data(Role.STACK)
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and stack is not None:
            self.opened.emit(stack)
            return
        super().keyPressEvent(event)


def pixmap_of(pixels: NDArray[np.uint8]) -> QPixmap:
    """A pixmap of (rows, columns) or (rows, columns, 3) uint8, at most `THUMBNAIL_PX` a side."""
    block = np.ascontiguousarray(pixels)
    rows, columns = block.shape[:2]
    kind = QImage.Format.Format_Grayscale8 if block.ndim == 2 else QImage.Format.Format_RGB888
    image = QImage(block.data, columns, rows, block.strides[0], kind).copy()
    if max(rows, columns) > THUMBNAIL_PX:
        image = image.scaled(
            THUMBNAIL_PX,
            THUMBNAIL_PX,
            Qt.AspectRatioMode.KeepAspectRatio,
            Qt.TransformationMode.SmoothTransformation,
        )
    return QPixmap.fromImage(image)


def stack_order(stack: StackInfo, made_s: float | None = None) -> tuple[object, ...]:
    """Series number, time of the series, UID; then the parts as they were found. What is not known comes last."""
    number = float("inf") if stack.series_number is None else float(stack.series_number)
    made = float("inf") if made_s is None else made_s
    return number, made, stack.series_uid, natural(stack.id), stack.id


def natural(name: str) -> tuple[int, ...]:
    """The numbers of an id: "2:10.1" comes after "2:9+"."""
    return tuple(int(part) for part in re.findall(r"\d+", name))


def newest_first(date: str) -> int:
    digits = date.replace("-", "")
    return -int(digits) if digits.isdigit() else 0
