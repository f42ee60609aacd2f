"""Asks for the name of a grey window, its key and the series it is for."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QDialog, QDialogButtonBox, QFormLayout, QLabel, QLineEdit, QWidget

from brainsr_desktop.app.plain_text import shown
from brainsr_desktop.core.series import StackInfo
from brainsr_desktop.language import tr

LONGEST_NAME = 40


class PresetDialog(QDialog):
    """``taken``: the name of what each key brings now, in this series."""

    chosen = Signal(str, int, str)  # name, key, word

    def __init__(self, stack: StackInfo, taken: Mapping[int, str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Save grey window as preset"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.name = QLineEdit()
        self.name.setMaxLength(LONGEST_NAME)
        self.name.setAccessibleName(tr("Name"))
        self.key = QComboBox()
        self.key.setAccessibleName(tr("Key"))
        for key, name in sorted(taken.items()):
            self.key.addItem(tr("{key} (now: {name})", key=key, name=name), key)
        self.key.setCurrentIndex(self.key.findData(9))
        self.word = QComboBox()
        self.word.setEditable(True)
        self.word.setAccessibleName(tr("For series with the word"))
        self.word.setToolTip(
            tr("A modality (MR) or a word of the series' description (T2); empty: for every series")
        )
        self.word.addItems(["", *words_of(stack)])
        self.word.setCurrentIndex(0)
        note = QLabel(tr("The window is kept relative to the brightness of the series."))
        note.setWordWrap(True)
        self.buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Save | QDialogButtonBox.StandardButton.Cancel
        )
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        self.name.textChanged.connect(self._check)
        form = QFormLayout(self)
        form.addRow(tr("&Name"), self.name)
        form.addRow(tr("&Key"), self.key)
        form.addRow(tr("&For series with the word"), self.word)
        form.addRow(note)
        form.addRow(self.buttons)
        self._check()

    def accept(self) -> None:
        """Qt calls it when Save is pressed."""
        self.chosen.emit(self.name.text().strip(), self.key.currentData(), self.word.currentText().strip())
        super().accept()

    def _check(self) -> None:
        self.buttons.button(QDialogButtonBox.StandardButton.Save).setEnabled(bool(self.name.text().strip()))


def words_of(stack: StackInfo) -> list[str]:
    """What may tell series of this kind: the modality and the words of the description."""
    words = [stack.modality, *shown(stack.description).replace("_", " ").split()]
    return [word for word in dict.fromkeys(words) if word]
