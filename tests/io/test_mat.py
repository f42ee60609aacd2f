"""MATLAB 7.3 files of the tumour study: image, mask, patient; and what a file may try to do."""

from __future__ import annotations

import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray

from brainsr_desktop.core.errors import ReadError
from brainsr_desktop.core.series import StackInfo
from brainsr_desktop.io.decode_process import DecoderProcess, shared_decoder
from brainsr_desktop.io.load import load_stack
from brainsr_desktop.io.masks import outline_of, read_mask
from brainsr_desktop.io.scan import scan_all
from tests import phantom
from tests.mat_kit import HEADER, tumour_mask, write_mat

HEAD = phantom.head(4).astype(np.int16)
MASK = tumour_mask(*HEAD.shape[1:])


def stacks_of(path: Path) -> list[StackInfo]:
    """All stacks of a path."""
    return [stack for series in scan_all([str(path)])[0] for stack in series.stacks]


def pixels_of(stack: StackInfo) -> NDArray[Any]:
    """All pixels; nothing may be wrong with them."""
    out = np.zeros(stack.shape, stack.dtype)
    assert load_stack(stack, out)[1] == ()
    return out


def codes(path: Path) -> list[str]:
    """Reason codes of what a scan left out."""
    series, summary = scan_all([str(path)])
    assert summary.seen == summary.used + len(summary.skipped)
    assert series == [] or summary.used
    return [problem.code for problem in summary.skipped]


@pytest.mark.parametrize("compressed", [True, False])
def test_that_image_and_mask_are_not_turned(tmp_path: Path, compressed: bool) -> None:
    write_mat(tmp_path / "7.mat", HEAD[0], MASK, compressed=compressed)
    (stack,) = stacks_of(tmp_path)
    assert stack.kind == "mat" and stack.dtype == "int16" and stack.supported and stack.has_masks
    np.testing.assert_array_equal(pixels_of(stack)[0], HEAD[0])
    np.testing.assert_array_equal(read_mask(stack, 0), MASK)
    assert stack.description == "Glioma" and not stack.has_spacing and not stack.has_position


def test_that_slices_of_a_patient_are_one_stack_in_the_order_of_their_names(tmp_path: Path) -> None:
    for number, patient in ((10, "A1"), (9, "A1"), (3, "B2"), (11, "A1")):
        write_mat(tmp_path / f"{number}.mat", HEAD[number % 4], patient=patient)
    series, summary = scan_all([str(tmp_path)])
    assert (summary.seen, summary.used, summary.skipped) == (4, 4, ())
    found = {one.study.patient_id: one.stacks[0] for one in series}
    assert {name: stack.slices for name, stack in found.items()} == {"A1": 3, "B2": 1}
    np.testing.assert_array_equal(pixels_of(found["A1"]), HEAD[[1, 2, 3]])
    assert "A1" not in found["A1"].description and not found["A1"].has_masks
    assert read_mask(found["A1"], 0) is None


def test_that_a_slice_without_a_mask_has_none_beside_one_that_has(tmp_path: Path) -> None:
    write_mat(tmp_path / "1.mat", HEAD[0], MASK)
    write_mat(tmp_path / "2.mat", HEAD[1])
    write_mat(tmp_path / "3.mat", HEAD[2], MASK[:-1])
    (stack,) = stacks_of(tmp_path)
    assert stack.has_masks
    found = [read_mask(stack, index) for index in range(3)]
    assert [mask is None for mask in found] == [False, True, True]
    assert [(problem.path, problem.code) for problem in stack.problems] == [("3.mat", "MASK_SIZE")]


def test_that_patients_without_a_number_are_told_apart_by_file_names(tmp_path: Path) -> None:
    for name in ("ann_1", "ann_2", "bob_1", "bob_2", "bob_3"):
        write_mat(tmp_path / f"{name}.mat", HEAD[0], patient="", label=None)
    assert sorted(stack.slices for stack in stacks_of(tmp_path)) == [2, 3]


def test_that_a_file_in_a_zip_is_read_with_its_mask(tmp_path: Path) -> None:
    path = write_mat(tmp_path / "1.mat", HEAD[0], MASK)
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.write(path, "deep/1.mat")
    (stack,) = stacks_of(tmp_path / "all.zip")
    np.testing.assert_array_equal(pixels_of(stack)[0], HEAD[0])
    np.testing.assert_array_equal(read_mask(stack, 0), MASK)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32", "float32", "float64"])
