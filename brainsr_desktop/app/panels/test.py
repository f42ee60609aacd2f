"""Section Test: make the slice worse on purpose, and see what the network makes of it."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from PySide6.QtCore import QSignalBlocker, Signal
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
from brainsr_desktop.core.degrade import LARGEST_BIAS_PERCENT, Degradation
from brainsr_desktop.language import mark, tr
from brainsr_desktop.session import intents
from brainsr_desktop.session.state import ViewState

LARGEST_SEED: Final = 2**31 - 1
PRESETS: Final[Mapping[str, tuple[float, float]]] = {
    mark("Mild"): (2.0, 0.3),
    mark("Moderate"): (5.0, 0.8),
    mark("Strong"): (10.0, 1.5),
}
"""Noise in percent and blur in pixels."""
TRAINED: Final = (2.0, 0.5)
"""The middle of what the shipped networks were trained on: noise of 0 to 4 percent, blur of 0 to 1 pixel."""


class TestPanel(QWidget):
    """Edits test mode and its degradation. One drag of a slider is one undo step."""

    __test__ = False  # its name makes pytest think otherwise
    sweep_asked = Signal()

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self.on = QCheckBox(tr("Test mode"))
        self.on.setAccessibleDescription(tr("The left pane shows a degraded slice, the network gets it"))
        self.explained = plain_label(
            tr(
                "The left pane shows the slice made worse; the network gets that one, and the true slice is the "
                "reference."
            ),
            name="quiet",
        )
        self.controls = QWidget()
        self.reduction = Choice(tr("Reduce resolution"), ((tr("none"), 1), (tr("by 2"), 2), (tr("by 4"), 4)))
        self.method = Choice(tr("Reduction by"), ((tr("k-space"), "kspace"), (tr("bicubic"), "bicubic")))
        self.blur = SliderRow(tr("Blur"), 0.0, 3.0, 0.1, unit="px")
        self.noise = SliderRow(tr("Noise"), 0.0, 20.0, 0.5, unit="%")
        self.kind = Choice(tr("Kind of noise"), ((tr("Rician"), "rician"), (tr("Gaussian"), "gaussian")))
        self.bias = SliderRow(tr("Bias field"), 0.0, LARGEST_BIAS_PERCENT, 1.0, unit="%")
        self.bias.setToolTip(
            tr("A slow change of the brightness over the slice, as a coil makes it; the seed draws it")
        )
        self.seed = QSpinBox()
        self.seed.setRange(0, LARGEST_SEED)
        self.seed.setKeyboardTracking(False)
        give_margin(self.seed)
        self.seed.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.seed.setMinimumWidth(LEAST_FIELD_PX)
        self.new_noise = QPushButton(tr("New noise"))
        self.truth = QCheckBox(tr("Show the truth on the left (O)"))
        self.mismatch = plain_label(name="warning_text")
        self.presets = {name: QPushButton(tr(name)) for name in PRESETS}
        self.match = QPushButton(tr("Match model training"))
        self.match.setToolTip(
            tr(
                "Reduced in k-space by the model's factor, noise and blur in the middle of what the networks were "
                "trained on"
            )
        )
        self.sweep = QPushButton(tr("Sweep..."))
        self.sweep.setToolTip(
            tr("Vary one or two of these over a range and see where each model falls behind")
        )
        self._lay_out()
        self._connect()
        store.changed.connect(self._on_changed)
        self._show(store.state)

    def _lay_out(self) -> None:
        seeds = QHBoxLayout()
        seeds.addLayout(labelled(tr("Seed"), self.seed), 1)
        seeds.addWidget(self.new_noise)
        presets = QHBoxLayout()
        for name, button in self.presets.items():
            button.setAccessibleName(tr("{name} degradation", name=tr(name)))
            presets.addWidget(button)
        inside = column(self.controls)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.addLayout(presets)
        inside.addWidget(self.match)
        inside.addWidget(plain_label(tr("Reduce resolution"), wrap=False))
        inside.addWidget(self.reduction)
        inside.addLayout(labelled(tr("Method"), self.method))
        inside.addWidget(self.mismatch)
        inside.addWidget(self.blur)
        inside.addWidget(self.noise)
        inside.addLayout(labelled(tr("Kind"), self.kind))
        inside.addWidget(self.bias)
        inside.addLayout(seeds)
        inside.addWidget(self.truth)
        inside.addWidget(self.sweep)
        layout = column(self)
        layout.addWidget(self.on)
        layout.addWidget(self.explained)
        layout.addWidget(self.controls)

    def _connect(self) -> None:
        self.on.clicked.connect(self.set_on)
        self.reduction.chosen.connect(lambda value: self._edit(tr("reduction"), reduction=value))
        self.method.chosen.connect(lambda value: self._edit(tr("reduction"), method=value))
        self.blur.changed.connect(
            lambda value, gesture: self._edit(tr("blur"), gesture, blur_px=round(value, 2))
        )
        self.noise.changed.connect(
            lambda value, gesture: self._edit(tr("noise"), gesture, noise_percent=round(value, 2))
        )
        self.kind.chosen.connect(lambda value: self._edit(tr("kind of noise"), noise=value))
        self.bias.changed.connect(
            lambda value, gesture: self._edit(tr("bias field"), gesture, bias_percent=round(value, 2))
        )
        self.seed.valueChanged.connect(lambda value: self._edit(tr("noise seed"), seed=value))
        self.new_noise.clicked.connect(self.draw_new_noise)
        self.truth.clicked.connect(self.set_truth)
        self.match.clicked.connect(self.match_training)
        self.sweep.clicked.connect(self.sweep_asked)
        for name, button in self.presets.items():
            button.clicked.connect(lambda _=False, chosen=name: self.take_preset(chosen))

    def set_on(self, on: bool) -> None:
        """Turn test mode on or off."""
        self._store.apply(lambda s: intents.set_test_mode(s, on=on), undo=tr("test mode"))

    def set_truth(self, on: bool) -> None:
        """Show the true slice in the left pane."""
        self._store.apply(lambda s: intents.set_show_reference(s, on=on and s.test_mode))

    def draw_new_noise(self) -> None:
        """Another seed."""
        self._edit(tr("new noise"), seed=random.randint(0, LARGEST_SEED))

    def take_preset(self, name: str) -> None:
        """One of the three presets; the reduction follows the model's scale."""
        self._take(tr("{name} degradation", name=tr(name)), *PRESETS[name])

    def match_training(self) -> None:
        """What the networks were trained on."""
        self._take(tr("degradation of training"), *TRAINED, method="kspace", noise="rician")

    def _take(self, name: str, noise_percent: float, blur_px: float, **more: Any) -> None:
        scale = self._store.state.recipe.scale
        more |= {"noise_percent": noise_percent, "blur_px": blur_px, "bias_percent": 0.0, "reduction": scale}
        self._edit(name, **more)

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
        self.kind.show_value(degradation.noise)
        self.bias.show_value(degradation.bias_percent)
        with QSignalBlocker(self.seed):
            self.seed.setValue(min(degradation.seed, LARGEST_SEED))
        self.truth.setChecked(state.show_reference)
        differs = degradation.reduction != state.recipe.scale
        self.mismatch.setVisible(differs)
        self.mismatch.setText(
            tr(
                "The model enlarges by {scale}, the slice is reduced by {reduction}: the result does not have the "
                "truth's matrix, so there are no scores.",
                scale=state.recipe.scale,
                reduction=degradation.reduction,
            )
        )


def _drawn(state: ViewState) -> tuple[object, ...]:
    return state.test_mode, state.degradation, state.show_reference, state.recipe.scale
