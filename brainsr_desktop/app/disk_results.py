"""The disk store as the window uses it: asked and filled in one thread of its own."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, QThreadPool, Signal

from brainsr_desktop.session.cache import Result
from brainsr_desktop.session.disk_store import DiskStore, file_name
from brainsr_desktop.session.pictures import ResultKey

WAIT_MS: Final = 2000
LATELY: Final = 16
MOST_WAITING: Final = 8
"""Results in memory that wait to be written; a slow disk must not keep more of them than that."""


class DiskResults(QObject):
    """Off until it is given a limit. Nothing in it waits for the disk."""

    answered = Signal(object, object)  # ResultKey, Result or None
    _written = Signal()

    def __init__(self, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._folder = folder
        self._store: DiskStore | None = None
        self._asked: set[ResultKey] = set()
        self._absent: set[ResultKey] = set()
        # What memory had no room for is not read again and again.
        self._lately: deque[ResultKey] = deque(maxlen=LATELY)
        self._writing = 0
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)
        self.answered.connect(self._on_answered)
        self._written.connect(self._on_written)

    def set_limit(self, limit_bytes: int) -> None:
        """How much may be kept; 0 turns the store off, and leaves what it holds."""
        self._lately.clear()
        self._store = DiskStore(self._folder, limit_bytes) if limit_bytes else None
        self._absent.clear()

    def may_have(self, key: ResultKey, content: str) -> bool:
        """Whether a result may come from the disk: it is asked for, and ``answered`` follows.

        ``content``: all of the source that it is made from, empty while that is not known.
        """
        if self._store is None or not content or key in self._absent or key in self._lately:
            return False
        if key not in self._asked:
            self._asked.add(key)
            self._do(partial(self._read, self._store, key, content))
        return True

    def keep(self, key: ResultKey, content: str, result: Result) -> None:
        """Write a result, unless too many wait already."""
        if self._store is None or not content or self._writing >= MOST_WAITING:
            return
        self._writing += 1
        self._absent.discard(key)
        self._do(partial(self._write, self._store, file_name(content, key.frame, key.recipe_digest), result))

    def clear(self) -> None:
        """Remove everything, also while the store is off."""
        self._absent.clear()
        self._do(DiskStore(self._folder, 0).clear)

    def finish(self) -> None:
        """Wait a moment for what is being written."""
        self._pool.waitForDone(WAIT_MS)

    def _do(self, work: Callable[[], None]) -> None:
        self._pool.start(work)

    def _read(self, store: DiskStore, key: ResultKey, content: str) -> None:
        self.answered.emit(key, store.get(file_name(content, key.frame, key.recipe_digest)))

    def _write(self, store: DiskStore, name: str, result: Result) -> None:
        store.put(name, result)
        self._written.emit()

    def _on_answered(self, key: ResultKey, result: Result | None) -> None:
        self._asked.discard(key)
        if result is None:
            self._absent.add(key)
        else:
            self._lately.append(key)

    def _on_written(self) -> None:
        self._writing -= 1
