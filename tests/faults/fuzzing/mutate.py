"""Damage with sense: the same random numbers do the same to the same seed.

Bytes are damaged anywhere; files with a structure also where it hurts: lengths, types, counts, markers,
nesting, values.
"""

from __future__ import annotations

import gzip
import io
import json
import random
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final

ODD_NUMBERS: Final = (
    0,
    1,
    2,
    7,
    0x7F,
    0x80,
    0xFF,
    0x100,
    0x7FFF,
    0x8000,
    0xFFFE,
    0xFFFF,
    0x10000,
    0x7FFFFFF0,
    0x7FFFFFFF,
    0x80000000,
    0xFFFFFFFE,
    0xFFFFFFFF,
)
ODD_TEXTS: Final = (
    b"",
    b" ",
    b"nan",
    b"-inf",
    b"1e999",
    b"1,5",
    b"0",
    b"-1",
    b"99999999999999999999",
    b"1\\2\\3",
    b"\\",
    b"\x1b$B\x1b(B\x1b)I",
    b"\x00\x00",
    b"../../x",
    b"<img src=file:///x>",
    b"=cmd|x",
    "\u202eabc".encode(),
    b"\xff\xfe\xfd",
    b"20210230",
    b"999999.9999999",
    b"A" * 300,
)
ODD_VALUES: Final[tuple[Any, ...]] = (
    None,
    True,
    -1,
    0,
    10**400,
    1e308,
    float("nan"),
    float("inf"),
    "",
    "x" * 5000,
    "../..",
    [],
    {},
    [[[]]],
    {"a": {"b": []}},
    "\x00",
    "1",
)
VRS: Final = (
    b"AE AS AT CS DA DS DT FD FL IS LO LT OB OD OF OW PN SH SL SQ SS ST TM UC UI UL UN US UT XX \0\0".split(
        b" "
    )
)
MOST_BYTES: Final = 4 << 20

Bytes = bytes
Change = Callable[[bytes, random.Random], bytes]


