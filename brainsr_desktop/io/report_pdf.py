"""A report as PDF (A4), made by ReportLab: the same bytes for the same report by the same versions.

ReportLab takes times and identifiers from the clock unless it is told not to; its paragraphs understand a markup, which
is why no text gets into one unescaped.
"""

from __future__ import annotations

import warnings
from functools import lru_cache
from io import BytesIO
from typing import Any, Final
from xml.sax.saxutils import escape

from brainsr_desktop import paths
from brainsr_desktop.io import report_plot
from brainsr_desktop.io.report_model import (
    Bar,
    Block,
    Curves,
    Facts,
    Picture,
    Pictures,
    Report,
    Section,
    Table,
    Words,
    plain,
)

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # of ReportLab, about Python
    from reportlab import rl_config
    from reportlab.lib.colors import HexColor
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.lib.units import mm
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont
    from reportlab.pdfgen.canvas import Canvas
    from reportlab.platypus import (
        CondPageBreak,
        Flowable,
        Image,
        KeepTogether,
        Paragraph,
        SimpleDocTemplate,
        Spacer,
    )
    from reportlab.platypus import Table as Grid

FONT: Final = "DejaVuSans"
BOLD: Final = "DejaVuSans-Bold"
UNKNOWN: Final = "\N{WHITE SQUARE}"
"""Stands for a character that the font has not."""
MARGIN: Final = 15 * mm
WIDTH: Final = A4[0] - 2 * MARGIN - 12  # the frame has an inner margin of 6 points
TALLEST: Final = 110 * mm
LEAST_BELOW: Final = 45 * mm
"""A heading with less room below it goes to the next page."""
GAP: Final = 4 * mm
MOST_ACROSS: Final = 4
LONGEST_CELL: Final = 60
"""So many characters of a cell may ask for room."""
LINE: Final = HexColor("#c3c9d0")
SHADE: Final = HexColor("#f1f3f5")
AMBER: Final = HexColor("#8a4b00")
QUIET: Final = HexColor("#5a5f66")

Flow = list[Any]
"""What ReportLab lays out, one below the other."""


def render(report: Report) -> bytes:
    """The PDF; equal reports give equal bytes."""
    _ready()
    out = BytesIO()
    document = SimpleDocTemplate(
        out,
        pagesize=A4,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=MARGIN,
        bottomMargin=MARGIN + 6 * mm,
        title=_shown(report.title),
        author="BrainSR Desktop",
        subject=_shown(report.footer),
        lang=report.language,
        invariant=1,
        pageCompression=1,
    )
    flow: Flow = [_paragraph(report.title, _TITLE), Spacer(1, 2 * mm), _notice(report.notice)]
    for section in report.sections:
        flow += _section(section)

    def canvas(*args: Any, **kwargs: Any) -> Any:
        return _Numbered(*args, footer=_shown(report.footer), **kwargs)

    document.build(flow, canvasmaker=canvas)
    return out.getvalue()


