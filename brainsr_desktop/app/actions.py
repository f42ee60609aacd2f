"""The commands as Qt's actions, with the keys that the user gave them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QWidget

from brainsr_desktop.app.command_table import BY_ID, SPECS
from brainsr_desktop.language import tr

UserKeys = Iterable[tuple[str, tuple[str, ...]]]


class Actions(Mapping[str, QAction]):
    """The QActions by id, with the user's keys. ``window`` takes those of the window, ``images`` those of the panes."""

    def __init__(self, window: QWidget, images: Iterable[QWidget], user_keys: UserKeys = ()) -> None:
        self._actions: dict[str, QAction] = {}
        groups: dict[str, QActionGroup] = {}
        images = tuple(images)
        for spec in SPECS:
            action = self._actions[spec.id] = QAction(spec.words, window)
            action.setObjectName(spec.id)
            action.setCheckable(spec.checkable)
            if spec.group:
                groups.setdefault(spec.group, QActionGroup(window)).addAction(action)
            if spec.scope == "image":
                action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
                for widget in images:
                    widget.addAction(action)
            else:
                window.addAction(action)
        self.set_keys(user_keys)

    def __getitem__(self, key: str) -> QAction:
        return self._actions[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._actions)

    def __len__(self) -> int:
        return len(self._actions)

    def set_keys(self, user_keys: UserKeys) -> None:
        """Give every command its default keys, or the user's where they are set and belong to no other command."""
        for name, keys in effective_keys(user_keys).items():
            action = self._actions[name]
            action.setShortcuts([QKeySequence(key) for key in keys])
            tip = BY_ID[name].told
            action.setToolTip(tr("{tip} ({key})", tip=tip, key=shown_keys(keys[:1])) if keys else tip)
            action.setStatusTip(tip)


def effective_keys(user_keys: UserKeys) -> dict[str, tuple[str, ...]]:
    """Keys of each command. A user's key that is not a key, or that another command has, is left out."""
    chosen = {name: tuple(normal_key(key) for key in keys) for name, keys in user_keys if name in BY_ID}
    found = {spec.id: tuple(normal_key(key) for key in spec.keys) for spec in SPECS if spec.id not in chosen}
    taken = {key for keys in found.values() for key in keys}
    for name, keys in chosen.items():
        free = tuple(key for key in keys if key and key not in taken)
        taken.update(free)
        found[name] = free
    return {spec.id: found[spec.id] for spec in SPECS}


def normal_key(text: str) -> str:
    """One spelling for each key, empty for what is no key."""
    return QKeySequence(text).toString(QKeySequence.SequenceFormat.PortableText)


def shown_keys(keys: Iterable[str]) -> str:
    """Keys as this system writes them."""
    native = QKeySequence.SequenceFormat.NativeText
    return ", ".join(QKeySequence(key).toString(native) for key in keys)


def owner_of(key: str, keys: Mapping[str, tuple[str, ...]], besides: str) -> str:
    """The command (its name) that already has a key; empty when it is free."""
    return next((BY_ID[name].name for name, taken in keys.items() if name != besides and key in taken), "")
