"""Every reason to doubt a network is found where it is, and only there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from brainsr_desktop.core.suitability import (
    QUANTILES,
    Appearance,
    Measured,
    Reason,
    Trained,
    appearance,
    reasons,
)

TRAINED = Trained(
    pixel_mm=(0.5, 5.3),
    input_pixel_mm=(2.0, 5.3),
    matrix_px=(30.0, 456.0),
    contrasts=("T1", "T2"),
    noise_percent=(0.5, 6.0),
    quantiles=((0.1, 0.4), (0.2, 0.5), (0.3, 0.7), (0.5, 0.8), (0.6, 0.9)),
)
FITTING = Measured(
    modality="MR",
    body_part="HEAD",
    pixel_mm=(1.0, 1.0),
    matrix_px=(256, 192),
    contrast="T1",
    appearance=Appearance(2.0, (0.2, 0.3, 0.5, 0.6, 0.8)),
)


def test_that_nothing_speaks_against_what_was_trained() -> None:
    assert reasons(FITTING, TRAINED) == ()
    assert reasons(Measured(), TRAINED) == ()
    assert reasons(FITTING, Trained()) == ()


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"already_enhanced": True}, Reason("already_enhanced")),
        ({"modality": "CT"}, Reason("modality", "CT")),
        ({"body_part": "Knee "}, Reason("body_part", "Knee")),
        ({"contrast": "SWI"}, Reason("contrast", "SWI")),
        ({"contrast_agent": True}, Reason("contrast_agent")),
        ({"pixel_mm": (0.4, 0.4)}, Reason("pixel_size", 0.4, 0.5, 5.3)),
        ({"pixel_mm": (1.0, 6.0)}, Reason("pixel_size", 6.0, 0.5, 5.3)),
        ({"matrix_px": (512, 400)}, Reason("matrix", 512.0, 30.0, 456.0)),
        ({"matrix_px": (256, 20)}, Reason("matrix", 20.0, 30.0, 456.0)),
        (
            {"appearance": Appearance(9.0, (0.2, 0.3, 0.5, 0.6, 0.8))},
            Reason("noise", 9.0, 0.5, 6.0),
        ),
        (
            {"appearance": Appearance(2.0, (0.2, 0.3, 0.5, 0.85, 0.99))},
            Reason("distribution", 0.99, 0.6, 0.9),
        ),
    ],
)
def test_that_each_reason_is_found_alone(changed: dict[str, object], expected: Reason) -> None:
    assert reasons(replace(FITTING, **changed), TRAINED) == (expected,)  # type: ignore[arg-type]


def test_that_the_ends_of_a_range_are_inside() -> None:
    for side in (0.5, 5.3, 0.5 - 1e-9, 5.3 + 1e-9):
        assert reasons(replace(FITTING, pixel_mm=(side, 1.0)), TRAINED) == ()


def test_that_a_contrast_agent_is_fine_where_it_was_trained() -> None:
    measured = replace(FITTING, contrast_agent=True)
    assert reasons(measured, replace(TRAINED, contrasts=("T1", "T1ce"))) == ()


def test_that_several_reasons_come_together() -> None:
    measured = replace(FITTING, modality="CT", pixel_mm=(0.1, 0.1), already_enhanced=True)
    assert [reason.kind for reason in reasons(measured, TRAINED)] == [
        "already_enhanced",
        "modality",
        "pixel_size",
    ]


def test_that_the_quantiles_are_those_of_the_head() -> None:
    """Half of the picture is air; the head rises evenly from 400 to 1000."""
    ramp = np.linspace(400.0, 1000.0, 100 * 100).reshape(100, 100)
    image = np.concatenate([np.zeros_like(ramp), ramp])
    found = appearance(image)
    # 1.0 is the 99.5th percentile of the head.
    expected = (400.0 + 600.0 * np.array(QUANTILES)) / (400.0 + 600.0 * 0.995)
    np.testing.assert_allclose(found.quantiles, expected, rtol=1e-3)
    assert found.noise_percent == pytest.approx(0.0, abs=0.01)
    assert appearance(5.0 * image).quantiles == pytest.approx(found.quantiles)


def test_that_an_empty_slice_has_an_appearance() -> None:
    assert appearance(np.zeros((20, 20))) == Appearance(0.0, (0.0,) * len(QUANTILES))
    assert appearance(np.full((20, 20), np.nan)).noise_percent == 0.0
