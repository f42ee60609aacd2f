"""Whether a network may run over a stack, and what its card says of it."""

from __future__ import annotations

from typing import Final

from brainsr_desktop.io.records import Picture
from brainsr_desktop.io.volumes import parameter_map, unsuitable
from brainsr_desktop.language import tr

MINIMUM_SIDE_PX: Final = 16
_SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
_PROJECTIONS = ("PROJECTION IMAGE", "MIN_IP", "MIP", "MINIP", "MAX_IP", "VOLUME RENDERING", "RENDERED")
_SCREENS = ("SCREEN SAVE", "SCREEN CAPTURE", "CSA REPORT", "REPORT")


def why_not(picture: Picture) -> str | None:
    """The reason why a stack of such pictures is for viewing only; None where it can be enhanced."""
    file = picture.file
    checks = (
        (file.modality != "MR", tr("not an MR image")),
        (file.samples != 1 or file.photometric == "PALETTE COLOR", tr("colour image")),
        (file.bits_allocated == 1 or file.bits_stored == 1, tr("only 1 bit a pixel")),
        (picture.whole_mosaic, tr("a mosaic that could not be taken apart")),
        (file.sop_class.startswith(_SECONDARY_CAPTURE) or _any(picture, _SCREENS), tr("screen capture")),
        (_any(picture, _PROJECTIONS), "projection"),
        (min(picture.rows, picture.columns) < MINIMUM_SIDE_PX, tr("fewer than 16 x 16 pixels")),
        (file.fault is not None, tr("unclear pixel values: {fault}", fault=file.fault)),
    )
    return next((reason for holds, reason in checks if holds), None)


def badges_of(picture: Picture, volumes: int, split_reason: str) -> tuple[str, ...]:
    """Short words for the card, most important first."""
    file = picture.file
    badges = (
        (file.by_ai, "AI-made"),
        (file.modality != "MR", file.modality or "no modality"),
        (_is_localizer(picture, split_reason), "localizer"),
        (_any(picture, _PROJECTIONS), "projection"),
        (picture.component in ("phase", "real", "imaginary") and volumes == 1, picture.component),
        (bool(parameter_map(picture.image_type)), "map"),
        ("DERIVED" in picture.image_type[:1] and unsuitable(picture) is None, "derived"),
        (file.samples != 1, "colour"),
        (picture.whole_mosaic, "mosaic"),
        (not file.series_uid or not file.sop_uid, "no UID"),
        (volumes > 1, f"{volumes} volumes"),
    )
    return tuple(badge for holds, badge in badges if holds)


def _any(picture: Picture, words: tuple[str, ...]) -> bool:
    return any(word in value for value in picture.image_type[2:] for word in words)


def _is_localizer(picture: Picture, split_reason: str) -> bool:
    told = "LOCALIZER" in picture.image_type or split_reason.startswith("localizer")
    return told or "LOCALIZER" in picture.file.description.upper()
