"""Planted structures have the size and contrast that they say; what is recovered of them follows from formulas."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from brainsr_desktop.core.planted import (
    FALSE_MM,
    FWHM_TO_SIGMA,
    LINE_LENGTHS,
    RING_MM,
    Kind,
    Structure,
    drawn,
    false_structures,
    plant,
    profile,
    recovered,
)

SHAPE = (120, 140)
MIDDLE = (60.0, 70.0)


def volume(kind: Kind, size_mm: float) -> float:
    """Of a structure of height 1, mm^2."""
    return {
        "dot": math.pi * size_mm**2 / 4,
        "line": LINE_LENGTHS * size_mm**2,
        "lesion": 2 * math.pi * (size_mm * FWHM_TO_SIGMA) ** 2,
    }[kind]


@settings(max_examples=25)
@given(
    st.sampled_from(["dot", "line", "lesion"]),
    st.floats(1.5, 8.0),
    st.floats(0.4, 1.2),
    st.floats(0.4, 1.2),
    st.floats(0.0, math.pi),
)
def test_that_a_structure_has_its_volume_and_its_centre(
    kind: Kind, size_mm: float, row_mm: float, column_mm: float, angle: float
) -> None:
    place = (60.3, 69.8)
    found = profile(Structure(kind, size_mm, 30.0, place, angle), SHAPE, (row_mm, column_mm))
    whole = float(found.sum()) * row_mm * column_mm
    assert whole == pytest.approx(volume(kind, size_mm), rel=0.02)
    for axis, (expected, side) in enumerate(zip(place, (row_mm, column_mm), strict=True)):
        centre = float((found * np.indices(SHAPE)[axis]).sum() / found.sum())
        # What a pixel holds counts at its middle: for sharp edges, w pixels apart, the integral of round(x) - x
        # between them, which is never more than 1/8, divided by w.
        by_pixels = 0.0 if kind == "lesion" else side / (8.0 * size_mm)
        assert centre == pytest.approx(expected, abs=by_pixels + 0.02)
    assert float(found.min()) >= 0.0 and float(found.max()) <= 1.0


def test_that_a_lesion_is_half_as_high_at_half_its_width() -> None:
    found = profile(Structure("lesion", 8.0, 30.0, MIDDLE), SHAPE, (1.0, 0.5))
    assert found[60, 70] == 1.0
    assert found[64, 70] == pytest.approx(0.5) and found[60, 62] == pytest.approx(0.5)


def test_that_a_line_lies_along_its_angle() -> None:
    along = profile(Structure("line", 3.0, 30.0, MIDDLE, 0.0), SHAPE, (1.0, 1.0))
    assert int((along[60] > 0.5).sum()) == 9 and int((along[:, 70] > 0.5).sum()) == 3
    down = profile(Structure("line", 3.0, 30.0, MIDDLE, math.pi / 2), SHAPE, (1.0, 1.0))
    np.testing.assert_allclose(down[50:71, 70], along[60, 60:81], atol=1e-9)


def test_that_contrast_is_of_the_robust_range_and_darker_is_darker() -> None:
    truth = np.zeros(SHAPE, np.float32)
    truth[20:100, 20:120] = 400.0
    structures = [Structure("dot", 8.0, 25.0, (50.0, 40.0)), Structure("dot", 8.0, -50.0, (50.0, 90.0))]
    change = plant(truth, structures, (1.0, 1.0)) - truth
    assert change[50, 40] == pytest.approx(100.0)
    assert change[50, 90] == pytest.approx(-200.0)
    assert change[80, 60] == 0.0


HEAD = ndimage.binary_dilation(profile(Structure("dot", 90.0, 1.0, MIDDLE), SHAPE, (1.0, 1.0)) > 0.5)
TRUTH = np.where(HEAD, 500.0, 0.0).astype(np.float32)
WANTED: list[tuple[Kind, float, float]] = [("dot", 2.0, 30.0), ("line", 2.0, 10.0), ("lesion", 4.0, 30.0)]


def test_that_drawn_structures_are_the_same_again_and_others_for_others() -> None:
    first = drawn(TRUTH, HEAD, WANTED, (1.0, 1.0), seed=1, number=7)
    assert first == drawn(TRUTH, HEAD, WANTED, (1.0, 1.0), seed=1, number=7)
    assert first != drawn(TRUTH, HEAD, WANTED, (1.0, 1.0), seed=2, number=7)
    assert first != drawn(TRUTH, HEAD, WANTED, (1.0, 1.0), seed=1, number=8)
    assert [(s.kind, s.size_mm, abs(s.contrast)) for s in first] == WANTED


@settings(max_examples=25)
@given(st.integers(0, 2**31))
def test_that_drawn_structures_lie_in_the_head_apart_and_within_the_range(seed: int) -> None:
    found = drawn(TRUTH, HEAD, WANTED * 4, (1.0, 1.0), seed=seed, number=0)
    assert 0 < len(found) <= 12
    distance = ndimage.distance_transform_edt(HEAD)
    for structure in found:
        row, column = (round(value) for value in structure.place)
        assert distance[row, column] >= structure.size_mm / 2 + RING_MM - 1.5
        assert not profile(structure, SHAPE, (1.0, 1.0))[~HEAD].any() or structure.kind == "lesion"
    for i, one in enumerate(found):
        for other in found[:i]:
            assert math.dist(one.place, other.place) > one.reach_mm + other.reach_mm
    made = plant(TRUTH, found, (1.0, 1.0))
    assert float(made[HEAD].min()) >= -1.0 and float(made.max()) <= 501.0


def test_that_a_head_too_small_gets_nothing() -> None:
    assert drawn(TRUTH, np.zeros_like(HEAD), WANTED, (1.0, 1.0), seed=1, number=1) == ()
    assert drawn(np.zeros_like(TRUTH), HEAD, WANTED, (1.0, 1.0), seed=1, number=1) == ()


@pytest.mark.parametrize("kind", ["dot", "line", "lesion"])
@pytest.mark.parametrize("contrast", [30.0, -10.0])
@pytest.mark.parametrize("share", [1.0, 0.5, 0.0, -0.4])
def test_that_the_share_that_is_left_is_recovered(kind: Kind, contrast: float, share: float) -> None:
    structure = Structure(kind, 4.0, contrast, MIDDLE, 0.4)
    answer = share * contrast / 100.0 * 500.0 * profile(structure, SHAPE, (1.0, 0.8))
    found = recovered(answer, structure, (1.0, 0.8), 500.0)
    assert found.contrast == pytest.approx(share, abs=1e-9)
    if share > 0.2:
        assert found.position_error_mm == pytest.approx(0.0, abs=1e-6)
    else:
        assert found.position_error_mm is None


@pytest.mark.parametrize("moved", [0.5, 1.0])
def test_that_a_structure_in_another_place_is_told_by_how_far(moved: float) -> None:
    structure = Structure("lesion", 8.0, 20.0, MIDDLE)
    other = replace(structure, place=(MIDDLE[0] + moved, MIDDLE[1]))
    answer = 0.2 * 500.0 * profile(other, SHAPE, (0.5, 1.0))
    found = recovered(answer, structure, (0.5, 1.0), 500.0)
    assert found.position_error_mm == pytest.approx(0.5 * moved, rel=0.15)


def test_that_a_brighter_surrounding_is_not_contrast() -> None:
    structure = Structure("dot", 6.0, 30.0, MIDDLE)
    answer = 150.0 * profile(structure, SHAPE, (1.0, 1.0)) + 40.0
    assert recovered(answer, structure, (1.0, 1.0), 500.0).contrast == pytest.approx(1.0)


def test_that_blur_costs_the_contrast_that_its_formula_says() -> None:
    """A Gaussian of variance v blurred by u keeps v / (v + u) of its height."""
    structure = Structure("lesion", 2.0, 50.0, MIDDLE)
    sharp = 250.0 * profile(structure, SHAPE, (0.25, 0.25))
    sigma_px = 2.0 * FWHM_TO_SIGMA / 0.25
    blurred = ndimage.gaussian_filter(sharp, sigma_px)
    found = recovered(blurred, structure, (0.25, 0.25), 500.0)

    def expected(width: float) -> float:
        """Core less ring of a hill of this variance (mm^2) and height v / width."""
        distance = np.hypot(*(0.25 * (np.indices(SHAPE) - np.reshape(MIDDLE, (2, 1, 1)))))
        hill = np.exp(-(distance**2) / (2 * width)) * (2.0 * FWHM_TO_SIGMA) ** 2 / width
        core, ring = distance <= 1.0, (distance >= 1.25) & (distance <= 1.0 + RING_MM)
        return float(hill[core].mean() - hill[ring].mean())

    v = (2.0 * FWHM_TO_SIGMA) ** 2
    assert found.contrast == pytest.approx(expected(2 * v) / expected(v), rel=0.02)


def spots(places: list[tuple[int, int]], height: float) -> npt.NDArray[np.float64]:
    return np.asarray(
        sum(
            (
                height * profile(Structure("lesion", FALSE_MM, 1.0, place), SHAPE, (1.0, 1.0))
                for place in places
            ),
            np.zeros(SHAPE),
        )
    )


def test_that_each_invented_spot_is_counted_once() -> None:
    places = [(45, 60), (70, 80), (60, 100)]
    assert false_structures(TRUTH + spots(places, 100.0), TRUTH, HEAD, (1.0, 1.0)) == 3
    assert false_structures(TRUTH - spots(places, 100.0), TRUTH, HEAD, (1.0, 1.0)) == 3


def test_that_what_the_truth_has_is_not_false_even_if_it_is_stronger() -> None:
    places = [(45, 60), (70, 80)]
    truth = TRUTH + spots(places, 60.0)
    assert false_structures(truth, truth, HEAD, (1.0, 1.0)) == 0
    assert false_structures(truth + spots(places, 100.0), truth, HEAD, (1.0, 1.0)) == 0
    assert false_structures(TRUTH, truth, HEAD, (1.0, 1.0)) == 0, "missing is not false"


def test_that_weak_spots_spots_outside_and_empty_slices_do_not_count() -> None:
    assert false_structures(TRUTH + spots([(60, 70)], 40.0), TRUTH, HEAD, (1.0, 1.0)) == 0
    assert false_structures(TRUTH + spots([(5, 5)], 400.0), TRUTH, HEAD, (1.0, 1.0)) == 0
    assert false_structures(np.ones(SHAPE), np.zeros(SHAPE), HEAD, (1.0, 1.0)) == 0
