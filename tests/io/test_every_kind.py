"""All kinds of files in one folder, sound and broken: each is used or told, and nothing is counted twice."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from brainsr_desktop.cli.main import main
from brainsr_desktop.io.load import load_stack
from brainsr_desktop.io.scan import scan_all
from tests import phantom
from tests.mat_kit import tumour_mask, write_mat
from tests.train.made_data import write_bench, write_stacks

HEAD = phantom.head(4)
GREY = (HEAD // 5).astype(np.uint8)


def fill(folder: Path) -> int:
    """Files of every kind, some of them cut or none of ours; how many."""
    phantom.classic(folder / "dicom", pixels=HEAD)
    phantom.png_stack(folder / "png", HEAD)
    phantom.nifti(folder / "head.nii.gz", HEAD.transpose(2, 1, 0))
    (folder / "AD").mkdir()
    for number, picture in enumerate(GREY):
        Image.fromarray(picture).save(folder / "AD" / f"{100 + number // 2}_{number}.jpeg")
    write_mat(folder / "mat" / "1.mat", HEAD[0].astype(np.int16), tumour_mask(*HEAD.shape[1:]))
    np.save(folder / "head.npy", HEAD)
    np.savez(folder / "heads.npz", one=HEAD, two=HEAD + 1, names=np.array(["a", "b"]))
    write_stacks(folder / "stacks.npz")
    write_bench(folder / "bench.npz")
    with zipfile.ZipFile(folder / "packed.zip", "w") as archive:
        for path in (folder / "head.npy", folder / "AD" / "100_0.jpeg", folder / "mat" / "1.mat"):
            archive.write(path, path.name)
        archive.writestr("readme.txt", "nothing")
    broken = folder / "broken"
    broken.mkdir()
    for path in [*folder.glob("*.np*"), *(folder / "mat").iterdir(), folder / "AD" / "100_0.jpeg"]:
        (broken / path.name).write_bytes(path.read_bytes()[:60])
    (broken / "empty.npz").write_bytes(b"")
    (broken / "text.mat").write_text("1 0 0 0")
    np.savez(broken / "table.npz", table=np.eye(3))
    archives = 1
    return sum(path.is_file() for path in folder.rglob("*")) - archives + 4


def test_that_every_file_is_used_or_told(tmp_path: Path) -> None:
    files = fill(tmp_path)
    series, summary = scan_all([str(tmp_path)])
    assert summary.seen == files == summary.used + len(summary.skipped)
    broken = [problem for problem in summary.skipped if problem.path.startswith("broken/")]
    assert len(broken) == len(list((tmp_path / "broken").iterdir()))
    assert all(problem.code and problem.reason.endswith((".", "')")) for problem in broken)
    kinds = {stack.kind for one in series for stack in one.stacks}
    assert kinds == {"dicom", "nifti", "png", "jpeg", "mat", "numpy"}
    ids = [stack.id for one in series for stack in one.stacks]
    assert len(ids) == len(set(ids))


def test_that_everything_that_is_listed_can_be_loaded(tmp_path: Path) -> None:
    fill(tmp_path)
    for one in scan_all([str(tmp_path)])[0]:
        for stack in one.stacks:
            out = np.zeros(stack.shape, stack.dtype)
            assert load_stack(stack, out)[1] == () and out.any(), stack.description


def test_that_uids_and_digests_tell_stacks_apart_and_stay(tmp_path: Path) -> None:
    fill(tmp_path)
    first, again = (scan_all([str(tmp_path)])[0] for _ in range(2))
    assert [[s.digest for s in one.stacks] for one in first] == [
        [s.digest for s in one.stacks] for one in again
    ]
    digests = [stack.digest for one in first for stack in one.stacks]
    assert len(set(digests)) == len(digests) and all(digests)


def test_that_info_lists_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = fill(tmp_path)
    assert main(["info", str(tmp_path), "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert listed["files"]["seen"] == files == listed["files"]["used"] + len(listed["files"]["skipped"])
    assert {"Glioma", "head.npy", "heads: one", "AD 100"} <= {one["description"] for one in listed["series"]}


@pytest.mark.parametrize("name", ["mat", "stacks.npz"])
def test_that_enhance_works_on_them(tmp_path: Path, name: str) -> None:
    fill(tmp_path / "in")
    command = ["enhance", str(tmp_path / "in" / name), "-o", str(tmp_path / "out"), "--model", "lanczos"]
    status = main([*command, "--format", "tiff", "--slices", "1-1", "--quiet"])
    made = list((tmp_path / "out").rglob("*.tif"))
    assert status == 0 and len(made) == {"mat": 1, "stacks.npz": 3}[name]
