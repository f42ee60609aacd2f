"""Texts in the user's language."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

from brainsr_desktop import language
from brainsr_desktop.language import tr, trn


@pytest.fixture(autouse=True)
def _english_again(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv(language.VARIABLE, "en")
    yield
    language.use("en")


def test_that_values_take_their_places() -> None:
    assert tr("{count} files in {folder}", count=3, folder="{x}") == "3 files in {x}"
    assert tr("100 % {as it is}") == "100 % {as it is}"
    assert tr("") == ""


def test_that_one_and_many_differ() -> None:
    assert [trn("{count} slice", "{count} slices", n) for n in (0, 1, 2)] == [
        "0 slices",
        "1 slice",
        "2 slices",
    ]


def test_that_an_unknown_language_is_english() -> None:
    language.use("xx")
    assert tr("Settings") == "Settings"


def test_that_children_are_told() -> None:
    language.use("de")
    language.use("en")
    language.use_parents()
    assert tr("Settings") == "Settings"


@pytest.mark.parametrize(
    ("said", "code"), [("de_DE", "de"), ("en_GB", "en"), ("German_Germany", "de"), ("fr_FR", "en")]
)
def test_that_the_system_is_asked(said: str, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("locale.getlocale", lambda: (said, "UTF-8"))
    assert language.of_system() == code


def _texts(call: ast.Call) -> list[str]:
    return [arg.value for arg in call.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]


def _calls(project: Path) -> Iterator[tuple[str, ast.Call]]:
    for path in sorted((project / "brainsr_desktop").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in ("tr", "trn")
            ):
                yield f"{path.relative_to(project)}:{node.lineno}", node


def _places(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def _given(call: ast.Call) -> set[str | None]:
    return {"count", *(keyword.arg for keyword in call.keywords)}


def test_that_every_text_gets_the_values_it_names(project: Path) -> None:
    wrong = [
        f"{place}: {text}"
        for place, call in _calls(project)
        for text in _texts(call)
        if call.keywords and not _places(text) <= _given(call)
    ]
    assert not wrong
