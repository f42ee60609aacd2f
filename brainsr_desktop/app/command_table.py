"""Every command of the window in one table: its words, its keys, where it is valid.

Letter keys, Space and arrows act only while a pane or the slice slider has the focus (``scope`` "image"); keys with
Ctrl and function keys act everywhere in the window. What a command does is connected by the window.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from brainsr_desktop.language import mark, tr

Scope = Literal["window", "image"]


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """One command. ``text`` has a mnemonic (&), ``tip`` says what it does, ``group`` makes it one of several.

    Both are English words wrapped in ``mark``; ``words``, ``name`` and ``told`` are what the user reads.
    """

    id: str
    text: str
    keys: tuple[str, ...] = ()
    tip: str = ""
    scope: Scope = "window"
    checkable: bool = False
    group: str = ""

    @property
    def words(self) -> str:
        """The entry of the menu, in the user's language, with its mnemonic."""
        return tr(self.text)

    @property
    def name(self) -> str:
        """The words without mnemonic and dots: accessible name and entry of the key list."""
        return plain(self.words)

    @property
    def told(self) -> str:
        """What it does, in the user's language: tool tip and status line."""
        return tr(self.tip) if self.tip else self.name


def _image(
    name: str, text: str, *keys: str, tip: str = "", checkable: bool = False, group: str = ""
) -> ActionSpec:
    return ActionSpec(name, text, keys, tip, "image", checkable, group)


def _window(
    name: str, text: str, *keys: str, tip: str = "", checkable: bool = False, group: str = ""
) -> ActionSpec:
    return ActionSpec(name, text, keys, tip, "window", checkable, group)


