from __future__ import annotations

import pytest

from brainsr_desktop.core.errors import DeviceUnavailable
from brainsr_desktop.train.devices import resolved_device


def test_that_a_device_that_is_not_there_is_refused() -> None:
    assert resolved_device("cpu") == "cpu"
    with pytest.raises(DeviceUnavailable, match="cuda:9"):
        resolved_device("cuda:9")
