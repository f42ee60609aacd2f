"""``brainsr enhance``: whole runs on real files, by the program's own contract."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pydicom
import pytest

from brainsr_desktop.core.resample import enlarge
from tests.cli.conftest import Brainsr

OUTCOME_KEYS = ["series_uid", "status", "output", "slices", "seconds", "error"]
FOLDER = "104_T1_fast_scan_simulated_SRx4"


@pytest.fixture
def study(sample: Path, tmp_path: Path) -> Path:
    """Six slices of the fast scan."""
    folder = tmp_path / "study"
    folder.mkdir()
    for number in range(24, 30):
        shutil.copy(sample / "1_t1_fast_scan" / f"IM{number:04d}.dcm", folder)
    return folder


def digests(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.dcm"))}


def test_that_a_series_comes_out_in_a_folder_of_its_own(
    brainsr: Brainsr, study: Path, tmp_path: Path
) -> None:
    ended = brainsr("enhance", study, "-o", tmp_path / "out", "--model", "bicubic", "--json")
    outcome, summary = ended.lines
    assert ended.status == 0
    assert list(outcome) == OUTCOME_KEYS
    assert outcome["status"] == "done"
    assert outcome["slices"] == 6
    assert outcome["error"] is None
    assert Path(outcome["output"]) == tmp_path / "out" / FOLDER
    assert summary["summary"] | {"seconds": 0} == {
        "series": 1,
        "done": 1,
        "skipped": 0,
        "failed": 0,
        "seconds": 0,
    }
    written = sorted((tmp_path / "out" / FOLDER).iterdir())
    assert [path.name for path in written] == [*(f"IM{n:05d}.dcm" for n in range(24, 30)), "export.json"]


def test_that_an_interpolated_slice_is_the_interpolation_of_its_source(
    brainsr: Brainsr, study: Path, tmp_path: Path
) -> None:
    assert brainsr("enhance", study, "-o", tmp_path / "out", "--model", "bicubic").status == 0
    source = pydicom.dcmread(study / "IM0025.dcm")
    result = pydicom.dcmread(tmp_path / "out" / FOLDER / "IM00025.dcm")
    wanted = np.rint(enlarge(source.pixel_array.astype(np.float32), 4, "bicubic")).clip(0, 65535)
    assert np.abs(result.pixel_array.astype(int) - wanted).max() <= 1
    assert float(result.PixelSpacing[0]) == pytest.approx(float(source.PixelSpacing[0]) / 4, abs=1e-9)


def test_that_the_default_model_is_named_in_every_file(brainsr: Brainsr, study: Path, tmp_path: Path) -> None:
    assert brainsr("enhance", study, "-o", tmp_path / "out", "--slices", "2").status == 0
    (file,) = (tmp_path / "out" / FOLDER).glob("*.dcm")
    assert "brainsr-x4" in pydicom.dcmread(file).DerivationDescription


def test_that_a_finished_series_is_skipped_and_left_alone(
    brainsr: Brainsr, study: Path, tmp_path: Path
) -> None:
    command = ("enhance", study, "-o", tmp_path / "out", "--model", "lanczos", "--json")
    first = brainsr(*command).lines[0]
    before = digests(Path(first["output"]))
    again = brainsr(*command)
    assert again.status == 0
    assert again.lines[0]["status"] == "skipped"
    assert again.lines[0]["output"] == first["output"]
    assert digests(Path(first["output"])) == before
    assert [path.name for path in (tmp_path / "out").iterdir()] == [FOLDER]


def test_that_another_result_of_the_same_name_goes_beside_the_first(
    brainsr: Brainsr, study: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    brainsr("enhance", study, "-o", out, "--model", "bicubic")
    before = digests(out / FOLDER)
    brainsr("enhance", study, "-o", out, "--model", "nearest")
    assert {path.name for path in out.iterdir()} == {FOLDER, f"{FOLDER} (2)"}
    assert digests(out / FOLDER) == before


def test_that_overwriting_must_be_asked_for_and_then_replaces(
    brainsr: Brainsr, study: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    brainsr("enhance", study, "-o", out, "--model", "bicubic")
    before = digests(out / FOLDER)
    assert brainsr("enhance", study, "-o", out, "--model", "nearest", "--overwrite").status == 0
    assert [path.name for path in out.iterdir()] == [FOLDER]
    assert digests(out / FOLDER) != before


def test_that_several_slices_at_a_time_give_the_same_pixels(
    brainsr: Brainsr, study: Path, tmp_path: Path
) -> None:
    for jobs in ("1", "3"):
        command = (
            "enhance",
            study,
            "-o",
            tmp_path / jobs,
            "--model",
            "espcn-x4",
            "--format",
            "png",
            "--jobs",
            jobs,
        )
        assert brainsr(*command).status == 0
    one, three = ({p.name: p.read_bytes() for p in (tmp_path / jobs).rglob("*.png")} for jobs in ("1", "3"))
    assert len(one) == 6
    assert one == three


def test_that_only_the_chosen_slices_are_made(brainsr: Brainsr, study: Path, tmp_path: Path) -> None:
    command = ("enhance", study, "-o", tmp_path / "out", "--model", "nearest", "--slices", "2-4", "--json")
    assert brainsr(*command).lines[0]["slices"] == 3
    names = sorted(path.name for path in (tmp_path / "out" / FOLDER).glob("*.dcm"))
    assert names == ["IM00025.dcm", "IM00026.dcm", "IM00027.dcm"]


def test_that_several_formats_lie_side_by_side(brainsr: Brainsr, study: Path, tmp_path: Path) -> None:
    formats = ("dicom", "nifti", "png", "tiff", "gif")
    options = [word for name in formats for word in ("--format", name)]
    assert brainsr("enhance", study, "-o", tmp_path / "out", "--model", "nearest", *options).status == 0
    kinds = {"".join(path.suffixes) for path in (tmp_path / "out" / FOLDER).iterdir()}
    assert kinds == {".dcm", ".nii.gz", ".png", ".tif", ".gif", ".json"}


def test_that_patient_data_are_left_out_when_asked(brainsr: Brainsr, study: Path, tmp_path: Path) -> None:
    assert brainsr("enhance", study, "-o", tmp_path / "out", "--model", "nearest", "--anonymise").status == 0
    written = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert len(written) == 7
    for path in written:
        assert b"Sample^Head" not in path.read_bytes()
        assert b"20130717" not in path.read_bytes()


def test_that_one_damaged_slice_leaves_the_others_and_status_1(
    brainsr: Brainsr, study: Path, tmp_path: Path
) -> None:
    broken = study / "IM0026.dcm"
    broken.write_bytes(broken.read_bytes()[:-4000])
    ended = brainsr("enhance", study, "-o", tmp_path / "out", "--model", "bicubic", "--json")
    outcome = ended.lines[0]
    assert ended.status == 1
    assert outcome["status"] == "done"
    assert outcome["error"]
    assert "IM0026.dcm" in ended.err
    names = sorted(path.name for path in (tmp_path / "out" / FOLDER).glob("*.dcm"))
    assert names == ["IM00024.dcm", "IM00025.dcm", "IM00027.dcm", "IM00028.dcm", "IM00029.dcm"]


def test_that_a_series_that_fails_does_not_stop_the_next_and_is_told_again_at_the_end_and_in_the_summary(
    brainsr: Brainsr, study: Path, sample: Path, tmp_path: Path
) -> None:
    for file in study.iterdir():
        file.write_bytes(file.read_bytes()[:-4000])
    shutil.copy(sample / "2_t1_reference" / "IM0025.dcm", study / "whole.dcm")
    file = tmp_path / "summary.json"
    command = ("enhance", study, "-o", tmp_path / "out", "--model", "bicubic", "--json", "--summary", file)
    ended = brainsr(*command)
    statuses = [line["status"] for line in ended.lines[:-1]]
    assert ended.status == 1
    assert sorted(statuses) == ["done", "failed"]
    assert ended.lines[-1]["summary"]["failed"] == 1
    failed = next(line for line in ended.lines if line.get("status") == "failed")
    end = ended.err[ended.err.index("1 of 2 series are not complete") :]
    assert failed["error"] in end
    assert failed["series_uid"] in end
    summary = json.loads(file.read_text())
    assert summary["state"] == "finished"
    assert summary["counts"] == {"series": 2, "done": 1, "skipped": 0, "failed": 1}
    assert [{key: entry[key] for key in OUTCOME_KEYS} for entry in summary["series"]] == ended.lines[:-1]
    assert [entry["error"] for entry in summary["failures"]] == [failed["error"]]


def test_that_a_summary_never_replaces_another_file(brainsr: Brainsr, study: Path, tmp_path: Path) -> None:
    file = tmp_path / "notes.json"
    file.write_text('{"mine": 1}')
    ended = brainsr("enhance", study, "-o", tmp_path / "out", "--model", "nearest", "--summary", file)
    assert ended.status == 2
    assert "notes.json" in ended.err
    assert file.read_text() == '{"mine": 1}'
    assert not (tmp_path / "out").exists()


def test_that_phase_pictures_are_left_out_without_a_failure(
    brainsr: Brainsr, shared: Path, tmp_path: Path
) -> None:
    source = shared / "dicom" / "philips_enhanced_fieldmap"
    command = ("enhance", source, "-o", tmp_path, "--model", "nearest", "--slices", "1-2", "--json")
    ended = brainsr(*command)
    assert ended.status == 0
    assert ended.lines[0]["slices"] == 4
    report = json.loads((Path(ended.lines[0]["output"]) / "export.json").read_text())
    assert "phase" in json.dumps(report)


def test_that_careful_mode_gives_other_pixels_and_says_so(
    brainsr: Brainsr, study: Path, tmp_path: Path
) -> None:
    made = {}
    for name, more in (("once", ()), ("careful", ("--careful",))):
        command = ("enhance", study, "-o", tmp_path / name, "--model", "espcn-x4", "--slices", "3-3", *more)
        ended = brainsr(*command, "--json")
        assert ended.status == 0, ended.err
        folder = Path(ended.lines[0]["output"])
        (file,) = folder.glob("*.dcm")
        report = json.loads((folder / "export.json").read_text())
        made[name] = (pydicom.dcmread(file), report["recipe"]["careful"])
    once, careful = made["once"][0], made["careful"][0]
    assert (made["once"][1], made["careful"][1]) == (False, True)
    assert not np.array_equal(once.pixel_array, careful.pixel_array)
    assert "8 flips and turns" not in once.DerivationDescription
    assert "8 flips and turns" in careful.DerivationDescription
    assert "8 flips and turns" in careful.ContributingEquipmentSequence[0].ContributionDescription


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--slices", "5-2"], "--slices"),
        (["--slices", "0-2"], "--slices"),
        (["--format", "jpeg"], "--format"),
        (["--jobs", "0"], "--jobs"),
        (["--precision", "half"], "--precision"),
        (["--model", "no-such-model"], "no-such-model"),
        (["--model", "brainsr-x4", "--scale", "2"], "brainsr-x4"),
        (["--series", "77"], "--series"),
        (["--dask", "scheduler"], "tcp://scheduler:8786"),
        (["--summary", "nowhere/summary.json"], "--summary"),
        (["--noise-level", "AUTO"], "--noise-level"),
        (["--modl", "bicubic"], "--modl"),
    ],
)
def test_that_a_wrong_option_is_named_and_ends_with_status_2(
    brainsr: Brainsr, study: Path, tmp_path: Path, options: list[str], named: str
) -> None:
    ended = brainsr("enhance", study, "-o", tmp_path / "out", *options)
    assert ended.status == 2
    assert named in ended.err
    assert ended.out == ""
    assert not (tmp_path / "out").exists()


def test_that_results_are_never_put_among_the_sources(brainsr: Brainsr, study: Path) -> None:
    assert brainsr("enhance", study, "-o", study / "out").status == 2
    assert not (study / "out").exists()


def test_that_a_path_that_is_not_there_ends_with_status_3(brainsr: Brainsr, tmp_path: Path) -> None:
    ended = brainsr("enhance", tmp_path / "nothing", "-o", tmp_path / "out")
    assert ended.status == 3
    assert "nothing" in ended.err


def test_that_a_folder_without_an_image_ends_with_status_3(brainsr: Brainsr, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "notes.txt").write_text("no image")
    assert brainsr("enhance", tmp_path / "in", "-o", tmp_path / "out").status == 3


def test_that_pictures_no_network_may_run_on_end_with_status_3_and_the_reason(
    brainsr: Brainsr, shared: Path, tmp_path: Path
) -> None:
    ended = brainsr("enhance", shared / "dicom" / "rgb_t1_j2k", "-o", tmp_path / "out")
    assert ended.status == 3
    assert "colour" in ended.err


def test_that_a_device_that_is_not_there_ends_with_status_4(
    brainsr: Brainsr, study: Path, tmp_path: Path
) -> None:
    ended = brainsr("enhance", study, "-o", tmp_path / "out", "--device", "cuda:99")
    assert ended.status == 4
    assert "cuda:99" in ended.err
    assert not (tmp_path / "out").exists()


@pytest.fixture
def own_models(project: Path, tmp_path: Path) -> Path:
    """A data folder with one model of the user's, `mine`, a copy of the small shipped one."""
    folder = tmp_path / "data" / "brainsr-desktop" / "models" / "mine"
    shutil.copytree(project / "models" / "espcn-x4", folder)
    card = (folder / "card.toml").read_text()
    (folder / "card.toml").write_text(re.sub(r'(?m)^name = "espcn-x4"', 'name = "mine"', card))
    return folder