SPECS: Final[tuple[ActionSpec, ...]] = (
    _window("open_folder", mark("&Open folder..."), "Ctrl+O", tip=mark("Open a folder of MR images")),
    _window(
        "open_files",
        mark("Open &files..."),
        "Ctrl+Shift+O",
        tip=mark("Open single files (pictures, NIfTI, .mat, .npy ...), a DICOMDIR or a ZIP archive"),
    ),
    _window(
        "open_sample", mark("Try the sa&mple study"), tip=mark("Open the head that comes with the program")
    ),
    _window("close_all", mark("&Close all"), "Ctrl+W", tip=mark("Close everything that is open")),
    _window("export", mark("&Export..."), "Ctrl+E", tip=mark("Write enhanced slices to files")),
    _window("save_picture", mark("&Save picture..."), "Ctrl+S", tip=mark("Save both panes as they are seen")),
    _window("copy_picture", mark("Cop&y picture"), "Ctrl+C", tip=mark("Copy both panes as they are seen")),
    _window("settings", mark("Se&ttings..."), "Ctrl+,", tip=mark("Settings")),
    _window("quit", mark("&Quit"), "Ctrl+Q", tip=mark("Close the window")),
    _window(
        "browser", mark("Series &browser"), "F9", tip=mark("Show or hide the series browser"), checkable=True
    ),
    _window("panel", mark("Side &panel"), "F10", tip=mark("Show or hide the side panel"), checkable=True),
    _window(
        "full_screen",
        mark("&Full screen"),
        "F11",
        tip=mark("Panes only, on the whole screen"),
        checkable=True,
    ),
    _image("overlays", mark("O&verlays"), "X", tip=mark("Text on the images: all, few, none")),
    _image(
        "masks",
        mark("Tumour &mask"),
        "U",
        tip=mark("Outline of the mask that the file brings"),
        checkable=True,
    ),
    _window(
        "hide_patient",
        mark("&Hide patient data"),
        "Ctrl+Shift+H",
        tip=mark("Show no patient data"),
        checkable=True,
    ),
    _window(
        "theme_system", mark("&System"), tip=mark("Follow the system's theme"), checkable=True, group="theme"
    ),
    _window("theme_light", mark("&Light"), tip=mark("Light theme"), checkable=True, group="theme"),
    _window("theme_dark", mark("&Dark"), tip=mark("Dark theme"), checkable=True, group="theme"),
    _window(
        "theme_contrast",
        mark("&High contrast"),
        tip=mark("High contrast theme"),
        checkable=True,
        group="theme",
    ),
    _window("next_area", mark("&Next area"), "F6", tip=mark("Move the focus to the next area of the window")),
    _window(
        "previous_area", mark("P&revious area"), "Shift+F6", tip=mark("Move the focus to the previous area")
    ),
    _window("undo", mark("&Undo"), "Ctrl+Z", tip=mark("Take the last step back")),
    _window("redo", mark("&Redo"), "Ctrl+Shift+Z", "Ctrl+Y", tip=mark("Do it again")),
    _image("previous_slice", mark("&Previous slice"), "Up", "Left"),
    _image("next_slice", mark("&Next slice"), "Down", "Right"),
    _image("back_ten", mark("10 slices back"), "Shift+Up", "Shift+Left"),
    _image("forward_ten", mark("10 slices on"), "Shift+Down", "Shift+Right"),
    _image("first_slice", mark("&First slice"), "Home"),
    _image("last_slice", mark("&Last slice"), "End"),
    _window("go_to_slice", mark("&Go to slice..."), "Ctrl+G"),
    _image(
        "mark_slice",
        mark("&Mark this slice"),
        "K",
        tip=mark("Mark the slice in view, or unmark it"),
        checkable=True,
    ),
    _image("cine", mark("&Cine"), "C", tip=mark("Play the slices"), checkable=True),
    _window(
        "reverse_order",
        mark("Reverse or&der"),
        tip=mark("Go through the slices from the last to the first"),
        checkable=True,
    ),
    _image("previous_series", mark("Previous &series"), "PgUp"),
    _image("next_series", mark("Next s&eries"), "PgDown"),
    _window("previous_volume", mark("Previous time point, echo or b-value"), "Ctrl+Left"),
    _window("next_volume", mark("Next time point, echo or b-value"), "Ctrl+Right"),
    _image(
        "tool_window",
        mark("&Window / level"),
        "W",
        tip=mark("Drag changes the grey window"),
        checkable=True,
        group="tool",
    ),
    _image("tool_pan", mark("&Pan"), "T", tip=mark("Drag moves the picture"), checkable=True, group="tool"),
    _image("tool_zoom", mark("&Zoom"), "Z", tip=mark("Drag zooms"), checkable=True, group="tool"),
    _image(
        "tool_scroll",
        mark("&Scroll"),
        "S",
        tip=mark("Drag goes through the slices"),
        checkable=True,
        group="tool",
    ),
    _image(
        "tool_distance",
        mark("&Distance"),
        "D",
        tip=mark("Drag measures a distance"),
        checkable=True,
        group="tool",
    ),
    _image(
        "tool_profile",
        mark("&Line profile"),
        "L",
        tip=mark("Drag draws a line; its values are plotted for both panes"),
        checkable=True,
        group="tool",
    ),
    _image(
        "tool_ellipse",
        mark("&Ellipse"),
        "E",
        tip=mark("Drag draws an ellipse: area and values inside"),
        checkable=True,
        group="tool",
    ),
    _image(
        "tool_rectangle",
        mark("&Rectangle"),
        "Shift+E",
        tip=mark("Drag draws a rectangle: area and values inside"),
        checkable=True,
        group="tool",
    ),
    _image(
        "place_measurement", mark("&Place in the middle"), tip=mark("A new measurement, without the mouse")
    ),
    _image("next_handle", mark("&Next handle"), "J", tip=mark("The handle that the arrow keys move")),
    _image("previous_handle", mark("Pre&vious handle"), "Shift+J", tip=mark("The handle before")),
    _image(
        "remove_measurement", mark("Re&move measurement"), "Del", tip=mark("Remove the selected measurement")
    ),
    _window(
        "clear_measurements", mark("Remove &all of this slice"), tip=mark("Remove what lies on this slice")
    ),
    _window("copy_measurements", mark("&Copy values"), tip=mark("Copy the table of this slice as text")),
    _window("export_measurements", mark("Save &table..."), tip=mark("Save the table of this slice as CSV")),
    _window("save_measurements", mark("&Save measurements..."), tip=mark("Save those of the whole series")),
    _window("load_measurements", mark("&Open measurements..."), tip=mark("Add saved ones to this series")),
    _image("fit", mark("Fi&t"), "F", tip=mark("The whole slice in the pane")),
    _image("zoom_in", mark("Zoom &in"), "=", "+"),
    _image("zoom_out", mark("&Zoom out"), "-"),
    _window(
        "original_pixels", mark("1:1 ori&ginal"), "Ctrl+1", tip=mark("One screen pixel per original pixel")
    ),
    _window(
        "enhanced_pixels", mark("1:1 enhan&ced"), "Ctrl+2", tip=mark("One screen pixel per enhanced pixel")
    ),
    _image("flip_h", mark("Flip left-right"), "H", tip=mark("Mirror left and right; the letters follow")),
    _image("flip_v", mark("Flip up-down"), "V", tip=mark("Mirror up and down; the letters follow")),
    _image("invert", mark("&Invert"), "I", tip=mark("Swap black and white"), checkable=True),
    _image("window_0", mark("&Automatic"), "0", tip=mark("Automatic grey window")),
    _image("window_1", mark("DICOM window &1"), "1"),
    _image("window_2", mark("DICOM window &2"), "2"),
    _image("window_3", mark("Full &range"), "3"),
    _image("window_4", mark("&Soft (1.5 times as wide)"), "4"),
    _image("window_5", mark("&Hard (0.6 times as wide)"), "5"),
    _image("window_6", mark("&White and grey matter"), "6"),
    _image("window_7", mark("&Dark lesions"), "7"),
    _image("window_8", mark("&Bright lesions"), "8"),
    _image("window_9", mark("&Own window"), "9"),
    _window(
        "save_own_window",
        mark("Keep as own window"),
        tip=mark("Key 9 brings this grey window back, in any series"),
    ),
    _window(
        "save_preset",
        mark("Save as &preset..."),
        tip=mark("Give this grey window a name and a key, for series of one kind"),
    ),
    _window(
        "window_per_slice",
        mark("Window of each s&lice"),
        tip=mark("An automatic grey window for each slice instead of one for the series"),
        checkable=True,
    ),
    _window("colours_grey", mark("&Grey"), tip=mark("Grey values"), checkable=True, group="colours"),
    _window("colours_cividis", mark("&Cividis"), tip=mark("Blue to yellow"), checkable=True, group="colours"),
    _window(
        "colours_viridis", mark("&Viridis"), tip=mark("Violet to yellow"), checkable=True, group="colours"
    ),
    _image("reset", mark("Reset &view"), "R", tip=mark("Undo zoom, pan and flips")),
    _image(
        "reset_all",
        mark("Reset view and window"),
        "Shift+R",
        tip=mark("Undo zoom, pan, flips and grey window"),
    ),
    _window(
        "mode_side",
        mark("&Side by side"),
        "Alt+1",
        tip=mark("Both pictures beside each other"),
        checkable=True,
        group="mode",
    ),
    _window(
        "mode_wipe",
        mark("&Wipe"),
        "Alt+2",
        tip=mark("One pane with a line to drag between both pictures; once more turns the line"),
        checkable=True,
        group="mode",
    ),
    _window(
        "mode_blink",
        mark("&Blink"),
        "Alt+3",
        tip=mark("Both pictures in one place, in turn"),
        checkable=True,
        group="mode",
    ),
    _window(
        "mode_difference",
        mark("&Difference"),
        "Alt+4",
        tip=mark("What the enhanced picture has more (orange) and less (blue) than the interpolated input"),
        checkable=True,
        group="mode",
    ),
    _window(
        "mode_board",
        mark("&Checkerboard"),
        "Alt+5",
        tip=mark("Both pictures in turn in the fields of a board"),
        checkable=True,
        group="mode",
    ),
    _window(
        "mode_single",
        mark("One &pane"),
        "Alt+6",
        tip=mark("The enhanced picture alone"),
        checkable=True,
        group="mode",
    ),
    _window(
        "mode_consistency",
        mark("Cons&istency"),
        "Alt+7",
        tip=mark("The enhanced picture reduced again, minus the input: does it keep what was measured?"),
        checkable=True,
        group="mode",
    ),
    _window(
        "mode_stability",
        mark("Stabilit&y"),
        "Alt+8",
        tip=mark("How far the network's answers to eight flips and turns differ; takes eight times as long"),
        checkable=True,
        group="mode",
    ),
    _window(
        "mode_agreement",
        mark("&Agreement"),
        "Alt+9",
        tip=mark("Test mode: where the detail is that of the reference"),
        checkable=True,
        group="mode",
    ),
    _image("blink", mark("Swap, or blink on and o&ff"), "B", tip=mark("Show the other picture in its place")),
    _image(
        "loupe",
        mark("&Loupe"),
        "Q",
        tip=mark("A round lens in both panes; hold the key and turn the wheel to enlarge more"),
        checkable=True,
    ),
    _image("line_left", mark("Wipe line to the left"), "Alt+Left"),
    _image("line_right", mark("Wipe line to the right"), "Alt+Right"),
    _image("line_up", mark("Wipe line up"), "Alt+Up"),
    _image("line_down", mark("Wipe line down"), "Alt+Down"),
    _image("line_far_left", mark("Wipe line far to the left"), "Alt+Shift+Left"),
    _image("line_far_right", mark("Wipe line far to the right"), "Alt+Shift+Right"),
    _image("line_far_up", mark("Wipe line far up"), "Alt+Shift+Up"),
    _image("line_far_down", mark("Wipe line far down"), "Alt+Shift+Down"),
    _image(
        "next_place",
        mark("&Next change"),
        "N",
        tip=mark("Go to the next place of greatest change on this slice"),
    ),
    _image(
        "previous_place",
        mark("Pre&vious change"),
        "Shift+N",
        tip=mark("Go to the previous place of greatest change on this slice"),
    ),
    _window(
        "show_original",
        mark("Show the &original"),
        tip=mark("The original in the enhanced pane (hold Space)"),
        checkable=True,
    ),
    _image(
        "show_truth",
        mark("Show the &truth"),
        "O",
        tip=mark("Test mode: the true slice in the left pane"),
        checkable=True,
    ),
    _window(
        "test_mode",
        mark("&Test mode"),
        "Ctrl+T",
        tip=mark("Degrade the slice and see what the network makes of it"),
        checkable=True,
    ),
    _window("new_noise", mark("&New noise"), tip=mark("Another seed for the noise")),
    _window(
        "sweep",
        mark("S&weep..."),
        tip=mark("Vary one or two controls of the test mode and see where each model falls behind"),
    ),
    _image("metrics", mark("&Metrics"), "M", tip=mark("Open the metrics section")),
    _image(
        "enhance_slice",
        mark("Enhance this &slice now"),
        "Return",
        "Enter",
        tip=mark("Compute this slice now"),
    ),
    _window(
        "enhance_series",
        mark("Enhance &whole series"),
        "Ctrl+Return",
        "Ctrl+Enter",
        tip=mark("Compute every slice of the series"),
    ),
    _window("network", mark("&Network on"), tip=mark("Run the network on what is in view"), checkable=True),
    _window(
        "fast_preview",
        mark("&Fast preview first"),
        tip=mark("A fast network first, then the full one"),
        checkable=True,
    ),
    _image("previous_model", mark("&Previous model"), "[", ","),
    _image("next_model", mark("N&ext model"), "]", "."),
    _image("scale", mark("Scale x2 / x&4"), "G", tip=mark("Change between two and four times")),
    _image("stop", mark("Stop the preview"), "Esc", tip=mark("Stop what is being computed for this slice")),
    _window("keys", mark("&Keys and mouse"), "F1", "?", tip=mark("All keys, with search")),
    _window(
        "manual",
        mark("&Manual"),
        "Shift+F1",
        tip=mark("How to use the program, with search; no network needed"),
    ),
    _window("tour", mark("Short &tour"), tip=mark("Five hints beside the controls")),
    _window("research_notice", mark("&Research notice"), tip=mark("What this program is for, and what not")),
    _window("open_log", mark("Open the &log folder"), tip=mark("Logs hold no patient data")),
    _window("about", mark("&About BrainSR Desktop"), tip=mark("Version, notices and licences")),
)
BY_ID: Final[Mapping[str, ActionSpec]] = {spec.id: spec for spec in SPECS}


def plain(text: str) -> str:
    """Words of a menu without mnemonic and dots."""
    return text.replace("&", "").removesuffix("...")
