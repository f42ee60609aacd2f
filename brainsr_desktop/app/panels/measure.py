"""Section Measure: the measurements of the slice in view with their values in both panes, and a plot of one."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Final

from PySide6.QtCore import QEvent, QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QAction, QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QHeaderView, QToolButton, QTreeWidget, QTreeWidgetItem, QWidget

from brainsr_desktop.app.background import Newest
from brainsr_desktop.app.measure_text import QUANTITIES, TOLD, Row, figure, length_unit, title, value_unit
from brainsr_desktop.app.measure_values import MeasureValues
from brainsr_desktop.app.panels.forms import TARGET_PX, column, plain_label
from brainsr_desktop.app.panels.plot import Line, Plot
from brainsr_desktop.app.store import Store
from brainsr_desktop.language import mark, tr
from brainsr_desktop.session import intents_measure
from brainsr_desktop.session.histogram import Histogram, of_pictures
from brainsr_desktop.session.measurements import Measurement

TOOL_BUTTONS: Final = ("tool_distance", "tool_ellipse", "tool_rectangle", "tool_profile", "place_measurement")
FILE_BUTTONS: Final = ("copy_measurements", "export_measurements", "save_measurements", "load_measurements")
SHORT: Final[Mapping[str, str]] = {
    "place_measurement": mark("Place"),
    "copy_measurements": mark("Copy"),
    "export_measurements": mark("CSV"),
    "save_measurements": mark("Save"),
    "load_measurements": mark("Open"),
}
BINS: Final = 64
HEADLINE: Final = ("length", "mean")
ROW_PX: Final = 24
LONGEST_NUMBER: Final = "-0.0123"
WIDEST_PX: Final = 380


class MeasurePanel(QWidget):
    """Shows what the state and `MeasureValues` hold; a row that is chosen is the selected measurement."""

    remove_asked = Signal()

    def __init__(self, store: Store, values: MeasureValues, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store, self.values = store, values
        self._shape: list[tuple[int, tuple[str, ...]]] = []
        self._lines: list[_Lines] = []
        self._plotted: tuple[object, ...] = ()
        self._slot = Newest(self)
        self._tools, self._files = QHBoxLayout(), QHBoxLayout()
        for row in (self._tools, self._files):
            row.setSpacing(2)
        self.hint = plain_label(name="quiet")
        self.hint.setText(
            tr("Choose a tool and drag over a picture. What is drawn lies at the same place in both panes.")
        )
        self.tree = QTreeWidget()
        self.tree.setAccessibleName(tr("Measurements of this slice"))
        self.tree.setHeaderLabels([tr("Quantity"), tr("Left"), tr("Right"), tr("Diff.")])
        self.tree.setUniformRowHeights(True)
        self.tree.setIndentation(12)
        self.tree.setTabKeyNavigation(False)
        self.tree.setMinimumHeight(10 * ROW_PX)
        header = self.tree.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.tree.currentItemChanged.connect(self._on_chosen)
        QShortcut(
            QKeySequence(Qt.Key.Key_Delete),
            self.tree,
            self.remove_asked.emit,
            context=Qt.ShortcutContext.WidgetShortcut,
        )
        self.units = plain_label(name="quiet")
        self.plot = Plot(tr("Plot of the selected measurement"))
        self.told = plain_label(name="quiet")
        layout = column(self)
        layout.addLayout(self._tools)
        layout.addWidget(self.hint)
        layout.addWidget(self.tree)
        layout.addWidget(self.units)
        layout.addWidget(self.plot)
        layout.addWidget(self.told)
        layout.addLayout(self._files)
        values.changed.connect(self._draw)
        self._fit_columns()
        self._draw()

    def set_actions(self, actions: Mapping[str, QAction]) -> None:
        """Give the section the buttons of its commands."""
        for names, row in ((TOOL_BUTTONS, self._tools), (FILE_BUTTONS, self._files)):
            for name in names:
                button = QToolButton()
                button.setDefaultAction(actions[name])
                button.setMinimumSize(TARGET_PX + 4, TARGET_PX + 2)
                if name in SHORT:
                    actions[name].setIconText(tr(SHORT[name]))
                    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
                button.setAccessibleName(actions[name].toolTip())
                button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
                row.addWidget(button)
            row.addStretch(1)

    def changeEvent(self, event: QEvent) -> None:
        """Qt calls it; larger text needs wider columns."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit_columns()

    def _fit_columns(self) -> None:
        """No number is cut; where the text is very large the table scrolls."""
        least = self.tree.fontMetrics().horizontalAdvance(LONGEST_NUMBER) + 8
        self.tree.header().setMinimumSectionSize(least)
        self.tree.setMinimumWidth(min(4 * least + 24, WIDEST_PX))

    def _draw(self) -> None:
        table = self.values.table()
        self.hint.setVisible(not table)
        self.tree.setVisible(bool(table))
        self.units.setVisible(bool(table))
        self.units.setText(self._units())
        shape = [(item.number, tuple(row.key for row in rows)) for item, rows in table]
        with QSignalBlocker(self.tree):
            if shape != self._shape:
                self._shape = shape
                self._fill(table)
            for lines, (item, rows) in zip(self._lines, table, strict=True):
                lines.write(item, rows)
            self._mark_selected()
        self._draw_plot()

    def _units(self) -> str:
        stack = self._store.state.stack
        if stack is None:
            return ""
        length, value = length_unit(stack), value_unit(stack)
        return tr("Lengths in {length}, areas in {length}², values in {value}.", length=length, value=value)

    def _fill(self, table: list[tuple[Measurement, list[Row]]]) -> None:
        self.tree.clear()
        self._lines = [_Lines(self.tree, item.number, len(rows)) for item, rows in table]

    def _mark_selected(self) -> None:
        selected = self._store.state.measuring.selected
        current = self.tree.currentItem()
        if current is not None and _number(current) == selected:
            return
        found = next((lines for lines in self._lines if lines.number == selected), None)
        for lines in self._lines:
            lines.top.setExpanded(lines is found)
        if found is None:
            self.tree.selectionModel().clear()
        else:
            self.tree.setCurrentItem(found.top)
            self.tree.scrollToItem(found.rows[-1])
            self.tree.scrollToItem(found.top)

    def _on_chosen(self, current: QTreeWidgetItem | None) -> None:
        if current is not None:
            number = _number(current)
            if number != self._store.state.measuring.selected:
                self._store.apply(lambda state: intents_measure.select(state, number))

    # The plot

    def _draw_plot(self) -> None:
        """Curves at once; a histogram when it has been counted, until then the one before stays."""
        item = intents_measure.selected_in_view(self._store.state)
        readings = (None, None) if item is None else self.values.of(item)
        wanted = (item, *readings)
        if wanted == self._plotted:
            return
        self._plotted = wanted
        if item is not None and item.shape is not None and readings != (None, None):
            count = partial(of_pictures, *self.values.pictures, item, None, BINS)
            self._slot.ask(count, partial(self._on_counted, wanted))
        else:
            curves = [None if reading is None else reading.curve for reading in readings]
            self._show_plot(
                [
                    Line(curve.distance_mm, curve.values, right=bool(place))
                    for place, curve in enumerate(curves)
                    if curve is not None
                ]
            )

    def _on_counted(self, wanted: tuple[object, ...], found: Histogram | None) -> None:
        if wanted is self._plotted:
            shares = () if found is None else (found.left, found.right)
            self._show_plot(
                [
                    Line(found.edges, share, right=bool(place), steps=True)
                    for place, share in enumerate(shares)
                    if found is not None and share is not None
                ]
            )

    def _show_plot(self, lines: list[Line]) -> None:
        words = tr("Left: solid line. Right: dashed line.") if lines else ""
        self.plot.setVisible(bool(lines))
        self.told.setVisible(bool(words))
        self.told.setText(words)
        self.plot.set_lines(lines, self._axis())
        self.plot.setAccessibleDescription(words)

    def _axis(self) -> str:
        state = self._store.state
        item = intents_measure.selected_in_view(state)
        if item is None or state.stack is None:
            return ""
        return length_unit(state.stack) if item.shape is None else value_unit(state.stack)


