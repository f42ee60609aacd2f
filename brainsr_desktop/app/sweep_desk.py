"""Opens the sweep's window and ties it to the controller: one window, whose curves stay when it is closed."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from brainsr_desktop.app.actions import Actions
from brainsr_desktop.app.controller import Controller
from brainsr_desktop.app.panels.sweep import SweepDialog
from brainsr_desktop.app.panels.test import TestPanel
from brainsr_desktop.app.store import Store
from brainsr_desktop.session.state import ViewState


class SweepDesk(QObject):
    """Made on first use: most sessions never sweep."""

    def __init__(
        self, actions: Actions, store: Store, controller: Controller, panel: TestPanel, window: QWidget
    ) -> None:
        super().__init__(window)
        self._store = store
        self._controller = controller
        self._window = window
        self._action = actions["sweep"]
        self.dialog: SweepDialog | None = None
        self._action.triggered.connect(lambda _=False: self.show())
        panel.sweep_asked.connect(self._action.trigger)
        store.changed.connect(self._on_changed)
        self._sync(store.state)

    def show(self) -> None:
        """Bring the window up, in front of the main one."""
        if self.dialog is None:
            self.dialog = SweepDialog(self._controller.catalog, self._store.state, self._window)
            self.dialog.start_asked.connect(self._controller.sweep)
            self.dialog.cancel_asked.connect(self._controller.cancel_job)
            self._controller.sweep_changed.connect(self.dialog.set_view)
            self._controller.catalog_changed.connect(self.dialog.form.set_catalog)
        self.dialog.form.set_state(self._store.state)
        self.dialog.hide()  # one that lies behind the window comes up in front
        self.dialog.show()

    def _on_changed(self, before: ViewState, after: ViewState) -> None:
        if _meant(before) != _meant(after):
            self._sync(after)

    def _sync(self, state: ViewState) -> None:
        self._action.setEnabled(state.stack is not None and state.why_not is None)
        if self.dialog is not None:
            self.dialog.form.set_state(state)


def _meant(state: ViewState) -> tuple[object, ...]:
    return state.stack, state.volume, state.slice_index, state.degradation, state.recipe
