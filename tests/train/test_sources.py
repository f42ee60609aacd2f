"""Training data from everything that the window opens: read, normalised, cropped, divided by people."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from brainsr_desktop.cli.main import main
from brainsr_desktop.core.errors import UsageError
from brainsr_desktop.core.intensity import robust_max
from brainsr_desktop.train import checkpoint
from brainsr_desktop.train.config import Config, from_table, read
from brainsr_desktop.train.sources import Gathered, gather, normalised
from brainsr_desktop.train.subjects import place_of
from tests import phantom
from tests.mat_kit import write_mat
from tests.train.made_data import head, write_bench, write_stacks

PEOPLE = ("1001", "1002", "1003", "1004")
ONE_HELD = {"train": 0.999, "val": 0.001, "test": 0.0}
"""Nobody of ours falls into so narrow a part, so the one nearest to it is held back."""
HELD = max(PEOPLE, key=place_of)


def volume(person: str, slices: int = 3) -> NDArray[np.uint16]:
    """A head (slice, row, column) of this person, values up to about 900."""
    return np.stack([head(72, 64, int(person) * 10 + number) * 1000 for number in range(slices)]).astype(
        np.uint16
    )


def dicom(folder: Path) -> None:
    for number, person in enumerate(PEOPLE, start=1):

        def named(dataset: Any, _number: int, person: str = person) -> None:
            dataset.PatientID, dataset.PatientName = person, f"Person^{person}"
            dataset.StudyInstanceUID = f"{phantom.ROOT}.9.{person}"

        phantom.classic(folder / person, pixels=volume(person), series=number, edit=named)


def nifti(folder: Path) -> None:
    folder.mkdir()
    for person in PEOPLE:
        phantom.nifti(folder / f"{person}_T1w.nii.gz", volume(person).transpose(2, 1, 0))


def slices(ending: str) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        for number, person in enumerate(PEOPLE):
            group = folder / ("AD" if number % 2 else "NC")
            group.mkdir(parents=True, exist_ok=True)
            for place, picture in enumerate((volume(person) // 4).astype(np.uint8)):
                Image.fromarray(picture).save(group / f"{person}_{place + 7}.{ending}")

    return write


def mat(folder: Path) -> None:
    for person in PEOPLE:
        for place, picture in enumerate(volume(person).astype(np.int16)):
            write_mat(folder / f"{person}{place}.mat", picture, patient=person)


def npy(folder: Path) -> None:
    folder.mkdir()
    for person in PEOPLE:
        np.save(folder / f"{person}.npy", volume(person))


def npz(folder: Path) -> None:
    folder.mkdir()
    for person in PEOPLE:
        np.savez_compressed(folder / f"{person}.npz", t1=volume(person), affine=np.eye(4))


def stack_file(folder: Path) -> None:
    folder.mkdir()
    write_stacks(folder / "stacks.npz", ("T1", "T2", "T1", "T2"), 3)


KINDS: dict[str, Callable[[Path], None]] = {
    "dicom": dicom,
    "nifti": nifti,
    "png": slices("png"),
    "jpeg": slices("jpeg"),
    "mat": mat,
    "npy": npy,
    "npz": npz,
    "stacks": stack_file,
}


def config_of(*sources: object, **data: Any) -> Config:
    """A run of one step on those sources."""
    return from_table(
        {
            "name": "tiny",
            "network": {"name": "espcn", "config": {"scale": 2}},
            "data": {"sources": list(sources), **data},
            "run": {"batch": 2, "steps": 1, "precision": "fp32"},
            "stage": [{"patch_px": 12}],
        }
    )


def people(found: Gathered) -> set[str]:
    return {entry.subject for entry in found.train}


@pytest.mark.parametrize("kind", KINDS)
def test_that_every_kind_of_source_is_learnt_from_by_the_command(
    tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    KINDS[kind](tmp_path / "source")
    (tmp_path / "tiny.toml").write_text(
        'name = "tiny"\n[network]\nname = "espcn"\nconfig = { scale = 2 }\n[data]\nsources = ["source"]\n'
        "split = { train = 0.999, val = 0.001, test = 0.0 }\n"
        '[run]\nbatch = 2\nsteps = 1\nprecision = "fp32"\nthreads = 1\n[[stage]]\npatch_px = 12\n',
        encoding="utf-8",
    )
    command = ["train", str(tmp_path / "tiny.toml"), "--data", str(tmp_path), "--out", str(tmp_path / "runs")]
    assert main([*command, "--device", "cpu"]) == 0
    saved = checkpoint.load(tmp_path / "runs" / "tiny" / checkpoint.FILE_NAME)
    assert saved.step == 1 and saved.config.data == read(tmp_path / "tiny.toml").data
    assert (tmp_path / "runs" / "tiny" / "validation.png").is_file(), "nobody was held back to watch the run"
    assert (
        "data.sources[0] (source): train 9 slices of 3, val 3 slices of 1 subjects" in capsys.readouterr().err
    )


@pytest.mark.parametrize("kind", KINDS)
def test_that_all_kinds_hold_the_same_people_back(tmp_path: Path, kind: str) -> None:
    KINDS[kind](tmp_path / "source")
    found = gather(tmp_path, config_of("source", split=ONE_HELD))
    assert len(people(found)) == 3 and len(found.train) == 9 and len(found.validation) == 3
    assert kind == "stacks" or people(found) == set(PEOPLE) - {HELD}
    again = gather(tmp_path, config_of({"path": "source"}, split=ONE_HELD))
    assert people(again) == people(found)
    for one, other in zip(again.train, found.train, strict=True):
        np.testing.assert_array_equal(one.pixels, other.pixels)


def test_that_slices_are_normalised_as_the_catalogue_says(tmp_path: Path) -> None:
    npy(tmp_path / "source")
    found = gather(tmp_path, config_of({"path": "source/1001.npy", "use": "train"}))
    values = volume("1001").astype(np.float64)
    # 72 x 64: with the margin the head reaches from edge to edge
    expected = np.rint(np.clip(values / robust_max(values), 0, 1) * 255)
    for entry, truth in zip(found.train, expected, strict=True):
        np.testing.assert_allclose(entry.pixels, truth, rtol=0, atol=1)


def test_that_files_scale_their_values_before_anything_else(tmp_path: Path) -> None:
    phantom.nifti(tmp_path / "a.nii", volume("1001").transpose(2, 1, 0))
    phantom.nifti(tmp_path / "b.nii", volume("1001").transpose(2, 1, 0), scl_slope=3.5, scl_inter=0.0)
    one, other = (gather(tmp_path, config_of({"path": f"{name}.nii", "use": "train"})) for name in "ab")
    for a, b in zip(one.train, other.train, strict=True):
        np.testing.assert_allclose(a.pixels.astype(int), b.pixels, atol=1)


@pytest.mark.parametrize("scale", [2, 4])
def test_that_the_head_is_cut_out_with_a_margin(scale: int) -> None:
    picture = np.zeros((4, 201, 175), np.float32)
    picture[:3, 60:131, 40:101] = 50 + np.random.default_rng(1).random((3, 71, 61), np.float32) * 50
    made = normalised(picture, scale, 24)
    assert not isinstance(made, str)
    cut, kept = made
    assert kept == (0, 1, 2)  # the last one is empty
    rows, columns = cut[0].shape
    assert rows % scale == columns % scale == 0
    assert 71 + 12 <= rows < 71 + 12 + scale and 61 + 12 <= columns < 61 + 12 + scale
    assert all((one > 0).sum() == 71 * 61 for one in cut)


def test_that_what_is_smaller_than_a_patch_is_left_out() -> None:
    picture = np.full((2, 60, 30), 100, np.float32)
    picture[:, :5] = 0
    assert normalised(picture, 4, 32) == "smaller than 32 pixels"
    made = normalised(picture, 4, 28)
    assert not isinstance(made, str) and made[0][0].shape == (60, 28)
    assert normalised(np.zeros((2, 60, 60), np.float32), 2, 24) == "all dark"


def test_that_no_person_is_in_two_splits(tmp_path: Path) -> None:
    """The same people in four kinds of files: all of a person's slices go one way."""
    for kind in ("nifti", "jpeg", "npy", "npz"):
        KINDS[kind](tmp_path / kind)
    everything = config_of("nifti", "jpeg", "npy", "npz", split={"train": 0.5, "val": 0.5, "test": 0.0})
    found = gather(tmp_path, everything)
    held = set(PEOPLE) - people(found)
    assert 0 < len(held) < 4
    assert len(found.train) == (4 - len(held)) * 4 * 3
    # the held-back slices show the held-back heads and no others
    truths = [np.rint(entry.truth * 255).astype(np.uint8) for entry in found.validation]
    assert not any(
        truth.shape == entry.pixels.shape and np.array_equal(truth, entry.pixels)
        for truth in truths
        for entry in found.train
    )


