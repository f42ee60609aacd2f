"""The real engine, made slow or mean. How is told by the environment, which a child inherits."""

from __future__ import annotations

import os
import signal
import time
from multiprocessing.connection import Connection

from brainsr_desktop.core.recipe import Recipe
from brainsr_desktop.engine.child import Handlers
from brainsr_desktop.engine.messages import Infer, Inferred, ListDevices, Prepare
from brainsr_desktop.engine.pipeline import Engine
from brainsr_desktop.ipc.child import JobContext, serve
from brainsr_desktop.ipc.shared_array import attach

TARGET = "tests.app.slow_engine:main"
PAUSE_S = "BRAINSR_TEST_PAUSE_S"
"""Every slice of a model of more than an interpolation takes so much longer."""
DEADLY_FRAME = "BRAINSR_TEST_DEADLY_FRAME"
"""This frame ends the process by a fault, every time."""
DEAF_FRAME = "BRAINSR_TEST_DEAF_FRAME"
"""This frame takes minutes and hears no cancel."""

STAMP = "BRAINSR_TEST_STAMP"
"""If set, the first pixel of every picture tells the recipe it was made with."""


def stamp_of(recipe: Recipe) -> float:
    """A number that float32 holds exactly, almost surely another one for another recipe."""
    return float(int(recipe.digest()[:6], 16))


def main(connection: Connection) -> None:
    handlers = Handlers(Engine())

    def infer(request: Infer, context: JobContext) -> Inferred:
        if request.frame == int(os.environ.get(DEADLY_FRAME, "-1")):
            os.kill(os.getpid(), signal.SIGSEGV)
        if request.frame == int(os.environ.get(DEAF_FRAME, "-1")):
            time.sleep(600)
        until = time.monotonic() + float(os.environ.get(PAUSE_S, "0"))
        while time.monotonic() < until:
            context.check_cancelled()
            context.progress(1, 2)
            time.sleep(0.002)
        made = handlers.infer(request, context)
        if STAMP in os.environ:
            with attach(request.target) as target:
                target[0, 0] = stamp_of(request.recipe)
        return made

    serve(
        connection,
        {ListDevices: handlers.list_devices, Prepare: handlers.prepare, Infer: infer},
    )
