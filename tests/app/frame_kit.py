"""What the tests of the window's frame share: a pretend controller, models, real series, a window on the screen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
from PySide6.QtCore import QAbstractItemModel, QEvent, QModelIndex, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QListWidget,
    QMenu,
    QPlainTextEdit,
    QWidget,
)
from pytestqt.qtbot import QtBot

from brainsr_desktop.app.controller import Controller
from brainsr_desktop.app.controller_signals import ControllerSignals
from brainsr_desktop.app.store import Store
from brainsr_desktop.app.trust_desk import TrustDesk
from brainsr_desktop.app.window import MainWindow
from brainsr_desktop.core.errors import Problem
from brainsr_desktop.core.series import ScanSummary, SeriesInfo, StackInfo, StudyInfo
from brainsr_desktop.models.card import WEIGHTS_FILE, Card
from brainsr_desktop.models.catalog import BASELINES, Catalog
from brainsr_desktop.session import intents
from brainsr_desktop.session.pictures import PaneState, PaneStatus, Picture
from brainsr_desktop.session.reports import ExportRequest
from brainsr_desktop.session.state import WindowLevel
from brainsr_desktop.session.sweep import SweepRequest
from brainsr_desktop.session.windows import SeriesRange
from brainsr_desktop.settings import General, Settings
from tests.app.viewing import make_stack

PATIENT: Final = StudyInfo("1.2", "Muster^Anna", "P-4711", "19600102", "20240305", "Head", "General Hospital")
READ: Final = Settings(general=General(theme="light", accepted_notice="0"))
RANGE: Final = SeriesRange(
    stack="",
    volume=0,
    initial=WindowLevel(400.0, 800.0),
    automatic=WindowLevel(450.0, 900.0),
    header=WindowLevel(400.0, 800.0),
    full=WindowLevel(600.0, 1200.0),
    tissue=WindowLevel(500.0, 300.0),
    robust_low=0.0,
    robust_high=1000.0,
    final=True,
)


def _network(name: str, title: str, scale: int, role: Any, **changes: Any) -> Card:
    return Card(
        name=name,
        title=title,
        network="brainsr",
        scales=(scale,),
        role=role,
        parameters=1_220_000,
        gflop_160=62.8,
        licence="Apache-2.0",
        description="Made for tests.",
        files={WEIGHTS_FILE: "0" * 64},
        **changes,
    )


CATALOG: Final = Catalog(
    (
        _network("brainsr-x4", "BrainSR x4", 4, "fidelity", default=True),
        _network("brainsr-x2", "BrainSR x2", 2, "fidelity", default=True),
        _network("espcn-x4", "ESPCN x4", 4, "preview"),
        _network("sharp-x4", "Sharp x4", 4, "perceptual"),
        *BASELINES,
    )
)


def series_of(*stacks: StackInfo, study: StudyInfo = PATIENT) -> SeriesInfo:
    """A series of stacks of one study."""
    ours = tuple(replace(stack, study_uid=study.study_uid) for stack in stacks)
    return SeriesInfo(study, ours[0].series_uid, ours)


def stack(number: int, **changes: Any) -> StackInfo:
    """A small axial stack with its own id and series number."""
    changes.setdefault("description", f"series {number}")
    made = make_stack(slices=changes.pop("slices", 8), plane=changes.pop("plane", "axial"))
    return replace(
        made,
        id=str(number),
        series_uid=f"1.2.{number}",
        series_number=number,
        digest=f"{number:064x}",
        **changes,
    )


@lru_cache
def scanned(folder: Path) -> tuple[tuple[SeriesInfo, ...], ScanSummary]:
    """What a scan of a real folder finds."""
    from brainsr_desktop.io.scan import scan_all

    series, summary = scan_all([str(folder)])
    return tuple(series), summary


class PretendController(ControllerSignals):
    """The controller's face without its children: remembers what it was asked, shows grey pictures."""

    def __init__(self, store: Store, catalog: Catalog = CATALOG) -> None:
        super().__init__()
        self.store = store
        self.catalog = catalog
        self.asked: list[tuple[Any, ...]] = []
        self.right_status = PaneStatus(PaneState.EMPTY, "Open a folder to begin")
        self.compared = None
        self.series_range = RANGE
        self.trust = TrustDesk(self)
        self.folders: dict[str, tuple[tuple[SeriesInfo, ...], ScanSummary]] = {}

    def open_paths(self, paths: list[str], *, replace: bool = False, password: str | None = None) -> None:
        self.asked.append(("open", tuple(paths), replace, password))
        if replace:
            self.close_all()
        for path in paths:
            series, summary = self.folders.get(path, ((), ScanSummary(0, 0)))
            for found in series:
                self.series_found.emit(found)
            self.scan_done.emit(summary)

    def open_stack(self, stack: StackInfo) -> None:
        self.asked.append(("stack", stack.id))
        self.store.apply(lambda state: intents.open_stack(state, stack, RANGE.initial))
        self.range_changed.emit(RANGE)
        self.show_pictures()

    def show_pictures(self) -> None:
        """Grey in both panes."""
        stack = self.store.state.stack
        assert stack is not None
        grey = np.full((stack.geometry.rows, stack.geometry.columns), 400, np.int16)
        picture = Picture(grey, stack.geometry.extent_mm)
        self.right_status = PaneStatus(
            PaneState.FULL, "Network BrainSR x4 - CPU, 1.8 s", seconds=1.8, device="CPU"
        )
        self.left_changed.emit(picture, PaneStatus(PaneState.ORIGINAL, "Original"))
        self.right_changed.emit(picture, self.right_status)

    def close_all(self) -> None:
        self.asked.append(("close",))
        self.store.apply(lambda state: intents.open_stack(state, None))
        self.closed.emit()

    def close_stacks(self, stacks: tuple[StackInfo, ...]) -> None:
        self.asked.append(("close", *(stack.id for stack in stacks)))
        if self.store.state.stack in stacks:
            self.store.apply(lambda state: intents.open_stack(state, None))

    def request_thumbnail(self, stack: StackInfo) -> None:
        self.asked.append(("thumbnail", stack.id))

    def request_header(self, stack: StackInfo, index: int) -> None:
        self.asked.append(("header", stack.id, index))

    def request_mask(self, stack: StackInfo, index: int) -> None:
        self.asked.append(("mask", stack.id, index))

    def enhance_series(self) -> None:
        self.asked.append(("enhance",))

    def export(self, request: ExportRequest) -> None:
        self.asked.append(("export", request))

    def sweep(self, request: SweepRequest) -> None:
        self.asked.append(("sweep", request))

    def enhance_stacks(self, stacks: tuple[StackInfo, ...]) -> None:
        self.asked.append(("enhance", *(stack.id for stack in stacks)))

    def import_model(self, source: str) -> None:
        self.asked.append(("import", source))

    def set_disk_store(self, limit_bytes: int) -> None:
        self.asked.append(("disk store", limit_bytes))

    def clear_results(self) -> None:
        self.asked.append(("clear",))

    def pause_job(self, number: int, on: bool) -> None:
        self.asked.append(("pause", number, on))

    def cancel_job(self, number: int) -> None:
        self.asked.append(("cancel", number))

    def stop_network(self) -> None:
        self.asked.append(("stop",))

    def retry(self, *, on_cpu: bool = False) -> None:
        self.asked.append(("retry", on_cpu))

    def seconds_of(self, slice_index: int) -> float | None:
        return 1.8 if slice_index == 0 else None

    def asked_for(self, name: str) -> list[tuple[Any, ...]]:
        """All requests of one kind."""
        return [entry for entry in self.asked if entry[0] == name]


