"""What an export would be: which frames, which formats and why not the others, how large, what name. No widgets."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from brainsr_desktop.core.errors import UsageError
from brainsr_desktop.core.series import StackInfo, StudyInfo
from brainsr_desktop.io import export_names
from brainsr_desktop.io.export_plan import plan, possible_formats
from brainsr_desktop.io.messages import ExportFormat, ExportOptions, ExportPicture, ModelNote, OpenExport
from brainsr_desktop.ipc.messages import JobId
from brainsr_desktop.language import mark, tr
from brainsr_desktop.models.card import Card
from brainsr_desktop.session.exporting import picture_note, picture_plan
from brainsr_desktop.session.pictures import stack_name
from brainsr_desktop.session.state import ViewState

FORMATS: Final[tuple[tuple[ExportFormat, str], ...]] = (
    ("dicom", mark("DICOM series")),
    ("nifti", mark("NIfTI (.nii.gz)")),
    ("png", mark("PNG, 16 bit, the values")),
    ("png8", mark("PNG, 8 bit, as seen under the grey window")),
    ("tiff", mark("TIFF stack, 16 bit")),
    ("gif", mark("Movie (GIF)")),
    ("csv", mark("Table of figures (CSV)")),
    ("report", mark("Report (HTML and PDF with pictures, and its data as JSON)")),
)
BYTES_PER_PIXEL: Final[dict[ExportFormat, float]] = {
    "dicom": 2.0,
    "nifti": 1.2,
    "png": 1.4,
    "png8": 0.5,
    "tiff": 2.0,
    "gif": 0.05,
    "csv": 0.0,
    "report": 0.3,
}
"""Typical sizes; head slices compress to about two thirds."""
J2K_PART: Final = 1 / 6
RLE_PART: Final = 0.4


@dataclass(frozen=True, slots=True)
class Selection:
    """Frames of a stack: slices ``first`` to ``last`` (from 0, both ends in), or of these only ``chosen``.

    ``volume`` None: of every volume.
    """

    stack: StackInfo
    first: int
    last: int
    volume: int | None = None
    chosen: tuple[int, ...] | None = None

    @property
    def indices(self) -> tuple[int, ...]:
        """Frame indices (volume * slices + slice); volumes that no network may take are left out."""
        volumes = range(self.stack.volumes) if self.volume is None else (self.volume,)
        slices = range(self.first, self.last + 1) if self.chosen is None else self.chosen
        return tuple(
            volume * self.stack.slices + place
            for volume in volumes
            if self.stack.volume_unsuitable[volume] is None
            for place in slices
        )


def whole(stack: StackInfo) -> Selection:
    """All of a stack."""
    return Selection(stack, 0, stack.slices - 1)


def marked(stack: StackInfo, marks: Collection[tuple[str, int]]) -> Selection:
    """The slices of a stack that the user marked."""
    name = stack_name(stack)
    slices = tuple(sorted(place for owner, place in marks if owner == name and place < stack.slices))
    return Selection(stack, 0, stack.slices - 1, chosen=slices)


def usual_picture(state: ViewState) -> ExportPicture:
    """What is exported unless the user chooses: what the enhanced pane shows."""
    return "test" if state.test_mode else "enhanced"


def factor_of(picture: ExportPicture, state: ViewState) -> float:
    """How many times larger the written matrix is than the source's."""
    scale, reduction = state.recipe.scale, state.degradation.reduction
    return {
        "enhanced": float(scale),
        "difference": float(scale),
        "original": 1.0,
        "degraded": 1 / reduction,
        "test": scale / reduction,
    }[picture]


def obstacles(
    selection: Selection,
    state: ViewState,
    card: Card | None,
    *,
    anonymise: bool,
    picture: ExportPicture | None = None,
) -> dict[ExportFormat, str]:
    """Why a format is not possible, by format; those that are possible are not named."""
    stack, picture = selection.stack, picture or usual_picture(state)
    everything = tuple(name for name, _ in FORMATS)
    if stack.why_not is not None:
        return dict.fromkeys(everything, tr("viewing only: {reason}", reason=stack.why_not))
    made = picture_plan(picture, state.recipe, state.degradation)
    note = ModelNote(made.recipe.model, "", card.grid if card is not None else "half_pixel")
    request = OpenExport(
        job=JobId(0),
        stack=stack,
        stack_digest="",
        indices=selection.indices,
        geometry=made.geometry(stack),
        recipe=made.recipe,
        model=picture_note(made) or note,
        options=ExportOptions("", formats=everything, anonymise=anonymise, picture=picture),
    )
    frames, _ = plan(stack, selection.indices)
    if not frames:
        return dict.fromkeys(everything, tr("no slice of it can be enhanced"))
    _, problems = possible_formats(request, frames)
    found: dict[ExportFormat, str] = {}
    for name in everything:
        reason = next((p.reason for p in problems if p.reason.startswith(f"{name}: ")), None)
        if reason is not None:
            found[name] = reason.removeprefix(f"{name}: ")
    return found


def size_bytes(
    selections: Sequence[Selection], factor: float, formats: Sequence[ExportFormat], transfer_syntax: str
) -> int:
    """About how much would be written; ``factor`` as `factor_of` gives it."""
    pixels = sum(
        len(s.indices) * s.stack.geometry.rows * s.stack.geometry.columns * factor**2 for s in selections
    )
    parts = dict(BYTES_PER_PIXEL)
    parts["dicom"] *= {"j2k": J2K_PART, "rle": RLE_PART}.get(transfer_syntax, 1.0)
    return round(sum(pixels * parts[name] for name in formats))


def folder_name(
    stack: StackInfo,
    study: StudyInfo | None,
    state: ViewState,
    options: ExportOptions,
    taken: tuple[int, ...] = (),
) -> str:
    """The folder that the files process will choose, but for a number behind it where that is taken.

    Raises:
        UsageError: the pattern asks for a field that does not exist.
    """
    made = picture_plan(options.picture, state.recipe, state.degradation)
    facts = export_names.NameFacts(
        export_names.series_number(stack.series_number, made.recipe.scale, taken),
        made.recipe.model,
        made.recipe.scale,
        options.picture,
        *(() if study is None else (study.patient_name, study.patient_id, study.study_date)),
    )
    hidden = options.hide_patient or options.anonymise
    return export_names.target_name(
        stack, options.name_pattern, facts, hidden=hidden, anonymise=options.anonymise
    )


def pattern_fault(pattern: str) -> str:
    """What is wrong with a name pattern; empty where nothing is."""
    try:
        export_names.pattern_name(pattern, dict.fromkeys(export_names.PATTERN_FIELDS, "x"))
    except UsageError as error:
        return f"{error.message} {error.advice}".strip()
    return ""


def seconds_of(text: str) -> float | None:
    """The time for one slice that the label of a finished picture tells ("Network ... - CPU, 1.8 s")."""
    found = re.search(r"(\d+(?:\.\d+)?) s\b", text)
    return float(found.group(1)) if found else None


def device_of(text: str) -> str:
    """The device that the label of a finished picture names; empty where it names none."""
    found = re.search(r" - ([^,]+), \d+(?:\.\d+)? s\b", text)
    return found.group(1) if found else ""
