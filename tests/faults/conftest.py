"""A files process whose home is empty and stays so, and a folder with one sound series in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from brainsr_desktop.ipc.client import BlockingClient
from tests import phantom
from tests.faults.kit import ONE, Onlooker, Seen, Spoil, sound


@pytest.fixture(scope="module")
def onlooker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Onlooker]:
    """The real files process; home and temporary folder of its own."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
            patch.setenv(name, str(home))
        with BlockingClient("brainsr_desktop.io.child:main", name="files") as client:
            yield Onlooker(client, home)


@pytest.fixture
def opened(tmp_path: Path) -> Path:
    """A folder to be opened, with the sound series below it."""
    return sound(tmp_path / "opened")


@pytest.fixture
def spoiled(onlooker: Onlooker, opened: Path) -> Spoil:
    """Write one slice with a fault (`phantom.classic`'s switches) beside the sound series and look at both."""

    def spoil(**switches: Any) -> Seen:
        phantom.classic(opened / "bad", **{"pixels": ONE, **switches})
        return onlooker.look(opened)

    return spoil
