from __future__ import annotations

from pathlib import Path

import pytest

from tests.train.made_data import write_all


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Configuration of a tiny run; its data lie in the same folder."""
    return write_all(tmp_path_factory.mktemp("data"))
