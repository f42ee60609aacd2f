"""The sheet of keys and mouse, made from the tables of commands and of the mouse: rows, a printed page, the manual."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from brainsr_desktop.app.actions import effective_keys, shown_keys
from brainsr_desktop.app.command_table import BY_ID, plain
from brainsr_desktop.app.menu_table import MENUS, SEPARATOR, SUBMENUS
from brainsr_desktop.app.mouse_table import FIXED_KEYS, MOUSE
from brainsr_desktop.language import tr

Keys = Mapping[str, tuple[str, ...]]
MANUAL: Final = "docs/keys.md"
"""Where `manual` is kept, below the root of the project."""


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One line of the sheet: where it belongs, what the hand does, what comes of it."""

    group: str
    input: str
    does: str


def rows(keys: Keys) -> tuple[SheetRow, ...]:
    """Everything that has a key, in the order of the menus, then the keys that stay, then the mouse."""
    found = [
        SheetRow(plain(tr(title)), shown_keys(keys[name]), BY_ID[name].name)
        for title, name in _commands()
        if keys[name]
    ]
    found += [SheetRow(tr("Images"), shown_keys([fixed.key]), fixed.told) for fixed in FIXED_KEYS]
    found += [SheetRow(tr("Mouse"), spec.hand, spec.told) for spec in MOUSE]
    return tuple(found)


def printed(keys: Keys) -> str:
    """The sheet as a page of HTML for a printer."""
    parts = [f"<h2>{html.escape(tr('BrainSR Desktop: keys and mouse'))}</h2><table cellpadding='3'>"]
    group = ""
    for row in rows(keys):
        if row.group != group:
            group = row.group
            parts.append(f"<tr><td colspan='2'><b>{html.escape(group)}</b></td></tr>")
        parts.append(f"<tr><td>{html.escape(row.input)}</td><td>{html.escape(row.does)}</td></tr>")
    return "".join([*parts, "</table>"])


def manual() -> str:
    """``docs/keys.md``: the default keys, portable names, English."""
    keys = effective_keys(())
    lines = [
        "# Keys and mouse",
        "",
        "Made by `python packaging/make_keys.py` from the tables in `app/command_table.py` and `app/mouse_table.py`.",
        "Every key of a command can be changed in Settings, Keys; F1 or ? shows the sheet of the present ones.",
        "Letters, digits, arrows, Space and Enter act on the images while a pane or the slice slider has the focus;",
        "function keys and keys with Ctrl act everywhere. A Mac uses Command for Ctrl.",
    ]
    group = ""
    for title, name in _commands():
        if plain(title) != group:
            group = plain(title)
            lines += ["", f"## {group}", "", "| Key | Command | What it does |", "|---|---|---|"]
        spec = BY_ID[name]
        words, tip = plain(spec.text), spec.tip
        lines.append(f"| {_cells(keys[name])} | {words} | {tip or words} |")
    lines += ["", "## Keys that stay", "", "| Key | What it does |", "|---|---|"]
    lines += [f"| {_cells((fixed.key,))} | {fixed.does} |" for fixed in FIXED_KEYS]
    lines += ["", "## Mouse, over both panes", "", "| Input | What it does |", "|---|---|"]
    lines += [f"| {spec.input} | {spec.does} |" for spec in MOUSE]
    return "\n".join(lines) + "\n"


def _cells(keys: tuple[str, ...]) -> str:
    return ", ".join(f"`{key}`" for key in keys)


def _commands() -> Iterator[tuple[str, str]]:
    """Title of the menu and id of every command, in the order of the menus."""
    for title, entries in MENUS.items():
        for name in _flat(entries):
            yield title, name


def _flat(entries: tuple[str, ...]) -> Iterator[str]:
    for entry in entries:
        if entry in SUBMENUS:
            yield from _flat(SUBMENUS[entry])
        elif entry in BY_ID and entry != SEPARATOR:
            yield entry
