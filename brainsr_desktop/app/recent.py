"""The menu of folders that were opened before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QMenu, QPushButton, QWidget

from brainsr_desktop.app.background import in_background
from brainsr_desktop.app.plain_text import HIDDEN, shown, tool_tip
from brainsr_desktop.app.preferences import Preferences
from brainsr_desktop.language import tr, trn
from brainsr_desktop.settings import RecentFolder, Settings, with_pinned


def today() -> str:
    """The day as it is kept (ISO)."""
    return datetime.now(UTC).astimezone().date().isoformat()


def entry_words(folder: RecentFolder, number: int, *, hidden: bool) -> str:
    """`1  brain_study  (2026-11-21, 3 series, pinned)`."""
    facts = [
        "" if hidden else folder.opened,
        trn("{count} series", "{count} series", folder.series) if folder.series else "",
        tr("pinned") if folder.pinned else "",
    ]
    told = ", ".join(fact for fact in facts if fact)
    return f"{number}  {name_of(folder, hidden=hidden)}" + (f"  ({shown(told)})" if told else "")


def name_of(folder: RecentFolder, *, hidden: bool) -> str:
    """The folder's own name."""
    return tr(HIDDEN) if hidden else shown(Path(folder.path).name or folder.path, 48)


def in_order(folders: Sequence[RecentFolder]) -> tuple[RecentFolder, ...]:
    """The pinned ones first, each kind newest first."""
    return tuple(sorted(folders, key=lambda folder: not folder.pinned))


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
    pin_asked = Signal(str, bool)
    remember_asked = Signal(bool)
    clear_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("&Recent"), parent)
        self._pins = QMenu(tr("&Pin"), self)
        self._folders: tuple[RecentFolder, ...] = ()
        self._remembers = True
        self._hidden = False
        self.setToolTipsVisible(True)
        self.aboutToShow.connect(self.look)
        self._draw()

    def set_folders(self, folders: Sequence[RecentFolder], *, remembers: bool = True) -> None:
        """Show these, newest first; ``remembers``: new ones are kept."""
        self._folders = in_order(folders)
        self._remembers = remembers
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
        self._pins.clear()
        for number, folder in enumerate(self._folders, 1):
            action = self.addAction(entry_words(folder, number, hidden=self._hidden).replace("&", "&&"))
            action.setData(folder.path)
            action.setToolTip(tr(HIDDEN) if self._hidden else tool_tip(folder.path))
            action.triggered.connect(partial(self._choose, folder.path))
        if not self._folders:
            self.addAction(tr("No recent folders")).setEnabled(False)
        self.addSeparator()
        if self._folders:
            self._add_pins()
        remember = self.addAction(tr("&Remember folders"))
        remember.setCheckable(True)
        remember.setChecked(self._remembers)
        remember.triggered.connect(self.remember_asked)
        if self._folders:
            clear = self.addAction(tr("&Clear this list"))
            clear.setToolTip(tr("Pinned folders stay"))
            clear.triggered.connect(self.clear_asked)

    def _add_pins(self) -> None:
        self.addMenu(self._pins)
        for folder in self._folders:
            action = self._pins.addAction(name_of(folder, hidden=self._hidden).replace("&", "&&"))
            action.setCheckable(True)
            action.setChecked(folder.pinned)
            action.triggered.connect(lambda on, path=folder.path: self.pin_asked.emit(path, on))

    def _choose(self, path: str, _checked: bool = False) -> None:
        self.chosen.emit(path)

    def _on_found(self, found: frozenset[str]) -> None:
        for action in self.actions():
            path = action.data()
            if isinstance(path, str):
                action.setEnabled(path in found)
                if path not in found:
                    action.setToolTip(tr("This folder is not there any more"))


class RecentFolders(QObject):
    """Keeps the menu, and the button of the empty window, in step with the settings."""

    def __init__(self, menu: RecentMenu, button: QPushButton, preferences: Preferences) -> None:
        super().__init__(menu)
        self._menu = menu
        self._button = button
        self._preferences = preferences
        button.setMenu(menu)
        menu.pin_asked.connect(self._pin)
        menu.remember_asked.connect(lambda on: preferences.update("general", remember_recent=on))
        menu.clear_asked.connect(self._clear)
        preferences.changed.connect(lambda _before, after: self._show(after))
        self._shown: tuple[object, ...] = ()
        self._show(preferences.settings)

    def _show(self, settings: Settings) -> None:
        remembers = settings.general.remember_recent
        if (settings.recent, remembers) == self._shown:
            return
        self._shown = settings.recent, remembers
        self._menu.set_folders(settings.recent if remembers else (), remembers=remembers)
        self._button.setVisible(remembers and bool(settings.recent))

    def _pin(self, path: str, on: bool) -> None:
        self._preferences.set(with_pinned(self._preferences.settings, path, on=on))

    def _clear(self) -> None:
        settings = self._preferences.settings
        self._preferences.set(replace(settings, recent=tuple(one for one in settings.recent if one.pinned)))
