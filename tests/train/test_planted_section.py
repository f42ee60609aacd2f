"""Planted structures in a report."""

from __future__ import annotations

from typing import Any

from brainsr_desktop.io.report_file import decoded, encoded
from brainsr_desktop.io.report_model import Curves, Table
from brainsr_desktop.train.bench_report import bench_report


def cell(share: float | None) -> dict[str, Any]:
    return {"recovered_contrast": share, "position_error_mm": None, "n": 3}


def figures(share: float, gain: float) -> dict[str, Any]:
    return {
        **cell(share),
        "resolution_mm": None,
        "false_structures_per_slice": 0.25,
        "by_size": {
            "10": {"all": cell(1.0), "30": cell(1.0)},
            "2": {"all": cell(share), "5": cell(None), "30": cell(share)},
        },
        "recovered_gain": gain,
        "recovered_gain_ci95": [gain - 0.1, gain + 0.1],
    }


def test_that_planted_structures_are_told_by_model_size_and_contrast() -> None:
    planted = {"net-x4": figures(0.8, 0.2), "bicubic": figures(0.6, 0.0)}
    report = bench_report({"bench": "b.npz", "results": {}, "planted": planted}, (), ())
    assert decoded(encoded(report)) == report
    (section,) = (section for section in report.sections if section.heading == "Planted structures")
    tables = {block.title: block for block in section.blocks if isinstance(block, Table)}
    assert tables["All sizes and contrasts"].rows[0] == (
        "net-x4", "0.800", "", "", "0.25", "+0.200 (+0.100 to +0.300)", "3",
    )  # fmt: skip
    assert tables["Recovered by size"].heads == ("model", "2 mm", "10 mm")
    assert tables["net-x4: recovered by contrast"].rows == (("2 mm", "", "0.80"), ("10 mm", "", "1.00"))
    (curves,) = (block for block in section.blocks if isinstance(block, Curves))
    assert [(line.name, line.y) for line in curves.lines] == [("net-x4", (0.8, 1.0)), ("bicubic", (0.6, 1.0))]


def test_that_a_report_without_them_has_no_such_section() -> None:
    report = bench_report({"bench": "b.npz", "results": {}}, (), ())
    assert "Planted structures" not in [section.heading for section in report.sections]
