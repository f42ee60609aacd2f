"""The report of an export: one HTML file with its pictures inside, to be read anywhere and without a network.

Nothing from a file or a card reaches the page without being escaped, and the page may load nothing.
"""

from __future__ import annotations

import base64
import html
import platform
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from io import BytesIO
from typing import IO, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from brainsr_desktop import __version__
from brainsr_desktop.core.resample import enlarge
from brainsr_desktop.io import movie
from brainsr_desktop.io.export_outputs import OutputFacts, StoredSlice, burned_words, window_of
from brainsr_desktop.io.messages import OpenExport, Scores
from brainsr_desktop.language import tr

MOST_SLICES: Final = 12
"""So many slices are shown, spread over all of them; the figures are those of every slice."""
LONGEST_SIDE_PX: Final = 512
LIBRARIES: Final = ("numpy", "pydicom", "openvino", "torch")
DIFFERENCE_PART: Final = 0.1
"""Width of the window of differences, in parts of the width of the grey window: 5 % to each side."""

Rows = tuple[tuple[str, str], ...]
Greys = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Shown:
    """One slice of the report: its title, its pictures (title, 8 bits) and its figures."""

    title: str
    pictures: tuple[tuple[str, Greys], ...]
    scores: Scores = ()


def write_report(
    file: IO[bytes],
    request: OpenExport,
    facts: OutputFacts,
    slices: Sequence[StoredSlice],
    source: Callable[[int], NDArray[np.float32] | None],
    patient: Rows,
    tick: Callable[[], None],
) -> None:
    """Write the report of an export.

    ``source`` gives the original slice of a frame in units (None where it cannot be read), ``patient`` what is said of
    the patient: nothing where patient data are hidden or removed.
    """
    window = window_of(facts, slices)
    chosen = [
        slices[round(place)] for place in np.linspace(0, len(slices) - 1, min(len(slices), MOST_SLICES))
    ]
    tables = (
        (tr("Patient and series"), patient),
        (tr("Settings"), _settings(request, window)),
        (tr("Model"), request.facts or _model(request)),
        (tr("Versions"), _versions()),
    )
    file.write(_head(facts).encode())
    for heading, rows in tables:
        file.write(_table(heading, rows).encode())
    file.write(_figures(slices).encode())
    if len(chosen) < len(slices):
        file.write(
            _paragraph(
                tr("{shown} of {total} slices are shown.", shown=len(chosen), total=len(slices))
            ).encode()
        )
    for shown in _shown(request, facts, chosen, source, window, tick):
        file.write(_slice(shown, facts).encode())
    file.write(b"</main></body></html>\n")


def _settings(request: OpenExport, window: tuple[float, float]) -> Rows:
    recipe, options = request.recipe, request.options
    rows = [
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
    ]
    worse = recipe.degradation
    if worse is not None:
        rows += [
            (tr("Test mode: reduction"), f"{worse.reduction} ({worse.method})"),
            (tr("Test mode: blur"), f"{worse.blur_px:g} px"),
            (tr("Test mode: noise"), f"{worse.noise_percent:g} %"),
            (tr("Test mode: seed"), str(worse.seed)),
        ]
    return tuple(rows)


def _model(request: OpenExport) -> Rows:
    note = request.model
    rows = (
        (tr("Name"), note.id),
        (tr("Title"), note.title),
        (tr("SHA-256 of the weights"), note.sha256),
        (tr("Training data"), note.data_statement),
    )
    return tuple((name, text) for name, text in rows if text)


def _versions() -> Rows:
    rows = [("BrainSR Desktop", __version__), ("Python", platform.python_version())]
    for name in LIBRARIES:
        try:
            rows.append((name, metadata.version(name)))
        except metadata.PackageNotFoundError:
            continue
    return tuple(rows)


def _shown(
    request: OpenExport,
    facts: OutputFacts,
    slices: Sequence[StoredSlice],
    source: Callable[[int], NDArray[np.float32] | None],
    window: tuple[float, float],
    tick: Callable[[], None],
) -> Iterator[Shown]:
    """The slices with what can be set beside them: the original, and what the model changed."""
    offsets = facts.geometry.offsets_mm()
    for item in slices:
        tick()
        made, original = item.units(), source(item.index)
        pictures: list[tuple[str, Greys]] = []
        if original is not None and facts.picture != "original":
            pictures.append((tr("Original"), _greys(original, window, facts)))
        if facts.picture == "difference":
            pictures.append((_title(facts), _difference_greys(made, window)))
        else:
            pictures.append((_title(facts), _greys(made, window, facts)))
        if original is not None and facts.picture in ("enhanced", "test"):
            pictures.append(_change(made, original, request, window))
        title = tr(
            "Slice {number}, {place:.1f} mm", number=item.slice_index + 1, place=offsets[item.slice_index]
        )
        yield Shown(title, tuple(pictures), item.scores)


def _title(facts: OutputFacts) -> str:
    return {
        "enhanced": tr("Enhanced"),
        "test": tr("Enhanced from the degraded slice"),
        "original": tr("Original"),
        "degraded": tr("Degraded"),
        "difference": tr("Enhanced minus cubic interpolation"),
    }[facts.picture]


