"""Say under which licence everything comes that ships with the program; fail if one of them binds it to the GPL.

Reads the metadata of what is installed, no network is needed. A package that offers a choice of licences is
taken under the one that does not bind.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from importlib import metadata
from typing import Final

PROGRAM: Final = "brainsr-desktop"
SHIPS_WITHOUT: Final = {"openvino-telemetry", "hf-xet"}
"""Asked for by what ships, and left out."""
BINDING: Final = re.compile(
    r"\bA?GPL|GNU (Affero )?General Public|SSPL|Commons Clause|CC-BY-NC|non-?commercial", re.IGNORECASE
)
FREE: Final = re.compile(
    r"LGPL|Lesser General|MIT|BSD|Apache|ISC|Zlib|PSF|Python Software|MPL|Mozilla|Unlicense|CC0|HPND|BSL-1\.0"
    r"|Public Domain|0BSD",
    re.IGNORECASE,
)
NAMED_HERE: Final = {
    "nvidia": "NVIDIA's own terms, which allow redistribution of these libraries with a program",
    "cuda": "NVIDIA's own terms, which allow redistribution of these libraries with a program",
    "triton": "MIT",
}
"""Packages by the beginning of their names whose metadata do not say it, or only "proprietary"; torch brings them along
on Linux."""


@dataclass(frozen=True, slots=True)
class Part:
    """A package that ships, and what it says of its licence."""

    name: str
    version: str
    licence: str

    @property
    def binds(self) -> bool:
        """Whether every licence it offers binds the whole program."""
        choices = re.split(r"\bOR\b", self.licence)
        return all(BINDING.search(choice) for choice in choices)

    @property
    def known(self) -> bool:
        """Whether its licence is one that this program may be shipped with."""
        return bool(FREE.search(self.licence)) or self.name.startswith(tuple(NAMED_HERE))


def parts() -> list[Part]:
    """Everything that the program needs to run, as far as it is installed."""
    found: dict[str, Part] = {}
    waiting = [PROGRAM]
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in found or name in SHIPS_WITHOUT:
            continue
        try:
            package = metadata.distribution(name)
        except metadata.PackageNotFoundError:  # for another system or version of Python
            continue
        found[name] = Part(name, package.version, licence_of(name, package))
        waiting += [
            re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0]
            for line in package.requires or ()
            if "extra ==" not in line
        ]
    return sorted(found.values(), key=lambda part: part.name)


def licence_of(name: str, package: metadata.Distribution) -> str:
    """What the metadata say, the most exact first."""
    facts = package.metadata.json
    classes = [
        line.rpartition("::")[2].strip()
        for line in facts.get("classifier", ())
        if line.startswith("License ::")
    ]
    words = (
        facts.get("license_expression"),
        ", ".join(classes),
        str(facts.get("license", "")).partition("\n")[0][:80],
    )
    said = next((str(word) for word in words if word), "")
    return said or next((words for start, words in NAMED_HERE.items() if name.startswith(start)), "")


def main() -> int:
    """Print the list; 1 if something must not ship."""
    found = parts()
    for part in found:
        print(f"{part.name} {part.version}: {part.licence or 'says nothing'}")
    bad = [part for part in found if part.binds or not part.known]
    for part in bad:
        print(f"{part.name} may not ship under {part.licence or 'no licence'}", file=sys.stderr)
    return 1 if bad or not found else 0


if __name__ == "__main__":
    sys.exit(main())
