"""A report as one HTML page with everything inside it: it loads nothing, and nothing in it can run."""

from __future__ import annotations

import base64
import html
from collections.abc import Iterable
from typing import Final

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

WIDEST_PX: Final = 512
"""Width of the pictures of a group of several."""
STYLE: Final = (
    "body{font:15px/1.5 system-ui,sans-serif;margin:0;background:#fff;color:#1b1f24}"
    "main{max-width:1100px;margin:0 auto;padding:16px}h1{font-size:22px;overflow-wrap:anywhere}"
    "h2{font-size:18px;margin:30px 0 8px;border-bottom:1px solid #c3c9d0}h3{font-size:15px;margin:18px 0 6px}"
    "p{white-space:pre-line;overflow-wrap:anywhere}"
    ".notice{border:2px solid #8a4b00;color:#8a4b00;padding:8px 12px;font-weight:600}"
    ".wide{overflow-x:auto}table{border-collapse:collapse;margin:6px 0}"
    "td,th{border:1px solid #c3c9d0;padding:3px 8px;text-align:left;vertical-align:top;overflow-wrap:anywhere}"
    "th{background:#f1f3f5}td.n{text-align:right;white-space:nowrap}.facts th{min-width:9em}"
    "figure{display:inline-block;margin:0 8px 8px 0;vertical-align:top;max-width:100%}"
    "figcaption{font-size:13px}img{display:block;max-width:100%;image-rendering:pixelated;background:#000}"
    ".bar img{height:10px;width:100%;margin-top:4px}.bar span{display:flex;justify-content:space-between;"
    "font-size:12px}"
    "svg{max-width:100%;height:auto;display:block}section{break-inside:auto}footer{font-size:13px;color:#5a5f66}"
)
POLICY: Final = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def render(report: Report) -> bytes:
    """The page in UTF-8: the same bytes for the same report, always."""
    title = _text(report.title)
    head = (
        f'<!doctype html>\n<html lang="{_text(report.language)}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{title}</title><style>{STYLE}</style></head>\n<body><main><h1>{title}</h1>\n"
        f'<p class="notice">{_text(report.notice)}</p>\n'
    )
    body = "".join(_section(section) for section in report.sections)
    end = f"<footer><p>{_text(report.footer)}</p></footer></main></body></html>\n"
    return (head + body + end).encode("utf-8", "replace")


def _section(section: Section) -> str:
    blocks = "".join(_block(block) for block in section.blocks)
    return f"<section><h2>{_text(section.heading)}</h2>\n{blocks}</section>\n"


def _block(block: Block) -> str:
    match block:
        case Words():
            return f"<p>{_text(block.text)}</p>\n"
        case Facts():
            return _facts(block)
        case Table():
            return _table(block)
        case Pictures():
            return _pictures(block)
        case Curves():
            return _curves(block)


def _facts(block: Facts) -> str:
    rows = "".join(
        f'<tr><th scope="row">{_text(name)}</th><td>{_text(text)}</td></tr>' for name, text in block.rows
    )
    return f'<table class="facts">{rows}</table>\n'


def _table(block: Table) -> str:
    right = block.to_the_right()
    heads = "".join(f'<th scope="col">{_text(head)}</th>' for head in block.heads)
    rows = "".join(f"<tr>{''.join(map(_cell, row, right))}</tr>" for row in block.rows)
    return f'{_title(block.title)}<div class="wide"><table><tr>{heads}</tr>{rows}</table></div>\n'


def _cell(text: str, right: bool) -> str:
    return f'<td class="n">{_text(text)}</td>' if right else f"<td>{_text(text)}</td>"


def _pictures(block: Pictures) -> str:
    widest = max((picture.columns for picture in block.pictures), default=0)
    width = min(widest, WIDEST_PX) if len(block.pictures) > 1 else widest
    shown = "".join(_figure(picture, width, block.title) for picture in block.pictures)
    note = f"<p>{_text(block.note)}</p>" if block.note else ""
    return f"{_title(block.title)}{shown}{note}\n"


def _figure(picture: Picture, width: int, group: str) -> str:
    alternative = _text(": ".join(filter(None, (group, picture.title))))
    bar = "" if picture.bar is None else _bar(picture.bar)
    return (
        f'<figure style="width:{width}px"><img width="{width}" alt="{alternative}" '
        f'src="{_data(picture.png)}"><figcaption>{_text(picture.title)}</figcaption>{bar}</figure>'
    )


def _bar(bar: Bar) -> str:
    ends = f"<span><span>{_text(bar.low)}</span><span>{_text(bar.high)}</span></span>"
    return f'<div class="bar"><img alt="" src="{_data(bar.png)}">{ends}</div>'


def _curves(block: Curves) -> str:
    marks = "".join(_mark(mark) for mark in report_plot.drawn(block))
    width, height = report_plot.WIDTH, report_plot.HEIGHT
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" width="{1.5 * width:g}" role="img" '
        f'aria-label="{_text(block.title)}" font-family="sans-serif" font-size="{report_plot.TEXT:g}">'
        f"{marks}</svg>\n"
    )


def _mark(mark: report_plot.Mark) -> str:
    match mark:
        case report_plot.Stroke():
            points = " ".join(f"{x:.2f},{y:.2f}" for x, y in mark.points)
            dashes = f' stroke-dasharray="{_numbers(mark.dashes)}"' if mark.dashes else ""
            return (
                f'<polyline points="{points}" fill="none" stroke="{mark.colour}" '
                f'stroke-width="{mark.width:g}"{dashes}/>'
            )
        case report_plot.Dot():
            x, y = mark.centre
            return f'<circle cx="{x:.2f}" cy="{y:.2f}" r="2" fill="{mark.colour}"/>'
        case report_plot.Label():
            x, y = mark.place
            weight = ' font-weight="bold"' if mark.bold else ""
            return (
                f'<text x="{x:.2f}" y="{y:.2f}" text-anchor="{mark.anchor}" '
                f'fill="{report_plot.INK}"{weight}>{_text(mark.text)}</text>'
            )


def _numbers(values: Iterable[float]) -> str:
    return " ".join(f"{value:g}" for value in values)


def _title(text: str) -> str:
    return f"<h3>{_text(text)}</h3>" if text else ""


def _data(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"


def _text(text: str) -> str:
    """Text as it is read: the only way of words into the page."""
    return html.escape(plain(text), quote=True)
