"""Section Metrics: how near the model comes to the truth, beside every interpolation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from brainsr_desktop.app.panels.forms import Choice, column, plain_label
from brainsr_desktop.app.plain_text import shown
from brainsr_desktop.app.store import Store
from brainsr_desktop.language import mark, tr
from brainsr_desktop.models.catalog import Catalog
from brainsr_desktop.session.state import ViewState

Column = tuple[str, str, int]
"""Name of the score, title (with unit), digits."""

COLUMNS: Final[Mapping[str, tuple[Column, ...]]] = {
    "head": (("head_psnr", mark("PSNR, dB"), 2), ("ssim", "SSIM", 4)),
    "slice": (("psnr", mark("PSNR, dB"), 2), ("ssim_slice", "SSIM", 4)),
}
"""By mask; the names are those of `core.metrics.SCORES`."""
NO_REFERENCE: Final = mark(
    "No reference: no score is possible. How near a result is to the truth can only be told in test mode, where the "
    "true slice is known."
)
STATED: Final = mark(
    "This slice against the true one. Data range: robust range of the series (peak of PSNR and SSIM); "
    "values beyond it are cut. Mask: {mask}."
)
Scores = Mapping[str, Mapping[str, float]]


class MetricsPanel(QWidget):
    """A table of models and figures of the slice in view; test mode only."""

    def __init__(self, store: Store, catalog: Catalog, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._catalog = catalog
        self._scores: Scores = {}
        self._mask = "head"
        self.masks = Choice(tr("Mask"), ((tr("Head"), "head"), (tr("Whole slice"), "slice")))
        self.masks.show_value(self._mask)
        self.masks.chosen.connect(self._on_mask)
        self.words = plain_label()
        self.table = QWidget()
        self.table.setAccessibleName(tr("Scores of this slice"))
        self._grid = QGridLayout(self.table)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setVerticalSpacing(4)
        self.difference = plain_label(name="emphasis")
        self.stated = plain_label(name="quiet")
        layout = column(self)
        for widget in (self.words, self.masks, self.table, self.difference, self.stated):
            layout.addWidget(widget)
        store.changed.connect(self._on_changed)
        self._draw()

    def set_scores(self, scores: Scores) -> None:
        """Figures by model name, then by the names of `core.metrics.SCORES`."""
        self._scores = scores
        self._draw()

    def set_catalog(self, catalog: Catalog) -> None:
        """A model was installed: know its title."""
        self._catalog = catalog
        self._draw()

    def cells(self) -> list[list[str]]:
        """What the table shows, row by row, the heading first."""
        return [
            [self._text_at(row, place) for place in range(len(self._columns) + 1)]
            for row in range(self._rows)
        ]

    @property
    def _columns(self) -> tuple[Column, ...]:
        return COLUMNS[self._mask]

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
        self.table.setVisible(has)
        self.masks.setVisible(has)
        self.stated.setVisible(has)
        self.stated.setText(tr(STATED, mask=tr("head") if self._mask == "head" else tr("whole slice")))
        self.difference.setVisible(False)
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
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.setParent(None)
                widget.deleteLater()

    def _draw_table(self, state: ViewState) -> None:
        baselines = {card.name: tr(card.title) for card in self._catalog.cards if card.is_interpolation}
        present = state.recipe.model
        order = [present, *(name for name in baselines if name != present)]
        self._add_row(["", *(tr(title) for _, title, _ in self._columns)], bold=True)
        for name in order:
            scores = self._scores.get(name)
            if scores is not None or name == present:
                self._add_row(
                    [self._title(name), *_figures(scores or {}, self._columns)], bold=name == present
                )
        self._draw_difference(present, [name for name in baselines if name in self._scores])

    def _draw_difference(self, present: str, baselines: list[str]) -> None:
        own = self._scores.get(present, {})
        headline = self._columns[0][0]
        rivals = [name for name in baselines if name != present and headline in self._scores[name]]
        if headline not in own or not rivals:
            return
        best = max(rivals, key=lambda name: self._scores[name][headline])
        lines = [
            tr(
                "{model} against {other}, the best interpolation:",
                model=self._title(present),
                other=self._title(best),
            )
        ]
        for key, title, digits in self._columns:
            if key in own and key in self._scores[best]:
                difference = own[key] - self._scores[best][key]
                arrow = "▲" if difference > 0 else "▼" if difference < 0 else "="
                name, _, unit = tr(title).partition(", ")
                lines.append(f"{arrow} {difference:+.{digits}f}{' ' + unit if unit else ''} {name}")
        self.difference.setText("\n".join(lines))
        self.difference.setVisible(True)

    def _title(self, name: str) -> str:
        return shown(next((tr(card.title) for card in self._catalog.cards if card.name == name), name))

    def _add_row(self, texts: list[str], *, bold: bool) -> None:
        for place, text in enumerate(texts):
            label = plain_label(text, wrap=place == 0)
            font = label.font()
            font.setBold(bold)
            label.setFont(font)
            if place:
                label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self._grid.addWidget(label, self._rows, place)
        self._grid.setColumnStretch(0, 1)
        self._rows += 1


def _figures(scores: Mapping[str, float], columns: tuple[Column, ...]) -> list[str]:
    return [f"{scores[key]:.{digits}f}" if key in scores else "..." for key, _, digits in columns]


def _drawn(state: ViewState) -> tuple[object, ...]:
    return state.test_mode, state.stack, state.recipe, state.degradation
