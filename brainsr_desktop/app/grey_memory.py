"""The grey window that each series had, for the next start: by a hash of the series' UID, in a file of its own."""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import QObject, QThreadPool, QTimer

from brainsr_desktop.app.background import in_background
from brainsr_desktop.app.controller import Controller
from brainsr_desktop.app.preferences import Preferences
from brainsr_desktop.app.store import Store
from brainsr_desktop.core.series import StackInfo
from brainsr_desktop.language import tr
from brainsr_desktop.session import intents
from brainsr_desktop.session.reports import Notice
from brainsr_desktop.session.state import ViewState, WindowLevel
from brainsr_desktop.session.windows import SeriesRange
from brainsr_desktop.settings import Settings, set_aside

_log = logging.getLogger(__name__)
FORMAT: Final = "brainsr-windows"
KEPT: Final = 1000
LARGEST_BYTES: Final = 1 << 20
LARGEST_VALUE: Final = 1e30
SAVE_AFTER_MS: Final = 1000

Windows = dict[str, tuple[float, float]]
"""Centre and width by `name_of`, oldest first."""


def name_of(stack: StackInfo) -> str:
    """Tells a stack without its UID; empty where the file has none."""
    if not stack.series_uid:
        return ""
    return hashlib.sha256(f"{stack.series_uid}\n{stack.split_reason}".encode()).hexdigest()


class GreyMemory(QObject):
    """Follows the state: keeps what the user chose, and brings it back when a series is opened for the first time."""

    def __init__(
        self, store: Store, controller: Controller, preferences: Preferences, path: Path, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._store, self._controller = store, controller
        self._preferences, self._path = preferences, path
        self._kept: Windows = {}
        self._initial: WindowLevel | None = None
        self._header: WindowLevel | None = None
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)
        self._timer = QTimer(self, singleShot=True, interval=SAVE_AFTER_MS)
        self._timer.timeout.connect(self._write)
        controller.range_changed.connect(self._on_range)
        store.changed.connect(self._on_changed)
        preferences.changed.connect(self._on_settings)
        in_background(partial(read, path), self._on_read, self)

    @property
    def on(self) -> bool:
        """Whether windows are remembered."""
        return self._preferences.settings.viewing.remember_windows

    def finish(self, wait_ms: int = 2000) -> None:
        """Write what waits, at most so long."""
        if self._timer.isActive():
            self._timer.stop()
            self._write()
        if not self._pool.waitForDone(wait_ms):
            _log.warning("the grey windows were not written in time")

    def _on_read(self, result: tuple[Windows, str]) -> None:
        found, note = result
        if note:
            self._controller.notice.emit(Notice("warning", note))
        self._kept = {**found, **self._kept}
        self._bring_back(self._store.state)

    def _on_range(self, series: SeriesRange | None) -> None:
        self._initial = None if series is None else series.initial
        self._header = None if series is None else series.header
        self._bring_back(self._store.state)

    def _on_changed(self, before: ViewState, after: ViewState) -> None:
        if before.stack is not after.stack:
            self._bring_back(after)
        elif before.window != after.window and not after.window_per_slice:
            self._note(after)

    def _bring_back(self, state: ViewState) -> None:
        """As long as the series has the window that it began with: who chooses that one lets go of the other."""
        kept = None if state.stack is None or not self.on else self._kept.get(name_of(state.stack))
        if kept is not None and (state.window is None or state.window == self._initial):
            window = WindowLevel(*kept)
            if self._header is not None and window == replace(self._header, curve=b""):
                window = self._header
            self._store.apply(lambda state: intents.set_window(state, window))

    def _note(self, state: ViewState) -> None:
        name = "" if state.stack is None else name_of(state.stack)
        if not name or not self.on:
            return
        before = self._kept.pop(name, None)
        if state.window is not None and state.window != self._initial:
            self._kept[name] = state.window.center, state.window.width
        elif before is None:
            return
        self._timer.start()

    def _on_settings(self, before: Settings, after: Settings) -> None:
        if before.viewing.remember_windows and not after.viewing.remember_windows:
            self._kept = {}
            self._timer.start()

    def _write(self) -> None:
        newest = dict(list(self._kept.items())[-KEPT:])
        self._pool.start(partial(write, self._path, newest))


def read(path: Path) -> tuple[Windows, str]:
    """What the file holds, and a sentence for the user if there is a file that cannot be used: it is set aside."""
    try:
        entries = _entries(path)
    except FileNotFoundError:
        return {}, ""
    except (OSError, ValueError, RecursionError):
        entries = None
    if entries is None:
        name = set_aside(path)
        sentence = tr("The remembered grey windows could not be read.")
        return {}, f"{sentence} " + tr("The old file was kept as {name}.", name=name) if name else sentence
    return {name: (float(pair[0]), float(pair[1])) for name, pair in entries.items() if _is_window(pair)}, ""


def _entries(path: Path) -> dict[str, Any] | None:
    """The windows by name; None if the file is of another kind or version."""
    with path.open("rb") as file:
        table = json.loads(file.read(LARGEST_BYTES))
    entries = table.get("windows") if isinstance(table, dict) and table.get("format") == FORMAT else None
    return entries if isinstance(entries, dict) else None


def write(path: Path, windows: Windows) -> None:
    """Replace the file; a full or dead disk costs the memory alone."""
    partial_path = path.with_name(path.name + ".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial_path.write_text(json.dumps({"format": FORMAT, "windows": windows}, indent=0), "utf-8")
        partial_path.replace(path)
    except OSError:
        _log.warning("the grey windows could not be kept", exc_info=True)


def _is_window(pair: object) -> bool:
    return (
        isinstance(pair, list)
        and len(pair) == 2
        and all(isinstance(part, int | float) and abs(part) <= LARGEST_VALUE for part in pair)
        and pair[1] > 0
    )
