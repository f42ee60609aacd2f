"""A report as JSON and back, and the three files of a report: ``.json``, ``.html`` and ``.pdf``.

The pages are made from the JSON alone, so whoever has it can make them again, byte for byte.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any, Final, NoReturn, TypeVar, get_args

from PIL import Image, UnidentifiedImageError

from brainsr_desktop.core.errors import ReadError
from brainsr_desktop.io import report_html, report_pdf
from brainsr_desktop.io.report_model import (
    LONGEST_SIDE_PX,
    Bar,
    Block,
    Curves,
    Facts,
    Kind,
    Level,
    Line,
    Picture,
    Pictures,
    Report,
    Section,
    Table,
    Words,
)
from brainsr_desktop.language import tr

SCHEMA: Final = "brainsr-report/1"
LARGEST_FILE_BYTES: Final = 256 * 2**20
PNG_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
LONGEST_TEXT: Final = 100_000
LARGEST_NUMBER: Final = 1e15

Made = TypeVar("Made")


def files_of(report: Report) -> Iterator[tuple[str, bytes]]:
    """The files of a report, as (suffix, content): the JSON, and the two pages made from it."""
    content = encoded(report)
    yield ".json", content
    yield from pages_of(content)


def pages_of(content: bytes) -> Iterator[tuple[str, bytes]]:
    """The pages of a report from its JSON, as (suffix, content).

    Raises:
        ReadError: it is no report of this program.
    """
    report = decoded(content)
    yield ".html", report_html.render(report)
    yield ".pdf", report_pdf.render(report)


def write_files(report: Report, folder: Path, name: str = "report") -> list[Path]:
    """Write all three files into a folder that is there already; their paths.

    Raises:
        OSError: a file cannot be written.
    """
    paths = []
    for suffix, content in files_of(report):
        path = folder / f"{name}{suffix}"
        path.write_bytes(content)
        paths.append(path)
    return paths


def read_content(path: Path) -> bytes:
    """The JSON of a report from disk.

    Raises:
        ReadError: it cannot be read, or is larger than a report can be.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE_BYTES + 1)
    except OSError as error:
        raise ReadError(
            tr("{name} could not be read: {reason}.", name=path.name, reason=error.strerror), path=path
        ) from error
    if len(content) > LARGEST_FILE_BYTES:
        raise ReadError(tr("{name} is too large for a report.", name=path.name), path=path)
    return content


def encoded(report: Report) -> bytes:
    """The JSON of a report: ASCII, so that equal reports give equal files on every system."""
    content = {
        "schema": SCHEMA,
        "kind": report.kind,
        "language": report.language,
        "title": report.title,
        "notice": report.notice,
        "footer": report.footer,
        "sections": [
            {"heading": section.heading, "blocks": [_block(block) for block in section.blocks]}
            for section in report.sections
        ],
    }
    return json.dumps(content, indent=1, ensure_ascii=True, allow_nan=False).encode("ascii") + b"\n"


def decoded(content: bytes) -> Report:
    """A report from its JSON; nothing of it is trusted.

    Raises:
        ReadError: it is no report of this program.
    """
    try:
        table = json.loads(content, parse_constant=_refuse)
        return _Reader().report(table)
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise ReadError(
            tr("This file is no report of this program, or it is damaged."),
            advice=tr("Choose the .json file that was written beside a report."),
        ) from error


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number of JSON.")


def _block(block: Block) -> dict[str, Any]:
    match block:
        case Words():
            return {"words": block.text}
        case Facts():
            return {"facts": [list(row) for row in block.rows]}
        case Table():
            table = {"title": block.title, "heads": list(block.heads), "rows": [list(r) for r in block.rows]}
            return {"table": table}
        case Pictures():
            shown = [_picture(picture) for picture in block.pictures]
            return {"pictures": {"title": block.title, "note": block.note, "pictures": shown}}
        case Curves():
            return {"curves": _curves(block)}


def _picture(picture: Picture) -> dict[str, Any]:
    shown: dict[str, Any] = {"title": picture.title, "png": _text64(picture.png)}
    if picture.bar is not None:
        bar = picture.bar
        shown["bar"] = {"png": _text64(bar.png), "low": bar.low, "high": bar.high}
    return shown


