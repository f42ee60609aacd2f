"""Everything about measuring that the window has: drawing, mouse, keys, commands, files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QWidget

from brainsr_desktop.app.actions import Actions
from brainsr_desktop.app.background import in_background
from brainsr_desktop.app.controller import Controller
from brainsr_desktop.app.measure_items import MeasureItems
from brainsr_desktop.app.measure_keys import MeasureKeys
from brainsr_desktop.app.measure_mouse import MeasureMouse
from brainsr_desktop.app.measure_text import TITLES, csv_text, plain_table
from brainsr_desktop.app.panels.measure import MeasurePanel
from brainsr_desktop.app.plain_text import shown
from brainsr_desktop.app.store import Store
from brainsr_desktop.app.viewport_pair import ViewportPair
from brainsr_desktop.core.errors import ReadError
from brainsr_desktop.language import tr, trn
from brainsr_desktop.session import intents_measure
from brainsr_desktop.session.measurement_file import LARGEST_BYTES, from_text, series_hash, to_text
from brainsr_desktop.session.measurements import KINDS, Kind, Measurement
from brainsr_desktop.session.reports import Notice
from brainsr_desktop.session.state import ViewState

PLACED_PART: Final = 0.25
"""What is placed without the mouse is so large in parts of what the panes show."""
OF_SLICE: Final = (
    "clear_measurements",
    "copy_measurements",
    "export_measurements",
    "next_handle",
    "previous_handle",
)


@dataclass(frozen=True, slots=True)
class _Read:
    """A file of measurements, or why there is none."""

    items: tuple[Measurement, ...] = ()
    series: str = ""
    error: ReadError | None = None


class MeasureTools(QObject):
    """Puts the parts together and answers the commands of the menu Measure."""

    said = Signal(str)
    noticed = Signal(object)  # Notice

    def __init__(
        self,
        store: Store,
        controller: Controller,
        pair: ViewportPair,
        panel: MeasurePanel,
        actions: Actions,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._store, self._pair, self._panel, self._actions, self._window = (
            store,
            pair,
            panel,
            actions,
            window,
        )
        self._items = MeasureItems(store, pair, panel.values, self)
        self._keys = MeasureKeys(store, pair, self)
        mouse = MeasureMouse(store)
        for pane in (pair.left, pair.right):
            if pane.view.mouse is not None:
                pane.view.mouse.over = mouse
        panel.set_actions(actions)
        panel.remove_asked.connect(self._remove)
        controller.closed.connect(lambda: store.apply(intents_measure.forget))
        for name, done in {
            "place_measurement": self._place,
            "next_handle": partial(self._apply, lambda s: intents_measure.step_handle(s, 1)),
            "previous_handle": partial(self._apply, lambda s: intents_measure.step_handle(s, -1)),
            "remove_measurement": self._remove,
            "clear_measurements": self._clear,
            "copy_measurements": self._copy,
            "export_measurements": self._ask_csv,
            "save_measurements": self._ask_save,
            "load_measurements": self._ask_load,
        }.items():
            actions[name].triggered.connect(lambda _=False, done=done: done())
        store.changed.connect(lambda _before, after: self._sync(after))
        self._sync(store.state)

    def _apply(self, intent: Callable[[ViewState], ViewState], undo: str = "") -> None:
        self._store.apply(intent, undo=undo)

    def _sync(self, state: ViewState) -> None:
        on_slice = bool(state.measuring.of_slice(state.slice_index))
        for name in OF_SLICE:
            self._actions[name].setEnabled(on_slice)
        self._actions["remove_measurement"].setEnabled(intents_measure.selected_in_view(state) is not None)
        self._actions["save_measurements"].setEnabled(bool(state.measuring.items))
        for name in ("place_measurement", "load_measurements", *(f"tool_{kind}" for kind in KINDS)):
            self._actions[name].setEnabled(state.stack is not None)

    # Without the mouse

    def _place(self) -> None:
        """A measurement of the active tool (default: a distance) in the middle of the panes, ready for the keys."""
        state = self._store.state
        field = self._pair.field
        kind: Kind = state.tool if state.tool in KINDS else "distance"
        height = min(self._pair.left.view.size_px[1], self._pair.left.view.size_px[0])
        half = height * field.mm_per_px * PLACED_PART / 2
        tall = 0.0 if kind in ("distance", "profile") else half
        start, end = (field.x - half, field.y - tall), (field.x + half, field.y + tall)

        def place(state: ViewState) -> ViewState:
            return intents_measure.step_handle(intents_measure.begin(state, kind, start, end), 1)

        self._apply(place, tr(TITLES[kind]))
        self._pair.set_active(self._pair.active)

    def _remove(self) -> None:
        self._apply(intents_measure.remove_selected, tr("Remove measurement"))

    def _clear(self) -> None:
        numbers = [item.number for item in self._panel.values.items]
        self._apply(lambda state: intents_measure.remove(state, numbers), tr("Remove measurements"))

    # The table

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(plain_table(self._panel.values.table()))
        self.said.emit(tr("The values of this slice were copied."))

    def _ask_csv(self) -> None:
        self._ask(tr("Save table"), "CSV (*.csv)", "csv", self.save_csv)

    def save_csv(self, path: Path) -> None:
        """Write the table of the slice in view."""
        self._write(path, csv_text(self._panel.values.table()))

    # Files

    def _ask_save(self) -> None:
        self._ask(tr("Save measurements"), "JSON (*.json)", "json", self.save)

    def save(self, path: Path) -> None:
        """Write every measurement of the series in view."""
        state = self._store.state
        if state.stack is not None:
            self._write(path, to_text(state.measuring.items, state.stack))

    def _ask_load(self) -> None:
        self._ask(tr("Open measurements"), "JSON (*.json)", "json", self.load, to_open=True)

    def load(self, path: Path) -> None:
        """Add the measurements of a file to the series in view."""
        in_background(partial(_read, path), partial(self._on_read, path.name), self)

    def _on_read(self, name: str, found: _Read) -> None:
        stack = self._store.state.stack
        if found.error is not None:
            text = tr("{file}: {what}", file=shown(name), what=found.error.message)
            self.noticed.emit(Notice("error", text, found.error.advice))
            return
        if stack is None:
            return
        self._apply(lambda state: intents_measure.add_all(state, found.items), tr("Open measurements"))
        inside = sum(item.slice_index < stack.slices for item in found.items)
        self.said.emit(trn("{count} measurement was opened.", "{count} measurements were opened.", inside))
        if found.series != series_hash(stack):
            text = tr("The measurements in {file} were made on another series.", file=shown(name))
            self.noticed.emit(
                Notice(
                    "warning",
                    text,
                    tr("They lie at the same mm of the slices with the same number. Check their places."),
                )
            )

    def _ask(
        self, title: str, kinds: str, suffix: str, done: Callable[[Path], None], *, to_open: bool = False
    ) -> None:
        dialog = QFileDialog(self._window, title, str(Path.home()), kinds)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        modes = QFileDialog.AcceptMode
        dialog.setAcceptMode(modes.AcceptOpen if to_open else modes.AcceptSave)
        dialog.setDefaultSuffix(suffix)
        dialog.fileSelected.connect(lambda name: done(Path(name)))
        dialog.open()

    def _write(self, path: Path, text: str) -> None:
        in_background(partial(_write, path, text), partial(self._on_written, path.name), self)

    def _on_written(self, name: str, written: bool) -> None:
        if written:
            self.said.emit(tr("Saved as {file}.", file=shown(name)))
        else:
            text = tr("{file} could not be saved.", file=shown(name))
            self.noticed.emit(Notice("error", text, tr("Choose another folder.")))


def _write(path: Path, text: str) -> bool:
    try:
        path.write_text(text, encoding="utf-8", newline="")
    except OSError:
        return False
    return True


def _read(path: Path) -> _Read:
    try:
        with path.open("rb") as file:
            text = file.read(LARGEST_BYTES + 1).decode("utf-8")
        return _Read(*from_text(text))
    except UnicodeDecodeError:
        return _Read(error=ReadError(tr("This is not text."), advice=tr("Choose another file.")))
    except OSError:
        return _Read(error=ReadError(tr("The file cannot be read."), advice=tr("Was the disk removed?")))
    except ReadError as error:
        return _Read(error=error)
