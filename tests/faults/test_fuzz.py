"""Damaged input by the hundred, and every input that once went wrong: nothing dies, nothing hangs, everything
is told.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest

from brainsr_desktop.ipc.client import BlockingClient
from tests.faults.fuzzing.cases import WEIGHTS, Case, Cases
from tests.faults.fuzzing.driver import Driver
from tests.faults.fuzzing.readers import Complaints, Readers
from tests.faults.fuzzing.seeds import KINDS, write_seeds
from tests.faults.fuzzing.target import read_one

INPUTS = 600
CORPUS = Path(__file__).parent / "corpus"
KEPT = sorted(path for path in CORPUS.glob("*/*") if path.is_file())


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_seeds(tmp_path_factory.mktemp("seeds"))


@pytest.fixture(scope="module")
def files() -> Iterator[BlockingClient]:
    with BlockingClient("brainsr_desktop.io.child:main", name="files") as client:
        yield client


def test_that_six_hundred_damaged_inputs_end_nothing_and_are_told(seeds: Path, tmp_path: Path) -> None:
    tally = Driver(seeds, tmp_path / "work", tmp_path / "findings").run(inputs=INPUTS)
    assert tally.findings == []
    assert tally.inputs == INPUTS and tally.sound
    assert set(tally.kinds) == set(KINDS)
    assert tally.answers["shown"] > 50 and len(tally.answers) > 15, (
        "hardly anything was damaged, or nothing was read"
    )


@pytest.mark.parametrize("path", KEPT, ids=lambda path: f"{path.parent.name}-{path.name[:20]}")
def test_that_what_once_went_wrong_goes_well(path: Path, files: BlockingClient, tmp_path: Path) -> None:
    kind, name = path.parent.name, path.name.partition("_")[2]
    case = Case(0, kind, name, path.read_bytes())
    complaints = Complaints()
    outcome, details = read_one(case, tmp_path, files, complaints)
    assert outcome == "ok", details


def test_that_every_kind_has_seeds_that_its_reader_takes(
    seeds: Path, files: BlockingClient, tmp_path: Path
) -> None:
    """Damage must be what makes a reader refuse: else a mistake in the seeds would pass for sound reading."""
    for kind in KINDS:
        paths = [path for path in sorted((seeds / kind).iterdir()) if path.is_file()]
        taken = 0
        for path in paths[:12]:
            folder = tmp_path / kind / path.name
            folder.mkdir(parents=True)
            name = {"dicom": "x.dcm", "codestream": "x.dcm", "dicomdir": "DICOMDIR"}.get(kind, path.name)
            told = Readers(files, folder).read(Case(0, kind, name, path.read_bytes()))
            taken += told not in (
                "left alone",
                "set aside",
                "refused",
                "CardInvalid",
                "ModelError",
                "ReadError",
            )
        assert taken, kind


def test_that_a_number_always_stands_for_the_same_input(seeds: Path) -> None:
    first, again = Cases(seeds), Cases(seeds)
    assert [first[n] for n in range(60)] == [again[n] for n in range(60)]
    assert set(WEIGHTS) == set(KINDS)


@pytest.mark.parametrize("what", ["dies", "hangs", "raises"])
def test_that_the_watch_notices_what_it_is_there_for(
    seeds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """A reading process that ends, stands still or raises is told as such, and the next input is read."""
    monkeypatch.setattr("tests.faults.fuzzing.driver.HANG_S", 3.0)
    monkeypatch.setattr("tests.faults.fuzzing.driver.TARGET", "tests.faults.fuzzing.astray")
    monkeypatch.setenv("BRAINSR_FUZZ_ASTRAY", what)
    driver = Driver(seeds, tmp_path / "work", tmp_path / "findings")
    tally = driver.run(inputs=3)
    found = {"dies": tally.crashes, "hangs": tally.hangs, "raises": tally.unforeseen}
    assert found.pop(what) == 1 and not any(found.values())
    assert tally.inputs == 3 and not tally.sound
    (kept,) = (tmp_path / "findings").glob(
        f"*/1/{'crash' if what == 'dies' else 'hang' if what == 'hangs' else 'unforeseen'}.txt"
    )
    assert len(list(kept.parent.iterdir())) == 2


def test_that_no_input_is_executed(seeds: Path, files: BlockingClient, tmp_path: Path) -> None:
    class Harm:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.system, (f"touch {tmp_path / 'harmed'}",)

    here = tmp_path / "in"
    here.mkdir()
    for kind, name in (("message", "m"), ("numpy", "x.npy"), ("weights", "w.safetensors"), ("mat", "x.mat")):
        Readers(files, here).read(Case(0, kind, name, pickle.dumps(Harm())))
    assert not (tmp_path / "harmed").exists()
