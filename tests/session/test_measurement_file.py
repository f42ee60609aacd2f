"""Measurements as text and back; damaged and hostile texts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brainsr_desktop.core.errors import ReadError
from brainsr_desktop.session.measurement_file import LARGEST_BYTES, from_text, series_hash, to_text
from brainsr_desktop.session.measurements import KINDS, Measurement
from tests.session.making import stack

place = st.tuples(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4))
items = st.builds(Measurement, st.integers(1, 99), st.integers(0, 99), st.sampled_from(KINDS), place, place)


@given(st.lists(items, max_size=5))
def test_that_measurements_come_back_as_they_were(drawn: list[Measurement]) -> None:
    made = stack()
    found, series = from_text(to_text(drawn, made))
    assert list(found) == drawn
    assert series == series_hash(made) != ""


def test_that_the_file_names_neither_patient_nor_series() -> None:
    text = to_text([], stack(series_uid="1.2.840.99.4711", description="Muster^Anna"))
    assert "4711" not in text.replace(series_hash(stack(series_uid="1.2.840.99.4711")), "")
    assert "Muster" not in text


def good() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        to_text([Measurement(1, 0, "distance", (0.0, 1.0), (2.0, 3.0))], stack())
    )
    return found


@pytest.mark.parametrize(
    "change",
    [
        {"format": "other"},
        {"version": 2},
        {"version": "1"},
        {"measurements": {}},
        {"measurements": [5]},
        {"measurements": [{}]},
        {"measurements": [{"kind": "circle"}]},
        {"measurements": [{**good()["measurements"][0], "slice": -1}]},
        {"measurements": [{**good()["measurements"][0], "slice": True}]},
        {"measurements": [{**good()["measurements"][0], "start_mm": [1.0]}]},
        {"measurements": [{**good()["measurements"][0], "end_mm": [1.0, "2"]}]},
        {"measurements": [{**good()["measurements"][0], "end_mm": [1.0, float("nan")]}]},
        {"measurements": [{**good()["measurements"][0], "end_mm": [1.0, 1e300]}]},
    ],
)
def test_that_a_text_of_another_kind_is_refused_with_advice(change: dict[str, Any]) -> None:
    with pytest.raises(ReadError) as caught:
        from_text(json.dumps({**good(), **change}))
    assert caught.value.message and caught.value.advice


@pytest.mark.parametrize("text", ["", "{", "[]", "[" * 100_000, " " * (LARGEST_BYTES + 1)])
def test_that_a_damaged_text_is_refused(text: str) -> None:
    with pytest.raises(ReadError):
        from_text(text)
