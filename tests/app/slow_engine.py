"""The real engine, made slow or mean. How is told by the environment, which a child inherits."""

from __future__ import annotations

import os
import signal
import time
from multiprocessing.connection import Connection

from brainsr_desktop.engine.child import Handlers
from brainsr_desktop.engine.messages import Infer, Inferred, ListDevices, Prepare
from brainsr_desktop.engine.pipeline import Engine
from brainsr_desktop.ipc.child import JobContext, serve

TARGET = "tests.app.slow_engine:main"
PAUSE_S = "BRAINSR_TEST_PAUSE_S"
"""Every slice of a model of more than an interpolation takes so much longer."""
DEADLY_FRAME = "BRAINSR_TEST_DEADLY_FRAME"
"""This frame ends the process by a fault, every time."""
DEAF_FRAME = "BRAINSR_TEST_DEAF_FRAME"
"""This frame takes minutes and hears no cancel."""


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
        return handlers.infer(request, context)

    serve(
        connection,
        {ListDevices: handlers.list_devices, Prepare: handlers.prepare, Infer: infer},
    )
