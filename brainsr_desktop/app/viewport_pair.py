"""The two panes, linked in mm: one field, one grey window, one set of flips, one cursor, in every way of comparing."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from PySide6.QtCore import QEvent, QPoint, Signal
from PySide6.QtGui import QPainterPath
from PySide6.QtWidgets import QVBoxLayout, QWidget

from brainsr_desktop.app.compare_line import WipeLine
from brainsr_desktop.app.compare_paint import FIELD_NUMBERS, ColourScale, Lens, PlaceMark, Signs, outline_of
from brainsr_desktop.app.compare_split import split_of
from brainsr_desktop.app.slice_pixels import Reductions, automatic_window
from brainsr_desktop.app.store import Store
from brainsr_desktop.app.view_field import Field, PointMm, SizePx, field_of
from brainsr_desktop.app.viewport_actions import PairActions
from brainsr_desktop.app.viewport_bars import label_of, notice_of
from brainsr_desktop.app.viewport_content import content_of, description_of
from brainsr_desktop.app.viewport_given import GivenPictures, Slot
from brainsr_desktop.app.viewport_layer import Look, Manner
from brainsr_desktop.app.viewport_mouse import MouseHabits, MouseMap, Side
from brainsr_desktop.app.viewport_pane import Divider, Pane, PaneNames
from brainsr_desktop.core.series import StackInfo, StudyInfo
from brainsr_desktop.language import tr
from brainsr_desktop.session import intents
from brainsr_desktop.session.compare import IN_ONE_PANE
from brainsr_desktop.session.pictures import PaneState, PaneStatus, Picture
from brainsr_desktop.session.state import ViewState, WindowLevel

_NO_WINDOW: Final = WindowLevel(0.5, 1.0)
_AS_STORED: Final = frozenset(
    {PaneState.ORIGINAL, PaneState.REFERENCE, PaneState.DEGRADED, PaneState.NOT_SUITABLE}
)
"""What is drawn as the user wants the original drawn: with its true pixels, by default."""


class ViewportPair(QWidget):
    """Original on the left, enhanced on the right. It draws the store's state and asks the store for changes."""

    cursor_moved = Signal(object)
    """(x_mm, y_mm) in the slice's plane under the mouse, or None."""
    context_menu_requested = Signal(str, QPoint)
    """"left" or "right", and a place on the screen."""
    details_requested = Signal(str, str)
    """What a bar says of a failure, and the technical text behind it."""
    retry_requested = Signal()
    pictures_changed = Signal()
    active_changed = Signal(str)

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(tr("Pictures"))
        self._store = store
        self._told = store.state
        self._given_meanwhile = False
        self._study: StudyInfo | None = None
        self._given = GivenPictures()
        self._automatic: tuple[StackInfo | None, WindowLevel] | None = None
        self._outline: tuple[StackInfo, int, QPainterPath] | None = None
        self._cursor: tuple[Side, PointMm] | None = None
        self._active: Side = "left"
        self._place: PlaceMark | None = None
        self._reductions = Reductions()
        self.left = Pane(
            PaneNames(
                tr("Original pane: what it shows"),
                tr("Original pane: the other picture"),
                tr("Original picture"),
            ),
            self._reductions,
        )
        self.right = Pane(
            PaneNames(
                tr("Enhanced pane: what it shows"),
                tr("Enhanced pane: the other picture"),
                tr("Enhanced picture"),
            ),
            self._reductions,
        )
        self._panes: dict[Side, Pane] = {"left": self.left, "right": self.right}
        self.hand = PairActions(store, self)
        self.line = WipeLine(store)
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
        """The left list's picture."""
        return self.picture("left")

    @property
    def right_picture(self) -> Picture | None:
        """The right list's picture; while a map is drawn the one that it was made from."""
        return self.picture("right")

    @property
    def grey(self) -> WindowLevel:
        """The grey window in use; worked out once a stack while the state has none."""
        if self.state.window is not None:
            return self.state.window
        picture = self.picture("left") or self.picture("right")
        if picture is None:
            return _NO_WINDOW
        if self._automatic is None or self._automatic[0] is not self.state.stack:
            self._automatic = (self.state.stack, automatic_window(picture))
        return self._automatic[1]

    @property
    def field(self) -> Field:
        """Centre and scale in use."""
        return field_of(self.state.rect_mm, self._extent_mm(), self.shared_px)

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
        state = self.state
        if state.mode not in IN_ONE_PANE:
            return None
        return state.compare.alone if state.mode == "single" else "right"

    @property
    def shared_px(self) -> SizePx:
        """Width and height that every visible image area has at least, logical pixels."""
        sizes = [pane.view.size_px for name, pane in self._panes.items() if self.single in (None, name)]
        return min(size[0] for size in sizes), min(size[1] for size in sizes)

    def picture(self, side: Side) -> Picture | None:
        """A list's picture, if there is one of the slice in view."""
        return self._given.picture(side, self.state)

    def set_left(self, picture: Picture | None, status: PaneStatus) -> None:
        """Take what the left list names."""
        self._put("left", picture, status)

    def set_right(self, picture: Picture | None, status: PaneStatus) -> None:
        """Take what the right list names, or what stands for it."""
        self._put("right", picture, status)

    def set_map(self, picture: Picture | None, status: PaneStatus) -> None:
        """Take the map that the right pane draws in the modes that show one."""
        self._put("map", picture, status)

    def set_place(self, place: PlaceMark | None) -> None:
        """Mark a place of great change in every pane."""
        if place != self._place:
            self._place = place
            self._refresh()

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
        self._store.apply(intents.fit, undo=tr("Fit"))

    def zoom_by(self, factor: float) -> None:
        """Zoom about the middle of the panes."""
        field = self.field
        self.hand.zoom_about(factor, (field.x, field.y), None)

    def zoom_to_pixels(self, side: Side) -> None:
        """One screen pixel per pixel of the original ("left") or of the enhanced picture ("right")."""
        stack = self.state.stack
        if stack is None:
            return
        pixel_mm = max(stack.geometry.spacing_mm) / (self.state.recipe.scale if side == "right" else 1)
        old = self.field
        rect = Field(old.x, old.y, pixel_mm * self.devicePixelRatioF()).rect(self.shared_px)
        self._store.apply(lambda state: intents.show_rect(state, rect), undo=tr("Zoom"))

    def set_active(self, side: Side) -> None:
        """Accent a pane and give it the focus."""
        side = self.single or side
        self._panes[side].view.setFocus()
        self._mark(side)

    def set_habits(self, habits: MouseHabits) -> None:
        """What the user's hand is used to."""
        for mouse in self._mice.values():
            mouse.habits = habits

    def cancel_drag(self) -> bool:
        """Take back the drag under way (Esc); False when there is none."""
        return any(mouse.cancel() for mouse in self._mice.values())

    # What the mouse asks for

    def show_cursor(self, side: Side, at: PointMm | None) -> None:
        """The mouse is over a place of the plane, or has left."""
        self._cursor = None if at is None else (side, at)
        for name, pane in self._panes.items():
            pane.view.set_cross(at if name != side else None)
        if self.state.compare.loupe:
            self._sign()
        self.cursor_moved.emit(at)

    def show_menu(self, side: Side, at: QPoint) -> None:
        """The context menu is wanted."""
        self.context_menu_requested.emit(side, at)

    # Inside

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._divider)
        for side, pane in self._panes.items():
            self._divider.addWidget(pane)
            self._mice[side] = pane.view.mouse = MouseMap(pane.view, side, self.hand)
            self._mice[side].line = self.line
            pane.view.resized.connect(self._refresh)
            pane.view.sharpened.connect(self._refresh)
            pane.view.focused.connect(lambda side=side: self._mark(side))
            for bar in (pane.bar, pane.second_bar):
                bar.details_requested.connect(self.details_requested)
                bar.retry_requested.connect(self.retry_requested)
        self._divider.halve()
        self._mark("left")

    def _mark(self, side: Side) -> None:
        changed, self._active = side != self._active, side
        for name, pane in self._panes.items():
            pane.set_active(name == side)
        if changed:
            self.active_changed.emit(side)

    def _put(self, slot: Slot, picture: Picture | None, status: PaneStatus) -> None:
        self._given.put(slot, picture, status, self.state)
        if self._told is not self.state:
            # Pictures of a state that this hears of in a moment: everything is drawn once, not once for each of them.
            self._given_meanwhile = True
            return
        self._refresh()
        self.pictures_changed.emit()

    def _on_state_changed(self, before: ViewState, after: ViewState) -> None:
        if after.stack is not before.stack:
            self._reductions.clear()
            self._given.forget_others(after.stack)
        if after is not self.state:
            return  # the next change is told of at once
        self._told = after
        self._refresh()
        if self._given_meanwhile:
            self._given_meanwhile = False
            self.pictures_changed.emit()

    def _extent_mm(self) -> tuple[float, float]:
        stack = self.state.stack
        return (1.0, 1.0) if stack is None else stack.geometry.extent_mm

    def _refresh(self) -> None:
        state = self.state
        self._arrange()
        look = Look(self.field, self.grey, state.inverted, state.flip_h, state.flip_v, state.colour_map)
        for side, pane in self._panes.items():
            self._fill(side, pane, look)
            self._mice[side].show_tool(state.tool)
        self._sign()
        for mouse in self._mice.values():
            mouse.tell_cursor()

    def _arrange(self) -> None:
        """Show the panes of the mode; the focus does not go with the one that is hidden."""
        only = self.single
        if only is not None and only != self._active:
            if self._panes[self._active].view.hasFocus():
                self._panes[only].view.setFocus()
            self._mark(only)
        for side, pane in self._panes.items():
            if pane.isHidden() is (only in (None, side)):
                pane.setVisible(only in (None, side))

    def _fill(self, side: Side, pane: Pane, look: Look) -> None:
        """Give a pane its pictures, labels and texts."""
        state, view = self.state, pane.view
        base = self._drawn_in(side)
        second: Slot | None = "left" if side == "right" and split_of(state) is not None else None
        status = self._given.status(base, state)
        view.set_look(look)
        view.set_pictures(
            self._given.picture(base, state),
            self._manner(base),
            None if second is None else self._given.picture(second, state),
            self._manner("left"),
        )
        view.set_outline(self._outline_of(state))
        view.set_content(
            content_of(
                view, state, self._study, self.grey, look.field, status=status.text, invites=side == "left"
            )
        )
        statuses = [status]
        labels = [label_of(status, has_picture=view.picture is not None)]
        if second is not None:
            statuses.append(self._given.status(second, state))
            labels.append(label_of(statuses[1], has_picture=view.second is not None))
        if state.mode == "board" and second is not None:
            numbered = zip(reversed(FIELD_NUMBERS), labels, strict=True)
            labels = [replace(label, text=f"{number}: {label.text}") for number, label in numbered]
        # A reader that told of every swap would never end.
        blinks = state.mode == "blink" and state.compare.blinks > 0.0
        pane.bar.set_label(labels[0], quiet=blinks)
        pane.second_bar.setVisible(second is not None)
        if second is not None:
            pane.second_bar.set_label(labels[1])
        pane.strip.set_notice(notice_of(*statuses))
        told = [label.text for label in reversed(labels)]
        view.setAccessibleDescription(description_of(state, told))

    def _drawn_in(self, side: Side) -> Slot:
        """What a pane draws: its own list's picture, but for the blink and the difference."""
        state = self.state
        if side == "left":
            return "left"
        if state.mode == "blink" and not state.show_original:
            return state.compare.blink_side
        return self._given.drawn_right(state)

    def _sign(self) -> None:
        """What the way of comparing writes over the panes."""
        state = self.state
        lens = None
        if state.compare.loupe and state.stack is not None:
            field = self.field
            lens = Lens(self.cursor_mm or (field.x, field.y), state.compare.loupe_factor)
        for side, pane in self._panes.items():
            split = split_of(state) if side == "right" else None
            shown = pane.view.picture
            scale = outline = None
            if shown is not None and shown.span is not None and state.stack is not None:
                unit = (state.stack.unit or tr("a.u.")) if shown.unit is None else shown.unit
                legend = self._given.status("map", state).legend
                scale = ColourScale(shown.span, unit, shown.lowest, legend)
                outline = None if shown.outline is None else outline_of(shown.outline)
            names = (self._name_of("left"), self._name_of("right"))
            pane.view.set_signs(Signs(split, names, scale, lens, self._place, outline))

    def _name_of(self, side: Side) -> str:
        status = self._given.status(side, self.state)
        return status.name or status.text

    def _outline_of(self, state: ViewState) -> QPainterPath | None:
        if self._outline is None or not state.show_masks or state.overlays == "none":
            return None
        stack, frame_index, path = self._outline
        return path if stack is state.stack and frame_index == state.frame_index else None

    def _manner(self, slot: Slot) -> Manner:
        status = self._given.status(slot, self.state)
        return self.state.interpolation if status.state in _AS_STORED else "enhanced"

    def event(self, event: QEvent) -> bool:
        """Qt calls it; a screen of another scale needs other pixels."""
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._refresh()
        return super().event(event)
