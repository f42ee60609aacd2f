"""Section Display: the grey window as numbers and presets, invert, how the screen enlarges the original."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QCheckBox, QGridLayout, QPushButton, QWidget

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
from brainsr_desktop.app.panels.window_presets import NAMES
from brainsr_desktop.app.plain_text import shown
from brainsr_desktop.app.store import Store
from brainsr_desktop.session import intents
from brainsr_desktop.session.state import ViewState, WindowLevel

LARGEST: Final = 1e9


class DisplayPanel(QWidget):
    """Edits window, inversion and screen interpolation."""

    preset_asked = Signal(int)  # 0 to 9

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self.level = _number("Level (centre)")
        self.width_ = _number("Window (width)")
        self.width_.setMinimum(1e-6)
        self.presets = narrow_list()
        fill(self.presets, [("Choose...", -1), *((f"{key}  {name}", key) for key, name in enumerate(NAMES))])
        self.auto = QPushButton("Automatic")
        self.auto.setAccessibleName("Automatic grey window")
        self.invert = QCheckBox("Invert black and white")
        self.interpolation = Choice("Original", (("Pixels", "nearest"), ("Smooth", "linear")))
        self.interpolation.button("nearest").setToolTip("Show the true pixels (nearest neighbour)")
        self.interpolation.button("linear").setToolTip("Smooth them on the screen (linear)")
        self.linked = plain_label("Both panes always share one window, zoom and place.", name="quiet")
        fields = QGridLayout()
        fields.setHorizontalSpacing(8)
        for place, (text, field) in enumerate((("Window", self.width_), ("Level", self.level))):
            fields.addWidget(plain_label(text, wrap=False), 0, place)
            fields.addWidget(field, 1, place)
        layout = column(self)
        layout.addLayout(fields)
        layout.addLayout(labelled("Preset", self.presets))
        layout.addWidget(self.auto)
        layout.addWidget(self.invert)
        layout.addLayout(labelled("Original", self.interpolation))
        layout.addWidget(self.linked)
        self.level.valueChanged.connect(self._on_numbers)
        self.width_.valueChanged.connect(self._on_numbers)
        self.presets.activated.connect(self._on_preset)
        self.auto.clicked.connect(lambda: self.preset_asked.emit(0))
        self.invert.clicked.connect(lambda: self._store.apply(intents.invert, undo="invert"))
        self.interpolation.chosen.connect(self._on_interpolation)
        store.changed.connect(self._on_changed)
        self._show(store.state)

    def set_presets_possible(self, possible: frozenset[int]) -> None:
        """Grey out the presets that this series cannot have."""
        model = self.presets.model()
        for row in range(self.presets.count()):
            key = self.presets.itemData(row)
            item = model.item(row)  # type: ignore[attr-defined]  # a QComboBox fills a QStandardItemModel
            item.setEnabled(key in possible or key == -1)
            item.setToolTip("" if key in possible or key == -1 else "This series has no such window")

    def _on_numbers(self) -> None:
        window = WindowLevel(self.level.value(), self.width_.value())
        self._store.apply(lambda s: intents.set_window(s, window), undo="grey window")

    def _on_preset(self) -> None:
        key = self.presets.currentData()
        choose(self.presets, -1)
        if key >= 0:
            self.preset_asked.emit(key)

    def _on_interpolation(self, value: object) -> None:
        self._store.apply(
            lambda s: intents.set_interpolation(s, "linear" if value == "linear" else "nearest")
        )

    def _on_changed(self, before: ViewState, after: ViewState) -> None:
        if _drawn(before) != _drawn(after):
            self._show(after)

    def _show(self, state: ViewState) -> None:
        self.invert.setChecked(state.inverted)
        self.interpolation.show_value(state.interpolation)
        is_open = state.stack is not None and state.stack.samples == 1
        for widget in (self.level, self.width_, self.presets, self.auto):
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


def _number(name: str) -> NoWheelSpinBox:
    field = NoWheelSpinBox()
    field.setRange(-LARGEST, LARGEST)
    field.setDecimals(0)
    field.setAccessibleName(name)
    return field


def _drawn(state: ViewState) -> tuple[object, ...]:
    return state.window, state.inverted, state.interpolation, state.stack
