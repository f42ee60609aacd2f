"""Every setting there is as a table: page, words, what can be chosen. The dialog is made from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from brainsr_desktop.app.plain_text import shown
from brainsr_desktop.language import LANGUAGES, mark, tr
from brainsr_desktop.models.catalog import Catalog

Options = Sequence[tuple[str, object]]


@dataclass(frozen=True, slots=True)
class Limits:
    """A number's range. ``zero`` is the word for 0; ``digits`` after the point."""

    low: float
    high: float
    step: float
    unit: str = ""
    zero: str = ""
    digits: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """One setting: section and field of `Settings`, words, and what can be chosen.

    ``options`` for a list, ``limits`` for a number, ``hint`` for a text, none of them for a switch. Words are wrapped
    in ``mark``; those of ``options`` are translated already, for they may be names.
    """

    section: str
    field: str
    words: str
    options: Options = ()
    limits: Limits | None = None
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """The settings of one page below a sentence."""

    title: str
    rows: tuple[Row, ...]
    note: str = ""


KEYS: Final = mark("Keys")


def pages(catalog: Catalog) -> tuple[Page, ...]:
    """All pages but that of the keys."""
    return (_general(), _viewing(), _networks(catalog), _grouping(), _export(), _privacy())


def _general() -> Page:
    themes = ((tr("As the system"), "system"), (tr("Light"), "light"), (tr("Dark"), "dark"),
              (tr("High contrast"), "contrast"))  # fmt: skip
    languages = ((tr("As the system"), "system"), *((name, code) for code, name in LANGUAGES.items()))
    return Page(
        mark("General"),
        (
            Row("general", "theme", mark("Theme"), themes),
            Row("general", "language", mark("Language (from the next start)"), languages),
            Row("general", "text_percent", mark("Text size"), limits=Limits(80, 200, 10, "%")),
            Row("general", "remember_recent", mark("Remember recent folders")),
            Row("general", "single_instance", mark("Open further folders in the window that runs")),
        ),
    )


def _viewing() -> Page:
    return Page(
        mark("Viewing"),
        (
            Row("viewing", "interpolation", mark("Original on the screen"),
                ((tr("True pixels"), "nearest"), (tr("Linear"), "linear"), (tr("Cubic"), "cubic"))),
            Row("viewing", "overlays", mark("Text on the images"),
                ((tr("All"), "all"), (tr("Few"), "few"), (tr("None"), "none"))),
            Row("viewing", "convention", mark("On the left of the screen"),
                ((tr("The patient's right (radiological)"), "radiological"),
                 (tr("The patient's left (neurological)"), "neurological"))),
            Row("viewing", "wheel", mark("Wheel towards you"),
                ((tr("Next slice"), "down_next"), (tr("Previous slice"), "up_next"))),
            Row("viewing", "drag_up", mark("Dragging up"),
                ((tr("Brighter"), "brighter"), (tr("Darker"), "darker"))),
            Row("viewing", "drag_speed", mark("Speed of dragging"), limits=Limits(25, 400, 25, "%")),
            Row("viewing", "remember_windows", mark("Remember grey windows")),
        ),
    )  # fmt: skip


def _networks(catalog: Catalog) -> Page:
    models = [(shown(tr(card.title)), card.name) for card in catalog.cards]
    automatic = tr("Automatic")
    return Page(
        mark("Networks"),
        (
            Row("networks", "model", mark("Model"), models),
            Row("networks", "scale", mark("Scale"), (("x2", 2), ("x4", 4))),
            Row("networks", "fast_preview", mark("Fast preview first")),
            Row("networks", "device", mark("Device"), ((automatic, "auto"), (tr("CPU"), "cpu"))),
            Row("networks", "precision", mark("Precision"), ((tr("Exact"), "exact"), (tr("Fast"), "fast"))),
            Row("networks", "tile", mark("Side of a tile"), limits=Limits(0, 1024, 64, "px", automatic)),
            Row("networks", "threads", mark("Threads of the CPU (from the next start)"),
                limits=Limits(0, 256, 1, "", automatic)),
            Row("networks", "library", mark("Library for the CPU (from the next start)"),
                ((automatic, ""), ("OpenVINO", "openvino"), ("torch", "torch"))),
            Row("networks", "store_mib", mark("Memory for results (from the next start)"),
                limits=Limits(0, 65536, 256, "MiB", automatic)),
            Row("networks", "disk_store_mib", mark("Results kept on disk for the next start"),
                limits=Limits(0, 262144, 1024, "MiB", tr("None"))),
        ),
    )  # fmt: skip


def _grouping() -> Page:
    return Page(
        mark("Grouping"),
        (
            Row("grouping", "angle_deg", mark("Angle within a series"), limits=Limits(0.1, 10, 0.1, "°", "", 1)),
            Row("grouping", "spacing_percent", mark("Difference of pixel sizes"),
                limits=Limits(0.1, 10, 0.1, "%", "", 1)),
            Row("grouping", "echo_ms", mark("Difference of echo times"),
                limits=Limits(0.01, 10, 0.05, "ms", "", 2)),
            Row("grouping", "uneven_percent", mark("Steps that are called even"),
                limits=Limits(1, 50, 1, "%", "", 0)),
        ),
        mark("Images whose headers differ by more are not put into one series. Changes are in force from the next "
             "start."),
    )  # fmt: skip


def _export() -> Page:
    return Page(
        mark("Export"),
        (
            Row("export", "name_pattern", mark("Name of the folder"), hint="{number}_{description}_SRx{scale}"),
            Row("export", "clash", mark("If it is there"),
                ((tr("Skip or go on"), "skip"), (tr("Write it with a number"), "number"),
                 (tr("Overwrite"), "overwrite"))),
            Row("export", "transfer_syntax", mark("DICOM pixels"),
                ((tr("Uncompressed"), "explicit"), (tr("JPEG 2000, lossless"), "j2k"),
                 (tr("RLE, lossless"), "rle"))),
            Row("export", "anonymise", mark("Remove patient data")),
            Row("export", "for_figures", mark("Leave the notice out of 8-bit pictures")),
        ),
        mark("What the export dialog begins with; it keeps the last choices."),
    )  # fmt: skip


def _privacy() -> Page:
    return Page(
        mark("Privacy"),
        (Row("privacy", "hide_at_start", mark("Hide patient data at the start")),),
        mark(
            "This program uses no network: nothing leaves the computer, and no file that you open is changed."
        ),
    )
