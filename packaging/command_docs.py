"""Man pages and shell completions of both programs, made from their argument parsers.

command_docs.py OUT     writes OUT/man1, OUT/bash, OUT/zsh and OUT/fish
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import shtab
from argparse_manpage.manpage import Manpage

from brainsr_desktop import __version__
from brainsr_desktop.__main__ import EXAMPLE
from brainsr_desktop.__main__ import parser as window_parser
from brainsr_desktop.cli.main import COMMANDS, EPILOG, build_parser

FILES: Final = {"PATH", "FILE", "FILE.npz", "FILE.json", "CONFIG.toml"}
FOLDERS: Final = {"OUT", "DIR", "FOLDER"}
PLACES: Final = {"bash": "{}", "zsh": "_{}", "fish": "{}.fish"}
"""Name of a program's completion in each shell's folder."""


def man_pages() -> dict[str, str]:
    """The pages in roff, by file name; their date is that of SOURCE_DATE_EPOCH if it is set."""
    return {"brainsr.1": _command_page(), "brainsr-desktop.1": _window_page()}


def completions() -> dict[str, str]:
    """Scripts for bash, zsh and fish, by path below a folder."""
    found = {}
    for parser in (build_parser(), window_parser()):
        _mark_paths(parser)
        for shell, place in PLACES.items():
            found[f"{shell}/{place.format(parser.prog)}"] = shtab.complete(parser, shell)
    return found


def _command_page() -> str:
    parser = build_parser()
    page = _page(parser, "brain MR super-resolution without a window", "single-commands-section")
    examples = "\n".join(_escaped(command.EXAMPLE) for command in COMMANDS.values())
    page.add_section("EXAMPLES", ">", f".nf\n{examples}\n.fi")
    statuses = [line.strip().partition(" ") for line in EPILOG.splitlines()[1:] if line.strip()]
    page.add_section(
        "EXIT STATUS", ">", "\n".join(f".TP\n.B {n}\n{_escaped(said.strip())}" for n, _, said in statuses)
    )
    page.add_section("SEE ALSO", ">", r".BR brainsr\-desktop (1)")
    return str(page)


def _window_page() -> str:
    page = _page(window_parser(), "original and enhanced brain MR pictures side by side", "pretty")
    page.add_section("EXAMPLE", ">", f".nf\n{_escaped(EXAMPLE.removeprefix('example: '))}\n.fi")
    page.add_section("SEE ALSO", ">", ".BR brainsr (1)")
    return str(page)


def _page(parser: argparse.ArgumentParser, description: str, form: str) -> Manpage:
    parser.epilog = None
    facts = {"project_name": "BrainSR Desktop", "version": __version__, "manual_title": "User Commands"}
    page = Manpage(parser, facts, format=form)
    page.description = description
    return page


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("-", r"\-")


def _mark_paths(parser: argparse.ArgumentParser) -> None:
    for action in _actions(parser):
        if action.metavar in FILES:
            action.complete = shtab.FILE  # type: ignore[attr-defined]  # where shtab looks for it
        elif action.metavar in FOLDERS:
            action.complete = shtab.DIRECTORY  # type: ignore[attr-defined]


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    for action in parser._actions:  # argparse offers no other way to its options
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for sub in set(action.choices.values()):
                yield from _actions(sub)


def main(out: Path) -> None:
    """Write everything below a folder."""
    texts = {**{f"man1/{name}": text for name, text in man_pages().items()}, **completions()}
    for name, text in texts.items():
        place = out / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
