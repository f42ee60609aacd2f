"""What a finished bundle is made of: every package, library and data set in it, with version, licence and texts."""

from __future__ import annotations

import json
import platform
import re
import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final, Literal

from component_tables import (
    LIBRARIES,
    OF_THEIR_WHEEL,
    PACKAGE_LICENCES,
    PACKAGE_TEXTS,
    SYSTEM_LICENCES,
    Library,
)
from license_expression import AND, OR, LicenseWithExceptionSymbol, get_spdx_licensing
from owners import OWN
from packaging.utils import canonicalize_name

from brainsr_desktop import __version__

ROOT: Final = Path(__file__).resolve().parent.parent
LICENCE_FOLDERS: Final = (ROOT / "packaging" / "licences", ROOT / "resources" / "licences")
Kind = Literal["package", "library", "system", "python", "data", "model"]
_SPDX = get_spdx_licensing()
_SHARED = re.compile(r"\.so(\.|$)|\.dll$|\.dylib$", re.IGNORECASE)
_LICENCE_NAME = re.compile(r"LICEN[CS]E|COPYING|NOTICE|AUTHORS|third-party", re.IGNORECASE)


DATA: Final = (
    ("DejaVu fonts", "2.37", "Bitstream-Vera", "licences/DejaVu.txt"),
    ("Sample study (studyforrest)", "", "PDDL-1.0", "sample/LICENSE-PDDL.txt"),
)


class Unknown(Exception):
    """Something lies in the bundle whose origin or licence nobody has written down."""


@dataclass(frozen=True, slots=True)
class Component:
    """One part. ``licence`` is an SPDX expression; ``texts`` are whole licence texts under a title."""

    kind: Kind
    name: str
    version: str
    licence: str
    texts: tuple[tuple[str, str], ...] = ()
    purl: str = ""


def components(bundle: Path, contents: Path) -> list[Component]:
    """Every part of a bundle.

    ``bundle`` is the folder that PyInstaller made, ``contents`` the list of sources that the spec wrote beside it.
    Raises `Unknown` for a library or package that the tables do not know.
    """
    inside = bundle / "_internal"
    found = [
        *_packages(inside),
        _python(),
        *_libraries(inside),
        *_system(inside, json.loads(contents.read_text("utf-8"))),
        *_data(inside),
    ]
    return sorted(found, key=lambda part: (part.kind, part.name.lower(), part.version))


def gpl_only(licence: str) -> bool:
    """Whether an SPDX expression leaves no way but the GPL or AGPL, without an exception that permits our use."""
    return not _free_of_gpl(_SPDX.parse(licence, validate=False))


def _free_of_gpl(expression: object) -> bool:
    if isinstance(expression, OR):
        return any(_free_of_gpl(part) for part in expression.args)
    if isinstance(expression, AND):
        return all(_free_of_gpl(part) for part in expression.args)
    if isinstance(expression, LicenseWithExceptionSymbol):
        return True
    return re.match(r"(LicenseRef-)?A?GPL", str(expression)) is None


def _packages(inside: Path) -> Iterator[Component]:
    for folder in sorted(inside.glob("*.dist-info")):
        facts = metadata.PathDistribution(folder).metadata
        name = canonicalize_name(facts["Name"])
        if name == OWN:
            continue
        licence = PACKAGE_LICENCES.get(name) or next(iter(facts.get_all("License-Expression") or ()), None)
        if not licence:
            raise Unknown(f"The package {name} does not say its licence: add it to component_tables.py.")
        own = tuple(
            (str(path.relative_to(folder)), path.read_text("utf-8", errors="replace"))
            for path in sorted(folder.rglob("*"))
            if path.is_file() and (_LICENCE_NAME.search(str(path.relative_to(folder))))
        )
        texts = own + _texts(PACKAGE_TEXTS.get(name, ()))
        if not texts:
            raise Unknown(f"The package {name} brings no licence text: add one to packaging/licences.")
        yield Component(
            "package", name, facts["Version"], licence, texts, f"pkg:pypi/{name}@{facts['Version']}"
        )


