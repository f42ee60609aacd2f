"""The engine's speed as ratios, measured side by side: a part of ``make bench``.

    python packaging/bench_engine.py [--quick] [--model brainsr-x4] [--json PART.json]

Every contender runs once in each round, one after the other, so that what else the machine does meets all of them; a
ratio is the median over the rounds of the quotients within a round. Needs onnxruntime, onnx and onnxscript (extra
``bench``) for the comparison with ONNX Runtime; without them that row is missing and the notes say so.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
import psutil

from brainsr_desktop.core.geometry import Geometry, unknown_geometry
from brainsr_desktop.core.recipe import Precision, Recipe
from brainsr_desktop.engine.backends import torch_backend
from brainsr_desktop.engine.backends.openvino_backend import import_openvino
from brainsr_desktop.engine.messages import Infer, Inferred
from brainsr_desktop.engine.pipeline import Engine
from brainsr_desktop.engine.runner import first_tiles
from brainsr_desktop.ipc.client import BlockingClient
from brainsr_desktop.ipc.messages import JobId
from brainsr_desktop.ipc.shared_array import SharedArray
from brainsr_desktop.models.card import Card
from brainsr_desktop.models.catalog import Catalog, load_catalog
from brainsr_desktop.models.fast_forms import FormName
from brainsr_desktop.models.networks import NETWORKS
from brainsr_desktop.models.weights import load_weights

Floats: TypeAlias = npt.NDArray[np.float32]
Work: TypeAlias = Mapping[str, Callable[[], object]]
Times: TypeAlias = dict[str, list[float]]

SIDE: Final = 160
MATRIX: Final = 2048
"""Side of the matrices that are multiplied: large enough for the full rate, small enough for 50 MB."""
LARGE: Final = 1024
"""Side of the slice that is cut into tiles."""
SERIES: Final = 12
SETTLE_S: Final = 0.05
"""Before every call: a library's threads may go on waiting busily for their next work, in the way of another's."""
ENGINE: Final = "brainsr_desktop.engine.child:main"


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is measured: rounds of everything small, of the large slice, slices of the series, its side."""

    rounds: int = 9
    large_rounds: int = 3
    series: int = SERIES
    large: int = LARGE
    side: int = SIDE


@dataclass(slots=True)
class Part:
    """What `bench_record.py` reads."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)

    def add(
        self, name: str, words: str, measured: float, *, most: float | None = None, least: float | None = None
    ) -> None:
        """A ratio that is to be at most, or at least, so much."""
        aim = most if least is None else least
        self.rows.append(
            {"name": name, "words": words, "aim": aim, "least": least is not None, "measured": measured}
        )


def side_by_side(work: Work, rounds: int) -> Times:
    """Seconds of every contender in every round, after one call each that is not counted."""
    times: Times = {name: [] for name in work}
    for call in work.values():
        call()
    for _ in range(rounds):
        for name, call in work.items():
            time.sleep(SETTLE_S)
            begun = time.perf_counter()
            call()
            times[name].append(time.perf_counter() - begun)
    return times


def quotient(times: Times, upper: str, lower: str) -> float:
    """Median over the rounds of the seconds of one over those of another."""
    return median(a / b for a, b in zip(times[upper], times[lower], strict=True))


def measure(name: str, effort: Effort) -> Part:
    """Everything, for one network."""
    part = Part()
    card = load_catalog().find(name)
    network_rates(part, card, effort)
    tiles(part, card, effort)
    series(part, card, effort)
    return part


# One slice, against other ways to compute it


def network_rates(part: Part, card: Card, effort: Effort) -> None:
    """The engine against the machine's matrix multiplication, other precisions, torch and ONNX Runtime."""
    slice_ = head_like(effort.side)
    normalised = (slice_ / slice_.max())[None, None]
    gflop = card.gflop_160 * effort.side**2 / SIDE**2
    left = np.random.default_rng(1).random((MATRIX, MATRIX), np.float32)
    right = np.random.default_rng(2).random((MATRIX, MATRIX), np.float32)
    product = 2.0 * MATRIX**3 / 1e9
    work: dict[str, Callable[[], object]] = {
        **multiplications(left, right),
        "engine": engine_run(card, "exact", slice_),
        "torch": torch_run(card, normalised, channels_last=False),
        "torch channels last": torch_run(card, normalised, channels_last=True),
    }
    for form in ("int8", "bf16"):
        run = fast_run(card, form, slice_)
        if run is None:
            part.notes[form] = "not offered by this model on this machine"
        else:
            work[form] = run
    with tempfile.TemporaryDirectory() as folder:
        other = onnxruntime_run(card, normalised, Path(folder))
        if other is None:
            part.notes["ONNX Runtime"] = "not measured: pip install 'brainsr-desktop[bench]'"
        else:
            work["onnxruntime"] = other
        times = side_by_side(work, effort.rounds)
    rates = {name: product / median(times[name]) for name in work if name.startswith("sgemm")}
    best = max(rates, key=lambda name: rates[name])
    part.add(
        "engine_over_sgemm_fp32",
        f"rate of the engine over that of sgemm, {card.name}, {effort.side} x {effort.side}",
        quotient(times, best, "engine") * gflop / product,
        least=0.85,
    )
    part.notes["sgemm"] = f"the fastest of {', '.join(f'{n} {r:.0f} GFLOP/s' for n, r in rates.items())}"
    part.figures["engine_gflop_per_s"] = gflop / median(times["engine"])
    part.figures["engine_ms_a_slice"] = 1000.0 * median(times["engine"])
    for form, most in (("int8", 0.35), ("bf16", 0.65)):
        if form in times:
            part.add(
                f"{form}_over_fp32", f"time of {form} over f32", quotient(times, form, "engine"), most=most
            )
    ratio = quotient(times, "torch", "engine")
    part.add("torch_eager_over_engine", "time of torch eager, f32, over the engine", ratio, least=1.4)
    ratio = quotient(times, "torch channels last", "engine")
    part.add("torch_channels_last_over_engine", "time of torch, f32, channels last, over the engine", ratio)
    if "onnxruntime" in times:
        ratio = quotient(times, "onnxruntime", "engine")
        part.add("onnxruntime_over_engine", "time of ONNX Runtime, f32, over the engine", ratio, least=1.2)


