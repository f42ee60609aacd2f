"""What was left out or repaired, as a table: file, kind, reason, what was done. Filter, copy, CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
    Signal,
)
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from brainsr_desktop.app.plain_text import HIDDEN, shown, tool_tip
from brainsr_desktop.core.errors import Problem
from brainsr_desktop.language import mark, tr, trn

COLUMNS: Final = (mark("File"), mark("Kind"), mark("Reason"), mark("What was done"))
"""Headings; a CSV file has them in English."""
NOT_IMAGES: Final = frozenset({"EMPTY", "NOT_DICOM", "NO_IMAGE"})
"""Reason codes of files that are none of ours: counted, but no problem."""
OTHERS_LISTED: Final = 50
"""More files of other kinds than that are one line, until they are asked for."""
FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")
AnyIndex = QModelIndex | QPersistentModelIndex


def safe_cell(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def with_others_counted(problems: Sequence[Problem]) -> tuple[Problem, ...]:
    """The problems, with many files of other kinds as one line that counts them."""
    others = sum(problem.code in NOT_IMAGES for problem in problems)
    if others <= OTHERS_LISTED:
        return tuple(problems)
    reason = trn("{count} file is no image.", "{count} files are no images.", others)
    counted = Problem("", "NOT_DICOM", reason, tr("They were counted and left alone."))
    return (counted, *(problem for problem in problems if problem.code not in NOT_IMAGES))


def as_csv(rows: Iterable[Sequence[str]]) -> str:
    """Rows with the headings as comma-separated text, lines ending as RFC 4180 says."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows([safe_cell(cell) for cell in row] for row in rows)
    return text.getvalue()


