"""What is swept: one or two controls with their ranges, the slices, the models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QComboBox, QGridLayout, QListWidgetItem, QVBoxLayout, QWidget

from brainsr_desktop.app.panels.forms import (
    Choice,
    NoWheelSpinBox,
    TextList,
    choose,
    fill,
    plain_label,
)
from brainsr_desktop.app.plain_text import shown
from brainsr_desktop.core.errors import UsageError
from brainsr_desktop.language import tr, trn
from brainsr_desktop.models.card import SCALES, Card
from brainsr_desktop.models.catalog import Catalog
from brainsr_desktop.session.exporting import suitable
from brainsr_desktop.session.state import ViewState
from brainsr_desktop.session.sweep import (
    CONTROLS,
    UNITS,
    Axis,
    Control,
    Sweep,
    SweepRequest,
    chosen_models,
    stepped,
)


@dataclass(frozen=True, slots=True)
class Range:
    """A control's slider in the window, and the range that is proposed: last value and step, from 0 on."""

    high: float
    last: float
    step: float
    digits: int


RANGES: Final[Mapping[Control, Range]] = {
    "noise": Range(20.0, 10.0, 1.0, 1),
    "blur": Range(3.0, 3.0, 0.5, 1),
    "bias": Range(40.0, 40.0, 10.0, 0),
}
LIST_ROWS: Final = 7