def test_that_a_person_named_for_two_uses_is_refused(tmp_path: Path) -> None:
    npy(tmp_path / "a")
    nifti(tmp_path / "b")
    config = config_of({"path": "a", "use": "train"}, {"path": "b", "use": "val"})
    with pytest.raises(UsageError, match="4 subjects would be in train and val"):
        gather(tmp_path, config)


def test_that_people_of_stack_files_are_not_held_back_elsewhere(tmp_path: Path) -> None:
    write_stacks(tmp_path / "train.npz")
    config = config_of({"path": "train.npz", "use": "val"}, stacks=["train.npz"])
    with pytest.raises(UsageError, match="3 subjects"):
        gather(tmp_path, config)


def test_that_a_pattern_says_whose_slices_are(tmp_path: Path) -> None:
    slices("jpeg")(tmp_path / "source")
    pattern = r"^(?P<subject>AD|NC)/"
    found = gather(tmp_path, config_of({"path": "source", "subject": pattern, "use": "train"}))
    assert people(found) == {"AD", "NC"}


def test_that_contrast_comes_from_the_entry_the_file_or_the_name(tmp_path: Path) -> None:
    nifti(tmp_path / "a")
    stack_file(tmp_path / "b")
    mat(tmp_path / "c")
    config = config_of(
        {"path": "a", "use": "train"}, {"path": "b", "use": "train"}, {"path": "c", "use": "train"}
    )
    found = gather(tmp_path, config)
    assert [entry.contrast for entry in found.train[:12]] == ["T1"] * 12
    assert {entry.contrast for entry in found.train[12:24]} == {"T1", "T2"}
    assert {entry.contrast for entry in found.train[24:]} == {"T1ce"}
    told = gather(tmp_path, config_of({"path": "a", "contrast": "PD", "use": "train"}))
    assert {entry.contrast for entry in told.train} == {"PD"}


