"""Takes the texts of the program into resources/translations and compiles them: ``make translations``.

Says what is not translated yet. New texts are added empty; texts that are gone are dropped.
"""

from __future__ import annotations

import io
import sys
import tomllib
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "resources" / "translations"
KEYWORDS = {"tr": None, "trn": (1, 2), "mark": None}
CARD_TEXTS = ("title", "description", "limits")
WIDTH = 110


def texts() -> Catalog:
    """Every text of the program that can be translated, those of the shipped models' cards as well."""
    catalog = Catalog()
    found = extract_from_dir(ROOT / "brainsr_desktop", [("**.py", "python")], keywords=KEYWORDS)
    for _file, _line, text, _comments, _context in found:
        catalog.add(text)
    for path in sorted((ROOT / "models").glob("*/card.toml")):
        card = tomllib.loads(path.read_text(encoding="utf-8"))
        for text in (*(card[name] for name in CARD_TEXTS), card["data"]["statement"]):
            catalog.add(text)
    return catalog


def read(path: Path) -> Catalog:
    """A language's texts."""
    with path.open("rb") as file:
        return read_po(file, locale=path.parent.parent.name)


def updated(catalog: Catalog, template: Catalog) -> Catalog:
    """The same language with exactly the texts of the program."""
    catalog.update(template, no_fuzzy_matching=True, update_creation_date=False)
    catalog.obsolete.clear()
    catalog.last_translator = catalog.language_team = "BrainSR Desktop"
    catalog.msgid_bugs_address = ""
    for message in catalog:
        # Our texts have {places}: a percent sign in them is one, not C's.
        message.flags.discard("python-format")
    return catalog


def compiled(catalog: Catalog) -> bytes:
    """The file that the program reads."""
    stream = io.BytesIO()
    write_mo(stream, catalog)
    return stream.getvalue()


def missing(catalog: Catalog) -> list[str]:
    """Texts without a translation."""
    return [
        str(message.id)
        for message in catalog
        if message.id and not (all(message.string) if isinstance(message.string, tuple) else message.string)
    ]


def main() -> int:
    template = texts()
    for path in sorted(FOLDER.glob("*/LC_MESSAGES/brainsr.po")):
        catalog = updated(read(path), template)
        with path.open("wb") as file:
            write_po(file, catalog, width=WIDTH, sort_output=True)
        path.with_suffix(".mo").write_bytes(compiled(catalog))
        absent = missing(catalog)
        print(f"{path.parent.parent.name}: {len(catalog)} texts, {len(absent)} not translated")
        print(*absent, sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
