"""Series whose headers are still being read: listed and shown at once, and replaced by what they turn out to be."""

from __future__ import annotations

from typing import TypeAlias

from PySide6.QtCore import QObject, Signal

from brainsr_desktop.app.controller import Controller
from brainsr_desktop.app.series_arranger import SeriesArranger
from brainsr_desktop.app.series_browser import SeriesBrowser
from brainsr_desktop.app.store import Store
from brainsr_desktop.core.series import SeriesInfo, StackInfo

Uids: TypeAlias = tuple[str, str]


class SeriesReading(QObject):
    """Keeps the stacks that stand in for series (``StackInfo.reading``).

    To be made after whoever else hears of what the arranger found: it takes the stand-ins away last.
    """

    begun = Signal(object)  # StackInfo that stands in for a series, once the browser has it

    def __init__(
        self,
        store: Store,
        controller: Controller,
        browser: SeriesBrowser,
        arranger: SeriesArranger,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._controller = controller
        self._browser = browser
        self._standing_in: dict[Uids, StackInfo] = {}
        controller.series_begun.connect(self._on_begun)
        arranger.found.connect(self._on_found)
        controller.scans_ended.connect(self._on_end)
        controller.closed.connect(self._standing_in.clear)

    def _on_begun(self, series: SeriesInfo) -> None:
        (stack,) = series.stacks
        before = self._standing_in.get(_uids(series))
        if before is not None and before.id != stack.id:  # the files process died, and began again
            self._browser.remove((before,))
        self._standing_in[_uids(series)] = stack
        self._browser.add(series)
        self.begun.emit(stack)

    def _on_found(self, series: SeriesInfo) -> None:
        gone = self._standing_in.pop(_uids(series), None)
        if gone is None:
            return
        self._browser.hand_over(gone, series.stacks)
        if self._shows(gone):
            self._controller.open_stack(
                next((stack for stack in series.stacks if stack.supported), series.stacks[0])
            )

    def _on_end(self) -> None:
        """What was begun and has come to nothing: the scan was cancelled, or no file could be used."""
        gone = tuple(self._standing_in.values())
        self._standing_in.clear()
        self._browser.remove(gone)
        if any(self._shows(stack) for stack in gone):
            self._controller.close_stacks(gone)

    def _shows(self, gone: StackInfo) -> bool:
        shown = self._store.state.stack
        return shown is not None and shown.id == gone.id


def _uids(series: SeriesInfo) -> Uids:
    return series.study.study_uid, series.series_uid
