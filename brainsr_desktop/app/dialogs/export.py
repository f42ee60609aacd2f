"""Export: what, in which format, where, with or without patient data; and what that comes to."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFileDialog,
    QFrame,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QRadioButton,
    QScrollArea,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from brainsr_desktop.app.background import in_background
from brainsr_desktop.app.export_choice import FORMATS, Selection, obstacles, size_bytes, whole
from brainsr_desktop.app.panels.forms import choose, fill, give_margin, labelled, plain_label
from brainsr_desktop.app.plain_text import duration_text, plural, shown, size_text
from brainsr_desktop.core.series import StackInfo
from brainsr_desktop.io.messages import ExportFormat, ExportOptions
from brainsr_desktop.models.catalog import Catalog
from brainsr_desktop.session.reports import ExportRequest
from brainsr_desktop.session.state import ViewState
from brainsr_desktop.settings import ExportChoices

NOT_DEFACED: Final = (
    "Pixels are not changed: a face can be recognised in a head scan, and text burned into the picture stays."
)
SYNTAXES: Final = (("Uncompressed", "explicit"), ("JPEG 2000, lossless", "j2k"), ("RLE, lossless", "rle"))
TITLE_BAR_PX: Final = 40
ROOM: Final = 1.1
"""An export wants this many times its size (EXPORT section 7)."""


def free_bytes(folder: str) -> int | None:
    """Room in a folder; None where it cannot be found. A share may take long to say."""
    try:
        return shutil.disk_usage(folder).free
    except (OSError, ValueError):
        return None


class ExportDialog(QDialog):
    """Asks for everything at once; nothing is written before Export is pressed."""

    chosen = Signal(object, dict)  # tuple[ExportRequest, ...], values of settings.ExportChoices

    def __init__(
        self,
        state: ViewState,
        stacks: Sequence[StackInfo],
        catalog: Catalog,
        last: ExportChoices,
        parent: QWidget | None = None,
        *,
        seconds_per_slice: float | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Export")
        self.setMinimumWidth(560)
        self._state = state
        self._stacks = tuple(stacks)
        self._seconds = seconds_per_slice
        recipe = state.recipe
        self._card = next(
            (card for card in catalog.for_scale(recipe.scale) if card.name == recipe.model), None
        )
        self._free: tuple[str, int | None] | None = None
        self._last = last
        self.summary = plain_label(name="emphasis")
        self.summary.setAccessibleName("Summary")
        self.why = plain_label(name="warning_text")
        self.go = QPushButton("&Export")
        self.go.setObjectName("primary")
        self.go.setDefault(True)
        cancel = QPushButton("Cancel")
        cancel.setAutoDefault(False)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(cancel)
        buttons.addWidget(self.go)
        self._parts = QWidget()
        column = QVBoxLayout(self._parts)
        column.setContentsMargins(0, 0, 6, 0)
        for part in (self._what(), self._formats(), self._where(), self._privacy()):
            column.addWidget(part)
        column.addStretch(1)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setWidget(self._parts)
        layout = QVBoxLayout(self)
        layout.setSpacing(10)
        layout.addWidget(self._scroll, 1)
        layout.addWidget(self.summary)
        layout.addWidget(self.why)
        layout.addLayout(buttons)
        cancel.clicked.connect(self.reject)
        self.go.clicked.connect(self._finish)
        self._update()
        self._look()

    # --- the four parts

    def _what(self) -> QWidget:
        box = QGroupBox("What")
        only = len(self._stacks) == 1
        stack = self._stacks[0]
        in_view = only and self._state.stack is not None and stack.id == self._state.stack.id
        self.this_slice = QRadioButton(f"This slice ({self._state.slice_index + 1})")
        self.range = QRadioButton("Slices")
        self.whole = QRadioButton(
            f"Whole series ({plural(len(whole(stack).indices), 'slice')})"
            if only
            else f"{plural(len(self._stacks), 'series', 'series')} ({plural(self._count_all(), 'slice')})"
        )
        self.whole.setChecked(True)
        self.this_slice.setEnabled(in_view)
        self.range.setEnabled(only)
        self.first, self.last = QSpinBox(), QSpinBox()
        for field, value, name in ((self.first, 1, "First slice"), (self.last, stack.slices, "Last slice")):
            field.setRange(1, stack.slices)
            field.setValue(value)
            field.setAccessibleName(name)
            field.setEnabled(only)
            give_margin(field)
            field.valueChanged.connect(self._on_range)
        model = self._card.title if self._card is not None else self._state.recipe.model
        scale = f"x{self._state.recipe.scale}"
        named = model if scale in model else f"{model}, {scale}"
        picture = plain_label(f"Enhanced by {shown(named)}. "
                              "Slices that are not there yet are computed.", name="quiet")  # fmt: skip
        row = QHBoxLayout()
        for widget in (self.range, self.first, QLabel("to"), self.last):
            row.addWidget(widget)
        row.addStretch(1)
        layout = QVBoxLayout(box)
        layout.addWidget(self.this_slice)
        layout.addLayout(row)
        layout.addWidget(self.whole)
        layout.addWidget(picture)
        for button in (self.this_slice, self.range, self.whole):
            button.toggled.connect(self._update)
        return box

    def _formats(self) -> QWidget:
        box = QGroupBox("Format")
        layout = QVBoxLayout(box)
        self.formats: dict[ExportFormat, QCheckBox] = {}
        self.reasons: dict[ExportFormat, QLabel] = {}
        for name, text in FORMATS:
            tick = self.formats[name] = QCheckBox(text)
            tick.setChecked(name in self._last.formats)
            tick.toggled.connect(self._update)
            reason = self.reasons[name] = plain_label(name="quiet")
            reason.setIndent(26)
            reason.hide()
            layout.addWidget(tick)
            layout.addWidget(reason)
        self.syntax = QComboBox()
        fill(self.syntax, SYNTAXES)
        choose(self.syntax, self._last.transfer_syntax)
        self.syntax.currentIndexChanged.connect(self._update)
        layout.addLayout(labelled("DICOM pixels", self.syntax))
        return box

    def _where(self) -> QWidget:
        box = QGroupBox("Where")
        self.folder = QLineEdit(self._last.folder or str(Path.home()))
        self.folder.setAccessibleName("Folder to write into")
        self.folder.textChanged.connect(self._on_folder)
        self.browse = QPushButton("&Browse...")
        self.browse.setAutoDefault(False)
        self.browse.clicked.connect(self._ask_folder)
        self.name = plain_label(name="quiet")
        row = QHBoxLayout()
        row.addWidget(self.folder, 1)
        row.addWidget(self.browse)
        layout = QVBoxLayout(box)
        layout.addLayout(row)
        layout.addWidget(self.name)
        return box

    def _privacy(self) -> QWidget:
        box = QGroupBox("Privacy")
        self.anonymise = QCheckBox("&Remove patient data (basic profile, new UIDs, no dates)")
        self.anonymise.setChecked(self._last.anonymise)
        self.anonymise.toggled.connect(self._update)
        self.note = plain_label(NOT_DEFACED, name="warning_text")
        layout = QVBoxLayout(box)
        layout.addWidget(self.anonymise)
        layout.addWidget(self.note)
        return box

    # --- what is chosen

    @property
    def selections(self) -> tuple[Selection, ...]:
        """Frames of each series."""
        stack = self._stacks[0]
        if self.this_slice.isChecked():
            index = self._state.slice_index
            return (Selection(stack, index, index, self._state.volume),)
        if self.range.isChecked():
            return (Selection(stack, self.first.value() - 1, self.last.value() - 1),)
        return tuple(whole(stack) for stack in self._stacks)

    @property
    def chosen_formats(self) -> tuple[ExportFormat, ...]:
        """Ticked and possible."""
        return tuple(name for name, tick in self.formats.items() if tick.isChecked() and tick.isEnabled())

    @property
    def requests(self) -> tuple[ExportRequest, ...]:
        """One for each series."""
        window = self._state.window
        options = ExportOptions(
            folder=self.folder.text().strip(),
            formats=self.chosen_formats,
            anonymise=self.anonymise.isChecked(),
            window=(window.center, window.width) if window is not None else None,
            transfer_syntax=self.syntax.currentData(),
            anonymise_key=str(uuid4()),
        )
        return tuple(ExportRequest(s.stack, s.indices, options) for s in self.selections if s.indices)

    @property
    def choices(self) -> dict[str, Any]:
        """What is kept for the next time."""
        return {
            "folder": self.folder.text().strip(),
            "formats": tuple(name for name, tick in self.formats.items() if tick.isChecked()) or ("dicom",),
            "anonymise": self.anonymise.isChecked(),
            "transfer_syntax": self.syntax.currentData(),
        }

    # --- keeping it true

    def _count_all(self) -> int:
        return sum(len(whole(stack).indices) for stack in self._stacks)

    def _on_range(self) -> None:
        with QSignalBlocker(self.first), QSignalBlocker(self.last):
            self.first.setMaximum(self.last.value())
            self.last.setMinimum(self.first.value())
        self.range.setChecked(True)
        self._update()

    def _on_folder(self) -> None:
        self._free = None
        self._look()
        self._update()

    def _look(self) -> None:
        folder = self.folder.text().strip()
        in_background(partial(free_bytes, folder), partial(self._on_free, folder), self)

    def _on_free(self, folder: str, free: int | None) -> None:
        if folder == self.folder.text().strip():
            self._free = (folder, free)
            self._update()

    def _update(self) -> None:
        self._grey_out()
        self.note.setVisible(self.anonymise.isChecked())
        self.syntax.setEnabled("dicom" in self.chosen_formats)
        count = sum(len(selection.indices) for selection in self.selections)
        scale = self._state.recipe.scale
        size = size_bytes(self.selections, scale, self.chosen_formats, self.syntax.currentData())
        self.summary.setText(self._summary(count, size))
        self.name.setText("A folder for each series is made here; nothing is written over.")
        obstacle = self._obstacle(count, size)
        self.why.setText(obstacle)
        self.why.setVisible(bool(obstacle))
        self.go.setEnabled(not obstacle)
        self._grow()

    def _grow(self) -> None:
        """As high as its words need, as far as the screen goes; beyond that the parts scroll."""
        parts, own = self._parts.layout(), self.layout()
        if parts is None or own is None:
            return
        width = max(self.width(), self._parts.minimumSizeHint().width() + 60)
        needed = parts.totalHeightForWidth(self._scroll.viewport().width()) + 2
        rest = own.totalHeightForWidth(width) - self._scroll.sizeHint().height()
        height = min(needed + rest, self.screen().availableGeometry().height() - TITLE_BAR_PX)
        if height > self.height() or width > self.width():
            self.resize(width, max(height, self.height()))

    def showEvent(self, event: QShowEvent) -> None:
        """Qt calls it; only now the sizes of the words are known."""
        super().showEvent(event)
        self._grow()

    def _grey_out(self) -> None:
        each = [
            obstacles(selection, self._state, self._card, anonymise=self.anonymise.isChecked())
            for selection in self.selections
        ]
        for name, tick in self.formats.items():
            reasons = [found[name] for found in each if name in found]
            possible = len(reasons) < len(each)
            tick.setEnabled(possible)
            some = "not for every series: " if possible and reasons else ""
            self.reasons[name].setText(f"{some}{shown(reasons[0])}" if reasons else "")
            self.reasons[name].setVisible(bool(reasons))

    def _summary(self, count: int, size: int) -> str:
        sides = {(s.stack.geometry.columns, s.stack.geometry.rows) for s in self.selections}
        scale = self._state.recipe.scale
        parts = [plural(count, "slice")]
        if len(sides) == 1:
            columns, rows = next(iter(sides))
            parts.append(f"{columns * scale} x {rows * scale}")
        if self.chosen_formats:
            parts.append(f"about {size_text(size)}")
        if self._seconds is not None:
            parts.append(f"about {duration_text(self._seconds * count)} if none is computed yet")
        if self._free is not None and self._free[1] is not None:
            parts.append(f"free {size_text(self._free[1])}")
        return ", ".join(parts)

    def _obstacle(self, count: int, size: int) -> str:
        if count == 0:
            return "No slice of it can be enhanced."
        if not self.chosen_formats:
            return "Choose a format."
        if not self.folder.text().strip():
            return "Choose a folder."
        if self._free is not None:
            if self._free[1] is None:
                return "This folder cannot be found. Choose another one."
            if self._free[1] < size * ROOM:
                return f"Not enough room: {size_text(size * ROOM)} needed, {size_text(self._free[1])} free."
        return ""

    def _ask_folder(self) -> None:
        dialog = QFileDialog(self, "Folder to write into", self.folder.text())
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.fileSelected.connect(self.folder.setText)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _finish(self) -> None:
        self.chosen.emit(self.requests, self.choices)
        self.accept()
