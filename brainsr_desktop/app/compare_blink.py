"""Swaps the pictures while the mode "blink" runs by itself."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer

from brainsr_desktop.app.store import Store
from brainsr_desktop.session import intents_compare
from brainsr_desktop.session.state import ViewState


def period_ms(state: ViewState) -> int | None:
    """Time from swap to swap; None while nothing is swapped by itself. Space stops it: one picture is looked at."""
    compare = state.compare
    if state.mode != "blink" or state.stack is None or compare.paused or state.show_original:
        return None
    return round(1000.0 / compare.blinks) if compare.blinks > 0.0 else None


class BlinkClock(QObject):
    """Follows the state."""

    def __init__(self, store: Store, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._timer = QTimer(self)
        self._timer.timeout.connect(lambda: store.apply(intents_compare.swap))
        store.changed.connect(lambda _before, after: self._follow(after))

    @property
    def running(self) -> bool:
        """Whether pictures are swapped by themselves."""
        return self._timer.isActive()

    def _follow(self, state: ViewState) -> None:
        period = period_ms(state)
        if period is None:
            self._timer.stop()
        elif not self._timer.isActive() or self._timer.interval() != period:
            self._timer.start(period)
