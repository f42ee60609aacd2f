"""Arrays of numpy as stacks: slices, orders, names; tables that disagree, objects and bombs."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.lib import format as npy_format
from numpy.typing import NDArray

from brainsr_desktop.core.errors import Problem
from brainsr_desktop.core.series import StackInfo
from brainsr_desktop.io.load import load_stack
from brainsr_desktop.io.scan import scan_all
from tests import phantom
from tests.train.made_data import head, write_bench, write_stacks

HEAD = phantom.head()


def stacks_of(path: Path) -> list[StackInfo]:
    """All stacks of a path."""
    return [stack for series in scan_all([str(path)])[0] for stack in series.stacks]


def pixels_of(stack: StackInfo) -> NDArray[Any]:
    """All pixels; nothing may be wrong with them."""
    out = np.zeros(stack.shape, stack.dtype)
    assert load_stack(stack, out)[1] == ()
    return out


def skipped(path: Path) -> Problem:
    """The one file that gives no series."""
    series, summary = scan_all([str(path)])
    assert series == [] and (summary.seen, summary.used) == (1, 0)
    return summary.skipped[0]


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["uint8", ">u2", "<i4", "float32", ">f8", "int64"])
def test_that_three_axes_are_slices_rows_and_columns(tmp_path: Path, dtype: str, order: Any) -> None:
    values = np.asarray((HEAD % 200).astype(dtype), order=order)
    np.save(tmp_path / "x.npy", values)
    (stack,) = stacks_of(tmp_path)
    assert stack.kind == "numpy" and stack.dtype == np.dtype(dtype).newbyteorder("=").name
    assert stack.description == "x.npy" and stack.supported and not stack.has_spacing
    np.testing.assert_array_equal(pixels_of(stack), values)


def test_that_two_axes_are_one_slice(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.asfortranarray(HEAD[2]))
    (stack,) = stacks_of(tmp_path)
    np.testing.assert_array_equal(pixels_of(stack), HEAD[2:3])


def test_that_half_precision_is_widened_and_bits_are_not_enhanced(tmp_path: Path) -> None:
    np.save(tmp_path / "half.npy", HEAD.astype(np.float16))
    np.save(tmp_path / "mask.npy", HEAD > 500)
    half, mask = sorted(stacks_of(tmp_path), key=lambda stack: stack.description)
    assert half.dtype == "float32" and mask.dtype == "uint8"
    np.testing.assert_array_equal(pixels_of(half), HEAD.astype(np.float16).astype(np.float32))
    np.testing.assert_array_equal(pixels_of(mask), (HEAD > 500).astype(np.uint8))
    assert half.supported and mask.why_not == "only 1 bit a pixel"


def test_that_arrays_of_an_archive_are_stacks_and_tables_are_not(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "x.npz", t1=HEAD, t2=HEAD + 1, affine=np.eye(4), echo=np.arange(50.0))
    series, summary = scan_all([str(tmp_path)])
    assert (summary.seen, summary.used, len(series)) == (1, 1, 2)
    assert [one.stacks[0].description for one in series] == ["x: t1", "x: t2"]
    np.testing.assert_array_equal(pixels_of(series[1].stacks[0]), HEAD + 1)
    (problem,) = summary.problems
    assert problem.code == "NO_IMAGE" and "2 of its 4 arrays" in problem.reason


def test_that_numbered_arrays_are_slices_of_one_stack(tmp_path: Path) -> None:
    slices = {f"hr_{number}": HEAD[number % 6] for number in range(12)}
    np.savez(tmp_path / "x.npz", **slices, low_1=HEAD[0], low_2=HEAD[1])
    found = {stack.description: pixels_of(stack) for stack in stacks_of(tmp_path)}
    np.testing.assert_array_equal(found["x: hr"], HEAD[[*range(6), *range(6)]])
    np.testing.assert_array_equal(found["x: low"], HEAD[:2])


def test_that_a_stack_file_opens_as_the_volumes_it_holds(tmp_path: Path) -> None:
    series, summary = scan_all([str(write_stacks(tmp_path / "train.npz"))])
    assert (summary.seen, summary.used, len(series)) == (1, 1, 3)
    assert [one.study.patient_id for one in series] == ["subject-0", "subject-1", "subject-2"]
    stack = series[2].stacks[0]
    assert stack.description == "T2 cor" and stack.geometry.spacing_mm == (1.0, 1.0) and stack.has_spacing
    for number in range(2):
        expected = np.round(head(64, 72, 20 + number) * 255).astype(np.uint8)
        np.testing.assert_array_equal(pixels_of(stack)[number], expected)


def test_that_real_stack_files_open(shared: Path) -> None:
    series, summary = scan_all([str(shared / "data" / "val.npz")])
    assert len(series) == 21 and summary.used == 1
    assert sum(one.stacks[0].slices for one in series) == 126
    assert all(one.stacks[0].supported and pixels_of(one.stacks[0]).max() > 200 for one in series)


def test_that_a_bench_opens_by_its_names(tmp_path: Path) -> None:
    names = {stack.description for stack in stacks_of(write_bench(tmp_path / "bench.npz"))}
    assert {"bench: hr", "bench: kspace_x2", "bench: noisy_x2"} <= names


def test_that_arrays_in_a_zip_are_read_and_archives_in_it_are_not(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", HEAD)
    np.savez(tmp_path / "y.npz", HEAD)
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for name in ("x.npy", "y.npz"):
            archive.write(tmp_path / name, name)
    series, summary = scan_all([str(tmp_path / "all.zip")])
    np.testing.assert_array_equal(pixels_of(series[0].stacks[0]), HEAD)
    assert (summary.seen, summary.used) == (2, 1)
    assert "archive inside" in summary.skipped[0].reason


class _Thing:
    """Not a number; writes a file if it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("ending", ["npy", "npz"])
