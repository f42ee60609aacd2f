"""What the hand asks of the panes, as changes of the state: slices, zoom, pan, grey window, one pane alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from PySide6.QtCore import QPoint

from brainsr_desktop.app.slice_pixels import robust_span, window_of_values
from brainsr_desktop.app.store import Store
from brainsr_desktop.app.view_field import Field, PointMm, SizePx
from brainsr_desktop.app.viewport_mouse import Side
from brainsr_desktop.language import tr
from brainsr_desktop.session import intents, intents_compare
from brainsr_desktop.session.pictures import Picture
from brainsr_desktop.session.state import RectMm, ViewState, WindowLevel


class Panes(Protocol):
    """What the actions need of the panes."""

    @property
    def field(self) -> Field: ...
    @property
    def grey(self) -> WindowLevel: ...
    @property
    def shared_px(self) -> SizePx: ...
    def picture(self, side: Side) -> Picture | None: ...
    def show_cursor(self, side: Side, at: PointMm | None) -> None: ...
    def show_menu(self, side: Side, at: QPoint) -> None: ...


class PairActions:
    """Implements `viewport_mouse.PaneActions`."""

    def __init__(self, store: Store, panes: Panes) -> None:
        self._store, self._panes = store, panes

    @property
    def state(self) -> ViewState:
        """The current state."""
        return self._store.state

    @property
    def grey(self) -> WindowLevel:
        """The grey window in use."""
        return self._panes.grey

    def robust_span(self) -> float:
        """Robust data range in units of what is shown."""
        picture = self._panes.picture("left") or self._panes.picture("right")
        return self.grey.width if picture is None else robust_span(picture)

    def scroll_slices(self, steps: int) -> None:
        """Go some slices on."""
        self._store.apply(lambda state: intents.scroll(state, steps))

    def zoom_about(self, factor: float, about: PointMm, gesture: object) -> None:
        """Zoom while a place of the plane stays where it is."""
        shown = self._panes.field.rect(self._panes.shared_px)
        self._store.apply(
            lambda state: intents.zoom_about(state, factor, about, shown), undo=tr("Zoom"), gesture=gesture
        )

    def pan(self, dx_mm: float, dy_mm: float, gesture: object) -> None:
        """Move the field."""
        shown = self._panes.field.rect(self._panes.shared_px)
        self._store.apply(
            lambda state: intents.pan(state, dx_mm, dy_mm, shown), undo=tr("Pan"), gesture=gesture
        )

    def set_window(self, window: WindowLevel, gesture: object) -> None:
        """Set the grey window of both panes."""
        self._store.apply(
            lambda state: intents.set_window(state, window), undo=tr("Grey window"), gesture=gesture
        )

    def set_window_from(self, side: Side, rect: RectMm) -> None:
        """Set the grey window from the values inside a rectangle."""
        picture = self._panes.picture(side)
        window = None if picture is None else window_of_values(picture, rect)
        if window is not None:
            self.set_window(window, None)

    def restore(self, before: ViewState, gesture: object) -> None:
        """Bring back what a drag has changed."""
        self._store.apply(
            lambda state: intents.go_to(
                replace(state, window=before.window, rect_mm=before.rect_mm), before.slice_index
            ),
            undo=tr("Cancelled drag"),
            gesture=gesture,
        )

    def toggle_single(self, side: Side) -> None:
        """Show one pane alone, or go back to how it was before."""
        self._store.apply(
            lambda state: intents_compare.toggle_alone(state, side), undo=tr("Way of comparing")
        )

    def point_at(self, side: Side, at: PointMm | None) -> None:
        """The mouse is over a place of the plane, or has left."""
        self._panes.show_cursor(side, at)

    def ask_menu(self, side: Side, at: QPoint) -> None:
        """The context menu is wanted."""
        self._panes.show_menu(side, at)
