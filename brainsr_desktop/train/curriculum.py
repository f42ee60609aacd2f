"""What holds at a point of the run: the stage of the curriculum, blended along its ramp, and the learning rate."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

from brainsr_desktop.train.config import Optimiser, Stage

_STEPPED = {"start", "ramp", "patch_px"}
"""Entries that jump at the start of a stage: a patch of a size between would be a different batch at every step."""


def stage_number(stages: Sequence[Stage], progress: float) -> int:
    """Index of the stage that has begun last at `progress` (0..1 of the run)."""
    return max(index for index, stage in enumerate(stages) if stage.start <= progress or index == 0)


def stage_at(stages: Sequence[Stage], progress: float) -> Stage:
    """The values that hold at `progress` (0..1 of the run)."""
    number = stage_number(stages, progress)
    stage = stages[number]
    if number == 0 or stage.ramp == 0.0:
        return stage
    weight = min((progress - stage.start) / stage.ramp, 1.0)
    before = stages[number - 1]
    names = [entry.name for entry in fields(Stage) if entry.name not in _STEPPED]
    return replace(
        stage, **{name: _blend(getattr(before, name), getattr(stage, name), weight) for name in names}
    )


def _blend(before: Any, after: Any, weight: float) -> Any:
    if isinstance(before, tuple):
        return tuple(_blend(a, b, weight) for a, b in zip(before, after, strict=True))
    return before + (after - before) * weight


def columns(stage: Stage) -> dict[str, float]:
    """What holds, as columns of a table of numbers; a range becomes two."""
    row: dict[str, float] = {}
    for entry in fields(Stage):
        value = getattr(stage, entry.name)
        if entry.name in ("start", "ramp"):
            continue
        if isinstance(value, tuple):
            row |= {f"{entry.name}_from": round(value[0], 4), f"{entry.name}_to": round(value[1], 4)}
        else:
            row[entry.name] = round(value, 5)
    return row


def learning_rate(optimiser: Optimiser, step: int, progress: float) -> float:
    """Linear warm-up over the first steps, times a cosine over the whole run (progress 0..1) down to the final rate."""
    warm = min((step + 1) / (optimiser.warmup_steps + 1), 1.0)
    cosine = 0.5 * (1.0 + math.cos(math.pi * min(progress, 1.0)))
    return warm * (optimiser.final_rate + (optimiser.rate - optimiser.final_rate) * cosine)
