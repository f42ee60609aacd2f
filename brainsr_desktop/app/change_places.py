"""Places of a slice as the panes mark them and go to them: rectangles in mm, words on their size."""

from __future__ import annotations

from brainsr_desktop.app.viewport_pair import ViewportPair
from brainsr_desktop.core.series import StackInfo
from brainsr_desktop.core.trust import Place
from brainsr_desktop.language import tr
from brainsr_desktop.session.state import RectMm, ViewState
from brainsr_desktop.session.windows import SeriesRange


def rect_of(place: Place, extent_mm: tuple[float, float], matrix: tuple[int, int]) -> RectMm:
    """Where a place lies; ``extent_mm`` (height, width) of the slice, ``matrix`` the input's rows and columns."""
    row_mm, column_mm = extent_mm[0] / matrix[0], extent_mm[1] / matrix[1]
    return RectMm(
        place.left * column_mm,
        place.top * row_mm,
        (place.right - place.left) * column_mm,
        (place.bottom - place.top) * row_mm,
    )


def size_words(place: Place, rect: RectMm, stack: StackInfo) -> str:
    """`5 × 7 mm`, or pixels of the input where their size is not known."""
    if not stack.has_spacing:
        width, height = place.right - place.left, place.bottom - place.top
        return tr("{width} × {height} px", width=width, height=height)
    return tr("{width} × {height} mm", width=f"{rect.width:.3g}", height=f"{rect.height:.3g}")


def percent_of_window(place: Place, state: ViewState, pair: ViewportPair, series: SeriesRange | None) -> str:
    """The change at a place, in percent of the series' first grey window."""
    stack = state.stack
    frame = None if stack is None else stack.frames[state.frame_index]
    slope = 1.0 if frame is None else abs(frame.slope)
    window = pair.grey.width if series is None else series.initial.width
    return f"{100.0 * place.change * slope / max(window, 1e-12):.2g}"


def field_around(stack: StackInfo, pair: ViewportPair, rect: RectMm) -> RectMm:
    """What the panes shall show: as near as they are, or near enough to see the place well."""
    shown = pair.field.rect(pair.shared_px)
    height, width = stack.geometry.extent_mm
    near = shown.width < width and shown.height < height
    if not near or 2 * rect.width > shown.width or 2 * rect.height > shown.height:
        side = max(5 * rect.width, 5 * rect.height, min(width, height) / 4)
        shown = RectMm(0.0, 0.0, side, side)
    x, y = rect.x + rect.width / 2, rect.y + rect.height / 2
    return RectMm(x - shown.width / 2, y - shown.height / 2, shown.width, shown.height)


def next_index(now: int | None, by: int, count: int) -> int:
    """The place to go to, round and round."""
    first = 0 if by > 0 else count - 1
    return first if now is None or now >= count else (now + by) % count
