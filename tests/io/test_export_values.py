"""Values are rounded in the source's own units, kept in range and counted where cut."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brainsr_desktop.core.errors import BadOutput
from brainsr_desktop.core.geometry import unknown_geometry
from brainsr_desktop.core.series import SourceKind, StackInfo
from brainsr_desktop.io.export_values import StoredValues, scaled_values, stored_values


def stack(dtype: str, kind: SourceKind = "dicom") -> StackInfo:
    return StackInfo("1", kind, "", "", "", 1, "MR", "", "", unknown_geometry(2, 2, 1), (None,), dtype=dtype)


def test_that_values_are_rounded_and_clipped_values_counted() -> None:
    pixels = np.array([[-1.6, 0.4], [65535.4, 70000.0]], np.float32)
    stored, clipped = StoredValues("uint16").stored(pixels)
    assert stored.tolist() == [[0, 0], [65535, 65535]]
    assert clipped == 2
    signed, clipped = StoredValues("int16").stored(pixels)
    assert signed.tolist() == [[-2, 0], [32767, 32767]]
    assert clipped == 2


@pytest.mark.parametrize(
    ("dtype", "stored"),
    [("int8", "int16"), ("uint8", "uint16"), ("int16", "int16"), ("uint16", "uint16"), ("bool", "uint16")],
)
def test_that_short_sources_keep_their_units_and_sign(dtype: str, stored: str) -> None:
    values = stored_values(stack(dtype), (0.0, 1.0))
    assert values.dtype == stored
    assert not values.is_scaled


def test_that_a_nifti_source_with_more_bits_stays_floating() -> None:
    assert stored_values(stack("float32", "nifti"), (0.0, 1.0)) == StoredValues("float32")
    values = np.array([[np.nan, 0.25]], np.float32)
    np.testing.assert_array_equal(StoredValues("float32").stored(values)[0], values)


@pytest.mark.parametrize("dtype", ["int32", "uint32", "float32", "float64"])
def test_that_a_dicom_source_with_more_bits_is_scaled_over_its_range(dtype: str) -> None:
    values = stored_values(stack(dtype), (-1.0, 3.0))
    assert values.dtype == "uint16"
    assert values.is_scaled
    pixels = np.array([[-1.0, 0.0, 3.0, 3.9, -1.9]], np.float32)
    stored, clipped = values.stored(pixels)
    assert clipped == 0
    back = values.slope * stored.astype(np.float64) + values.intercept
    assert np.abs(back - pixels).max() <= values.slope / 2 + 1e-6
    assert back[0, 1] == 0.0


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_that_a_scaled_range_comes_back_within_half_a_step(low: float, span: float) -> None:
    values = scaled_values((low, low + span))
    pixels = np.linspace(low, low + span, 17, dtype=np.float32).reshape(1, 17)
    stored, _ = values.stored(pixels)
    back = values.slope * stored.astype(np.float64) + values.intercept
    assert np.abs(back - pixels).max() <= values.slope * 1.01 + 1e-6 * max(abs(low), span)


def test_that_a_flat_range_does_not_divide_by_nothing() -> None:
    values = scaled_values((5.0, 5.0))
    stored, _ = values.stored(np.full((2, 2), 5.0, np.float32))
    assert (values.slope * stored.astype(float) + values.intercept).tolist() == [[5.0, 5.0], [5.0, 5.0]]


def test_that_a_value_that_is_no_number_stops_the_slice() -> None:
    with pytest.raises(BadOutput):
        StoredValues("int16").stored(np.array([[np.nan]], np.float32))
