"""What each action of the table does to the view: intents on the store, requests to the controller."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from brainsr_desktop.app.actions import Actions
from brainsr_desktop.app.controller import Controller
from brainsr_desktop.app.panels.model import ModelPanel
from brainsr_desktop.app.panels.test import TestPanel
from brainsr_desktop.app.plain_text import shown
from brainsr_desktop.app.preferences import Preferences
from brainsr_desktop.app.slice_slider import SliceSlider
from brainsr_desktop.app.store import Store
from brainsr_desktop.app.viewport_pair import ViewportPair
from brainsr_desktop.language import tr
from brainsr_desktop.session import intents, intents_measure, suitability
from brainsr_desktop.session.measurements import KINDS
from brainsr_desktop.session.pictures import PaneState
from brainsr_desktop.session.reports import Notice
from brainsr_desktop.session.state import Tool, ViewState

TOOLS: Final[tuple[Tool, ...]] = ("window", "pan", "zoom", "scroll", *KINDS)
FAR: Final = 10
UNFINISHED: Final = frozenset({PaneState.LOADING, PaneState.INTERPOLATED, PaneState.FAST})
ZOOM_STEP: Final = 1.25
NEED_STACK: Final = (
    "close_all", "save_picture", "copy_picture", "fit", "zoom_in", "zoom_out", "original_pixels", "enhanced_pixels",
    "previous_slice", "next_slice", "back_ten", "forward_ten", "first_slice", "last_slice", "go_to_slice",
    "previous_volume", "next_volume", "flip_h", "flip_v", "invert", "reset", "reset_all", "show_original",
)  # fmt: skip
NEED_SUITABLE: Final = ("export", "enhance_slice", "enhance_series", "test_mode", "new_noise", "show_truth")


class Commands(QObject):
    """Connects the actions that change the view, and keeps their ticks, words and greyness true."""

    def __init__(
        self,
        actions: Actions,
        store: Store,
        controller: Controller,
        pair: ViewportPair,
        slider: SliceSlider,
        preferences: Preferences,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._actions = actions
        self._store = store
        self._controller = controller
        self._pair = pair
        self._slider = slider
        self._preferences = preferences
        self._window = window
        self._connect_slices()
        self._connect_view()
        self._connect_enhancing()
        store.changed.connect(self._on_changed)
        self._sync(store.state)

    def connect_panels(self, model: ModelPanel, test: TestPanel) -> None:
        """Actions that the panels carry out."""
        on = self._on
        on("previous_model", lambda: model.step(-1))
        on("next_model", lambda: model.step(1))
        on("scale", lambda: model.choose_scale(2 if self._store.state.recipe.scale == 4 else 4))
        self._actions["fast_preview"].triggered.connect(model.set_fast)
        self._actions["network"].triggered.connect(model.set_network)
        self._actions["test_mode"].triggered.connect(test.set_on)
        self._actions["show_truth"].triggered.connect(test.set_truth)
        on("new_noise", test.draw_new_noise)

    def _on(self, name: str, done: Callable[[], object]) -> None:
        self._actions[name].triggered.connect(lambda _=False: done())

    def _apply(self, intent: Callable[[ViewState], ViewState], undo: str = "") -> None:
        self._store.apply(intent, undo=undo)

    # --- slices

    def _connect_slices(self) -> None:
        steps = {"previous_slice": -1, "next_slice": 1, "back_ten": -FAR, "forward_ten": FAR}
        for name, by in steps.items():
            self._on(name, partial(self._apply, partial(intents.scroll, steps=by)))
        self._on("first_slice", lambda: self._apply(lambda s: intents.go_to_end(s, last=False)))
        self._on("last_slice", lambda: self._apply(lambda s: intents.go_to_end(s, last=True)))
        self._on("previous_volume", lambda: self._apply(lambda s: intents.step_volume(s, -1)))
        self._on("next_volume", lambda: self._apply(lambda s: intents.step_volume(s, 1)))
        self._on("go_to_slice", self._slider.focus_number)

    # --- view

    def _connect_view(self) -> None:
        on = self._on
        for tool in TOOLS:
            on(f"tool_{tool}", partial(self._apply, partial(intents.choose_tool, tool=tool)))
        on("fit", self._pair.fit)
        on("zoom_in", lambda: self._pair.zoom_by(ZOOM_STEP))
        on("zoom_out", lambda: self._pair.zoom_by(1 / ZOOM_STEP))
        on("original_pixels", lambda: self._pair.zoom_to_pixels("left"))
        on("enhanced_pixels", lambda: self._pair.zoom_to_pixels("right"))
        on("flip_h", lambda: self._apply(intents.flip_h, tr("flip left-right")))
        on("flip_v", lambda: self._apply(intents.flip_v, tr("flip up-down")))
        on("invert", lambda: self._apply(intents.invert, tr("invert")))
        on("reset", lambda: self._apply(intents.reset_view, tr("reset")))
        on("reset_all", lambda: self._apply(intents.reset_all, tr("reset")))
        on("overlays", lambda: self._apply(intents.next_overlays))
        on("undo", self._store.undo)
        on("redo", self._store.redo)
        self._actions["hide_patient"].triggered.connect(
            lambda hidden: self._apply(lambda s: intents.hide_patient(s, on=hidden))
        )
        self._actions["masks"].triggered.connect(
            lambda shown_: self._apply(lambda s: intents.show_masks(s, on=shown_))
        )
        self._actions["show_original"].triggered.connect(
            lambda shown_: self._apply(lambda s: intents.show_original(s, on=shown_))
        )

    # --- enhancing

    def _connect_enhancing(self) -> None:
        on = self._on
        on("enhance_slice", self._enhance_slice)
        on("enhance_series", self._enhance_series)
        on("stop", self._stop)

    def _enhance_slice(self) -> None:
        """Return: the network runs on this slice, also after a stop or a failure."""
        self._apply(lambda s: intents.set_network(s, on=True))
        self._controller.retry()

    def _enhance_series(self) -> None:
        """The whole series; where the network was not trained for it the user is asked first."""
        model = self._store.state.recipe.model
        if not suitability.is_held(self._store.state, model):
            self._controller.enhance_series()
            return
        self._controller.notice.emit(
            Notice(
                "warning",
                tr("This series is outside what the chosen model was trained on."),
                tr("Results may be wrong."),
                label=tr("Run anyway"),
                action=lambda: self._enhance_anyway(model),
            )
        )

    def _enhance_anyway(self, model: str) -> None:
        self._apply(lambda s: suitability.run_anyway(s, (model,)))
        self._controller.enhance_series()

    def _stop(self) -> None:
        """Esc: the drag, then the tool, then full screen, then what is being computed."""
        if self._pair.cancel_drag():
            return
        if self._store.state.tool != "window" or self._store.state.measuring.selected is not None:
            self._apply(lambda s: intents.choose_tool(intents_measure.select(s, None), "window"))
        elif self._window.isFullScreen():
            self._actions["full_screen"].trigger()
        elif self._controller.right_status.state in UNFINISHED:
            self._controller.stop_network()

    # --- what the actions say

    def _on_changed(self, _before: ViewState, after: ViewState) -> None:
        self._sync(after)

    def _sync(self, state: ViewState) -> None:
        is_open = state.stack is not None
        suitable = is_open and state.why_not is None
        for name in NEED_STACK:
            self._actions[name].setEnabled(is_open)
        for name in NEED_SUITABLE:
            self._actions[name].setEnabled(suitable)
        self._actions["test_mode"].setEnabled(suitable or state.test_mode)
        self._actions["show_truth"].setEnabled(suitable and state.test_mode)
        self._actions["new_noise"].setEnabled(suitable and state.test_mode)
        for name in ("previous_volume", "next_volume"):
            self._actions[name].setEnabled(state.stack is not None and state.stack.volumes > 1)
        self._actions["masks"].setEnabled(state.stack is not None and state.stack.has_masks)
        self._tick(state)
        self._name_steps()

    def _tick(self, state: ViewState) -> None:
        ticks = {
            "invert": state.inverted,
            "hide_patient": state.hide_patient,
            "masks": state.show_masks,
            "show_original": state.show_original,
            "show_truth": state.show_reference,
            "test_mode": state.test_mode,
            "network": state.network_on,
            "fast_preview": state.fast_model is not None,
            **{f"tool_{tool}": state.tool == tool for tool in TOOLS},
        }
        for name, on in ticks.items():
            self._actions[name].setChecked(on)

    def _name_steps(self) -> None:
        undo, redo = self._store.undo_name, self._store.redo_name
        for name, words, step in (
            ("undo", tr("&Undo {step}", step=shown(undo, 40)), undo),
            ("redo", tr("&Redo {step}", step=shown(redo, 40)), redo),
        ):
            self._actions[name].setText(words.strip())
            self._actions[name].setEnabled(bool(step))
