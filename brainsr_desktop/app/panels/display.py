"""Section Display: histogram, the grey window as numbers and presets, colours, how the screen enlarges the original."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QCheckBox, QGridLayout, QHBoxLayout, QPushButton, QWidget

from brainsr_desktop.app.panels.forms import (
    Choice,
    NoWheelSpinBox,
    choose,
    column,
    fill,
    labelled,
    narrow_list,
    plain_label,
)
from brainsr_desktop.app.panels.histogram import HistogramPanel
from brainsr_desktop.app.panels.window_presets import NAMES
from brainsr_desktop.app.plain_text import shown
from brainsr_desktop.app.store import Store
from brainsr_desktop.language import tr
from brainsr_desktop.session import intents, intents_grey
from brainsr_desktop.session.state import SCREEN_INTERPOLATIONS, ScreenInterpolation, ViewState, WindowLevel

LARGEST: Final = 1e9


class DisplayPanel(QWidget):
    """Edits window, colours and screen interpolation; the histogram carries the window as a range."""

    preset_asked = Signal(int)  # 0 to 9
    per_slice_asked = Signal(bool)
    save_asked = Signal(bool)

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self.histogram = HistogramPanel(store)
        self.level = _number(tr("Level (centre)"))
        self.width_ = _number(tr("Window (width)"))
        self.width_.setMinimum(1e-6)
        self.presets = narrow_list()
        self.presets.addItem(tr("Choose..."), -1)
        for key, name in enumerate(NAMES):
            self.presets.addItem(_entry(key, tr(name)), key)
        self.auto = QPushButton(tr("Automatic"))
        self.auto.setAccessibleName(tr("Automatic grey window"))
        self.save = QPushButton(tr("Save as preset..."))
        self.save.setToolTip(tr("Give this grey window a name and a key"))
        self.per_slice = QCheckBox(tr("Each slice its own window"))
        self.per_slice.setToolTip(tr("Automatic for each slice; brightness may jump from slice to slice"))
        self.colours = narrow_list()
        fill(
            self.colours,
            [
                (tr("Grey"), "grey"),
                (tr("Inverted"), "grey inverted"),
                (tr("Cividis"), "cividis"),
                (tr("Cividis, inverted"), "cividis inverted"),
                (tr("Viridis"), "viridis"),
                (tr("Viridis, inverted"), "viridis inverted"),
            ],
        )
        self.interpolation = Choice(
            tr("Original"),
            ((tr("Pixels"), "nearest"), (tr("Linear"), "linear"), (tr("Cubic"), "cubic")),
        )
        self.interpolation.button("nearest").setToolTip(tr("Show the true pixels (nearest neighbour)"))
        self.interpolation.button("linear").setToolTip(tr("Smooth them on the screen (linear)"))
        self.interpolation.button("cubic").setToolTip(tr("Smooth them on the screen, edges sharper (cubic)"))
        self.linked = plain_label(tr("Both panes always share one window, zoom and place."), name="quiet")
        fields = QGridLayout()
        fields.setHorizontalSpacing(8)
        for place, (text, field) in enumerate(((tr("Window"), self.width_), (tr("Level"), self.level))):
            fields.addWidget(plain_label(text, wrap=False), 0, place)
            fields.addWidget(field, 1, place)
        buttons = QHBoxLayout()
        buttons.addWidget(self.auto)
        buttons.addWidget(self.save)
        layout = column(self)
        layout.addWidget(self.histogram)
        layout.addLayout(fields)
        layout.addLayout(labelled(tr("Preset"), self.presets))
        layout.addLayout(buttons)
        layout.addWidget(self.per_slice)
        layout.addLayout(labelled(tr("Colours"), self.colours))
        layout.addLayout(labelled(tr("Original"), self.interpolation))
        layout.addWidget(self.linked)
        self.level.valueChanged.connect(self._on_numbers)
        self.width_.valueChanged.connect(self._on_numbers)
        self.presets.activated.connect(self._on_preset)
        self.auto.clicked.connect(lambda: self.preset_asked.emit(0))
        self.save.clicked.connect(self.save_asked)
        self.per_slice.clicked.connect(self.per_slice_asked)
        self.colours.activated.connect(self._on_colours)
        self.interpolation.chosen.connect(self._on_interpolation)
        store.changed.connect(self._on_changed)
        self._show(store.state)

    def set_presets_possible(self, possible: frozenset[int], names: Mapping[int, str] | None = None) -> None:
        """Grey out the presets that this series cannot have; ``names`` are what the keys bring now."""
        model = self.presets.model()
        for row in range(self.presets.count()):
            key = self.presets.itemData(row)
            if names is not None and key in names:
                self.presets.setItemText(row, _entry(key, names[key]))
            item = model.item(row)  # type: ignore[attr-defined]  # a QComboBox fills a QStandardItemModel
            item.setEnabled(key in possible or key == -1)
            item.setToolTip("" if key in possible or key == -1 else tr("This series has no such window"))

    def _on_numbers(self) -> None:
        window = WindowLevel(self.level.value(), self.width_.value())
        self._store.apply(lambda s: intents.set_window(s, window), undo=tr("Grey window"))

    def _on_preset(self) -> None:
        key = self.presets.currentData()
        choose(self.presets, -1)
        if key >= 0:
            self.preset_asked.emit(key)

    def _on_colours(self) -> None:
        name, _, inverted = self.colours.currentData().partition(" ")
        self._store.apply(
            lambda s: intents_grey.choose_colours(s, name, inverted=bool(inverted)), undo=tr("Colours")
        )

    def _on_interpolation(self, value: object) -> None:
        chosen: ScreenInterpolation = next(
            (name for name in SCREEN_INTERPOLATIONS if name == value), "nearest"
        )
        self._store.apply(lambda s: intents.set_interpolation(s, chosen))

    def _on_changed(self, before: ViewState, after: ViewState) -> None:
        if _drawn(before) != _drawn(after):
            self._show(after)

    def _show(self, state: ViewState) -> None:
        choose(self.colours, f"{state.colour_map} inverted" if state.inverted else state.colour_map)
        self.per_slice.setChecked(state.window_per_slice)
        self.interpolation.show_value(state.interpolation)
        is_open = state.stack is not None and state.stack.samples == 1
        for widget in (
            self.level,
            self.width_,
            self.presets,
            self.auto,
            self.save,
            self.per_slice,
            self.colours,
        ):
            widget.setEnabled(is_open)
        unit = shown(state.stack.unit, 12) if state.stack is not None else ""
        for field in (self.level, self.width_):
            field.setSuffix(f" {unit}" if unit else "")
        if state.window is not None:
            self._show_window(state.window)

    def _show_window(self, window: WindowLevel) -> None:
        with QSignalBlocker(self.level), QSignalBlocker(self.width_):
            for field, value in ((self.level, window.center), (self.width_, window.width)):
                field.setDecimals(decimals_for(window.width))
                field.setSingleStep(
                    10 ** -decimals_for(window.width) if window.width < 100 else max(window.width // 50, 1)
                )
                field.setValue(value)


def decimals_for(width: float) -> int:
    """Digits after the point that a window of this width needs."""
    return 0 if width >= 100 else 1 if width >= 10 else 3 if width >= 0.1 else 6


def _entry(key: int, name: str) -> str:
    return f"{key}  {name}"


def _number(name: str) -> NoWheelSpinBox:
    field = NoWheelSpinBox()
    field.setRange(-LARGEST, LARGEST)
    field.setDecimals(0)
    field.setAccessibleName(name)
    return field


def _drawn(state: ViewState) -> tuple[object, ...]:
    return (
        state.window,
        state.inverted,
        state.colour_map,
        state.window_per_slice,
        state.interpolation,
        state.stack,
    )