def _change(
    made: NDArray[np.float32], original: NDArray[np.float32], request: OpenExport, window: tuple[float, float]
) -> tuple[str, Greys]:
    """What the model changed: against cubic interpolation of the scan, or in test mode against the truth."""
    if made.shape == original.shape:
        return tr("Enhanced minus truth"), _difference_greys(made - original, window)
    base = enlarge(original.astype(np.float32), request.recipe.scale, "bicubic")
    if base.shape != made.shape:
        base = np.zeros_like(made)
    return tr("Enhanced minus cubic interpolation"), _difference_greys(made - base, window)


def _greys(pixels: NDArray[np.float32], window: tuple[float, float], facts: OutputFacts) -> Greys:
    (made,) = movie.windowed([pixels], window, inverted=facts.inverted)
    return made


def _difference_greys(pixels: NDArray[np.float32], window: tuple[float, float]) -> Greys:
    (made,) = movie.windowed([pixels], (0.0, DIFFERENCE_PART * window[1]))
    return made


def _head(facts: OutputFacts) -> str:
    title = html.escape(tr("Report of {name}", name=facts.name))
    notice = html.escape(
        tr(
            "For research and teaching, not a medical device. Networks can invent or remove structures, including "
            "disease. Do not use these pictures for diagnosis or treatment."
        )
    )
    return (
        '<!doctype html><html><head><meta charset="utf-8">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data:; '
        "style-src 'unsafe-inline'\">"
        f"<title>{title}</title><style>{STYLE}</style></head><body><main><h1>{title}</h1>"
        f'<p class="notice">{notice}</p>' + _paragraph(facts.notice)
    )


STYLE: Final = (
    "body{font:15px/1.5 system-ui,sans-serif;margin:0;background:#fff;color:#1b1f24}"
    "main{max-width:1100px;margin:0 auto;padding:16px}h1{font-size:22px}h2{font-size:17px;margin-top:28px}"
    ".notice{border:2px solid #8a4b00;color:#8a4b00;padding:8px 12px;font-weight:600}"
    "table{border-collapse:collapse}td,th{border:1px solid #c3c9d0;padding:3px 8px;text-align:left;"
    "vertical-align:top;overflow-wrap:anywhere}th{background:#f1f3f5}td.n{text-align:right}"
    "figure{display:inline-block;margin:0 8px 8px 0;background:#000;color:#eef1f4;padding:4px;vertical-align:top}"
    "figcaption{font-size:13px;max-width:512px}img{display:block;max-width:100%;image-rendering:pixelated}"
    "section{break-inside:avoid}"
)


def _paragraph(text: str) -> str:
    return f"<p>{html.escape(text)}</p>"


def _table(heading: str, rows: Iterable[tuple[str, str]]) -> str:
    cells = "".join(
        f"<tr><th>{html.escape(name)}</th><td>{html.escape(text)}</td></tr>" for name, text in rows if text
    )
    return f"<h2>{html.escape(heading)}</h2><table>{cells}</table>" if cells else ""


def _figures(slices: Sequence[StoredSlice]) -> str:
    """The figures of every slice, their mean and spread; a sentence where the truth is not known."""
    heading = f"<h2>{html.escape(tr('Metrics'))}</h2>"
    names = list(dict.fromkeys(name for item in slices for name, _ in item.scores))
    if not names:
        words = tr("No reference: no score is possible. Only in test mode the truth is known.")
        return heading + _paragraph(words)
    head = "".join(f"<th>{html.escape(name)}</th>" for name in names)
    lines = [f"<tr><th>{html.escape(tr('Slice'))}</th>{head}</tr>"]
    for item in slices:
        known = dict(item.scores)
        cells = "".join(f'<td class="n">{known[n]:.4g}</td>' if n in known else "<td></td>" for n in names)
        lines.append(f"<tr><th>{item.slice_index + 1}</th>{cells}</tr>")
    for label, figure in ((tr("Mean"), np.mean), (tr("SD"), np.std)):
        values = [[dict(item.scores)[n] for item in slices if n in dict(item.scores)] for n in names]
        cells = "".join(f'<td class="n">{float(figure(column)):.4g}</td>' for column in values)
        lines.append(f"<tr><th>{html.escape(label)}</th>{cells}</tr>")
    return f"{heading}<table>{''.join(lines)}</table>"


def _slice(shown: Shown, facts: OutputFacts) -> str:
    drawn = [
        (title, movie.proportional(pixels, facts.geometry.spacing_mm, LONGEST_SIDE_PX))
        for title, pixels in shown.pictures
    ]
    width = max(picture.width for _, picture in drawn)
    figures = "".join(
        f'<figure><img width="{width}" alt="{html.escape(shown.title)}: {html.escape(title)}" '
        f'src="data:image/png;base64,{_png(picture)}"><figcaption>{html.escape(title)}</figcaption></figure>'
        for title, picture in drawn
    )
    words = _paragraph(burned_words(facts.picture))
    return f"<section><h2>{html.escape(shown.title)}</h2>{figures}{words}</section>"


def _png(picture: Image.Image) -> str:
    out = BytesIO()
    picture.save(out, "PNG")
    return base64.b64encode(out.getvalue()).decode("ascii")
