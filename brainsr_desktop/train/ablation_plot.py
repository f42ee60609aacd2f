"""A comparison of values as a picture: loss over the runs, loss at the end beside a study's, PSNR by protocol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure


def draw_comparison(
    path: Path,
    *,
    title: str,
    curves: Mapping[str, Mapping[str, Sequence[float]]],
    losses: Sequence[float],
    stated: Sequence[float | None],
    psnr: Mapping[str, Sequence[float]],
) -> None:
    """Write the picture.

    curves: by value, the columns `step` and `loss`. losses, stated and psnr (by protocol, dB) have an entry for each
    value, in that order; stated: a study's losses, None where it has none. They are drawn relative to the first, for
    losses on other data cannot be compared as numbers.
    """
    figure = Figure(figsize=(13, 4.2), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(title)
    left, middle, right = figure.subplots(1, 3)
    values = list(curves)
    _draw_curves(left, curves)
    _draw_losses(middle, values, losses, stated)
    for protocol, figures in psnr.items():
        right.plot(values, figures, marker="o", label=f"{protocol} input")
    right.set(title="Head PSNR", ylabel="dB")
    right.legend(frameon=False)
    figure.savefig(path)


def _draw_curves(axes: Axes, curves: Mapping[str, Mapping[str, Sequence[float]]]) -> None:
    for value, columns in curves.items():
        if columns:
            axes.plot(columns["step"], columns["loss"], linewidth=0.8, label=value)
            axes.set_yscale("log")
    axes.set(title="Loss", xlabel="step")
    if any(curves.values()):
        axes.legend(frameon=False)


def _draw_losses(
    axes: Axes, values: Sequence[str], losses: Sequence[float], stated: Sequence[float | None]
) -> None:
    for name, entries in (("here", losses), ("study", stated)):
        first = entries[0]
        if first:
            relative = [float("nan") if entry is None else entry / first for entry in entries]
            axes.plot(values, relative, marker="o", label=name)
            for value, entry, height in zip(values, entries, relative, strict=True):
                if entry is not None:
                    axes.annotate(
                        f"{entry:.5f}",
                        (value, height),
                        xytext=(0, 6),
                        textcoords="offset points",
                        ha="center",
                    )
    axes.margins(0.15)
    axes.set(title="Loss at the end, relative to the first value")
    axes.legend(frameon=False)
