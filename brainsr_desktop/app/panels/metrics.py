"""Section Metrics: how near the networks come to the truth, beside every interpolation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from brainsr_desktop.app.panels.forms import Choice, column, plain_label
from brainsr_desktop.app.plain_text import shown
from brainsr_desktop.app.store import Store
from brainsr_desktop.core.metrics import LOWER_IS_BETTER
from brainsr_desktop.language import mark, tr, trn
from brainsr_desktop.models.catalog import Catalog
from brainsr_desktop.session.score_book import Means
from brainsr_desktop.session.state import ViewState

Column = tuple[str, str, int]
"""Name of the score, heading, digits."""

COLUMNS: Final[Mapping[str, tuple[Column, ...]]] = {
    "head": (
        ("head_psnr", mark("PSNR, dB"), 2),
        ("ssim", "SSIM", 3),
        ("head_nrmse", "NRMSE", 3),
        ("head_gradient", mark("Grad."), 3),
        ("head_hfen", "HFEN", 3),
    ),
    "slice": (
        ("psnr", mark("PSNR, dB"), 2),
        ("ssim_slice", "SSIM", 3),
        ("nrmse", "NRMSE", 3),
        ("gradient", mark("Grad."), 3),
        ("hfen", "HFEN", 3),
    ),
}
"""By mask; the names are those of `core.metrics.SCORES`."""
TIPS: Final = (
    mark("Peak signal-to-noise ratio: more is better"),
    mark("Structural similarity: 1 is perfect"),
    mark("Norm of the error over the norm of the truth: 0 is perfect"),
    mark("Error of the gradient over the gradient of the truth: 0 is perfect"),
    mark("Error of the fine structures over those of the truth (HFEN): 0 is perfect"),
)
"""What the headings mean, in the order of the columns."""
NO_REFERENCE: Final = mark(
    "No reference: no score is possible. How near a result is to the truth can only be told in test mode, where the "
    "true slice is known."
)
STATED: Final = mark(
    "This slice against the true one. Data range: robust range of the series (peak of PSNR and SSIM); "
    "values beyond it are cut. Mask: {mask}."
)
STATED_MEAN: Final = (
    mark(
        "Mean ± standard deviation of {count} slice that all of these were made of. Data range: robust range of the "
        "series (peak of PSNR and SSIM); values beyond it are cut. Mask: {mask}."
    ),
    mark(
        "Mean ± standard deviation of {count} slices that all of these were made of. Data range: robust range of the "
        "series (peak of PSNR and SSIM); values beyond it are cut. Mask: {mask}."
    ),
)
LEGEND: Final = mark("Under each network: difference to the best interpolation; ▲ better, ▼ worse.")
BETTER: Final = "▲"
WORSE: Final = "▼"
ROOM_PX: Final = 360
"""For the numbers of all columns; in larger text there are two tables, one below the other."""
FIRST_COLUMNS: Final = 3
Scores = Mapping[str, Mapping[str, float]]


class MetricsPanel(QWidget):
    """A table of models and figures, of the slice in view or their mean; test mode only."""

    def __init__(self, store: Store, catalog: Catalog, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._catalog = catalog
        self._scores: Scores = {}
        self._means = Means()
        self._mask = "head"
        self._which = "slice"
        self.which = Choice(tr("Figures of"), ((tr("This slice"), "slice"), (tr("Mean ± SD"), "mean")))
        self.which.show_value(self._which)
        self.which.chosen.connect(self._on_which)
        self.masks = Choice(tr("Mask"), ((tr("Head"), "head"), (tr("Whole slice"), "slice")))
        self.masks.show_value(self._mask)
        self.masks.chosen.connect(self._on_mask)
        self.words = plain_label()
        self.table = QWidget()
        self.table.setAccessibleName(tr("Scores against the true slice"))
        self._grid = QGridLayout(self.table)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(4)
        self._grid.setVerticalSpacing(1)
        self._rows = 0
        self.legend = plain_label(tr(LEGEND), name="quiet")
        self.stated = plain_label(name="quiet")
        layout = column(self)
        for widget in (self.words, self.which, self.masks, self.table, self.legend, self.stated):
            layout.addWidget(widget)
        store.changed.connect(self._on_changed)
        self._draw()

    def changeEvent(self, event: QEvent) -> None:
        """Qt calls it; larger text may need two tables."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._draw()

    def set_scores(self, scores: Scores) -> None:
        """Figures of the slice in view by model name, then by the names of `core.metrics.SCORES`."""
        self._scores = scores
        if self._which == "slice" or not self.table.isVisible():
            self._draw()

    def set_means(self, means: Means) -> None:
        """Figures over the slices judged so far."""
        self._means = means
        if self._which == "mean":
            self._draw()

    def set_catalog(self, catalog: Catalog) -> None:
        """A model was installed: know its title."""
        self._catalog = catalog
        self._draw()

    def cells(self) -> list[list[str]]:
        """What the table shows, row by row, the headings first; the name of a model is a row of its own."""
        rows = [
            [self._text_at(row, place) for place in range(self._grid.columnCount())]
            for row in range(self._rows)
        ]
        rows = [[text for text in row if text] for row in rows]
        return [row if len(set(row)) > 1 else row[:1] for row in rows]

    @property
    def _columns(self) -> tuple[Column, ...]:
        return COLUMNS[self._mask]

    def _on_which(self, value: object) -> None:
        self._which = str(value)
        self._draw()

    def _on_mask(self, value: object) -> None:
        self._mask = str(value)
        self._draw()

    def _text_at(self, row: int, place: int) -> str:
        item = self._grid.itemAtPosition(row, place)
        label = item.widget() if item is not None else None
        return label.text() if isinstance(label, QLabel) else ""

    def _on_changed(self, before: ViewState, after: ViewState) -> None:
        if _drawn(before) != _drawn(after):
            self._draw()

    def _draw(self) -> None:
        state = self._store.state
        self._empty()
        can = state.test_mode and state.stack is not None
        has = can and bool(self._scores)
        for widget in (self.table, self.masks, self.which, self.stated, self.legend):
            widget.setVisible(has)
        mask = tr("head") if self._mask == "head" else tr("whole slice")
        if self._which == "mean":
            self.stated.setText(trn(*STATED_MEAN, self._means.count, mask=mask))
        else:
            self.stated.setText(tr(STATED, mask=mask))
        self.words.setVisible(not has)
        if not can:
            self.words.setText(tr(NO_REFERENCE))
        elif not has:
            differs = state.degradation.reduction != state.recipe.scale
            self.words.setText(
                tr("No scores: reduction and scale differ.") if differs else tr("Computing...")
            )
        if has:
            self._draw_table(state)

    def _empty(self) -> None:
        self._rows = 0
        for place in range(self._grid.columnCount()):
            self._grid.setColumnStretch(place, 0)
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.setParent(None)
                widget.deleteLater()

    def _draw_table(self, state: ViewState) -> None:
        """The chosen model, the one that previews it, then every interpolation."""
        scores = self._shown_scores()
        baselines = [card.name for card in self._catalog.cards if card.is_interpolation]
        first = [name for name in (state.recipe.model, state.fast_model) if name is not None]
        best = self._best(scores, baselines)
        names = [name for name in dict.fromkeys([*first, *baselines]) if name in scores or name == first[0]]
        for columns in self._tables():
            self._add_headings(columns)
            for name in names:
                self._add_name(name, bold=name == first[0])
                self._add_cells([self._figure(scores, name, *column) for column in columns])
                if name not in baselines and best and name in scores:
                    self._add_cells([self._difference(scores[name], best, *column) for column in columns])

    def _tables(self) -> tuple[tuple[Column, ...], ...]:
        """All columns side by side, or in two tables where the text is large."""
        width = len(self._columns) * self.fontMetrics().horizontalAdvance(f"{BETTER}+0.000")
        if width <= ROOM_PX:
            return (self._columns,)
        return self._columns[:FIRST_COLUMNS], self._columns[FIRST_COLUMNS:]

    def _shown_scores(self) -> Scores:
        if self._which == "slice":
            return self._scores
        figures = self._means.figures.items()
        return {model: {name: spread.mean for name, spread in spreads.items()} for model, spreads in figures}

    def _best(self, scores: Scores, baselines: list[str]) -> dict[str, float]:
        """The best interpolation's value of each figure."""
        there = [scores[name] for name in baselines if name in scores]
        found: dict[str, float] = {}
        for key, _, _ in self._columns:
            values = [figures[key] for figures in there if key in figures]
            if values:
                found[key] = min(values) if key in LOWER_IS_BETTER else max(values)
        return found

    def _figure(self, scores: Scores, model: str, key: str, _title: str, digits: int) -> str:
        figures = scores.get(model, {})
        if key not in figures:
            return "..."
        text = f"{figures[key]:.{digits}f}"
        if self._which == "mean":
            return f"{text}\n±{self._means.figures[model][key].deviation:.{digits}f}"
        return text

    def _difference(
        self, own: Mapping[str, float], best: Mapping[str, float], key: str, _title: str, digits: int
    ) -> str:
        """With arrow and sign."""
        if key not in own or key not in best:
            return ""
        number = round(own[key] - best[key], digits)
        if number == 0.0:
            return f"={0.0:.{digits}f}"
        arrow = BETTER if (number < 0.0) == (key in LOWER_IS_BETTER) else WORSE
        return f"{arrow}{number:+.{digits}f}"

    def _title(self, name: str) -> str:
        return shown(next((tr(card.title) for card in self._catalog.cards if card.name == name), name))

    def _add_headings(self, columns: tuple[Column, ...]) -> None:
        tips = dict(zip(self._columns, TIPS, strict=True))
        for place, heading in enumerate(columns):
            title, tip = heading[1], tips[heading]
            label = self._label(tr(title), bold=True)
            label.setWordWrap(True)
            label.setToolTip(tr(tip))
            label.setAccessibleDescription(tr(tip))
            self._grid.addWidget(label, self._rows, place)
            self._grid.setColumnStretch(place, 1)
        self._rows += 1

    def _add_name(self, name: str, *, bold: bool) -> None:
        label = self._label(self._title(name), bold=bold)
        label.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom)
        label.setContentsMargins(0, 5, 0, 0)
        label.setWordWrap(True)
        self._grid.addWidget(label, self._rows, 0, 1, len(self._columns))
        self._rows += 1

    def _add_cells(self, texts: list[str]) -> None:
        for place, text in enumerate(texts):
            self._grid.addWidget(self._label(text), self._rows, place)
        self._rows += 1

    def _label(self, text: str, *, bold: bool = False) -> QLabel:
        label = plain_label(text, wrap=False)
        font = label.font()
        font.setBold(bold)
        label.setFont(font)
        label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return label


def _drawn(state: ViewState) -> tuple[object, ...]:
    return state.test_mode, state.stack, state.recipe, state.degradation, state.fast_model