def test_that_objects_are_never_made(tmp_path: Path, ending: str) -> None:
    things = np.array([[_Thing(tmp_path / "made")] * 40] * 40, object)
    path = tmp_path / f"x.{ending}"
    np.save(path, things, allow_pickle=True) if ending == "npy" else np.savez(path, things, allow_pickle=True)
    assert skipped(path).code == "OBJECTS"
    assert not (tmp_path / "made").exists()


def _header(text: str, length: int | None = None) -> bytes:
    body = text.encode().ljust(118) + b"\n"
    return b"\x93NUMPY\1\0" + (len(body) if length is None else length).to_bytes(2, "little") + body


def _described(shape: object, descr: str = "<u2") -> bytes:
    return _header(repr({"descr": descr, "fortran_order": False, "shape": shape}))


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (_described((60_000, 60_000)), "TOO_LARGE"),
        (_described((20_000, 64, 64)), "TOO_LARGE"),
        (_described((10**30, 64, 64)), "TOO_LARGE"),
        (_described((64, 64)) + bytes(100), "TRUNCATED"),
        (_described((-64, 64)), "UNSUPPORTED_BITS"),
        (_described((64,)) + bytes(200), "UNSUPPORTED_DIMS"),
        (_described((2, 3, 64, 64)), "UNSUPPORTED_DIMS"),
        (_described((64, 64, 3)), "UNSUPPORTED_DIMS"),
        (_described((0, 64)), "UNSUPPORTED_DIMS"),
        (_described((64, 64), "<c16"), "UNSUPPORTED_BITS"),
        (_described((64, 64), "<U9"), "UNSUPPORTED_BITS"),
        (_described((64, 64), "nonsense"), "BAD_HEADER"),
        (_header("__import__('os').getcwd()"), "BAD_HEADER"),
        (_header("(" * 5000), "BAD_HEADER"),
        (_header("{'a': 1}"), "BAD_HEADER"),
        (_header("x", 60_000), "BAD_HEADER"),
        (b"\x93NUMPY\x09\0", "BAD_HEADER"),
        (b"\x93NUMPY", "BAD_HEADER"),
    ],
)
def test_that_impossible_headers_are_refused_before_anything_is_allocated(
    tmp_path: Path, content: bytes, code: str
) -> None:
    (tmp_path / "x.npy").write_bytes(content)
    assert skipped(tmp_path).code == code