@dataclass
class Rig:
    """A window on the screen and what it talks to."""

    window: MainWindow
    store: Store
    controller: PretendController
    qtbot: QtBot

    def open(
        self, *series: SeriesInfo, path: str = "/data/study", problems: tuple[Problem, ...] = ()
    ) -> None:
        """Let a folder be opened that holds these series."""
        used = sum(len(found.stacks) for found in series)
        self.controller.folders[path] = (series, ScanSummary(used + len(problems), used, problems))
        self.window.open_paths([path])
        QApplication.processEvents()

    def key(self, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        """Press a key where the focus is."""
        target = QApplication.focusWidget() or self.window
        QTest.keyClick(target, key, modifier)

    def focus_images(self) -> None:
        """Give the left pane the focus."""
        self.window.areas.pair.left.view.setFocus()


def make_rig(
    qtbot: QtBot, folder: Path, settings: Settings = READ, catalog: Catalog = CATALOG
) -> Iterator[Rig]:
    """A window of 1280 x 800 with a pretend controller; closed afterwards, the application's look restored."""
    font = QApplication.font()
    store = Store()
    controller = PretendController(store, catalog)
    window = MainWindow(
        store,
        cast(Controller, controller),
        settings,
        settings_path=folder / "settings.toml",
        runs_folder=folder / "runs",
    )
    window.resize(1280, 800)
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()
    yield Rig(window, store, controller, qtbot)
    for dialog in window.findChildren(QWidget):
        if dialog.isWindow() and dialog.isVisible():
            dialog.close()
    window.close()
    theme = window.theme
    window.deleteLater()
    theme.deleteLater()
    # Windows that live on would be restyled by every later test.
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    restore_look()
    QApplication.setFont(font)
    assert not [widget for widget in QApplication.topLevelWidgets() if isinstance(widget, MainWindow)]


def restore_look() -> None:
    """Take a theme off the application."""
    app = cast(QApplication, QApplication.instance())
    app.setStyleSheet("")
    app.setPalette(app.style().standardPalette())


def visible_texts(root: QWidget) -> list[str]:
    """Every text that can be read on the screen below a widget, tool tips and menus included."""
    found = [root.windowTitle()]
    for widget in (root, *root.findChildren(QWidget)):
        found.append(widget.toolTip())
        found.append(widget.accessibleName())
        found.append(widget.accessibleDescription())
        if isinstance(widget, QLabel | QLineEdit):
            found.append(widget.text())
        elif isinstance(widget, QPlainTextEdit):
            found.append(widget.toPlainText())
        elif isinstance(widget, QComboBox):
            found += [widget.itemText(row) for row in range(widget.count())]
        elif isinstance(widget, QMenu):
            found += [f"{action.text()} {action.toolTip()}" for action in widget.actions()]
        elif isinstance(widget, QListWidget):
            found += [
                f"{widget.item(row).text()} {widget.item(row).toolTip()}" for row in range(widget.count())
            ]
        elif isinstance(widget, QAbstractItemView) and widget.model() is not None:
            found += list(_model_texts(widget.model(), QModelIndex()))
        elif isinstance(widget, QAbstractButton):
            found.append(widget.text())
    return [text for text in found if text]


def _model_texts(model: QAbstractItemModel, parent: QModelIndex) -> Iterator[str]:
    roles = (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole)
    for row in range(model.rowCount(parent)):
        for place in range(model.columnCount(parent)):
            index = model.index(row, place, parent)
            yield from (str(index.data(role)) for role in roles if index.data(role))
            if place == 0:
                yield from _model_texts(model, index)
