"""Export: what, in which format, where, with or without patient data; and what that comes to."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QHBoxLayout,
    QMessageBox,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from brainsr_desktop.app.background import in_background
from brainsr_desktop.app.dialogs.export_parts import PANES, FormatPart, PrivacyPart, WhatPart, WherePart
from brainsr_desktop.app.export_choice import factor_of, folder_name, obstacles, pattern_fault, size_bytes
from brainsr_desktop.app.panels.forms import plain_label
from brainsr_desktop.app.plain_text import duration_text, shown, size_text
from brainsr_desktop.core.series import StackInfo, StudyInfo
from brainsr_desktop.io.export_names import PARTIAL, taken_numbers
from brainsr_desktop.io.messages import ExportOptions
from brainsr_desktop.language import tr, trn
from brainsr_desktop.models.catalog import Catalog
from brainsr_desktop.session.arranging import found_id
from brainsr_desktop.session.reports import ExportRequest
from brainsr_desktop.session.state import ViewState
from brainsr_desktop.settings import ExportChoices

TITLE_BAR_PX: Final = 40
ROOM: Final = 1.1
"""An export wants this many times its size (EXPORT section 7)."""


def _no_study(_: StackInfo) -> StudyInfo | None:
    return None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the dialog knows besides the view: how long a slice takes and on what, and what else is open."""

    seconds_per_slice: float | None = None
    device: str = ""
    found: tuple[StackInfo, ...] = ()
    study_of: Callable[[StackInfo], StudyInfo | None] = _no_study


@dataclass(frozen=True, slots=True)
class Place:
    """What was found in a folder: its room (None: not there), and which of the wanted names are taken."""

    folder: str
    free: int | None
    names: tuple[str, ...]
    complete: frozenset[str]
    unfinished: frozenset[str]


def look_at(folder: str, names: tuple[str, ...]) -> Place:
    """Look at a folder; a share may take long to say."""
    try:
        free: int | None = shutil.disk_usage(folder).free
        there = frozenset(name for name in names if (Path(folder) / name).exists())
        partial_ = frozenset(name for name in names if (Path(folder) / (name + PARTIAL)).exists())
    except (OSError, ValueError):
        return Place(folder, None, names, frozenset(), frozenset())
    return Place(folder, free, names, there, partial_)