def multiplications(left: Floats, right: Floats) -> dict[str, Callable[[], object]]:
    """The product of two matrices in single precision by every library that is here."""
    import torch

    openvino = import_openvino()
    ops = importlib.import_module("openvino.opset13")
    given = ops.parameter(list(left.shape), np.float32)
    model = openvino.Model([ops.matmul(given, ops.constant(right), False, False)], [given])
    compiled = openvino.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    first, second = torch.from_numpy(left), torch.from_numpy(right)
    return {
        "sgemm numpy": lambda: left @ right,
        "sgemm torch": lambda: first @ second,
        "sgemm OpenVINO": lambda: compiled([left]),
    }


def engine_run(card: Card, precision: Precision, slice_: Floats, tile: int = 0) -> Callable[[], object]:
    """A slice through the whole engine, as the window has it made."""
    engine = Engine(Catalog((card,)))
    rows, columns = slice_.shape
    recipe = Recipe(card.name, card.scale, device="cpu", precision=precision, tile=tile)
    place = unknown_geometry(rows, columns, 1)
    return lambda: engine.enhance(slice_, recipe, place, slice_index=0)


def fast_run(card: Card, form: FormName, slice_: Floats) -> Callable[[], object] | None:
    """The same in one fast form; None where the card or this machine does not have it."""
    alone = replace(card, fast=tuple(one for one in card.fast if one.name == form))
    engine = Engine(Catalog((alone,)))
    recipe = Recipe(card.name, card.scale, device="cpu", precision="fast")
    place = unknown_geometry(slice_.shape[0], slice_.shape[1], 1)
    if engine.enhance(slice_, recipe, place, slice_index=0).numbers != form:
        return None
    return lambda: engine.enhance(slice_, recipe, place, slice_index=0)


def torch_network(card: Card) -> Any:
    """The network as torch would run it, without what the engine's backend does to it."""
    import torch

    module, _, build = NETWORKS[card.network].partition(":")
    network = getattr(importlib.import_module(module), build)(**card.config).eval().requires_grad_(False)
    weights = load_weights(card)
    network.load_state_dict({n: torch.from_numpy(np.array(a, np.float32)) for n, a in weights.items()})
    return network


def torch_run(card: Card, given: Floats, *, channels_last: bool) -> Callable[[], object]:
    """The network in torch, eager, single precision, every core."""
    import torch

    network, tensor = torch_network(card), torch.from_numpy(given)
    if channels_last:
        network = network.to(memory_format=torch.channels_last)
        tensor = tensor.contiguous(memory_format=torch.channels_last)

    def run() -> object:
        with torch.inference_mode():
            return network(tensor)

    return run


def onnxruntime_run(card: Card, given: Floats, folder: Path) -> Callable[[], object] | None:
    """The network in ONNX Runtime on the CPU; None where it is not installed."""
    if any(importlib.util.find_spec(name) is None for name in ("onnxruntime", "onnx", "onnxscript")):
        return None
    import torch

    onnxruntime = importlib.import_module("onnxruntime")
    path = folder / "network.onnx"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter's own parts
        torch.onnx.export(torch_network(card), (torch.from_numpy(given),), path, dynamo=True, verbose=False)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    feeds = {session.get_inputs()[0].name: given}
    return lambda: session.run(None, feeds)


# Tiles and series


def tiles(part: Part, card: Card, effort: Effort) -> None:
    """A slice too large to be run at once, in the tiles that the engine takes by itself, and whole."""
    slice_ = head_like(effort.large)
    work = {
        "tiled": engine_run(card, "exact", slice_),
        "whole": engine_run(card, "exact", slice_, tile=max(slice_.shape)),
    }
    times = side_by_side(work, effort.large_rounds)
    side = effort.large
    count = len(first_tiles((side, side), card, 0))
    part.add(
        "tiled_over_whole",
        f"time of a slice of {side} x {side} in {count} tiles over the whole at once",
        quotient(times, "tiled", "whole"),
        most=1.15,
    )


