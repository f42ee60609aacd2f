"""The engine process with a nap before each slice, for tests that must catch it at work."""

from __future__ import annotations

import os
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

from brainsr_desktop.engine.child import serve_engine
from brainsr_desktop.engine.pipeline import Engine, Enhanced
from brainsr_desktop.models.catalog import load_catalog

TARGET: Final = "tests.engine.slow_child:main"
MODELS_VARIABLE: Final = "BRAINSR_TEST_MODELS"
NAP_VARIABLE: Final = "BRAINSR_TEST_NAP_S"


class SlowEngine(Engine):
    """Sleeps as long as the environment says, listening for Cancel, then works as always."""

    def enhance(self, *arguments: Any, **named: Any) -> Enhanced:
        check = named.get("check_cancelled")
        until = time.monotonic() + float(os.environ.get(NAP_VARIABLE, "0"))
        while time.monotonic() < until:
            if check is not None:
                check()
            time.sleep(0.01)
        return super().enhance(*arguments, **named)


def main(connection: Connection) -> None:
    """Entry point; the models are those of the folder in the environment, or the shipped ones."""
    folder = os.environ.get(MODELS_VARIABLE)
    catalog = load_catalog(Path(folder), Path(folder) / "none") if folder else load_catalog()
    serve_engine(connection, SlowEngine(catalog))
