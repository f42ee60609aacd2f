"""Section Device: what the network runs on, how exactly, in what tiles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtWidgets import QWidget

from brainsr_desktop.app.panels.forms import Choice, choose, column, fill, labelled, narrow_list, plain_label
from brainsr_desktop.app.plain_text import shown, size_text
from brainsr_desktop.app.store import Store
from brainsr_desktop.core.recipe import Recipe
from brainsr_desktop.engine import plans
from brainsr_desktop.engine.messages import DeviceInfo
from brainsr_desktop.language import tr
from brainsr_desktop.models.catalog import Catalog
from brainsr_desktop.session import intents
from brainsr_desktop.session.state import ViewState

TILES_PX: Final = (64, 128, 192, 256, 384, 512, 1024)


def device_words(device: DeviceInfo) -> str:
    """`NVIDIA H200 (cuda:0), 139 GB free`."""
    name = shown(device.name)
    if device.free_bytes is None:
        return tr("{name} ({id})", name=name, id=device.id)
    return tr("{name} ({id}), {free} free", name=name, id=device.id, free=size_text(device.free_bytes))


class DevicePanel(QWidget):
    """Edits the recipe's device, precision and tile."""

    def __init__(self, store: Store, catalog: Catalog, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._catalog = catalog
        self._devices: tuple[DeviceInfo, ...] = ()
        self.device = narrow_list()
        self.precision = Choice(tr("Precision"), ((tr("Exact"), "exact"), (tr("Fast"), "fast")))
        self.tile = narrow_list()
        fill(self.tile, [(tr("Automatic"), 0), *((f"{side} x {side}", side) for side in TILES_PX)])
        self.tile.setToolTip(tr("Smaller tiles need less memory and take a little longer"))
        self.told = plain_label(tr("Loading networks..."), name="quiet")
        layout = column(self)
        layout.addLayout(labelled(tr("Device"), self.device))
        layout.addLayout(labelled(tr("Precision"), self.precision))
        layout.addLayout(labelled(tr("Tiles"), self.tile))
        layout.addWidget(self.told)
        self.device.activated.connect(self._on_device)
        self.precision.chosen.connect(self._on_precision)
        self.tile.activated.connect(self._on_tile)
        self.set_devices(())
        store.changed.connect(self._on_changed)
        self._show(store.state)

    def set_devices(self, devices: Sequence[DeviceInfo]) -> None:
        """Offer what the engine found; the first is what automatic takes."""
        self._devices = tuple(devices)
        entries: list[tuple[str, object]] = [(tr("Automatic"), "auto")]
        entries += [(device_words(device), device.id) for device in devices]
        if not devices:
            entries.append((tr("CPU"), "cpu"))
        fill(self.device, entries)
        if devices:
            self.told.setText(tr("Automatic takes {device}.", device=device_words(devices[0])))
        self._show(self._store.state)

    def set_catalog(self, catalog: Catalog) -> None:
        """Use another catalogue: a model was installed."""
        self._catalog = catalog
        self._show(self._store.state)

    def _on_device(self) -> None:
        device = str(self.device.currentData())
        self._store.apply(lambda s: intents.set_device(s, device), undo=tr("device"))

    def _on_precision(self, value: object) -> None:
        self._store.apply(
            lambda s: intents.set_precision(s, "fast" if value == "fast" else "exact"), undo=tr("precision")
        )

    def _offer_fast(self, recipe: Recipe) -> None:
        """Fast where the model has a form that loses little enough; the tip says how much."""
        card = next((c for c in self._catalog.for_scale(recipe.scale) if c.name == recipe.model), None)
        button = self.precision.button("fast")
        forms = [] if card is None else [form.text for form in card.fast if form.is_offered]
        button.setEnabled(bool(forms))
        what = forms or [tr("This model has no fast form whose loss is small enough; it is made exactly.")]
        button.setToolTip("\n".join(what))

    def _tell_plan(self, recipe: Recipe) -> None:
        """What was measured on this machine's processor, in the tip of the list of devices."""
        card = next((c for c in self._catalog.for_scale(recipe.scale) if c.name == recipe.model), None)
        plan = None if card is None or card.is_interpolation else plans.in_force(plans.key_of(card))
        if plan is None:
            self.device.setToolTip(
                tr("On the CPU OpenVINO runs the network; what is quickest is not measured yet")
            )
            return
        times = ", ".join(f"{way} {milliseconds:.0f} ms" for way, milliseconds in plan.tried_ms.items())
        self.device.setToolTip(
            tr("On the CPU {library} runs the network; measured: {times}", library=plan.backend, times=times)
        )

    def _on_tile(self) -> None:
        side = int(self.tile.currentData())
        self._store.apply(lambda s: intents.set_tile(s, side), undo=tr("tiles"))

    def _on_changed(self, before: ViewState, after: ViewState) -> None:
        if before.recipe != after.recipe:
            self._show(after)

    def _show(self, state: ViewState) -> None:
        recipe = state.recipe
        if self.device.findData(recipe.device) < 0:
            self.device.addItem(tr("{device}, not found", device=recipe.device), recipe.device)
        choose(self.device, recipe.device)
        self.precision.show_value(recipe.precision)
        self._offer_fast(recipe)
        self._tell_plan(recipe)
        if self.tile.findData(recipe.tile) < 0:
            self.tile.addItem(f"{recipe.tile} x {recipe.tile}", recipe.tile)
        choose(self.tile, recipe.tile)
