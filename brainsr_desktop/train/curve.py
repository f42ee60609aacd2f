"""The training curve as a picture: loss, head PSNR by protocol, and the stages of the curriculum as bands."""

from __future__ import annotations

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from brainsr_desktop.train import records
from brainsr_desktop.train.config import Config
from brainsr_desktop.train.validation import PROTOCOLS

FILE_NAME = "curve.png"


def draw_curve(folder: Path, config: Config) -> Path:
    """Draw `curve.png` from the CSV files of a run's folder."""
    loss = records.read_columns(folder / records.LOSS_FILE)
    validation = records.read_columns(folder / records.VALIDATION_FILE)
    figure = Figure(figsize=(8, 4.5), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    left = figure.subplots()
    left.set(xlabel="step", ylabel="loss", title=f"{config.name}: training")
    if loss:
        _draw_stages(left, loss)
        left.plot(loss["step"], loss["loss"], color="0.6", linewidth=0.8, label="loss")
        left.set_yscale("log")
    if validation:
        right = left.twinx()
        for protocol in PROTOCOLS:
            right.plot(validation["step"], validation[protocol], marker=".", label=f"{protocol} input")
        right.set_ylabel("head PSNR (dB)")
        right.legend(loc="lower right", frameon=False)
    figure.savefig(folder / FILE_NAME)
    return folder / FILE_NAME


def _draw_stages(axes: Axes, loss: dict[str, list[float]]) -> None:
    """Every other stage gets a grey band."""
    for stage in {number for number in loss["stage"] if number % 2 == 1}:
        steps = [step for step, number in zip(loss["step"], loss["stage"], strict=True) if number == stage]
        axes.axvspan(steps[0], steps[-1], color="0.92", linewidth=0)