def test_that_values_of_every_type_are_exact(tmp_path: Path, dtype: str) -> None:
    write_mat(tmp_path / "1.mat", HEAD[0].astype(dtype))
    (stack,) = stacks_of(tmp_path)
    assert stack.dtype == dtype
    np.testing.assert_array_equal(pixels_of(stack)[0], HEAD[0].astype(dtype))


@pytest.mark.parametrize(
    "content",
    [b"MATLAB 5.0 MAT-file, Platform: PCWIN64".ljust(600), b"\x00\x00\x00\x00\x05", b"1 0 0 0\n0 1 0 0\n"],
)
def test_that_older_files_say_how_to_save_them(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "old.mat").write_bytes(content)
    (problem,) = scan_all([str(tmp_path)])[1].skipped
    assert problem.code == "MATLAB_VERSION" and "-v7.3" in problem.reason


def _external_link(group: Any) -> None:
    del group["image"]
    group["image"] = h5py.ExternalLink("secret.h5", "/x")


def _soft_link(group: Any) -> None:
    group.move("image", "elsewhere")
    group["image"] = h5py.SoftLink("/cjdata/elsewhere")


def _external_storage(group: Any) -> None:
    del group["image"]
    group.create_dataset("image", (40, 48), "u1", external=[("secret.bin", 0, 1920)])


def _virtual(group: Any) -> None:
    del group["image"]
    layout = h5py.VirtualLayout((40, 48), "u1")
    layout[:] = h5py.VirtualSource("secret.h5", "x", (40, 48))
    group.create_virtual_dataset("image", layout)


def _lzf(group: Any) -> None:
    del group["image"]
    group.create_dataset("image", data=HEAD[0], compression="lzf")


def _huge(group: Any) -> None:
    del group["image"]
    group.create_dataset("image", (60_000, 60_000), "i2", chunks=(64, 64))


def _huge_pieces(group: Any) -> None:
    del group["image"]
    group.create_dataset(
        "image", (40, 48), "i2", chunks=(1 << 14, 1 << 14), maxshape=(None, None), compression="gzip"
    )


def _three_axes(group: Any) -> None:
    del group["image"]
    group["image"] = HEAD


def _text(group: Any) -> None:
    del group["image"]
    group["image"] = np.array([[b"abc"]])


def _empty(group: Any) -> None:
    del group["image"]
    group.create_dataset("image", (0, 5), "i2")


def _none(group: Any) -> None:
    del group["image"]


@pytest.mark.parametrize(
    ("edit", "code"),
    [
        *((_external_link, "LINK"), (_soft_link, "LINK"), (_external_storage, "LINK"), (_virtual, "LINK")),
        *((_lzf, "UNSUPPORTED_FILTER"), (_huge, "TOO_LARGE"), (_huge_pieces, "TOO_LARGE")),
        *((_three_axes, "UNSUPPORTED_BITS"), (_text, "UNSUPPORTED_BITS"), (_empty, "NO_IMAGE")),
        (_none, "NO_IMAGE"),
    ],
)
def test_that_a_file_reaches_nothing_outside_itself(tmp_path: Path, edit: Any, code: str) -> None:
    with h5py.File(tmp_path / "secret.h5", "w") as other:
        other["x"] = HEAD[0]
    (tmp_path / "secret.bin").write_bytes(bytes(1920))
    path = write_mat(tmp_path / "1.mat", HEAD[0], edit=edit)
    assert codes(path) == [code]


def test_that_a_hostile_mask_costs_only_the_mask_or_its_file(tmp_path: Path) -> None:
    def linked(group: Any) -> None:
        group["tumorMask"] = h5py.ExternalLink("secret.h5", "/x")

    write_mat(tmp_path / "1.mat", HEAD[0], edit=linked)
    write_mat(tmp_path / "2.mat", HEAD[1], MASK)
    series, summary = scan_all([str(tmp_path)])
    assert [problem.code for problem in summary.skipped] == ["LINK"]
    np.testing.assert_array_equal(pixels_of(series[0].stacks[0])[0], HEAD[1])


def test_that_another_structure_is_no_image(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "x.mat", "w") as file:
        file["numbers"] = np.eye(40)
    assert codes(tmp_path) == ["NO_IMAGE"]


