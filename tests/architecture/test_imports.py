"""Who may know whom, and which libraries a fresh process has loaded."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("torch", "openvino", "pydicom", "nibabel", "h5py")
WIRE = "wire.py"
"""Reads what connections carry, and lets nothing be called: see tests/ipc/test_wire.py."""
LOADERS = (
    *("eval", "exec", "torch.load", "torch.jit.load", "torch.hub.load", "torch.package.PackageImporter"),
    *("yaml.load", "np.loads", "pickle.load", "pickle.loads", "joblib.load", "keras.models.load_model"),
)
"""Calls that may run what they find in a file. Weights are read by `models.weights`, graphs by OpenVINO."""
QT = ("PySide6", "pyqtgraph", "shiboken6")


def loaded_after(code: str) -> set[str]:
    """Top-level modules of a fresh process that ran some code."""
    tail = "; import sys; print(' '.join({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run(
        [sys.executable, "-c", code + tail], capture_output=True, text=True, check=True, timeout=120
    )
    return set(done.stdout.splitlines()[-1].split())


def sources(project: Path) -> list[Path]:
    return sorted((project / "brainsr_desktop").rglob("*.py"))


def test_that_imports_follow_the_four_contracts(project: Path) -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 kept, 0 broken" in done.stdout


@pytest.mark.parametrize("arguments", [[], ["info"], ["enhance"], ["evaluate"], ["train"]])
def test_that_help_loads_nothing_heavy(arguments: list[str]) -> None:
    lines = (
        "from brainsr_desktop.cli.main import build_parser",
        f"try: build_parser().parse_args({[*arguments, '--help']})",
        "except SystemExit: pass",
        "0",
    )
    code = "\n".join(lines)
    assert not loaded_after(code) & {*HEAVY, *QT, "numpy", "PIL", "tqdm", "scipy"}


def test_that_the_window_loads_no_network_and_no_file_format_library() -> None:
    assert not loaded_after("import brainsr_desktop.app.main") & {*HEAVY, "matplotlib", "scipy"}


def test_that_the_entry_point_every_child_imports_again_is_light() -> None:
    assert not loaded_after("import brainsr_desktop.__main__") & {*HEAVY, *QT, "numpy"}


def test_that_the_children_load_only_their_own_libraries() -> None:
    assert not loaded_after("import brainsr_desktop.io.child") & {"torch", "openvino", *QT}
    assert not loaded_after("import brainsr_desktop.engine.child") & {"pydicom", "nibabel", "gdcm", *QT}


def test_that_every_function_named_by_text_exists(project: Path) -> None:
    named = re.compile(r'"(brainsr_desktop(?:\.\w+)+):(\w+)"')
    found = {match.groups() for path in sources(project) for match in named.finditer(path.read_text("utf-8"))}
    assert ("brainsr_desktop.io.child", "main") in found
    for module, function in found:
        if not function.startswith("module"):
            assert callable(getattr(importlib.import_module(module), function)), f"{module}:{function}"


def test_that_nothing_from_a_file_is_ever_executed(project: Path) -> None:
    forbidden = {"pickle", "cPickle", "dill", "marshal", "shelve", "joblib", "cloudpickle", "pandas"}
    for path in sources(project):
        if path.name == WIRE:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            where = f"{path.name}:{getattr(node, 'lineno', 0)}"
            if isinstance(node, ast.Import):
                assert not forbidden & {alias.name for alias in node.names}, where
            if isinstance(node, ast.ImportFrom):
                assert node.module not in forbidden, where
            if isinstance(node, ast.Call):
                assert ast.unparse(node.func) not in LOADERS, where
                assert not any(
                    k.arg == "allow_pickle" and ast.unparse(k.value) != "False" for k in node.keywords
                ), where


def test_that_packages_hold_no_code_in_their_own_file(project: Path) -> None:
    for path in (project / "brainsr_desktop").glob("*/**/__init__.py"):
        tree = ast.parse(path.read_text("utf-8"))
        assert ast.get_docstring(tree), path
        assert not any(
            isinstance(node, ast.Import | ast.ImportFrom | ast.FunctionDef) for node in tree.body
        ), path
