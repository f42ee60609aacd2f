"""Where each slice has a grey window of its own: takes it when the slice comes into view."""

from __future__ import annotations

from PySide6.QtCore import QObject

from brainsr_desktop.app.slice_pixels import automatic_window
from brainsr_desktop.app.store import Store
from brainsr_desktop.app.viewport_pair import ViewportPair
from brainsr_desktop.session import intents_grey
from brainsr_desktop.session.pictures import stack_name


class SliceWindows(QObject):
    """Acts once for a slice, so that the user can change its window until another one is in view."""

    def __init__(self, store: Store, pair: ViewportPair, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store, self._pair = store, pair
        self._done: tuple[str, int] | None = None
        store.changed.connect(self._look)
        pair.pictures_changed.connect(self._look)

    def _look(self, *_told: object) -> None:
        state, picture = self._store.state, self._pair.left_picture
        if not state.window_per_slice or state.stack is None:
            self._done = None
            return
        here = stack_name(state.stack), state.frame_index
        if picture is None or picture.pixels.ndim != 2 or here == self._done:
            return
        self._done = here
        window = automatic_window(picture)
        self._store.apply(lambda state: intents_grey.take_slice_window(state, window))
