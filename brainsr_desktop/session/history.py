"""Undo and redo: what each step changed, not whole states, so that what happened meanwhile stays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final

from brainsr_desktop.session.state import ViewState

STEPS_KEPT: Final = 100
OF_ONE_STACK: Final = frozenset({"rect_mm", "flip_h", "flip_v", "window", "inverted", "measuring", "window_per_slice",
                           "series_window"})  # fmt: skip
"""What belongs to the stack it was set for: not brought back when another one is open."""


@dataclass(frozen=True, slots=True)
class _Step:
    """``values``: what the changed fields were on the other side of the step."""

    name: str
    gesture: object
    stack: str
    values: Mapping[str, Any]


class History:
    """At most 100 steps back. Only the fields that a step changed are brought back; slice and stack stay."""

    def __init__(self) -> None:
        self._done: list[_Step] = []
        self._undone: list[_Step] = []

    @property
    def undo_name(self) -> str:
        """Name of the step that undo would take back, for the menu; empty when there is none."""
        return self._done[-1].name if self._done else ""

    @property
    def redo_name(self) -> str:
        """Name of the step that redo would do again; empty when there is none."""
        return self._undone[-1].name if self._undone else ""

    def record(self, before: ViewState, after: ViewState, name: str, gesture: object = None) -> None:
        """Keep what a step changed. Steps in a row with the same ``gesture`` (not None) are one."""
        self._undone.clear()
        changed = {
            field.name: getattr(before, field.name)
            for field in fields(before)
            if getattr(before, field.name) != getattr(after, field.name)
        }
        last = self._done[-1] if self._done else None
        if gesture is not None and last is not None and last.gesture == gesture:
            self._done[-1] = replace(last, values={**changed, **last.values})
        else:
            step = _Step(name, gesture, _stack_of(before), changed)
            self._done = [*self._done, step][-STEPS_KEPT:]

    def undo(self, current: ViewState) -> tuple[ViewState, str] | None:
        """The state before the last step and the step's name; None when there is none."""
        return _move(self._done, self._undone, current)

    def redo(self, current: ViewState) -> tuple[ViewState, str] | None:
        """The state after the step that was undone last, and its name; None when there is none."""
        return _move(self._undone, self._done, current)


def _move(source: list[_Step], target: list[_Step], current: ViewState) -> tuple[ViewState, str] | None:
    while source:
        step = source.pop()
        same_stack = step.stack == _stack_of(current)
        values = {
            name: value for name, value in step.values.items() if same_stack or name not in OF_ONE_STACK
        }
        restored = replace(current, **values)
        if restored == current:
            continue  # a step of another stack: nothing of it is left to take back
        target.append(_Step(step.name, None, step.stack, {name: getattr(current, name) for name in values}))
        return restored, step.name
    return None


def _stack_of(state: ViewState) -> str:
    return "" if state.stack is None else state.stack.digest + state.stack.id
