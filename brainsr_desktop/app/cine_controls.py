"""The controls of the cine beside the slice slider: play, and while it plays its rate and its way."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QLocale, QSignalBlocker, Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSpinBox, QToolButton, QWidget

from brainsr_desktop.app import icons
from brainsr_desktop.app.cine import Cine
from brainsr_desktop.app.store import Store
from brainsr_desktop.language import tr
from brainsr_desktop.session import intents_series as intents
from brainsr_desktop.session.state import CineOver, ViewState

BUTTON_PX: Final = 28


class PlayButton(QToolButton):
    """Plays slices or volumes, and stops."""

    def __init__(self, store: Store, over: CineOver, words: str) -> None:
        super().__init__()
        self._store = store
        self._over: CineOver = over
        self.setCheckable(True)
        self.setMinimumSize(BUTTON_PX, BUTTON_PX)
        self.setToolTip(words)
        self.setAccessibleName(words)
        icons.set_icon(self, "play")
        self.clicked.connect(self._on_click)
        store.changed.connect(lambda _before, after: self.show_state(after))

    def show_state(self, state: ViewState) -> None:
        """Draw whether this is what plays."""
        on = state.cine.playing and intents.playing_over(state) == self._over
        if on != self.isChecked():
            self.setChecked(on)
            icons.set_icon(self, "pause" if on else "play")
        stack = state.stack
        several = stack is not None and (stack.slices if self._over == "slices" else stack.volumes) > 1
        self.setEnabled(several)

    def _on_click(self, on: bool) -> None:
        self._store.apply(lambda state: intents.play(intents.set_over(state, self._over), on=on))
        self.show_state(self._store.state)


class CineControls(QWidget):
    """Play button; rate, way and the rate that is reached appear while it plays."""

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self.play = PlayButton(store, "slices", tr("Play the slices"))
        self.play_volumes = PlayButton(store, "volumes", tr("Play time points, echoes or b-values"))
        self.rate = QSpinBox()
        self.rate.setRange(round(intents.SLOWEST), round(intents.FASTEST))
        self.rate.setSuffix(" " + tr("/s"))
        self.rate.setKeyboardTracking(False)
        self.rate.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
        self.rate.setAccessibleName(tr("Pictures per second"))
        self.rate.setToolTip(tr("Pictures per second, 1 to 60"))
        self.way = QToolButton()
        self.way.setCheckable(True)
        self.way.setMinimumSize(BUTTON_PX, BUTTON_PX)
        icons.set_icon(self.way, "to-and-fro")
        self.way.setAccessibleName(tr("To and fro"))
        self.way.setToolTip(tr("To and fro instead of beginning again"))
        self.reached = QLabel()
        self.reached.setAccessibleName(tr("Pictures per second that are really shown"))
        self.reached.setToolTip(tr("Pictures per second that are really shown"))
        self.reached.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        for widget in (self.play, self.rate, self.reached, self.way):
            row.addWidget(widget)
        self.rate.valueChanged.connect(
            lambda rate: store.apply(lambda state: intents.set_rate(state, float(rate)))
        )
        self.way.clicked.connect(
            lambda on: store.apply(lambda state: intents.set_way(state, "to_and_fro" if on else "loop"))
        )
        self.cine = Cine(store, self, self)
        self.cine.add_control(self.play_volumes)
        self.cine.measured.connect(self._on_measured)
        store.changed.connect(lambda _before, after: self._draw(after))
        self._draw(store.state)

    def _draw(self, state: ViewState) -> None:
        rate = round(intents.rate_of(state))
        if rate != self.rate.value():  # else what is being typed would be lost at every picture
            with QSignalBlocker(self.rate):
                self.rate.setValue(rate)
        self.way.setChecked(state.cine.way == "to_and_fro")
        for widget in (self.rate, self.way, self.reached):
            widget.setVisible(state.cine.playing)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        """Qt calls it."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit()

    def _fit(self) -> None:
        """Room for the longest numbers in the font that there is now."""
        metrics = self.rate.fontMetrics()
        self.rate.setMinimumWidth(metrics.horizontalAdvance("60" + self.rate.suffix()) + 20)
        self.reached.setMinimumWidth(metrics.horizontalAdvance("(60.0)"))

    def _on_measured(self, rate: float) -> None:
        self.reached.setText(f"({QLocale().toString(rate, 'f', 1)})" if rate else "")
