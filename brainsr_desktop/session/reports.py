"""What the controller tells the window besides pictures: notices, jobs; and what it is asked: an export."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from brainsr_desktop.core.recipe import Precision
from brainsr_desktop.core.series import StackInfo
from brainsr_desktop.io.messages import ExportOptions

Level = Literal["info", "warning", "error"]
JobState = Literal["waiting", "running", "paused", "stopping", "done", "cancelled", "failed"]


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the user should know: what happened to which file, and what to do.

    ``detail`` is the technical text behind Details. ``label`` and ``action`` are a button and what it does; ``more``
    are further ones.
    """

    level: Level
    text: str
    advice: str = ""
    detail: str = ""
    label: str = ""
    action: Callable[[], None] | None = None
    more: tuple[tuple[str, Callable[[], None]], ...] = ()


@dataclass(frozen=True, slots=True)
class JobView:
    """A job as the list shows it. ``total`` 0: not known; ``seconds_left`` None: not known.

    ``keeps_window``: closing the window while it runs asks first (a series, an export; not a scan).
    """

    id: int
    title: str
    done: int
    total: int
    state: JobState
    seconds_left: float | None = None
    can_cancel: bool = True
    keeps_window: bool = False
    can_pause: bool = False


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """Frames of one stack to be made with the recipe in view and written; ``options.picture`` says what of them.

    ``indices``: volume * slices + slice. ``precision`` takes the place of the recipe's: what is written is exact unless
    the user says otherwise for this very export.
    """

    stack: StackInfo
    indices: tuple[int, ...]
    options: ExportOptions
    precision: Precision = "exact"
