"""How a model runs best on this machine's processor: which backend, with how many threads. Measured once, then kept.

`measured` tries what there is on a slice of its own making, in a process that does nothing else; `keep` writes the plan
into the cache folder. An engine reads the file when it starts and keeps to what it read, so that all pictures of a
session are made alike. Another model, library or processor has no plan yet; the engine then takes OpenVINO before
torch, with as many threads as the library likes.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import json
import logging
import os
import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any, Final, cast

import numpy as np
import psutil

from brainsr_desktop import paths
from brainsr_desktop.core.errors import BrainSRError
from brainsr_desktop.engine import threads
from brainsr_desktop.engine.backends.base import BACKENDS, CPU, Backend, OpenBackend
from brainsr_desktop.models.card import Card

log = logging.getLogger(__name__)

FILE_NAME: Final = "plans.json"
SIDE_PX: Final = 128
ROUNDS: Final = 5
GAIN: Final = 0.9
"""Another way than the usual one is taken if it needs at most this part of its time."""
LIBRARIES: Final = ("openvino", "torch")


@dataclass(frozen=True, slots=True)
class Plan:
    """``backend`` as in ``BACKENDS``, ``threads`` (0: as many as it likes), and the ms that every way took, by its name
    ("openvino, 2 threads"), for a slice of ``SIDE_PX`` squared."""

    backend: str
    threads: int = 0
    tried_ms: dict[str, float] = field(default_factory=dict)


@cache
def in_force(card_key: str) -> Plan | None:
    """The plan this process keeps to, by `key_of` a model: what was in the file when it was first asked for."""
    return _plan(plans_file(), card_key)


def plan_of(card: Card, file: Path | None = None) -> Plan | None:
    """The plan that is kept for a model; None where none was measured, or the file cannot be read."""
    return _plan(file or plans_file(), key_of(card))


def keep(card: Card, plan: Plan, file: Path | None = None) -> None:
    """Write a plan beside the others, whole or not at all; a folder that cannot be written keeps none."""
    path = file or plans_file()
    plans = {**_read(path), key_of(card): asdict(plan)}
    part = path.with_suffix(f".{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(plans, indent=1), encoding="utf-8")
        part.replace(path)
    except OSError as error:
        log.warning("Plans cannot be kept: %s", error.strerror)


def plans_file() -> Path:
    """Where the plans are."""
    return paths.cache_dir() / FILE_NAME


def key_of(card: Card) -> str:
    """What a plan is for: the processor, the model's weights, the versions of the libraries."""
    processor = f"{platform.machine()} {_processor()} x{psutil.cpu_count()}"
    versions = " ".join(f"{name} {_version(name)}" for name in LIBRARIES)
    return f"{processor}; {card.name} {card.weights_sha256[:16]}; {versions}"


def measured(
    card: Card, check_cancelled: Callable[[], None], *, side_px: int = SIDE_PX, rounds: int = ROUNDS
) -> Plan:
    """Try every way to run a model exactly on the processor, round about, and say which is quickest.

    It should have the processor for itself. The usual way, the first, stays unless another is clearly quicker.

    Raises:
        Cancelled: by ``check_cancelled``.   BrainSRError: the usual way does not work.
    """
    given = np.random.default_rng(0).random((1, 1, side_px, side_px), np.float32)
    ways = list(_ways(card))
    runs: dict[tuple[str, int], Backend] = {}
    for way in ways:
        check_cancelled()
        try:
            runs[way] = _opened(card, *way)
            runs[way].run(given, check_cancelled)
        except BrainSRError as error:
            if way == ways[0]:
                raise
            log.info("%s cannot run %s: %s", way[0], card.name, error.message)
            runs.pop(way, None)
    times: dict[tuple[str, int], list[float]] = {way: [] for way in runs}
    for _ in range(rounds):
        for way, backend in runs.items():
            begun = time.perf_counter()
            backend.run(given, check_cancelled)
            times[way].append(time.perf_counter() - begun)
    usual = ways[0]
    best = min(times, key=lambda way: median(times[way]))
    if median(times[best]) > GAIN * median(times[usual]):
        best = usual
    tried = {
        f"{name}, {count or 'all'} threads": round(1000 * median(t), 2) for (name, count), t in times.items()
    }
    return Plan(*best, tried)


def _ways(card: Card) -> Iterator[tuple[str, int]]:
    """Backends and numbers of threads, the usual way first; 0: as many as the library likes."""
    logical, physical = psutil.cpu_count() or 1, psutil.cpu_count(logical=False) or 1
    counts = list(dict.fromkeys([0, physical, logical, max(1, physical - 1)]))
    names = [name for name in LIBRARIES if importlib.util.find_spec(name) and (name == "torch" or card.graph)]
    for name in names:
        for count in counts if name == names[0] else [0]:
            yield name, count


def _opened(card: Card, backend: str, count: int) -> Backend:
    module, _, function = BACKENDS[backend].partition(":")
    opener = cast("OpenBackend", getattr(importlib.import_module(module), function))
    with threads.planned(count):
        return opener(card, card.scale, CPU, "exact")


def _plan(path: Path, key: str) -> Plan | None:
    match _read(path).get(key):
        case {"backend": str(backend), "threads": int(count), "tried_ms": dict(tried)} if (
            backend in LIBRARIES
        ):
            return Plan(backend, min(max(count, 0), threads.MOST), tried)
    return None


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


@cache
def _version(library: str) -> str:
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:  # not installed, or a bundle without metadata
        return "-"


@cache
def _processor() -> str:
    """The processor's name where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