def test_that_a_patient_text_is_cleaned(tmp_path: Path) -> None:
    write_mat(tmp_path / "1.mat", HEAD[0], patient="A\u202e\n1")
    (series,) = scan_all([str(tmp_path)])[0]
    assert series.study.patient_id == "A\ufffd\ufffd1"


@pytest.mark.parametrize("keep", [0.05, 0.5, 0.98])
def test_that_a_cut_file_is_told(tmp_path: Path, keep: float) -> None:
    path = write_mat(tmp_path / "1.mat", HEAD[0], MASK)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * keep)])
    assert codes(path) and codes(path)[0] in ("CORRUPT", "TRUNCATED", "MATLAB_VERSION")


def test_that_a_hundred_damaged_files_leave_the_rest_alone(tmp_path: Path) -> None:
    """Random bytes: each file is shown or told, the program lives, and the sound one is read as ever."""
    random = np.random.default_rng(7)
    content = bytearray(write_mat(tmp_path / "sound" / "1.mat", HEAD[0], MASK).read_bytes())
    for number in range(100):
        damaged = bytearray(content)
        for place in random.integers(512, len(content), 6):
            damaged[place] = int(random.integers(256))
        (tmp_path / f"{number}.mat").write_bytes(damaged)
    series, summary = scan_all([str(tmp_path)])
    assert summary.seen == 101 == summary.used + len(summary.skipped)
    for stack in (stack for one in series for stack in one.stacks):
        out = np.zeros(stack.shape, stack.dtype)
        load_stack(stack, out)
        for index in range(stack.slices):
            with suppress(ReadError):
                read_mask(stack, index)


def test_that_a_file_that_changed_is_told_at_loading(tmp_path: Path) -> None:
    path = write_mat(tmp_path / "1.mat", HEAD[0], MASK)
    (stack,) = stacks_of(path)
    write_mat(path, HEAD[0][:-2], MASK[:-2])
    assert [p.code for p in load_stack(stack, np.zeros(stack.shape, stack.dtype))[1]] == ["CHANGED"]
    assert read_mask(stack, 0) is None
    path.unlink()
    with pytest.raises(ReadError, match="mask in"):
        read_mask(stack, 0)


def test_that_hdf5_is_read_in_a_process_of_its_own(tmp_path: Path) -> None:
    write_mat(tmp_path / "1.mat", HEAD[0])
    shared_decoder().stop()
    stacks_of(tmp_path)
    assert isinstance(shared_decoder(), DecoderProcess) and shared_decoder().pid is not None


def test_that_matlabs_own_bytes_are_not_taken_for_data(tmp_path: Path) -> None:
    (tmp_path / "x.mat").write_bytes(HEADER.ljust(512))
    assert codes(tmp_path) == ["TRUNCATED"]


def enclosed(pieces: NDArray[np.int32], rows: int, columns: int) -> NDArray[np.bool_]:
    """Pixels with an odd number of upright pieces to their left."""
    crossings = np.zeros((rows, columns), int)
    for row, column, end, same in pieces:
        if column == same:
            crossings[row:end, column:] += 1
    return np.asarray(crossings % 2 == 1)


def test_that_an_outline_encloses_the_mask_and_nothing_else() -> None:
    random = np.random.default_rng(3)
    for mask in (MASK, np.ones((5, 7), np.uint8), (random.random((20, 30)) > 0.6).astype(np.uint8)):
        pieces = outline_of(mask)
        np.testing.assert_array_equal(enclosed(pieces, *mask.shape), mask == 1)
        turned = outline_of(np.ascontiguousarray(mask.T))[:, [1, 0, 3, 2]]
        assert sorted(map(tuple, turned)) == sorted(map(tuple, pieces))


def test_that_an_outline_is_made_of_as_few_pieces_as_can_be() -> None:
    mask = np.zeros((9, 9), np.uint8)
    mask[2:5, 3:8] = 1
    expected = {(2, 3, 2, 8), (5, 3, 5, 8), (2, 3, 5, 3), (2, 8, 5, 8)}
    assert {tuple(map(int, piece)) for piece in outline_of(mask)} == expected
    assert len(outline_of(np.zeros((4, 4), np.uint8))) == 0


def test_that_a_ragged_mask_is_told_not_drawn() -> None:
    with pytest.raises(ReadError, match="ragged"):
        outline_of(np.random.default_rng(1).integers(0, 2, (300, 300)).astype(np.uint8))
