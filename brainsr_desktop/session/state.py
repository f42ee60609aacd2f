"""ViewState: everything that decides what is on screen, as one immutable value."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final, Literal

from brainsr_desktop.core.degrade import Degradation
from brainsr_desktop.core.recipe import Recipe
from brainsr_desktop.core.series import StackInfo
from brainsr_desktop.language import tr
from brainsr_desktop.session.arranging import Arrangement
from brainsr_desktop.session.compare import CURRENT, INPUT, Comparing, Mode, Source
from brainsr_desktop.session.measurements import Measurement, Measuring

Tool = Literal["window", "pan", "zoom", "scroll", "distance", "profile", "ellipse", "rectangle"]
ColourMap = Literal["grey", "cividis", "viridis"]
Overlays = Literal["all", "few", "none"]
ScreenInterpolation = Literal["nearest", "linear", "cubic"]
SCREEN_INTERPOLATIONS: Final[tuple[ScreenInterpolation, ...]] = ("nearest", "linear", "cubic")
"""How the screen enlarges an original."""
Convention = Literal["radiological", "neurological"]
CineWay = Literal["loop", "to_and_fro"]
CineOver = Literal["slices", "volumes"]


@dataclass(frozen=True, slots=True)
class WindowLevel:
    """Grey window: centre and width in units (stored value after rescale or modality LUT).

    ``curve``: greys 0..255 for equal parts of it, black and white beyond replaced by the first and the last; empty
    where the greys are a straight line. Dragging a window makes it straight.
    """

    center: float
    width: float
    curve: bytes = b""

    @property
    def low(self) -> float:
        """Value shown black."""
        return self.center - self.width / 2

    @property
    def high(self) -> float:
        """Value shown white."""
        return self.center + self.width / 2


@dataclass(frozen=True, slots=True)
class RectMm:
    """Visible rectangle in the slice's plane, mm. Origin: outer top left corner of the slice as stored;
    x along the row direction, y along the column direction."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Cine:
    """How slices are played. ``rate``: pictures per second that the user chose, 0 for the header's; ``back``: a
    to-and-fro is on its way back."""

    playing: bool = False
    rate: float = 0.0
    way: CineWay = "loop"
    over: CineOver = "slices"
    back: bool = False


@dataclass(frozen=True, slots=True)
class ViewState:
    """One value for the whole window. Widgets compare the fields they draw; nothing else remembers anything.

    ``rect_mm`` None means: fit. ``window`` None means: automatic, not known yet. ``recipe.degradation`` stays None; in
    test mode ``active_recipe`` adds ``degradation``.
    """

    stack: StackInfo | None = None
    slice_index: int = 0
    volume: int = 0
    scroll_direction: int = 1
    reverse_order: bool = False
    """Scrolling goes from the last slice to the first; slices keep their numbers."""
    cine: Cine = field(default_factory=Cine)
    marks: frozenset[tuple[str, int]] = frozenset()
    """Marked slices: stack (see `pictures.stack_name`) and slice index."""
    arrangements: tuple[Arrangement, ...] = ()
    """Series that the user split or merged, now or in an earlier session."""
    rect_mm: RectMm | None = None
    convention: Convention = "radiological"
    """Which side of the patient is on the left of the screen: the right one, or (neurological) the left one."""
    flip_h: bool = False
    flip_v: bool = False
    window: WindowLevel | None = None
    inverted: bool = False
    colour_map: ColourMap = "grey"
    """In which colours both panes show the grey values."""
    window_per_slice: bool = False
    """Each slice gets a window of its own; ``series_window`` is the one that comes back afterwards."""
    series_window: WindowLevel | None = None
    measuring: Measuring = field(default_factory=Measuring)
    """Measurements of the stack in view."""
    shelved_measurements: tuple[tuple[str, tuple[Measurement, ...]], ...] = ()
    """Measurements of the other open stacks, by the name that `stack_name` gives them."""
    tool: Tool = "window"
    overlays: Overlays = "all"
    show_masks: bool = True
    """Draw the outline of the mask that a file brings; never while ``overlays`` is "none"."""
    show_original: bool = False
    """Space: the enhanced pane shows the original, labelled so."""
    left: Source = INPUT
    """What the list above the left pane names."""
    right: Source = CURRENT
    left_before_test: Source = INPUT
    """What the left pane showed before test mode, and will show after it."""
    mode: Mode = "side"
    compare: Comparing = field(default_factory=Comparing)
    interpolation: ScreenInterpolation = "nearest"
    """How the screen enlarges the original pane."""
    recipe: Recipe = field(default_factory=lambda: Recipe("brainsr-x4", 4))
    network_on: bool = True
    doubts: frozenset[tuple[str, str]] = frozenset()
    """Stack (see `pictures.stack_name`) and model that was not trained for it."""
    run_anyway: frozenset[tuple[str, str]] = frozenset()
    """Those of them that the user wants to run all the same."""
    fast_model: str | None = None
    """Model of the fast preview stage; None: no fast stage."""
    test_mode: bool = False
    degradation: Degradation = field(default_factory=lambda: Degradation(reduction=4))
    hide_patient: bool = False

    @property
    def active_recipe(self) -> Recipe:
        """The recipe that makes the enhanced picture now."""
        return replace(self.recipe, degradation=self.degradation if self.test_mode else None)

    @property
    def show_reference(self) -> bool:
        """Whether the left pane shows the truth of test mode, labelled so."""
        return self.test_mode and self.left.kind == "reference"

    @property
    def frame_index(self) -> int:
        """Index of the slice in view inside the stack's block."""
        return 0 if self.stack is None else self.volume * self.stack.slices + self.slice_index

    @property
    def why_not(self) -> str | None:
        """Why no network may run on what is in view; None when it may."""
        if self.stack is None:
            return tr("nothing is open")
        return self.stack.why_not or self.stack.volume_unsuitable[self.volume]
