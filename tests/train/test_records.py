from __future__ import annotations

import math
from pathlib import Path

import pytest

from brainsr_desktop.train import records


def test_that_rows_come_back_as_columns(tmp_path: Path) -> None:
    for step in (1, 2):
        records.append_row(tmp_path / "a.csv", {"step": step, "loss": f"{0.5 / step:.3f}"})
    assert records.read_columns(tmp_path / "a.csv") == {"step": [1, 2], "loss": [0.5, 0.25]}
    assert records.read_columns(tmp_path / "none.csv") == {}


def test_that_a_file_of_an_earlier_version_gets_the_new_columns(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("step,loss\n1,0.5\n2,0.4\n")
    records.append_row(path, {"step": 3, "loss": 0.3, "ssim": 0.9})
    records.append_row(path, {"step": 4, "loss": 0.2, "ssim": 0.95})
    found = records.read_columns(path)
    assert found["step"] == [1, 2, 3, 4] and found["loss"] == [0.5, 0.4, 0.3, 0.2]
    assert all(math.isnan(value) for value in found["ssim"][:2]) and found["ssim"][2:] == [0.9, 0.95]


def test_that_a_silent_bar_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    records.ProgressBar("run", silent=True).show(1, 0.5, 2.0, 0.1)
    assert capsys.readouterr().err == ""
    records.ProgressBar("run").show(1, 0.5, 2.0, 0.1)
    assert "run [##########" in capsys.readouterr().err
