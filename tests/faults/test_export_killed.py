"""Fault 76: the command and the window are killed at random moments of an export; the result is byte for byte the same.

``BRAINSR_KILLS=20`` kills each of them that often (``make reliability``); otherwise a few times.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from tests import phantom
from tests.faults.killing import SLICES, killed_and_finished
from tests.io.export_kit import tree

KILLS = int(os.environ.get("BRAINSR_KILLS", "0"))

pytestmark = [
    pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL"),
    pytest.mark.timeout(1200),
]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A series long enough to be killed in the middle of."""
    phantom.classic(tmp_path / "source", pixels=phantom.head(slices=SLICES, rows=64, columns=64))
    return tmp_path / "source"


@pytest.mark.parametrize(("program", "kills"), [("command", KILLS or 2), ("window", KILLS or 1)])
def test_that_an_export_killed_again_and_again_ends_byte_for_byte_the_same(
    program: str, kills: int, source: Path, tmp_path: Path, environment: dict[str, str]
) -> None:
    def command(target: Path) -> list[str]:
        if program == "window":
            return [sys.executable, "-m", "tests.faults.killing", str(source), str(target)]
        words = ["enhance", str(source), "-o", str(target), "--model", "bicubic", "--quiet"]
        return [sys.executable, "-m", "brainsr_desktop.cli.main", *words]

    killed, calm, met = killed_and_finished(
        command, tmp_path, kills, seed=12, environment={**environment, "QT_QPA_PLATFORM": "offscreen"}
    )
    assert met >= max(1, kills - 1)
    assert [path.name for path in killed.iterdir()] == ["104_1_SRx4"]
    assert len(list(killed.rglob("*.dcm"))) == SLICES
    assert tree(killed) == tree(calm)
    sys.stdout.write(
        f"FIGURE {program} killed {met} times in an export: the same {SLICES} files, byte for byte\n"
    )
