"""After a crash: whether to open the last study again, and whether to be careful about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox, QWidget

from brainsr_desktop.language import tr


class CrashQuestion(QMessageBox):
    """Stands beside the window and can be left alone: nothing waits for an answer."""

    def __init__(
        self,
        left: Sequence[str],
        reopen: Callable[[], None],
        be_safe: Callable[[], None],
        parent: QWidget,
    ) -> None:
        """``left``: what was open. ``reopen`` opens it again, ``be_safe`` sets up a safe start."""
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowModality(Qt.WindowModality.NonModal)
        self.setIcon(QMessageBox.Icon.Question)
        self.setWindowTitle("BrainSR Desktop")
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setText(tr("BrainSR Desktop did not close properly."))
        self.setInformativeText(
            tr("Open the last study again?") if left else tr("Nothing was open that could be opened again.")
        )
        if left:
            self.yes = self.addButton(tr("&Yes"), QMessageBox.ButtonRole.YesRole)
            self.yes.clicked.connect(reopen)
            self.setDefaultButton(self.yes)
        words = tr("&No") if left else tr("&Close")
        self.no = self.addButton(words, QMessageBox.ButtonRole.RejectRole)
        self.setEscapeButton(self.no)
        self.safe = self.addButton(tr("&Safe start"), QMessageBox.ButtonRole.ActionRole)
        self.safe.setToolTip(
            tr("Run networks on the processor, put the window in order, open the last study")
        )
        self.safe.clicked.connect(be_safe)
        if left:
            self.safe.clicked.connect(reopen)
