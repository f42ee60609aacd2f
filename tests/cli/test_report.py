"""``brainsr report``: the pages of a report from its JSON, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Brainsr


@pytest.fixture(scope="module")
def reported(brainsr: Brainsr, sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an export with a report."""
    out = tmp_path_factory.mktemp("out")
    chosen = ("--series", "1", "--slices", "25", "--model", "bicubic", "--format", "report")
    ended = brainsr("enhance", sample, "-o", out, *chosen)
    assert ended.status == 0, ended.err
    (folder,) = (path for path in out.iterdir() if path.is_dir())
    return folder


def of_kind(folder: Path, suffix: str) -> Path:
    (path,) = folder.glob(f"*_report{suffix}")
    return path


def test_that_the_pages_are_made_again_byte_for_byte(
    brainsr: Brainsr, reported: Path, tmp_path: Path
) -> None:
    data = of_kind(reported, ".json")
    for _ in range(2):  # once more into the same folder: nothing is replaced by anything else
        ended = brainsr("report", data, "-o", tmp_path / "again")
        assert ended.status == 0, ended.err
    for suffix in (".html", ".pdf"):
        assert of_kind(tmp_path / "again", suffix).read_bytes() == of_kind(reported, suffix).read_bytes()


def test_that_the_report_of_an_export_tells_card_settings_and_measurements(reported: Path) -> None:
    page = of_kind(reported, ".html").read_text(encoding="utf-8")
    for words in ("interpolation, no network", "Grey window", "Edge sharpness", "reportlab", "not a medical"):
        assert words in page


def test_that_a_page_that_says_something_else_is_not_replaced(
    brainsr: Brainsr, reported: Path, tmp_path: Path
) -> None:
    data = of_kind(reported, ".json")
    mine = tmp_path / f"{data.stem}.html"
    mine.write_text("mine")
    ended = brainsr("report", data, "-o", tmp_path)
    assert (ended.status, mine.read_text()) == (2, "mine")
    assert "--overwrite" in ended.err
    assert not list(tmp_path.glob("*.pdf"))
    assert brainsr("report", data, "-o", tmp_path, "--overwrite").status == 0
    assert mine.read_bytes() == of_kind(reported, ".html").read_bytes()


def test_that_what_is_no_report_is_refused(brainsr: Brainsr, reported: Path, tmp_path: Path) -> None:
    ended = brainsr("report", reported / "export.json", "-o", tmp_path / "out")
    assert ended.status == 3 and "no report" in ended.err
    assert brainsr("report", tmp_path / "absent.json", "-o", tmp_path / "out").status == 3
    assert not (tmp_path / "out").exists()


def test_that_a_sweep_becomes_a_report(brainsr: Brainsr, sample: Path, tmp_path: Path) -> None:
    chosen = ("--series", "2", "--slices", "25", "--vary", "noise=0:4:4", "--models", "espcn-x4")
    ended = brainsr("sweep", sample, *chosen, "--seed", "41", "--report", tmp_path / "out")
    assert ended.status == 0, ended.err
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    for words in ("<svg", "Breaking points", ">41<", "Model espcn-x4", "reportlab"):
        assert words in page
    again = brainsr("report", tmp_path / "out" / "report.json", "-o", tmp_path / "out")
    assert again.status == 0, again.err
