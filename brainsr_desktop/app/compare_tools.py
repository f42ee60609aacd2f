"""Everything about comparing that the window has besides the panes: bar, keys, blink, places of greatest change."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from PySide6.QtCore import QObject, Signal

from brainsr_desktop.app.actions import Actions
from brainsr_desktop.app.change_list import ChangeList
from brainsr_desktop.app.compare_bar import CompareBar
from brainsr_desktop.app.compare_blink import BlinkClock
from brainsr_desktop.app.controller import Controller
from brainsr_desktop.app.held_key import LoupeKey
from brainsr_desktop.app.menu_table import COMPARING, TRUSTING
from brainsr_desktop.app.store import Store
from brainsr_desktop.app.viewport_pair import ViewportPair
from brainsr_desktop.language import tr
from brainsr_desktop.session import intents_compare
from brainsr_desktop.session.compare import MODES, SAFE_BLINKS
from brainsr_desktop.session.reports import Notice
from brainsr_desktop.session.state import ViewState

NEAR: Final = 0.01
FAR: Final = 0.1
_WAYS: Final = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}
_LINES: Final = {
    **{f"line_{way}": (x * NEAR, y * NEAR) for way, (x, y) in _WAYS.items()},
    **{f"line_far_{way}": (x * FAR, y * FAR) for way, (x, y) in _WAYS.items()},
}
_ALWAYS: Final = (*COMPARING, *TRUSTING, "blink", "loupe", "next_place", "previous_place")


class CompareTools(QObject):
    """Connects the commands for comparing and keeps their ticks and greyness true."""

    said = Signal(str)
    noticed = Signal(object)  # Notice

    def __init__(
        self,
        actions: Actions,
        store: Store,
        controller: Controller,
        pair: ViewportPair,
        bar: CompareBar,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._actions, self._store = actions, store
        self.clock = BlinkClock(store, self)
        self.changes = ChangeList(store, controller, pair, self)
        self.changes.said.connect(self.said)
        self.loupe_key = LoupeKey(actions["loupe"], store, self)
        self.loupe_key.watch(pair)
        bar.set_actions(actions)
        bar.fast_blink_asked.connect(self._warn)
        self._connect()
        store.changed.connect(lambda _before, after: self._sync(after))
        self._sync(store.state)

    def _connect(self) -> None:
        for mode in MODES:
            intent = partial(intents_compare.choose_mode, mode=mode)
            self._on(f"mode_{mode}", partial(self._store.apply, intent, undo=tr("Way of comparing")))
        self._on("blink", self._blink)
        for name, (dx, dy) in _LINES.items():
            self._on(name, partial(self._store.apply, partial(intents_compare.step_line, dx=dx, dy=dy)))
        self._actions["loupe"].triggered.connect(
            lambda on: self._store.apply(lambda state: intents_compare.show_loupe(state, on=on))
        )
        self._on("next_place", lambda: self.changes.step(1))
        self._on("previous_place", lambda: self.changes.step(-1))

    def _on(self, name: str, done: Callable[[], object]) -> None:
        self._actions[name].triggered.connect(lambda _=False: done())

    def _blink(self) -> None:
        begins = self._store.state.mode != "blink"
        self._store.apply(intents_compare.press_blink, undo=tr("Way of comparing") if begins else "")

    def _warn(self, wanted: float) -> None:
        text = tr(
            "Pictures that change more than {count} times a second can harm people with epilepsy.",
            count=f"{SAFE_BLINKS:g}",
        )
        advice = tr("They go on at {count} a second.", count=f"{SAFE_BLINKS:g}")
        faster = partial(self._store.apply, partial(intents_compare.set_blinks, per_second=wanted))
        self.noticed.emit(Notice("warning", text, advice, label=tr("Blink faster"), action=faster))

    def _sync(self, state: ViewState) -> None:
        is_open = state.stack is not None
        for name in _ALWAYS:
            self._actions[name].setEnabled(is_open)
        self._actions["mode_agreement"].setEnabled(is_open and (state.test_mode or state.mode == "agreement"))
        for name in _LINES:
            self._actions[name].setEnabled(is_open and state.mode == "wipe")
        for mode in MODES:
            self._actions[f"mode_{mode}"].setChecked(state.mode == mode)
        self._actions["loupe"].setChecked(state.compare.loupe)
