"""The series browser: patient, study, series; a search field, a filter, and the line that leads to the problems."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import (
    QItemSelectionModel,
    QModelIndex,
    QPoint,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QContextMenuEvent, QResizeEvent, QStandardItem
from PySide6.QtWidgets import (
    QAbstractItemView,
    QBoxLayout,
    QLineEdit,
    QMenu,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from brainsr_desktop.app.panels.forms import narrow_list
from brainsr_desktop.app.series_arranger import Possible
from brainsr_desktop.app.series_card import Role, SeriesCardDelegate
from brainsr_desktop.app.series_items import SeriesItems
from brainsr_desktop.app.series_menu import SeriesDeeds, patient_menu, series_menu
from brainsr_desktop.app.series_tree import SeriesFilter, SeriesTree
from brainsr_desktop.core.errors import Problem
from brainsr_desktop.core.series import SeriesInfo, StackInfo, StudyInfo
from brainsr_desktop.language import mark, tr, trn
from brainsr_desktop.session.pictures import SliceState

FILTERS: Final[Mapping[str, str]] = {
    "all": mark("All series"),
    "suitable": mark("Brain MR only"),
    "no_localizer": mark("Hide localizers"),
    "no_derived": mark("Hide derived"),
}


class SeriesBrowser(QWidget):
    """Left area of the window."""

    opened = Signal(object)  # StackInfo
    enhance_asked = Signal(object)  # tuple[StackInfo, ...]
    export_asked = Signal(object)  # tuple[StackInfo, ...]
    details_asked = Signal(object)  # StackInfo
    folder_asked = Signal(object)  # StackInfo: show it in the system's file manager
    split_asked = Signal(
        object, str
    )  # StackInfo, field (see session.arranging), "": the parts that were found
    merge_asked = Signal(object)  # StackInfo
    close_asked = Signal()
    close_patient_asked = Signal(object)  # tuple[StackInfo, ...]: all of the patient
    problems_asked = Signal()
    thumbnail_wanted = Signal(object)  # StackInfo

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.possible_for: Callable[[StackInfo], Possible] = lambda _stack: Possible()
        """What the context menu offers for split and merge."""
        self._asked: set[str] = set()
        self._items = SeriesItems(self)
        self._items.study_began.connect(self._unfold)
        self._filter = SeriesFilter(self)
        self._filter.setSourceModel(self._items)
        self._filter.sort(0)
        self._deeds = SeriesDeeds(
            open=self.opened.emit,
            enhance=self.enhance_asked.emit,
            export=self.export_asked.emit,
            details=self.details_asked.emit,
            show_folder=self.folder_asked.emit,
            split=self.split_asked.emit,
            merge=self.merge_asked.emit,
            close_patient=self.close_patient,
            close_all=self.close_asked.emit,
        )
        self._build()
        self._visible_soon = QTimer(self)
        self._visible_soon.setSingleShot(True)
        self._visible_soon.setInterval(0)
        self._visible_soon.timeout.connect(self._ask_for_thumbnails)
        self._watch_visible_cards()

    def _build(self) -> None:
        self.search = QLineEdit(self)
        self.search.setPlaceholderText(tr("Search series"))
        self.search.setClearButtonEnabled(True)
        self.search.setAccessibleName(tr("Search series by description, number, patient or date"))
        self.search.setToolTip(tr("Search series by description, number, patient or date"))
        self.kind = narrow_list()
        self.kind.setAccessibleName(tr("Filter series"))
        self.kind.setToolTip(tr("Filter series"))
        for key, text in FILTERS.items():
            self.kind.addItem(tr(text), key)
        self.tree = SeriesTree(self)
        self.tree.setAccessibleName(tr("Series"))
        self.tree.setModel(self._filter)
        self.tree.setItemDelegate(SeriesCardDelegate(self.tree))
        self.tree.setHeaderHidden(True)
        self.tree.setIndentation(6)
        self.tree.setRootIsDecorated(False)
        self.tree.setUniformRowHeights(False)
        self.tree.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.tree.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.tree.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.tree.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.tree.setDragEnabled(True)
        self.tree.setMouseTracking(True)
        self.tree.setExpandsOnDoubleClick(False)
        self.tree.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.problems = QPushButton(self)
        self.problems.setFlat(True)
        self.problems.setObjectName("problems")
        self.problems.hide()
        top = self._top = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        top.setContentsMargins(6, 6, 6, 0)
        top.addWidget(self.search, 5)
        top.addWidget(self.kind, 4)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(top)
        layout.addWidget(self.tree, 1)
        layout.addWidget(self.problems)
        self.search.textChanged.connect(self._look)
        self.kind.currentIndexChanged.connect(self._look)
        self.tree.opened.connect(self.opened)
        self.tree.doubleClicked.connect(self._on_double_click)
        self.tree.clicked.connect(self._on_click)
        self.problems.clicked.connect(self.problems_asked)

    # --- what is there

    def add(self, series: SeriesInfo) -> None:
        """Show a series as soon as it is known; one that is known already is renewed."""
        self._items.add(series)
        self._visible_soon.start()

    def remove(self, stacks: Iterable[StackInfo]) -> None:
        """Take series away, and studies and patients that have none left."""
        gone = tuple(stacks)
        self._items.remove(gone)
        self._asked -= {stack.id for stack in gone}
        self._visible_soon.start()

    def replace(self, gone: Iterable[StackInfo], series: SeriesInfo) -> None:
        """Show a series in other parts than before; its study stays as it is folded."""
        # The new ones first, so that study and patient stay.
        self.add(series)
        there = {stack.id for stack in series.stacks}
        self.remove(stack for stack in gone if stack.id not in there)

    def hand_over(self, gone: StackInfo, stacks: Sequence[StackInfo]) -> None:
        """Take a stack away whose series is listed by now; that is selected in its place if it was."""
        old = self._index_of(gone)
        chosen = self.tree.selectionModel()
        if old.isValid() and chosen.isSelected(old):
            new = [self._index_of(stack) for stack in stacks]
            if self.tree.currentIndex() == old:
                chosen.setCurrentIndex(new[0], QItemSelectionModel.SelectionFlag.NoUpdate)
            for index in new:
                chosen.select(index, QItemSelectionModel.SelectionFlag.Select)
        self.remove((gone,))

    def _index_of(self, stack: StackInfo) -> QModelIndex:
        line = self._items.line(stack.id)
        return QModelIndex() if line is None else self._filter.mapFromSource(line.index())

    def clear(self) -> None:
        """Forget everything."""
        self._items.forget_all()
        self._asked.clear()
        self.set_problems(0)

    def stack(self, stack_id: str) -> StackInfo | None:
        """The stack with this id."""
        return self._items.stack(stack_id)

    def study_of(self, stack: StackInfo) -> StudyInfo | None:
        """Patient and study of a stack."""
        return self._items.study_of(stack)

    def stacks(self) -> tuple[StackInfo, ...]:
        """All series that are shown, in the order of the tree."""
        return tuple(self._walk(QModelIndex()))

    def selected(self) -> tuple[StackInfo, ...]:
        """The selected series."""
        found = (index.data(Role.STACK) for index in self.tree.selectionModel().selectedIndexes())
        return tuple(stack for stack in found if stack is not None)

    def close_patient(self, stack: StackInfo) -> None:
        """Ask to close every series of a stack's patient."""
        self.close_patient_asked.emit(self._items.of_patient(stack))

    def neighbour(self, stack: StackInfo | None, step: int) -> StackInfo | None:
        """The series `step` places after this one; None at the ends."""
        shown_stacks = self.stacks()
        ids = [other.id for other in shown_stacks]
        if stack is None or stack.id not in ids:
            return shown_stacks[0] if shown_stacks else None
        place = ids.index(stack.id) + step
        return shown_stacks[place] if 0 <= place < len(ids) else None

    # --- what changes

    def set_open(self, stack: StackInfo | None) -> None:
        """Mark the series that is shown in the panes."""
        self._items.set_open(stack)
        index = QModelIndex() if stack is None else self._index_of(stack)
        if index.isValid():
            self.tree.setCurrentIndex(index)
            self.tree.scrollTo(index)

    def set_slice_states(self, stack: StackInfo, states: Mapping[int, SliceState]) -> None:
        """Badge of a series: enhanced in part or all of it."""
        self._items.set_slice_states(stack, states)

    def set_degraded(self, stack: StackInfo | None) -> None:
        """Badge of the series that test mode shows worse than it is; None: there is none."""
        self._items.set_degraded(stack)

    def set_thumbnail(self, stack_id: str, pixels: NDArray[np.uint8]) -> None:
        """Show a small picture, (rows, columns) grey or (rows, columns, 3) colour, uint8."""
        self._items.set_thumbnail(stack_id, pixels)

    def set_others(self, problems: Sequence[Problem]) -> None:
        """List what is DICOM but no image."""
        self._items.set_others(problems)

    def set_hidden(self, hidden: bool) -> None:
        """Show or hide who the patient is."""
        self._items.set_hidden(hidden)

    def set_problems(self, count: int) -> None:
        """The last line."""
        self.problems.setVisible(count > 0)
        words = trn("{count} problem", "{count} problems", count)
        self.problems.setText(f"!  {words}")
        self.problems.setAccessibleName(tr("{problems}, show the list", problems=words))
        self.problems.setToolTip(tr("Show the list of problems"))

    # --- what the user does

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Qt calls it; where there is no room for both, the filter stands below the search field."""
        super().resizeEvent(event)
        needed = self.fontMetrics().horizontalAdvance(self.search.placeholderText()) + 60
        side_by_side = event.size().width() * 5 / 9 - 12 >= needed
        directions = QBoxLayout.Direction
        self._top.setDirection(directions.LeftToRight if side_by_side else directions.TopToBottom)

    def _unfold(self, study: QStandardItem) -> None:
        """Show the first series of a study; later ones leave it as the user wants it."""
        for item in (study.parent(), study):
            self.tree.expand(self._filter.mapFromSource(item.index()))

    def _look(self) -> None:
        self._filter.look_for(self.search.text(), self.kind.currentData())
        self.tree.expandAll()
        self._visible_soon.start()

    def _on_double_click(self, index: QModelIndex) -> None:
        stack = index.data(Role.STACK)
        if stack is not None:
            self.opened.emit(stack)

    def _on_click(self, index: QModelIndex) -> None:
        if index.data(Role.STACK) is None:
            self.tree.setExpanded(index, not self.tree.isExpanded(index))

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Qt calls it, for the mouse and for the menu key."""
        by_key = event.reason() == QContextMenuEvent.Reason.Keyboard
        area = self.tree.visualRect(self.tree.currentIndex())
        place = area.center() if by_key else self.tree.viewport().mapFromGlobal(event.globalPos())
        menu = self.menu_at(self.tree.indexAt(place))
        if menu is not None:
            menu.popup(self.tree.viewport().mapToGlobal(place + QPoint(1, 1)))
            event.accept()

    def menu_at(self, index: QModelIndex) -> QMenu | None:
        """The context menu of a line of the tree: of a series, or of the patient it belongs to."""
        stack = index.data(Role.STACK)
        if stack is not None:
            return self.menu_for(stack)
        first = next(iter(self._walk(index)), None) if index.isValid() else None
        return None if first is None else patient_menu(self, self._deeds, first)

    def menu_for(self, stack: StackInfo) -> QMenu:
        """The context menu of one series."""
        chosen = self.selected()
        several = chosen if stack in chosen else (stack,)
        return series_menu(self, self._deeds, stack, several, self.possible_for(stack))

    # --- thumbnails

    def _watch_visible_cards(self) -> None:
        self.tree.verticalScrollBar().valueChanged.connect(lambda _: self._visible_soon.start())
        self.tree.verticalScrollBar().rangeChanged.connect(lambda _low, _high: self._visible_soon.start())
        self.tree.expanded.connect(lambda _: self._visible_soon.start())

    def _ask_for_thumbnails(self) -> None:
        """Ask for the pictures of the cards in view, from the top; the others when they come into view."""
        area = self.tree.viewport().rect()
        index = self.tree.indexAt(area.topLeft())
        while index.isValid() and self.tree.visualRect(index).top() <= area.bottom():
            stack = index.data(Role.STACK)
            if stack is not None and not stack.reading and stack.id not in self._asked:
                self._asked.add(stack.id)
                self.thumbnail_wanted.emit(stack)
            index = self.tree.indexBelow(index)

    def _walk(self, parent: QModelIndex) -> Iterator[StackInfo]:
        for row in range(self._filter.rowCount(parent)):
            index = self._filter.index(row, 0, parent)
            stack = index.data(Role.STACK)
            if stack is not None:
                yield stack
            yield from self._walk(index)
