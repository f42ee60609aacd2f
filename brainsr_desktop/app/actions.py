"""Every command of the window in one table: its words, its keys, where it is valid.

Letter keys, Space and arrows act only while a pane or the slice slider has the focus (``scope`` "image"); keys with
Ctrl and function keys act everywhere in the window. What a command does is connected by the window.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QWidget

Scope = Literal["window", "image"]


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """One command. ``text`` has a mnemonic (&), ``tip`` says what it does, ``group`` makes it one of several."""

    id: str
    text: str
    keys: tuple[str, ...] = ()
    tip: str = ""
    scope: Scope = "window"
    checkable: bool = False
    group: str = ""

    @property
    def name(self) -> str:
        """The words without mnemonic and dots: accessible name and entry of the key list."""
        return self.text.replace("&", "").removesuffix("...")


def _image(
    name: str, text: str, *keys: str, tip: str = "", checkable: bool = False, group: str = ""
) -> ActionSpec:
    return ActionSpec(name, text, keys, tip, "image", checkable, group)


def _window(
    name: str, text: str, *keys: str, tip: str = "", checkable: bool = False, group: str = ""
) -> ActionSpec:
    return ActionSpec(name, text, keys, tip, "window", checkable, group)


SPECS: Final[tuple[ActionSpec, ...]] = (
    _window("open_folder", "&Open folder...", "Ctrl+O", tip="Open a folder of MR images"),
    _window(
        "open_files",
        "Open &files...",
        "Ctrl+Shift+O",
        tip="Open single files (pictures, NIfTI, .mat, .npy ...), a DICOMDIR or a ZIP archive",
    ),
    _window("open_sample", "Try the &sample study", tip="Open the head that comes with the program"),
    _window("close_all", "&Close all", "Ctrl+W", tip="Close everything that is open"),
    _window("export", "&Export...", "Ctrl+E", tip="Write enhanced slices to files"),
    _window("save_picture", "&Save picture...", "Ctrl+S", tip="Save both panes as they are seen"),
    _window("copy_picture", "Cop&y picture", "Ctrl+C", tip="Copy both panes as they are seen"),
    _window("settings", "Se&ttings...", "Ctrl+,", tip="Settings"),
    _window("quit", "&Quit", "Ctrl+Q", tip="Close the window"),
    _window("browser", "Series &browser", "F9", tip="Show or hide the series browser", checkable=True),
    _window("panel", "Side &panel", "F10", tip="Show or hide the side panel", checkable=True),
    _window("full_screen", "&Full screen", "F11", tip="Panes only, on the whole screen", checkable=True),
    _image("overlays", "O&verlays", "X", tip="Text on the images: all, few, none"),
    _image("masks", "Tumour &mask", "U", tip="Outline of the mask that the file brings", checkable=True),
    _window("hide_patient", "&Hide patient data", "Ctrl+Shift+H", tip="Show no patient data", checkable=True),
    _window("theme_system", "&System", tip="Follow the system's theme", checkable=True, group="theme"),
    _window("theme_light", "&Light", tip="Light theme", checkable=True, group="theme"),
    _window("theme_dark", "&Dark", tip="Dark theme", checkable=True, group="theme"),
    _window("theme_contrast", "&High contrast", tip="High contrast theme", checkable=True, group="theme"),
    _window("next_area", "&Next area", "F6", tip="Move the focus to the next area of the window"),
    _window("previous_area", "P&revious area", "Shift+F6", tip="Move the focus to the previous area"),
    _window("undo", "&Undo", "Ctrl+Z", tip="Take the last step back"),
    _window("redo", "&Redo", "Ctrl+Shift+Z", "Ctrl+Y", tip="Do it again"),
    _image("previous_slice", "&Previous slice", "Up", "Left"),
    _image("next_slice", "&Next slice", "Down", "Right"),
    _image("back_ten", "10 slices back", "Shift+Up", "Shift+Left"),
    _image("forward_ten", "10 slices on", "Shift+Down", "Shift+Right"),
    _image("first_slice", "&First slice", "Home"),
    _image("last_slice", "&Last slice", "End"),
    _window("go_to_slice", "&Go to slice...", "Ctrl+G"),
    _image("previous_series", "Previous &series", "PgUp"),
    _image("next_series", "Next s&eries", "PgDown"),
    _window("previous_volume", "Previous time point, echo or b-value", "Ctrl+Left"),
    _window("next_volume", "Next time point, echo or b-value", "Ctrl+Right"),
    _image(
        "tool_window",
        "&Window / level",
        "W",
        tip="Drag changes the grey window",
        checkable=True,
        group="tool",
    ),
    _image("tool_pan", "&Pan", "T", tip="Drag moves the picture", checkable=True, group="tool"),
    _image("tool_zoom", "&Zoom", "Z", tip="Drag zooms", checkable=True, group="tool"),
    _image("tool_scroll", "&Scroll", "S", tip="Drag goes through the slices", checkable=True, group="tool"),
    _image("fit", "&Fit", "F", tip="The whole slice in the pane"),
    _image("zoom_in", "Zoom &in", "=", "+"),
    _image("zoom_out", "Zoom &out", "-"),
    _window("original_pixels", "1:1 ori&ginal", "Ctrl+1", tip="One screen pixel per original pixel"),
    _window("enhanced_pixels", "1:1 en&hanced", "Ctrl+2", tip="One screen pixel per enhanced pixel"),
    _image("flip_h", "Flip left-right", "H", tip="Mirror left and right; the letters follow"),
    _image("flip_v", "Flip up-down", "V", tip="Mirror up and down; the letters follow"),
    _image("invert", "&Invert", "I", tip="Swap black and white", checkable=True),
    _image("window_0", "&Automatic", "0", tip="Automatic grey window"),
    _image("window_1", "DICOM window &1", "1"),
    _image("window_2", "DICOM window &2", "2"),
    _image("window_3", "Full &range", "3"),
    _image("window_4", "&Soft (1.5 times as wide)", "4"),
    _image("window_5", "&Hard (0.6 times as wide)", "5"),
    _image("window_6", "&White and grey matter", "6"),
    _image("window_7", "&Dark lesions", "7"),
    _image("window_8", "&Bright lesions", "8"),
    _image("window_9", "&Own window", "9"),
    _window("save_own_window", "Keep as own window", tip="Key 9 brings this grey window back, in any series"),
    _image("reset", "&Reset view", "R", tip="Undo zoom, pan and flips"),
    _image("reset_all", "Reset view and window", "Shift+R", tip="Undo zoom, pan, flips and grey window"),
    _window(
        "show_original",
        "Show the &original",
        tip="The original in the enhanced pane (hold Space)",
        checkable=True,
    ),
    _image(
        "show_truth", "Show the &truth", "O", tip="Test mode: the true slice in the left pane", checkable=True
    ),
    _window(
        "test_mode",
        "&Test mode",
        "Ctrl+T",
        tip="Degrade the slice and see what the network makes of it",
        checkable=True,
    ),
    _window("new_noise", "&New noise", tip="Another seed for the noise"),
    _image("metrics", "&Metrics", "M", tip="Open the metrics section"),
    _image("enhance_slice", "Enhance this &slice now", "Return", "Enter", tip="Compute this slice now"),
    _window(
        "enhance_series",
        "Enhance whole &series",
        "Ctrl+Return",
        "Ctrl+Enter",
        tip="Compute every slice of the series",
    ),
    _window("network", "&Network on", tip="Run the network on what is in view", checkable=True),
    _window(
        "fast_preview", "&Fast preview first", tip="A fast network first, then the full one", checkable=True
    ),
    _image("previous_model", "&Previous model", "[", ","),
    _image("next_model", "&Next model", "]", "."),
    _image("scale", "Scale x2 / x&4", "G", tip="Change between two and four times"),
    _image("stop", "Stop the preview", "Esc", tip="Stop what is being computed for this slice"),
    _window("keys", "&Keys and mouse", "F1", tip="All keys, with search"),
    _window("tour", "Short &tour", tip="Five hints beside the controls"),
    _window("research_notice", "&Research notice", tip="What this program is for, and what not"),
    _window("open_log", "Open the &log folder", tip="Logs hold no patient data"),
    _window("about", "&About BrainSR Desktop", tip="Version, notices and licences"),
)
BY_ID: Final[Mapping[str, ActionSpec]] = {spec.id: spec for spec in SPECS}

SEPARATOR: Final = "-"
MENUS: Final[Mapping[str, tuple[str, ...]]] = {
    "&File": ("open_folder", "open_files", ">Recent", "open_sample", "close_all", SEPARATOR, "export", "save_picture",
              "copy_picture", SEPARATOR, "settings", SEPARATOR, "quit"),
    "&View": ("browser", "panel", "full_screen", ">Theme", SEPARATOR, "fit", "zoom_in", "zoom_out", "original_pixels",
              "enhanced_pixels", SEPARATOR, "overlays", "masks", "hide_patient", SEPARATOR, "next_area",
              "previous_area"),
    "&Image": ("undo", "redo", SEPARATOR, ">Go", ">Mouse tool", ">Grey window", SEPARATOR, "invert", "flip_h", "flip_v",
               SEPARATOR, "reset", "reset_all"),
    "&Compare": ("show_original", "show_truth"),
    "&Tools": ("test_mode", "new_noise", "metrics"),
    "&Enhance": ("enhance_slice", "enhance_series", "stop", SEPARATOR, "network", "fast_preview", SEPARATOR,
                 "previous_model", "next_model", "scale"),
    "&Help": ("keys", "tour", "research_notice", "open_log", SEPARATOR, "about"),
}  # fmt: skip
SUBMENUS: Final[Mapping[str, tuple[str, ...]]] = {
    ">Theme": ("theme_system", "theme_light", "theme_dark", "theme_contrast"),
    ">Go": ("previous_slice", "next_slice", "back_ten", "forward_ten", "first_slice", "last_slice", "go_to_slice",
            SEPARATOR, "previous_series", "next_series", SEPARATOR, "previous_volume", "next_volume"),
    ">Mouse tool": ("tool_window", "tool_pan", "tool_zoom", "tool_scroll"),
    ">Grey window": (*(f"window_{key}" for key in range(10)), SEPARATOR, "save_own_window"),
}  # fmt: skip
TOOL_BAR: Final = ("open_folder", SEPARATOR, "tool_window", "tool_pan", "tool_zoom", "tool_scroll", SEPARATOR, "reset",
                   SEPARATOR, "test_mode", "show_original", SEPARATOR, "enhance_series", "export")  # fmt: skip

UserKeys = Iterable[tuple[str, tuple[str, ...]]]


class Actions(Mapping[str, QAction]):
    """The QActions by id, with the user's keys. ``window`` takes those of the window, ``images`` those of the panes."""

    def __init__(self, window: QWidget, images: Iterable[QWidget], user_keys: UserKeys = ()) -> None:
        self._actions: dict[str, QAction] = {}
        groups: dict[str, QActionGroup] = {}
        images = tuple(images)
        for spec in SPECS:
            action = self._actions[spec.id] = QAction(spec.text, window)
            action.setObjectName(spec.id)
            action.setCheckable(spec.checkable)
            if spec.group:
                groups.setdefault(spec.group, QActionGroup(window)).addAction(action)
            if spec.scope == "image":
                action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
                for widget in images:
                    widget.addAction(action)
            else:
                window.addAction(action)
        self.set_keys(user_keys)

    def __getitem__(self, key: str) -> QAction:
        return self._actions[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._actions)

    def __len__(self) -> int:
        return len(self._actions)

    def set_keys(self, user_keys: UserKeys) -> None:
        """Give every command its default keys, or the user's where they are set and belong to no other command."""
        for name, keys in effective_keys(user_keys).items():
            action = self._actions[name]
            action.setShortcuts([QKeySequence(key) for key in keys])
            tip = BY_ID[name].tip or BY_ID[name].name
            action.setToolTip(f"{tip} ({shown_keys(keys[:1])})" if keys else tip)
            action.setStatusTip(tip)


