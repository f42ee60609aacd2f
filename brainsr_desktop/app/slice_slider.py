"""The row under the panes: slice slider with a tick for each slice's state, and a second slider for volumes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Final

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QSpinBox, QToolButton, QVBoxLayout, QWidget

from brainsr_desktop.app import icons
from brainsr_desktop.app.step_slider import SliceTrack, StepSlider
from brainsr_desktop.app.store import Store
from brainsr_desktop.app.viewport_overlays import position_text
from brainsr_desktop.session import intents
from brainsr_desktop.session.pictures import SliceState
from brainsr_desktop.session.state import ViewState

_BUTTON_PX: Final = 28


class SliceSlider(QWidget):
    """Buttons, slider, number field and position; above them the volumes of a stack that has several."""

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Slices")
        self._store = store
        self.track = SliceTrack("Slice", self._tip)
        self.number = QSpinBox()
        self.number.setAccessibleName("Slice number")
        self.number.setKeyboardTracking(False)
        self.number.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
        self.number.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.position = QLabel()
        self.position.setAccessibleName("Position of the slice")
        self.volumes = StepSlider("Time point, echo or b-value")
        self.volume_text = QLabel()
        self.volume_text.setAccessibleName("Volume in view")
        self.volume_row = QWidget()
        self._build()
        store.changed.connect(self._on_state_changed)
        self._draw()

    def set_slice_states(self, states: Mapping[int, SliceState]) -> None:
        """Take the state of each slice of the volume in view, by slice index."""
        self.track.set_states(states)
        self._describe()

    def focus_number(self) -> None:
        """Let the user type a slice number."""
        self.number.setFocus()
        self.number.selectAll()

    def _build(self) -> None:
        above = QHBoxLayout(self.volume_row)
        above.setContentsMargins(0, 0, 0, 0)
        sign = QLabel("Volume")
        sign.setBuddy(self.volumes)
        for widget, stretch in ((sign, 0), (self.volumes, 1), (self.volume_text, 0)):
            above.addWidget(widget, stretch)
        row = QHBoxLayout()
        row.setSpacing(2)
        for name, words, step in (
            ("first", "First slice", -(1 << 20)),
            ("previous", "Previous slice", -1),
            ("next", "Next slice", 1),
            ("last", "Last slice", 1 << 20),
        ):
            row.addWidget(self._button(name, words, step))
        row.addWidget(self.track, 1)
        row.addSpacing(8)
        row.addWidget(self.number)
        row.addSpacing(8)
        row.addWidget(self.position)
        self.position.setMinimumWidth(self.fontMetrics().horizontalAdvance("z -0000.0 mm"))
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 3, 8, 3)
        column.setSpacing(0)
        column.addWidget(self.volume_row)
        column.addLayout(row)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.track.valueChanged.connect(self._go_to)
        self.number.valueChanged.connect(lambda number: self._go_to(number - 1))
        self.volumes.valueChanged.connect(
            lambda volume: self._store.apply(lambda state: intents.go_to_volume(state, volume))
        )

    def _button(self, icon: str, words: str, step: int) -> QToolButton:
        button = QToolButton()
        icons.set_icon(button, icon)
        button.setMinimumSize(_BUTTON_PX, _BUTTON_PX)
        button.setToolTip(words)
        button.setAccessibleName(words)
        button.setAutoRepeat(abs(step) == 1)
        button.clicked.connect(partial(self._step, step))
        return button

    def _step(self, step: int) -> None:
        self._store.apply(lambda state: intents.scroll(state, step))

    def _go_to(self, index: int) -> None:
        self._store.apply(lambda state: intents.go_to(state, index))

    def _on_state_changed(self, before: ViewState, after: ViewState) -> None:
        if after.stack is not before.stack:
            self.track.set_states({})
        if (after.stack, after.frame_index) != (before.stack, before.frame_index):
            self._draw()

    def _draw(self) -> None:
        state = self._store.state
        stack = state.stack
        slices = 0 if stack is None else stack.slices
        with QSignalBlocker(self.track), QSignalBlocker(self.number), QSignalBlocker(self.volumes):
            self.track.setRange(0, max(0, slices - 1))
            self.track.setValue(state.slice_index)
            self.number.setRange(min(1, slices), slices)
            self.number.setSuffix(f" / {slices}")
            self.number.setValue(state.slice_index + 1 if slices else 0)
            self.volumes.setRange(0, 0 if stack is None else stack.volumes - 1)
            self.volumes.setValue(state.volume)
        self.setEnabled(slices > 0)
        self.position.setText("" if stack is None else position_text(stack, state.slice_index))
        self.volume_row.setVisible(stack is not None and stack.volumes > 1)
        if stack is not None:
            label = stack.volume_labels[state.volume] or "volume"
            self.volume_text.setText(f"{label}  ({state.volume + 1} / {stack.volumes})")
            self.volumes.setAccessibleDescription(self.volume_text.text())
        self.track.update()
        self.volumes.update()
        self._describe()

    def _describe(self) -> None:
        index = self.track.value()
        told = f"slice {index + 1} of {self.track.maximum() + 1}, {self.track.state_of(index).value}"
        self.track.setAccessibleDescription(told if self.isEnabled() else "no slices")

    def _tip(self, index: int, state: SliceState) -> str:
        stack = self._store.state.stack
        if stack is None:
            return ""
        place = position_text(stack, index)
        return ", ".join(filter(None, (f"Slice {index + 1} of {stack.slices}", place, state.value)))
