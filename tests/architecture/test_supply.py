"""What the program is made of: exact versions with hashes, and no licence that binds it."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name


@pytest.fixture(scope="module")
def licences(project: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "check_licences", project / "packaging" / "check_licences.py"
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_that_nothing_that_ships_binds_the_program(project: Path) -> None:
    command = [sys.executable, str(project / "packaging" / "check_licences.py")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    listed = {line.split(" ")[0] for line in done.stdout.splitlines()}
    assert {"torch", "pyside6-essentials", "python-gdcm", "pydicom", "openvino"} <= listed


@pytest.mark.parametrize(
    ("licence", "binds", "known"),
    [
        ("LGPL-3.0-only OR GPL-2.0-only OR GPL-3.0-only", False, True),
        ("GNU Lesser General Public License v3", False, True),
        ("GPL-3.0-or-later", True, False),
        ("MIT AND GPL-2.0-only", True, True),
        ("GNU General Public License v3 (GPLv3)", True, False),
        ("AGPL-3.0-only OR SSPL-1.0", True, False),
        ("", False, False),
        ("BSD License", False, True),
    ],
)
def test_that_a_licence_is_taken_for_what_it_is(
    licences: ModuleType, licence: str, binds: bool, known: bool
) -> None:
    part = licences.Part("x", "1", licence)
    assert (part.binds, part.known) == (binds, known)


def locked(project: Path) -> dict[NormalizedName, list[tuple[Requirement, int]]]:
    """Each locked requirement with the number of its hashes, by name."""
    text = (project / "requirements.lock").read_text("utf-8").replace("\\\n", "")
    found: dict[NormalizedName, list[tuple[Requirement, int]]] = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            words, *hashes = re.split(r"\s+--hash=sha256:", line)
            assert all(re.fullmatch(r"[0-9a-f]{64}", digest.strip()) for digest in hashes), line
            requirement = Requirement(words)
            found.setdefault(canonicalize_name(requirement.name), []).append((requirement, len(hashes)))
    return found


def test_that_the_lock_has_the_versions_of_the_constraints_and_a_hash_for_each(project: Path) -> None:
    exact = {
        canonicalize_name(one.name): str(one.specifier)
        for one in map(Requirement, _lines(project / "constraints.txt"))
    }
    lock = locked(project)
    assert len(lock) > 50
    for name, entries in lock.items():
        for requirement, hashes in entries:
            assert hashes >= 1, name
            assert len(requirement.specifier) == 1 and str(requirement.specifier).startswith("=="), name
            assert str(requirement.specifier) == exact.get(name, str(requirement.specifier)), (
                f"{name} differs from constraints.txt: make lock"
            )


def test_that_everything_the_program_asks_for_is_locked(project: Path) -> None:
    import tomllib

    asked = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    lock = locked(project)
    assert {canonicalize_name(Requirement(line).name) for line in asked} <= set(lock)
    assert "openvino-telemetry" not in lock


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text("utf-8").splitlines() if line and not line.startswith("#")]
