"""b-value and direction of classic files: the standard's attributes, then what each maker writes instead."""

from __future__ import annotations

from typing import Final

from brainsr_desktop.io.header import Header


def b_value_of(header: Header) -> float | None:
    standard = header.number("DiffusionBValue")
    if standard is not None:
        return standard
    for group, creator, element, representation in _PRIVATE_B:
        tag = header.private_tag(group, creator, element)
        values = header.numbers(tag, private_vr=representation) if tag else ()
        if values:
            return values[0] % 1_000_000_000
    return None


_PRIVATE_B: Final = (
    (0x0019, "SIEMENS MR HEADER", 0x0C, "IS"),
    (0x0043, "GEMS_PARM_01", 0x39, "IS"),
    (0x0065, "Image Private Header", 0x09, "FD"),
    (0x2001, "Philips Imaging DD 001", 0x03, "FL"),
)


def gradient_of(header: Header) -> tuple[float, float, float] | None:
    values = header.numbers("DiffusionGradientOrientation", 3)
    if not values:
        item = header.first_item("DiffusionGradientDirectionSequence")
        values = item.numbers("DiffusionGradientOrientation", 3) if item else ()
    for group, creator, element in (
        (0x0019, "SIEMENS MR HEADER", 0x0E),
        (0x0065, "Image Private Header", 0x37),
    ):
        tag = header.private_tag(group, creator, element)
        if not values and tag:
            values = header.numbers(tag, 3, private_vr="FD")
    for group, creator, first, representation in (
        (0x0019, "GEMS_ACQU_01", 0xBB, "DS"),
        (0x2005, "Philips MR Imaging DD 001", 0xB0, "FL"),
    ):
        if not values and header.private_tag(group, creator, first):
            tags = [header.private_tag(group, creator, first + axis) or 0 for axis in range(3)]
            parts = [header.numbers(tag, private_vr=representation)[:1] for tag in tags if tag]
            values = tuple(number for part in parts for number in part)
    return (values[0], values[1], values[2]) if len(values) == 3 and any(values) else None
