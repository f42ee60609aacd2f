"""Measures how long the GUI thread is away: gaps of a 5 ms timer."""

from __future__ import annotations

import time

from PySide6.QtCore import QObject, Qt, QTimer

INTERVAL_MS = 5


class Heartbeat(QObject):
    """Counts the time between beats of a precise 5 ms timer in the thread it lives in."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._gaps_ms: list[float] = []
        self._last = 0.0
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(INTERVAL_MS)
        self._timer.timeout.connect(self._beat)

    def start(self) -> None:
        """Begin to measure."""
        self._last = time.perf_counter()
        self._timer.start()

    def stop(self) -> None:
        """End the measurement; what was measured stays."""
        self._timer.stop()

    def _beat(self) -> None:
        now = time.perf_counter()
        self._gaps_ms.append((now - self._last) * 1000.0)
        self._last = now

    def summary(self) -> dict[str, float]:
        """99th percentile and maximum of the gaps in ms, and how many beats there were."""
        gaps = sorted(self._gaps_ms) or [0.0]
        return {
            "p99": round(gaps[min(len(gaps) - 1, int(len(gaps) * 0.99))], 1),
            "max": round(gaps[-1], 1),
            "beats": len(self._gaps_ms),
        }
