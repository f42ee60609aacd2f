"""To which series a DICOM file belongs, from its first bytes: a series can be shown before all files are read."""

from __future__ import annotations

import struct
from typing import Final

PEEK_BYTES: Final = 1 << 14
_STUDY: Final = 0x0020000D
_SERIES: Final = 0x0020000E
_LONG_FORM: Final = frozenset(
    (b"OB", b"OD", b"OF", b"OL", b"OW", b"OV", b"SQ", b"UN", b"UT", b"UC", b"UR", b"SV", b"UV")
)


def series_key(head: bytes) -> tuple[str, str] | None:
    """Study and series instance UID, if both lie within ``head`` and the way there is plain; else None.

    Understands little endian, explicit and implicit. A mere hint: whoever gets None reads the whole header.
    """
    position = 132 if head[128:132] == b"DICM" else 0
    study = ""
    while position + 12 <= len(head):
        group, element, vr, short = struct.unpack_from("<HH2sH", head, position)
        tag = group << 16 | element
        if tag > _SERIES:
            return None
        if vr in _LONG_FORM:
            length, value = struct.unpack_from("<I", head, position + 8)[0], position + 12
        elif vr.isalpha() and vr.isupper():
            length, value = short, position + 8
        else:
            length, value = struct.unpack_from("<I", head, position + 4)[0], position + 8
        if length == 0xFFFFFFFF:
            end = head.find(struct.pack("<HHI", 0xFFFE, 0xE0DD, 0), value)
            if end < 0:
                return None
            # a nested sequence may end first; then the next tag is out of order and the hint is given up
            position = end + 8
            if position + 4 <= len(head) and struct.unpack_from("<H", head, position)[0] == 0xFFFE:
                return None
            continue
        position = value + length
        if tag in (_STUDY, _SERIES) and position <= len(head) and length <= 64:
            text = head[value:position].decode("ascii", "replace").strip(" \0")
            if tag == _SERIES:
                return (study, text) if study and text else None
            study = text
    return None