class ExportDialog(QDialog):
    """Asks for everything at once; nothing is written before Export is pressed."""

    chosen = Signal(object, dict)  # tuple[ExportRequest, ...], values of settings.ExportChoices
    panes_chosen = Signal(str, dict)  # path of the picture of both panes, the same values

    def __init__(
        self,
        state: ViewState,
        stacks: Sequence[StackInfo],
        catalog: Catalog,
        last: ExportChoices,
        parent: QWidget | None = None,
        *,
        around: Surroundings | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Export"))
        self.setMinimumWidth(560)
        self._state = state
        self._around = around or Surroundings()
        self._taken = taken_numbers(self._around.found, state.recipe.scale)
        recipe = state.recipe
        self._card = next((c for c in catalog.for_scale(recipe.scale) if c.name == recipe.model), None)
        self._place: Place | None = None
        self._key = str(uuid4())
        self.what = WhatPart(state, stacks, self._card)
        self.format = FormatPart(last)
        self.where = WherePart(last)
        self.privacy = PrivacyPart(last, hidden=state.hide_patient)
        self.summary = plain_label(name="emphasis")
        self.summary.setAccessibleName(tr("Summary"))
        self.why = plain_label(name="warning_text")
        self.go = QPushButton(tr("&Export"))
        self.go.setObjectName("primary")
        self.go.setDefault(True)
        self._lay_out()
        for part in (self.what, self.format, self.privacy):
            part.changed.connect(self._on_changed)
        self.where.changed.connect(self._update)
        self.where.folder_changed.connect(self._on_changed)
        self.go.clicked.connect(self._finish)
        self._on_changed()

    def _lay_out(self) -> None:
        cancel = QPushButton(tr("Cancel"))
        cancel.setAutoDefault(False)
        cancel.clicked.connect(self.reject)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(cancel)
        buttons.addWidget(self.go)
        self._parts = QWidget()
        column = QVBoxLayout(self._parts)
        column.setContentsMargins(0, 0, 6, 0)
        for part in (self.what, self.format, self.where, self.privacy):
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

    # --- what is chosen

    @property
    def options(self) -> ExportOptions:
        """How it is written."""
        window = self._state.window
        clash = self.where.chosen_clash
        return ExportOptions(
            folder=self.where.folder.text().strip(),
            formats=self.format.chosen,
            anonymise=self.privacy.anonymise.isChecked(),
            overwrite=clash == "overwrite",
            window=self._window() if window is not None else None,
            name_pattern=self.where.pattern.text().strip(),
            transfer_syntax=self.format.syntax.currentData(),
            anonymise_key=self._key,
            picture=self.what.file_picture,
            always_new=clash == "number",
            inverted=self._state.inverted,
            for_figures=self.format.figures.isChecked(),
            hide_patient=self._state.hide_patient,
        )

    def _window(self) -> tuple[float, float] | None:
        """Centre and width in units; those of a difference are about zero, 5 % of the window to each side."""
        window = self._state.window
        if window is None:
            return None
        return (
            (0.0, 0.1 * window.width)
            if self.what.file_picture == "difference"
            else (window.center, window.width)
        )

    @property
    def requests(self) -> tuple[ExportRequest, ...]:
        """One for each series."""
        options = self.options
        precision = self.what.precision
        return tuple(
            ExportRequest(s.stack, s.indices, options, precision) for s in self.what.selections if s.indices
        )

    @property
    def choices(self) -> dict[str, Any]:
        """What is kept for the next time."""
        options = self.options
        return {
            "folder": options.folder,
            "formats": self.format.ticked or ("dicom",),
            "anonymise": options.anonymise,
            "transfer_syntax": options.transfer_syntax,
            "name_pattern": options.name_pattern,
            "clash": self.where.chosen_clash,
            "for_figures": options.for_figures,
        }

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the folders that would be made; empty while the pattern cannot be used."""
        options = self.options
        if pattern_fault(options.name_pattern):
            return ()
        return tuple(
            folder_name(
                s.stack,
                self._around.study_of(s.stack),
                self._state,
                options,
                self._taken.get(found_id(s.stack.id), ()),
            )
            for s in self.what.selections
        )

    # --- keeping it true

    def _on_changed(self) -> None:
        """The name may be another one: look what is there."""
        folder, names = self.where.folder.text().strip(), self.names
        if self._place is not None and (self._place.folder, self._place.names) != (folder, names):
            self._place = None
        if self._place is None:
            in_background(partial(look_at, folder, names), self._on_place, self)
        self._update()

    def _on_place(self, place: Place) -> None:
        if place.folder == self.where.folder.text().strip():
            self._place = place
            self._update()

    def _update(self) -> None:
        selections = self.what.selections
        picture, panes = self.what.file_picture, self.what.chosen_picture == PANES
        anonymise = self.privacy.anonymise.isChecked()
        each = [
            obstacles(s, self._state, self._card, anonymise=anonymise, picture=picture) for s in selections
        ]
        if panes:
            only = tr("the panes are saved as one PNG picture")
            each = [{name: only for name in self.format.formats if name != "png8"}]
        self.format.show_obstacles(each)
        self.privacy.note.setVisible(anonymise)
        count = sum(len(selection.indices) for selection in selections)
        factor = factor_of(picture, self._state)
        size = size_bytes(selections, factor, self.format.chosen, self.format.syntax.currentData())
        self.summary.setText(self._summary(count, size, factor))
        self.where.preview.setText(self._preview())
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
        room = self.screen().availableGeometry()
        width = min(max(self.width(), self._parts.minimumSizeHint().width() + 60), room.width())
        needed = parts.totalHeightForWidth(self._scroll.viewport().width()) + 2
        rest = own.totalHeightForWidth(width) - self._scroll.sizeHint().height()
        height = min(needed + rest, room.height() - TITLE_BAR_PX)
        if height > self.height() or width > self.width():
            self.resize(width, max(height, self.height()))

    def showEvent(self, event: QShowEvent) -> None:
        """Qt calls it; only now the sizes of the words are known."""
        super().showEvent(event)
        self._grow()

    def _summary(self, count: int, size: int, factor: float) -> str:
        """`24 slices, 1024 x 1024, about 48 MB, about 40 s on CPU if none is computed yet, free 120 GB`."""
        sides = {(s.stack.geometry.columns, s.stack.geometry.rows) for s in self.what.selections}
        parts = [trn("{count} slice", "{count} slices", count)]
        if len(sides) == 1:
            columns, rows = (-int(-side * factor // 1) for side in next(iter(sides)))
            parts.append(f"{columns} x {rows}")
        if self.format.chosen:
            parts.append(tr("about {size}", size=size_text(size)))
        seconds, device = self._around.seconds_per_slice, self._around.device
        if seconds is not None and self.what.file_picture in ("enhanced", "difference", "test"):
            time = duration_text(seconds * count)
            parts.append(
                tr("about {time} on {device} if none is computed yet", time=time, device=device)
                if device
                else tr("about {time} if none is computed yet", time=time)
            )
        if self._place is not None and self._place.free is not None:
            parts.append(tr("free {size}", size=size_text(self._place.free)))
        return ", ".join(parts)

    def _preview(self) -> str:
        """The folder that would be made, and what lies there."""
        names = self.names
        if not names:
            return ""
        first = shown(names[0], 120)
        if self.what.chosen_picture == PANES:
            return tr("A picture is written: {name}", name=f"{first}.png")
        words = tr("A folder is made: {name}", name=first)
        if len(names) > 1:
            words = tr("{count} folders are made, the first: {name}", count=len(names), name=first)
        place = self._place
        if place is None:
            return words
        if place.unfinished:
            return f"{words}\n" + tr("An unfinished export lies there: if it is this one, it goes on.")
        if place.complete:
            told = {
                "skip": tr("It is there already: the same export is skipped, another one gets a number."),
                "number": tr("It is there already: this one gets a number."),
                "overwrite": tr(
                    "It is there already and is overwritten, if an export of this program is in it."
                ),
            }
            return f"{words}\n{told[self.where.chosen_clash]}"
        return words

    def _obstacle(self, count: int, size: int) -> str:
        if count == 0:
            return tr("No slice of it can be enhanced.")
        if not self.format.chosen:
            return tr("Choose a format.")
        if not self.where.folder.text().strip():
            return tr("Choose a folder.")
        fault = pattern_fault(self.where.pattern.text().strip())
        if fault:
            return fault
        if self._place is not None:
            if self._place.free is None:
                return tr("This folder cannot be found. Choose another one.")
            if self._place.free < size * ROOM:
                return tr(
                    "Not enough room: {needed} needed, {free} free.",
                    needed=size_text(size * ROOM),
                    free=size_text(self._place.free),
                )
        return ""

    # --- the end

    def _finish(self) -> None:
        taken = self._place is not None and bool(self._place.complete)
        if self.where.chosen_clash == "overwrite" and taken and self.what.chosen_picture != PANES:
            self._ask_overwrite()
        else:
            self._export()

    def _ask_overwrite(self) -> None:
        box = QMessageBox(self)
        box.setIcon(QMessageBox.Icon.Warning)
        box.setWindowTitle(tr("Overwrite"))
        box.setText(tr("The export “{name}” is replaced.", name=shown(self.names[0], 120)))
        box.setInformativeText(tr("Its files are deleted when the new ones are complete."))
        replace = box.addButton(tr("&Replace"), QMessageBox.ButtonRole.DestructiveRole)
        keep = box.addButton(tr("&Keep"), QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(keep)
        box.finished.connect(lambda _: self._export() if box.clickedButton() is replace else None)
        box.finished.connect(box.deleteLater)
        box.open()

    def _export(self) -> None:
        if self.what.chosen_picture == PANES:
            self.panes_chosen.emit(str(self._picture_path()), self.choices)
        else:
            self.chosen.emit(self.requests, self.choices)
        self.accept()

    def _picture_path(self) -> Path:
        """A free name for the picture of both panes, unless it is to be overwritten."""
        folder, name = Path(self.where.folder.text().strip()), self.names[0]
        path, number = folder / f"{name}.png", 2
        while path.exists() and self.where.chosen_clash != "overwrite":
            path, number = folder / f"{name} ({number}).png", number + 1
        return path
