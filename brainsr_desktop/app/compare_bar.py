"""The bar above the panes: what is compared, how, and the settings of that way."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QPaintEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QMenu,
    QSizePolicy,
    QSlider,
    QStyle,
    QStyleOptionComboBox,
    QStylePainter,
    QToolButton,
    QWidget,
)

from brainsr_desktop.app import icons
from brainsr_desktop.app.actions import Actions
from brainsr_desktop.app.compare_sources import depends_on, entries_of
from brainsr_desktop.app.menu_table import COMPARING, SEPARATOR, TRUSTING
from brainsr_desktop.app.panels.forms import TARGET_PX, NoWheelSpinBox, plain_label
from brainsr_desktop.app.store import Store
from brainsr_desktop.language import tr
from brainsr_desktop.models.catalog import Catalog
from brainsr_desktop.session import intents_compare
from brainsr_desktop.session.compare import BLINKS, FIELDS, LENS, MAPS, RANGES, Side, Source
from brainsr_desktop.session.state import ViewState

SLIDER_PX: Final = 90
_STEPS: Final = 100
_RANGED: Final = MAPS - {"agreement"}
"""Modes whose map has values in units."""
_LEAST_LIST_PX: Final = 84
_ROOMY_CHARACTERS: Final = 62
"""A narrower bar shows the way of comparing as a sign alone."""


class SourceList(QComboBox):
    """A list that the wheel does not change and that a long entry does not widen."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setMinimumHeight(TARGET_PX)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(6)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def minimumSizeHint(self) -> QSize:
        """Qt asks for it; a narrow window cuts the words, not the bar."""
        return QSize(_LEAST_LIST_PX, super().minimumSizeHint().height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        """As ever, but words that have no room end in dots."""
        painter, option = QStylePainter(self), QStyleOptionComboBox()
        self.initStyleOption(option)
        style = self.style()
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        room = style.subControlRect(
            QStyle.ComplexControl.CC_ComboBox, option, QStyle.SubControl.SC_ComboBoxEditField, self
        ).width()
        option.currentText = self.fontMetrics().elidedText(
            self.currentText(), Qt.TextElideMode.ElideRight, room - 4
        )
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """What is compared is not changed by chance."""
        event.ignore()


class CompareBar(QWidget):
    """Shows what the state says; every change goes to the store."""

    fast_blink_asked = Signal(float)
    """The user wants more swaps per second than are safe for everybody."""

    def __init__(self, store: Store, catalog: Callable[[], Catalog], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store, self._catalog = store, catalog
        self._filled: tuple[object, ...] | None = None
        self.setAccessibleName(tr("Comparing"))
        self.left = SourceList(tr("Left picture"))
        self.right = SourceList(tr("Right picture"))
        self.mode = QToolButton()
        self.mode.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.mode.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.mode.setAccessibleName(tr("Way of comparing"))
        self.mode.setToolTip(
            tr(
                "Way of comparing: side by side, wipe, blink, checkerboard, one pane, and maps of what was added"
            )
        )
        self.turn = _button(tr("Turn"), tr("Turn the wipe line: upright or level"))
        self.swap = _button(tr("Swap"), tr("Show the other picture in its place"))
        self.rate = NoWheelSpinBox()
        self.range_ = _slider(tr("Range of the map"), _STEPS)
        self.range_words = plain_label(wrap=False)
        self.limit = _slider(tr("Less agreement than this is outlined"), _STEPS)
        self.limit_words = plain_label(wrap=False)
        self.fields = _slider(tr("Fields of the checkerboard"), FIELDS[1] - FIELDS[0])
        self.fields_words = plain_label(wrap=False)
        self.factor = NoWheelSpinBox()
        self._set_up_fields()
        self._lay_out()
        self._connect()
        store.changed.connect(self._on_changed)
        self._show(store.state)

    def set_actions(self, actions: Actions) -> None:
        """Take the commands that the button in the middle offers."""
        menu = QMenu(self)
        for name in (*COMPARING, SEPARATOR, *TRUSTING, SEPARATOR, "loupe", "next_place", "previous_place"):
            if name == SEPARATOR:
                menu.addSeparator()
            else:
                menu.addAction(actions[name])
        self.mode.setMenu(menu)
        self._modes = {name.removeprefix("mode_"): actions[name] for name in (*COMPARING, *TRUSTING)}
        self._show(self._store.state)

    def _set_up_fields(self) -> None:
        self._modes = {}
        self.rate.setRange(0.0, BLINKS[1])
        self.rate.setSingleStep(0.1)
        self.rate.setDecimals(1)
        self.rate.setSpecialValueText(tr("by hand"))
        self.rate.setSuffix(tr(" per s"))
        self.rate.setAccessibleName(tr("Swaps per second"))
        self.rate.setToolTip(tr("Swaps per second, or by hand with the key for it"))
        self.factor.setRange(*LENS)
        self.factor.setSingleStep(0.5)
        self.factor.setDecimals(1)
        self.factor.setPrefix("× ")
        self.factor.setAccessibleName(tr("Enlargement of the loupe"))
        self.factor.setToolTip(tr("Enlargement of the loupe; with its key held the wheel changes it"))
        for field in (self.rate, self.factor):
            field.setMinimumHeight(TARGET_PX)
            field.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(6, 3, 6, 3)
        row.setSpacing(6)
        options = (
            self.turn,
            self.swap,
            self.rate,
            self.range_,
            self.range_words,
            self.limit,
            self.limit_words,
            self.fields,
            self.fields_words,
        )
        row.addWidget(self.left, 1)
        for widget in (self.mode, *options, self.factor):
            row.addWidget(widget)
        row.addWidget(self.right, 1)

    def _connect(self) -> None:
        apply = self._store.apply
        for side, box in (("left", self.left), ("right", self.right)):
            box.activated.connect(lambda _row, side=side: self._choose(side))
        self.turn.clicked.connect(lambda: apply(lambda state: intents_compare.choose_mode(state, "wipe")))
        self.swap.clicked.connect(lambda: apply(intents_compare.swap))
        self.rate.valueChanged.connect(self._on_rate)
        self.range_.valueChanged.connect(
            lambda step: apply(lambda state: intents_compare.set_range(state, percent_of(step)))
        )
        self.limit.valueChanged.connect(
            lambda step: apply(lambda state: intents_compare.set_agreement_limit(state, step / _STEPS))
        )
        self.fields.valueChanged.connect(
            lambda step: apply(lambda state: intents_compare.set_fields(state, FIELDS[0] + step))
        )
        self.factor.valueChanged.connect(
            lambda factor: apply(lambda state: intents_compare.set_loupe_factor(state, factor))
        )

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Qt calls it: where there is little room the lists keep it."""
        super().resizeEvent(event)
        roomy = self.width() >= _ROOMY_CHARACTERS * self.fontMetrics().averageCharWidth()
        style = Qt.ToolButtonStyle
        self.mode.setToolButtonStyle(style.ToolButtonTextBesideIcon if roomy else style.ToolButtonIconOnly)

    def _choose(self, side: Side) -> None:
        source = (self.left if side == "left" else self.right).currentData()
        if isinstance(source, Source):
            self._store.apply(
                lambda state: intents_compare.choose_source(state, side, source), undo=tr("Compared picture")
            )

    def _on_rate(self, value: float) -> None:
        wanted = 0.0 if value < BLINKS[0] / 2 else max(value, BLINKS[0])
        self._store.apply(lambda state: intents_compare.set_safe_blinks(state, wanted))
        if wanted > self._store.state.compare.blinks:
            self.fast_blink_asked.emit(wanted)
        self._show_numbers(self._store.state)

    def _on_changed(self, before: ViewState, after: ViewState) -> None:
        if _shown(before) != _shown(after):
            self._show(after)

    def _show(self, state: ViewState) -> None:
        self._show_lists(state)
        self._show_numbers(state)
        mode = state.mode
        for widget, there in (
            (self.turn, mode == "wipe"),
            (self.swap, mode == "blink"),
            (self.rate, mode == "blink"),
            (self.range_, mode in _RANGED),
            (self.range_words, mode in _RANGED),
            (self.limit, mode == "agreement"),
            (self.limit_words, mode == "agreement"),
            (self.fields, mode == "board"),
            (self.fields_words, mode == "board"),
            (self.factor, state.compare.loupe),
        ):
            widget.setVisible(there)
        action = self._modes.get(mode)
        if action is not None:
            self.mode.setText(action.text().replace("&", ""))
            icons.set_icon(self.mode, "compare" if mode == "wipe" else mode)

    def _show_lists(self, state: ViewState) -> None:
        catalog = self._catalog()
        filled = (*depends_on(state), id(catalog))
        for box, source in ((self.left, state.left), (self.right, state.right)):
            with QSignalBlocker(box):
                if filled != self._filled:
                    box.clear()
                    for text, value in entries_of(state, catalog):
                        box.addItem(text, value)
                        box.setItemData(box.count() - 1, text, Qt.ItemDataRole.ToolTipRole)
                rows = (row for row in range(box.count()) if box.itemData(row) == source)
                box.setCurrentIndex(next(rows, 0))
            name = box.currentText()
            box.setToolTip(
                tr("The left pane shows: {name}", name=name)
                if box is self.left
                else tr("The right pane shows: {name}", name=name)
            )
            box.setEnabled(state.stack is not None)
        self._filled = filled

    def _show_numbers(self, state: ViewState) -> None:
        compare = state.compare
        fields = (self.rate, self.range_, self.limit, self.fields, self.factor)
        blockers = [QSignalBlocker(field) for field in fields]
        self.rate.setValue(compare.blinks)
        self.range_.setValue(step_of(compare.range_percent))
        self.limit.setValue(round(compare.agreement_limit * _STEPS))
        self.fields.setValue(compare.fields - FIELDS[0])
        self.factor.setValue(compare.loupe_factor)
        del blockers
        percent = f"{compare.range_percent:.3g}"
        one_sided = state.mode == "stability"
        self.range_words.setText(
            tr("to {percent} %", percent=percent) if one_sided else tr("± {percent} %", percent=percent)
        )
        self.limit_words.setText(tr("under {limit}", limit=f"{compare.agreement_limit:.2f}"))
        self.range_words.setToolTip(tr("Full colour, in percent of the series' first grey window"))
        self.fields_words.setText(str(compare.fields))


def percent_of(step: int) -> float:
    """The range of the difference map at a step of its slider: each step is the same factor."""
    low, high = RANGES
    return round(float(f"{low * (high / low) ** (step / _STEPS):.2g}"), 6)


def step_of(percent: float) -> int:
    """The step of the slider that is nearest to a range."""
    low, high = RANGES
    return round(_STEPS * math.log(percent / low) / math.log(high / low))


def _shown(state: ViewState) -> tuple[object, ...]:
    return state.left, state.right, state.mode, state.compare, state.stack is None, *depends_on(state)


def _button(text: str, tip: str) -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setToolTip(tip)
    button.setAccessibleName(tip)
    button.setMinimumSize(TARGET_PX, TARGET_PX)
    return button


def _slider(name: str, most: int) -> QSlider:
    slider = QSlider(Qt.Orientation.Horizontal)
    slider.setRange(0, most)
    slider.setFixedWidth(SLIDER_PX)
    slider.setMinimumHeight(TARGET_PX)
    slider.setAccessibleName(name)
    slider.setToolTip(name)
    return slider
