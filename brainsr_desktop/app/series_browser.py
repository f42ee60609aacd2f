"""The series browser: patient, study, series; a search field, a filter, and the line that leads to the problems."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import (
    QModelIndex,
    QPoint,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import (
    QAction,
    QContextMenuEvent,
    QStandardItem,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from brainsr_desktop.app.panels.forms import narrow_list
from brainsr_desktop.app.plain_text import HIDDEN, day, person, plural, shown, tool_tip
from brainsr_desktop.app.series_card import (
    Enhanced,
    Role,
    SeriesCardDelegate,
    facts,
    spoken,
    title,
)
from brainsr_desktop.app.series_tree import (
    SeriesFilter,
    SeriesItems,
    SeriesTree,
    newest_first,
    pixmap_of,
    stack_order,
)
from brainsr_desktop.core.series import SeriesInfo, StackInfo, StudyInfo
from brainsr_desktop.session.pictures import SliceState

FILTERS: Final[Mapping[str, str]] = {
    "all": "All series",
    "suitable": "Can be enhanced",
    "no_localizer": "Without localizers",
    "no_derived": "Without derived",
}


class SeriesBrowser(QWidget):
    """Left area of the window."""

    opened = Signal(object)  # StackInfo
    enhance_asked = Signal(object)  # StackInfo
    export_asked = Signal(object)  # tuple[StackInfo, ...]
    details_asked = Signal(object)  # StackInfo
    folder_asked = Signal(object)  # StackInfo: show it in the system's file manager
    close_asked = Signal()
    problems_asked = Signal()
    thumbnail_wanted = Signal(object)  # StackInfo

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._stacks: dict[str, QStandardItem] = {}
        self._studies: dict[str, QStandardItem] = {}
        self._patients: dict[tuple[str, str], QStandardItem] = {}
        self._asked: set[str] = set()
        self._hidden = False
        self._open_id = ""
        self._items = SeriesItems(self)
        self._filter = SeriesFilter(self)
        self._filter.setSourceModel(self._items)
        self._filter.sort(0)
        self._build()
        self._visible_soon = QTimer(self)
        self._visible_soon.setSingleShot(True)
        self._visible_soon.setInterval(0)
        self._visible_soon.timeout.connect(self._ask_for_thumbnails)
        self._watch_visible_cards()

    def _build(self) -> None:
        self.search = QLineEdit(self)
        self.search.setPlaceholderText("Search series")
        self.search.setClearButtonEnabled(True)
        self.search.setAccessibleName("Search series by description, number, patient or date")
        self.kind = narrow_list()
        self.kind.setAccessibleName("Filter series")
        for key, text in FILTERS.items():
            self.kind.addItem(text, key)
        self.tree = SeriesTree(self)
        self.tree.setAccessibleName("Series")
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
        top = QHBoxLayout()
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
        for stack in series.stacks:
            if stack.id in self._stacks:
                self._stacks[stack.id].setData(stack, Role.STACK)
                continue
            item = QStandardItem()
            item.setData(stack, Role.STACK)
            item.setData(stack_order(stack), Role.SORT)
            self._stacks[stack.id] = item
            study = self._study_item(series.study)
            self._describe_stack(item)
            study.appendRow(item)
            self._unfold_new(study)
        self._visible_soon.start()

    def _unfold_new(self, study: QStandardItem) -> None:
        """Show the first series of a study; later ones leave it as the user wants it."""
        if study.rowCount() == 1:
            for item in (study.parent(), study):
                self.tree.expand(self._filter.mapFromSource(item.index()))

    def clear(self) -> None:
        """Forget everything."""
        self._items.clear()
        for known in (self._stacks, self._studies, self._patients):
            known.clear()
        self._asked.clear()
        self._open_id = ""
        self.set_problems(0)

    def stacks(self) -> tuple[StackInfo, ...]:
        """All series that are shown, in the order of the tree."""
        return tuple(self._walk(QModelIndex()))

    def stack(self, stack_id: str) -> StackInfo | None:
        """The stack with this id."""
        item = self._stacks.get(stack_id)
        return None if item is None else item.data(Role.STACK)

    def study_of(self, stack: StackInfo) -> StudyInfo | None:
        """Patient and study of a stack."""
        item = self._studies.get(stack.study_uid)
        return None if item is None else item.data(Role.STUDY)

    def selected(self) -> tuple[StackInfo, ...]:
        """The selected series."""
        found = (index.data(Role.STACK) for index in self.tree.selectionModel().selectedIndexes())
        return tuple(stack for stack in found if stack is not None)

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
        for stack_id in (self._open_id, stack.id if stack is not None else ""):
            if stack_id in self._stacks:
                self._stacks[stack_id].setData(stack is not None and stack_id == stack.id, Role.IS_OPEN)
        self._open_id = stack.id if stack is not None else ""
        if self._open_id in self._stacks:
            index = self._filter.mapFromSource(self._stacks[self._open_id].index())
            self.tree.setCurrentIndex(index)
            self.tree.scrollTo(index)

    def set_slice_states(self, stack: StackInfo, states: Mapping[int, SliceState]) -> None:
        """Badge of a series: enhanced in part or all of it."""
        item = self._stacks.get(stack.id)
        if item is None:
            return
        full = sum(state is SliceState.FULL for state in states.values())
        enhanced: Enhanced = "" if full == 0 else "all" if full >= stack.slices else "part"
        if item.data(Role.ENHANCED) != enhanced:
            item.setData(enhanced, Role.ENHANCED)
            self._describe_stack(item)

    def set_thumbnail(self, stack_id: str, pixels: NDArray[np.uint8]) -> None:
        """Show a small picture, (rows, columns) grey or (rows, columns, 3) colour, uint8."""
        item = self._stacks.get(stack_id)
        if item is not None:
            item.setData(pixmap_of(pixels), Role.THUMBNAIL)

    def set_problems(self, count: int) -> None:
        """The last line."""
        self.problems.setVisible(count > 0)
        self.problems.setText(f"!  {plural(count, 'problem')}")
        self.problems.setAccessibleName(f"{plural(count, 'problem')}, show the list")

    def set_hidden(self, hidden: bool) -> None:
        """Show or hide who the patient is."""
        self._hidden = hidden
        for patient in self._patients.values():
            self._describe_patient(patient)
        for study in self._studies.values():
            self._describe_study(study)
        for item in self._stacks.values():
            self._describe_stack(item)

    # --- words

    def _study_item(self, study: StudyInfo) -> QStandardItem:
        item = self._studies.get(study.study_uid)
        if item is None:
            item = self._studies[study.study_uid] = QStandardItem()
            item.setData(study, Role.STUDY)
            item.setData((newest_first(study.study_date), study.study_uid), Role.SORT)
            item.setDragEnabled(False)
            self._describe_study(item)
            self._patient_item(study).appendRow(item)
        return item

    def _patient_item(self, study: StudyInfo) -> QStandardItem:
        key = (" ".join(study.patient_name.casefold().split()), study.patient_id.strip())
        item = self._patients.get(key)
        if item is None:
            item = self._patients[key] = QStandardItem()
            item.setData(study, Role.STUDY)
            item.setData(key, Role.SORT)
            item.setDragEnabled(False)
            self._describe_patient(item)
            self._items.appendRow(item)
        return item

    def _describe_patient(self, item: QStandardItem) -> None:
        study: StudyInfo = item.data(Role.STUDY)
        name = person(study.patient_name) or "No name"
        facts_ = [name, study.patient_id, f"born {day(study.birth_date)}" if study.birth_date else ""]
        self._set_heading(
            item, "Patient: " + HIDDEN if self._hidden else ", ".join(f for f in facts_ if f), bold=True
        )

    def _describe_study(self, item: QStandardItem) -> None:
        study: StudyInfo = item.data(Role.STUDY)
        date = HIDDEN if self._hidden else day(study.study_date)
        self._set_heading(
            item, ", ".join(part for part in (date, study.study_description or "Study") if part)
        )

    def _set_heading(self, item: QStandardItem, text: str, *, bold: bool = False) -> None:
        item.setText(shown(text))
        item.setToolTip(tool_tip(text))
        font = item.font()
        font.setBold(bold)
        item.setFont(font)

    def _describe_stack(self, item: QStandardItem) -> None:
        stack: StackInfo = item.data(Role.STACK)
        words = spoken(stack, item.data(Role.ENHANCED) or "")
        item.setData(words, Qt.ItemDataRole.AccessibleTextRole)
        item.setToolTip(tool_tip(title(stack), facts(stack), stack.split_reason, stack.order_note,
                                 f"Viewing only: {stack.why_not}" if stack.why_not else ""))  # fmt: skip
        study = self.study_of(stack) or StudyInfo("")
        who = (
            "" if self._hidden else f"{person(study.patient_name)} {study.patient_id} {day(study.study_date)}"
        )
        item.setData(f"{words} {study.study_description} {who}", Role.SEARCH)

    # --- what the user does

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
        by_key = event.reason() == QContextMenuEvent.Reason.Keyboard
        area = self.tree.visualRect(self.tree.currentIndex())
        place = area.center() if by_key else self.tree.viewport().mapFromGlobal(event.globalPos())
        stack = self.tree.indexAt(place).data(Role.STACK)
        if stack is not None:
            self.menu_for(stack).popup(self.tree.viewport().mapToGlobal(place + QPoint(1, 1)))
            event.accept()

    def menu_for(self, stack: StackInfo) -> QMenu:
        """The context menu of one series."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        chosen = self.selected()
        several = chosen if stack in chosen else (stack,)
        self._entry(menu, "&Open", lambda: self.opened.emit(stack))
        enhance = self._entry(menu, "E&nhance", lambda: self.enhance_asked.emit(stack))
        export = self._entry(menu, "&Export...", lambda: self.export_asked.emit(several))
        for action in (enhance, export):
            action.setEnabled(stack.supported)
            if stack.why_not:
                action.setToolTip(tool_tip(f"Viewing only: {stack.why_not}"))
        menu.setToolTipsVisible(True)
        menu.addSeparator()
        self._entry(menu, "Series &details...", lambda: self.details_asked.emit(stack))
        self._entry(menu, "Show in &folder", lambda: self.folder_asked.emit(stack))
        menu.addSeparator()
        self._entry(menu, "&Close all", self.close_asked.emit)
        return menu

    def _entry(self, menu: QMenu, text: str, done: object) -> QAction:
        action = menu.addAction(text)
        action.triggered.connect(done)
        return action

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
            if stack is not None and stack.id not in self._asked:
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
