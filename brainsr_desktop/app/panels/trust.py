"""Section Trust: what can be known about the enhanced picture without knowing the truth, and maps of it."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QProgressBar, QPushButton, QToolButton, QWidget

from brainsr_desktop.app import icons
from brainsr_desktop.app.panels.forms import TARGET_PX, column, plain_label
from brainsr_desktop.app.store import Store
from brainsr_desktop.app.trust_desk import TrustDesk
from brainsr_desktop.core.consistency import Residual
from brainsr_desktop.language import mark, tr, trn
from brainsr_desktop.session import intents_compare
from brainsr_desktop.session.compare import Mode
from brainsr_desktop.session.state import ViewState
from brainsr_desktop.session.trust import Checked

NO_REFERENCE: Final = mark("No reference: these numbers do not say whether the picture is right.")
_MAPS: Final[tuple[tuple[Mode, str, str], ...]] = (
    (
        "consistency",
        mark("Consistency map"),
        mark("The enhanced picture reduced again, minus the input"),
    ),
    (
        "stability",
        mark("Stability map"),
        mark("The network sees eight flips and turns of this slice: takes eight times as long"),
    ),
    (
        "agreement",
        mark("Agreement map"),
        mark("Test mode: where the detail is that of the reference"),
    ),
)


class TrustPanel(QWidget):
    """Shows what the desk knows about the right picture of now."""

    place_asked = Signal(int)
    """1: the next place of disagreement, -1: the one before."""
    warned = Signal(str)
    """What must be seen also while the section is folded; empty: nothing."""

    def __init__(self, store: Store, desk: TrustDesk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store, self._desk = store, desk
        self.kept = plain_label(name="emphasis")
        self.warning = plain_label(tr("The result does not agree with the scan here."), name="warning_text")
        self.places = plain_label()
        self.previous = _arrow("chevron-left", tr("Previous place that does not agree with the scan"))
        self.next = _arrow("chevron-right", tr("Next place that does not agree with the scan"))
        self.edges, self.noise, self.spread = plain_label(), plain_label(), plain_label()
        self.maps = {mode: _map_button(tr(words), tr(tip)) for mode, words, tip in _MAPS}
        self.progress = QProgressBar()
        self.progress.setRange(0, 100)
        self.progress.setAccessibleName(tr("Progress of the stability map"))
        self.no_reference = plain_label(name="quiet")
        self._lay_out()
        self._connect()
        self._show()

    def _lay_out(self) -> None:
        self.jump = QWidget()
        row = QHBoxLayout(self.jump)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.places, 1)
        row.addWidget(self.previous)
        row.addWidget(self.next)
        buttons = QWidget()
        grid = QGridLayout(buttons)
        grid.setContentsMargins(0, 0, 0, 0)
        for place, button in enumerate(self.maps.values()):
            grid.addWidget(button, place, 0)
        layout = column(self)
        for widget in (
            self.kept,
            self.warning,
            self.jump,
            self.edges,
            self.noise,
            self.no_reference,
            buttons,
            self.progress,
            self.spread,
        ):
            layout.addWidget(widget)

    def _connect(self) -> None:
        self.previous.clicked.connect(lambda: self.place_asked.emit(-1))
        self.next.clicked.connect(lambda: self.place_asked.emit(1))
        for mode, button in self.maps.items():
            button.clicked.connect(lambda on, mode=mode: self._choose(mode if on else "side"))
        self._desk.changed.connect(self._show)
        self._store.changed.connect(self._on_changed)

    def _choose(self, mode: Mode) -> None:
        self._store.apply(lambda state: intents_compare.choose_mode(state, mode), undo=tr("Way of comparing"))

    def _on_changed(self, before: ViewState, after: ViewState) -> None:
        if _drawn(before) != _drawn(after):
            self._show()

    def _show(self) -> None:
        state = self._store.state
        self._show_check(self._desk.checked)
        self._show_spread(state)
        for mode, button in self.maps.items():
            button.setChecked(state.mode == mode)
            button.setEnabled(state.stack is not None and (mode != "agreement" or state.test_mode))
        text = tr("The reference of test mode judges the picture: see Metrics.")
        self.no_reference.setText(text if state.test_mode else tr(NO_REFERENCE))

    def _show_check(self, checked: Checked | None) -> None:
        residual = None if checked is None else checked.residual
        over = checked is not None and bool(checked.places)
        for widget in (self.edges, self.noise):
            widget.setVisible(residual is not None)
        self.warning.setVisible(over)
        self.warned.emit(self.warning.text() if over else "")
        self.jump.setVisible(over)
        if checked is None or residual is None:
            self.kept.setText(self._why_nothing(checked))
            return
        percent, limit = f"{residual.part:.2g}", f"{checked.question.limit:.2g}"
        self.kept.setText(
            tr("Input not kept: residual {percent} % (limit {limit} %)", percent=percent, limit=limit)
            if over
            else tr("Input kept: residual {percent} % (limit {limit} %)", percent=percent, limit=limit)
        )
        self.places.setText(trn("{count} place", "{count} places", len(checked.places)))
        self._show_estimates(checked, residual)

    def _why_nothing(self, checked: Checked | None) -> str:
        if checked is not None:
            return tr("Picture and input cannot be compared pixel by pixel.")
        if self._desk.question is not None:
            return tr("Computing...")
        return tr("No finished enhanced picture is in view.")

    def _show_estimates(self, checked: Checked, residual: Residual) -> None:
        if checked.sharpness is not None:
            times = f"{checked.sharpness:.2f}"
            self.edges.setText(tr("Edges: {times} times as steep as interpolated", times=times))
        stack = self._store.state.stack
        value = f"{residual.noise * abs(checked.question.source.slope):.3g}"
        unit = stack.unit if stack is not None and stack.unit else tr("a.u.")
        self.noise.setText(tr("Noise of the input: about {value} {unit}", value=value, unit=unit))

    def _show_spread(self, state: ViewState) -> None:
        spread, is_on = self._desk.spread, state.mode == "stability"
        self.progress.setVisible(is_on and spread.progress is not None)
        if spread.progress is not None:
            self.progress.setValue(round(100 * spread.progress))
        self.spread.setVisible(is_on and (spread.middle is not None or bool(spread.trouble)))
        if spread.trouble:
            self.spread.setText(tr("No stability: {reason}", reason=spread.trouble))
        elif spread.middle is not None and state.stack is not None:
            frame = state.stack.frames[state.frame_index]
            value = spread.middle * (1.0 if frame is None else abs(frame.slope))
            unit = state.stack.unit or tr("a.u.")
            self.spread.setText(
                tr("Mean spread: {value} {unit} - spread, not error", value=f"{value:.3g}", unit=unit)
            )


def _map_button(text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setCheckable(True)
    button.setToolTip(tip)
    button.setAccessibleName(text)
    button.setMinimumHeight(TARGET_PX)
    return button


def _arrow(icon: str, name: str) -> QToolButton:
    button = QToolButton()
    icons.set_icon(button, icon)
    button.setToolTip(name)
    button.setAccessibleName(name)
    button.setMinimumSize(TARGET_PX, TARGET_PX)
    return button


def _drawn(state: ViewState) -> tuple[object, ...]:
    return state.mode, state.test_mode, state.stack