def test_that_a_model_of_the_users_is_found(
    brainsr: Brainsr, study: Path, tmp_path: Path, own_models: Path
) -> None:
    more = {"XDG_DATA_HOME": str(tmp_path / "data")}
    command = ("enhance", study, "-o", tmp_path / "out", "--model", own_models.name, "--slices", "1")
    assert brainsr(*command, more=more).status == 0


@pytest.mark.parametrize("kind", ["*.safetensors", "graph.bin"])
def test_that_a_model_with_one_changed_byte_ends_with_status_4(
    brainsr: Brainsr, study: Path, tmp_path: Path, own_models: Path, kind: str
) -> None:
    (file,) = own_models.glob(kind)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    # Where a graph is there it is what the processor runs; without one the weights are read.
    if kind == "*.safetensors":
        card = (own_models / "card.toml").read_text()
        (own_models / "card.toml").write_text(re.sub(r'(?m)^"?[^\n"]+\.(xml|bin)"? = .*\n', "", card))
    more = {"XDG_DATA_HOME": str(tmp_path / "data")}
    ended = brainsr("enhance", study, "-o", tmp_path / "out", "--model", "mine", more=more)
    assert ended.status == 4
    assert "mine" in ended.err
    assert not list((tmp_path / "out").rglob("*.dcm"))


