"""The training curves as a picture: loss, head PSNR and SSIM by protocol, the curriculum's stages as labelled bands."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from brainsr_desktop.train import records
from brainsr_desktop.train.config import Config, Stage
from brainsr_desktop.train.validation import PROTOCOLS

FILE_NAME = "curve.png"

_LOSSES: Final = ("l1", "charbonnier", "squared", "gradients", "features", "adversarial")
_BANDS: Final = ("0.96", "0.90")


def draw_curve(folder: Path, config: Config) -> Path:
    """Draw `curve.png` from the CSV files of a run's folder."""
    loss = records.read_columns(folder / records.LOSS_FILE)
    validation = records.read_columns(folder / records.VALIDATION_FILE)
    figure = Figure(figsize=(8, 6.5), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    above, below = figure.subplots(2, 1, sharex=True)
    above.set(ylabel="loss", title=f"{config.name}: training")
    below.set(xlabel="step", ylabel="head PSNR (dB)")
    if loss:
        _draw_stages(above, loss, config, labelled=True)
        _draw_stages(below, loss, config, labelled=False)
        above.plot(loss["step"], loss["loss"], color="0.35", linewidth=0.8)
        above.set_yscale("log")
    if validation:
        _draw_validation(below, validation)
    figure.savefig(folder / FILE_NAME)
    return folder / FILE_NAME


def _draw_validation(axes: Axes, validation: dict[str, list[float]]) -> None:
    """PSNR with full lines on the left axis, SSIM with dashed ones on the right."""
    right = axes.twinx()
    right.set_ylabel("head SSIM (dashed)")
    right.set_visible(f"{PROTOCOLS[0]}_ssim" in validation)
    for number, protocol in enumerate(PROTOCOLS):
        steps, colour = validation["step"], f"C{number}"
        axes.plot(steps, validation[protocol], marker=".", color=colour, label=f"{protocol} input")
        if f"{protocol}_ssim" in validation:
            right.plot(steps, validation[f"{protocol}_ssim"], marker=".", color=colour, linestyle="--")
    axes.legend(loc="lower right", frameon=False)


def _draw_stages(axes: Axes, loss: dict[str, list[float]], config: Config, *, labelled: bool) -> None:
    """A band for each stage; where one ends the next begins."""
    numbers = sorted({int(number) for number in loss["stage"]})
    starts = [_first_step(loss, number) for number in numbers]
    for number, start, end in zip(numbers, starts, [*starts[1:], loss["step"][-1]], strict=True):
        axes.axvspan(start, end, color=_BANDS[number % 2], linewidth=0, zorder=0)
        if labelled:
            axes.annotate(
                f"stage {number + 1}\n{stage_text(config.stage[number])}",
                (start, 0.98),
                xycoords=("data", "axes fraction"),
                xytext=(3, 0),
                textcoords="offset points",
                va="top",
                fontsize="x-small",
            )


def _first_step(loss: dict[str, list[float]], number: int) -> float:
    steps = [step for step, found in zip(loss["step"], loss["stage"], strict=True) if found == number]
    return steps[0] if number else 0.0


def stage_text(stage: Stage) -> str:
    """What a stage asks, in a few short lines."""
    (blur, blurred), (noise, noisy) = stage.blur_px, stage.noise_percent
    lines = [f"patch {stage.patch_px}", f"blur {blur:g}-{blurred:g}, noise {noise:g}-{noisy:g} %"]
    lines += [f"{getattr(stage, name):g} {name}" for name in _LOSSES if getattr(stage, name) > 0]
    return "\n".join(lines)
