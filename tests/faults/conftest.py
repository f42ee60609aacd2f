"""A files process whose home is empty and stays so, and a folder with one sound series in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from brainsr_desktop.ipc.client import BlockingClient
from tests import phantom
from tests.app.controlling import Desk, MakeDesk
from tests.cli.conftest import Brainsr, command
from tests.faults.disks import run_as_root_of_a_namespace
from tests.faults.kit import ONE, Onlooker, Seen, Spoil, sound


@pytest.fixture(scope="module")
def onlooker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Onlooker]:
    """The real files process; home and temporary folder of its own."""
    home = tmp_path_factory.mktemp("home")
    client = BlockingClient("brainsr_desktop.io.child:main", name="files")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
            patch.setenv(name, str(home))
        client.__enter__()
    yield Onlooker(client, home)
    client.stop()


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


@pytest.fixture
def desk(qtbot: QtBot) -> Iterator[MakeDesk]:
    """Makes controllers with real children; at the end nothing of them may be left."""
    made: list[Desk] = []

    def make(**arguments: Any) -> Desk:
        made.append(Desk(qtbot, **arguments))
        return made[-1]

    yield make
    for one in made:
        one.leave()


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """That of the tests, but for the user's folders."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
    return {**kept, "HOME": str(tmp_path_factory.mktemp("home")), "OMP_NUM_THREADS": "1"}


@pytest.fixture(scope="session")
def brainsr(environment: dict[str, str]) -> Brainsr:
    """Run ``brainsr`` with these arguments in a process of its own."""
    return command(environment, "brainsr_desktop.cli.main")


@pytest.fixture(scope="session")
def powerless_brainsr(environment: dict[str, str]) -> Brainsr:
    """The same with the rights of an ordinary user, whoever runs the tests."""
    return command(environment, "tests.faults.powerless", "brainsr_desktop.cli.main")


class InNamespace(pytest.Item):
    """A test that mounts a disk, run by a process that may."""

    def runtest(self) -> None:
        """Run it there."""
        run_as_root_of_a_namespace(self.nodeid)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Only root may mount: for others such tests run in a namespace of their own."""
    if os.name != "posix" or os.geteuid() == 0:
        return
    for place, item in enumerate(items):
        if item.get_closest_marker("mounts") is not None and item.parent is not None:
            items[place] = InNamespace.from_parent(item.parent, name=item.name)
