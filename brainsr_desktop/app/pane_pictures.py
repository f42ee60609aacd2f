"""The panes as seen: copied, saved, and their context menu."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, QPoint, Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QMenu, QWidget

from brainsr_desktop.app.actions import Actions
from brainsr_desktop.app.background import in_background
from brainsr_desktop.app.plain_text import shown
from brainsr_desktop.app.viewport_pair import ViewportPair
from brainsr_desktop.language import tr
from brainsr_desktop.session.reports import Notice

PANE_MENU: Final = (
    "show_original",
    "loupe",
    "fit",
    "reset",
    "invert",
    "window_0",
    "copy_picture",
    "save_picture",
)


class PanePictures(QObject):
    """Pictures of both panes, with labels and notice as they are on the screen."""

    said = Signal(str)
    noticed = Signal(object)  # Notice

    def __init__(self, pair: ViewportPair, actions: Actions, window: QWidget) -> None:
        super().__init__(window)
        self._pair = pair
        self._actions = actions
        self._window = window
        pair.context_menu_requested.connect(self._show_menu)
        actions["copy_picture"].triggered.connect(self.copy)
        actions["save_picture"].triggered.connect(self._ask_where)

    def copy(self) -> None:
        """Put both panes on the clipboard."""
        QGuiApplication.clipboard().setPixmap(self._pair.grab())
        self.said.emit(tr("The panes were copied."))

    def save(self, path: Path) -> None:
        """Write both panes; the file is encoded in the background."""
        image = self._pair.grab().toImage()
        in_background(partial(image.save, str(path)), partial(self._on_saved, path.name), self)

    def _on_saved(self, name: str, saved: bool) -> None:
        if saved:
            self.said.emit(tr("The picture was saved as {name}.", name=shown(name)))
        else:
            text = tr("The picture {name} could not be saved.", name=shown(name))
            self.noticed.emit(Notice("error", text, tr("Choose another folder.")))

    def _ask_where(self) -> None:
        dialog = QFileDialog(self._window, tr("Save picture"), str(Path.home()), "PNG (*.png)")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("png")
        dialog.fileSelected.connect(lambda name: self.save(Path(name)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _show_menu(self, _side: str, place: QPoint) -> None:
        menu = QMenu(self._window)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for name in PANE_MENU:
            menu.addAction(self._actions[name])
        menu.popup(place)
