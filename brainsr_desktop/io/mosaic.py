"""Pictures that hold many slices as tiles: Siemens mosaics and the grids of United Imaging.

Tile k lies at row k // g, column k % g of the grid with g tiles a row. Its place in the patient comes from the maker's
private header; without that the picture is shown whole and no network runs over it.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from brainsr_desktop.core.errors import Problem
from brainsr_desktop.core.geometry import Vec3
from brainsr_desktop.io.dicom_read import plane_of
from brainsr_desktop.io.header import Header
from brainsr_desktop.io.records import Picture, Plane
from brainsr_desktop.language import tr

TILE_LIMIT: Final = 1024
_CSA_TAG: Final = struct.Struct("<64si4siii")
_CSA_ITEM: Final = struct.Struct("<4i")
_CSA_COUNT_LIMIT: Final = 1000


@dataclass(frozen=True, slots=True)
class Tiles:
    """How a tiled picture is taken apart: size of a tile in pixels, and the position (mm, LPS) of each tile."""

    rows: int
    columns: int
    positions_mm: tuple[Vec3, ...]


def tiles_of(picture: Picture, header: Header) -> list[Picture]:
    """The tiles of a picture as pictures of their own; the picture itself if it is not tiled.

    A tiled picture that cannot be taken apart comes back whole, with a mark.
    """
    is_siemens = "MOSAIC" in picture.image_type
    if not is_siemens and "VFRAME" not in picture.image_type:
        return [picture]
    tiles = siemens_tiles(picture, header) if is_siemens else uih_tiles(picture, header)
    if tiles is None:
        reason = tr("It is a mosaic, and its header does not say how to take it apart.")
        mark = Problem(picture.file.shown, "MOSAIC", reason, tr("Shown as one picture, not enhanced."))
        return [replace(picture, plane=None, whole_mosaic=True, marks=(*picture.marks, mark))]
    directions = _directions(picture, header)
    return [
        replace(
            picture,
            tile=number,
            rows=tiles.rows,
            columns=tiles.columns,
            plane=Plane(position, *directions) if directions else None,
        )
        for number, position in enumerate(tiles.positions_mm)
    ]


def cut_tile(whole: NDArray[Any], tile: int, rows: int, columns: int) -> NDArray[Any]:
    """Tile number ``tile`` of a picture (rows, columns[, samples]), a view. Raises ValueError if it is outside."""
    across = whole.shape[1] // columns if columns else 0
    if not across or (tile // across + 1) * rows > whole.shape[0]:
        raise ValueError(
            f"tile {tile} of {rows} x {columns} is not inside {whole.shape[0]} x {whole.shape[1]}"
        )
    top, left = tile // across * rows, tile % across * columns
    return whole[top : top + rows, left : left + columns]


def siemens_tiles(picture: Picture, header: Header) -> Tiles | None:
    """Layout of a Siemens mosaic from its CSA header; None where that does not fit.

    The stored position is that of a picture as large as the whole mosaic around the slice's centre; the first tile's
    is half the difference further in. The direction of the stack is CSA's SliceNormalVector, not rows x columns: on
    sagittal series they are opposite.
    """
    values = csa_values(_csa_data(header))
    count = _first_number(values.get("NumberOfImagesInMosaic", ()))
    normal = [_number(text) for text in values.get("SliceNormalVector", ())[:3]]
    step = header.number("SpacingBetweenSlices") or header.number("SliceThickness")
    plane, spacing = picture.plane, picture.spacing_mm
    if count is None or len(normal) != 3 or None in normal or not step or plane is None or spacing is None:
        return None
    across = math.ceil(math.sqrt(count))
    if not 0 < count <= TILE_LIMIT or picture.rows % across or picture.columns % across:
        return None
    rows, columns = picture.rows // across, picture.columns // across
    first = (
        np.asarray(plane.position)
        + np.asarray(plane.row_direction) * spacing[1] * (picture.columns - columns) / 2
        + np.asarray(plane.column_direction) * spacing[0] * (picture.rows - rows) / 2
    )
    direction = np.asarray(normal, float)
    if abs(float(np.linalg.norm(direction)) - 1) > 1e-2:
        return None
    return Tiles(
        rows, columns, tuple(_vec(first + number * step * direction) for number in range(int(count)))
    )


def uih_tiles(picture: Picture, header: Header) -> Tiles | None:
    """Layout of a United Imaging grid: one item of (0065,xx51) for each tile, with its position."""
    sequence = header.private_tag(0x0065, "Image Private Header", 0x51)
    items = list(header.items(sequence)) if sequence else []
    positions = [item.numbers("ImagePositionPatient", 3) for item in items[: TILE_LIMIT + 1]]
    if not positions or len(positions) > TILE_LIMIT or any(len(position) != 3 for position in positions):
        return None
    across = math.ceil(math.sqrt(len(positions)))
    down = math.ceil(len(positions) / across)
    if picture.rows % down or picture.columns % across:
        return None
    places = tuple(_vec(np.asarray(position)) for position in positions)
    return Tiles(picture.rows // down, picture.columns // across, places)


def _directions(picture: Picture, header: Header) -> tuple[Vec3, Vec3] | None:
    if picture.plane is not None:
        return picture.plane.row_direction, picture.plane.column_direction
    # a grid file has an orientation but no position of its own
    plane = plane_of((0.0, 0.0, 0.0), header.numbers("ImageOrientationPatient", 6), header)
    return (plane.row_direction, plane.column_direction) if plane else None


def _csa_data(header: Header) -> bytes:
    tag = header.private_tag(0x0029, "SIEMENS CSA HEADER", 0x10)
    return header.data(tag) if tag else b""


def csa_values(data: bytes) -> dict[str, tuple[str, ...]]:
    """The values of a Siemens CSA header (both versions) as text; empty where it is absent or damaged.

    Version 2 begins with ``SV10``; then the number of tags, 77, and for each tag name, multiplicity, representation,
    number of items and the items, each behind four lengths and padded to four bytes. Every length is checked.
    """
    version_2 = data.startswith(b"SV10")
    position = 8 if version_2 else 0
    found: dict[str, tuple[str, ...]] = {}
    if len(data) < position + 8:
        return found
    count = struct.unpack_from("<I", data, position)[0]
    position += 8
    first_items = 0
    for number in range(min(count, _CSA_COUNT_LIMIT)):
        if position + _CSA_TAG.size > len(data):
            return {}
        raw_name, _, _, _, items, _ = _CSA_TAG.unpack_from(data, position)
        position += _CSA_TAG.size
        if not 0 <= items <= _CSA_COUNT_LIMIT:
            return {}
        first_items = items if number == 0 else first_items
        values, position = _csa_items(data, position, items, None if version_2 else first_items)
        if position < 0:
            return {}
        found[raw_name.partition(b"\0")[0].decode("latin-1")] = values
    return found


def _csa_items(
    data: bytes, position: int, items: int, version_1_offset: int | None
) -> tuple[tuple[str, ...], int]:
    values = []
    for _ in range(items):
        if position + _CSA_ITEM.size > len(data):
            return (), -1
        lengths = _CSA_ITEM.unpack_from(data, position)
        position += _CSA_ITEM.size
        length = lengths[1] if version_1_offset is None else lengths[0] - version_1_offset
        if length < 0 or position + length > len(data):
            return (), -1
        text = data[position : position + length].partition(b"\0")[0].decode("latin-1").strip()
        if text:
            values.append(text)
        position += (length + 3) // 4 * 4
    return tuple(values), position


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _first_number(values: Sequence[str]) -> int | None:
    value = _number(values[0]) if values else None
    return int(value) if value is not None and value == int(value) else None


def _vec(values: NDArray[np.float64]) -> Vec3:
    return float(values[0]), float(values[1]), float(values[2])
