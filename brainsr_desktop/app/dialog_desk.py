"""Opens the dialogs and brings them what they need. One of each kind at a time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QObject, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QDialog, QWidget

from brainsr_desktop import paths
from brainsr_desktop.app.actions import effective_keys
from brainsr_desktop.app.controller import Controller
from brainsr_desktop.app.dialogs.about import AboutDialog
from brainsr_desktop.app.dialogs.card import CardDialog
from brainsr_desktop.app.dialogs.export import ExportDialog, Surroundings
from brainsr_desktop.app.dialogs.header import HeaderDialog, Row
from brainsr_desktop.app.dialogs.keys import KeysDialog
from brainsr_desktop.app.dialogs.manual import ManualDialog
from brainsr_desktop.app.dialogs.notice import DetailsDialog, ResearchNotice, notice_version
from brainsr_desktop.app.dialogs.settings import SettingsDialog
from brainsr_desktop.app.plain_text import masked
from brainsr_desktop.app.preferences import Preferences
from brainsr_desktop.app.problem_list import ProblemList
from brainsr_desktop.app.store import Store
from brainsr_desktop.core.errors import Problem
from brainsr_desktop.core.series import StackInfo, StudyInfo, unread_file
from brainsr_desktop.engine.messages import DeviceInfo
from brainsr_desktop.language import tr
from brainsr_desktop.models.card import Card
from brainsr_desktop.session.state import ViewState

Dialog = TypeVar("Dialog", bound=QDialog)


class DialogDesk(QObject):
    """Every dialog of the window but the system's own."""

    def __init__(
        self,
        store: Store,
        controller: Controller,
        preferences: Preferences,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._store = store
        self._controller = controller
        self._preferences = preferences
        self._window = window
        self._open: dict[type[QDialog], QDialog] = {}
        self.problems = ProblemList(window)
        self.found: Callable[[], tuple[StackInfo, ...]] = tuple
        self.study_of: Callable[[StackInfo], StudyInfo | None] = lambda _: None
        self.save_panes: Callable[[Path], None] = lambda _: None
        self._devices: tuple[DeviceInfo, ...] = ()
        controller.header_ready.connect(self._on_header)
        controller.devices_found.connect(self._on_devices)
        store.changed.connect(self._on_changed)

    def current(self, kind: type[Dialog]) -> Dialog | None:
        """The open dialog of a kind."""
        found = self._open.get(kind)
        return found if isinstance(found, kind) else None

    def _show(self, dialog: QDialog, *, modal: bool = False) -> None:
        before = self._open.pop(type(dialog), None)
        if before is not None:
            before.close()
        self._open[type(dialog)] = dialog
        dialog.finished.connect(lambda _: self._forget(dialog))
        if modal:
            dialog.open()
        else:
            dialog.show()

    def _forget(self, dialog: QDialog) -> None:
        if self._open.get(type(dialog)) is dialog:
            del self._open[type(dialog)]
        dialog.deleteLater()

    def show_about(self) -> None:
        """About."""
        self._show(AboutDialog(self._window, self._controller.catalog.cards, self._devices))

    def show_manual(self) -> None:
        """The manual."""
        self._show(ManualDialog(paths.manual_dir(), self._window))

    def show_keys(self) -> None:
        """Keys and mouse."""
        self._show(KeysDialog(effective_keys(self._preferences.settings.keys), self._window))

    def show_card(self, card: Card) -> None:
        """A model's card."""
        self._show(CardDialog(card, self._window))

    def show_settings(self) -> None:
        """Settings."""
        extras = {"Networks": (tr("Clear results"), self._controller.clear_results)}
        self._show(SettingsDialog(self._preferences, self._controller.catalog, self._window, extras))

    def show_header(self, stack: StackInfo) -> None:
        """Header fields of the slice in view, or of the middle slice of another series."""
        state = self._store.state
        index = state.frame_index if stack is state.stack else stack.slices // 2
        self._show(HeaderDialog(stack, hidden=state.hide_patient, parent=self._window))
        self._controller.request_header(stack, index)

    def show_file_header(self, path: str, problem: Problem) -> None:
        """Header fields of a file that gave no series, and why."""
        stack = unread_file(path)
        hidden = self._store.state.hide_patient
        self._show(HeaderDialog(stack, hidden=hidden, parent=self._window, about=problem))
        self._controller.request_header(stack, 0)

    def show_export(self, stacks: tuple[StackInfo, ...] = ()) -> None:
        """Export what is in view, or the given series."""
        state = self._store.state
        if state.stack is None and not stacks:
            return
        status = self._controller.right_status
        dialog = ExportDialog(
            state,
            stacks or tuple(stack for stack in (state.stack,) if stack is not None),
            self._controller.catalog,
            self._preferences.settings.export,
            self._window,
            around=Surroundings(
                status.seconds,
                status.device,
                self.found(),
                self.study_of,
            ),
        )
        dialog.chosen.connect(self._on_export)
        dialog.panes_chosen.connect(self._on_panes)
        self._show(dialog, modal=True)

    def show_problems(self, problems: tuple[Problem, ...], summary: str) -> None:
        """The problem list."""
        self.problems.table.set_hidden(self._store.state.hide_patient)
        self.problems.show_problems(problems, summary)
        self.problems.hide()  # a list that lies behind the window comes up in front
        self.problems.show()

    def show_failure(self, text: str, detail: str) -> None:
        """The technical text behind a failed slice; while patient data are hidden, without names of files."""
        if self._store.state.hide_patient:
            text, detail = masked(text), masked(detail)
        DetailsDialog(text, detail, self._window).open()

    def show_research_notice(self) -> None:
        """What the program is for; at the first start it must be read to go on."""
        dialog = ResearchNotice(self._window)
        dialog.accepted.connect(lambda: self._preferences.update("general", accepted_notice=notice_version()))
        if self._preferences.settings.general.accepted_notice != notice_version():
            dialog.rejected.connect(self._window.close)
        else:
            dialog.tick.setChecked(True)
            dialog.quit.hide()
        self._show(dialog, modal=True)

    def open_log_folder(self) -> None:
        """The folder of the logs in the system's file manager."""
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(paths.log_dir())))

    def show_in_folder(self, stack: StackInfo) -> None:
        """The folder of a series' files in the system's file manager."""
        frame = next((frame for frame in stack.frames if frame is not None), None)
        if frame is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(Path(frame.path).parent)))

    def _on_export(self, requests: object, choices: dict[str, object]) -> None:
        self._preferences.update("export", **choices)
        for request in requests:  # type: ignore[attr-defined]  # a tuple of ExportRequest through a signal
            self._controller.export(request)

    def _on_panes(self, path: str, choices: dict[str, object]) -> None:
        self._preferences.update("export", **choices)
        self.save_panes(Path(path))

    def _on_header(self, stack: StackInfo, rows: tuple[Row, ...]) -> None:
        dialog = self.current(HeaderDialog)
        if dialog is not None and dialog.stack.id == stack.id:
            dialog.set_rows(rows)

    def _on_devices(self, devices: tuple[DeviceInfo, ...]) -> None:
        self._devices = devices

    def _on_changed(self, before: ViewState, after: ViewState) -> None:
        if before.hide_patient != after.hide_patient:
            self.problems.table.set_hidden(after.hide_patient)
            dialog = self.current(HeaderDialog)
            if dialog is not None:
                dialog.set_hidden(after.hide_patient)
