"""The table of a trial: head PSNR by variant and protocol, and what each gains over one of them, slice by slice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np

from brainsr_desktop.train.report import bootstrap_interval

Figures: TypeAlias = Mapping[str, Mapping[str, Sequence[float]]]
"""Variant, protocol, head PSNR of every slice in dB."""


def paired_table(figures: Figures, subjects: Sequence[str], reference: str) -> str:
    """Markdown: mean head PSNR, the paired difference to ``reference``, its 95 % bootstrap interval over subjects."""
    lines = ["| variant | protocol | head PSNR | difference | 95 % over subjects |", "|" + " --- |" * 5]
    for name, by_protocol in figures.items():
        for protocol, values in by_protocol.items():
            gains = np.subtract(values, figures[reference][protocol])
            interval = None if name == reference else bootstrap_interval(gains.tolist(), subjects)
            ends = "" if interval is None else f"{interval[0]:+.3f} to {interval[1]:+.3f}"
            difference = "" if name == reference else f"{gains.mean():+.3f}"
            lines.append(f"| {name} | {protocol} | {np.mean(values):.3f} | {difference} | {ends} |")
    return "\n".join(lines)