def test_that_a_model_without_its_files_ends_with_status_4(
    brainsr: Brainsr, study: Path, tmp_path: Path, own_models: Path
) -> None:
    (own_models / "weights.safetensors").unlink()
    more = {"XDG_DATA_HOME": str(tmp_path / "data")}
    ended = brainsr("enhance", study, "-o", tmp_path / "out", "--model", "mine", more=more)
    assert ended.status == 4
    assert "mine" in ended.err


@pytest.fixture
def at_a_terminal() -> Iterator[None]:
    """What is started from here hears Ctrl-C, also where the tests themselves run in the background and do not."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="sends the signals of a terminal")
@pytest.mark.usefixtures("at_a_terminal")
def test_that_ctrl_c_ends_with_130_leaves_nothing_half_written_and_can_go_on(
    brainsr: Brainsr, environment: dict[str, str], sample: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    options = ["enhance", str(sample / "1_t1_fast_scan"), "-o", str(out), "--slices", "21-28", "--json"]
    command = [sys.executable, "-m", "brainsr_desktop.cli.main", *options]
    running = subprocess.Popen(command, env=environment, start_new_session=True, stdout=subprocess.PIPE)
    partial = out / f"{FOLDER}.partial"
    deadline = time.monotonic() + 120
    while len(list(partial.glob("*.dcm"))) < 2:
        assert running.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    children = psutil.Process(running.pid).children(recursive=True)
    os.killpg(running.pid, signal.SIGINT)
    output, _ = running.communicate(timeout=60)
    assert running.returncode == 130
    assert output == b""
    _, alive = psutil.wait_procs(children, timeout=5)
    assert not alive
    assert [path.name for path in out.iterdir()] == [partial.name]
    finished = digests(partial)
    assert len(finished) < 8
    assert not list(partial.glob("*.tmp"))
    for name in finished:
        assert pydicom.dcmread(partial / name).pixel_array.shape == (768, 548)

    again = brainsr(*options)
    assert again.status == 0
    assert again.lines[0]["status"] == "done"
    assert [path.name for path in out.iterdir()] == [FOLDER]
    whole = digests(out / FOLDER)
    assert len(whole) == 8
    assert {name: whole[name] for name in finished} == finished
    assert len({pydicom.dcmread(path).SeriesInstanceUID for path in (out / FOLDER).glob("*.dcm")}) == 1
