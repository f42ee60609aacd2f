"""The real engine, whose networks give no numbers."""

from __future__ import annotations

from multiprocessing.connection import Connection

import numpy as np

from brainsr_desktop.engine import child
from brainsr_desktop.engine.backends.base import BACKENDS
from tests.engine import failing

TARGET = "tests.faults.sick_engine:main"


def main(connection: Connection) -> None:
    """Entry point of the child."""
    failing.LIMITS.sick = float(np.nan)
    BACKENDS["openvino"] = "tests.engine.failing:open_openvino"
    child.main(connection)