def effective_keys(user_keys: UserKeys) -> dict[str, tuple[str, ...]]:
    """Keys of each command. A user's key that is not a key, or that another command has, is left out."""
    chosen = {name: tuple(normal_key(key) for key in keys) for name, keys in user_keys if name in BY_ID}
    found = {spec.id: tuple(normal_key(key) for key in spec.keys) for spec in SPECS if spec.id not in chosen}
    taken = {key for keys in found.values() for key in keys}
    for name, keys in chosen.items():
        free = tuple(key for key in keys if key and key not in taken)
        taken.update(free)
        found[name] = free
    return {spec.id: found[spec.id] for spec in SPECS}


def normal_key(text: str) -> str:
    """One spelling for each key, empty for what is no key."""
    return QKeySequence(text).toString(QKeySequence.SequenceFormat.PortableText)


def shown_keys(keys: Iterable[str]) -> str:
    """Keys as this system writes them."""
    native = QKeySequence.SequenceFormat.NativeText
    return ", ".join(QKeySequence(key).toString(native) for key in keys)


def owner_of(key: str, keys: Mapping[str, tuple[str, ...]], besides: str) -> str:
    """The command (its name) that already has a key; empty when it is free."""
    return next((BY_ID[name].name for name, taken in keys.items() if name != besides and key in taken), "")
