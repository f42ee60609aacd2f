"""The page where keys are changed. A key that another command has is refused, with that command's name."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QTextDocument
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QKeySequenceEdit,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from brainsr_desktop.app.actions import effective_keys, normal_key, owner_of, shown_keys
from brainsr_desktop.app.command_table import BY_ID, SPECS
from brainsr_desktop.app.key_sheet import printed
from brainsr_desktop.app.mouse_table import RESERVED
from brainsr_desktop.app.panels.forms import plain_label
from brainsr_desktop.app.preferences import Preferences
from brainsr_desktop.language import tr
from brainsr_desktop.settings import Settings

if TYPE_CHECKING:
    from PySide6.QtPrintSupport import QPrinter


class KeysPage(QWidget):
    """Commands and their keys."""

    def __init__(self, preferences: Preferences) -> None:
        super().__init__()
        self._preferences = preferences
        heading = QLabel(tr("Keys"))
        heading.setObjectName("dialog_heading")
        self.table = QTableWidget(len(SPECS), 2)
        self.table.setAccessibleName(tr("Commands and keys"))
        self.table.setHorizontalHeaderLabels([tr("Command"), tr("Keys")])
        self.table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.table.setColumnWidth(1, 180)
        self.table.verticalHeader().hide()
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setTabKeyNavigation(False)
        self.table.verticalHeader().setDefaultSectionSize(26)
        self.table.setShowGrid(False)
        for row, spec in enumerate(SPECS):
            self.table.setItem(row, 0, QTableWidgetItem(spec.name))
            self.table.setItem(row, 1, QTableWidgetItem())
        self.key = QKeySequenceEdit()
        self.key.setMaximumSequenceLength(1)
        self.key.setAccessibleName(tr("New key"))
        self.key.setClearButtonEnabled(True)
        self.take = QPushButton(tr("&Use this key"))
        self.take.setToolTip(tr("The command has this key and no other"))
        self.add = QPushButton(tr("&Add"))
        self.add.setToolTip(tr("The command has this key besides those it has"))
        self.add.setAccessibleName(tr("Add this key"))
        self.reset_one = QPushButton(tr("Default"))
        self.reset_one.setToolTip(tr("Give this command its own keys again"))
        self.reset = QPushButton(tr("Reset keys"))
        self.print = QPushButton(tr("&Print sheet..."))
        self.print.setToolTip(tr("All keys and the mouse on paper, or as a PDF file"))
        self.told = plain_label(name="warning_text")
        row_of_editors = QHBoxLayout()
        row_of_editors.addWidget(self.key, 1)
        for button in (self.take, self.add, self.reset_one):
            row_of_editors.addWidget(button)
        below = QHBoxLayout()
        below.addWidget(self.reset)
        below.addWidget(self.print)
        below.addStretch(1)
        for button in (self.take, self.add, self.reset_one, self.reset, self.print):
            button.setAutoDefault(False)
        layout = QVBoxLayout(self)
        layout.addWidget(heading)
        layout.addWidget(self.table, 1)
        words = tr("Choose a command, press the new key in the field, then Use this key.")
        layout.addWidget(plain_label(words, name="quiet"))
        layout.addLayout(row_of_editors)
        layout.addWidget(self.told)
        layout.addLayout(below)
        self.take.clicked.connect(lambda: self._take(besides=False))
        self.add.clicked.connect(lambda: self._take(besides=True))
        self.print.clicked.connect(self._ask_printer)
        self.reset_one.clicked.connect(self._reset_one)
        self.reset.clicked.connect(lambda: self._keep(()))
        self.table.itemSelectionChanged.connect(lambda: self.told.setText(""))
        self.table.selectRow(0)
        self.show_settings(preferences.settings)

    def show_settings(self, settings: Settings) -> None:
        """Show the keys as they are."""
        keys = effective_keys(settings.keys)
        for row, spec in enumerate(SPECS):
            item = self._cell(row, 1)
            item.setText(shown_keys(keys[spec.id]))
            item.setData(Qt.ItemDataRole.AccessibleTextRole, item.text() or tr("no key"))

    def _cell(self, row: int, place: int) -> QTableWidgetItem:
        item = self.table.item(row, place)
        assert item is not None
        return item

    def look_for(self, text: str) -> int:
        """Show the commands that contain the words; how many."""
        words = text.casefold().split()
        found = 0
        for row in range(self.table.rowCount()):
            cells = f"{self._cell(row, 0).text()} {self._cell(row, 1).text()}".casefold()
            fits = all(word in cells for word in words)
            self.table.setRowHidden(row, not fits)
            found += fits
        return found

    @property
    def chosen(self) -> str:
        """The command that is selected."""
        return SPECS[max(self.table.currentRow(), 0)].id

    def _take(self, *, besides: bool) -> None:
        key = self.key.keySequence().toString(QKeySequence.SequenceFormat.PortableText)
        keys = effective_keys(self._preferences.settings.keys)
        reserved = RESERVED.get(key)
        taken = reserved.told if reserved is not None else owner_of(key, keys, self.chosen)
        if taken:
            self.told.setText(
                tr("{key} belongs to “{command}”. Choose another key.", key=shown_keys([key]), command=taken)
            )
            return
        new = (normal_key(key),) if key else ()
        self._give((*keys[self.chosen], *(k for k in new if k not in keys[self.chosen])) if besides else new)
        self.told.setText("")
        self.key.clear()

    def _ask_printer(self) -> None:
        from PySide6.QtPrintSupport import QPrintDialog, QPrinter  # asks the system for its printers

        printer = QPrinter()
        dialog = QPrintDialog(printer, self)
        # The dialog does not own the printer: the connection keeps it as long as the dialog lives.
        dialog.accepted.connect(lambda: self.print_sheet(printer))
        dialog.finished.connect(dialog.deleteLater)
        dialog.setWindowModality(Qt.WindowModality.WindowModal)
        dialog.show()  # its own ``open`` is for slots by name

    def print_sheet(self, printer: QPrinter) -> None:
        """Print the present keys and the mouse."""
        page = QTextDocument()
        page.setHtml(printed(effective_keys(self._preferences.settings.keys)))
        page.print_(printer)

    def _reset_one(self) -> None:
        others = tuple(entry for entry in self._preferences.settings.keys if entry[0] != self.chosen)
        taken = effective_keys(others)
        lost = [key for key in BY_ID[self.chosen].keys if normal_key(key) not in taken[self.chosen]]
        self._keep(others)
        if lost:
            self.told.setText(tr("{key} is used by another command.", key=shown_keys(lost)))

    def _give(self, keys: tuple[str, ...]) -> None:
        others = tuple(entry for entry in self._preferences.settings.keys if entry[0] != self.chosen)
        self._keep((*others, (self.chosen, keys)))

    def _keep(self, keys: tuple[tuple[str, tuple[str, ...]], ...]) -> None:
        self._preferences.set(replace(self._preferences.settings, keys=keys))
