"""Has the questions about the right picture answered beside the GUI thread, and keeps the last answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, Generic, Protocol, TypeVar

import numpy as np
from PySide6.QtCore import QObject, Signal

from brainsr_desktop.app.background import Newest
from brainsr_desktop.core.series import StackInfo
from brainsr_desktop.language import tr
from brainsr_desktop.session import comparison, panes, trust, trust_labels
from brainsr_desktop.session.panes import Known, Pane
from brainsr_desktop.session.state import ViewState
from brainsr_desktop.session.trust import Agreed, Checked, Floats, Question, Spread

KEPT: Final = 8
"""Slices that are looked at again at once."""


class _Answer(Protocol):
    @property
    def question(self) -> Question: ...


Answer = TypeVar("Answer", bound=_Answer)


class _Answers(Generic[Answer]):
    """Answers of one kind: the last few, one being worked out, one waiting."""

    def __init__(
        self, work: Callable[[Question, Answer | None], Answer], done: Callable[[], None], owner: QObject
    ) -> None:
        self._work, self._done = work, done
        self._kept: list[Answer] = []
        self._asked: Question | None = None
        self._slot = Newest(owner)

    def of(self, question: Question) -> Answer | None:
        """The answer; None while it is worked out."""
        found = next((each for each in self._kept if each.question.same_as(question)), None)
        if found is None and (self._asked is None or not self._asked.same_as(question)):
            self._asked = question
            near = next((each for each in self._kept if each.question.same_pictures(question)), None)
            self._slot.ask(partial(self._work, question, near), self._take)
        return found

    def forget(self) -> None:
        """Let go of every picture."""
        self._kept, self._asked = [], None

    def _take(self, answer: Answer) -> None:
        if self._asked is None or not self._asked.same_as(answer.question):
            return  # nobody asks for it any more
        self._asked = None
        others = [each for each in self._kept if not each.question.same_pictures(answer.question)]
        self._kept = [answer, *others][:KEPT]
        self._done()


class TrustDesk(QObject):
    """Told at every change of panes. What it says belongs to the right picture of that moment."""

    changed = Signal()  # `checked`, `spread` or `question` is another one
    original_changed = Signal(object, object)  # StackInfo, Picture: the first slice of a stack that is there
    made = Signal()  # something that was waited for is there: time to draw

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.question: Question | None = None
        self.checked: Checked | None = None
        """How the right picture stands to its input, once that is worked out."""
        self.spread = Spread()
        """How stable it is, where that is asked for."""
        self._stack: StackInfo | None = None
        self._is_new = False
        """No slice of the stack was there yet."""
        self._middle: tuple[Floats, float] | None = None
        self._checks = _Answers[Checked](lambda question, _near: trust.check(question), self.made.emit, self)
        self._agreements = _Answers[Agreed](trust.agree, self.made.emit, self)

    def look(self, state: ViewState, known: Known, right: Pane) -> None:
        """Take the right pane as it is now, and ask what is to be known about its picture."""
        if state.stack is not self._stack:
            self._stack, self._middle, self._is_new = state.stack, None, True
            self._checks.forget()
            self._agreements.forget()
        original = panes.original_picture(state, known) if self._is_new else None
        if original is not None:
            self._is_new = False
            self.original_changed.emit(state.stack, original)
        before: Sequence[object] = self.checked, self.spread, self.question is None
        self.question = trust.question_of(state, known, right)
        self.checked = None if self.question is None else self._checks.of(self.question)
        self.spread = trust.spread_of(state, known, self._middle_of)
        if before != (self.checked, self.spread, self.question is None):
            self.changed.emit()

    def _middle_of(self, spread: Floats) -> float:
        """The mean of a map, worked out once: the panes are drawn often."""
        if self._middle is None or self._middle[0] is not spread:
            self._middle = spread, float(np.nan_to_num(spread).mean(dtype=np.float64))
        return self._middle[1]

    def pane(self, state: ViewState, known: Known, right: Pane, span: float | None) -> Pane:
        """What the right pane draws in a mode of trust; ``span``: value in units at the upper end of the colours."""
        if right.status.state in comparison.SHOWN_AS_IT_IS:
            return right
        if state.mode == "stability":
            return trust.stability_pane(state, known, right, span)
        if state.mode == "consistency":
            return trust.consistency_pane(right, self.checked, span)
        if not state.test_mode:
            return Pane(None, trust_labels.refused("agreement", tr("only test mode has a reference")))
        question = self.question
        agreed = None if question is None or question.truth is None else self._agreements.of(question)
        return trust.agreement_pane(right, agreed)
