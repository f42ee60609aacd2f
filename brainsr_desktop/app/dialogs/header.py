"""Series details: all header fields of one frame, with search and copy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from PySide6.QtWidgets import QWidget

from brainsr_desktop.app.dialogs.table import TableDialog
from brainsr_desktop.app.plain_text import HIDDEN, shown
from brainsr_desktop.app.series_card import facts, notes, title, viewing_only
from brainsr_desktop.core.errors import Problem
from brainsr_desktop.core.series import StackInfo
from brainsr_desktop.language import tr

Row = tuple[str, str, str, str]
"""Tag, keyword, VR, value."""

PERSONAL_VRS: Final = frozenset({"PN", "DA", "DT", "AS"})
PERSONAL_KEYWORDS: Final = frozenset(
    {
        "AccessionNumber",
        "DeviceSerialNumber",
        "InstitutionAddress",
        "InstitutionName",
        "InstitutionalDepartmentName",
        "PerformedProcedureStepID",
        "RequestedProcedureID",
        "ScheduledProcedureStepID",
        "StationName",
        "StudyID",
    }
)
PERSONAL_WORDS: Final = ("Patient", "Physician", "Operator", "Institution", "Date", "Comments", "Address")


def is_personal(row: Row) -> bool:
    """Whether a field may tell who the patient is. Private fields may hold anything, so they count."""
    tag, keyword, vr, _ = row
    digits = "".join(c for c in tag.split(",")[0] if c in "0123456789abcdefABCDEF")[-4:]
    private = bool(digits) and int(digits, 16) % 2 == 1
    return (
        private
        or digits == "0010"
        or vr in PERSONAL_VRS
        or keyword in PERSONAL_KEYWORDS
        or any(word in keyword for word in PERSONAL_WORDS)
    )


def without_patient(rows: Iterable[Row]) -> list[Row]:
    """The rows with every personal value replaced."""
    return [(*row[:3], tr(HIDDEN)) if is_personal(row) else row for row in rows]


class HeaderDialog(TableDialog):
    """The details of one series. The rows come later, when the files process has read them."""

    def __init__(
        self, stack: StackInfo, *, hidden: bool, parent: QWidget | None = None, about: Problem | None = None
    ) -> None:
        """``about``: why a file gave no series; its words stand where those of the series would."""
        super().__init__(
            tr("Series details"), (tr("Tag"), tr("Keyword"), tr("VR"), tr("Value")), (110, 240, 50), parent
        )
        self.stack = stack
        self._about = about
        self._hidden = hidden
        self._rows: list[Row] = []
        self._loading = True
        self._describe()

    def set_rows(self, rows: Sequence[Row]) -> None:
        """Show the header."""
        self._rows = list(rows)
        self._loading = False
        self._draw()

    def set_hidden(self, hidden: bool) -> None:
        """Show or hide personal values."""
        self._hidden = hidden
        self._draw()

    def _draw(self) -> None:
        self.content.table.set_rows(without_patient(self._rows) if self._hidden else self._rows)
        self._describe()

    def _describe(self) -> None:
        stack = self.stack
        if self._about is None:
            lines = [title(stack), facts(stack)]
            lines += [words for words in (notes(stack), viewing_only(stack)) if words]
        else:
            lines = [shown(words) for words in (self._about.path, self._about.reason) if not self._hidden]
        maker = shown(" ".join(part for part in (stack.vendor, stack.model) if part))
        lines += [maker] if maker else []
        if self._loading:
            lines.append(tr("Reading the header..."))
        if self._hidden:
            lines.append(tr("Patient data are hidden. Text burned into pixels is not."))
        self.set_words("\n".join(lines))
