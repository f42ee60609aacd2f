"""Section Test: make the slice worse on purpose, and see what the network makes of it."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from PySide6.QtCore import QSignalBlocker
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QPushButton, QSizePolicy, QSpinBox, QWidget

from brainsr_desktop.app.panels.forms import (
    LEAST_FIELD_PX,
    Choice,
    SliderRow,
    column,
    give_margin,
    labelled,
    plain_label,
)
from brainsr_desktop.app.store import Store
from brainsr_desktop.core.degrade import Degradation
from brainsr_desktop.session import intents
from brainsr_desktop.session.state import ViewState

LARGEST_SEED: Final = 2**31 - 1
PRESETS: Final[Mapping[str, tuple[float, float]]] = {
    "Mild": (2.0, 0.3),
    "Moderate": (5.0, 0.8),
    "Strong": (10.0, 1.5),
}
"""Noise in percent and blur in pixels."""


class TestPanel(QWidget):
    """Edits test mode and its degradation. One drag of a slider is one undo step."""

    __test__ = False  # its name makes pytest think otherwise

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self.on = QCheckBox("Test mode")
        self.on.setAccessibleDescription("The left pane shows a degraded slice, the network gets it")
        self.explained = plain_label(
            "The left pane shows the slice made worse; the network gets that one, and the true slice is the reference.",
            name="quiet",
        )
        self.controls = QWidget()
        self.reduction = Choice("Reduce resolution", (("none", 1), ("by 2", 2), ("by 4", 4)))
        self.method = Choice("Reduction by", (("k-space", "kspace"), ("bicubic", "bicubic")))
        self.blur = SliderRow("Blur", 0.0, 3.0, 0.1, unit="px")
        self.noise = SliderRow("Noise", 0.0, 20.0, 0.5, unit="%")
        self.seed = QSpinBox()
        self.seed.setRange(0, LARGEST_SEED)
        self.seed.setKeyboardTracking(False)
        give_margin(self.seed)
        self.seed.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.seed.setMinimumWidth(LEAST_FIELD_PX)
        self.new_noise = QPushButton("New noise")
        self.truth = QCheckBox("Show the truth on the left (O)")
        self.mismatch = plain_label(name="warning_text")
        self.presets = {name: QPushButton(name) for name in PRESETS}
        self._lay_out()
        self._connect()
        store.changed.connect(self._on_changed)
        self._show(store.state)

    def _lay_out(self) -> None:
        seeds = QHBoxLayout()
        seeds.addLayout(labelled("Seed", self.seed), 1)
        seeds.addWidget(self.new_noise)
        presets = QHBoxLayout()
        for name, button in self.presets.items():
            button.setAccessibleName(f"{name} degradation")
            presets.addWidget(button)
        inside = column(self.controls)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.addLayout(presets)
        inside.addWidget(plain_label("Reduce resolution", wrap=False))
        inside.addWidget(self.reduction)
        inside.addLayout(labelled("Method", self.method))
        inside.addWidget(self.mismatch)
        inside.addWidget(self.blur)
        inside.addWidget(self.noise)
        inside.addLayout(seeds)
        inside.addWidget(self.truth)
        layout = column(self)
        layout.addWidget(self.on)
        layout.addWidget(self.explained)
        layout.addWidget(self.controls)

    def _connect(self) -> None:
        self.on.clicked.connect(self.set_on)
        self.reduction.chosen.connect(lambda value: self._edit("reduction", reduction=value))
        self.method.chosen.connect(lambda value: self._edit("reduction", method=value))
        self.blur.changed.connect(lambda value, gesture: self._edit("blur", gesture, blur_px=round(value, 2)))
        self.noise.changed.connect(
            lambda value, gesture: self._edit("noise", gesture, noise_percent=round(value, 2))
        )
        self.seed.valueChanged.connect(lambda value: self._edit("noise seed", seed=value))
        self.new_noise.clicked.connect(self.draw_new_noise)
        self.truth.clicked.connect(self.set_truth)
        for name, button in self.presets.items():
            button.clicked.connect(lambda _=False, chosen=name: self.take_preset(chosen))

    def set_on(self, on: bool) -> None:
        """Turn test mode on or off."""
        self._store.apply(lambda s: intents.set_test_mode(s, on=on), undo="test mode")

    def set_truth(self, on: bool) -> None:
        """Show the true slice in the left pane."""
        self._store.apply(lambda s: intents.set_show_reference(s, on=on and s.test_mode))

    def draw_new_noise(self) -> None:
        """Another seed."""
        self._edit("new noise", seed=random.randint(0, LARGEST_SEED))

    def take_preset(self, name: str) -> None:
        """One of the three presets; the reduction follows the model's scale."""
        noise, blur = PRESETS[name]
        scale = self._store.state.recipe.scale
        self._edit(f"{name.lower()} degradation", noise_percent=noise, blur_px=blur, reduction=scale)

    def _edit(self, name: str, gesture: int | None = None, **values: Any) -> None:
        token = None if gesture is None else (id(self), name, gesture)
        self._store.apply(
            lambda s: intents.set_degradation(s, replace(s.degradation, **values)), undo=name, gesture=token
        )

    def _on_changed(self, before: ViewState, after: ViewState) -> None:
        if _drawn(before) != _drawn(after):
            self._show(after)

    def _show(self, state: ViewState) -> None:
        degradation: Degradation = state.degradation
        self.on.setChecked(state.test_mode)
        self.controls.setVisible(state.test_mode)
        self.explained.setVisible(not state.test_mode)
        self.reduction.show_value(degradation.reduction)
        self.method.show_value(degradation.method)
        self.blur.show_value(degradation.blur_px)
        self.noise.show_value(degradation.noise_percent)
        with QSignalBlocker(self.seed):
            self.seed.setValue(min(degradation.seed, LARGEST_SEED))
        self.truth.setChecked(state.show_reference)
        differs = degradation.reduction != state.recipe.scale
        self.mismatch.setVisible(differs)
        self.mismatch.setText(
            f"The model enlarges by {state.recipe.scale}, the slice is reduced by {degradation.reduction}: "
            "the result does not have the truth's matrix, so there are no scores."
        )


def _drawn(state: ViewState) -> tuple[object, ...]:
    return state.test_mode, state.degradation, state.show_reference, state.recipe.scale
