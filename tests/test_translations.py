"""Every language is complete, says the same things, and its compiled file is current."""

from __future__ import annotations

import importlib
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
from babel.messages.catalog import Catalog, Message

from brainsr_desktop import language, paths
from brainsr_desktop.app.command_table import SPECS
from brainsr_desktop.app.menu_table import MENUS, SUBMENUS
from brainsr_desktop.language import tr

LANGUAGES = [code for code in language.LANGUAGES if code != "en"]


@pytest.fixture(scope="module")
def translations(project: Path) -> Iterator[Any]:
    """The script that takes the texts into the files."""
    sys.path.insert(0, str(project / "packaging"))
    yield importlib.import_module("translations")
    sys.path.remove(str(project / "packaging"))


def _file(code: str) -> Path:
    return paths.resources_dir() / "translations" / code / "LC_MESSAGES" / "brainsr.po"


def _pairs(catalog: Catalog) -> Iterator[tuple[str, str]]:
    for message in catalog:
        if message.id:
            yield from _pairs_of(message)


def _pairs_of(message: Message) -> Iterator[tuple[str, str]]:
    if isinstance(message.id, tuple):
        yield from ((message.id[-1], text) for text in message.string or ())
    else:
        yield str(message.id), str(message.string)


def _places(text: str) -> Counter[tuple[str, str, str]]:
    found = (entry[1:] for entry in Formatter().parse(text) if entry[1] is not None)
    return Counter((name or "", form or "", conversion or "") for name, form, conversion in found)


@pytest.mark.parametrize("code", LANGUAGES)
def test_that_a_language_is_complete_and_current(code: str, translations: Any) -> None:
    before = _file(code).read_bytes()
    catalog = translations.updated(translations.read(_file(code)), translations.texts())
    assert translations.missing(catalog) == [], "run make translations"
    assert {m.id for m in catalog} == {m.id for m in translations.read(_file(code))}
    assert translations.compiled(catalog) == _file(code).with_suffix(".mo").read_bytes(), (
        "run make translations"
    )
    assert _file(code).read_bytes() == before


@pytest.mark.parametrize("code", LANGUAGES)
def test_that_a_translation_keeps_places_shortcut_and_edges(code: str, translations: Any) -> None:
    for text, translated in _pairs(translations.read(_file(code))):
        # One thing may be named by a word instead of its number.
        assert _places(translated) <= _places(text), text
        assert _places(text).keys() - _places(translated).keys() <= {("count", "", "")}, text
        assert text.count("&") == translated.count("&"), text
        assert (text[:1] == " ", text[-1:] == " ", text.endswith("...")) == (
            translated[:1] == " ",
            translated[-1:] == " ",
            translated.endswith("..."),
        ), text


@pytest.mark.parametrize("code", ["en", *LANGUAGES])
def test_that_no_two_entries_of_a_menu_have_one_letter(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(language.VARIABLE, code)
    language.use(code)
    try:
        texts = {spec.id: tr(spec.text) for spec in SPECS}
        menus: Mapping[str, tuple[str, ...]] = {**MENUS, **SUBMENUS}
        for name, entries in {**menus, "menu bar": tuple(MENUS)}.items():
            shown = [texts.get(entry, tr(entry)) for entry in entries if not entry.startswith((">", "-"))]
            letters = [found[1].lower() for text in shown if (found := re.search(r"&(\w)", text))]
            assert len(letters) == len(set(letters)), (name, shown)
    finally:
        language.use("en")
