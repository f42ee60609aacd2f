"""The row under the panes: slice slider with a tick for each slice's state, cine, and a second slider for volumes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QSpinBox, QToolButton, QVBoxLayout, QWidget

from brainsr_desktop.app import icons
from brainsr_desktop.app.cine_controls import CineControls
from brainsr_desktop.app.panels.forms import TARGET_PX
from brainsr_desktop.app.plain_text import shown
from brainsr_desktop.app.step_slider import SliceTrack, StepSlider
from brainsr_desktop.app.store import Store
from brainsr_desktop.app.viewport_overlays import position_text
from brainsr_desktop.language import mark, tr
from brainsr_desktop.session import intents
from brainsr_desktop.session.intents_series import marked
from brainsr_desktop.session.pictures import SliceState
from brainsr_desktop.session.state import ViewState

_BUTTON_PX: Final = 28
NARROW_LETTERS: Final = 60
STATE_WORDS: Final[Mapping[SliceState, str]] = {
    SliceState.NONE: mark("not computed"),
    SliceState.COMPUTING: mark("being computed"),
    SliceState.FAST: mark("fast result"),
    SliceState.FULL: mark("full result"),
    SliceState.FAILED: mark("failed"),
}


class SliceSlider(QWidget):
    """Buttons, slider, number field and position; above them the volumes of a stack that has several."""

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(tr("Slices"))
        self._store = store
        self.seconds_of: Callable[[int], float | None] = lambda _index: None
        """How long the result of a slice took, s; None where there is none."""
        self.track = SliceTrack(tr("Slice"), self._tip)
        self.cine = CineControls(store)
        self.number = QSpinBox()
        self.number.setAccessibleName(tr("Slice number"))
        self.number.setMinimumHeight(TARGET_PX)
        self.number.setToolTip(tr("Type the number of a slice (Ctrl+G)"))
        self.number.setKeyboardTracking(False)
        self.number.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
        self.number.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.position = QLabel()
        self.position.setAccessibleName(tr("Position of the slice"))
        self.volumes = StepSlider(tr("Time point, echo or b-value"))
        self.volume_text = QLabel()
        self.volume_text.setAccessibleName(tr("Volume in view"))
        self.volume_row = QWidget()
        self._build()
        store.changed.connect(self._on_state_changed)
        self._draw()

    def set_slice_states(self, states: Mapping[int, SliceState]) -> None:
        """Take the state of each slice of the volume in view, by slice index."""
        self.track.set_states(states)
        self._describe()

    def focus_number(self) -> None:
        """Let the user type a slice number; Enter leads back to the slider."""
        self.cine.cine.stop()
        self.number.setFocus()
        self.number.selectAll()

    def _build(self) -> None:
        above = QHBoxLayout(self.volume_row)
        above.setContentsMargins(0, 0, 0, 0)
        sign = QLabel(tr("Volume"))
        sign.setBuddy(self.volumes)
        for widget, stretch in (
            (sign, 0),
            (self.cine.play_volumes, 0),
            (self.volumes, 1),
            (self.volume_text, 0),
        ):
            above.addWidget(widget, stretch)
        row = QHBoxLayout()
        row.setSpacing(2)
        for name, words, step in (
            ("first", tr("First slice"), -(1 << 20)),
            ("previous", tr("Previous slice"), -1),
            ("next", tr("Next slice"), 1),
            ("last", tr("Last slice"), 1 << 20),
        ):
            row.addWidget(self._button(name, words, step))
        row.addWidget(self.cine)
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
        self.number.lineEdit().returnPressed.connect(self.track.setFocus)
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
        if after.cine.playing != before.cine.playing:
            self._make_room()
        if _drawn(after) != _drawn(before):
            self._draw()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Qt calls it."""
        super().resizeEvent(event)
        self._make_room()

    def _make_room(self) -> None:
        """While slices play in a narrow row the place is left out; the pane's text tells it too."""
        narrow = self.width() < NARROW_LETTERS * self.fontMetrics().averageCharWidth()
        self.position.setVisible(not (narrow and self._store.state.cine.playing))

    def _draw(self) -> None:
        state = self._store.state
        stack = state.stack
        slices = 0 if stack is None else stack.slices
        with QSignalBlocker(self.track), QSignalBlocker(self.number), QSignalBlocker(self.volumes):
            self.track.setInvertedAppearance(state.reverse_order)
            self.track.setRange(0, max(0, slices - 1))
            self.track.setValue(state.slice_index)
            self.number.setRange(min(1, slices), slices)
            self.number.setSuffix(f" / {slices}")
            self.number.setValue(state.slice_index + 1 if slices else 0)
            self.volumes.setRange(0, 0 if stack is None else stack.volumes - 1)
            self.volumes.setValue(state.volume)
        self.track.set_marks(() if stack is None else marked(state, stack))
        self.setEnabled(slices > 0)
        self.position.setText("" if stack is None else position_text(stack, state.slice_index))
        self.volume_row.setVisible(stack is not None and stack.volumes > 1)
        if stack is not None:
            label = stack.volume_labels[state.volume] or tr("volume")
            self.volume_text.setText(f"{shown(label, 48)}  ({state.volume + 1} / {stack.volumes})")
            self.volumes.setAccessibleDescription(self.volume_text.text())
        self.track.update()
        self.volumes.update()
        self._describe()

    def _describe(self) -> None:
        index = self.track.value()
        told = tr(
            "slice {number} of {slices}, {state}",
            number=index + 1,
            slices=self.track.maximum() + 1,
            state=tr(STATE_WORDS[self.track.state_of(index)]),
        )
        if self.track.is_marked(index):
            told = tr("{slice}, marked", slice=told)
        self.track.setAccessibleDescription(told if self.isEnabled() else tr("no slices"))

    def _tip(self, index: int, state: SliceState) -> str:
        stack = self._store.state.stack
        if stack is None:
            return ""
        seconds = self.seconds_of(index) if state in (SliceState.FAST, SliceState.FULL) else None
        parts = (
            tr("Slice {number} of {slices}", number=index + 1, slices=stack.slices),
            position_text(stack, index),
            tr(STATE_WORDS[state]),
            "" if seconds is None else tr("{seconds:.2g} s", seconds=seconds),
            tr("marked") if self.track.is_marked(index) else "",
        )
        return ", ".join(filter(None, parts))


def _drawn(state: ViewState) -> tuple[object, ...]:
    return state.stack, state.frame_index, state.marks, state.reverse_order
