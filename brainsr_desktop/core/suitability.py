"""Whether a slice looks like what a network was trained on: measured, before the network is run.

Only data: the sentences are made where they are shown.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from brainsr_desktop.core.estimates import noise_percent
from brainsr_desktop.core.intensity import otsu_threshold, robust_range

AnyFloats: TypeAlias = npt.NDArray[np.floating]
Range: TypeAlias = tuple[float, float]
Kind = Literal[
    "modality",
    "body_part",
    "already_enhanced",
    "contrast_agent",
    "contrast",
    "pixel_size",
    "matrix",
    "noise",
    "distribution",
]

QUANTILES: Final = (0.1, 0.25, 0.5, 0.75, 0.9)
"""Of the head's pixels; what a contrast distribution is told by."""
HEAD_PARTS: Final = frozenset({"", "BRAIN", "HEAD", "SKULL", "HEADNECK", "IAC", "PITUITARY", "ORBIT"})
"""DICOM's Body Part Examined (0018,0015) where a brain may be meant; often it is empty."""
EDGE: Final = 1e-6
"""A value at the very end of a range is inside, whatever a file's rounding does to it."""


@dataclass(frozen=True, slots=True)
class Appearance:
    """How a slice looks: ``noise_percent`` of its robust range; ``quantiles`` of its head, 1.0 = the robust maximum."""

    noise_percent: float
    quantiles: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Trained:
    """The range of a model's training, each end included. What is not known is None or empty and is not checked.

    ``pixel_mm`` from the finest truth to the coarsest input, mm; ``input_pixel_mm`` of the inputs alone. ``matrix_px``
    from the shortest side of an input to the longest of a truth. ``contrasts``: "T1", "T2", "FLAIR", "PD", "T1ce".
    ``noise_percent`` and ``quantiles`` as in `Appearance`, of the inputs.
    """

    pixel_mm: Range | None = None
    input_pixel_mm: Range | None = None
    matrix_px: Range | None = None
    contrasts: tuple[str, ...] = ()
    noise_percent: Range | None = None
    quantiles: tuple[Range, ...] = ()


@dataclass(frozen=True, slots=True)
class Measured:
    """A series or slice that is to be enhanced. What is not known is None or empty and is not checked.

    ``pixel_mm`` between rows, between columns; ``matrix_px`` rows, columns; ``modality`` and ``body_part`` as in DICOM;
    ``contrast`` as in `Trained`; ``appearance`` of one slice.
    """

    modality: str = ""
    body_part: str = ""
    pixel_mm: tuple[float, float] | None = None
    matrix_px: tuple[int, int] | None = None
    contrast: str = ""
    contrast_agent: bool = False
    already_enhanced: bool = False
    appearance: Appearance | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """One way in which a series lies outside: ``value`` as measured, and the ends of the trained range, if it is one.

    pixel_size: mm; matrix: pixels; noise: percent of the range; distribution: a quantile of the head, 1.0 = white;
    modality, body_part, contrast: the word found. contrast_agent and already_enhanced have no value.
    """

    kind: Kind
    value: float | str = ""
    low: float | None = None
    high: float | None = None


def appearance(image: AnyFloats) -> Appearance:
    """Measure a slice (rows, columns), any unit; pixels that are not finite are left out."""
    low, high = robust_range(image)
    finite = np.asarray(image)[np.isfinite(image)].astype(np.float64)
    if not high > low:
        return Appearance(0.0, (0.0,) * len(QUANTILES))
    values = (finite - low) / (high - low)
    head = values[values > 0.5 * otsu_threshold(values)]
    quantiles = np.quantile(head if head.size else values, QUANTILES)
    return Appearance(noise_percent(image), tuple(float(value) for value in quantiles))


def reasons(measured: Measured, trained: Trained) -> tuple[Reason, ...]:
    """Why a network may be wrong here, the gravest first; empty where nothing speaks against it."""
    return (*_of_words(measured, trained), *_of_geometry(measured, trained), *_of_looks(measured, trained))


def _of_words(measured: Measured, trained: Trained) -> Iterable[Reason]:
    if measured.already_enhanced:
        yield Reason("already_enhanced")
    if measured.modality and measured.modality != "MR":
        yield Reason("modality", measured.modality)
    if measured.body_part.strip().upper() not in HEAD_PARTS:
        yield Reason("body_part", measured.body_part.strip())
    if measured.contrast and trained.contrasts and measured.contrast not in trained.contrasts:
        yield Reason("contrast", measured.contrast)
    if measured.contrast_agent and trained.contrasts and "T1ce" not in trained.contrasts:
        yield Reason("contrast_agent")


def _of_geometry(measured: Measured, trained: Trained) -> Iterable[Reason]:
    if measured.pixel_mm is not None:
        yield from _outside("pixel_size", measured.pixel_mm, trained.pixel_mm)
    if measured.matrix_px is not None:
        yield from _outside("matrix", measured.matrix_px, trained.matrix_px)


def _of_looks(measured: Measured, trained: Trained) -> Iterable[Reason]:
    found = measured.appearance
    if found is None:
        return
    yield from _outside("noise", (found.noise_percent,), trained.noise_percent)
    if len(trained.quantiles) == len(found.quantiles):
        pairs = zip(found.quantiles, trained.quantiles, strict=True)
        # The quantiles of one slice lie out of range together: the furthest is enough.
        value, limits = max(pairs, key=lambda pair: _distance(pair[0], pair[1]))
        yield from _outside("distribution", (value,), limits)


def _outside(kind: Kind, values: Iterable[float], limits: Range | None) -> Iterable[Reason]:
    """The value that lies furthest outside, if one does."""
    if limits is None:
        return
    value = max(values, key=lambda value: _distance(value, limits))
    if _distance(value, limits) > EDGE * max(abs(limits[0]), abs(limits[1])):
        yield Reason(kind, float(value), *limits)


def _distance(value: float, limits: Range) -> float:
    return max(limits[0] - value, value - limits[1], 0.0)