class ProblemTable(QAbstractTableModel):
    """Problems as rows. With patient data hidden no file is named."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._problems: tuple[Problem, ...] = ()
        self._hidden = False

    def set_problems(self, problems: Sequence[Problem]) -> None:
        """Show these instead."""
        self.beginResetModel()
        self._problems = tuple(problems)
        self.endResetModel()

    def set_hidden(self, hidden: bool) -> None:
        """Show or hide file names."""
        self.beginResetModel()
        self._hidden = hidden
        self.endResetModel()

    def row(self, number: int) -> tuple[str, str, str, str]:
        """The cells of one row, as shown."""
        problem = self._problems[number]
        if self._hidden:
            hidden = tr(HIDDEN)
            return hidden, shown(problem.code), problem.code.replace("_", " ").lower(), hidden
        return shown(problem.path), shown(problem.code), shown(problem.reason), shown(problem.done)

    def problem(self, number: int) -> Problem:
        """The problem of one row."""
        return self._problems[number]

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self._problems)

    def columnCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(COLUMNS)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.DisplayRole:
            return self.row(index.row())[index.column()]
        if role == Qt.ItemDataRole.ToolTipRole:
            return tool_tip(self.row(index.row())[index.column()])
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return tr(COLUMNS[section])
        return None


class ProblemList(QDialog):
    """The window around the table."""

    folder_asked = Signal(object)  # Problem: show its file's folder in the system's file manager
    header_asked = Signal(object)  # Problem: show the header of its file

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Problems"))
        self.resize(900, 480)
        self.table = ProblemTable()
        self._filter = QSortFilterProxyModel(self)
        self._filter.setSourceModel(self.table)
        self._filter.setFilterKeyColumn(-1)
        self._filter.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.summary = QLabel()
        self.summary.setTextFormat(Qt.TextFormat.PlainText)
        self.summary.setWordWrap(True)
        self.search = QLineEdit()
        self.search.setPlaceholderText(tr("Filter"))
        self.search.setAccessibleName(tr("Filter problems"))
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._filter.setFilterFixedString)
        self._problems: tuple[Problem, ...] = ()
        self.others = QCheckBox(tr("List &other files too"))
        self.others.setToolTip(tr("List every file that is no image, not only how many there are"))
        self.others.toggled.connect(self._fill)
        self.view = QTableView()
        self.view.setAccessibleName(tr("Problems"))
        self.view.setModel(self._filter)
        self.view.setSortingEnabled(True)
        self.view.sortByColumn(0, Qt.SortOrder.AscendingOrder)
        self.view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.view.setAlternatingRowColors(True)
        self.view.setTabKeyNavigation(False)
        self.view.verticalHeader().hide()
        self.view.verticalHeader().setDefaultSectionSize(26)
        self.view.setWordWrap(False)
        header = self.view.horizontalHeader()
        for column, width in enumerate((240, 170, 320)):
            self.view.setColumnWidth(column, width)
        header.setSectionResizeMode(len(COLUMNS) - 1, QHeaderView.ResizeMode.Stretch)
        copy, save, close = (
            QPushButton(tr("&Copy")),
            QPushButton(tr("Save as CS&V...")),
            QPushButton(tr("Close")),
        )
        copy.setToolTip(tr("Copy the selected rows, or all of them"))
        save.setToolTip(tr("Write the selected rows, or all of them, as comma-separated values"))
        self.folder = QPushButton(tr("Show in &folder"))
        self.folder.setToolTip(tr("Show the folder of the selected file"))
        self.folder.setEnabled(False)
        self.folder.clicked.connect(self._ask_folder)
        self.header = QPushButton(tr("&Header..."))
        self.header.setToolTip(tr("Show the header of the selected file, as far as it can be read"))
        self.header.setEnabled(False)
        self.header.clicked.connect(self._ask_header)
        self.view.selectionModel().selectionChanged.connect(self._on_selection)
        self.table.modelReset.connect(self._on_selection)
        copy.clicked.connect(self.copy)
        save.clicked.connect(self._ask_where)
        close.clicked.connect(self.close)
        buttons = QHBoxLayout()
        for button in (copy, save, self.folder, self.header):
            button.setAutoDefault(False)
            buttons.addWidget(button)
        buttons.addStretch(1)
        buttons.addWidget(close)
        layout = QVBoxLayout(self)
        for widget in (self.summary, self.search, self.others, self.view):
            layout.addWidget(widget)
        layout.addLayout(buttons)

    def show_problems(self, problems: Sequence[Problem], summary: str = "") -> None:
        """Fill the table."""
        self._problems = tuple(problems)
        self.others.setVisible(len(with_others_counted(problems)) < len(problems))
        self._fill()
        self.summary.setText(summary or trn("{count} problem", "{count} problems", len(problems)))

    def _fill(self) -> None:
        chosen = self.others.isChecked()
        self.table.set_problems(self._problems if chosen else with_others_counted(self._problems))

    def rows(self) -> list[tuple[str, str, str, str]]:
        """Rows as filtered and sorted; the selected ones if any are."""
        chosen = sorted(index.row() for index in self.view.selectionModel().selectedRows())
        numbers = chosen or range(self._filter.rowCount())
        return [self.table.row(self._filter.mapToSource(self._filter.index(n, 0)).row()) for n in numbers]

    def copy(self) -> None:
        """Put the rows on the clipboard, columns parted by tabs."""
        lines = ["\t".join(safe_cell(cell) for cell in row) for row in self.rows()]
        QGuiApplication.clipboard().setText("\n".join(["\t".join(COLUMNS), *lines]))

    def save(self, path: Path) -> None:
        """Write the rows as CSV; raises OSError."""
        path.write_text(as_csv(self.rows()), "utf-8-sig", newline="")

    def _chosen(self) -> Problem | None:
        """The one selected problem, if its file has a name."""
        rows = self.view.selectionModel().selectedRows()
        if len(rows) != 1:
            return None
        problem = self.table.problem(self._filter.mapToSource(rows[0]).row())
        return problem if problem.path else None

    def _on_selection(self, *_told: object) -> None:
        chosen = self._chosen()
        self.folder.setEnabled(chosen is not None)
        self.header.setEnabled(chosen is not None and chosen.code not in ("EMPTY", "NOT_DICOM"))

    def _ask_folder(self) -> None:
        problem = self._chosen()
        if problem is not None:
            self.folder_asked.emit(problem)

    def _ask_header(self) -> None:
        problem = self._chosen()
        if problem is not None:
            self.header_asked.emit(problem)

    def _ask_where(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, tr("Save problems"), "problems.csv", tr("CSV (*.csv)"))
        if not name:
            return
        try:
            self.save(Path(name))
        except OSError as error:
            reason = shown(error.strerror or str(error))
            self.summary.setText(tr("The list could not be saved: {reason}.", reason=reason))
