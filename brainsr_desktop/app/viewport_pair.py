"""The two panes, linked in mm: one field, one grey window, one set of flips, one cursor."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from PySide6.QtCore import QEvent, QPoint, Signal
from PySide6.QtGui import QPainterPath
from PySide6.QtWidgets import QVBoxLayout, QWidget

from brainsr_desktop.app.slice_pixels import Reductions, automatic_window, robust_span, window_of_values
from brainsr_desktop.app.store import Store
from brainsr_desktop.app.view_field import Field, PointMm, SizePx, field_of
from brainsr_desktop.app.viewport import NEAREST_FROM, Look, Sampling, Viewport, sampling_of
from brainsr_desktop.app.viewport_bars import label_of, notice_of
from brainsr_desktop.app.viewport_mouse import MouseMap, Side
from brainsr_desktop.app.viewport_overlays import (
    SMALL_PANE_PX,
    Content,
    bar_of,
    corners_of,
    letters_on_screen,
)
from brainsr_desktop.app.viewport_pane import Divider, Pane
from brainsr_desktop.core.series import StackInfo, StudyInfo
from brainsr_desktop.session import intents
from brainsr_desktop.session.pictures import PaneState, PaneStatus, Picture
from brainsr_desktop.session.state import RectMm, ViewState, WindowLevel

INVITATION: Final = "Open a folder of MR images, or drop it here."
EMPTY: Final = PaneStatus(PaneState.EMPTY, "Open a folder to begin")
LOADING: Final = PaneStatus(PaneState.LOADING, "Loading")
_NO_WINDOW: Final = WindowLevel(0.5, 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class _Given:
    """What a pane was given, and for which stack and frame."""

    picture: Picture | None
    status: PaneStatus
    stack: StackInfo | None = None
    frame_index: int = 0


class ViewportPair(QWidget):
    """Original on the left, enhanced on the right. It draws the store's state and asks the store for changes."""

    cursor_moved = Signal(object)
    """(x_mm, y_mm) in the slice's plane under the mouse, or None."""
    context_menu_requested = Signal(str, QPoint)
    """"left" or "right", and a place on the screen."""
    details_requested = Signal()
    retry_requested = Signal()
    pictures_changed = Signal()
    active_changed = Signal(str)

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Pictures")
        self._store = store
        self._study: StudyInfo | None = None
        self._given: dict[Side, _Given] = {
            "left": _Given(None, replace(EMPTY, text="Original")),
            "right": _Given(None, EMPTY),
        }
        self._automatic: tuple[StackInfo | None, WindowLevel] | None = None
        self._outline: tuple[StackInfo, int, QPainterPath] | None = None
        self._cursor: tuple[Side, PointMm] | None = None
        self._single: Side | None = None
        self._active: Side = "left"
        self._reductions = Reductions()
        self.left = Pane("Original", self._reductions)
        self.right = Pane("Enhanced", self._reductions, buttons=True)
        self._panes: dict[Side, Pane] = {"left": self.left, "right": self.right}
        self._mice: dict[Side, MouseMap] = {}
        self._divider = Divider()
        self._build()
        store.changed.connect(self._on_state_changed)
        self._refresh()

    # What is shown

    @property
    def state(self) -> ViewState:
        """The current state."""
        return self._store.state

    @property
    def left_picture(self) -> Picture | None:
        """What the left pane draws now."""
        return self._picture("left")

    @property
    def right_picture(self) -> Picture | None:
        """What the right pane draws now."""
        return self._picture("right")

    @property
    def grey(self) -> WindowLevel:
        """The grey window in use; worked out once a stack while the state has none."""
        if self.state.window is not None:
            return self.state.window
        picture = self._picture("left") or self._picture("right")
        if picture is None:
            return _NO_WINDOW
        if self._automatic is None or self._automatic[0] is not self.state.stack:
            self._automatic = (self.state.stack, automatic_window(picture))
        return self._automatic[1]

    @property
    def field(self) -> Field:
        """Centre and scale in use."""
        return field_of(self.state.rect_mm, self._extent_mm(), self._shared_px())

    @property
    def zoom(self) -> tuple[float, float]:
        """(screen pixels of the device per mm, percent of the original's pixels)."""
        px_per_mm = self.devicePixelRatioF() / self.field.mm_per_px
        stack = self.state.stack
        pixel_mm = max(stack.geometry.spacing_mm) if stack is not None else 1.0
        return px_per_mm, px_per_mm * pixel_mm * 100.0

    @property
    def cursor_mm(self) -> PointMm | None:
        """Where the mouse is in the slice's plane, if it is over a pane."""
        return None if self._cursor is None else self._cursor[1]

    @property
    def active(self) -> Side:
        """The pane that had the focus last."""
        return self._active

    @property
    def single(self) -> Side | None:
        """The only pane shown, or None while both are."""
        return self._single

    def set_left(self, picture: Picture | None, status: PaneStatus) -> None:
        """Show original, degraded input or reference."""
        self._set("left", picture, status)

    def set_right(self, picture: Picture | None, status: PaneStatus) -> None:
        """Show the enhanced slice or what stands for it."""
        self._set("right", picture, status)

    def set_study(self, study: StudyInfo | None) -> None:
        """Take patient and study for the corner text."""
        self._study = study
        self._refresh()

    def set_outline(self, stack: StackInfo, frame_index: int, path: QPainterPath) -> None:
        """Take the outline (mm of the plane) of a frame's mask; it is drawn in both panes while that frame is."""
        if self._outline is None or self._outline[2] is not path:
            self._outline = (stack, frame_index, path)
            self._refresh()

    # What can be done

    def fit(self) -> None:
        """The whole slice in the panes."""
        self._store.apply(intents.fit, undo="Fit")

    def zoom_by(self, factor: float) -> None:
        """Zoom about the middle of the panes."""
        field = self.field
        self.zoom_about(factor, (field.x, field.y), None)

    def zoom_to_pixels(self, side: Side) -> None:
        """One screen pixel per pixel of the original ("left") or of the enhanced picture ("right")."""
        stack = self.state.stack
        if stack is None:
            return
        pixel_mm = max(stack.geometry.spacing_mm) / (self.state.recipe.scale if side == "right" else 1)
        old = self.field
        rect = Field(old.x, old.y, pixel_mm * self.devicePixelRatioF()).rect(self._shared_px())
        self._store.apply(lambda state: intents.show_rect(state, rect), undo="Zoom")

    def toggle_single(self, side: Side) -> None:
        """Show one pane alone, or both again."""
        self._single = None if self._single is not None else side
        for name, pane in self._panes.items():
            pane.setVisible(self._single in (None, name))
        self.set_active(side)
        self._refresh()

    def set_active(self, side: Side) -> None:
        """Accent a pane and give it the focus."""
        if self._single is not None and self._single != side:
            side = self._single
        self._panes[side].view.setFocus()
        self._mark(side)

    def cancel_drag(self) -> bool:
        """Take back the drag under way (Esc); False when there is none."""
        return any(mouse.cancel() for mouse in self._mice.values())

    # What the mouse asks for (`PaneActions`)

    def robust_span(self) -> float:
        """Robust data range in units of what is shown."""
        picture = self._picture("left") or self._picture("right")
        return self.grey.width if picture is None else robust_span(picture)

    def scroll_slices(self, steps: int) -> None:
        """Go some slices on."""
        self._store.apply(lambda state: intents.scroll(state, steps))

    def zoom_about(self, factor: float, about: PointMm, gesture: object) -> None:
        """Zoom while a place of the plane stays where it is."""
        shown = self.field.rect(self._shared_px())
        self._store.apply(
            lambda state: intents.zoom_about(state, factor, about, shown), undo="Zoom", gesture=gesture
        )

    def pan(self, dx_mm: float, dy_mm: float, gesture: object) -> None:
        """Move the field."""
        shown = self.field.rect(self._shared_px())
        self._store.apply(lambda state: intents.pan(state, dx_mm, dy_mm, shown), undo="Pan", gesture=gesture)

    def set_window(self, window: WindowLevel, gesture: object) -> None:
        """Set the grey window of both panes."""
        self._store.apply(
            lambda state: intents.set_window(state, window), undo="Grey window", gesture=gesture
        )

    def set_window_from(self, side: Side, rect: RectMm) -> None:
        """Set the grey window from the values inside a rectangle."""
        picture = self._picture(side)
        window = None if picture is None else window_of_values(picture, rect)
        if window is not None:
            self.set_window(window, None)

    def restore(self, before: ViewState, gesture: object) -> None:
        """Bring back what a drag has changed."""
        self._store.apply(
            lambda state: intents.go_to(
                replace(state, window=before.window, rect_mm=before.rect_mm), before.slice_index
            ),
            undo="Cancelled drag",
            gesture=gesture,
        )

    def point_at(self, side: Side, at: PointMm | None) -> None:
        """The mouse is over a place of the plane, or has left."""
        self._cursor = None if at is None else (side, at)
        for name, pane in self._panes.items():
            pane.view.set_cross(at if name != side else None)
        self.cursor_moved.emit(at)

    def ask_menu(self, side: Side, at: QPoint) -> None:
        """The context menu is wanted."""
        self.context_menu_requested.emit(side, at)

    # Inside

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._divider)
        for side, pane in self._panes.items():
            self._divider.addWidget(pane)
            self._mice[side] = pane.view.mouse = MouseMap(pane.view, side, self)
            pane.view.resized.connect(self._refresh)
            pane.view.focused.connect(lambda side=side: self._mark(side))
        self._divider.halve()
        self.right.bar.details_requested.connect(self.details_requested)
        self.right.bar.retry_requested.connect(self.retry_requested)
        self._mark("left")

    def _mark(self, side: Side) -> None:
        changed, self._active = side != self._active, side
        for name, pane in self._panes.items():
            pane.set_active(name == side)
        if changed:
            self.active_changed.emit(side)

    def _set(self, side: Side, picture: Picture | None, status: PaneStatus) -> None:
        state = self.state
        if picture is not None and picture.key is not None and picture.key.frame != state.frame_index:
            picture = None
        self._given[side] = _Given(picture, status, state.stack, state.frame_index)
        self._refresh()
        self.pictures_changed.emit()

    def _is_current(self, side: Side) -> bool:
        given, state = self._given[side], self.state
        return given.stack is state.stack and given.frame_index == state.frame_index

    def _picture(self, side: Side) -> Picture | None:
        # Never a stale picture, whoever is told of a change first: what was given for another slice is not shown.
        return self._given[side].picture if self._is_current(side) else None

    def _status(self, side: Side) -> PaneStatus:
        return self._given[side].status if self._is_current(side) else LOADING

    def _on_state_changed(self, before: ViewState, after: ViewState) -> None:
        if after.stack is not before.stack:
            self._reductions.clear()
            for side, given in self._given.items():
                if given.stack is not after.stack:
                    self._given[side] = replace(given, picture=None)
        self._refresh()

    def _extent_mm(self) -> tuple[float, float]:
        stack = self.state.stack
        return (1.0, 1.0) if stack is None else stack.geometry.extent_mm

    def _shared_px(self) -> SizePx:
        sizes = [pane.view.size_px for name, pane in self._panes.items() if self._single in (None, name)]
        return min(size[0] for size in sizes), min(size[1] for size in sizes)

    def _refresh(self) -> None:
        state = self.state
        look = Look(self.field, self.grey, state.inverted, state.flip_h, state.flip_v)
        for side, pane in self._panes.items():
            view, status, picture = pane.view, self._status(side), self._picture(side)
            view.set_look(look)
            view.set_picture(picture)
            view.set_outline(self._outline_of(state))
            sampling = self._sampling(side, view)
            view.set_smooth(sampling == "linear")
            view.set_content(self._content(side, view, sampling))
            label = label_of(status, has_picture=picture is not None)
            pane.bar.set_label(label)
            self._describe(view, label.text)
            self._mice[side].show_tool(state.tool)
        self.right.strip.set_notice(notice_of(state, self._status("right")))
        for mouse in self._mice.values():
            mouse.tell_cursor()

    def _outline_of(self, state: ViewState) -> QPainterPath | None:
        if self._outline is None or not state.show_masks or state.overlays == "none":
            return None
        stack, frame_index, path = self._outline
        return path if stack is state.stack and frame_index == state.frame_index else None

    def _sampling(self, side: Side, view: Viewport) -> Sampling:
        picture = self._picture(side)
        if picture is None:
            return "nearest"
        percent = view.device_px_per_pixel()
        wanted: Sampling = self.state.interpolation
        if side == "right" and self._status(side).state is not PaneState.ORIGINAL:
            wanted = "nearest" if percent >= NEAREST_FROM else "linear"
        return sampling_of(picture, wanted, percent)

    def _content(self, side: Side, view: Viewport, sampling: Sampling) -> Content:
        state, picture = self.state, self._picture(side)
        stack = state.stack
        if stack is None or picture is None:
            text = self._status(side).text
            return Content(message=INVITATION if stack is None and side == "left" else text)
        if state.overlays == "none":
            return Content()
        px_per_mm = self.devicePixelRatioF() / self.field.mm_per_px
        small = view.size_px[0] < SMALL_PANE_PX
        return Content(
            letters_on_screen(stack, state.flip_h, state.flip_v),
            corners_of(
                state,
                self._study,
                picture,
                self.grey,
                px_per_mm=px_per_mm,
                interpolation=sampling,
                small=small,
            ),
            bar_of(1.0 / self.field.mm_per_px) if stack.has_spacing and not small else None,
        )

    def _describe(self, view: Viewport, label: str) -> None:
        state = self.state
        where = "" if state.stack is None else f"slice {state.slice_index + 1} of {state.stack.slices}, "
        view.setAccessibleDescription(where + label)

    def event(self, event: QEvent) -> bool:
        """Qt calls it; a screen of another scale needs other pixels."""
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._refresh()
        return super().event(event)
