"""Section Model: which network or interpolation, scale, strength, preview; the card with all its facts."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QSignalBlocker, QSize, Qt, Signal
from PySide6.QtWidgets import QCheckBox, QListWidgetItem, QPushButton, QWidget

from brainsr_desktop.app.panels.forms import Choice, SliderRow, TextList, column, plain_label
from brainsr_desktop.app.plain_text import shown, tool_tip
from brainsr_desktop.app.store import Store
from brainsr_desktop.core.recipe import Recipe
from brainsr_desktop.models.card import Card, Role
from brainsr_desktop.models.catalog import Catalog
from brainsr_desktop.session import intents
from brainsr_desktop.session.state import ViewState

MOST_ROWS: Final = 14
GROUPS: Final[tuple[tuple[Role, str], ...]] = (
    ("fidelity", "Networks"),
    ("perceptual", "Networks that invent detail"),
    ("preview", "Fast networks"),
    ("reference", "Networks for comparison"),
    ("baseline", "Interpolation, no network"),
)


def millions(count: int) -> str:
    """`1.22 M`, `24 k`."""
    return f"{count / 1e6:.2f} M" if count >= 1_000_000 else f"{count / 1e3:.0f} k"


def facts_of(card: Card, seconds: float | None = None) -> str:
    """What a model is, how large, on what it was trained; ``seconds`` it took for a slice here."""
    parts = [card.description.rstrip(".")]
    if not card.is_interpolation:
        parts.append(f"x{card.scale}, {millions(card.parameters)} weights")
        subjects, contrasts = card.data.get("subjects"), card.data.get("contrasts")
        if isinstance(subjects, int) and isinstance(contrasts, list):
            parts.append(f"Trained on {subjects} heads: {', '.join(map(str, contrasts))}")
    if seconds is not None:
        parts.append(f"Last slice here: {seconds:.1f} s")
    return ". ".join(part for part in parts if part) + "."


class ModelPanel(QWidget):
    """Edits the recipe's model, scale, strength and careful mode, the preview and whether the network runs at all."""

    card_asked = Signal(object)  # Card

    def __init__(self, store: Store, catalog: Catalog, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._catalog = catalog
        self._timed: Recipe | None = None
        self._seconds: float | None = None
        self.scale = Choice("Scale", (("x2", 2), ("x4", 4)))
        self.list = TextList()
        self.list.setAccessibleName("Model")
        self.facts = plain_label(name="quiet")
        self.reason = plain_label(name="warning_text")
        self.card = QPushButton("About this model...")
        self.card.setAccessibleName("Show the card of the chosen model")
        self.network = QCheckBox("Network on")
        self.network.setToolTip("Off: only the interpolated picture is shown")
        self.fast = QCheckBox("Fast preview first")
        self.careful = QCheckBox("Careful")
        self.careful.setToolTip(
            "Mean over the 8 flips and turns of the slice: a little closer to the truth, takes 8 times as long"
        )
        self.strength = SliderRow("Strength", 0, 100, 1, unit="%", neutral=100)
        self.strength.setToolTip("Mix of the network's picture with cubic interpolation")
        self.problems = plain_label(name="warning_text")
        layout = column(self)
        layout.addWidget(self.scale)
        layout.addWidget(self.list)
        layout.addWidget(self.facts)
        layout.addWidget(self.card)
        layout.addWidget(self.reason)
        layout.addWidget(self.network)
        layout.addWidget(self.fast)
        layout.addWidget(self.careful)
        layout.addWidget(self.strength)
        layout.addWidget(self.problems)
        self.scale.chosen.connect(self.choose_scale)
        self.list.currentItemChanged.connect(self._on_item)
        self.card.clicked.connect(self._on_card)
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
        self._store.apply(lambda s: intents.choose_model(s, name, fast_model=s.fast_model), undo="model")

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
        self._store.apply(lambda s: intents.choose_model(s, name, scale, fast), undo="scale")

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
        self._store.apply(lambda s: intents.set_careful(s, on=on), undo="careful mode")

    def set_seconds(self, seconds: float) -> None:
        """Tell how long the chosen model took for the last slice."""
        self._timed, self._seconds = self._store.state.recipe, seconds
        self._show_facts(self.current_card)

    def _show_facts(self, card: Card | None) -> None:
        found = None if card is None else shown(facts_of(card, self._seconds), 400)
        self.facts.setText(found or "This model is not installed.")

    def _listed(self, scale: int) -> list[Card]:
        cards = self._catalog.for_scale(scale)
        return [card for role, _ in GROUPS for card in cards if card.role == role]

    def _fill(self, state: ViewState) -> None:
        with QSignalBlocker(self.list):
            self.list.clear()
            last = ""
            for card in self._listed(state.recipe.scale):
                heading = dict(GROUPS)[card.role]
                if heading != last:
                    self._add_heading(heading)
                    last = heading
                item = QListWidgetItem(shown(card.title) + (" (imported)" if card.from_user else ""))
                item.setData(Qt.ItemDataRole.UserRole, card.name)
                item.setToolTip(tool_tip(facts_of(card)))
                item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{card.title}, {heading}, {facts_of(card)}")
                self.list.addItem(item)
        self._fit_height()

    def _fit_height(self) -> None:
        """As high as its rows, so that the panel scrolls and not the list in it."""
        heights = [max(self.list.sizeHintForRow(row), 18) for row in range(self.list.count())]
        self.list.setFixedHeight(sum(heights[:MOST_ROWS]) + 2 * self.list.frameWidth() + 4)

    def changeEvent(self, event: QEvent) -> None:
        """Qt calls it; another font or style makes other rows."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.StyleChange, QEvent.Type.FontChange):
            self._fit_height()

    def _add_heading(self, text: str) -> None:
        item = QListWidgetItem(text)
        item.setFlags(Qt.ItemFlag.NoItemFlags)
        font = item.font()
        font.setBold(True)
        item.setFont(font)
        item.setSizeHint(QSize(10, 26))
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
            undo="strength",
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
        self.reason.setText(f"Viewing only: {shown(why_not)}" if why_not else "")
        self.reason.setVisible(bool(why_not))
        self.network.setChecked(state.network_on)
        self.network.setText("Network on" if state.network_on else "Network off")
        self.fast.setChecked(state.fast_model is not None)
        self.fast.setEnabled(self._catalog.preview(state.recipe.scale) is not None)
        self.strength.show_value(round(state.recipe.strength * 100))
        self.strength.setEnabled(card is not None and not card.is_interpolation)
        self.careful.setChecked(state.recipe.careful)
        self.careful.setEnabled(card is not None and not card.is_interpolation)

    def _tell_problems(self) -> None:
        lines = [shown(problem.reason) for problem in self._catalog.problems]
        if all(card.is_interpolation for card in self._catalog.cards):
            lines.insert(0, "No networks are installed. The program works as a viewer with interpolation.")
        self.problems.setText("\n".join(lines))
        self.problems.setVisible(bool(lines))


def _drawn(state: ViewState) -> tuple[object, ...]:
    return state.recipe, state.network_on, state.fast_model, state.stack, state.volume