class _Numbered(Canvas):  # type: ignore[misc]  # ReportLab is without types
    """Writes the footer and "page / pages" on every page, which only the end knows."""

    def __init__(self, *args: Any, footer: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._footer = footer
        self._pages: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802 - ReportLab's name
        """Keep the page for the end."""
        self._pages.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        """Write all pages."""
        pages = self._pages
        for number, page in enumerate(pages, 1):
            self.__dict__.update(page)
            self._write_footer(f"{number} / {len(pages)}")
            super().showPage()
        super().save()

    def _write_footer(self, place: str) -> None:
        self.setFont(FONT, 7)
        self.setFillColor(QUIET)
        self.drawRightString(A4[0] - MARGIN, MARGIN, place)
        words = _cut(self._footer, FONT, 7, A4[0] - 2 * MARGIN - 20 * mm)
        self.drawString(MARGIN, MARGIN, words)


class _Plot(Flowable):  # type: ignore[misc]  # ReportLab is without types
    """Curves, drawn from the same strokes as in HTML."""

    def __init__(self, curves: Curves) -> None:
        super().__init__()
        self.width, self.height = report_plot.WIDTH, report_plot.HEIGHT
        self._marks = report_plot.drawn(curves)

    def wrap(self, *_: object) -> tuple[float, float]:
        """Its size."""
        return self.width, self.height

    def draw(self) -> None:
        """All marks, upside down: PDF counts from below."""
        for mark in self._marks:
            match mark:
                case report_plot.Stroke():
                    self._stroke(mark)
                case report_plot.Dot():
                    self.canv.setFillColor(HexColor(mark.colour))
                    self.canv.circle(mark.centre[0], self.height - mark.centre[1], 2, stroke=0, fill=1)
                case report_plot.Label():
                    self._label(mark)

    def _stroke(self, mark: report_plot.Stroke) -> None:
        self.canv.setStrokeColor(HexColor(mark.colour))
        self.canv.setLineWidth(mark.width)
        self.canv.setDash(*(list(mark.dashes),) if mark.dashes else ())
        path = self.canv.beginPath()
        path.moveTo(mark.points[0][0], self.height - mark.points[0][1])
        for x, y in mark.points[1:]:
            path.lineTo(x, self.height - y)
        self.canv.drawPath(path)

    def _label(self, mark: report_plot.Label) -> None:
        font, (x, y) = BOLD if mark.bold else FONT, mark.place
        self.canv.setFont(font, report_plot.TEXT)
        self.canv.setFillColor(HexColor(report_plot.INK))
        words = _cut(_shown(mark.text), font, report_plot.TEXT, self.width)
        draw = {
            "start": self.canv.drawString,
            "middle": self.canv.drawCentredString,
            "end": self.canv.drawRightString,
        }[mark.anchor]
        draw(x, self.height - y, words)


@lru_cache(maxsize=1)
def _ready() -> None:
    """Load the fonts, and leave nothing to a user's own settings of ReportLab."""
    rl_config.useA85 = 0
    rl_config.pdfComments = 0
    for name in (FONT, BOLD):
        path = paths.resources_dir() / "fonts" / f"{name}.ttf"
        pdfmetrics.registerFont(TTFont(name, str(path), asciiReadable=0))


def _style(name: str, font: str, size: float, **more: Any) -> Any:
    return ParagraphStyle(name, fontName=font, fontSize=size, leading=1.35 * size, splitLongWords=1, **more)


_TITLE: Final = _style("title", BOLD, 15)
_HEADING: Final = _style("heading", BOLD, 12, spaceBefore=5 * mm, spaceAfter=2 * mm)
_SMALL_HEADING: Final = _style("small heading", BOLD, 9.5, spaceBefore=3 * mm, spaceAfter=1 * mm)
_BODY: Final = _style("body", FONT, 9, spaceAfter=1.5 * mm)
_NOTICE: Final = _style("notice", BOLD, 9, textColor=AMBER)
_CELL: Final = _style("cell", FONT, 7.5)
_NUMBER: Final = _style("number", FONT, 7.5, alignment=2)
_HEAD: Final = _style("head", BOLD, 7.5)
_CAPTION: Final = _style("caption", FONT, 7.5)
_RIGHT: Final = _style("right", FONT, 7.5, alignment=2)
_LINES: Final = [
    ("GRID", (0, 0), (-1, -1), 0.4, LINE),
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("TOPPADDING", (0, 0), (-1, -1), 1.5),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
    ("LEFTPADDING", (0, 0), (-1, -1), 3),
    ("RIGHTPADDING", (0, 0), (-1, -1), 3),
]
_NO_LINES: Final = [
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
    *((side, (0, 0), (-1, -1), 0) for side in ("LEFTPADDING", "RIGHTPADDING", "TOPPADDING", "BOTTOMPADDING")),
]


def _section(section: Section) -> Flow:
    heading = _paragraph(section.heading, _HEADING)
    blocks = [_block(block) for block in section.blocks]
    flow = [part for block in blocks for part in block]
    if section.blocks and isinstance(section.blocks[0], Pictures | Curves):
        return [KeepTogether([heading, *flow[:1]]), *flow[1:]]
    return [CondPageBreak(LEAST_BELOW), heading, *flow]


def _block(block: Block) -> Flow:
    match block:
        case Words():
            return [_paragraph(block.text, _BODY)]
        case Facts():
            return _facts(block)
        case Table():
            return _table(block)
        case Pictures():
            return _pictures(block)
        case Curves():
            return [_Plot(block)]


def _notice(text: str) -> Any:
    return Grid([[_paragraph(text, _NOTICE)]], [WIDTH], style=[("BOX", (0, 0), (-1, -1), 1.2, AMBER)])


def _facts(block: Facts) -> Flow:
    if not block.rows:
        return []
    rows = [[_paragraph(name, _HEAD), _paragraph(text, _CELL)] for name, text in block.rows]
    shade = ("BACKGROUND", (0, 0), (0, -1), SHADE)
    return [Grid(rows, [48 * mm, WIDTH - 48 * mm], style=[*_LINES, shade], splitInRow=1, hAlign="LEFT")]


def _table(block: Table) -> Flow:
    right = block.to_the_right()
    styles = [_NUMBER if number else _CELL for number in right]
    rows = [[_paragraph(head, _HEAD) for head in block.heads]]
    rows += [list(map(_paragraph, row, styles)) for row in block.rows]
    shade = ("BACKGROUND", (0, 0), (-1, 0), SHADE)
    grid = Grid(
        rows,
        _widths(block),
        style=[*_LINES, shade],
        repeatRows=1,
        splitInRow=1,
        hAlign="LEFT",
    )
    start: Flow = [CondPageBreak(LEAST_BELOW)] if block.title else []
    return [*start, *_title(block.title), grid, Spacer(1, 2 * mm)]


def _widths(block: Table) -> list[float]:
    """Columns as wide as their cells, heads broken between words; made narrower alike where they are too wide."""
    asked = [_asked([*head.split(), *cells]) for head, *cells in zip(block.heads, *block.rows, strict=True)]
    total = sum(asked)
    return asked if total <= WIDTH else [WIDTH * width / total for width in asked]


def _asked(texts: list[str]) -> float:
    widths = [float(pdfmetrics.stringWidth(_shown(text)[:LONGEST_CELL], BOLD, 7.5)) for text in texts]
    return max([*widths, 12.0]) + 8.0


def _pictures(block: Pictures) -> Flow:
    across = min(len(block.pictures), MOST_ACROSS)
    if not across:
        return []
    width = (WIDTH - (across - 1) * GAP) / across
    cells = [_figure(picture, width) for picture in block.pictures]
    cells += [[]] * (-len(cells) % across)
    rows = [cells[first : first + across] for first in range(0, len(cells), across)]
    # A picture ends short of the gap to its neighbour.
    grids = [Grid([row], [width + GAP] * across, style=_NO_LINES, hAlign="LEFT") for row in rows]
    first: Flow = [*_title(block.title), grids[0]]
    flow: Flow = [KeepTogether(first)]
    for grid in grids[1:]:
        flow += [Spacer(1, 2 * mm), grid]
    if block.note:
        flow.append(_paragraph(block.note, _BODY))
    return flow


def _figure(picture: Picture, width: float) -> Flow:
    scale = min(width / picture.columns, TALLEST / picture.rows)
    shown = picture.columns * scale, picture.rows * scale
    flow: Flow = [Image(BytesIO(picture.png), *shown, hAlign="LEFT"), _paragraph(picture.title, _CAPTION)]
    return flow if picture.bar is None else [*flow, *_bar(picture.bar, shown[0])]


def _bar(bar: Bar, width: float) -> Flow:
    ends = [[_paragraph(bar.low, _CAPTION), _paragraph(bar.high, _RIGHT)]]
    return [
        Image(BytesIO(bar.png), width, 2 * mm, hAlign="LEFT"),
        Grid(ends, [width / 2] * 2, style=_NO_LINES, hAlign="LEFT"),
    ]


def _title(text: str) -> Flow:
    return [_paragraph(text, _SMALL_HEADING)] if text else []


def _paragraph(text: str, style: Any) -> Any:
    """Text as it is read: the only way of words into ReportLab's markup."""
    return Paragraph(escape(_shown(text)).replace("\n", "<br/>"), style)


def _shown(text: str) -> str:
    known = _characters()
    return "".join(c if c == "\n" or ord(c) in known else UNKNOWN for c in plain(text))


@lru_cache(maxsize=1)
def _characters() -> frozenset[int]:
    """What the fonts can show."""
    _ready()
    return frozenset.intersection(
        *(frozenset(pdfmetrics.getFont(name).face.charToGlyph) for name in (FONT, BOLD))
    )


def _cut(text: str, font: str, size: float, width: float) -> str:
    """One line of text, cut where it would be too wide."""
    line = " ".join(text.split())
    while line and pdfmetrics.stringWidth(line, font, size) > width:
        line = line[:-2].rstrip("…") + "…" if len(line) > 2 else ""
    return line
