"""The language of what the user reads: English in the code, translations in ``resources/translations``.

Texts are written as ``tr("{count} files in {folder}", count=3, folder=name)``: never as an f-string, which no
translator sees. A text that is kept in a table is wrapped in ``mark`` there and in ``tr`` where it is shown.
Commands speak English; the window passes its language on to its children through the environment.
"""

from __future__ import annotations

import gettext
import locale
import os
from typing import Final

from brainsr_desktop import paths

DOMAIN: Final = "brainsr"
VARIABLE: Final = "BRAINSR_LANGUAGE"
LANGUAGES: Final = {"en": "English", "de": "Deutsch"}
"""Code and own name of every language there is."""

_current: gettext.NullTranslations = gettext.NullTranslations()
_code = "en"


def use(code: str) -> None:
    """Speak a language from now on, in this process and in children it starts; an unknown one is English."""
    global _current, _code  # noqa: PLW0603 - one language for the whole process
    _code = code = code if code in LANGUAGES else "en"
    os.environ[VARIABLE] = code
    _current = gettext.translation(
        DOMAIN, paths.resources_dir() / "translations", [code], fallback=code == "en"
    )


def current() -> str:
    """Code of the language that this process speaks."""
    return _code


def use_parents() -> None:
    """Speak the language of the process that started this one."""
    use(os.environ.get(VARIABLE, "en"))


def of_system() -> str:
    """Code of the language the user's system speaks, as far as there is a translation; else "en"."""
    code = (locale.getlocale()[0] or os.environ.get("LANG", "")).lower()[:2]
    # Windows names languages in full.
    return {"ge": "de"}.get(code, code if code in LANGUAGES else "en")


def mark(text: str) -> str:
    """Mark a text of a table for translation; ``tr`` translates it where it is shown."""
    return text


def tr(text: str, /, **values: object) -> str:
    """Translate a text; ``{name}`` in it are replaced by ``values``."""
    found = _current.gettext(text) if text else ""
    return found.format(**values) if values else found


def trn(one: str, many: str, count: int, /, **values: object) -> str:
    """Translate a text that depends on a number, which ``{count}`` shows."""
    return _current.ngettext(one, many, count).format(count=count, **values)
