"""``brainsr enhance`` with the default network, judged by programs of other people."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pytest
import SimpleITK

from brainsr_desktop.cli.main import main
from tests.io.checkers import INVALID_UIDS, checked, failures, source_of
from tests.io.export_kit import stacks_of

SERIES = (
    "siemens_avanto_t1ce",
    "biolab_t1_067mm",
    "ge_signa_pd",
    "siemens_xa30_enhanced",
    "siemens_mosaic_sagittal",
    "philips_ingenia_t1_sag",
)
ROUNDED_POSITIONS_MM = 0.1
"""SimpleITK takes the mean step; the positions of ge_signa_pd are rounded and jitter by as much."""


def corners(folder: Path) -> npt.NDArray[np.float64]:
    """Where SimpleITK sees the outer corners of a series, mm."""
    reader: Any = cast(Any, SimpleITK).ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    image = reader.Execute()
    columns, rows, slices = image.GetSize()
    ends = [(x, y, z) for x in (-0.5, columns - 0.5) for y in (-0.5, rows - 0.5) for z in (0, slices - 1)]
    return np.array([image.TransformContinuousIndexToPhysicalPoint(end) for end in ends])


@pytest.mark.gate
@pytest.mark.slow
@pytest.mark.parametrize("name", SERIES)
def test_that_an_enhanced_series_passes_every_check(name: str, shared: Path, tmp_path: Path) -> None:
    source = source_of(name, shared, tmp_path / "source")
    assert main(["enhance", str(source), "-o", str(tmp_path / "out"), "--quiet"]) == 0
    (folder,) = (tmp_path / "out").iterdir()

    settings = {"DEIDENT": "1"} if name == INVALID_UIDS else {}
    lines = checked(source, folder, **settings)
    assert failures(lines) == []
    assert lines[-1] == "RESULT OK"

    (before,), (after,) = stacks_of(source), stacks_of(folder)
    assert (after.slices, after.volumes) == (before.slices, before.volumes)
    for index in range(after.slices):
        expected = before.geometry.corners_mm(index)
        np.testing.assert_allclose(after.geometry.corners_mm(index), expected, atol=1e-4)
    if before.volumes == 1:
        seen = corners(folder)
        ends = [c for index in (0, after.slices - 1) for c in before.geometry.corners_mm(index)]
        away = [float(np.linalg.norm(seen - end, axis=1).min()) for end in ends]
        assert max(away) < (ROUNDED_POSITIONS_MM if name == INVALID_UIDS else 1e-3)
