"""Stacks, states and results for the tests of the session."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from brainsr_desktop.core.geometry import unknown_geometry
from brainsr_desktop.core.series import FrameInfo, StackInfo
from brainsr_desktop.session.cache import Result
from brainsr_desktop.session.pictures import ResultKey
from brainsr_desktop.session.state import ViewState


def stack(slices: int = 7, *, volumes: int = 1, rows: int = 8, columns: int = 6, **others: Any) -> StackInfo:
    geometry = unknown_geometry(rows, columns, slices, (2.0, 3.0))
    frames = tuple(FrameInfo(f"f{index}", slope=2.0, intercept=-1.0) for index in range(slices * volumes))
    made = StackInfo(
        id="1",
        kind="dicom",
        series_uid="1.2",
        study_uid="1",
        description="t1",
        series_number=3,
        modality="MR",
        vendor="",
        model="",
        geometry=geometry,
        frames=frames,
        volumes=volumes,
        volume_labels=tuple(str(volume) for volume in range(volumes)),
        volume_unsuitable=(None,) * volumes,
        digest="abc",
    )
    return replace(made, **others)


def state(made: StackInfo | None = None, **others: Any) -> ViewState:
    return replace(ViewState(stack=made or stack(), fast_model="espcn-x4"), **others)


def result(rows: int = 4, columns: int = 4, **others: Any) -> Result:
    return replace(
        Result(
            np.zeros((rows, columns), np.float32),
            unknown_geometry(rows, columns, 1),
            1.84,
            "openvino",
            "cpu",
        ),
        **others,
    )


def key(number: int, name: str = "abc:1", recipe: str = "r") -> ResultKey:
    return ResultKey(name, number, recipe)


def no_weights(_model: str) -> str:
    return ""
