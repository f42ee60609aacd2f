"""Decoder processes that go wrong. Each is started by name in a process of its own."""

from __future__ import annotations

import os
import time
from multiprocessing.connection import Connection


def dies(pipe: Connection) -> None:
    """Ends in the middle of a picture, as gdcm does on damaged ones."""
    pipe.send("ready")
    pipe.recv()
    os._exit(134)


def hangs(pipe: Connection) -> None:
    """Never answers."""
    pipe.send("ready")
    pipe.recv()
    time.sleep(60)


def never_starts(pipe: Connection) -> None:
    """Ends before it says a word."""
    pipe.close()
    os._exit(1)
