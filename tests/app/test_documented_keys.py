"""The keys and movements of the specification, written down here as data: the tables have all of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pytest

from brainsr_desktop.app.actions import effective_keys, normal_key
from brainsr_desktop.app.mouse_table import FIXED_KEYS, MOUSE

WIPE: Final = {
    f"line_{far}{way.lower()}": (f"Alt+{shift}{way}",)
    for far, shift in (("", ""), ("far_", "Shift+"))
    for way in ("Left", "Right", "Up", "Down")
}
DOCUMENTED: Final[Mapping[str, tuple[str, ...]]] = {
    "previous_slice": ("Up", "Left"),
    "next_slice": ("Down", "Right"),
    "back_ten": ("Shift+Up",),
    "forward_ten": ("Shift+Down",),
    "first_slice": ("Home",),
    "last_slice": ("End",),
    "previous_series": ("PgUp",),
    "next_series": ("PgDown",),
    "go_to_slice": ("Ctrl+G",),
    "previous_volume": ("Ctrl+Left",),
    "next_volume": ("Ctrl+Right",),
    "tool_window": ("W",),
    "tool_pan": ("T",),
    "tool_zoom": ("Z",),
    "tool_scroll": ("S",),
    "tool_distance": ("D",),
    "tool_ellipse": ("E",),
    "tool_rectangle": ("Shift+E",),
    "tool_profile": ("L",),
    "remove_measurement": ("Del",),
    **{f"window_{digit}": (str(digit),) for digit in range(10)},
    "invert": ("I",),
    "flip_h": ("H",),
    "flip_v": ("V",),
    "fit": ("F",),
    "zoom_in": ("=",),
    "zoom_out": ("-",),
    "original_pixels": ("Ctrl+1",),
    "enhanced_pixels": ("Ctrl+2",),
    "reset": ("R",),
    "reset_all": ("Shift+R",),
    "undo": ("Ctrl+Z",),
    "redo": ("Ctrl+Shift+Z",),
    "settings": ("Ctrl+,",),
    "mode_side": ("Alt+1",),
    "mode_wipe": ("Alt+2",),
    "mode_blink": ("Alt+3",),
    "mode_difference": ("Alt+4",),
    "mode_board": ("Alt+5",),
    "mode_single": ("Alt+6",),
    "blink": ("B",),
    "loupe": ("Q",),
    **WIPE,
    "previous_model": ("[", ","),
    "next_model": ("]", "."),
    "scale": ("G",),
    "enhance_slice": ("Enter", "Return"),
    "enhance_series": ("Ctrl+Enter", "Ctrl+Return"),
    "test_mode": ("Ctrl+T",),
    "metrics": ("M",),
    "next_place": ("N",),
    "previous_place": ("Shift+N",),
    "mark_slice": ("K",),
    "cine": ("C",),
    "overlays": ("X",),
    "hide_patient": ("Ctrl+Shift+H",),
    "next_area": ("F6",),
    "previous_area": ("Shift+F6",),
    "stop": ("Esc",),
    "open_folder": ("Ctrl+O",),
    "export": ("Ctrl+E",),
    "save_picture": ("Ctrl+S",),
    "copy_picture": ("Ctrl+C",),
    "keys": ("F1", "?"),
}
MOVEMENTS: Final = {
    "wheel": "Wheel",
    "wheel_far": "Shift + wheel",
    "wheel_zoom": "Ctrl + wheel, pinch",
    "drag": "Left drag",
    "drag_slow": "Left drag, then Shift",
    "rectangle": "Ctrl + left drag",
    "pan": "Shift + left drag, middle drag",
    "zoom": "Right drag",
    "menu": "Right click",
    "double": "Double click",
    "move": "Move",
    "wipe": "Drag the wipe line",
    "card": "onto the panes",
}


@pytest.mark.parametrize("name", DOCUMENTED)
def test_that_a_documented_key_is_a_default_of_its_command(name: str) -> None:
    assert {normal_key(key) for key in DOCUMENTED[name]} <= set(effective_keys(())[name])


def test_that_space_and_the_tab_keys_are_kept() -> None:
    assert {fixed.key for fixed in FIXED_KEYS} == {"Space", "Tab", "Shift+Backtab"}


@pytest.mark.parametrize("name", MOVEMENTS)
def test_that_a_documented_movement_is_in_the_table(name: str) -> None:
    (spec,) = (spec for spec in MOUSE if spec.id == name)
    assert MOVEMENTS[name] in spec.input
