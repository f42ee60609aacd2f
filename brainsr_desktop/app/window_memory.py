"""What the window remembers from one start to the next: its place and sizes, and the last choices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from PySide6.QtCore import QRect
from PySide6.QtGui import QGuiApplication

from brainsr_desktop.app.viewport_mouse import MouseHabits
from brainsr_desktop.core.errors import UsageError
from brainsr_desktop.models.catalog import Catalog
from brainsr_desktop.session import intents
from brainsr_desktop.session.state import ViewState
from brainsr_desktop.settings import Settings

DEFAULT_SIZE: Final = (1280, 800)
LEAST_SIZE: Final = (960, 600)
LEAST_VISIBLE_PX: Final = 120
"""So much of the title bar's width must be on a screen to be grabbed."""
TITLE_BAR_PX: Final = 32


def screens() -> list[QRect]:
    """The usable areas of all screens, the main one first."""
    main = QGuiApplication.primaryScreen()
    others = [screen for screen in QGuiApplication.screens() if screen is not main]
    return [screen.availableGeometry() for screen in (main, *others)]


def corrected_place(place: Sequence[int], areas: Sequence[QRect]) -> QRect:
    """Where to open the window: the remembered place (x, y, width, height), or the middle of the main screen.

    A place whose title bar could not be grabbed on any screen is not used; a size larger than the screen is cut.
    """
    main = areas[0]
    asked = QRect(*place) if len(place) == 4 and place[2] > 0 and place[3] > 0 else None
    home = next((area for area in areas if asked is not None and _grabbable(asked, area)), None)
    width, height = (asked.width(), asked.height()) if asked is not None else DEFAULT_SIZE
    screen = home or main
    least_width, least_height = least_size(screen)
    size = (
        min(max(width, least_width), screen.width()),
        min(max(height, least_height), screen.height()),
    )
    if asked is not None and home is not None:
        return QRect(asked.x(), max(asked.y(), screen.top()), *size)
    found = QRect(0, 0, *size)
    found.moveCenter(screen.center())
    return found


def least_size(screen: QRect) -> tuple[int, int]:
    """The least size of the window; smaller on a screen that has not even that."""
    return min(LEAST_SIZE[0], screen.width()), min(LEAST_SIZE[1], screen.height())


def _grabbable(place: QRect, area: QRect) -> bool:
    title = QRect(place.x(), place.y(), place.width(), TITLE_BAR_PX).intersected(area)
    return title.width() >= min(LEAST_VISIBLE_PX, place.width()) and title.height() >= TITLE_BAR_PX // 2


def first_state(state: ViewState, settings: Settings, catalog: Catalog) -> ViewState:
    """The view as the settings want it; what is not there any more is replaced."""
    networks, viewing = settings.networks, settings.viewing
    scale = networks.scale if networks.scale in (2, 4) else 4
    try:
        model = catalog.find(networks.model, scale).name
    except UsageError:
        model = catalog.default(scale).name
    preview = catalog.preview(scale)
    fast = preview.name if networks.fast_preview and preview is not None else None
    state = intents.choose_model(state, model, scale, fast)
    state = intents.set_tile(intents.set_precision(state, networks.precision), networks.tile)
    state = intents.set_convention(intents.set_device(state, networks.device), viewing.convention)
    state = intents.set_overlays(intents.set_interpolation(state, viewing.interpolation), viewing.overlays)
    return intents.hide_patient(state, on=settings.privacy.hide_at_start)


def mouse_habits(settings: Settings) -> MouseHabits:
    """The user's mouse."""
    viewing = settings.viewing
    return MouseHabits(
        viewing.wheel == "up_next", viewing.drag_up == "darker", max(viewing.drag_speed, 1) / 100
    )


def with_choices(settings: Settings, state: ViewState) -> Settings:
    """The settings with the choices that the view holds now."""
    recipe = state.recipe
    networks = replace(
        settings.networks,
        model=recipe.model,
        scale=recipe.scale,
        fast_preview=state.fast_model is not None
        if _has_choice(settings, state)
        else settings.networks.fast_preview,
        device=recipe.device,
        precision=recipe.precision,
        tile=recipe.tile,
    )
    viewing = replace(settings.viewing, interpolation=state.interpolation, overlays=state.overlays)
    return replace(settings, networks=networks, viewing=viewing)


def _has_choice(settings: Settings, state: ViewState) -> bool:
    """Without a fast network for this scale, "no preview" was nobody's choice."""
    return state.fast_model is not None or state.recipe.scale == settings.networks.scale
