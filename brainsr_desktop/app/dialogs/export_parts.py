"""The four parts of the export dialog: what, format, where, privacy. Each tells when something in it changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Literal

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QRadioButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from brainsr_desktop.app.export_choice import FORMATS, Selection, marked, usual_picture, whole
from brainsr_desktop.app.panels.forms import choose, fill, give_margin, labelled, narrow_list, plain_label
from brainsr_desktop.app.plain_text import shown
from brainsr_desktop.core.recipe import Precision
from brainsr_desktop.core.series import StackInfo
from brainsr_desktop.io.export_names import PATTERN_FIELDS
from brainsr_desktop.io.messages import ExportFormat, ExportPicture
from brainsr_desktop.language import mark, tr, trn
from brainsr_desktop.models.card import Card
from brainsr_desktop.session.state import ViewState
from brainsr_desktop.settings import ExportChoices

Picture = Literal["enhanced", "original", "degraded", "test", "difference", "panes"]
Clash = Literal["skip", "number", "overwrite"]
PANES: Final = "panes"
SYNTAXES: Final = (
    (mark("Uncompressed"), "explicit"),
    (mark("JPEG 2000, lossless"), "j2k"),
    (mark("RLE, lossless"), "rle"),
)
CLASHES: Final[tuple[tuple[str, Clash], ...]] = (
    (mark("Skip what is complete, go on with what is not"), "skip"),
    (mark("Write it once more, with a number"), "number"),
    (mark("Overwrite an export of that name"), "overwrite"),
)
NOT_DEFACED: Final = mark(
    "Pixels are not changed: a face can be recognised in a head scan, and text burned into the picture stays."
)


class Part(QGroupBox):
    """A group of the dialog."""

    changed = Signal()


class WhatPart(Part):
    """Which slices, and which picture of them."""

    def __init__(self, state: ViewState, stacks: Sequence[StackInfo], card: Card | None) -> None:
        super().__init__(tr("What"))
        self._state = state
        self._stacks = tuple(stacks)
        only = len(self._stacks) == 1
        stack = self._stacks[0]
        self._in_view = only and state.stack is not None and stack.id == state.stack.id
        self._marked = tuple(s for s in (marked(s, state.marks) for s in self._stacks) if s.chosen)
        count = sum(len(selection.indices) for selection in self._marked)
        self.this_slice = QRadioButton(tr("This slice ({number})", number=state.slice_index + 1))
        self.marked = QRadioButton(trn("{count} marked slice", "{count} marked slices", count))
        self.range = QRadioButton(tr("Slices"))
        self.whole = QRadioButton(self._whole_words())
        self.whole.setChecked(True)
        self.this_slice.setEnabled(self._in_view)
        self.marked.setEnabled(bool(count))
        self.range.setEnabled(only)
        self.first, self.last = QSpinBox(), QSpinBox()
        for field, value, name in (
            (self.first, 1, tr("First slice")),
            (self.last, stack.slices, tr("Last slice")),
        ):
            field.setRange(1, stack.slices)
            field.setValue(value)
            field.setAccessibleName(name)
            field.setEnabled(only)
            give_margin(field)
            field.valueChanged.connect(self._on_range)
        self.picture = narrow_list()
        fill(self.picture, self._pictures(card))
        choose(self.picture, usual_picture(state) if self._in_view else "enhanced")
        self.picture.currentIndexChanged.connect(self._on_picture)
        self.note = plain_label(name="quiet")
        self.fast = QCheckBox(tr("Fast precision"))
        self.fast.setToolTip(
            tr("As in view: quicker, differs a little. Without it the files hold exact pictures.")
        )
        self.fast.setVisible(state.recipe.precision == "fast" and card is not None and card.offers_fast)
        row = QHBoxLayout()
        for widget in (self.range, self.first, QLabel(tr("to")), self.last):
            row.addWidget(widget)
        row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.addWidget(self.this_slice)
        layout.addWidget(self.marked)
        layout.addLayout(row)
        layout.addWidget(self.whole)
        layout.addLayout(labelled(tr("Picture"), self.picture))
        layout.addWidget(self.fast)
        layout.addWidget(self.note)
        for button in (self.this_slice, self.marked, self.range, self.whole):
            button.toggled.connect(lambda on: self.changed.emit() if on else None)
        self._on_picture()

    @property
    def selections(self) -> tuple[Selection, ...]:
        """Frames of each series."""
        stack = self._stacks[0]
        if self.this_slice.isChecked():
            index = self._state.slice_index
            return (Selection(stack, index, index, self._state.volume),)
        if self.marked.isChecked():
            return self._marked
        if self.range.isChecked():
            return (Selection(stack, self.first.value() - 1, self.last.value() - 1),)
        return tuple(whole(stack) for stack in self._stacks)

    @property
    def precision(self) -> Precision:
        """How exactly; "fast" only where the user says so here."""
        return "fast" if self.fast.isChecked() else "exact"

    @property
    def chosen_picture(self) -> Picture:
        """Which picture of the slices."""
        picture: Picture = self.picture.currentData()
        return picture

    @property
    def file_picture(self) -> ExportPicture:
        """The same as the files process knows it; the panes as seen show what is usual."""
        picture = self.chosen_picture
        return usual_picture(self._state) if picture == PANES else picture

    def _whole_words(self) -> str:
        count = sum(len(whole(stack).indices) for stack in self._stacks)
        slices = trn("{count} slice", "{count} slices", count)
        if len(self._stacks) == 1:
            return tr("Whole series ({slices})", slices=slices)
        return tr("{series} series ({slices})", series=len(self._stacks), slices=slices)

    def _pictures(self, card: Card | None) -> list[tuple[str, object]]:
        recipe = self._state.recipe
        title = tr(card.title) if card is not None else recipe.model
        scale = f"x{recipe.scale}"
        named = shown(title if scale in title else f"{title}, {scale}")
        found: list[tuple[str, object]] = [
            (tr("Enhanced by {model}", model=named), "enhanced"),
            (tr("Original slices"), "original"),
            (tr("Difference to cubic interpolation"), "difference"),
        ]
        if self._in_view and self._state.test_mode:
            found += [
                (tr("Test: enhanced from the degraded slices"), "test"),
                (tr("Test: the degraded slices"), "degraded"),
            ]
        if self._in_view:
            found.append((tr("Both panes as seen (this slice)"), PANES))
        return found

    def _on_picture(self) -> None:
        picture = self.chosen_picture
        if picture == PANES:
            self.this_slice.setChecked(True)
        for button in (self.whole, self.range, self.marked):
            button.setEnabled(picture != PANES and (button is not self.range or len(self._stacks) == 1))
        self.marked.setEnabled(self.marked.isEnabled() and bool(self._marked))
        computed = picture in ("enhanced", "difference", "test")
        self.note.setText(
            tr("By the full network; slices that are not there yet are computed.") if computed else ""
        )
        self.note.setVisible(computed)
        self.changed.emit()

    def _on_range(self) -> None:
        with QSignalBlocker(self.first), QSignalBlocker(self.last):
            self.first.setMaximum(self.last.value())
            self.last.setMinimum(self.first.value())
        self.range.setChecked(True)
        self.changed.emit()


class FormatPart(Part):
    """Which files; those that are not possible are greyed, with the reason below."""

    def __init__(self, last: ExportChoices) -> None:
        super().__init__(tr("Format"))
        layout = QVBoxLayout(self)
        self.formats: dict[ExportFormat, QCheckBox] = {}
        self.reasons: dict[ExportFormat, QLabel] = {}
        for name, text in FORMATS:
            tick = self.formats[name] = QCheckBox(tr(text))
            tick.setChecked(name in last.formats)
            tick.toggled.connect(lambda _: self.changed.emit())
            reason = self.reasons[name] = plain_label(name="quiet")
            reason.setIndent(26)
            reason.hide()
            layout.addWidget(tick)
            layout.addWidget(reason)
        self.figures = QCheckBox(tr("For figures: the notice stays out of the 8-bit pictures"))
        self.figures.setToolTip(tr("It stays in the files' names and text fields"))
        self.figures.setChecked(last.for_figures)
        self.figures.toggled.connect(lambda _: self.changed.emit())
        layout.addWidget(self.figures)
        self.syntax = narrow_list()
        fill(self.syntax, [(tr(text), value) for text, value in SYNTAXES])
        choose(self.syntax, last.transfer_syntax)
        self.syntax.currentIndexChanged.connect(lambda _: self.changed.emit())
        layout.addLayout(labelled(tr("DICOM pixels"), self.syntax))

    @property
    def chosen(self) -> tuple[ExportFormat, ...]:
        """Ticked and possible."""
        return tuple(name for name, tick in self.formats.items() if tick.isChecked() and tick.isEnabled())

    @property
    def ticked(self) -> tuple[ExportFormat, ...]:
        """Ticked, possible or not: the choice that is kept."""
        return tuple(name for name, tick in self.formats.items() if tick.isChecked())

    def show_obstacles(self, each: Sequence[Mapping[ExportFormat, str]]) -> None:
        """Grey out what no series allows; ``each`` holds the reasons of one series."""
        for name, tick in self.formats.items():
            reasons = [found[name] for found in each if name in found]
            possible = len(reasons) < len(each)
            tick.setEnabled(possible)
            words = shown(reasons[0]) if reasons else ""
            if possible and reasons:
                words = tr("not for every series: {reason}", reason=words)
            self.reasons[name].setText(words)
            self.reasons[name].setVisible(bool(reasons))
        self.figures.setEnabled("png8" in self.chosen)
        self.syntax.setEnabled("dicom" in self.chosen)


class WherePart(Part):
    """The folder, the name in it, and what happens where that name is taken."""

    folder_changed = Signal()

    def __init__(self, last: ExportChoices) -> None:
        super().__init__(tr("Where"))
        self.folder = QLineEdit(last.folder or str(Path.home()))
        self.folder.setAccessibleName(tr("Folder to write into"))
        self.browse = QPushButton(tr("&Browse..."))
        self.browse.setToolTip(tr("Choose the folder"))
        self.browse.setAutoDefault(False)
        self.pattern = QLineEdit(last.name_pattern)
        self.pattern.setPlaceholderText("{number}_{description}_SRx{scale}")
        names = ", ".join(f"{{{name}}}" for name in PATTERN_FIELDS)
        self.pattern.setToolTip(tr("Text with any of these: {names}", names=names))
        self.clash = narrow_list()
        fill(self.clash, [(tr(text), value) for text, value in CLASHES])
        choose(self.clash, last.clash)
        self.preview = plain_label(name="quiet")
        row = QHBoxLayout()
        row.addWidget(self.folder, 1)
        row.addWidget(self.browse)
        layout = QVBoxLayout(self)
        layout.addLayout(row)
        layout.addLayout(labelled(tr("Name"), self.pattern))
        layout.addWidget(self.preview)
        layout.addLayout(labelled(tr("If it is there"), self.clash))
        self.folder.textChanged.connect(lambda _: self.folder_changed.emit())
        self.pattern.textChanged.connect(lambda _: self.folder_changed.emit())
        self.clash.currentIndexChanged.connect(lambda _: self.changed.emit())
        self.browse.clicked.connect(self._ask)

    @property
    def chosen_clash(self) -> Clash:
        """What happens where the name is taken."""
        clash: Clash = self.clash.currentData()
        return clash

    def _ask(self) -> None:
        dialog = QFileDialog(self, tr("Folder to write into"), self.folder.text())
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.fileSelected.connect(self.folder.setText)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()


class PrivacyPart(Part):
    """Keep patient data, or remove them."""

    def __init__(self, last: ExportChoices, *, hidden: bool, parent: QWidget | None = None) -> None:
        super().__init__(tr("Privacy"), parent)
        self.anonymise = QCheckBox(tr("&Remove patient data (basic profile, new UIDs, no dates)"))
        self.anonymise.setChecked(last.anonymise)
        self.note = plain_label(tr(NOT_DEFACED), name="warning_text")
        layout = QVBoxLayout(self)
        layout.addWidget(self.anonymise)
        layout.addWidget(self.note)
        if hidden:
            words = tr("Patient data are hidden: names and reports hold none. DICOM files keep them.")
            layout.addWidget(plain_label(words, name="quiet"))
        self.anonymise.toggled.connect(lambda _: self.changed.emit())
