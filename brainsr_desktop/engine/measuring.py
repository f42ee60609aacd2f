"""A process of its own that finds out how a model runs best here; see `engine.plans`.

Apart from the engine's process, for it tries torch as well, which the engine loads only where it uses it.
"""

from __future__ import annotations

from dataclasses import dataclass
from multiprocessing.connection import Connection

from brainsr_desktop.engine import plans
from brainsr_desktop.ipc.child import JobContext, serve
from brainsr_desktop.ipc.messages import Answer, Request
from brainsr_desktop.models.catalog import load_catalog

TARGET = "brainsr_desktop.engine.measuring:main"


@dataclass(frozen=True, slots=True)
class Measure(Request):
    """Measure a model and keep its plan. Answer: Measured."""

    model: str


@dataclass(frozen=True, slots=True)
class Measured(Answer):
    """The plan is kept: ``backend``, its ``threads`` (0: as many as it likes)."""

    backend: str
    threads: int


def main(connection: Connection) -> None:
    """Entry point, named by text."""
    serve(connection, {Measure: measure})


def measure(request: Measure, context: JobContext) -> Measured:
    """Try every way to run the model; nothing is kept of a measurement that was given up."""
    card = load_catalog().find(request.model)
    plan = plans.measured(card, context.check_cancelled)
    plans.keep(card, plan)
    return Measured(request.job, plan.backend, plan.threads)
