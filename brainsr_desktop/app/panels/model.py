"""Section Model: which network or interpolation, scale, strength, preview; the card with all its facts."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QSignalBlocker, QSize, Qt, Signal
from PySide6.QtWidgets import QCheckBox, QListWidgetItem, QPushButton, QWidget

from brainsr_desktop.app.panels.forms import Choice, SliderRow, TextList, column, plain_label
from brainsr_desktop.app.plain_text import shown, tool_tip
from brainsr_desktop.app.store import Store
from brainsr_desktop.core.recipe import Recipe
from brainsr_desktop.language import mark, tr
from brainsr_desktop.models.card import Card, Role
from brainsr_desktop.models.catalog import Catalog
from brainsr_desktop.session import intents, intents_compare
from brainsr_desktop.session.compare import Mode
from brainsr_desktop.session.state import ViewState

MOST_ROWS: Final = 14
GROUPS: Final[tuple[tuple[Role, str], ...]] = (
    ("fidelity", mark("Networks")),
    ("perceptual", mark("Networks that invent detail")),
    ("preview", mark("Fast networks")),
    ("reference", mark("Networks for comparison")),
    ("baseline", mark("Interpolation, no network")),
)


def millions(count: int) -> str:
    """`1.22 M`, `24 k`."""
    return f"{count / 1e6:.2f} M" if count >= 1_000_000 else f"{count / 1e3:.0f} k"


def facts_of(card: Card, seconds: float | None = None) -> str:
    """What a model is, how large, on what it was trained; ``seconds`` it took for a slice here."""
    parts = [tr(card.description).rstrip(".")]
    if not card.is_interpolation:
        parts.append(tr("x{scale}, {count} weights", scale=card.scale, count=millions(card.parameters)))
        subjects, contrasts = card.data.get("subjects"), card.data.get("contrasts")
        if isinstance(subjects, int) and isinstance(contrasts, list):
            names = ", ".join(map(str, contrasts))
            parts.append(tr("Trained on {subjects} heads: {contrasts}", subjects=subjects, contrasts=names))
    if seconds is not None:
        parts.append(tr("Last slice here: {seconds:.1f} s", seconds=seconds))
    return ". ".join(part for part in parts if part) + "."


class ModelPanel(QWidget):
    """Edits the recipe's model, scale, strength and careful mode, the preview and whether the network runs at all."""

    card_asked = Signal(object)  # Card
    import_asked = Signal()

    def __init__(self, store: Store, catalog: Catalog, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._catalog = catalog
        self._timed: Recipe | None = None
        self._seconds: float | None = None
        self._times: dict[tuple[str, int], float] = {}
        self.scale = Choice(tr("Scale"), (("x2", 2), ("x4", 4)))
        self.list = TextList()
        self.list.setAccessibleName(tr("Model"))
        self.facts = plain_label(name="quiet")
        self.reason = plain_label(name="warning_text")
        self.card = QPushButton(tr("About this model..."))
        self.card.setAccessibleName(tr("Show the card of the chosen model"))
        self.network = QCheckBox(tr("Network on"))
        self.network.setToolTip(tr("Off: only the interpolated picture is shown"))
        self.fast = QCheckBox(tr("Fast preview first"))
        self.careful = QCheckBox(tr("Careful"))
        self.careful.setToolTip(
            tr(
                "Mean over the 8 flips and turns of the slice: a little closer to the truth, takes 8 times as long"
            )
        )
        self.strength = SliderRow(tr("Strength"), 0, 100, 1, unit="%", neutral=100)
        self.strength.setToolTip(tr("Mix of the network's picture with cubic interpolation"))
        self.residual = QCheckBox(tr("Residual view"))
        self.residual.setToolTip(
            tr("What the model changed against cubic interpolation, instead of the picture")
        )
        self.take = QPushButton(tr("Import a model..."))
        self.take.setToolTip(tr("A card with weights (safetensors); it is checked on a test picture"))
        self.problems = plain_label(name="warning_text")
        layout = column(self)
        layout.addWidget(self.scale)
        layout.addWidget(self.list)
        layout.addWidget(self.facts)
        layout.addWidget(self.card)
        layout.addWidget(self.take)
        layout.addWidget(self.reason)
        layout.addWidget(self.network)
        layout.addWidget(self.fast)
        layout.addWidget(self.careful)
        layout.addWidget(self.strength)
        layout.addWidget(self.residual)
        layout.addWidget(self.problems)
        self.scale.chosen.connect(self.choose_scale)
        self.list.currentItemChanged.connect(self._on_item)
        self.card.clicked.connect(self._on_card)
        self.take.clicked.connect(self.import_asked)
        self.residual.clicked.connect(self.set_residual)
        self.network.clicked.connect(self.set_network)
        self.fast.clicked.connect(self.set_fast)
        self.careful.clicked.connect(self.set_careful)
        self.strength.changed.connect(self._on_strength)
        self._tell_problems()
        store.changed.connect(self._on_changed)
        self._fill(store.state)
        self._show(store.state)

    @property
    def current_card(self) -> Card | None:
        """The card of the chosen model."""
        recipe = self._store.state.recipe
        return next(
            (card for card in self._catalog.for_scale(recipe.scale) if card.name == recipe.model), None
        )

    def choose(self, name: str) -> None:
        """Take a model for the present scale."""
        self._store.apply(lambda s: intents.choose_model(s, name, fast_model=s.fast_model), undo=tr("model"))

    def choose_scale(self, scale: int) -> None:
        """Take a scale, and the model that matches best: the same one if it can, else one of its role."""
        now = self.current_card
        cards = self._catalog.for_scale(scale)
        found = next((card for card in cards if now is not None and card.name == now.name), None)
        found = found or next(
            (c for c in cards if now is not None and c.role == now.role and not c.from_user), None
        )
        name = (found or self._catalog.default(scale)).name
        preview = self._catalog.preview(scale)
        fast = preview.name if preview is not None and self._store.state.fast_model else None
        self._store.apply(lambda s: intents.choose_model(s, name, scale, fast), undo=tr("scale"))

    def step(self, by: int) -> None:
        """Previous or next model of the list."""
        names = [card.name for card in self._listed(self._store.state.recipe.scale)]
        model = self._store.state.recipe.model
        if names:
            self.choose(names[(names.index(model) + by) % len(names) if model in names else 0])

    def set_network(self, on: bool) -> None:
        """Run networks on what is in view, or not."""
        self._store.apply(lambda s: intents.set_network(s, on=on))

    def set_fast(self, on: bool) -> None:
        """Show a fast network's picture before the full one's."""
        preview = self._catalog.preview(self._store.state.recipe.scale)
        name = preview.name if on and preview is not None else None
        self._store.apply(lambda s: intents.choose_model(s, s.recipe.model, fast_model=name))

    def set_careful(self, on: bool) -> None:
        """Ask the network eight times for each slice, or once."""
        self._store.apply(lambda s: intents.set_careful(s, on=on), undo=tr("careful mode"))

    def set_residual(self, on: bool) -> None:
        """Show what the model changed, or the pictures side by side again."""
        mode: Mode = "difference" if on else "side"
        self._store.apply(lambda s: intents_compare.choose_mode(s, mode), undo=tr("compare mode"))

    def set_catalog(self, catalog: Catalog) -> None:
        """A model was installed: list it."""
        self._catalog = catalog
        self._fill(self._store.state)
        self._show(self._store.state)
        self._tell_problems()

    def set_seconds(self, seconds: float) -> None:
        """Tell how long the chosen model took for the last slice."""
        recipe = self._store.state.recipe
        self._timed, self._seconds = recipe, seconds
        self._times[recipe.model, recipe.scale] = seconds
        self._show_facts(self.current_card)
        for row in range(self.list.count()):
            item = self.list.item(row)
            if item.data(Qt.ItemDataRole.UserRole) == recipe.model:
                self._name(item, self.current_card, recipe.scale)

    def _show_facts(self, card: Card | None) -> None:
        found = None if card is None else shown(facts_of(card, self._seconds), 400)
        self.facts.setText(found or tr("This model is not installed."))

    def _listed(self, scale: int) -> list[Card]:
        cards = self._catalog.for_scale(scale)
        return [card for role, _ in GROUPS for card in cards if card.role == role]

    def _fill(self, state: ViewState) -> None:
        with QSignalBlocker(self.list):
            self.list.clear()
            last = ""
            for card in self._listed(state.recipe.scale):
                heading = tr(dict(GROUPS)[card.role])
                if heading != last:
                    self._add_heading(heading)
                    last = heading
                item = QListWidgetItem()
                item.setData(Qt.ItemDataRole.UserRole, card.name)
                self._name(item, card, state.recipe.scale)
                item.setToolTip(tool_tip(facts_of(card)))
                item.setData(
                    Qt.ItemDataRole.AccessibleTextRole, f"{tr(card.title)}, {heading}, {facts_of(card)}"
                )
                self.list.addItem(item)
        self._fit_height()

    def _name(self, item: QListWidgetItem, card: Card | None, scale: int) -> None:
        """The title, and how long a slice took on this computer."""
        if card is None:
            return
        title = shown(tr(card.title))
        if card.from_user:
            title = tr("{title} (imported)", title=title)
        seconds = self._times.get((card.name, scale))
        if seconds is not None:
            title = tr("{title}, {ms} ms", title=title, ms=round(1000 * seconds))
        item.setText(title)

    def _fit_height(self) -> None:
        """As high as its rows, so that the panel scrolls and not the list in it."""
        heights = [max(self.list.sizeHintForRow(row), 18) for row in range(self.list.count())]
        self.list.setFixedHeight(sum(heights[:MOST_ROWS]) + 2 * self.list.frameWidth() + 4)

    def changeEvent(self, event: QEvent) -> None:
        """Qt calls it; another font or style makes other rows."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.StyleChange, QEvent.Type.FontChange):
            for row in range(self.list.count()):
                if not self.list.item(row).flags():
                    self.list.item(row).setSizeHint(self._heading_size())
            self._fit_height()

    def _heading_size(self) -> QSize:
        return QSize(10, max(26, self.list.fontMetrics().height() + 6))

    def _add_heading(self, text: str) -> None:
        item = QListWidgetItem(text)
        item.setFlags(Qt.ItemFlag.NoItemFlags)
        font = item.font()
        font.setBold(True)
        item.setFont(font)
        item.setSizeHint(self._heading_size())
        item.setToolTip(text)
        self.list.addItem(item)

    def _on_item(self, item: QListWidgetItem | None) -> None:
        if item is not None and item.data(Qt.ItemDataRole.UserRole):
            self.choose(item.data(Qt.ItemDataRole.UserRole))

    def _on_card(self) -> None:
        card = self.current_card
        if card is not None:
            self.card_asked.emit(card)

    def _on_strength(self, percent: float, gesture: int) -> None:
        self._store.apply(
            lambda s: intents.set_strength(s, percent / 100),
            undo=tr("strength"),
            gesture=(id(self), "strength", gesture),
        )

    def _on_changed(self, before: ViewState, after: ViewState) -> None:
        if before.recipe.scale != after.recipe.scale:
            self._fill(after)
        if _drawn(before) != _drawn(after):
            self._show(after)

    def _show(self, state: ViewState) -> None:
        self.scale.show_value(state.recipe.scale)
        with QSignalBlocker(self.list):
            rows = range(self.list.count())
            row = next(
                (r for r in rows if self.list.item(r).data(Qt.ItemDataRole.UserRole) == state.recipe.model),
                -1,
            )
            self.list.setCurrentRow(row)
        card = self.current_card
        if state.recipe != self._timed:
            self._seconds = None
        self._show_facts(card)
        self.card.setEnabled(card is not None)
        why_not = state.why_not if state.stack is not None else None
        self.reason.setText(tr("Viewing only: {reason}", reason=shown(why_not)) if why_not else "")
        self.reason.setVisible(bool(why_not))
        self.network.setChecked(state.network_on)
        self.network.setText(tr("Network on") if state.network_on else tr("Network off"))
        self.fast.setChecked(state.fast_model is not None)
        self.fast.setEnabled(self._catalog.preview(state.recipe.scale) is not None)
        self.strength.show_value(round(state.recipe.strength * 100))
        self.strength.setEnabled(card is not None and not card.is_interpolation)
        self.residual.setChecked(state.mode == "difference")
        self.careful.setChecked(state.recipe.careful)
        self.careful.setEnabled(card is not None and not card.is_interpolation)

    def _tell_problems(self) -> None:
        lines = [shown(problem.reason) for problem in self._catalog.problems]
        if all(card.is_interpolation for card in self._catalog.cards):
            lines.insert(
                0, tr("No networks are installed. The program works as a viewer with interpolation.")
            )
        self.problems.setText("\n".join(lines))
        self.problems.setVisible(bool(lines))


def _drawn(state: ViewState) -> tuple[object, ...]:
    return state.recipe, state.network_on, state.fast_model, state.stack, state.volume, state.mode
