"""What a fresh window process has loaded: Qt, numpy, pyqtgraph, and nothing that belongs into a child."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = (
    "torch",
    "openvino",
    "pydicom",
    "nibabel",
    "h5py",
    "PIL",
    "safetensors",
    "scipy",
    "tifffile",
    "gdcm",
    "matplotlib",
)

WINDOW = """
import json, sys
from pathlib import Path
if __name__ == "__main__":
    import brainsr_desktop.app.main
    from PySide6.QtWidgets import QApplication
    from brainsr_desktop.app.controller import Controller
    from brainsr_desktop.app.store import Store
    from brainsr_desktop.app.window import MainWindow
    from brainsr_desktop.settings import General, Settings
    app = QApplication([])
    store = Store()
    controller = Controller(store)
    settings = Settings(general=General(accepted_notice="0"))
    window = MainWindow(store, controller, settings, settings_path=Path(sys.argv[1]))
    window.show()
    app.processEvents()
    print(json.dumps(sorted(sys.modules)))
    window.close()
    controller.shut_down()
"""
ENTRY = "import json, sys, brainsr_desktop.__main__; print(json.dumps(sorted(sys.modules)))"
CHILD_SIDE = "import json, sys, brainsr_desktop.ipc.client; print(json.dumps(sorted(sys.modules)))"


def modules_of(script: str, *arguments: str) -> set[str]:
    """Top-level modules a new interpreter has after a script."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "QT_QPA_PLATFORM": "offscreen"}
    run = [sys.executable, "-c", script, *arguments]
    done = subprocess.run(run, capture_output=True, text=True, env=environment, check=True)
    return {str(name) for name in json.loads(done.stdout.splitlines()[-1])}


@pytest.mark.parametrize("heavy", HEAVY)
def test_that_no_heavy_library_is_imported(heavy: str, window_modules: set[str]) -> None:
    assert heavy not in window_modules


def test_that_the_window_knows_the_names_of_its_children_only(window_modules: set[str]) -> None:
    assert "brainsr_desktop.app.window" in window_modules
    assert "brainsr_desktop.engine.child" not in window_modules
    assert "brainsr_desktop.io.child" not in window_modules


def test_that_the_entry_point_every_child_imports_again_is_light() -> None:
    loaded = modules_of(ENTRY)
    assert "brainsr_desktop.__main__" in loaded
    assert not loaded & {"PySide6", "numpy", "platformdirs", "pyqtgraph", *HEAVY}


def test_that_talking_to_children_needs_neither_qt_nor_heavy_libraries() -> None:
    assert not modules_of(CHILD_SIDE) & {"PySide6", *HEAVY}


@pytest.fixture(scope="module")
def window_modules(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    return modules_of(WINDOW, str(tmp_path_factory.mktemp("settings") / "settings.toml"))
