"""The menu bar and the tool bar, filled from the table of actions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QMenu, QMenuBar, QToolBar, QToolButton

from brainsr_desktop.app import icons
from brainsr_desktop.app.actions import Actions
from brainsr_desktop.app.command_table import BY_ID
from brainsr_desktop.app.menu_table import (
    COMPARING,
    MENUS,
    SEPARATOR,
    SUBMENU_TITLES,
    SUBMENUS,
    TOOL_BAR,
    TRUSTING,
)
from brainsr_desktop.language import mark, tr

ICONS: Final[Mapping[str, str]] = {
    "open_folder": "open",
    "open_files": "open-file",
    "open_sample": "folder",
    "export": "export",
    "save_picture": "save",
    "copy_picture": "copy",
    "settings": "settings",
    "close_all": "close",
    "browser": "browser",
    "panel": "panel",
    "overlays": "overlays",
    "hide_patient": "lock",
    "undo": "undo",
    "redo": "redo",
    "tool_window": "window",
    "tool_pan": "pan",
    "tool_zoom": "zoom",
    "tool_scroll": "scroll",
    "tool_distance": "measure",
    "tool_profile": "profile",
    "tool_ellipse": "ellipse",
    "tool_rectangle": "rectangle",
    "remove_measurement": "trash",
    "fit": "fit",
    "zoom_in": "zoom-in",
    "zoom_out": "zoom-out",
    "original_pixels": "actual-size",
    "flip_h": "flip-h",
    "flip_v": "flip-v",
    "invert": "invert",
    "reset": "reset",
    "mode_side": "side",
    "mode_wipe": "compare",
    "mode_blink": "blink",
    "mode_difference": "difference",
    "mode_consistency": "consistency",
    "mode_stability": "stability",
    "mode_agreement": "agreement",
    "mode_board": "board",
    "mode_single": "single",
    "loupe": "loupe",
    "show_original": "original",
    "show_truth": "reference",
    "test_mode": "test",
    "new_noise": "refresh",
    "metrics": "metrics",
    "enhance_slice": "enhance",
    "enhance_series": "enhance-series",
    "stop": "stop",
    "keys": "help",
    "about": "info",
}
SEPARATORS_PX: Final = 120
"""What the lines between the groups and the gaps take."""
SHORT_WORDS: Final[Mapping[str, str]] = {
    "open_folder": mark("Open"),
    "tool_window": mark("W/L"),
    "reset": mark("Reset"),
    "test_mode": mark("Test mode"),
    "show_original": mark("Original"),
    "enhance_series": mark("Enhance series"),
    "export": mark("Export"),
}
"""Words on the tool bar; the tools themselves have a sign alone."""


MORE_TOOLS: Final[Mapping[str, tuple[str, ...]]] = {
    "tool_distance": ("tool_distance", "tool_ellipse", "tool_rectangle", "tool_profile"),
    "mode_side": (*COMPARING, *TRUSTING, "loupe", "next_place", "previous_place"),
}
"""What the arrow beside a button of the tool bar offers."""


def fill_menu_bar(bar: QMenuBar, actions: Actions, submenus: Mapping[str, QMenu]) -> None:
    """All menus. ``submenus`` brings those whose entries change, by their name in `MENUS`."""
    for name, icon in ICONS.items():
        icons.set_icon(actions[name], icon)
    for title, entries in MENUS.items():
        _fill(bar.addMenu(tr(title)), entries, actions, submenus)


def _fill(menu: QMenu, entries: Sequence[str], actions: Actions, submenus: Mapping[str, QMenu]) -> None:
    menu.setToolTipsVisible(False)
    for entry in entries:
        if entry == SEPARATOR:
            menu.addSeparator()
        elif entry in submenus:
            menu.addMenu(submenus[entry])
        elif entry in SUBMENUS:
            _fill(menu.addMenu(tr(SUBMENU_TITLES[entry])), SUBMENUS[entry], actions, submenus)
        else:
            menu.addAction(actions[entry])


def tool_bar(actions: Actions) -> QToolBar:
    """The tool bar; every button has a name for screen readers."""
    bar = QToolBar(tr("Tool bar"))
    bar.setObjectName("tool_bar")
    bar.setAccessibleName(tr("Tool bar"))
    bar.setMovable(False)
    bar.setIconSize(QSize(20, 20))
    bar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
    for entry in TOOL_BAR:
        if entry == SEPARATOR:
            bar.addSeparator()
        else:
            _add_button(bar, actions, entry)
    return bar


def fit_words(bar: QToolBar, width_px: int) -> None:
    """Words beside the signs where all of them have room, else the signs alone; tool tips name them."""
    styles = Qt.ToolButtonStyle
    buttons = [button for button in bar.findChildren(QToolButton) if button.defaultAction() is not None]
    worded = [b for b in buttons if b.defaultAction().objectName() in SHORT_WORDS]
    for button in worded:
        button.setToolButtonStyle(styles.ToolButtonTextBesideIcon)
    needed = sum(button.sizeHint().width() for button in buttons) + SEPARATORS_PX
    if needed > width_px:
        for button in worded:
            button.setToolButtonStyle(styles.ToolButtonIconOnly)


def sign_size(bar: QToolBar) -> QSize:
    """Signs as large as the words."""
    side = max(20, round(1.3 * bar.fontMetrics().ascent()))
    return QSize(side, side)


def _add_button(bar: QToolBar, actions: Actions, name: str) -> None:
    action = actions[name]
    bar.addAction(action)
    button = bar.widgetForAction(action)
    assert isinstance(button, QToolButton)
    if name in MORE_TOOLS:
        menu = QMenu(button)
        menu.addActions([actions[more] for more in MORE_TOOLS[name]])
        button.setMenu(menu)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
    if name in SHORT_WORDS:
        action.setIconText(tr(SHORT_WORDS[name]))
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    button.setAccessibleName(BY_ID[name].name)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
