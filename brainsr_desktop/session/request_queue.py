"""What is in the engine process, what should go there next, and what should come back. No threads, no Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from brainsr_desktop.session.pictures import ResultKey
from brainsr_desktop.session.planner import Stage, Urgency, Want

DEPTH: Final = 2
"""One request runs, one waits in the child."""
AT_ONCE: Final = frozenset({Stage.DEGRADED, Stage.BASE, Stage.FAST})
"""What is made while the user still scrolls or drags."""


@dataclass(slots=True)
class Flight:
    """A request that was sent and has not ended."""

    want: Want
    cancelling: bool = False


@dataclass(frozen=True, slots=True)
class Orders:
    """What to do now: cancel these, then start those, in this order."""

    cancel: tuple[ResultKey, ...] = ()
    start: tuple[Want, ...] = ()


class RequestQueue:
    """Compares what is wanted with what is in flight."""

    def __init__(self) -> None:
        self._flights: dict[ResultKey, Flight] = {}
        self._waiting: tuple[Want, ...] = ()

    @property
    def flights(self) -> tuple[Flight, ...]:
        """What was sent and has not ended, oldest first."""
        return tuple(self._flights.values())

    @property
    def waiting(self) -> tuple[Want, ...]:
        """What is wanted and was not sent, most urgent first."""
        return self._waiting

    def is_running(self, key: ResultKey) -> bool:
        """Whether a result is on its way."""
        flight = self._flights.get(key)
        return flight is not None and not flight.cancelling

    def flight(self, key: ResultKey) -> Flight | None:
        """The request that was sent for a key."""
        return self._flights.get(key)

    def update(self, wants: Sequence[Want], *, settled: bool) -> Orders:
        """Take a new plan. Until the user has ``settled``, only the quick stages of the slice in view are started.

        What is in flight and no longer wanted is cancelled; so is what may wait while the slice in view is not made.
        """
        plan = {want.key: want for want in wants}
        startable = [want for want in wants if want.key not in self._flights and _may_start(want, settled)]
        urgent = bool(startable) and startable[0].urgency is Urgency.IN_VIEW
        cancel = [key for key, flight in self._flights.items() if self._is_idle(flight, plan, urgent)]
        for key in cancel:
            self._flights[key].cancelling = True
        start = tuple(startable[: DEPTH - len(self._flights)])
        for want in start:
            self._flights[want.key] = Flight(want)
        self._waiting = tuple(want for want in wants if want.key not in self._flights)
        return Orders(tuple(cancel), start)

    def ended(self, key: ResultKey) -> None:
        """A request ended, in whatever way."""
        self._flights.pop(key, None)

    def _is_idle(self, flight: Flight, plan: dict[ResultKey, Want], urgent: bool) -> bool:
        if flight.cancelling:
            return False
        want = plan.get(flight.want.key)
        return want is None or (urgent and want.urgency > Urgency.IN_VIEW)


def _may_start(want: Want, settled: bool) -> bool:
    return settled or (want.urgency is Urgency.IN_VIEW and want.stage in AT_ONCE)
