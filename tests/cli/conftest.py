"""The commands as a user runs them: a process of their own, with an empty home."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest


@dataclass(frozen=True)
class Ended:
    """How a command ended and what it said."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as one JSON document."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        """Standard output as JSON line by line."""
        return [json.loads(line) for line in self.out.splitlines()]


Brainsr = Callable[..., Ended]


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """That of the tests, but for the user's folders."""
    home = tmp_path_factory.mktemp("home")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
    return {**kept, "HOME": str(home), "OMP_NUM_THREADS": "1"}


@pytest.fixture(scope="session")
def brainsr(environment: dict[str, str]) -> Brainsr:
    """Run ``brainsr`` with these arguments."""
    return command(environment, "brainsr_desktop.cli.main")


def command(environment: Mapping[str, str], *modules: str) -> Brainsr:
    """What runs a module of Python in a process of its own; all but the first are arguments of the first."""

    def run(*arguments: str | Path, more: Mapping[str, str] | None = None, cwd: Path | None = None) -> Ended:
        done = subprocess.run(
            [sys.executable, "-m", *modules, *map(str, arguments)],
            env={**environment, **(more or {})},
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture(scope="session")
def sample(project: Path) -> Path:
    """The sample study: series 1 and 2 of 50 slices each, and a localizer of three planes."""
    return project / "resources" / "sample"