def test_that_a_kind_leaves_the_others_out(tmp_path: Path) -> None:
    npy(tmp_path / "mixed")
    phantom.nifti(tmp_path / "mixed" / "9_x.nii", volume("1001").transpose(2, 1, 0))
    found = gather(tmp_path, config_of({"path": "mixed", "kind": "nifti", "use": "train"}))
    assert len(found.train) == 3
    assert "left out: 4 x not nifti" in found.told[0]


def test_that_pictures_made_by_a_network_are_not_learnt_from(tmp_path: Path) -> None:
    def made(dataset: Any, _number: int) -> None:
        dataset.SeriesDescription = "t1 [SRx2 brainsr-x2]"

    phantom.classic(tmp_path / "source" / "made", pixels=volume("1001"), edit=made, series=2)
    with pytest.raises(UsageError, match="made by a network"):
        gather(tmp_path, config_of("source"))
    phantom.classic(tmp_path / "source" / "real", pixels=volume("1001"))
    assert len(gather(tmp_path, config_of({"path": "source", "use": "train"})).train) == 3


def test_that_masks_are_not_learnt_from(tmp_path: Path) -> None:
    npy(tmp_path / "source")
    np.save(tmp_path / "source" / "mask.npy", volume("1001") > 500)
    found = gather(tmp_path, config_of({"path": "source", "use": "train"}))
    assert len(found.train) == 12 and "1 x only 1 bit a pixel" in found.told[0]


def test_that_a_bench_is_watched_where_there_is_one(tmp_path: Path) -> None:
    npy(tmp_path / "source")
    write_bench(tmp_path / "bench.npz")
    found = gather(tmp_path, config_of("source", split=ONE_HELD, validation="bench.npz", validation_stride=1))
    assert len(found.validation) == 2 and len(people(found)) == 3


def test_that_held_back_slices_come_in_every_protocol(tmp_path: Path) -> None:
    npy(tmp_path / "source")
    for entry in gather(tmp_path, config_of("source", split=ONE_HELD)).validation:
        assert entry.head.any() and entry.truth.max() <= 1
        assert set(entry.low) == {"bicubic", "kspace", "noisy"}
        rows, columns = entry.truth.shape
        assert all(low.shape == (rows // 2, columns // 2) for low in entry.low.values())


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("missing", r"data\.sources\[0\] \(missing\).*does not exist"),
        ("empty", r"data\.sources\[0\] \(empty\) gives no slice to learn from"),
        ("notes", r"data\.sources\[0\] \(notes\).*1 x No image that can be read"),
        ({"path": "source", "kind": "dicom"}, r"4 x not dicom"),
        (
            {"path": "source", "subject": "(?P<subject>nobody)"},
            r"the pattern of its subject is not in its path",
        ),
    ],
)
def test_that_an_entry_that_gives_nothing_is_named(tmp_path: Path, source: object, words: str) -> None:
    npy(tmp_path / "source")
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "x.txt").write_text("nothing")
    with pytest.raises(UsageError, match=words):
        gather(tmp_path, config_of(source))


def test_that_a_run_without_anybody_to_learn_from_is_refused(tmp_path: Path) -> None:
    npy(tmp_path / "source")
    with pytest.raises(UsageError, match="No subject"):
        gather(tmp_path, config_of({"path": "source", "use": "val"}))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({}, "data.stacks or data.sources"),
        ({"sources": [{"path": "a", "kind": "video"}]}, r"sources\[0\]\.kind must be one of"),
        ({"sources": ["a", {"paht": "b"}]}, r"sources\[1\] has no entry 'paht'"),
        ({"sources": [{"path": "a", "subject": "("}]}, "subject of 'a' is no pattern"),
        ({"sources": [{"path": "a", "subject": "(.*)"}]}, "needs a group"),
        ({"sources": [""]}, "path must not be empty"),
        ({"sources": ["a"], "split": {"train": 0.0}}, r"split\.train"),
        ({"sources": ["a"], "split": {"val": -1.0}}, "must not be negative"),
    ],
)
def test_that_a_wrong_entry_is_named(data: dict[str, Any], words: str) -> None:
    table = {
        "name": "x",
        "network": {"name": "espcn", "config": {"scale": 2}},
        "data": data,
        "run": {"steps": 1},
    }
    with pytest.raises(ValueError, match=words):
        from_table(table)
