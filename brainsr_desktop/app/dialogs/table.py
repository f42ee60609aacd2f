"""A table of text rows with search and copy: header fields, keys, facts of a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QSortFilterProxyModel, Qt
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from brainsr_desktop.app.panels.forms import size_for_text
from brainsr_desktop.app.plain_text import LONGEST, shown, tool_tip
from brainsr_desktop.language import tr

AnyIndex = QModelIndex | QPersistentModelIndex
LONGEST_WRAPPED: Final = 2000


class TextTable(QAbstractTableModel):
    """Rows of plain text under headings; ``limit`` is the longest text of a cell."""

    def __init__(self, headings: Sequence[str], limit: int = LONGEST) -> None:
        super().__init__()
        self._limit = limit
        self._headings = tuple(headings)
        self._rows: list[tuple[str, ...]] = []

    def set_rows(self, rows: Sequence[Sequence[str]]) -> None:
        """Show these rows instead; each has as many cells as there are headings."""
        self.beginResetModel()
        self._rows = [tuple(shown(cell, self._limit) for cell in row) for row in rows]
        self.endResetModel()

    @property
    def rows(self) -> list[tuple[str, ...]]:
        """All rows as shown."""
        return self._rows

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self._headings)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.DisplayRole:
            return self._rows[index.row()][index.column()]
        if role == Qt.ItemDataRole.ToolTipRole:
            return tool_tip(self._rows[index.row()][index.column()])
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self._headings[section]
        return None


class SearchedTable(QWidget):
    """A search field above a `TextTable`; Ctrl+C copies the selected rows, or all that are shown."""

    def __init__(
        self, name: str, headings: Sequence[str], widths: Sequence[int], limit: int = LONGEST
    ) -> None:
        super().__init__()
        self.table = TextTable(headings, limit)
        self._filter = QSortFilterProxyModel(self)
        self._filter.setSourceModel(self.table)
        self._filter.setFilterKeyColumn(-1)
        self._filter.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.search = QLineEdit()
        self.search.setPlaceholderText(tr("Search"))
        self.search.setAccessibleName(tr("Search: {name}", name=name))
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._filter.setFilterFixedString)
        self.view = QTableView()
        self.view.setAccessibleName(name)
        self.view.setModel(self._filter)
        self.view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.view.setAlternatingRowColors(True)
        self.view.setShowGrid(False)
        self.view.setWordWrap(False)
        self.view.setTabKeyNavigation(False)
        self.view.verticalHeader().hide()
        self.view.verticalHeader().setDefaultSectionSize(26)
        self.view.horizontalHeader().setDefaultAlignment(
            Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        )
        self.view.horizontalHeader().setStretchLastSection(True)
        for place, width in enumerate(widths):
            self.view.setColumnWidth(place, width)
        copy = QAction(tr("Copy"), self.view)
        copy.setShortcut(QKeySequence(QKeySequence.StandardKey.Copy))
        copy.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        copy.triggered.connect(self.copy)
        self.view.addAction(copy)
        self.view.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.search)
        layout.addWidget(self.view)

    def chosen_rows(self) -> list[tuple[str, ...]]:
        """The selected rows, or all that the search leaves."""
        selected = sorted(index.row() for index in self.view.selectionModel().selectedRows())
        numbers = selected or range(self._filter.rowCount())
        return [self.table.rows[self._filter.mapToSource(self._filter.index(n, 0)).row()] for n in numbers]

    def copy(self) -> None:
        """Put the rows on the clipboard, cells parted by tabs."""
        QGuiApplication.clipboard().setText("\n".join("\t".join(row) for row in self.chosen_rows()))


class TableDialog(QDialog):
    """A dialog around a searched table."""

    def __init__(
        self,
        title: str,
        headings: Sequence[str],
        widths: Sequence[int],
        parent: QWidget | None = None,
        *,
        wrap: bool = False,
    ) -> None:
        """``wrap`` shows long cells on several lines; for short tables."""
        super().__init__(parent)
        self.setWindowTitle(title)
        size_for_text(self, 780, 560)
        self.words = QLabel()
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.words.setWordWrap(True)
        self.words.hide()
        self.content = SearchedTable(title, headings, widths, LONGEST_WRAPPED if wrap else LONGEST)
        if wrap:
            self.content.view.setWordWrap(True)
            rows = self.content.view.verticalHeader()
            rows.setMinimumSectionSize(26)
            rows.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        copy, close = QPushButton(tr("&Copy")), QPushButton(tr("Close"))
        copy.setAutoDefault(False)
        copy.setToolTip(tr("Copy the selected rows, or all of them"))
        copy.clicked.connect(self.content.copy)
        close.clicked.connect(self.close)
        buttons = QHBoxLayout()
        buttons.addWidget(copy)
        buttons.addStretch(1)
        buttons.addWidget(close)
        layout = QVBoxLayout(self)
        layout.addWidget(self.words)
        layout.addWidget(self.content, 1)
        layout.addLayout(buttons)

    def set_words(self, text: str) -> None:
        """A few lines above the table."""
        self.words.setText(text)
        self.words.setVisible(bool(text))
