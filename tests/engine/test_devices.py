from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from brainsr_desktop.core.errors import DeviceUnavailable
from brainsr_desktop.engine import devices
from brainsr_desktop.engine.devices import Choice, choices, list_devices
from brainsr_desktop.models.card import read_card
from brainsr_desktop.models.catalog import Catalog
from tests.engine.made_models import make_model

ROOT = Path(__file__).parents[2]


def in_a_fresh_process(code: str, *arguments: str) -> dict[str, object]:
    """Run code in a new interpreter; what it prints as JSON."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *arguments],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    found: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return found


ENHANCE = """
import json, socket, sys
from pathlib import Path

calls = []
def refuse(*arguments, **named):
    calls.append(str(arguments))
    raise OSError("no network here")
socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = socket.create_connection = refuse

import numpy as np
from brainsr_desktop.core.geometry import unknown_geometry
from brainsr_desktop.core.recipe import Recipe
from brainsr_desktop.engine.pipeline import Engine
from brainsr_desktop.models.catalog import load_catalog

engine = Engine(load_catalog(Path(sys.argv[1]), Path("none")))
pixels = np.random.default_rng(0).random((20, 20), np.float32)
done = engine.enhance(pixels, Recipe(sys.argv[2], 4, device="cpu"), unknown_geometry(20, 20, 1), slice_index=0)
loaded = [name for name, module in sys.modules.items() if module is not None]
print(json.dumps({
    "backend": done.backend,
    "calls": calls,
    "torch": "torch" in loaded,
    "openvino": "openvino" in loaded,
    "telemetry": [name for name in loaded if name.startswith("openvino_telemetry")],
}))
"""


def test_that_openvino_runs_without_torch_telemetry_or_network(made_models: Path) -> None:
    found = in_a_fresh_process(ENHANCE, str(made_models), "tiny-x4")
    assert found == {"backend": "openvino", "calls": [], "torch": False, "openvino": True, "telemetry": []}


def test_that_interpolation_loads_no_network_library(made_models: Path) -> None:
    found = in_a_fresh_process(ENHANCE, str(made_models), "bicubic")
    assert found == {
        "backend": "interpolation",
        "calls": [],
        "torch": False,
        "openvino": False,
        "telemetry": [],
    }


def test_that_this_machine_has_a_cpu_and_auto_takes_the_first_device(catalog: Catalog) -> None:
    found = list_devices()
    assert "cpu" in [device.id for device in found]
    assert choices(catalog.find("tiny-x4"), "auto")[0].device == found[0].id
    cpu = next(device for device in found if device.id == "cpu")
    assert cpu.free_bytes is not None
    assert cpu.free_bytes > 0


def test_that_the_cpu_prefers_the_portable_graph(catalog: Catalog) -> None:
    assert choices(catalog.find("tiny-x4"), "cpu") == (Choice("openvino", "cpu"), Choice("torch", "cpu"))


def test_that_a_model_without_a_graph_runs_on_torch(tmp_path: Path) -> None:
    card = read_card(make_model(tmp_path, graph=False))
    assert choices(card, "cpu") == (Choice("torch", "cpu"),)


@pytest.mark.parametrize(
    ("device", "expected"),
    [
        ("cuda:1", Choice("torch", "cuda:1")),
        ("mps", Choice("torch", "mps")),
        ("gpu:0", Choice("openvino", "gpu:0")),
    ],
)
def test_that_a_graphics_unit_has_its_backend(catalog: Catalog, device: str, expected: Choice) -> None:
    assert choices(catalog.find("tiny-x4"), device) == (expected,)


@pytest.mark.parametrize("device", ["auto", "cpu", "cuda:0", "mps", "anything"])
def test_that_interpolation_is_always_the_cpus(catalog: Catalog, device: str) -> None:
    assert choices(catalog.find("bicubic"), device) == (Choice("interpolation", "cpu"),)


def test_that_a_device_of_no_kind_is_refused(catalog: Catalog) -> None:
    with pytest.raises(DeviceUnavailable, match="tpu"):
        choices(catalog.find("tiny-x4"), "tpu")


def test_that_without_openvino_torch_is_taken(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "_installed", lambda module: module == "torch")
    assert choices(catalog.find("tiny-x4"), "cpu") == (Choice("torch", "cpu"),)


def test_that_without_any_network_library_the_cpu_is_refused(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices, "_installed", {}.get)
    with pytest.raises(DeviceUnavailable, match="tiny-x4"):
        choices(catalog.find("tiny-x4"), "auto")
    assert [device.backend for device in list_devices()] == ["interpolation"]


WITH_LITTLE_MEMORY = """
import json, resource, sys
from pathlib import Path

import numpy as np
import psutil
from brainsr_desktop.core.errors import OutOfMemory
from brainsr_desktop.core.geometry import unknown_geometry
from brainsr_desktop.core.recipe import Recipe
from brainsr_desktop.engine.pipeline import Engine
from brainsr_desktop.models.catalog import load_catalog

engine = Engine(load_catalog(Path(sys.argv[1]), Path("none")))
recipe = Recipe(sys.argv[2], 4, device="cpu")
engine.prepare(recipe)
pixels = np.random.default_rng(0).random((500, 500), np.float32)
limit = psutil.Process().memory_info().vms + int(sys.argv[3]) * 2**20
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
try:
    notes = engine.enhance(pixels, recipe, unknown_geometry(500, 500, 1), slice_index=0).notes
    print(json.dumps({"error": "", "notes": notes}))
except (OutOfMemory, MemoryError) as error:
    print(json.dumps({"error": type(error).__name__, "notes": []}))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits memory as Linux does")
def test_that_no_memory_is_an_error_and_not_the_end_of_the_process(made_models: Path) -> None:
    found = in_a_fresh_process(WITH_LITTLE_MEMORY, str(made_models), "small-x4", "24")
    assert found["error"] in ("OutOfMemory", "MemoryError")
