"""What goes into the packaged program, held against the code. The package itself is tried by make package-test."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from brainsr_desktop import __version__

OPTIONAL = {"distributed", "matplotlib", "nncf"}
"""What an extra installs; its importers say so where it is missing."""
OF_TORCH = ("brainsr_desktop/train/", "brainsr_desktop/models/networks/", "torch_backend.py", "cuda_graph.py")


@pytest.fixture(scope="module")
def parts(project: Path) -> Iterator[Any]:
    yield from _script(project, "bundle_parts")


@pytest.fixture(scope="module")
def owners(project: Path) -> Iterator[Any]:
    yield from _script(project, "owners")


def _script(project: Path, name: str) -> Iterator[Any]:
    sys.path.insert(0, str(project / "packaging"))
    yield importlib.import_module(name)
    sys.path.remove(str(project / "packaging"))


def _imports(project: Path) -> Iterator[tuple[str, str]]:
    """File and module of every import in the program."""
    for path in sorted((project / "brainsr_desktop").rglob("*.py")):
        place = path.relative_to(project).as_posix()
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                yield from ((place, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield place, node.module
                yield from ((place, f"{node.module}.{alias.name}") for alias in node.names)


def _tracked(project: Path, folder: str) -> list[str]:
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", folder]
    done = subprocess.run(listed, cwd=project, capture_output=True, text=True, check=True)
    return [name for name in done.stdout.split("\0") if name]


def test_that_nothing_that_the_program_imports_is_left_out(project: Path, parts: Any) -> None:
    left_out = set(parts.excluded_modules("lite"))
    for place, module in _imports(project):
        if module.split(".")[0] == "torch" and any(mark in place for mark in OF_TORCH):
            continue  # a lite bundle looks for torch before it is imported
        words = module.split(".")
        assert not left_out & {".".join(words[:count]) for count in range(1, len(words) + 1)}, (place, module)


def test_that_a_library_of_the_makers_alone_is_imported_nowhere(project: Path, owners: Any) -> None:
    strangers = set(owners.strangers())
    assert "pytest" in strangers
    for place, module in _imports(project):
        assert module.split(".")[0] not in strangers - OPTIONAL, (place, module)


def test_that_every_module_named_by_text_is_there(parts: Any) -> None:
    for name in (*parts.DECODERS, *parts.COLLECTED):
        assert importlib.util.find_spec(name) is not None, name
    assert "brainsr_desktop" in parts.COLLECTED


def test_that_every_folder_of_data_goes_in_whole(project: Path, parts: Any) -> None:
    for folder in parts.FOLDERS:
        files = _tracked(project, folder)
        assert files, folder
        assert [name for name in files if not parts.is_wanted(name)] == []


@pytest.mark.parametrize(
    "place",
    [
        "torch/include/ATen/ATen.h",
        "torch/test/test_api",
        "torch\\bin\\protoc.exe",
        "numpy/random/tests/data/x.csv",
        "PySide6/Qt/translations/qtbase_fr.qm",
        "PySide6/Qt/translations/qtbase_pt_BR.qm",
        "brainsr_desktop-0.1.0.dist-info/direct_url.json",
    ],
)
def test_that_headers_tests_and_traces_of_the_builder_stay_out(place: str, parts: Any) -> None:
    assert not parts.is_wanted(place)


def test_that_german_texts_of_qt_stay_in(parts: Any) -> None:
    assert parts.is_wanted("PySide6/Qt/translations/qtbase_de.qm")


def test_that_the_version_is_written_in_one_place(project: Path) -> None:
    settings = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))
    assert "version" in settings["project"]["dynamic"]
    for name in _tracked(project, "packaging"):
        path = project / name
        assert f'"{__version__}"' not in path.read_text("utf-8"), name


def test_that_the_menu_entry_starts_an_installed_program_and_knows_its_own_types(project: Path) -> None:
    folder = project / "packaging" / "linux"
    lines = (folder / "brainsr-desktop.desktop").read_text("utf-8").splitlines()
    entry = dict(line.split("=", 1) for line in lines if "=" in line)
    scripts = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))["project"]["gui-scripts"]
    assert entry["Exec"].split()[0] in scripts
    types = ET.parse(folder / "brainsr-desktop.xml").getroot()
    described = {child.attrib["type"] for child in types if child.tag.endswith("mime-type")}
    assert described <= set(entry["MimeType"].split(";"))
    about = ET.parse(folder / "metainfo.xml.in").getroot()
    assert described <= {element.text for element in about.iter("mediatype")}
