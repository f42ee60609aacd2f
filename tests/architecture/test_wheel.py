"""The wheel holds what the source tree holds, and finds it."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

SHIPPED = ("docs", "models", "resources")
QUESTION = (
    "from pathlib import Path; from brainsr_desktop import paths; "
    "print(paths.resources_dir()); print(paths.models_dir()); print(paths.sample_dir()); print(paths.manual_dir())"
)


@pytest.fixture(scope="module")
def installed(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, unpacked as an installation would."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--wheel-dir",
        str(folder),
        str(project),
    ]
    subprocess.run(command, check=True, timeout=280)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def tracked(project: Path, folder: str) -> dict[str, bytes]:
    """Files of a folder that belong to the project, by their path in it."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", folder],
        cwd=project,
        capture_output=True,
        text=True,
        check=True,
    )
    paths = [project / name for name in listed.stdout.split("\0") if name]
    return {str(path.relative_to(project / folder)): path.read_bytes() for path in paths if path.is_file()}


@pytest.mark.parametrize("folder", SHIPPED)
def test_that_the_wheel_holds_the_same_files(folder: str, project: Path, installed: Path) -> None:
    root = installed / "brainsr_desktop" / "_data" / folder
    packed = {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}
    wanted = tracked(project, folder)
    assert packed.keys() == wanted.keys()
    assert packed == wanted


def test_that_an_installation_finds_its_own_files(installed: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    command = [sys.executable, "-c", QUESTION]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=True)
    data = installed / "brainsr_desktop" / "_data"
    wanted = [data / "resources", data / "models", data / "resources" / "sample", data / "docs"]
    assert [Path(line) for line in done.stdout.splitlines()] == wanted


def test_that_the_source_tree_finds_its_own_files(project: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(project)}
    command = [sys.executable, "-c", QUESTION]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=True)
    wanted = [project / "resources", project / "models", project / "resources" / "sample", project / "docs"]
    assert [Path(line) for line in done.stdout.splitlines()] == wanted


def test_that_an_installation_lists_the_shipped_models(
    installed: Path, project: Path, tmp_path: Path
) -> None:
    environment = {**os.environ, "PYTHONPATH": str(installed), "HOME": str(tmp_path)}
    command = [sys.executable, "-m", "brainsr_desktop.cli.main", "models"]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=True)
    for card in (project / "models").glob("[!.]*/card.toml"):
        assert card.parent.name in done.stdout


def test_that_both_programs_are_entry_points_and_nothing_else_is_installed(installed: Path) -> None:
    (facts,) = installed.glob("*.dist-info")
    text = (facts / "entry_points.txt").read_text()
    assert "brainsr = brainsr_desktop.cli.main:main" in text
    assert "brainsr-desktop = brainsr_desktop.__main__:main" in text
    assert {path.name for path in installed.iterdir()} == {"brainsr_desktop", facts.name}
    assert {"LICENSE", "NOTICE"} <= {path.name for path in facts.rglob("*")}
