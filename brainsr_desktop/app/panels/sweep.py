"""The sweep: what is varied on the left, the curves as they come on the right, and where each model falls behind."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from PySide6.QtCore import QEvent, QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QStyle,
    QVBoxLayout,
    QWidget,
)

from brainsr_desktop.app.background import in_background
from brainsr_desktop.app.panels.forms import fill, labelled, plain_label, size_for_text
from brainsr_desktop.app.panels.sweep_form import SweepForm
from brainsr_desktop.app.panels.sweep_plot import SweepLegend, SweepPlot
from brainsr_desktop.app.plain_text import shown
from brainsr_desktop.app.sweep_runner import SweepView
from brainsr_desktop.language import mark, tr, trn
from brainsr_desktop.models.catalog import Catalog
from brainsr_desktop.session.state import ViewState
from brainsr_desktop.session.sweep import UNITS
from brainsr_desktop.session.sweep_lines import lines_of
from brainsr_desktop.session.sweep_table import DRAWN, SECONDS, Table, csv_text

FORM_PX: Final = 270
DRAW_MS: Final = 200
"""The curves are drawn so often at most: pictures of an interpolation come faster than anybody looks."""
JUDGED: Final = tuple(figure for figure in DRAWN if figure != SECONDS)
HEADINGS: Final = (mark("PSNR"), "SSIM", "HFEN")
"""Of ``JUDGED``, above the breaking points."""


class SweepDialog(QDialog):
    """A window beside the main one. It asks for a sweep, shows it, and saves it; the runner runs it."""

    start_asked = Signal(object)  # SweepRequest
    cancel_asked = Signal(int)  # number of the job

    def __init__(self, catalog: Catalog, state: ViewState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Sweep"))
        self.form = SweepForm(catalog, state)
        self.start, self.cancel = QPushButton(tr("&Start")), QPushButton(tr("Cancel"))
        self.start.setDefault(True)
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName(tr("Progress of the sweep"))
        self.words = plain_label(tr("The curves appear here while the pictures are made."), name="quiet")
        self.plots = {figure: SweepPlot(tr(words)) for figure, words in DRAWN.items()}
        self.second = QComboBox()
        self.save_csv, self.save_png = QPushButton(tr("Save as CS&V...")), QPushButton(tr("Save &picture..."))
        self._view: SweepView | None = None
        self._draws = QTimer(self, singleShot=True, interval=DRAW_MS)
        self._draws.timeout.connect(self._draw)
        self._turn = QTimer(self, singleShot=True, interval=0)
        self._turn.timeout.connect(self._draw_next)
        self._turns: list[str | None] = []
        self._lay_out()
        self._connect()
        self._show_progress()
        size_for_text(self, 1080, 720)

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.addWidget(self.start, 1)
        buttons.addWidget(self.cancel, 1)
        self._form_scroll = _scrolled(self.form)
        self._form_scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        left = QVBoxLayout()
        left.addWidget(self._form_scroll, 1)
        left.addLayout(buttons)
        left.addWidget(self.progress)
        self._second_row = QWidget()
        row = labelled(tr("Curves at"), self.second)
        row.setContentsMargins(0, 0, 0, 0)
        self._second_row.setLayout(row)
        grid = QGridLayout()
        for place, plot in enumerate(self.plots.values()):
            grid.addWidget(plot, place // 2, place % 2)
        self._legend = SweepLegend([tr(words) for words in HEADINGS])
        self.save_csv.setToolTip(tr("Every figure of every picture, as comma-separated values"))
        self.save_png.setToolTip(tr("The curves with axes and legend; of two controls, maps of the gain"))
        close = QPushButton(tr("Close"))
        close.clicked.connect(self.close)
        bottom = QHBoxLayout()
        for button in (self.save_csv, self.save_png):
            bottom.addWidget(button)
        bottom.addStretch(1)
        bottom.addWidget(close)
        for button in (self.start, self.cancel, self.save_csv, self.save_png, close):
            button.setAutoDefault(False)
        results = QWidget()
        upper = QVBoxLayout(results)
        upper.setContentsMargins(0, 0, 0, 0)
        upper.addWidget(self._second_row)
        upper.addLayout(grid, 1)
        upper.addWidget(self.words)
        upper.addWidget(self._legend)
        right = QVBoxLayout()
        right.addWidget(_scrolled(results), 1)
        right.addLayout(bottom)
        whole = QHBoxLayout(self)
        whole.addLayout(left)
        whole.addLayout(right, 1)

    def _connect(self) -> None:
        self.start.clicked.connect(self._start)
        self.cancel.clicked.connect(self._cancel)
        self.form.changed.connect(self._show_progress)
        self.second.currentIndexChanged.connect(self._draw)
        self.save_csv.clicked.connect(lambda: self._ask_where("csv", tr("CSV (*.csv)"), self.write_csv))
        self.save_png.clicked.connect(lambda: self._ask_where("png", "PNG (*.png)", self.write_png))

    # What happens

    def set_view(self, view: SweepView) -> None:
        """A sweep began, went on or ended."""
        fresh = self._view is None or self._view.table is not view.table
        self._view = view
        if fresh:
            self._begin(view.table)
        self._show_progress()
        if fresh or view.state != "running":
            self._draw()
        elif not self._draws.isActive() and not self._turns:
            self._draws.start()

    def changeEvent(self, event: QEvent) -> None:
        """Qt calls it; the legend has the theme's colours."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._legend.forget()
            self._draws.start()
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._fit()

    def showEvent(self, event: QShowEvent) -> None:
        """Qt calls it; only now the style has given the fields their size."""
        super().showEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Nothing of the form is cut off at its right."""
        bar = self.style().pixelMetric(QStyle.PixelMetric.PM_ScrollBarExtent)
        self._form_scroll.setFixedWidth(max(FORM_PX, self.form.minimumSizeHint().width()) + bar)

    def _start(self) -> None:
        if self.form.ready:
            self.start_asked.emit(self.form.request())

    def _cancel(self) -> None:
        if self._view is not None:
            self.cancel_asked.emit(self._view.number)

    @property
    def _running(self) -> bool:
        return self._view is not None and self._view.state == "running"

    # What is shown

    def _begin(self, table: Table) -> None:
        axes = table.sweep.axes
        self._second_row.setVisible(len(axes) == 2)
        entries = []
        if len(axes) == 2:
            unit = UNITS[axes[1].control]
            entries = [(f"{axes[1].name}: {value:g} {unit}".strip(), value) for value in axes[1].values]
        fill(self.second, entries)
        with QSignalBlocker(self.second):
            self.second.setCurrentIndex(0)

    def _show_progress(self) -> None:
        view = self._view
        self.start.setEnabled(not self._running and self.form.ready)
        self.cancel.setEnabled(self._running)
        has = view is not None and len(view.table) > 0
        self.save_csv.setEnabled(has)
        self.save_png.setEnabled(has)
        self._second_row.setVisible(view is not None and len(view.table.sweep.axes) == 2)
        self.progress.setMaximum(max(view.total, 1) if view is not None else 1)
        self.progress.setValue(view.done if view is not None else 0)
        if view is not None:
            self.words.setText(_words(view))

    def _draw(self) -> None:
        """Draw the plots one after another, each in a turn of its own: all at once they would hold the window up."""
        self._turns = [*self.plots, None]
        self._draw_next()

    def _draw_next(self) -> None:
        if self._view is None or not self._turns:
            return
        table, second = self._view.table, self.second.currentData()
        figure, *self._turns = self._turns
        if figure is not None:
            lines = lines_of(table, figure, second, titles=True)
            self.plots[figure].set_curves(lines, table.sweep.axes[0].name)
        else:
            self._legend.set_lines([lines_of(table, judged, second, titles=True) for judged in JUDGED])
        self._turn.start()

    # Saving

    def _ask_where(self, suffix: str, kinds: str, write: Callable[[Path], None]) -> None:
        dialog = QFileDialog(self, tr("Save the sweep"), str(Path.home() / f"sweep.{suffix}"), kinds)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(suffix)
        dialog.fileSelected.connect(lambda name: write(Path(name)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def write_csv(self, path: Path) -> None:
        """Write every figure; what comes of it is said below the curves."""
        if self._view is not None:
            text = csv_text(self._view.table)
            in_background(partial(_write_text, path, text), partial(self._on_saved, path.name), self)

    def write_png(self, path: Path) -> None:
        """Write the figure; it is drawn in the background."""
        if self._view is not None:
            table = self._view.table
            in_background(partial(_write_figure, path, table), partial(self._on_saved, path.name), self)

    def _on_saved(self, name: str, trouble: str) -> None:
        if trouble:
            self.words.setText(
                tr("{name} could not be saved: {reason}.", name=shown(name), reason=shown(trouble))
            )
        else:
            self.words.setText(tr("{name} was saved.", name=shown(name)))


def _scrolled(content: QWidget) -> QScrollArea:
    """With large text there may be more than the window holds."""
    scroll = QScrollArea()
    scroll.setWidget(content)
    scroll.setWidgetResizable(True)
    scroll.setFrameShape(QScrollArea.Shape.NoFrame)
    return scroll


def _write_text(path: Path, text: str) -> str:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        return error.strerror or str(error)
    return ""


def _write_figure(path: Path, table: Table) -> str:
    # Only now: the window starts without a picture library.
    from brainsr_desktop.io.curves import write_png
    from brainsr_desktop.session.sweep_figure import sweep_figure

    try:
        write_png(path, sweep_figure(table, tr("sweep")))
    except OSError as error:
        return error.strerror or str(error)
    except ValueError:
        return tr("there is nothing to draw yet")
    return ""


def _words(view: SweepView) -> str:
    slices = trn("mean of {count} slice", "mean of {count} slices", len(view.table.slices))
    text = {
        "running": tr("Picture {done} of {total}.", done=view.done, total=view.total),
        "cancelled": tr("Cancelled after {done} of {total} pictures.", done=view.done, total=view.total),
        "failed": tr("None of the pictures could be made."),
    }.get(view.state, trn("{count} picture made.", "{count} pictures made.", view.done - view.failed))
    failed = trn("{count} failed.", "{count} failed.", view.failed) if view.failed else ""
    meaning = tr("Curves: {slices}. A diamond marks where a network falls behind the best interpolation.",
                 slices=slices)  # fmt: skip
    return " ".join(filter(None, (text, failed, meaning)))
