"""Which variables children inherit: what programs need, and no secret."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from brainsr_desktop.environment import is_needed

NEEDED = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "XDG_CONFIG_HOME",
    "DISPLAY",
    "QT_QPA_PLATFORM",
    "OMP_NUM_THREADS",
    "BRAINSR_GROUPING",
    "CUDA_VISIBLE_DEVICES",
    "PYTHONPATH",
    "LD_LIBRARY_PATH",
    "SystemRoot",
    "TMPDIR",
    "_MEIPASS2",
)
DROPPED = (
    "AWS_SECRET_ACCESS_KEY",
    "GITHUB_TOKEN",
    "BRAINSR_TOKEN",
    "SSH_AUTH_SOCK",
    "http_proxy",
    "MYSQL_PWD",
    "PGPASSWORD",
    "PYTHON_KEYRING_PASSWORD",
    "OPENAI_API_KEY",
    "DATABASE_URL",
    "XDG_COOKIE",
)


@pytest.mark.parametrize("name", NEEDED)
def test_that_what_is_needed_stays(name: str) -> None:
    assert is_needed(name)


@pytest.mark.parametrize("name", DROPPED)
def test_that_a_secret_does_not_stay(name: str) -> None:
    assert not is_needed(name)


def test_that_a_child_of_a_program_that_kept_what_it_needs_has_no_more() -> None:
    code = (
        "import subprocess, sys; from brainsr_desktop import environment; environment.keep_needed();"
        "subprocess.run([sys.executable, '-c', 'import os; print(*os.environ)'], check=True)"
    )
    given = {**os.environ, **dict.fromkeys(DROPPED, "planted")}
    done = subprocess.run([sys.executable, "-c", code], env=given, capture_output=True, text=True, check=True)
    names = done.stdout.split()
    assert "PATH" in names and all(is_needed(name) for name in names)


def test_that_this_process_is_left_alone_by_a_call() -> None:
    """Tests and other programs call `cli.main.main` with arguments: their environment is theirs."""
    from brainsr_desktop.cli.main import main

    before = dict(os.environ)
    assert main(["models"]) == 0
    assert dict(os.environ) == before
