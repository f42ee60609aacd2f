"""The grey windows of the keys 0 to 9, own ones, the window of each slice, and the colours: what their commands do."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from brainsr_desktop.app.actions import Actions
from brainsr_desktop.app.command_table import BY_ID
from brainsr_desktop.app.controller import Controller
from brainsr_desktop.app.dialogs.preset import PresetDialog
from brainsr_desktop.app.panels.display import DisplayPanel
from brainsr_desktop.app.panels.window_presets import NAMES, absolute, kept_for, preset, relative
from brainsr_desktop.app.plain_text import shown
from brainsr_desktop.app.preferences import Preferences
from brainsr_desktop.app.store import Store
from brainsr_desktop.language import tr
from brainsr_desktop.session import intents, intents_grey
from brainsr_desktop.session.state import ColourMap, ViewState, WindowLevel
from brainsr_desktop.session.windows import SeriesRange
from brainsr_desktop.settings import GreyPreset, Settings, with_preset

COLOURS: Final[tuple[ColourMap, ...]] = ("grey", "cividis", "viridis")
KEYS: Final = range(len(NAMES))


class GreyPresets(QObject):
    """Answers the commands of the menu Grey window and tells the section Display which of them there are."""

    said = Signal(str)

    def __init__(
        self,
        actions: Actions,
        store: Store,
        controller: Controller,
        panel: DisplayPanel,
        preferences: Preferences,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._actions, self._store, self._panel = actions, store, panel
        self._preferences, self._window = preferences, window
        self._range: SeriesRange | None = None
        for key in KEYS:
            self._on(f"window_{key}", partial(self.take, key))
        self._on("save_own_window", self._keep_own)
        self._on("save_preset", self._ask_preset)
        actions["window_per_slice"].triggered.connect(self._set_per_slice)
        for name in COLOURS:
            self._on(f"colours_{name}", partial(self._choose_colours, name))
        panel.preset_asked.connect(self.take)
        panel.per_slice_asked.connect(self._set_per_slice)
        panel.save_asked.connect(lambda _=False: self._ask_preset())
        controller.range_changed.connect(self._on_range)
        store.changed.connect(self._on_changed)
        preferences.changed.connect(self._on_settings)
        self._sync()

    def take(self, key: int) -> None:
        """Use the grey window of a key."""
        name, window = self._choice(key)
        if window is not None:
            self._store.apply(lambda state: intents.set_window(state, window), undo=name)

    def _on(self, name: str, done: Callable[[], object]) -> None:
        self._actions[name].triggered.connect(lambda _=False: done())

    def _choice(self, key: int) -> tuple[str, WindowLevel | None]:
        """Name and window of a key for the series in view; None where it has no such window."""
        settings, stack = self._preferences.settings, self._store.state.stack
        if self._range is None or stack is None or stack.samples != 1:
            return tr(NAMES[key]), None
        kept = kept_for(key, settings.presets, stack)
        if kept is not None:
            return shown(kept.name, 40), absolute((kept.center, kept.width), self._range)
        own = settings.viewing.own_center, settings.viewing.own_width
        return tr(NAMES[key]), preset(key, self._range, own)

    # What the user keeps

    def _relative(self) -> tuple[float, float] | None:
        window = self._store.state.window
        return None if window is None or self._range is None else relative(window, self._range)

    def _keep_own(self) -> None:
        """Remember the present window for key 9, for every series."""
        own = self._relative()
        if own is not None:
            self._preferences.update("viewing", own_center=own[0], own_width=own[1])
            self.said.emit(tr("Key 9 brings this grey window back, in any series."))

    def _ask_preset(self) -> None:
        stack = self._store.state.stack
        if stack is None or self._relative() is None:
            return
        taken = {key: self._choice(key)[0] for key in KEYS}
        dialog = PresetDialog(stack, taken, self._window)
        dialog.chosen.connect(self.keep)
        dialog.open()

    def keep(self, name: str, key: int, word: str) -> None:
        """Keep the present window under a name, on a key, for series with a word in modality or description."""
        own = self._relative()
        if own is None:
            return
        kept = GreyPreset(name, key, word, *own)
        self._preferences.set(with_preset(self._preferences.settings, kept))
        self.said.emit(tr("The grey window was kept as {name} on key {key}.", name=shown(name, 40), key=key))

    # Each slice, colours

    def _set_per_slice(self, on: bool) -> None:
        self._store.apply(
            lambda state: intents_grey.set_window_per_slice(state, on=on), undo=tr("Window of each slice")
        )

    def _choose_colours(self, name: ColourMap) -> None:
        self._store.apply(lambda state: intents_grey.choose_colours(state, name), undo=tr("Colours"))

    # What the actions say

    def _on_range(self, series: SeriesRange | None) -> None:
        self._range = series
        self._sync()

    def _on_changed(self, before: ViewState, after: ViewState) -> None:
        if _synced(before) != _synced(after):
            self._sync()

    def _on_settings(self, before: Settings, after: Settings) -> None:
        if (before.presets, before.viewing) != (after.presets, after.viewing):
            self._sync()

    def _sync(self) -> None:
        state, choices = self._store.state, {key: self._choice(key) for key in KEYS}
        names = {key: name for key, (name, _) in choices.items()}
        there = frozenset(key for key, (_, window) in choices.items() if window is not None)
        for key, name in names.items():
            action = self._actions[f"window_{key}"]
            action.setEnabled(key in there)
            is_own = name != tr(NAMES[key])
            action.setText(name.replace("&", "&&") if is_own else BY_ID[f"window_{key}"].words)
        self._panel.set_presets_possible(there, names)
        grey = state.stack is not None and state.stack.samples == 1
        for action_name in ("window_per_slice", *(f"colours_{name}" for name in COLOURS)):
            self._actions[action_name].setEnabled(grey)
        for action_name in ("save_own_window", "save_preset"):
            self._actions[action_name].setEnabled(grey and self._range is not None)
        self._actions["window_per_slice"].setChecked(state.window_per_slice)
        self._actions[f"colours_{state.colour_map}"].setChecked(True)


def _synced(state: ViewState) -> tuple[object, ...]:
    return state.stack, state.window_per_slice, state.colour_map
