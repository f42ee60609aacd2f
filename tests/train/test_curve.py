from __future__ import annotations

from pathlib import Path

import matplotlib.figure
import pytest
from matplotlib.patches import Rectangle
from PIL import Image

from brainsr_desktop.train import records
from brainsr_desktop.train.config import read
from brainsr_desktop.train.curve import draw_curve, stage_text


def write_rows(folder: Path) -> None:
    for step in range(10, 101, 10):
        row = {"step": step, "stage": int(step >= 50), "loss": 1.0 / step}
        records.append_row(folder / records.LOSS_FILE, row)
    for step in (50, 100):
        psnr = dict.fromkeys(("bicubic", "kspace", "noisy"), 20 + step / 50)
        ssim = {f"{name}_ssim": step / 200 for name in psnr}
        records.append_row(folder / records.VALIDATION_FILE, {"step": step} | psnr | ssim)


def test_that_the_curves_show_loss_psnr_ssim_and_the_stages(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[matplotlib.figure.Figure] = []
    save = matplotlib.figure.Figure.savefig

    def kept(figure: matplotlib.figure.Figure, path: Path) -> None:
        drawn.append(figure)
        save(figure, path)

    monkeypatch.setattr(matplotlib.figure.Figure, "savefig", kept)
    write_rows(tmp_path)
    with Image.open(draw_curve(tmp_path, read(made))) as picture:
        assert picture.size == (800, 650)
    above, below, right = drawn[0].axes
    assert [len(axes.lines) for axes in (above, below, right)] == [1, 3, 3]
    bands = [patch.get_bbox().intervalx for patch in above.patches if isinstance(patch, Rectangle)]
    assert [list(band) for band in bands] == [[0, 50], [50, 100]]
    first, second = (text.get_text() for text in above.texts)
    assert first.startswith("stage 1\npatch 12") and second.startswith("stage 2\npatch 16")
    assert "1 squared" in second and "squared" not in first


def test_that_the_curves_of_an_earlier_version_are_drawn_without_ssim(made: Path, tmp_path: Path) -> None:
    records.append_row(tmp_path / records.LOSS_FILE, {"step": 10, "stage": 0, "loss": 0.5})
    records.append_row(
        tmp_path / records.VALIDATION_FILE, {"step": 10, "bicubic": 20, "kspace": 21, "noisy": 19}
    )
    assert draw_curve(tmp_path, read(made)).stat().st_size > 1000


def test_that_a_stage_is_told_in_short(made: Path) -> None:
    text = stage_text(
        read(made, ["stage=[{features=0.1, noise_percent=[1, 3]}]", "features.vgg19=a"]).stage[0]
    )
    assert text.splitlines() == ["patch 24", "blur 0-1, noise 1-3 %", "1 l1", "0.1 features"]