def _curves(curves: Curves) -> dict[str, Any]:
    return {
        "title": curves.title,
        "x": curves.x_name,
        "y": curves.y_name,
        "lines": [{"name": line.name, "x": list(line.x), "y": list(line.y)} for line in curves.lines],
        "levels": [{"name": level.name, "value": level.value, "axis": level.axis} for level in curves.levels],
    }


def _text64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


class _Reader:
    """Takes a report out of JSON, one check at a time; what is wrong raises KeyError, TypeError or ValueError."""

    def report(self, table: Any) -> Report:
        if not isinstance(table, dict) or table["schema"] != SCHEMA or table["kind"] not in get_args(Kind):
            raise ValueError("another kind of file")
        return Report(
            table["kind"],
            _text(table["title"]),
            _text(table["notice"]),
            _text(table["footer"]),
            tuple(self.section(entry) for entry in _list(table["sections"])),
            _language(table["language"]),
        )

    def section(self, entry: Any) -> Section:
        return Section(_text(entry["heading"]), tuple(self.block(each) for each in _list(entry["blocks"])))

    def block(self, entry: Any) -> Block:
        ((kind, value),) = entry.items()
        readers: dict[str, Callable[[Any], Block]] = {
            "words": lambda value: Words(_text(value)),
            "facts": self.facts,
            "table": self.table,
            "pictures": self.pictures,
            "curves": self.curves,
        }
        return readers[kind](value)

    def facts(self, value: Any) -> Facts:
        rows = [_texts(row) for row in _list(value)]
        return Facts(tuple((name, text) for name, text in rows))

    def table(self, value: Any) -> Table:
        heads = _texts(value["heads"])
        rows = tuple(_texts(row) for row in _list(value["rows"]))
        if not heads or any(len(row) != len(heads) for row in rows):
            raise ValueError("rows of another length than the heads")
        return Table(heads, rows, _text(value["title"]))

    def pictures(self, value: Any) -> Pictures:
        pictures = tuple(self.picture(each) for each in _list(value["pictures"]))
        return Pictures(pictures, _text(value["title"]), _text(value["note"]))

    def picture(self, value: Any) -> Picture:
        png = _bytes64(value["png"])
        rows, columns = _size_of(png)
        bar = value.get("bar")
        return Picture(_text(value["title"]), png, rows, columns, None if bar is None else self.bar(bar))

    def bar(self, value: Any) -> Bar:
        png = _bytes64(value["png"])
        _size_of(png)
        return Bar(png, _text(value["low"]), _text(value["high"]))

    def curves(self, value: Any) -> Curves:
        lines = tuple(self.line(each) for each in _list(value["lines"]))
        levels = tuple(self.level(each) for each in _list(value["levels"]))
        return Curves(_text(value["title"]), _text(value["x"]), _text(value["y"]), lines, levels)

    def line(self, value: Any) -> Line:
        x = tuple(_number(each) for each in _list(value["x"]))
        y = tuple(None if each is None else _number(each) for each in _list(value["y"]))
        if len(x) != len(y):
            raise ValueError("a curve of points without a place")
        return Line(_text(value["name"]), x, y)

    def level(self, value: Any) -> Level:
        if value["axis"] not in ("x", "y"):
            raise ValueError("an unknown axis")
        return Level(_text(value["name"]), _number(value["value"]), value["axis"])


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_TEXT:
        raise TypeError("no text, or an endless one")
    return value


def _language(value: Any) -> str:
    if not _text(value).isalpha() or not value.isascii() or len(value) > 8:
        raise ValueError("no code of a language")
    return _text(value)


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError("no list")
    return value


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(_text(each) for each in _list(value))


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= LARGEST_NUMBER:
        raise TypeError("no number, or one that nothing measures")
    return float(value)


def _bytes64(value: Any) -> bytes:
    try:
        return base64.b64decode(_text64_of(value), validate=True)
    except binascii.Error as error:
        raise ValueError("no base64") from error


def _text64_of(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("no base64")
    return value


def _size_of(png: bytes) -> tuple[int, int]:
    """Rows and columns of a PNG that is one through and through, 8-bit grey or RGB."""
    if not png.startswith(PNG_SIGNATURE):
        raise ValueError("no PNG")
    try:
        with Image.open(BytesIO(png), formats=("PNG",)) as file:
            if file.mode not in ("L", "RGB") or max(file.size) > LONGEST_SIDE_PX:
                raise ValueError("a picture of another kind or size")
            file.load()
            return file.height, file.width
    except (OSError, SyntaxError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise ValueError("a damaged picture") from error
