"""Every element of a file's header as text, for the details dialog."""

from __future__ import annotations

from pydicom.dataset import Dataset

from brainsr_desktop.core.errors import ReadError
from brainsr_desktop.core.series import FrameInfo
from brainsr_desktop.io import sources
from brainsr_desktop.io.dicom_file import DAMAGE, BadDicom, open_dicom, quiet
from brainsr_desktop.io.header import Header, keyword
from brainsr_desktop.io.text import clean, path_text
from brainsr_desktop.language import tr


def header_rows(frame: FrameInfo) -> tuple[tuple[str, str, str, str], ...]:
    """All elements of a frame's file as (tag, keyword, VR, value text), in order; long values are cut."""
    try:
        stream = sources.open_content(frame.path, frame.member)
        with quiet(), open_dicom(stream) as opened:
            rows = _rows(opened.dataset, "")
    except (BadDicom, OSError) as error:
        raise ReadError(
            tr("The header of {name} cannot be read.", name=path_text(frame.path)), path=frame.path
        ) from error
    return tuple(rows)


def _rows(dataset: Dataset, indent: str, depth: int = 0) -> list[tuple[str, str, str, str]]:
    header = Header(dataset)
    rows: list[tuple[str, str, str, str]] = []
    for tag in sorted(dataset.keys()):
        name = keyword(int(tag)) if not tag.is_private else ""
        label = f"{indent}({tag.group:04X},{tag.elem:04X})"
        try:
            raw = dataset.get_item(tag)
        except DAMAGE:
            rows.append((label, name, "", tr("(cannot be read)")))
            continue
        representation = str(raw.VR or "")
        try:
            items = (
                list(header.items(int(tag))) if representation == "SQ" or name.endswith("Sequence") else []
            )
        except DAMAGE:
            items = []
        if items:
            rows.append((label, name, "SQ", f"{len(items)} items"))
            if depth < 8:
                for number, item in enumerate(items[:200], start=1):
                    rows.append((f"{indent}  item {number}", "", "", ""))
                    rows.extend(_rows(item.dataset, indent + "    ", depth + 1))
            continue
        rows.append((label, name, representation, _value_text(header, int(tag), representation, raw.value)))
    return rows


def _value_text(header: Header, tag: int, representation: str, value: object) -> str:
    if value is None:
        return ""
    if (
        representation in {"OB", "OW", "OF", "OD", "UN"}
        and isinstance(value, bytes)
        and not value[:64].isascii()
    ):
        return f"({len(value)} bytes)"
    if isinstance(value, bytes) and representation in {"US", "SS", "UL", "SL", "FL", "FD", "UV", "SV"}:
        return clean("\\".join(f"{number:g}" for number in header.numbers(tag)[:64]))
    return header.text(tag, name=representation == "PN")
