"""Where the commands stand: menus, submenus and tool bar, by the ids of `command_table`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from brainsr_desktop.language import mark

SEPARATOR: Final = "-"
COMPARING: Final = ("mode_side", "mode_wipe", "mode_blink", "mode_difference", "mode_board", "mode_single")
TRUSTING: Final = ("mode_consistency", "mode_stability", "mode_agreement")
MENUS: Final[Mapping[str, tuple[str, ...]]] = {
    mark("&File"): (
        "open_folder", "open_files", ">Recent", "open_sample", "close_all", SEPARATOR, "export", "save_picture",
        "copy_picture", SEPARATOR, "settings", SEPARATOR, "quit",
    ),
    mark("&View"): (
        "browser", "panel", "full_screen", ">Theme", SEPARATOR, "fit", "zoom_in", "zoom_out", "original_pixels",
        "enhanced_pixels", SEPARATOR, "overlays", "masks", "reverse_order", "hide_patient", SEPARATOR, "next_area",
        "previous_area",
    ),
    mark("&Image"): (
        "undo", "redo", SEPARATOR, ">Go", ">Mouse tool", ">Grey window", SEPARATOR, "invert", "flip_h", "flip_v",
        SEPARATOR, "reset", "reset_all",
    ),
    mark("&Compare"): (
        *COMPARING, SEPARATOR, *TRUSTING, SEPARATOR, "blink", "loupe", ">Wipe line", SEPARATOR, "next_place",
        "previous_place", SEPARATOR, "show_original", "show_truth",
    ),
    mark("&Tools"): (">Measure", SEPARATOR, "test_mode", "new_noise", "sweep", "metrics"),
    mark("&Enhance"): (
        "enhance_slice", "enhance_series", "stop", SEPARATOR, "network", "fast_preview", SEPARATOR,
        "previous_model", "next_model", "scale",
    ),
    mark("&Help"): ("manual", "keys", "tour", "research_notice", "open_log", SEPARATOR, "about"),
}  # fmt: skip
SUBMENUS: Final[Mapping[str, tuple[str, ...]]] = {
    ">Wipe line": ("line_left", "line_right", "line_up", "line_down", SEPARATOR, "line_far_left", "line_far_right",
                   "line_far_up", "line_far_down"),
    ">Theme": ("theme_system", "theme_light", "theme_dark", "theme_contrast"),
    ">Go": ("previous_slice", "next_slice", "back_ten", "forward_ten", "first_slice", "last_slice", "go_to_slice",
            SEPARATOR, "mark_slice", "cine", SEPARATOR, "previous_series", "next_series", SEPARATOR, "previous_volume",
            "next_volume"),
    ">Mouse tool": ("tool_window", "tool_pan", "tool_zoom", "tool_scroll"),
    ">Measure": ("tool_distance", "tool_ellipse", "tool_rectangle", "tool_profile", "place_measurement", SEPARATOR,
                 "next_handle", "previous_handle", "remove_measurement", "clear_measurements", SEPARATOR,
                 "copy_measurements", "export_measurements", SEPARATOR, "save_measurements", "load_measurements"),
    ">Grey window": (*(f"window_{key}" for key in range(10)), SEPARATOR, "save_own_window", "save_preset",
                     "window_per_slice", SEPARATOR, ">Colours"),
    ">Colours": ("colours_grey", "colours_cividis", "colours_viridis"),
}  # fmt: skip
SUBMENU_TITLES: Final[Mapping[str, str]] = {
    ">Recent": mark("Recent"), ">Theme": mark("Theme"), ">Go": mark("Go"), ">Mouse tool": mark("Mouse tool"),
    ">Grey window": mark("Grey window"), ">Measure": mark("Measure"), ">Wipe line": mark("Wipe line"),
    ">Colours": mark("Colours"),
}  # fmt: skip
TOOL_BAR: Final = ("open_folder", SEPARATOR, "tool_window", "tool_pan", "tool_zoom", "tool_scroll", "tool_distance",
                   SEPARATOR, "mode_side", "reset",
                   SEPARATOR, "test_mode", "show_original", SEPARATOR, "enhance_series", "export")  # fmt: skip