class AxisFields(QWidget):
    """A control, and its first value, last value and step."""

    changed = Signal()

    def __init__(self, name: str, *, may_be_none: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.control = QComboBox()
        self.control.setAccessibleName(name)
        none = ((tr("none"), None),) if may_be_none else ()
        fill(self.control, (*none, *((control_title(control), control) for control in CONTROLS)))
        self.first, self.last, self.step = (NoWheelSpinBox() for _ in range(3))
        self._fields = (self.first, self.last, self.step)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(2)
        grid.addWidget(plain_label(name, name="emphasis"), 0, 0, 1, 3)
        grid.addWidget(self.control, 1, 0, 1, 3)
        for place, (field, words) in enumerate(
            zip(self._fields, (tr("From"), tr("To"), tr("Step")), strict=True)
        ):
            label = plain_label(words, wrap=False)
            label.setBuddy(field)
            field.setAccessibleName(tr("{name}: {field}", name=name, field=words))
            grid.addWidget(label, 2, place)
            grid.addWidget(field, 3, place)
            field.valueChanged.connect(self.changed)
        self.control.currentIndexChanged.connect(self._on_control)
        self._on_control()

    @property
    def chosen(self) -> Control | None:
        """The control; None for none."""
        value = self.control.currentData()
        return next((control for control in CONTROLS if control == value), None)

    def choose(self, control: Control | None) -> None:
        """Show a control with its proposed range."""
        choose(self.control, control)
        self._on_control()

    def axis(self) -> Axis | None:
        """What is chosen; None for none.

        Raises:
            UsageError: there are no such values.
        """
        control = self.chosen
        if control is None:
            return None
        if control == "scale":
            return Axis("scale", tuple(float(scale) for scale in SCALES))
        return stepped(control, self.first.value(), self.last.value(), self.step.value())

    def _on_control(self) -> None:
        control = self.chosen
        proposed = None if control is None else RANGES.get(control)
        for field in self._fields:
            field.setEnabled(proposed is not None)
        if control is not None and proposed is not None:
            unit = UNITS[control]
            for field, value in zip(self._fields, (0.0, proposed.last, proposed.step), strict=True):
                with QSignalBlocker(field):
                    field.setDecimals(proposed.digits)
                    field.setRange(0.0 if field is not self.step else 10.0**-proposed.digits, proposed.high)
                    field.setSingleStep(proposed.step)
                    field.setSuffix(f" {unit}")
                    field.setValue(value)
        self.changed.emit()


class SweepForm(QWidget):
    """Makes a `SweepRequest` of the state and what is chosen here. ``changed`` when the request may be another."""

    changed = Signal()

    def __init__(self, catalog: Catalog, state: ViewState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self.ready = False
        """Whether there is something to sweep."""
        self.first = AxisFields(tr("Vary"), may_be_none=False)
        self.second = AxisFields(tr("and"), may_be_none=True)
        self.slices = Choice(tr("Slices"), ((tr("This slice"), "slice"), (tr("Whole series"), "series")))
        self.slices.show_value("slice")
        self._over = "slice"
        self.models = TextList()
        self.models.setAccessibleName(tr("Networks"))
        self.models.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.said = plain_label(name="quiet")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        for widget in (self.first, self.second, self.slices):
            layout.addWidget(widget)
        layout.addWidget(plain_label(tr("Networks, beside every interpolation"), name="emphasis"))
        layout.addWidget(self.models, 1)
        layout.addWidget(self.said)
        self.first.changed.connect(self._on_changed)
        self.second.changed.connect(self._on_changed)
        self.slices.chosen.connect(self._on_slices)
        self.models.itemChanged.connect(self._on_changed)
        self.set_catalog(catalog)

    def set_catalog(self, catalog: Catalog) -> None:
        """List the networks there are; ticked are the one in use and its preview."""
        self._catalog = catalog
        ticked = {self._state.recipe.model, self._state.fast_model}
        with QSignalBlocker(self.models):
            self.models.clear()
            for card in catalog.cards:
                if not card.is_interpolation:
                    item = QListWidgetItem(shown(tr(card.title)))
                    item.setData(Qt.ItemDataRole.UserRole, card.name)
                    item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsUserCheckable
                                  | Qt.ItemFlag.ItemIsSelectable)  # fmt: skip
                    on = card.name in ticked
                    item.setCheckState(Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)
                    self.models.addItem(item)
        self._on_changed()

    def set_state(self, state: ViewState) -> None:
        """Another slice, series, model or degradation is in view."""
        self._state = state
        self._on_changed()

    def tick(self, name: str, on: bool = True) -> None:
        """Tick a network, or untick it."""
        for item in self._items():
            if item.data(Qt.ItemDataRole.UserRole) == name:
                item.setCheckState(Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)

    def request(self) -> SweepRequest:
        """What is asked for.

        Raises:
            UsageError: nothing can be swept so.
        """
        state = self._state
        if state.stack is None or state.why_not is not None:
            raise UsageError(tr("Open a series that a network may run on."))
        axes = tuple(axis for axis in (self.first.axis(), self.second.axis()) if axis is not None)
        base = state.degradation
        if base.reduction not in SCALES:
            base = replace(base, reduction=state.recipe.scale)
        scales = SCALES if any(axis.control == "scale" for axis in axes) else (base.reduction,)
        baselines = tuple(card for card in self._catalog.cards if card.is_interpolation)
        recipe = state.recipe
        sweep = Sweep(
            axes,
            base,
            chosen_models(self._ticked(), scales),
            baselines,
            recipe.device,
            recipe.precision,
        )
        first = state.volume * state.stack.slices
        frames = range(first, first + state.stack.slices) if self._over == "series" else (state.frame_index,)
        there = suitable(state.stack, frames)
        if not there:
            raise UsageError(tr("There is no picture at this position."))
        return SweepRequest(state.stack, there, sweep)

    def _items(self) -> list[QListWidgetItem]:
        return [self.models.item(row) for row in range(self.models.count())]

    def _ticked(self) -> list[Card]:
        names = [
            item.data(Qt.ItemDataRole.UserRole)
            for item in self._items()
            if item.checkState() == Qt.CheckState.Checked
        ]
        return [self._catalog.find(name) for name in names]

    def _on_slices(self, value: object) -> None:
        self._over = str(value)
        self._on_changed()

    def _on_changed(self, *_told: object) -> None:
        try:
            request = self.request()
        except UsageError as error:
            self.said.setText("\n".join(filter(None, (error.message, error.advice))))
            self.ready = False
        else:
            self.said.setText(_words(request))
            self.ready = True
        self.changed.emit()


def control_title(control: Control) -> str:
    """A control as the lists name it."""
    return {
        "noise": tr("Noise"),
        "blur": tr("Blur"),
        "bias": tr("Bias field"),
        "scale": tr("Reduction (2 and 4)"),
    }[control]


def _words(request: SweepRequest) -> str:
    left_out = tr("Networks for another reduction than {reduction} take no part.",
                  reduction=request.sweep.base.reduction)  # fmt: skip
    count = trn("{count} picture to be made.", "{count} pictures to be made.", request.total)
    fixed = all(axis.control != "scale" for axis in request.sweep.axes)
    return f"{count} {left_out}" if fixed else count
