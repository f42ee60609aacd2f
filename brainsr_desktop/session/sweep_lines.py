"""The curves of a sweep, for the window and for the figure."""

from __future__ import annotations

from brainsr_desktop.io.curve_data import Line
from brainsr_desktop.language import tr
from brainsr_desktop.session.sweep_table import SECONDS, Table, breaking_words


def lines_of(table: Table, figure: str, second: float | None = None, *, titles: bool = False) -> list[Line]:
    """The curves of one figure: networks solid, with a diamond where they fall behind; interpolations dashed.
    What has no figures yet has no points.

    ``titles``: named as in the window, not as in commands.
    """
    found: list[Line] = []
    for card in (*table.sweep.models, *table.sweep.interpolations):
        curve = dict(table.curve(card.name, figure, second))
        note = "" if figure == SECONDS or not curve else breaking_words(table, card.name, figure, second)
        broken = None if card.is_interpolation else table.breaking_point(card.name, figure, second)
        place = (broken, curve[broken]) if broken is not None and broken in curve else None
        name = tr(card.title) if titles else card.name
        found.append(Line(name, list(curve), list(curve.values()), card.is_interpolation, place, note))
    return found