def _python() -> Component:
    version = platform.python_version()
    places = (Path(sysconfig.get_path("stdlib")), Path(sys.base_prefix))
    (text, *_) = (place / "LICENSE.txt" for place in places if (place / "LICENSE.txt").is_file())
    texts = ((text.name, text.read_text("utf-8")),)
    return Component("python", "Python", version, "PSF-2.0", texts, f"pkg:generic/python@{version}")


def _libraries(inside: Path) -> Iterator[Component]:
    seen, unknown = set(), []
    for path in sorted(inside.rglob("*")):
        if path.is_symlink() or not path.is_file() or not _is_library(path, inside):
            continue
        library = _library(path.name)
        if library is None:
            unknown.append(path.name)
            continue
        version = _version_in(path.name)
        if (library.name, version) not in seen:
            seen.add((library.name, version))
            yield Component("library", library.name, version, library.licence, _texts(library.texts))
    if unknown:
        raise Unknown(
            f"Nobody has written down whose work these are: {', '.join(unknown)}: add them to component_tables.py."
        )


def _is_library(path: Path, inside: Path) -> bool:
    """Whether a file may be a shared library that is not the work of its own wheel."""
    if not _SHARED.search(path.name) or path.parent == inside or "plugins" in path.parts:
        return False
    if path.name.endswith((".abi3.so", ".pyd")) or ".cpython-" in path.name or path.name.startswith("_"):
        return False
    return not any(
        name.startswith(OF_THEIR_WHEEL) and _library(name) is None for name in _spellings(path.name)
    )


def _library(name: str) -> Library | None:
    """The project behind a shared library; None if the table has none."""
    starts = [start for start in LIBRARIES for spelled in _spellings(name) if spelled.startswith(start)]
    return LIBRARIES[max(starts, key=len)] if starts else None


def _spellings(name: str) -> tuple[str, str]:
    """Windows does without "lib"."""
    return name, f"lib{name}"


def _version_in(name: str) -> str:
    found = re.search(r"\.so\.([0-9][0-9a-z.]*)$", name)
    return found.group(1) if found else ""


def _system(inside: Path, contents: list[tuple[str, str, str]]) -> Iterator[Component]:
    """Libraries of a Debian or Ubuntu system, by the package that they come from."""
    sources = {
        Path(source)
        for place, source, kind in contents
        if kind == "BINARY"
        and "/" not in place
        and source.startswith(("/lib", "/usr/lib"))
        and (inside / place).exists()
    }
    for name in sorted({_debian_package(source) for source in sources}):
        version = _said(["dpkg-query", "-W", "-f", "${Version}", name])
        licence = SYSTEM_LICENCES.get(name) or ("MIT" if name.startswith("libxcb") else None)
        if licence is None:
            raise Unknown(
                f"The licence of Debian's {name} is not written down: add it to component_tables.py."
            )
        text = Path("/usr/share/doc", name, "copyright").read_text("utf-8", errors="replace")
        yield Component(
            "system", name, version, licence, (("copyright", text),), f"pkg:deb/debian/{name}@{version}"
        )


def _debian_package(source: Path) -> str:
    for path in (source, source.resolve()):
        for spelling in (path, Path("/usr", path.relative_to("/")), Path("/", *path.parts[2:])):
            done = subprocess.run(
                ["dpkg-query", "-S", str(spelling)], capture_output=True, text=True, check=False
            )
            if done.returncode == 0:
                return done.stdout.partition(":")[0]
    raise Unknown(f"No package of the system owns {source}.")


def _said(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _data(inside: Path) -> Iterator[Component]:
    for name, version, licence, place in DATA:
        text = (inside / "resources" / place).read_text("utf-8")
        yield Component("data", name, version, licence, ((Path(place).name, text),))
    for path in sorted((inside / "models").glob("*/card.toml")):
        card = tomllib.loads(path.read_text("utf-8"))
        yield Component("model", path.parent.name, __version__, str(card["licence"]))


def _texts(names: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    found = []
    for name in names:
        (path,) = (folder / name for folder in LICENCE_FOLDERS if (folder / name).is_file())
        found.append((name, path.read_text("utf-8")))
    return tuple(found)
