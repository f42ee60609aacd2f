"""The report of an exported series as data: settings, model, versions, figures, and some slices with their maps."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator, Sequence
from importlib import metadata
from typing import Final

import numpy as np
from numpy.typing import NDArray

from brainsr_desktop import __version__, language
from brainsr_desktop.core.consistency import disagreeing, residual
from brainsr_desktop.core.degrade import Degradation, degrade
from brainsr_desktop.core.estimates import edge_sharpness_ratio, noise_percent
from brainsr_desktop.core.resample import enlarge
from brainsr_desktop.core.trust import difference, places_of_change
from brainsr_desktop.io.export_outputs import OutputFacts, StoredSlice, burned_words, window_of
from brainsr_desktop.io.messages import OpenExport
from brainsr_desktop.io.report_maps import grey_picture, signed_picture
from brainsr_desktop.io.report_model import (
    Block,
    Curves,
    Line,
    Picture,
    Pictures,
    Report,
    Rows,
    Section,
    Table,
    Words,
    facts,
)
from brainsr_desktop.language import mark, tr, trn

MOST_SLICES: Final = 12
"""So many slices are shown, spread over all of them; the figures are those of every slice."""
LIBRARIES: Final = ("numpy", "pydicom", "openvino", "torch", "pillow", "reportlab")
DIFFERENCE_PART: Final = 0.05
"""Where the colours of differences end, in parts of the width of the grey window."""
CURVES: Final = (
    (("head_psnr", mark("PSNR in the head, dB")), ("psnr", mark("PSNR of the whole slice, dB"))),
    (("ssim", mark("SSIM in the head")),),
)
"""Figures that are drawn over the slices; of each group the first that is known."""
MOST_FIGURES: Final = 7
"""So many figures fit into a table of a printed page."""

Floats = NDArray[np.float32]
Source = Callable[[int], Floats | None]
"""Gives the original slice of a frame in units; None where it cannot be read."""


def series_report(
    request: OpenExport,
    told: OutputFacts,
    slices: Sequence[StoredSlice],
    source: Source,
    patient: Rows,
    tick: Callable[[], None],
) -> Report:
    """The report of an export. ``patient`` is what is said of the patient: nothing where that is hidden or removed."""
    window = window_of(told, slices)
    chosen = [
        slices[round(place)] for place in np.linspace(0, len(slices) - 1, min(len(slices), MOST_SLICES))
    ]
    parts = [_Shown(request, told, item, source(item.index), window) for item in _ticked(chosen, tick)]
    sections = (
        Section(tr("Patient and series"), (facts(patient),)) if patient else None,
        Section(tr("Settings"), (facts((*settings(request, window), *_matrix(request, told))),)),
        Section(tr("Model"), (facts(request.report.facts or _model(request)),)),
        Section(tr("Metrics"), tuple(_figures(slices, request.model.title or request.model.id))),
        *request.report.sections,
        _without_reference(parts, request.report.consistency_limit),
        _slices(parts, len(slices)),
        Section(tr("Versions"), (facts(versions()),)),
    )
    return Report(
        "series",
        tr("Report of {name}", name=told.name),
        notice(),
        told.notice,
        tuple(section for section in sections if section is not None),
        language.current(),
    )


def notice() -> str:
    """What every report says first."""
    return tr(
        "For research and teaching, not a medical device. Networks can invent or remove structures, including "
        "disease. Do not use these pictures for diagnosis or treatment."
    )


def versions() -> Rows:
    """The program, Python, and the libraries that have a hand in the pictures."""
    rows = [("BrainSR Desktop", __version__), ("Python", platform.python_version())]
    for name in LIBRARIES:
        try:
            rows.append((name, metadata.version(name)))
        except metadata.PackageNotFoundError:
            continue
    return tuple(rows)


def degradation_rows(worse: Degradation) -> Rows:
    """What was done to the slices first, with the seed that does it again."""
    return (
        (tr("Test mode: reduction"), f"{worse.reduction} ({worse.method})"),
        (tr("Test mode: blur"), f"{worse.blur_px:g} px"),
        (tr("Test mode: noise"), f"{worse.noise_percent:g} % ({worse.noise})"),
        (tr("Test mode: bias field"), f"{worse.bias_percent:g} %"),
        (tr("Test mode: seed"), str(worse.seed)),
    )


def settings(request: OpenExport, window: tuple[float, float]) -> Rows:
    """Everything that was chosen."""
    recipe, options = request.recipe, request.options
    rows = (
        (tr("Picture"), options.picture),
        (tr("Model"), f"{request.model.title or request.model.id}"),
        (tr("Scale"), f"x{recipe.scale}"),
        (tr("Strength"), f"{100 * recipe.strength:.0f} %"),
        (tr("Precision"), recipe.precision),
        (tr("Careful"), tr("yes") if recipe.careful else tr("no")),
        (tr("Engine and device"), f"{request.model.backend} {request.model.device}".strip() or tr("none")),
        (
            tr("Grey window"),
            tr("centre {center:.6g}, width {width:.6g}", center=window[0], width=window[1]),
        ),
    )
    return rows if recipe.degradation is None else (*rows, *degradation_rows(recipe.degradation))


def _matrix(request: OpenExport, told: OutputFacts) -> Rows:
    """Pixels before and after."""
    stack = request.stack
    rows = [(tr("Slices"), str(len(request.indices)))]
    for name, geometry in ((tr("Matrix of the source"), stack.geometry), (tr("Matrix"), told.geometry)):
        size = f"{geometry.rows} × {geometry.columns}"
        pixel = f"{geometry.spacing_mm[0]:.4g} × {geometry.spacing_mm[1]:.4g} mm"
        rows.append((name, f"{size}, {pixel}" if stack.has_spacing else size))
    return tuple(rows)


def _model(request: OpenExport) -> Rows:
    note = request.model
    return (
        (tr("Name"), note.id),
        (tr("Title"), note.title),
        (tr("SHA-256 of the weights"), note.sha256),
        (tr("Training data"), note.data_statement),
    )


def _ticked(slices: Sequence[StoredSlice], tick: Callable[[], None]) -> Iterator[StoredSlice]:
    for item in slices:
        tick()
        yield item


class _Shown:
    """One slice of the report: its pictures, and what can be said of it without a reference."""

    def __init__(
        self,
        request: OpenExport,
        told: OutputFacts,
        item: StoredSlice,
        original: Floats | None,
        window: tuple[float, float],
    ) -> None:
        self.told = told
        self.number = item.slice_index + 1
        self._frame = request.stack.frames[item.index]
        self._place_mm = told.geometry.offsets_mm()[item.slice_index]
        self._scale = request.recipe.scale
        self._window = window
        self._limit = request.report.consistency_limit
        made = item.units()
        enlarged = original is not None and made.shape == tuple(self._scale * n for n in original.shape)
        self.original = original if enlarged and told.picture == "enhanced" else None
        self.change = self._change(made, original)
        self.pictures = tuple(self._pictures(request, made, original))
        self.checked: tuple[str, ...] = ()
        if self.original is not None:
            self.checked = self._check(made, self.original, request.stack.geometry.spacing_mm)

    @property
    def title(self) -> str:
        """Number and place."""
        return tr("Slice {number}, {place:.1f} mm", number=self.number, place=self._place_mm)

    @property
    def limit(self) -> float:
        """Where the colours of differences end, in units."""
        return DIFFERENCE_PART * self._window[1]

    def places(self) -> list[tuple[str, str]]:
        """The places of greatest change: their size, and the change in percent of the grey window."""
        if self.change is None or self.original is None:
            return []
        row_mm, column_mm = (self._scale * mm for mm in self.told.geometry.spacing_mm)
        unit = tr("mm") if self.told.has_spacing else tr("px")
        found = []
        for place in places_of_change(self.change, self._scale):
            height, width = (place.bottom - place.top) * row_mm, (place.right - place.left) * column_mm
            percent = 100.0 * place.change / max(self._window[1], 1e-12)
            found.append((f"{width:.1f} × {height:.1f} {unit}", f"{percent:.2g} %"))
        return found

    def _check(self, made: Floats, original: Floats, spacing_mm: tuple[float, float]) -> tuple[str, ...]:
        """The row of the table of what needs no reference; the residual joins the pictures."""
        left = residual(made, original, self._scale, spacing_mm if self.told.has_spacing else None)
        self.pictures += (
            signed_picture(tr("Reduced again, minus the original"), left.map, self.limit, spacing_mm),
        )
        over = len(disagreeing(left, self._limit))
        kept = tr("yes") if not over else trn("no, in {count} place", "no, in {count} places", over)
        noise, sharper = noise_percent(original), edge_sharpness_ratio(made, original)
        return (str(self.number), f"{left.part:.2f}", kept, f"{noise:.2g}", f"{sharper:.2f}")

    def _change(self, made: Floats, original: Floats | None) -> Floats | None:
        """What the model changed: against cubic interpolation of the scan, or in test mode against the truth."""
        if self.told.picture == "difference":
            return made
        if original is None or self.told.picture not in ("enhanced", "test"):
            return None
        base = original if made.shape == original.shape else enlarge(original, self._scale, "bicubic")
        return difference(made, base) if made.shape == base.shape else None

    def _pictures(self, request: OpenExport, made: Floats, original: Floats | None) -> Iterator[Picture]:
        told, inverted = self.told, self.told.inverted
        if original is not None and told.picture != "original":
            spacing = request.stack.geometry.spacing_mm
            yield grey_picture(tr("Original"), original, self._window, spacing, inverted=inverted)
        if original is not None and told.picture == "test":
            yield from self._input(request, original)
        title, spacing = picture_title(told), told.geometry.spacing_mm
        if told.picture != "difference":
            yield grey_picture(title, made, self._window, spacing, inverted=inverted)
        if self.change is not None:
            against_truth = tr("Enhanced minus truth")
            name = against_truth if told.picture == "test" else tr("Enhanced minus cubic interpolation")
            yield signed_picture(name, self.change, self.limit, spacing)

    def _input(self, request: OpenExport, original: Floats) -> Iterator[Picture]:
        """What the model was given: degraded once more, in stored values as the engine does."""
        worse, frame = request.recipe.degradation, self._frame
        if worse is None or frame is None or frame.padding is not None or not frame.slope:
            return
        stored = ((original - frame.intercept) / frame.slope).astype(np.float32)
        given = degrade(stored, worse, slice_index=self.number - 1) * frame.slope + frame.intercept
        spacing = request.stack.geometry.reduced(worse.reduction).spacing_mm
        pixels = given.astype(np.float32)
        yield grey_picture(tr("Degraded"), pixels, self._window, spacing, inverted=self.told.inverted)


def picture_title(told: OutputFacts) -> str:
    """What the exported picture is."""
    return {
        "enhanced": tr("Enhanced"),
        "test": tr("Enhanced from the degraded slice"),
        "original": tr("Original"),
        "degraded": tr("Degraded"),
        "difference": tr("Enhanced minus cubic interpolation"),
    }[told.picture]


def _slices(parts: Sequence[_Shown], total: int) -> Section:
    blocks: list[Block] = []
    if len(parts) < total:
        blocks.append(Words(tr("{shown} of {total} slices are shown.", shown=len(parts), total=total)))
    blocks += [Pictures(part.pictures, part.title, burned_words(part.told.picture)) for part in parts]
    return Section(tr("Slices"), tuple(blocks))


def _without_reference(parts: Sequence[_Shown], limit: float) -> Section | None:
    """What was measured on the slices that are shown, where no truth is known; None where there is nothing."""
    known = [part for part in parts if part.original is not None]
    if not known:
        return None
    heads = (
        tr("Slice"),
        tr("Consistency residual, % (limit {limit:g})", limit=limit),
        tr("Input kept"),
        tr("Noise of the input, %"),
        tr("Edge sharpness ratio"),
    )
    rows = tuple(part.checked for part in known)
    words = tr("No reference: these numbers do not say whether the picture is right.")
    changed = tuple((str(part.number), size, share) for part in known for size, share in part.places())
    places = (tr("Slice"), tr("Size"), tr("Change, % of the grey window"))
    blocks: list[Block] = [Words(words), Table(heads, rows)]
    if changed:
        blocks.append(Table(places, changed, tr("Places of greatest change against cubic interpolation")))
    return Section(tr("Measured without a reference"), tuple(blocks))


def _figures(slices: Sequence[StoredSlice], model: str) -> Iterator[Block]:
    """The figures of every slice with their mean and spread, and curves of some; a sentence where no truth is known."""
    names = list(dict.fromkeys(name for item in slices for name, _ in item.scores))
    if not names:
        yield Words(tr("No reference: no score is possible. Only in test mode the truth is known."))
        return
    if len(slices) > 1:
        yield from _score_curves(slices, names, model)
    for owner in dict.fromkeys(_owner(name) for name in names):
        own = [name for name in names if _owner(name) == owner]
        for first in range(0, len(own), MOST_FIGURES):
            yield _score_table(slices, own[first : first + MOST_FIGURES], owner, model)


def _owner(name: str) -> str:
    """Whose figure it is: "bicubic" of "bicubic psnr"; the model's own have no such word."""
    return name.rpartition(" ")[0]


