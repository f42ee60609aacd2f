"""The settings while the window runs: one current value, told to who listens, written in the background."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, QRunnable, QThreadPool, QTimer, Signal

from brainsr_desktop.language import tr
from brainsr_desktop.settings import Settings, save

_log = logging.getLogger(__name__)
SAVE_AFTER_MS = 400


class _Save(QRunnable):
    def __init__(self, settings: Settings, path: Path, failed: Callable[[str], None]) -> None:
        super().__init__()
        self._settings, self._path, self._failed = settings, path, failed

    def run(self) -> None:
        try:
            save(self._settings, self._path)
        except OSError:
            _log.warning("The settings could not be saved", exc_info=True)
            self._failed(tr("The settings could not be saved. The program runs on with what you chose."))


class Preferences(QObject):
    """Holds `Settings`. Lives in the GUI thread; a slow or full disk is met in another one."""

    changed = Signal(object, object)  # before, after: Settings
    save_failed = Signal(str)

    def __init__(self, settings: Settings, path: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self._path = path
        self._told = False
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SAVE_AFTER_MS)
        self._timer.timeout.connect(self._write)

    @property
    def settings(self) -> Settings:
        """The current value."""
        return self._settings

    @property
    def path(self) -> Path:
        """The file they are kept in."""
        return self._path

    def set(self, settings: Settings) -> None:
        """Take new settings; they are saved soon."""
        before, self._settings = self._settings, settings
        if settings != before:
            self._timer.start()
            self.changed.emit(before, settings)

    def update(self, section: str, **values: object) -> None:
        """Change entries of one section."""
        self.set(replace(self._settings, **{section: replace(getattr(self._settings, section), **values)}))

    def finish(self, wait_ms: int = 2000) -> None:
        """Write what waits; at most `wait_ms`, so that a dead disk does not keep the window open."""
        if self._timer.isActive():
            self._timer.stop()
            self._write()
        if not self._pool.waitForDone(wait_ms):
            _log.warning("the settings were not written in time")

    def _write(self) -> None:
        self._pool.start(_Save(self._settings, self._path, self._on_failed))

    def _on_failed(self, text: str) -> None:
        if not self._told:
            self._told = True
            self.save_failed.emit(text)
