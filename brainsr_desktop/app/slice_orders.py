"""From what is wanted to what the engine needs to make it."""

from __future__ import annotations

from brainsr_desktop.app.engine_worker import Order
from brainsr_desktop.app.grey_windows import GreyWindows
from brainsr_desktop.app.stack_library import StackLibrary
from brainsr_desktop.session.planner import Stage, Want, needs_base
from brainsr_desktop.session.state import ViewState


class SliceOrders:
    """Knows where the pixels of open stacks are, and their range."""

    def __init__(self, library: StackLibrary, windows: GreyWindows) -> None:
        self._library = library
        self._windows = windows

    def may_be_made(self, want: Want) -> bool:
        """Scores refer to the range of the whole series, which is known when all of it is loaded."""
        scored = want.recipe.degradation is not None and want.stage is not Stage.DEGRADED
        return not scored or self._windows.is_final(want.key.stack_digest)

    def order_of(self, want: Want) -> Order | None:
        """Where the pixels of a want are; None when they are gone."""
        opened = self._library.find(want.key.stack_digest)
        frame = None if opened is None else opened.stack.frames[want.frame]
        if opened is None or opened.ref is None or frame is None or not opened.has(want.frame):
            return None
        index = want.frame % opened.stack.slices
        found = self._windows.range_of(opened.name)
        span = 0.0 if found is None or frame.slope == 0.0 else found.robust_high - found.robust_low
        peak = span / abs(frame.slope) if span > 0.0 else 0.0
        place = opened.stack.geometry.slice(index)
        return Order(want.recipe, opened.ref, want.frame, index, place, peak, frame.padding)


def what_is_made(state: ViewState) -> tuple[object, ...]:
    """What decides which results are wanted; grey window, zoom and overlays do not."""
    recipe = state.active_recipe
    place = (state.stack, state.volume, state.slice_index)
    maps = needs_base(state), state.mode == "stability", state.doubts, state.run_anyway
    return (*place, recipe, state.fast_model, state.network_on, state.left, state.right, *maps)
