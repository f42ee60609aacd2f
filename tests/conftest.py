"""What every room's tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real scans and data; skips in a plain clone, fails where the checks must be complete (CI)."""
    found = Path(os.environ.get("BRAINSR_SHARED", Path(__file__).parent.parent.parent / "shared"))
    if not found.is_dir():
        if os.environ.get("CI"):
            pytest.fail(f"The shared data are missing: {found}")
        pytest.skip("The shared data are not here.")
    return found