def mutated(kind: str, content: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    """One damaged version of a seed; ``others`` are seeds of its kind, to take pieces from."""
    changes = _CHANGES.get(kind, (anywhere,))
    for _ in range(rng.choice((1, 1, 1, 2, 3, 6))):
        if others and rng.random() < 0.04:
            content = spliced(content, rng.choice(others), rng)
        else:
            content = rng.choice(changes)(content, rng)
    return content[:MOST_BYTES]


def anywhere(content: bytes, rng: random.Random) -> bytes:
    """Bits, bytes, numbers, cuts, gaps and repetitions at any place."""
    if not content:
        return bytes(rng.randrange(256) for _ in range(rng.randrange(200)))
    data = bytearray(content)
    at = rng.randrange(len(data))
    match rng.randrange(9):
        case 0:
            data[at] ^= 1 << rng.randrange(8)
        case 1:
            data[at] = rng.choice((0, 1, 0x7F, 0x80, 0xFE, 0xFF, rng.randrange(256)))
        case 2 | 3:
            number, size = rng.choice(ODD_NUMBERS), rng.choice((2, 4, 4, 8))
            data[at : at + size] = (number & (1 << 8 * size) - 1).to_bytes(
                size, rng.choice(("little", "big"))
            )
        case 4:
            del data[at:]
        case 5:
            del data[at : at + rng.choice((1, 2, 4, 16, 200))]
        case 6:
            piece = data[at : at + rng.choice((1, 4, 64, 500))]
            data[at:at] = piece * rng.choice((1, 2, 50))
        case 7:
            data[at : at + rng.randrange(1, 64)] = rng.randbytes(rng.randrange(1, 64))
        case _:
            size = rng.choice((2, 8, 64))
            data[at : at + size] = rng.choice((b"\0", b"\xff")) * size
    return bytes(data)


def spliced(content: bytes, other: bytes, rng: random.Random) -> bytes:
    """The beginning of one with the end of another."""
    return content[: rng.randrange(len(content) + 1)] + other[rng.randrange(len(other) + 1) :]


# DICOM


def elements(content: bytes) -> list[tuple[int, int, int]]:
    """Offset of the element, of its value, and length, of explicit little endian data, items of sequences included."""
    found: list[tuple[int, int, int]] = []
    at = 132 if content[128:132] == b"DICM" else 0
    while at + 8 <= len(content) and len(found) < 4000:
        group = struct.unpack_from("<H", content, at)[0]
        vr = content[at + 4 : at + 6]
        if group == 0xFFFE:
            value, length = at + 8, 0
        elif vr in (b"OB", b"OW", b"OF", b"SQ", b"UN", b"UT", b"OD", b"UC", b"UR", b"OL"):
            if at + 12 > len(content):
                break
            value, length = at + 12, struct.unpack_from("<I", content, at + 8)[0]
            if vr == b"SQ" or length == 0xFFFFFFFF:
                found.append((at, value, 0))
                at = value
                continue
        elif vr.isalpha() and vr.isupper():
            value, length = at + 8, struct.unpack_from("<H", content, at + 6)[0]
        else:
            value, length = at + 8, struct.unpack_from("<I", content, at + 4)[0]
        found.append((at, value, min(length, len(content) - value)))
        at = value + length
    return found


def in_an_element(content: bytes, rng: random.Random) -> bytes:
    """An element's length, type or value, or the whole element."""
    known = elements(content)
    if not known:
        return anywhere(content, rng)
    at, value, length = rng.choice(known)
    end = value + length
    match rng.randrange(9):
        case 0:
            size = value - at - (8 if value - at == 12 else 6)
            number = rng.choice((*ODD_NUMBERS, length + 1, max(length - 1, 0)))
            where = value - size
            return content[:where] + (number & (1 << 8 * size) - 1).to_bytes(size, "little") + content[value:]
        case 1:
            return content[: at + 4] + rng.choice(VRS).ljust(2, b"\0")[:2] + content[at + 6 :]
        case 2:
            return content[:at] + content[end:]
        case 3:
            return content[:end] + content[at:end] * rng.choice((1, 3, 40)) + content[end:]
        case 4 | 5:
            return _with_value(content, at, value, end, rng.choice(ODD_TEXTS))
        case 6:
            number = rng.choice(ODD_NUMBERS)
            return _with_value(content, at, value, end, struct.pack("<I", number)[: rng.choice((2, 4))])
        case 7:
            return content[:at] + nested(rng) + content[at:]
        case _:
            tag = struct.pack(
                "<HH",
                rng.choice((2, 8, 0x10, 0x18, 0x20, 0x28, 0x5200, 0x7FE0, 0xFFFE)),
                rng.randrange(0x200),
            )
            return content[:at] + tag + content[at + 4 :]


def _with_value(content: bytes, at: int, value: int, end: int, new: bytes) -> bytes:
    new += b" " * (len(new) % 2)
    head = content[at:value]
    if len(head) == 12:
        head = head[:8] + struct.pack("<I", len(new))
    elif head[4:6].isalpha():
        head = head[:6] + struct.pack("<H", len(new))
    else:
        head = head[:4] + struct.pack("<I", len(new))
    return content[:at] + head + new + content[end:]


def nested(rng: random.Random) -> bytes:
    """Sequences within sequences, closed or not."""
    deep = rng.choice((1, 3, 30, 90, 600))
    opening = struct.pack("<HH2sHI", 0x0008, 0x1140, b"SQ", 0, 0xFFFFFFFF) + struct.pack(
        "<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF
    )
    closing = struct.pack("<HHI", 0xFFFE, 0xE00D, 0) + struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
    return opening * deep + closing * rng.choice((deep, deep, deep - 1, 0))


def in_the_picture(content: bytes, rng: random.Random) -> bytes:
    """Only inside the pixel data: fragments, their lengths, and what the decoders read."""
    start = content.rfind(b"\xe0\x7f\x10\x00")
    if start < 0:
        return anywhere(content, rng)
    head, value = content[: start + 12], content[start + 12 :]
    items = [at for at in range(len(value) - 8) if value[at : at + 4] == b"\xfe\xff\x00\xe0"]
    match rng.randrange(10):
        case 0 if items:
            at = rng.choice(items) + 4
            value = value[:at] + struct.pack("<I", rng.choice(ODD_NUMBERS)) + value[at + 4 :]
        case 1 if items:
            at = rng.choice(items)
            value = value[:at] + b"\xfe\xff\x00\xe0" + struct.pack("<I", 0) + value[at:]
        case 2 | 3:
            value = _at_a_marker(value, rng)
        case 4:
            value = value.replace(b"\xfe\xff\xdd\xe0", b"", 1)
        case _:
            value = anywhere(value, rng)
    return head + value


def _at_a_marker(value: bytes, rng: random.Random) -> bytes:
    """Just behind a marker of a JPEG or JPEG 2000 codestream: its length, its sizes, its tables."""
    markers = [at for at in range(len(value) - 12) if value[at] == 0xFF and value[at + 1] not in (0, 0xFF)]
    if not markers:
        return anywhere(value, rng)
    at = rng.choice(markers[:40]) + 2 + rng.randrange(10)
    size = rng.choice((1, 2))
    number = rng.choice(ODD_NUMBERS) & (1 << 8 * size) - 1
    return value[:at] + number.to_bytes(size, "big") + value[at + size :]


# Packed files


def inside_gzip(content: bytes, rng: random.Random) -> bytes:
    """What is packed is damaged, and packed again."""
    try:
        inner = gzip.decompress(content)
    except (OSError, EOFError, zlib.error):
        return anywhere(content, rng)
    return gzip.compress(anywhere(inner, rng), 1)


def inside_zip(content: bytes, rng: random.Random) -> bytes:
    """One entry is damaged or gets another name."""
    packed = io.BytesIO()
    try:
        with (
            zipfile.ZipFile(io.BytesIO(content)) as old,
            zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new,
        ):
            chosen = rng.randrange(max(1, len(old.namelist())))
            for number, entry in enumerate(old.namelist()):
                name, inner = entry, old.read(entry)
                if number == chosen:
                    name = rng.choice((name, name, name, "../" + name, "/etc/" + name, name * 30, ""))
                    inner = anywhere(inner, rng)
                with suppress(UserWarning):
                    new.writestr(name or "x", inner)
    except (
        zipfile.BadZipFile,
        OSError,
        EOFError,
        zlib.error,
        RuntimeError,
        NotImplementedError,
        ValueError,
        struct.error,
    ):
        return anywhere(content, rng)
    return packed.getvalue()


def in_the_head(content: bytes, rng: random.Random) -> bytes:
    """In the first 400 bytes, where headers of fixed places lie."""
    return anywhere(content[:400], rng).ljust(min(400, len(content)), b"\0")[:400] + content[400:]


# Text files


def in_json(content: bytes, rng: random.Random) -> bytes:
    """One value, anywhere in the tree, of one line or the whole."""
    lines = content.split(b"\n") if content.startswith(b'{"') and b"\n{" in content else [content]
    chosen = rng.randrange(len(lines))
    try:
        tree = json.loads(lines[chosen])
    except (ValueError, RecursionError):
        return anywhere(content, rng)
    with suppress(RecursionError):
        lines[chosen] = json.dumps(_changed(tree, rng)).encode()
    return b"\n".join(lines)


def _changed(tree: Any, rng: random.Random) -> Any:
    if isinstance(tree, dict) and tree and rng.random() < 0.9:
        name = rng.choice(sorted(tree))
        if rng.random() < 0.1:
            return {key: value for key, value in tree.items() if key != name}
        return {**tree, name: _changed(tree[name], rng)}
    if isinstance(tree, list) and tree and rng.random() < 0.9:
        at = rng.randrange(len(tree))
        if rng.random() < 0.1:
            return tree[:at] + tree[at : at + 1] * 3 + tree[at:]
        return [*tree[:at], _changed(tree[at], rng), *tree[at + 1 :]]
    if rng.random() < 0.05:
        for _ in range(rng.choice((20, 40, 700))):
            tree = [tree]
        return tree
    return rng.choice(ODD_VALUES)


def in_toml(content: bytes, rng: random.Random) -> bytes:
    """One line: its value, its name, or twice."""
    lines = content.split(b"\n")
    at = rng.randrange(len(lines))
    name, equals, value = lines[at].partition(b"=")
    odd = (
        b"-1",
        b"0",
        b"nan",
        b"inf",
        b"1" * 400,
        b'""',
        b'"' + b"x" * 3000 + b'"',
        b"[]",
        b"[[1], {}]",
        b"{}",
        b"true",
        b'"../../x"',
        b"1979-05-27",
        b"'''",
        b"[" * 700,
    )
    match rng.randrange(5):
        case 0 | 1 | 2 if equals:
            lines[at] = name + b"= " + rng.choice(odd)
        case 3:
            lines.insert(at, lines[at])
        case 4 if lines[at].startswith(b"["):
            lines[at] = rng.choice((b"[[" + lines[at].strip(b"[]") + b"]]", b"[a.b.c]", b"["))
        case _:
            lines[at] = anywhere(value or lines[at], rng)
    return b"\n".join(lines)


def in_safetensors(content: bytes, rng: random.Random) -> bytes:
    """The length of the header, or a value in it."""
    length = int.from_bytes(content[:8], "little")
    if rng.random() < 0.3:
        return rng.choice((*ODD_NUMBERS, 1 << 60, length + 1)).to_bytes(8, "little") + content[8:]
    header = in_json(content[8 : 8 + length], rng)
    return len(header).to_bytes(8, "little") + header + content[8 + length :]


_PACKED: Final = (anywhere, inside_zip, inside_gzip)
_CHANGES: Final[dict[str, Sequence[Change]]] = {
    "dicom": (anywhere, in_an_element, in_an_element, in_an_element),
    "codestream": (in_the_picture, in_the_picture, in_the_picture, in_an_element),
    "nifti": (anywhere, in_the_head, in_the_head, inside_gzip),
    "mat": (anywhere, in_the_head),
    "numpy": (anywhere, in_the_head, inside_zip),
    "archive": _PACKED,
    "dicomdir": (anywhere, in_an_element),
    "settings": (anywhere, in_toml, in_toml),
    "card": (anywhere, in_toml, in_toml, in_toml),
    "weights": (anywhere, in_safetensors, in_safetensors),
    **dict.fromkeys(
        ("journal", "report", "arrangement", "measurements", "windows", "runs"), (anywhere, in_json, in_json)
    ),
}
