"""Commands about slices that have no place elsewhere: mark, cine, reverse order."""

from __future__ import annotations

from PySide6.QtCore import QObject

from brainsr_desktop.app.actions import Actions
from brainsr_desktop.app.slice_slider import SliceSlider
from brainsr_desktop.app.store import Store
from brainsr_desktop.language import tr
from brainsr_desktop.session import intents_series as intents
from brainsr_desktop.session.pictures import stack_name
from brainsr_desktop.session.state import ViewState


class SliceCommands(QObject):
    """Connects them and keeps their ticks true."""

    def __init__(self, actions: Actions, store: Store, slider: SliceSlider, parent: QObject) -> None:
        super().__init__(parent)
        self._actions = actions
        self._store = store
        actions["mark_slice"].triggered.connect(
            lambda _=False: store.apply(intents.toggle_mark, undo=tr("mark"))
        )
        actions["cine"].triggered.connect(lambda _=False: slider.cine.cine.toggle())
        actions["reverse_order"].triggered.connect(
            lambda on: store.apply(
                lambda state: intents.set_reverse_order(state, on=on), undo=tr("reverse order")
            )
        )
        store.changed.connect(lambda _before, after: self._sync(after))
        self._sync(store.state)

    def _sync(self, state: ViewState) -> None:
        stack = state.stack
        marked = stack is not None and (stack_name(stack), state.slice_index) in state.marks
        for name, on, possible in (
            ("mark_slice", marked, stack is not None),
            ("cine", state.cine.playing, intents.can_play(state)),
            ("reverse_order", state.reverse_order, stack is not None),
        ):
            self._actions[name].setChecked(on)
            self._actions[name].setEnabled(possible)
