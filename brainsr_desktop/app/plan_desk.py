"""Has the network in use measured once, in the background, while nothing else is to be done."""

from __future__ import annotations

import logging
from typing import Final

from PySide6.QtCore import QObject, QTimer, Signal

from brainsr_desktop.app.child_worker import ChildWorker
from brainsr_desktop.app.controller import Controller
from brainsr_desktop.engine import plans
from brainsr_desktop.engine.measuring import TARGET, Measure, Measured
from brainsr_desktop.ipc.messages import Answer, JobId
from brainsr_desktop.models.card import Card

log = logging.getLogger(__name__)

QUIET_MS: Final = 30_000
LOOK_MS: Final = 250


class MeasuringWorker(ChildWorker):
    """The measuring process; ``heard`` brings `Measured`, or why not."""

    def __init__(self) -> None:
        super().__init__(TARGET, name="measuring")

    def measure(self, model: str) -> JobId:
        """Answer: Measured."""
        job = self._client.next_job()
        self._post(lambda: self._send(Measure(job, model)))
        return job


class PlanDesk(QObject):
    """Once the engine had nothing to do for ``quiet_ms``, the model in view is measured, unless it was before.

    A process of its own does it and ends with it; work for the engine stops it, and it is tried again later. What was
    found is in force from the next start, so that the pictures of one session are all made alike.
    """

    ended = Signal(bool)
    """A measurement is over; whether there is a plan now."""

    def __init__(self, controller: Controller, *, quiet_ms: int = QUIET_MS) -> None:
        super().__init__()
        self._controller = controller
        self._worker: MeasuringWorker | None = None
        self._quiet = QTimer(self)
        self._quiet.setSingleShot(True)
        self._quiet.setInterval(quiet_ms)
        self._quiet.timeout.connect(self._begin)
        self._look = QTimer(self)
        self._look.setInterval(LOOK_MS)
        self._look.timeout.connect(self._on_look)

    def start(self) -> None:
        """Begin to wait for a quiet moment."""
        self._quiet.start()
        self._look.start()

    def shut_down(self) -> None:
        """End whatever runs. Takes up to some seconds."""
        self._quiet.stop()
        self._look.stop()
        self._stop()

    def _card(self) -> Card | None:
        """The network in view, if it was not measured yet."""
        recipe = self._controller.store.state.recipe
        cards = self._controller.catalog.cards
        card = next((card for card in cards if card.name == recipe.model), None)
        if card is None or card.is_interpolation or plans.plan_of(card) is not None:
            return None
        return card

    def _on_look(self) -> None:
        if not self._controller.computing:
            return
        self._quiet.start()
        if self._worker is not None:
            self._stop()
            self.ended.emit(False)

    def _begin(self) -> None:
        card = self._card()
        if card is None or self._worker is not None:
            self._quiet.start()
            return
        self._worker = MeasuringWorker()
        self._worker.heard.connect(self._on_heard)
        self._worker.start()
        self._worker.measure(card.name)

    def _on_heard(self, event: object) -> None:
        if not isinstance(event, Answer) or not event.final or self._worker is None:
            return
        log.info("Measured the network in view: %s", event)
        self._stop()
        if isinstance(event, Measured):
            self._quiet.start()
        self.ended.emit(isinstance(event, Measured))

    def _stop(self) -> None:
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.begin_stop()
            worker.wait_stopped()
