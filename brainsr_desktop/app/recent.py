"""The menu of folders that were opened before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QMenu, QWidget

from brainsr_desktop.app.background import in_background
from brainsr_desktop.app.plain_text import HIDDEN, plural, shown, tool_tip
from brainsr_desktop.settings import RecentFolder


def today() -> str:
    """The day as it is kept (ISO)."""
    return datetime.now(UTC).astimezone().date().isoformat()


def entry_words(folder: RecentFolder, number: int, *, hidden: bool) -> str:
    """`1  brain_study  (2026-11-21, 3 series)`."""
    name = HIDDEN if hidden else shown(Path(folder.path).name or folder.path, 48)
    facts = [
        "" if hidden else folder.opened,
        plural(folder.series, "series", "series") if folder.series else "",
    ]
    told = ", ".join(fact for fact in facts if fact)
    return f"{number}  {name}" + (f"  ({shown(told)})" if told else "")


def there(paths: Sequence[str]) -> frozenset[str]:
    """Those of the paths that exist. A dead network drive makes this hang."""
    return frozenset(path for path in paths if _exists(path))


def _exists(path: str) -> bool:
    try:
        return Path(path).exists()
    except (OSError, ValueError):
        return False


class RecentMenu(QMenu):
    """Lists the folders when it opens; missing ones turn grey as soon as that is known."""

    chosen = Signal(str)
    clear_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("&Recent", parent)
        self._folders: tuple[RecentFolder, ...] = ()
        self._hidden = False
        self.setToolTipsVisible(True)
        self.aboutToShow.connect(self.look)
        self._draw()

    def set_folders(self, folders: Sequence[RecentFolder]) -> None:
        """Show these, newest first."""
        self._folders = tuple(folders)
        self._draw()

    def set_hidden(self, hidden: bool) -> None:
        """Show or hide names and days."""
        self._hidden = hidden
        self._draw()

    def look(self) -> None:
        """Find out which folders are still there."""
        in_background(partial(there, [folder.path for folder in self._folders]), self._on_found, self)

    def _draw(self) -> None:
        self.clear()
        for number, folder in enumerate(self._folders, 1):
            action = self.addAction(entry_words(folder, number, hidden=self._hidden).replace("&", "&&"))
            action.setData(folder.path)
            action.setToolTip(HIDDEN if self._hidden else tool_tip(folder.path))
            action.triggered.connect(lambda _=False, path=folder.path: self.chosen.emit(path))
        if not self._folders:
            self.addAction("No recent folders").setEnabled(False)
            return
        self.addSeparator()
        self.addAction("&Clear this list").triggered.connect(self.clear_asked)

    def _on_found(self, found: frozenset[str]) -> None:
        for action in self.actions():
            path = action.data()
            if isinstance(path, str):
                action.setEnabled(path in found)
                if path not in found:
                    action.setToolTip("This folder is not there any more")