class _Lines:
    """A measurement in the list: its headline, and below it a line for each quantity."""

    def __init__(self, tree: QTreeWidget, number: int, rows: int) -> None:
        self.number = number
        self.top = QTreeWidgetItem(tree)
        self.rows = [QTreeWidgetItem(self.top) for _ in range(rows)]
        for line in (self.top, *self.rows):
            line.setData(0, Qt.ItemDataRole.UserRole, number)
            line.setSizeHint(0, QSize(0, ROW_PX))
            for place in (1, 2, 3):
                line.setTextAlignment(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)

    def write(self, item: Measurement, rows: list[Row]) -> None:
        """Show these values."""
        _show(self.top, title(item), next(row for row in rows if row.key in HEADLINE))
        for line, row in zip(self.rows, rows, strict=True):
            _show(line, tr(QUANTITIES[row.key]), row)


def _number(line: QTreeWidgetItem) -> int:
    return int(line.data(0, Qt.ItemDataRole.UserRole))


def _show(line: QTreeWidgetItem, words: str, row: Row) -> None:
    texts = (words, figure(row.left), figure(row.right), figure(row.difference, 3))
    for place, text in enumerate(texts):
        if line.text(place) != text:
            line.setText(place, text)
    told = tr(TOLD.get(row.key, words))
    line.setToolTip(0, tr("{told}, in {unit}", told=told, unit=row.unit) if row.unit else told)