def _score_table(slices: Sequence[StoredSlice], names: Sequence[str], owner: str, model: str) -> Table:
    scores = [dict(item.scores) for item in slices]
    rows = [
        (str(item.slice_index + 1), *(f"{known[n]:.4g}" if n in known else "" for n in names))
        for item, known in zip(slices, scores, strict=True)
    ]
    columns = [[known[name] for known in scores if name in known] for name in names]
    for label, figure in ((tr("Mean"), np.mean), (tr("SD"), np.std)):
        rows.append((label, *(f"{float(figure(column)):.4g}" for column in columns)))
    heads = (tr("Slice"), *(name.removeprefix(owner).strip() for name in names))
    return Table(heads, tuple(rows), owner or model)


def _score_curves(slices: Sequence[StoredSlice], names: Sequence[str], model: str) -> Iterator[Curves]:
    numbers = tuple(float(item.slice_index + 1) for item in slices)
    for group in CURVES:
        known = ((figure, title, _of_figure(names, figure)) for figure, title in group)
        _, title, wanted = next((found for found in known if found[2]), ("", "", []))
        lines = tuple(
            Line(
                _owner(name) or model,
                numbers,
                tuple(_finite(dict(item.scores).get(name)) for item in slices),
            )
            for name in wanted
        )
        if lines:
            yield Curves("", tr("Slice"), tr(title), lines)


def _of_figure(names: Sequence[str], figure: str) -> list[str]:
    """Whoever's figure it is."""
    return [name for name in names if name.rpartition(" ")[2] == figure]


def _finite(value: float | None) -> float | None:
    return value if value is not None and np.isfinite(value) else None
