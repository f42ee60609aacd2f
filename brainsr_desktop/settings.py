"""What the user chose for good: `Settings` and the one readable file it is kept in.

The file is TOML, one table for each section. Entries that the program does not know are kept as they are. A file
that is no settings file at all (damaged, of a later version, wrong types, far too large) is renamed to `.bad` and
the defaults are used; a single value out of its range is corrected. Both are told in `Loaded.notes`.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

import psutil
import tomlkit
from tomlkit.exceptions import TOMLKitError

from brainsr_desktop.language import LANGUAGES, tr

SCHEMA: Final = 1
LARGEST_FILE_BYTES: Final = 1 << 20
RECENT_KEPT: Final = 12
_GROWING: Final = ".tmp"
PRESETS_KEPT: Final = 40

Theme = Literal["system", "light", "dark", "contrast"]
THEMES: Final = ("system", "light", "dark", "contrast")
Check = Callable[[Any], Any]
"""Returns the value, corrected if need be; raises TypeError where it has the wrong type."""
Section = TypeVar("Section")


def _choice(*allowed: str) -> Check:
    def check(value: object) -> str | None:
        if not isinstance(value, str):
            raise TypeError
        return value if value in allowed else None

    return check


def _number(low: float, high: float) -> Check:
    def check(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise TypeError
        return type(value)(min(max(value, low), high)) if value == value else low

    return check


def _whole(low: int, high: int) -> Check:
    def check(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError
        return min(max(int(value), low), high)

    return check


def _switch(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return bool(value)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return str(value)[:4096]


def _list_of(kind: type) -> Check:
    def check(value: object) -> tuple[Any, ...]:
        if not isinstance(value, list | tuple) or not all(isinstance(item, kind) for item in value):
            raise TypeError
        return tuple(kind(item) for item in value[:64])

    return check


def _kept(default: Any, check: Check) -> Any:
    return field(default=default, metadata={"check": check})


@dataclass(frozen=True, slots=True)
class General:
    """``accepted_notice`` is the major version whose research notice was read ("" = none)."""

    theme: Theme = _kept("system", _choice(*THEMES))
    language: str = _kept("system", _choice("system", *LANGUAGES))
    text_percent: int = _kept(100, _whole(80, 200))
    remember_recent: bool = _kept(True, _switch)
    single_instance: bool = _kept(True, _switch)
    accepted_notice: str = _kept("", _text)


@dataclass(frozen=True, slots=True)
class Viewing:
    """``own_center`` and ``own_width``: the user's window (key 9), in parts of the series' robust range.

    ``remember_windows``: the grey window of each series comes back at the next start.
    """

    interpolation: Literal["nearest", "linear", "cubic"] = _kept(
        "nearest", _choice("nearest", "linear", "cubic")
    )
    overlays: Literal["all", "few", "none"] = _kept("all", _choice("all", "few", "none"))
    own_center: float = _kept(0.5, _number(-10.0, 10.0))
    own_width: float = _kept(1.0, _number(1e-6, 100.0))
    remember_windows: bool = _kept(True, _switch)
    wheel: Literal["down_next", "up_next"] = _kept("down_next", _choice("down_next", "up_next"))
    drag_up: Literal["brighter", "darker"] = _kept("brighter", _choice("brighter", "darker"))
    drag_speed: int = _kept(100, _whole(25, 400))
    convention: Literal["radiological", "neurological"] = _kept(
        "radiological", _choice("radiological", "neurological")
    )


@dataclass(frozen=True, slots=True)
class Networks:
    """``store_mib`` limits the results kept in memory, ``tile`` is a tile's side in pixels; 0 is automatic.

    ``disk_store_mib`` those that are kept on disk for the next start; 0: none.
    ``threads`` is how many the processor uses for a network; 0: as many as it likes. ``library`` runs networks on the
    processor; empty: whichever was measured to be quicker.
    """

    model: str = _kept("brainsr-x4", _text)
    scale: int = _kept(4, _whole(2, 4))
    fast_preview: bool = _kept(True, _switch)
    device: str = _kept("auto", _text)
    precision: Literal["exact", "fast"] = _kept("exact", _choice("exact", "fast"))
    tile: int = _kept(0, _whole(0, 1024))
    store_mib: int = _kept(0, _whole(0, 65536))
    disk_store_mib: int = _kept(0, _whole(0, 262144))
    threads: int = _kept(0, _whole(0, 256))
    library: Literal["", "openvino", "torch"] = _kept("", _choice("", "openvino", "torch"))


@dataclass(frozen=True, slots=True)
class Grouping:
    """How far headers may differ and still belong to one stack; see `io.limits`."""

    angle_deg: float = _kept(1.0, _number(0.1, 10.0))
    spacing_percent: float = _kept(1.0, _number(0.1, 10.0))
    echo_ms: float = _kept(0.1, _number(0.01, 10.0))
    uneven_percent: float = _kept(5.0, _number(1.0, 50.0))


@dataclass(frozen=True, slots=True)
class Privacy:
    """``hide_at_start`` starts the window with patient data hidden."""

    hide_at_start: bool = _kept(False, _switch)


@dataclass(frozen=True, slots=True)
class ExportChoices:
    """Last choices of the export dialog."""

    folder: str = _kept("", _text)
    formats: tuple[str, ...] = _kept(("dicom",), _list_of(str))
    anonymise: bool = _kept(False, _switch)
    transfer_syntax: Literal["explicit", "j2k", "rle"] = _kept("explicit", _choice("explicit", "j2k", "rle"))
    name_pattern: str = _kept("", _text)
    clash: Literal["skip", "number", "overwrite"] = _kept("skip", _choice("skip", "number", "overwrite"))
    for_figures: bool = _kept(False, _switch)


@dataclass(frozen=True, slots=True)
class WindowLayout:
    """Where the window was. ``place`` is x, y, width, height in logical pixels, empty at the first start."""

    place: tuple[int, ...] = _kept((), _list_of(int))
    maximised: bool = _kept(False, _switch)
    splitter: tuple[int, ...] = _kept((), _list_of(int))
    browser: bool = _kept(True, _switch)
    panel: bool = _kept(True, _switch)
    open_sections: tuple[str, ...] = _kept(("model", "display", "test"), _list_of(str))


@dataclass(frozen=True, slots=True)
class RecentFolder:
    """Something opened before: absolute path, day (ISO), number of series found; a pinned one is never dropped."""

    path: str = _kept("", _text)
    opened: str = _kept("", _text)
    series: int = _kept(0, _whole(0, 1_000_000))
    pinned: bool = _kept(False, _switch)


@dataclass(frozen=True, slots=True)
class GreyPreset:
    """A grey window with a name, in parts of the series' robust range, on one of the keys 0 to 9.

    ``word`` says for which series: its modality, or a word of its description; empty: for all.
    """

    name: str = _kept("", _text)
    key: int = _kept(9, _whole(0, 9))
    word: str = _kept("", _text)
    center: float = _kept(0.5, _number(-10.0, 10.0))
    width: float = _kept(1.0, _number(1e-6, 100.0))


@dataclass(frozen=True, slots=True)
class Settings:
    """All of it. ``keys`` maps the id of an action to the user's keys, where they differ from the defaults."""

    general: General = field(default_factory=General)
    viewing: Viewing = field(default_factory=Viewing)
    networks: Networks = field(default_factory=Networks)
    grouping: Grouping = field(default_factory=Grouping)
    privacy: Privacy = field(default_factory=Privacy)
    export: ExportChoices = field(default_factory=ExportChoices)
    window: WindowLayout = field(default_factory=WindowLayout)
    recent: tuple[RecentFolder, ...] = ()
    presets: tuple[GreyPreset, ...] = ()
    keys: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings from a file, and what the user should know about it."""

    settings: Settings
    notes: tuple[str, ...] = ()


_SECTIONS: Final[Mapping[str, type]] = {
    "general": General,
    "viewing": Viewing,
    "networks": Networks,
    "grouping": Grouping,
    "privacy": Privacy,
    "export": ExportChoices,
    "window": WindowLayout,
}


class _NotSettings(Exception):
    """The file is no settings file of ours; the text says why."""


def load(path: Path) -> Loaded:
    """Read the settings; never fails. No file: the defaults; a file that cannot be read: a note as well."""
    _sweep(path)
    try:
        table = _read(path)
        return _settings_of(table)
    except FileNotFoundError:
        return Loaded(Settings())
    except OSError:
        return Loaded(Settings(), (tr("The settings could not be read. The defaults are used."),))
    except _NotSettings as reason:
        return Loaded(Settings(), (_set_aside(path, str(reason)),))


def save(settings: Settings, path: Path) -> None:
    """Write the settings over what is in the file, keeping entries and comments it does not know. Atomic.

    Raises:
        OSError: the folder cannot be written to, or is full.
    """
    try:
        document = tomlkit.parse(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, TOMLKitError):
        document = tomlkit.document()
        document.add(tomlkit.comment("BrainSR Desktop. Entries that the program does not know are kept."))
    _write_into(document, settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    _replace_file(path, tomlkit.dumps(document))


def with_recent(settings: Settings, folder: RecentFolder) -> Settings:
    """Put a folder first in the list of recent ones; of too many, the oldest that is not pinned goes."""
    pinned = any(kept.pinned for kept in settings.recent if kept.path == folder.path)
    others = (kept for kept in settings.recent if kept.path != folder.path)
    found = [replace(folder, pinned=pinned or folder.pinned), *others]
    while len(found) > RECENT_KEPT:
        found.remove(next((kept for kept in reversed(found[1:]) if not kept.pinned), found[-1]))
    return replace(settings, recent=tuple(found))


def with_pinned(settings: Settings, path: str, *, on: bool) -> Settings:
    """Pin a recent folder, or let it go with the others again."""
    recent = (replace(kept, pinned=on) if kept.path == path else kept for kept in settings.recent)
    return replace(settings, recent=tuple(recent))


def with_preset(settings: Settings, preset: GreyPreset) -> Settings:
    """Keep a preset; one for the same key and the same series is replaced."""

    def place(kept: GreyPreset) -> tuple[int, str]:
        return kept.key, kept.word.casefold()

    others = tuple(kept for kept in settings.presets if place(kept) != place(preset))
    return replace(settings, presets=(*others, preset)[-PRESETS_KEPT:])


def _read(path: Path) -> dict[str, Any]:
    if path.stat().st_size > LARGEST_FILE_BYTES:
        raise _NotSettings(tr("it is far too large"))
    try:
        table = tomlkit.parse(path.read_bytes().decode("utf-8")).unwrap()
    except UnicodeDecodeError:
        raise _NotSettings(tr("it is not text")) from None
    except (TOMLKitError, RecursionError):
        raise _NotSettings(tr("it is damaged")) from None
    schema = table.get("schema", SCHEMA)
    if not isinstance(schema, int) or schema > SCHEMA:
        raise _NotSettings(tr("it belongs to a later version of the program"))
    return table


def _settings_of(table: dict[str, Any]) -> Loaded:
    notes: list[str] = []
    sections: dict[str, Any] = {
        name: _section(kind, table.get(name, {}), name, notes) for name, kind in _SECTIONS.items()
    }
    recent = tuple(
        _section(RecentFolder, entry, "recent", notes)
        for entry in _a(list, table.get("recent", []), "recent")
    )
    keys = tuple(
        (str(name), tuple(_checked(_list_of(str), chosen, "keys", name)))
        for name, chosen in _a(dict, table.get("keys", {}), "keys").items()
    )
    presets = tuple(
        _section(GreyPreset, entry, "presets", notes)
        for entry in _a(list, table.get("presets", []), "presets")
    )
    settings = Settings(
        **sections,
        recent=tuple(r for r in recent if r.path)[:RECENT_KEPT],
        presets=tuple(p for p in presets if p.name)[:PRESETS_KEPT],
        keys=keys,
    )
    return Loaded(settings, tuple(notes))


def _section(kind: type[Section], table: object, name: str, notes: list[str]) -> Section:
    given = _a(dict, table, name)
    chosen: dict[str, Any] = {}
    for entry in fields(kind):  # type: ignore[arg-type]  # every section is a dataclass
        if entry.name not in given:
            continue
        asked = given[entry.name]
        value = _checked(entry.metadata["check"], asked, name, entry.name)
        if value is None:
            value = entry.default
        if value != (tuple(asked) if isinstance(asked, list) else asked):
            notes.append(
                tr(
                    "Settings, {section}: {entry} was not usable, {value} is used.",
                    section=name,
                    entry=entry.name,
                    value=value,
                )
            )
        chosen[entry.name] = value
    return kind(**chosen)


def _checked(check: Check, value: object, section: str, entry: object) -> Any:
    try:
        return check(value)
    except TypeError:
        raise _NotSettings(
            tr("{section}: {entry} is of the wrong kind", section=section, entry=entry)
        ) from None


def _a(kind: type, value: object, name: str) -> Any:
    if not isinstance(value, kind):
        raise _NotSettings(tr("{name} is of the wrong kind", name=name))
    return value


def set_aside(path: Path) -> str:
    """Rename a file that cannot be used, so that it is not written over; its new name, empty if that failed."""
    aside = path.with_name(path.name + ".bad")
    try:
        path.replace(aside)
    except OSError:
        return ""
    return aside.name


def _set_aside(path: Path, reason: str) -> str:
    text = tr("The settings file cannot be used: {reason}. The defaults are used.", reason=reason)
    name = set_aside(path)
    return f"{text} " + tr("The old file was kept as {name}.", name=name) if name else text


def _write_into(document: tomlkit.TOMLDocument, settings: Settings) -> None:
    document["schema"] = SCHEMA
    for name, kind in _SECTIONS.items():
        table = document.get(name)
        if not isinstance(table, dict):
            table = document[name] = tomlkit.table()
        values = getattr(settings, name)
        for entry in fields(kind):
            table[entry.name] = _plain(getattr(values, entry.name))
    _write_list(document, "recent", settings.recent)
    _write_list(document, "presets", settings.presets)
    document.pop("keys", None)
    if settings.keys:
        keys = tomlkit.table()
        for action, chosen in settings.keys:
            keys[action] = list(chosen)
        document["keys"] = keys


def _write_list(
    document: tomlkit.TOMLDocument, name: str, entries: Sequence[RecentFolder | GreyPreset]
) -> None:
    document.pop(name, None)
    if entries:
        found = tomlkit.aot()
        for entry in entries:
            found.append(tomlkit.item(asdict(entry)))
        document[name] = found


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def _replace_file(path: Path, text: str) -> None:
    growing = path.with_name(f"{path.name}.{os.getpid()}-{secrets.token_hex(4)}{_GROWING}")
    try:
        handle = os.open(growing, os.O_WRONLY | os.O_CREAT | os.O_EXCL, stat.S_IRUSR | stat.S_IWUSR)
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        growing.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            growing.unlink(missing_ok=True)
        raise


def _sweep(path: Path) -> None:
    """Remove what a save that was killed left behind: it names the folders that were open."""
    with contextlib.suppress(OSError):
        for left in path.parent.glob(f"{path.name}.*{_GROWING}"):
            owner = left.name.removeprefix(f"{path.name}.").partition("-")[0]
            if not (owner.isdecimal() and psutil.pid_exists(int(owner))):
                left.unlink(missing_ok=True)
