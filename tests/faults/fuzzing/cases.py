"""The numbered inputs of the fuzzer: a number always stands for the same bytes, as long as the seeds are the same."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.faults.fuzzing.mutate import mutated
from tests.faults.fuzzing.seeds import KINDS, seed_kinds

WEIGHTS: Final = {
    "dicom": 24,
    "codestream": 14,
    "nifti": 8,
    "raster": 5,
    "mat": 3,
    "numpy": 5,
    "archive": 5,
    "dicomdir": 2,
    "settings": 5,
    "card": 5,
    "weights": 5,
    "journal": 5,
    "report": 3,
    "arrangement": 2,
    "measurements": 3,
    "windows": 2,
    "runs": 1,
    "message": 6,
}
"""How often each kind has its turn; codestreams cost a decoder process now and then, and have fewer."""
NAMES: Final = {"dicom": "x.dcm", "codestream": "x.dcm", "dicomdir": "DICOMDIR"}


@dataclass(frozen=True, slots=True)
class Case:
    """One input: what kind of reader gets it, under which name."""

    number: int
    kind: str
    name: str
    content: bytes


class Cases:
    """All inputs that can be made of a folder of seeds."""

    def __init__(self, seeds: Path) -> None:
        self._paths = seed_kinds(seeds)
        self._contents = {path: path.read_bytes() for paths in self._paths.values() for path in paths}

    def __getitem__(self, number: int) -> Case:
        rng = random.Random(number)
        (kind,) = rng.choices(KINDS, [WEIGHTS[kind] for kind in KINDS])
        path = rng.choice(self._paths[kind])
        others = [self._contents[other] for other in self._paths[kind]]
        return Case(number, kind, name_of(kind, path), mutated(kind, self._contents[path], others, rng))


def name_of(kind: str, path: Path) -> str:
    """Under which name an input made of this seed is read; the ending tells readers what it is."""
    return NAMES.get(kind, path.name)
