"""``brainsr evaluate --report``: tables, spectra, figure, settings with the seed, cards, versions, in three files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from brainsr_desktop.io.report_file import decoded, pages_of
from brainsr_desktop.io.report_model import Curves, Facts, Pictures, Report, Table
from tests.cli.conftest import Brainsr


def blocks_of(report: Report, heading: str) -> list[object]:
    (section,) = (section for section in report.sections if section.heading == heading)
    return list(section.blocks)


@pytest.mark.slow
def test_that_a_bench_becomes_a_report_with_the_figures_of_its_json(
    brainsr: Brainsr, shared: Path, tmp_path: Path
) -> None:
    out, figures = tmp_path / "report", tmp_path / "figures.json"
    chosen = ("--models", "bicubic,espcn-x4", "--stride", "60", "--json", figures, "--report", out)
    ended = brainsr("evaluate", "--bench", shared / "data" / "val_bench.npz", *chosen)
    assert ended.status == 0, ended.err
    content = (out / "report.json").read_bytes()
    assert dict(pages_of(content)) == {s: (out / f"report{s}").read_bytes() for s in (".html", ".pdf")}
    report = decoded(content)
    told = blocks_of(report, "Figures")
    results = json.loads(figures.read_text())["results"]
    tables = {block.title: block for block in told if isinstance(block, Table)}
    assert set(tables) == {f"x4, {protocol}" for protocol in ("bicubic", "kspace", "noisy")} | {
        f"x2, {protocol}" for protocol in ("bicubic", "kspace", "noisy")
    }
    row = dict(zip(tables["x4, noisy"].heads, tables["x4, noisy"].rows[1], strict=True))
    assert row["model"] == "espcn-x4"
    assert row["head PSNR, dB"] == f"{results['espcn-x4']['x4']['noisy']['head_psnr']:.2f}"
    assert any(isinstance(block, Curves) and len(block.lines) == 2 for block in told)
    assert isinstance(blocks_of(report, "Slices")[0], Pictures)
    card, *_ = blocks_of(report, "Model espcn-x4")
    assert isinstance(card, Facts) and "Licence" in dict(card.rows)


def test_that_a_report_of_series_names_the_seed_and_no_patient(
    brainsr: Brainsr, sample: Path, tmp_path: Path
) -> None:
    chosen = ("--series", "2", "--slices", "25", "--models", "bicubic", "--noise", "2", "--seed", "41")
    ended = brainsr("evaluate", sample, *chosen, "--report", tmp_path)
    assert ended.status == 0, ended.err
    content = (tmp_path / "report.json").read_bytes()
    (facts,) = blocks_of(decoded(content), "Settings")
    assert isinstance(facts, Facts)
    rows = dict(facts.rows)
    assert rows["Test mode: seed"] == "41" and rows["Test mode: noise"].startswith("2 %")
    assert rows["Slices"] == "series" and sample.name.encode() not in content.lower()
    assert b"SAMPLE" not in content and b"Sample^Head" not in content
    assert not (tmp_path / "figure.png").exists()