def series(part: Part, card: Card, effort: Effort) -> None:
    """Slices through the engine's process, one waiting while one is made, against what one takes the engine alone."""
    slice_ = head_like(effort.side)
    recipe = Recipe(card.name, card.scale, device="cpu")
    place = unknown_geometry(effort.side, effort.side, 1)
    with BlockingClient(ENGINE, name="bench") as child, ThreadPoolExecutor(2) as threads:
        source = SharedArray.create((1, *slice_.shape), np.float32)
        source.array[0] = slice_
        targets = [SharedArray.create((card.scale * effort.side,) * 2, np.float32) for _ in range(2)]

        def make(number: int) -> float:
            answer = child.call(lambda job: _request(job, recipe, source, place, targets[number % 2]))
            assert isinstance(answer, Inferred)
            return answer.seconds

        make(0)
        quotients = []
        for _ in range(effort.large_rounds):
            alone = median(make(0) for _ in range(3))
            begun = time.perf_counter()
            list(threads.map(make, range(effort.series)))
            quotients.append(alone * effort.series / (time.perf_counter() - begun))
        part.figures["engine_process_mib"] = peak_mib(child.pid)
        for block in (source, *targets):
            block.close()
    part.add(
        "series_over_single",
        f"slices a second of a series of {effort.series} through the engine's process, over those of one slice alone",
        median(quotients),
        least=0.95,
    )


def _request(job: JobId, recipe: Recipe, source: SharedArray, place: Geometry, target: SharedArray) -> Infer:
    return Infer(job, recipe, source.ref, 0, 0, place, target.ref)


def peak_mib(pid: int | None) -> float:
    """The most memory that a process ever had, MiB; what it has now where the system does not keep count."""
    process = psutil.Process(pid)
    status = Path(f"/proc/{process.pid}/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024.0
    memory = process.memory_info()
    return float(getattr(memory, "peak_wset", memory.rss)) / 2**20


def head_like(side: int) -> Floats:
    """A bright ellipse with texture on black, stored units: what matters for time is the size alone."""
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    inside = (x / 0.75) ** 2 + (y / 0.9) ** 2 < 1
    return np.asarray(inside * (500 + 200 * np.sin(23 * x) * np.cos(31 * y)), np.float32)


# A graphics unit, where there is one


def graphics(part: Part, card: Card, effort: Effort) -> None:
    """On CUDA: ms a slice in the engine, and how near it comes to the unit's rate of bf16 products."""
    import torch

    device = "cuda:0"
    slice_ = head_like(effort.side)
    engine = Engine(Catalog((card,)))
    place = unknown_geometry(effort.side, effort.side, 1)
    matrix = torch.rand(8192, 8192, device=device, dtype=torch.bfloat16)

    def multiplied() -> None:
        torch.mm(matrix, matrix)
        torch.cuda.synchronize()

    def enhanced(precision: Precision) -> Callable[[], object]:
        recipe = Recipe(card.name, card.scale, device=device, precision=precision)
        return lambda: engine.enhance(slice_, recipe, place, slice_index=0)

    eager = torch_network(card).to(device)
    tensor = torch.from_numpy(slice_[None, None]).to(device)

    def plain() -> None:
        with torch.inference_mode():
            eager(tensor)
        torch.cuda.synchronize()

    times = side_by_side(
        {"mm": multiplied, "exact": enhanced("exact"), "fast": enhanced("fast"), "eager": plain},
        effort.rounds,
    )
    gflop, product = card.gflop_160 * effort.side**2 / SIDE**2, 2.0 * 8192**3 / 1e9
    part.figures["gpu_exact_ms_a_slice"] = 1000.0 * median(times["exact"])
    part.figures["gpu_fast_ms_a_slice"] = 1000.0 * median(times["fast"])
    part.add(
        "gpu_fast_over_bf16_peak",
        "rate on the GPU over its bf16 products",
        quotient(times, "mm", "fast") * gflop / product,
    )
    part.add(
        "gpu_eager_over_fast",
        "time of torch eager f32 over the engine on the GPU",
        quotient(times, "eager", "fast"),
    )
    part.notes["GPU"] = torch.cuda.get_device_name(0)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="brainsr-x4")
    parser.add_argument(
        "--quick", action="store_true", help="few rounds of small slices, to try the bench itself"
    )
    parser.add_argument("--json", type=Path, help="where the part for bench_record.py goes")
    chosen = parser.parse_args()
    effort = Effort(2, 1, 3, 256, 48) if chosen.quick else Effort()
    part = measure(chosen.model, effort)
    if any(name.startswith("cuda") for name in torch_backend.device_names()):
        graphics(part, load_catalog().find(chosen.model), effort)
    part.notes["engine"] = f"{chosen.model}, {os.cpu_count()} cores, {effort.rounds} rounds"
    for row in part.rows:
        print(f"{row['words']:90} {row['measured']:8.3g}")
    if chosen.json:
        content = {"rows": part.rows, "figures": part.figures, "notes": part.notes}
        chosen.json.write_text(json.dumps(content), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
