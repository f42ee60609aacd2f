"""What the series browser asks for, carried out: enhance several, split, merge, close; and what it is told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QObject, Signal

from brainsr_desktop.app.controller import Controller
from brainsr_desktop.app.series_arranger import SeriesArranger
from brainsr_desktop.app.series_browser import SeriesBrowser
from brainsr_desktop.app.series_words import reason_words
from brainsr_desktop.app.store import Store
from brainsr_desktop.core.errors import Problem
from brainsr_desktop.core.series import StackInfo
from brainsr_desktop.language import tr, trn
from brainsr_desktop.session.reports import Notice
from brainsr_desktop.session.state import ViewState

SPACING: Final = frozenset({"GAP", "UNEVEN", "OVERLAP", "TILTED"})
"""Problems of how slices lie: told when the series is opened, and a badge for good."""
OTHER_OBJECT: Final = "NO_IMAGE"
PARTS_NAMED: Final = 4


class SeriesCommands(QObject):
    """Stands between the browser and those who know how."""

    noticed = Signal(object)  # Notice
    said = Signal(str)  # a line for the status bar

    def __init__(
        self,
        store: Store,
        controller: Controller,
        browser: SeriesBrowser,
        arranger: SeriesArranger,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._controller = controller
        self._browser = browser
        self._arranger = arranger
        self._told: set[str] = set()
        browser.possible_for = arranger.possible
        arranger.found.connect(browser.add)
        arranger.replaced.connect(browser.replace)
        browser.enhance_asked.connect(controller.enhance_stacks)
        browser.split_asked.connect(arranger.split)
        browser.merge_asked.connect(arranger.merge)
        browser.close_patient_asked.connect(self.close)
        controller.closed.connect(self._told.clear)
        controller.close_asked.connect(lambda stack: self.close((stack,)))
        store.changed.connect(self._on_changed)

    def show_problems(self, problems: Sequence[Problem]) -> None:
        """List other objects than images among what was left out."""
        self._browser.set_others([problem for problem in problems if problem.code == OTHER_OBJECT])

    def close(self, stacks: tuple[StackInfo, ...]) -> None:
        """Close these series; another one is shown in place of the one in view."""
        self._controller.close_stacks(stacks)
        self._arranger.forget(stacks)
        self._browser.remove(stacks)
        self._told -= {stack.id for stack in stacks}
        left = self._browser.stacks()
        if self._store.state.stack is None and left:
            self._controller.open_stack(left[0])
        elif not left:
            self._controller.close_all()

    def _on_changed(self, before: ViewState, after: ViewState) -> None:
        if (before.stack, before.test_mode) != (after.stack, after.test_mode):
            self._browser.set_degraded(after.stack if after.test_mode else None)
        if after.stack is not None and after.stack is not before.stack:
            self._tell(after.stack, hidden=after.hide_patient)

    def _tell(self, stack: StackInfo, *, hidden: bool) -> None:
        """Say once what is particular about a series: that it was split, how its slices lie."""
        if stack.id in self._told:
            return
        parts = self._arranger.parts(stack) or (stack,)
        self._told |= {stack.id}
        if len(parts) > 1 and not self._told & {part.id for part in parts if part is not stack}:
            self._tell_parts(stack, parts)
        for problem in stack.problems:
            if problem.code in SPACING:
                words = tr("The slices of this series do not lie evenly.") if hidden else problem.reason
                self.noticed.emit(Notice("warning", words, problem.done))

    def _tell_parts(self, stack: StackInfo, parts: Sequence[StackInfo]) -> None:
        if "." in stack.id:
            return  # the user knows: it was split by hand
        names = [reason_words(part.split_reason) for part in parts[:PARTS_NAMED]]
        listed = ", ".join([*names, "..."] if len(parts) > PARTS_NAMED else names)
        text = trn(
            "The series is shown in {count} part: {parts}.",
            "The series is shown in {count} parts: {parts}.",
            len(parts),
            parts=listed,
        )
        can_merge = not self._arranger.possible(stack).why_not_merge
        merge = (lambda: self._arranger.merge(stack)) if can_merge else None
        self.noticed.emit(Notice("info", text, label=tr("Merge"), action=merge))
