"""Measurements in words and numbers: names, labels on the picture, rows of the table, CSV."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from brainsr_desktop.core.series import StackInfo
from brainsr_desktop.language import mark, tr
from brainsr_desktop.session.measurements import Curve, Kind, Measurement, Reading, Readings

NONE: Final = "-"

TITLES: Final[Mapping[Kind, str]] = {
    "distance": mark("Distance"),
    "profile": mark("Line profile"),
    "ellipse": mark("Ellipse"),
    "rectangle": mark("Rectangle"),
}
QUANTITIES: Final[Mapping[str, str]] = {
    "length": mark("Length"),
    "edge_width": mark("Edge 10-90 %"),
    "peak_width": mark("Peak FWHM"),
    "dip_width": mark("Dip FWHM"),
    "area": mark("Area"),
    "mean": mark("Mean"),
    "sd": mark("SD"),
    "minimum": mark("Min"),
    "maximum": mark("Max"),
    "median": mark("Median"),
    "count": mark("Pixels"),
}

TOLD: Final[Mapping[str, str]] = {
    "edge_width": mark("Width of the steepest edge, from 10 to 90 % of the profile's range"),
    "peak_width": mark("Full width of the highest peak at half of its height"),
    "dip_width": mark("Full width of the deepest dip at half of its depth"),
    "sd": mark("Standard deviation of the pixels inside (n - 1)"),
    "count": mark("Pixels whose centre lies inside; padding is left out"),
}
"""What the short names mean, for tool tips."""


@dataclass(frozen=True, slots=True)
class Row:
    """One quantity of a measurement in both panes; None where it is not known. ``key`` is a name of `QUANTITIES`."""

    key: str
    unit: str
    left: float | None
    right: float | None

    @property
    def difference(self) -> float | None:
        """Right minus left."""
        return None if self.left is None or self.right is None else self.right - self.left


def title(item: Measurement) -> str:
    """What a measurement is called in lists."""
    return tr("{number} {kind}", number=item.number, kind=tr(TITLES[item.kind]))


def length_unit(stack: StackInfo) -> str:
    """Unit of lengths: mm, or px where the file does not know the spacing (pixels then count 1)."""
    return "mm" if stack.has_spacing else "px"


def value_unit(stack: StackInfo) -> str:
    """Unit of values: that of the header, else arbitrary units."""
    return stack.unit or "a.u."


def rows_of(item: Measurement, stack: StackInfo, readings: Readings) -> list[Row]:
    """Everything that is known about a measurement."""
    length, value = length_unit(stack), value_unit(stack)
    if item.shape is None:
        rows = [Row("length", length, item.length_mm, item.length_mm)]
        return [*rows, *_widths(length, readings)] if item.kind == "profile" else rows
    rows = [Row("area", f"{length}²", item.area_mm2, item.area_mm2)]
    rows += [_statistic(key, value, readings) for key in ("mean", "sd", "minimum", "maximum", "median")]
    return [*rows, _statistic("count", "", readings)]


def label(item: Measurement, stack: StackInfo, readings: Iterable[tuple[str, Reading]]) -> tuple[str, ...]:
    """Lines beside a measurement on the picture; a line of values for each picture, with the picture's short name."""
    unit = length_unit(stack)
    if item.shape is None:
        return (f"{figure(item.length_mm)} {unit}",)
    first = f"{figure(item.area_mm2)} {unit}²"
    means = (f"{name} {_mean(reading, value_unit(stack))}".strip() for name, reading in readings)
    return (first, *means)


def figure(value: float | None, digits: int = 4) -> str:
    """A number for people: so many digits, no exponent; "-" where there is none."""
    if value is None or not math.isfinite(value):
        return NONE
    if value == 0 or abs(value) >= 1000:
        return f"{value:.0f}"
    after = min(max(digits - 1 - math.floor(math.log10(abs(value))), 0), 9)
    text = f"{value:.{after}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def csv_text(items: Iterable[tuple[Measurement, list[Row]]]) -> str:
    """The table as CSV: one line for each quantity, English names, full digits, slices counted from 1."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("slice", "measurement", "kind", "quantity", "unit", "left", "right", "difference"))
    for item, rows in items:
        for row in rows:
            numbers = (_exact(value) for value in (row.left, row.right, row.difference))
            writer.writerow((item.slice_index + 1, item.number, item.kind, row.key, row.unit, *numbers))
    return out.getvalue()


def plain_table(items: Iterable[tuple[Measurement, list[Row]]]) -> str:
    """The table as text with tabs, as the user reads it."""
    lines = [
        "\t".join((tr("Measurement"), tr("Quantity"), tr("Unit"), tr("Left"), tr("Right"), tr("Difference")))
    ]
    for item, rows in items:
        for row in rows:
            numbers = (figure(value) for value in (row.left, row.right, row.difference))
            lines.append("\t".join((title(item), tr(QUANTITIES[row.key]), row.unit, *numbers)))
    return "\n".join(lines)


def _mean(reading: Reading, unit: str) -> str:
    found = reading.statistics
    if found is None or found.count == 0:
        return tr("no pixel inside")
    return tr("{mean} ± {sd} {unit}", mean=figure(found.mean), sd=figure(found.sd), unit=unit)


def _statistic(key: str, unit: str, readings: Readings) -> Row:
    left, right = (
        _finite(getattr(reading.statistics, key))
        if reading is not None and reading.statistics is not None
        else None
        for reading in readings
    )
    return Row(key, unit, left, right)


def _widths(unit: str, readings: Readings) -> Iterator[Row]:
    curves = tuple(None if reading is None else reading.curve for reading in readings)
    yield Row("edge_width", unit, *(None if curve is None else curve.edge_mm for curve in curves))
    for key, bright in (("peak_width", True), ("dip_width", False)):
        left, right = (_peak(curve, bright=bright) for curve in curves)
        if left is not None or right is not None:
            yield Row(key, unit, left, right)


def _peak(curve: Curve | None, *, bright: bool) -> float | None:
    peak = None if curve is None else curve.peak
    return peak.width_mm if peak is not None and peak.bright is bright else None


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _exact(value: float | None) -> str:
    return "" if value is None else f"{value:.10g}"
