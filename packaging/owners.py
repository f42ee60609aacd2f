"""What the environment has installed: who owns a file, and what the program does not ask for."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

OWN: Final = "brainsr-desktop"
BUILDERS: Final = ("pyinstaller", "pyinstaller-hooks-contrib")


@cache
def _owner_by_file() -> dict[Path, str]:
    found: dict[Path, str] = {}
    for distribution in metadata.distributions():
        name = distribution.metadata["Name"]
        for entry in distribution.files or ():
            found[Path(str(distribution.locate_file(entry))).resolve()] = name
    return found


def owner_of(source: Path) -> str | None:
    """Name of the distribution that installed a file; None for files of Python itself, the system or this project."""
    return _owner_by_file().get(source.resolve())


def owners_of(sources: Iterable[str]) -> list[str]:
    """The distributions that own any of the files, by name."""
    return sorted(
        {owner for source in sources if (owner := owner_of(Path(source))) is not None}, key=str.lower
    )


def needed(name: str = OWN) -> set[str]:
    """Canonical names of a distribution and of everything installed that it requires, without extras."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name in found:
            continue
        try:
            lines = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue
        found.add(name)
        asked = [Requirement(line) for line in lines]
        waiting += [each.name for each in asked if each.marker is None or each.marker.evaluate({"extra": ""})]
    return found


def strangers() -> list[str]:
    """Top-level modules of the environment that belong to no distribution the program needs: tools of its makers."""
    wanted = needed() | set(BUILDERS)
    return sorted(
        module
        for module, owners in metadata.packages_distributions().items()
        if not any(canonicalize_name(owner) in wanted for owner in owners)
    )
