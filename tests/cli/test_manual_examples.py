"""The examples of docs/command-line.md, run as they stand there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.cli.conftest import Brainsr

PAGE = Path(__file__).resolve().parents[2] / "docs" / "command-line.md"
RUNNABLE = [
    command
    for command in re.findall(
        r"^    (brainsr .*)$", PAGE.read_text("utf-8").replace("\\\n", ""), re.MULTILINE
    )
    if not command.startswith(("brainsr report", "brainsr info resources/sample --json"))
]
"""All but that which needs an earlier report, and a second listing of the same."""


@pytest.fixture(scope="module")
def place(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that looks like the source folder, and may be written to."""
    folder = tmp_path_factory.mktemp("place")
    for name in ("resources", "tests"):
        (folder / name).symlink_to(project / name, target_is_directory=True)
    return folder


@pytest.mark.parametrize("command", RUNNABLE)
def test_that_an_example_does_what_it_says(command: str, brainsr: Brainsr, place: Path) -> None:
    ended = brainsr(*shlex.split(command)[1:], cwd=place)
    assert ended.status == 0, ended.err
    assert ended.out
