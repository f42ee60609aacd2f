"""Pieces that the sections are made of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from PySide6.QtCore import QEvent, QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QApplication,
    QButtonGroup,
    QComboBox,
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QPushButton,
    QSizePolicy,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from brainsr_desktop.language import tr

TARGET_PX: Final = 26
LEAST_FIELD_PX: Final = 84
NORMAL_PT: Final = 10.0
FRAME_PX: Final = 40


def size_for_text(dialog: QWidget, width_px: int, height_px: int) -> None:
    """Give a dialog its size for text of 10 pt, larger with larger text, and never larger than the screen."""
    factor = max(1.0, QApplication.font().pointSizeF() / NORMAL_PT)
    room = dialog.screen().availableGeometry()
    dialog.resize(
        min(round(width_px * factor), room.width() - FRAME_PX),
        min(round(height_px * factor), room.height() - FRAME_PX),
    )


def plain_label(text: str = "", *, name: str = "", wrap: bool = True) -> QLabel:
    """A label that shows its text as it is; ``name`` is the style sheet's name for it."""
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(wrap)
    if name:
        label.setObjectName(name)
    return label


def column(parent: QWidget) -> QVBoxLayout:
    """The layout of a section's content."""
    layout = QVBoxLayout(parent)
    layout.setContentsMargins(12, 6, 12, 14)
    layout.setSpacing(8)
    return layout


def labelled(text: str, widget: QWidget) -> QHBoxLayout:
    """A label and its field in one row."""
    label = plain_label(text, wrap=False)
    label.setBuddy(widget)
    if not widget.accessibleName():
        widget.setAccessibleName(text)
    row = QHBoxLayout()
    row.addWidget(label)
    row.addWidget(widget, 1)
    return row


def fill(box: QComboBox, entries: Iterable[tuple[str, object]]) -> None:
    """Replace the entries (text, value) of a list, silently."""
    with QSignalBlocker(box):
        box.clear()
        for text, value in entries:
            box.addItem(text, value)


def choose(box: QComboBox, value: object) -> None:
    """Show the entry with this value, silently; none where there is no such entry."""
    with QSignalBlocker(box):
        box.setCurrentIndex(box.findData(value))


def narrow_list() -> QComboBox:
    """A list that does not widen the panel for its longest entry."""
    box = QComboBox()
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(8)
    return box


class TextList(QListWidget):
    """A list of words that lays its rows out again when the style changes their height."""

    def changeEvent(self, event: QEvent) -> None:
        """Qt calls it."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.StyleChange, QEvent.Type.FontChange):
            self.scheduleDelayedItemsLayout()


def give_margin(field: QAbstractSpinBox) -> None:
    """Keep the number off the field's edge."""
    field.lineEdit().setTextMargins(5, 0, 0, 0)


class NoWheelSpinBox(QDoubleSpinBox):
    """A number field that leaves the wheel to the panel's scrolling until it has the focus."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setKeyboardTracking(False)
        give_margin(self)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def minimumSizeHint(self) -> QSize:
        """Qt asks for it; the widest number that is possible must not widen the panel."""
        return QSize(LEAST_FIELD_PX, super().minimumSizeHint().height())

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class SliderRow(QWidget):
    """A slider with number field and reset. Steps of one drag share one ``gesture``."""

    changed = Signal(float, int)  # value, gesture

    def __init__(
        self,
        name: str,
        low: float,
        high: float,
        step: float,
        *,
        unit: str = "",
        neutral: float = 0.0,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._low, self._step, self._neutral, self._gesture = low, step, neutral, 0
        decimals = 0 if step >= 1 else len(f"{step:g}".split(".")[1])
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, round((high - low) / step))
        self.slider.setPageStep(max(self.slider.maximum() // 8, 1))
        self.slider.setMinimumHeight(TARGET_PX)
        self.slider.setAccessibleName(name)
        self.field = NoWheelSpinBox()
        self.field.setRange(low, high)
        self.field.setSingleStep(step)
        self.field.setDecimals(decimals)
        self.field.setSuffix(f" {unit}" if unit else "")
        self.field.setAccessibleName(tr("{name}, number", name=name))
        self.field.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.reset = QToolButton()
        self.reset.setText("↺")
        self.reset.setAutoRaise(True)
        self.reset.setMinimumSize(TARGET_PX, TARGET_PX)
        self.reset.setToolTip(tr("{name} back to {value:g}", name=name, value=neutral))
        self.reset.setAccessibleName(tr("Reset {name}", name=name))
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setVerticalSpacing(2)
        layout.addWidget(plain_label(name, wrap=False), 0, 0)
        layout.addWidget(self.field, 0, 1)
        layout.addWidget(self.reset, 0, 2)
        layout.addWidget(self.slider, 1, 0, 1, 3)
        layout.setColumnStretch(0, 1)
        self.slider.sliderPressed.connect(self._new_gesture)
        self.slider.valueChanged.connect(self._on_slider)
        self.field.valueChanged.connect(self._on_field)
        self.reset.clicked.connect(lambda: self._set(self._neutral, gesture=True))
        self.show_value(neutral)

    @property
    def value(self) -> float:
        """What the field shows."""
        return self.field.value()

    def show_value(self, value: float) -> None:
        """Show a value without saying that it changed."""
        with QSignalBlocker(self.slider), QSignalBlocker(self.field):
            self.field.setValue(value)
            self.slider.setValue(round((value - self._low) / self._step))
        self.reset.setEnabled(abs(value - self._neutral) > self._step / 2)

    def _new_gesture(self) -> None:
        self._gesture += 1

    def _on_slider(self, position: int) -> None:
        self._set(self._low + position * self._step, gesture=not self.slider.isSliderDown())

    def _on_field(self, value: float) -> None:
        self._set(value, gesture=True)

    def _set(self, value: float, *, gesture: bool) -> None:
        if gesture:
            self._new_gesture()
        self.show_value(value)
        self.changed.emit(self.value, self._gesture)


class Choice(QWidget):
    """A few buttons of which one is pressed."""

    chosen = Signal(object)

    def __init__(
        self, name: str, entries: Iterable[tuple[str, object]], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self._group = QButtonGroup(self)
        self._values: list[object] = []
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        for text, value in entries:
            button = QPushButton(text)
            button.setCheckable(True)
            button.setMinimumHeight(TARGET_PX)
            button.setObjectName("segment")
            button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            button.setAccessibleName(tr("{name} {choice}", name=name, choice=text))
            self._group.addButton(button, len(self._values))
            self._values.append(value)
            layout.addWidget(button)
        self._group.idClicked.connect(lambda number: self.chosen.emit(self._values[number]))

    def show_value(self, value: object) -> None:
        """Press the button of a value, silently."""
        if value in self._values:
            self._group.button(self._values.index(value)).setChecked(True)

    def button(self, value: object) -> QPushButton:
        """The button of a value."""
        found = self._group.button(self._values.index(value))
        assert isinstance(found, QPushButton)
        return found
