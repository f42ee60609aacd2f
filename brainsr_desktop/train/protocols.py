"""The benchmark's three ways of reducing a true slice, for slices that come without stored inputs.

``bicubic`` and ``kspace`` are the two reductions alone; ``noisy`` is k-space with a blur drawn evenly from 0 to 1
reduced pixel and Rician noise of 3 percent. Chance is drawn as for the benchmark file: by numpy's default generator,
seeded with 20240, the slice's number and the scale, first the blur, then the real, then the imaginary part.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from brainsr_desktop.core.degrade import ComplexArray, Degradation, apply, reduced_shape

Floats: TypeAlias = npt.NDArray[np.float32]

PROTOCOLS: Final = ("bicubic", "kspace", "noisy")
SEED: Final = 20240
NOISE_PERCENT: Final = 3.0


def drawn(
    shape: tuple[int, ...], protocol: str, scale: int, number: int
) -> tuple[Degradation, ComplexArray | None]:
    """What the benchmark does to a slice of that number and ``shape`` (rows, columns), and with which noise.

    Raises:
        ValueError: there is no such protocol.
    """
    if protocol == "bicubic":
        return Degradation(reduction=scale, method="bicubic"), None
    if protocol == "kspace":
        return Degradation(reduction=scale), None
    if protocol != "noisy":
        raise ValueError(f"There is no protocol {protocol!r}; there are {', '.join(PROTOCOLS)}.")
    random = np.random.default_rng([SEED, number, scale])
    blur_px = float(random.uniform(0.0, 1.0))
    small = reduced_shape((shape[0], shape[1]), scale)
    real, imaginary = random.standard_normal(small), random.standard_normal(small)
    return Degradation(NOISE_PERCENT, blur_px, scale), np.asarray(real + 1j * imaginary)


def reduced_slice(truth: Floats, protocol: str, scale: int, number: int) -> Floats:
    """A true slice (rows, columns), any unit, reduced by ``scale`` as the benchmark's slice ``number`` would be.

    Unlike the file's, the result is not rounded to 1/4095. Sides that the scale does not divide: see `core.degrade`.

    Raises:
        ValueError: there is no such protocol.
    """
    return apply(truth, *drawn(truth.shape, protocol, scale, number))
