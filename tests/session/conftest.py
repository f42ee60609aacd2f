"""What tests of the session share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from brainsr_desktop.ipc.shared_array import SharedArray
from brainsr_desktop.session.open_stack import OpenStack
from tests.session.making import stack


@pytest.fixture
def opened() -> Iterator[OpenStack]:
    """A stack whose first six pictures are there, each with its own value."""
    made = OpenStack(stack())
    block = SharedArray.create(made.stack.shape, "int16")
    for index in range(7):
        block.array[index] = index
    made.take_block(block)
    for index in range(6):
        made.frame_loaded(index, None)
    yield made
    made.close()