def test_that_a_cut_archive_is_told(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "x.npz", HEAD)
    content = (tmp_path / "x.npz").read_bytes()
    (tmp_path / "x.npz").write_bytes(content[: len(content) // 2])
    assert skipped(tmp_path).code == "CORRUPT"


def test_that_an_array_that_says_more_than_it_holds_is_told(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("a.npy", _described((640, 640)) + bytes(1000))
    assert skipped(tmp_path).code == "TRUNCATED"


def test_that_an_archive_without_pictures_is_told(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", affine=np.eye(4))
    assert skipped(tmp_path).code == "NO_IMAGE"
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("readme.txt", "nothing")
    assert skipped(tmp_path).code == "NO_IMAGE"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"size": np.array([3, -3])}, "BAD_HEADER"),
        ({"size": np.array([1, 2])}, "BAD_HEADER"),
        ({"count": np.array([5])}, "BAD_HEADER"),
        ({"count": np.array([0, 1])}, "BAD_HEADER"),
        ({"meta": np.array(["{not json"])}, "BAD_HEADER"),
        ({"meta": np.array(["[" * 9999])}, "BAD_HEADER"),
        ({"meta": np.array([1.0])}, "BAD_HEADER"),
        ({"blob": np.zeros(10, np.uint8)}, "DECODE_FAILED"),
    ],
)
def test_that_stack_files_whose_tables_disagree_are_refused(
    tmp_path: Path, changes: dict[str, NDArray[Any]], code: str
) -> None:
    tables = {
        "blob": np.zeros(10, np.uint8),
        "size": np.array([10]),
        "count": np.array([1]),
        "meta": np.array(["{}"]),
    }
    np.savez(tmp_path / "x.npz", **{**tables, **changes})  # type: ignore[arg-type]
    assert skipped(tmp_path).code == code


def test_that_what_is_told_of_a_stack_is_only_believed_where_it_makes_sense(tmp_path: Path) -> None:
    path = write_stacks(tmp_path / "x.npz", ("T1",))
    with np.load(path) as file:
        tables = dict(file)
    strange = {"subject": ["a"], "contrast": 5, "spacing_mm": [0, -1], "step_mm": 1e9, "plane": "\u202eaxi"}
    tables["meta"] = np.array([json.dumps(strange)])
    np.savez(path, **tables)
    (series,) = scan_all([str(path)])[0]
    stack = series.stacks[0]
    assert series.study.patient_id == "" and not stack.has_spacing and stack.thickness_mm is None
    assert stack.description == "\ufffdaxi"


def test_that_a_damaged_picture_of_a_stack_file_leaves_the_rest(tmp_path: Path) -> None:
    path = write_stacks(tmp_path / "x.npz", ("T1",))
    (stack,) = stacks_of(path)
    with np.load(path) as file:
        tables = dict(file)
    tables["blob"][int(tables["size"][0]) + 30 :] = 0
    np.savez(path, **tables)
    out = np.zeros(stack.shape, stack.dtype)
    assert [problem.code for problem in load_stack(stack, out)[1]] == ["DECODE_FAILED"]
    assert out[0].any() and not out[1].any()


def test_that_a_file_that_changed_is_told_at_loading(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", HEAD)
    (stack,) = stacks_of(tmp_path)
    np.save(tmp_path / "x.npy", HEAD[:2, :30])
    found = {problem.code for problem in load_stack(stack, np.zeros(stack.shape, stack.dtype))[1]}
    assert found == {"CHANGED"}


def test_that_our_own_header_is_what_numpy_writes() -> None:
    stream = io.BytesIO()
    npy_format.write_array(stream, HEAD)
    assert stream.getvalue().startswith(b"\x93NUMPY\1\0")
