"""How two pictures are compared: which ones, in which mode, with which settings of that mode. Plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Side = Literal["left", "right"]
Mode = Literal[
    "side", "wipe", "blink", "difference", "board", "single", "consistency", "stability", "agreement"
]
"""Side by side; one line with a picture on each side of it; in turn; a map of the change; fields; one pane; and maps
of what can be known about the right picture: does it keep the input, do eight views of it agree, does the reference
of test mode agree."""

MODES: Final[tuple[Mode, ...]] = (
    "side", "wipe", "blink", "difference", "board", "single", "consistency", "stability", "agreement"
)  # fmt: skip
MAPS: Final[frozenset[Mode]] = frozenset({"difference", "consistency", "stability", "agreement"})
"""A map stands in for the right picture."""
IN_ONE_PANE: Final[frozenset[Mode]] = frozenset({"wipe", "blink", "board", "single"})
FIELDS: Final = (4, 32)
"""Fewest and most fields of the checkerboard along the longer side of the pane."""
BLINKS: Final = (0.3, 5.0)
"""Slowest and fastest swaps per second."""
SAFE_BLINKS: Final = 3.0
"""Faster needs a warning (WCAG 2.2, 2.3.1)."""
LENS: Final = (2.0, 8.0)
"""Least and most enlargement of the loupe."""
RANGES: Final = (0.5, 50.0)
"""Narrowest and widest range of the maps in units, in percent of the series' grey window."""
AGREEMENTS: Final = (0.05, 0.95)
"""Lowest and highest limit of local agreement with the reference that can be chosen."""
PlaceKind = Literal["change", "disagreement"]
"""Where the right picture changed most; where it does not agree with the input."""


@dataclass(frozen=True, slots=True)
class Source:
    """What a pane shows.

    "input" is what a network gets: the original, in test mode the degraded slice. "reference" is the original beside
    it. "current" is the result of the model that is chosen, "model" that of another one; ``scale`` 0 follows the
    current model's.
    """

    kind: Literal["input", "reference", "current", "model"]
    model: str = ""
    scale: int = 0


INPUT: Final = Source("input")
REFERENCE: Final = Source("reference")
CURRENT: Final = Source("current")


@dataclass(frozen=True, slots=True)
class Comparing:
    """Settings of the modes, kept while another mode is on.

    ``line`` is where the wipe line stands, 0..1 of the pane from its left or upper edge; ``blinks`` per second, 0: by
    hand; ``range_percent`` of the series' grey window is full colour in the difference map.
    """

    line: float = 0.5
    level: bool = False
    """The wipe line lies level; the left list's picture is above it."""
    fields: int = 8
    blinks: float = 0.0
    paused: bool = False
    blink_side: Side = "right"
    """Which of both pictures is up while blinking."""
    range_percent: float = 5.0
    agreement_limit: float = 0.5
    """Less local agreement with the reference is outlined: not supported by it."""
    loupe: bool = False
    loupe_factor: float = 3.0
    alone: Side = "right"
    """The pane of the mode "single"."""
    before_alone: Mode = "side"
    place: int | None = None
    """Which place is shown, from 0."""
    place_kind: PlaceKind = "change"
    places_wanted: bool = False
    """The places of greatest change were asked for: what they need is made for each slice in view."""
