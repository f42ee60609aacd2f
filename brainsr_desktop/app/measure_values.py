"""What the measurements of the slice in view say about both pictures, worked out beside the GUI thread."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Final

from PySide6.QtCore import QObject, Signal

from brainsr_desktop.app.background import Newest
from brainsr_desktop.app.measure_text import Row, rows_of
from brainsr_desktop.app.store import Store
from brainsr_desktop.app.viewport_pair import ViewportPair
from brainsr_desktop.session.measurements import Measurement, Readings, cost, read
from brainsr_desktop.session.pictures import Picture, same_picture

Pictures = tuple[Picture | None, Picture | None]
UNKNOWN: Readings = (None, None)
CHEAP: Final = 50_000
"""Pixels that are read within a millisecond or two: at once, so that numbers do not flicker during a drag."""


@dataclass(frozen=True, slots=True, eq=False)
class _Known:
    item: Measurement
    pictures: Pictures
    readings: Readings


class MeasureValues(QObject):
    """Follows state and pictures. ``changed``: other values, or the values of another slice."""

    changed = Signal()

    def __init__(self, store: Store, pair: ViewportPair, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store, self._pair = store, pair
        self._known: dict[int, _Known] = {}
        self._slot = Newest(self)
        store.changed.connect(self._refresh)
        pair.pictures_changed.connect(self._refresh)

    @property
    def pictures(self) -> Pictures:
        """Left and right picture, as they are drawn."""
        return self._pair.left_picture, self._pair.right_picture

    @property
    def items(self) -> tuple[Measurement, ...]:
        """The measurements of the slice in view."""
        state = self._store.state
        return state.measuring.of_slice(state.slice_index)

    def of(self, item: Measurement) -> Readings:
        """What a measurement says about the pictures that are drawn now; never about those of a moment ago."""
        known = self._known.get(item.number)
        if known is None or known.item != item:
            return UNKNOWN
        left, right = (
            reading if same_picture(there, here) else None
            for reading, there, here in zip(known.readings, known.pictures, self.pictures, strict=True)
        )
        return left, right

    def table(self) -> list[tuple[Measurement, list[Row]]]:
        """Every measurement of the slice in view with its quantities."""
        stack = self._store.state.stack
        return [] if stack is None else [(item, rows_of(item, stack, self.of(item))) for item in self.items]

    def _refresh(self, *_told: object) -> None:
        pictures = self.pictures
        missing = tuple(item for item in self.items if not self._has(item, pictures))
        if sum(cost(item, *pictures) for item in missing) <= CHEAP:
            self._keep(_read_all(missing, pictures))
        else:
            self._slot.ask(partial(_read_all, missing, pictures), self._take)
        self.changed.emit()

    def _has(self, item: Measurement, pictures: Pictures) -> bool:
        known = self._known.get(item.number)
        return (
            known is not None
            and known.item == item
            and all(same_picture(there, here) for there, here in zip(known.pictures, pictures, strict=True))
        )

    def _take(self, found: list[_Known]) -> None:
        self._keep(found)
        self.changed.emit()

    def _keep(self, found: list[_Known]) -> None:
        numbers = {item.number for item in self._store.state.measuring.items}
        self._known = {number: known for number, known in self._known.items() if number in numbers}
        self._known.update((known.item.number, known) for known in found)


def _read_all(items: tuple[Measurement, ...], pictures: Pictures) -> list[_Known]:
    return [_Known(item, pictures, read(item, *pictures)) for item in items]
