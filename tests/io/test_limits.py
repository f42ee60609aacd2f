"""Limits of grouping: the defaults are those of the specification, and children take over the user's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from brainsr_desktop.io import limits
from brainsr_desktop.io.limits import VARIABLE, Limits
from tests.io.export_kit import phantom_dataset, save, stacks_of


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv(VARIABLE, raising=False)
    limits.current.cache_clear()
    yield
    monkeypatch.delenv(VARIABLE, raising=False)
    limits.current.cache_clear()


def test_that_the_defaults_are_those_of_the_specification() -> None:
    assert limits.current() == Limits(angle_deg=1.0, spacing_percent=1.0, echo_ms=0.1, uneven_percent=5.0)


@pytest.mark.parametrize("text", ["", "nonsense", "[]", '{"angle_deg": "wide"}', "null"])
def test_that_nonsense_is_no_limit(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv(VARIABLE, text)
    limits.current.cache_clear()
    assert limits.current() == Limits()


def test_that_a_wider_limit_keeps_pixel_sizes_in_one_series(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for index in range(4):
        data = phantom_dataset(index)
        data.PixelSpacing = [0.9 if index < 2 else 0.93, 1.1]
        save(data, tmp_path / f"{index}.dcm")
    assert len(stacks_of(tmp_path)) == 2
    monkeypatch.setenv(VARIABLE, "")
    limits.pass_on(Limits(spacing_percent=5.0))
    assert len(stacks_of(tmp_path)) == 1
