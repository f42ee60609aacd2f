"""An evaluation as a report for people: how it was made, tables, power spectra, the figure, and the models' cards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from PIL import Image

from brainsr_desktop.io.report import notice, versions
from brainsr_desktop.io.report_file import write_files
from brainsr_desktop.io.report_model import (
    LONGEST_SIDE_PX,
    Block,
    Curves,
    Level,
    Line,
    Picture,
    Pictures,
    Report,
    Rows,
    Section,
    Table,
    Words,
    facts,
    picture,
)
from brainsr_desktop.models.card import Card
from brainsr_desktop.models.card_rows import rows_of as card_rows
from brainsr_desktop.train import report as figures_of
from brainsr_desktop.train.planted_section import planted_section

FIGURES: Final = (
    ("head PSNR, dB", "head_psnr", 2),
    ("PSNR, dB", "psnr", 2),
    ("SSIM", "ssim", 4),
    ("NRMSE", "nrmse", 4),
    ("HFEN", "hfen", 4),
    ("HaarPSI", "haarpsi", 4),
    ("spectrum, dB", "spectrum_db", 2),
    ("gain, dB", "gain_db", 2),
)
LESIONS: Final = (
    ("lesion PSNR, dB", "lesion_psnr", 2),
    ("lesion SSIM", "lesion_ssim", 4),
    ("lesion NRMSE", "lesion_nrmse", 4),
)
KNOWN: Final = (
    "Gain: head PSNR less that of the best interpolation on the same slice, mean over slices, with a 95 % interval "
    "over subjects. None of these figures tells invented or lost structure; planted structures do (--planted)."
)
SPECTRUM_DB: Final = (-30.0, 10.0)


def write_bench_report(
    folder: Path,
    evaluation: Mapping[str, Any],
    settings: Rows,
    cards: Sequence[Card],
    pictures: Sequence[Path] = (),
) -> list[Path]:
    """Write ``report.json``, ``.html`` and ``.pdf`` into a folder, which is made if need be; their paths.

    ``evaluation`` is what `train.evaluate` gives, with ``planted`` of `train.planted` where that was asked for;
    ``settings`` say how it was made (seeds, too), ``pictures`` are figures on disk.

    Raises:
        OSError: a file cannot be written, or a picture not be read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return write_files(bench_report(evaluation, settings, cards, pictures), folder)


def bench_report(
    evaluation: Mapping[str, Any],
    settings: Rows,
    cards: Sequence[Card],
    pictures: Sequence[Path] = (),
) -> Report:
    """The report as data; see `write_bench_report`."""
    drawn = tuple(Pictures((_figure(path),)) for path in pictures)
    sections = [
        Section("Settings", (facts((("Slices", str(evaluation["bench"])), *settings)),)),
        Section("Figures", (Words(KNOWN), *_tables(evaluation), *_spectra(evaluation))),
        *([planted_section(evaluation["planted"])] if evaluation.get("planted") else []),
        *([Section("Slices", drawn)] if drawn else []),
        *(card_section(card) for card in cards),
        Section("Versions", (facts(versions()),)),
    ]
    footer = "Figures of a benchmark, for research; not for diagnosis."
    return Report("bench", f"Bench: {evaluation['bench']}", notice(), footer, tuple(sections))


def card_section(card: Card) -> Section:
    """A model's card, with the reliability curve of its spread where that was measured."""
    blocks: list[Block] = [facts(card_rows(card))]
    points = () if card.trust is None else card.trust.reliability
    if points:
        spreads, errors = (
            tuple(100.0 * value for value in values)
            for values in ([point.spread for point in points], [point.error for point in points])
        )
        lines = (Line(card.name, spreads, errors), Line("spread as large as error", spreads, spreads))
        blocks.append(
            Curves("Reliability of the spread", "spread, % of the range", "error, % of the range", lines)
        )
    return Section(f"Model {card.name}", tuple(blocks))


def _tables(evaluation: Mapping[str, Any]) -> Iterator[Block]:
    """One table a scale and protocol, and one more where experts outlined lesions."""
    groups: dict[tuple[str, str], list[tuple[str, Mapping[str, Any]]]] = {}
    for model, scale, protocol, figures in figures_of.rows_of(dict(evaluation)):
        groups.setdefault((scale, protocol), []).append((model, figures))
    for (scale, protocol), entries in groups.items():
        title = f"{scale}, {protocol}"
        heads = ("model", *(head for head, _, _ in FIGURES), "95 %", "n")
        rows = tuple(
            (model, *_cells(figures, FIGURES), _interval(figures), str(figures["n"]))
            for model, figures in entries
        )
        yield Table(heads, rows, title)
        outlined = [(model, figures) for model, figures in entries if "lesion_n" in figures]
        if outlined:
            heads = ("model", *(head for head, _, _ in LESIONS), "n")
            rows = tuple((m, *_cells(figures, LESIONS), str(figures["lesion_n"])) for m, figures in outlined)
            yield Table(heads, rows, f"{title}: lesions outlined by an expert")


def _cells(figures: Mapping[str, Any], wanted: Sequence[tuple[str, str, int]]) -> Iterator[str]:
    for _, name, digits in wanted:
        value = figures.get(name)
        yield "" if value is None else f"{value:.{digits}f}"


def _interval(figures: Mapping[str, Any]) -> str:
    ends = figures.get("gain_ci95")
    return "" if ends is None else f"{ends[0]:.2f} to {ends[1]:.2f}"


def _spectra(evaluation: Mapping[str, Any]) -> Iterator[Curves]:
    """What each model lacks of the truth's power, by frequency."""
    rings = tuple(float(ring) for ring in evaluation.get("cycles_per_pixel", ()))
    groups: dict[tuple[str, str], list[Line]] = {}
    for model, scale, protocol, figures in figures_of.rows_of(dict(evaluation)):
        ratios = figures.get("power_ratio_db", ())
        if rings and len(ratios) == len(rings):
            low, high = SPECTRUM_DB
            values = tuple(min(max(float(ratio), low), high) for ratio in ratios)
            groups.setdefault((scale, protocol), []).append(Line(model, rings, values))
    for (scale, protocol), lines in groups.items():
        yield Curves(
            f"Power spectrum, {scale}, {protocol}",
            "cycles per pixel",
            "power over the truth's, dB",
            tuple(lines),
            (Level("where the input ends", 0.5 / int(scale.removeprefix("x")), "x"),),
        )


def _figure(path: Path) -> Picture:
    with Image.open(path) as file:
        drawn = file.convert("RGB")
    drawn.thumbnail((LONGEST_SIDE_PX, LONGEST_SIDE_PX))
    return picture("Truth, input, interpolations and models", drawn)
