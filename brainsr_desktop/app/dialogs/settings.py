"""Settings: a few pages, a search over all of them, keys that can be changed. What is chosen is in force at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from brainsr_desktop.app.dialogs.keys_page import KeysPage
from brainsr_desktop.app.panels.forms import TextList, fill, give_margin, plain_label
from brainsr_desktop.app.plain_text import shown
from brainsr_desktop.app.preferences import Preferences
from brainsr_desktop.models.catalog import Catalog
from brainsr_desktop.settings import Settings

Options = Sequence[tuple[str, object]]


@dataclass(frozen=True, slots=True)
class Row:
    """One setting: section and field of `Settings`, words, and what can be chosen.

    ``options`` for a list, ``limits`` (low, high, step, unit, word for 0) for a number, neither for a switch.
    """

    section: str
    field: str
    words: str
    options: Options = ()
    limits: tuple[int, int, int, str, str] | None = None


def pages(catalog: Catalog) -> dict[str, tuple[str, tuple[Row, ...]]]:
    """Title -> (a sentence below it, rows)."""
    models = [(shown(card.title), card.name) for card in catalog.cards]
    return {
        "General": (
            "",
            (
                Row("general", "theme", "Theme", (("As the system", "system"), ("Light", "light"), ("Dark", "dark"),
                                                  ("High contrast", "contrast"))),
                Row("general", "text_percent", "Text size", limits=(80, 200, 10, "%", "")),
                Row("general", "remember_recent", "Remember recent folders"),
                Row("general", "single_instance", "Open further folders in the window that runs"),
            ),
        ),
        "Viewing": (
            "",
            (
                Row("viewing", "interpolation", "Original on the screen",
                    (("True pixels", "nearest"), ("Smooth", "linear"))),
                Row("viewing", "overlays", "Text on the images", (("All", "all"), ("Few", "few"), ("None", "none"))),
            ),
        ),
        "Networks": (
            "",
            (
                Row("networks", "model", "Model", models),
                Row("networks", "scale", "Scale", (("x2", 2), ("x4", 4))),
                Row("networks", "fast_preview", "Fast preview first"),
                Row("networks", "precision", "Precision", (("Exact", "exact"), ("Fast", "fast"))),
                Row("networks", "tile", "Side of a tile", limits=(0, 1024, 64, "px", "Automatic")),
                Row("networks", "store_mib", "Memory for results (from the next start)",
                    limits=(0, 65536, 256, "MiB", "Automatic")),
            ),
        ),
        "Privacy": (
            "This program uses no network: nothing leaves the computer, and no file that you open is changed.",
            (Row("privacy", "hide_at_start", "Hide patient data at the start"),),
        ),
    }  # fmt: skip


KEYS: Final = "Keys"


class SettingsPage(QWidget):
    """The rows of one page."""

    def __init__(self, title: str, note: str, rows: Sequence[Row], preferences: Preferences) -> None:
        super().__init__()
        self._preferences = preferences
        self._show: list[Callable[[Settings], None]] = []
        self.rows = tuple(rows)
        self.editors: dict[str, QWidget] = {}
        self.row_widgets: dict[str, QWidget] = {}
        heading = QLabel(title)
        heading.setObjectName("dialog_heading")
        layout = QVBoxLayout(self)
        layout.setSpacing(10)
        layout.addWidget(heading)
        if note:
            layout.addWidget(plain_label(note, name="quiet"))
        for row in rows:
            layout.addWidget(self._row(row))
        layout.addStretch(1)
        self.reset = QPushButton(f"Reset {title.lower()}")
        self.reset.setAutoDefault(False)
        self.reset.clicked.connect(self._reset)
        layout.addWidget(self.reset, 0, Qt.AlignmentFlag.AlignLeft)
        self.show_settings(preferences.settings)

    def show_settings(self, settings: Settings) -> None:
        """Show what is chosen now."""
        for show in self._show:
            show(settings)

    def _row(self, row: Row) -> QWidget:
        holder = QWidget()
        line = QHBoxLayout(holder)
        line.setContentsMargins(0, 0, 0, 0)
        editor = self._list(row) if row.options else self._number(row) if row.limits else self._switch(row)
        editor.setAccessibleName(row.words)
        if not isinstance(editor, QCheckBox):
            label = plain_label(row.words, wrap=False)
            label.setBuddy(editor)
            label.setMinimumWidth(220)
            line.addWidget(label)
        line.addWidget(editor)
        line.addStretch(1)
        self.editors[row.field] = editor
        self.row_widgets[row.field] = holder
        return holder

    def _value(self, row: Row, settings: Settings) -> Any:
        return getattr(getattr(settings, row.section), row.field)

    def _set(self, row: Row, value: object) -> None:
        self._preferences.update(row.section, **{row.field: value})

    def _list(self, row: Row) -> QWidget:
        box = QComboBox()
        fill(box, row.options)
        box.setMinimumWidth(200)
        box.activated.connect(lambda _: self._set(row, box.currentData()))

        def show(settings: Settings) -> None:
            with QSignalBlocker(box):
                box.setCurrentIndex(box.findData(self._value(row, settings)))

        self._show.append(show)
        return box

    def _number(self, row: Row) -> QWidget:
        assert row.limits is not None
        low, high, step, unit, zero = row.limits
        field = QSpinBox()
        field.setRange(low, high)
        field.setSingleStep(step)
        field.setSuffix(f" {unit}")
        field.setSpecialValueText(zero)
        field.setKeyboardTracking(False)
        give_margin(field)
        field.setMinimumWidth(140)
        field.valueChanged.connect(lambda value: self._set(row, value))

        def show(settings: Settings) -> None:
            with QSignalBlocker(field):
                field.setValue(self._value(row, settings))

        self._show.append(show)
        return field

    def _switch(self, row: Row) -> QWidget:
        tick = QCheckBox(row.words)
        tick.clicked.connect(lambda on: self._set(row, on))
        self._show.append(lambda settings: tick.setChecked(self._value(row, settings)))
        return tick

    def _reset(self) -> None:
        defaults, settings = Settings(), self._preferences.settings
        for row in self.rows:
            section = replace(getattr(settings, row.section), **{row.field: self._value(row, defaults)})
            settings = replace(settings, **{row.section: section})
        self._preferences.set(settings)


class SettingsDialog(QDialog):
    """The pages with a list and a search field."""

    def __init__(self, preferences: Preferences, catalog: Catalog, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Settings")
        self.resize(760, 520)
        self._preferences = preferences
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search all settings")
        self.search.setAccessibleName("Search all settings")
        self.search.setClearButtonEnabled(True)
        self.list = TextList()
        self.list.setAccessibleName("Pages")
        self.list.setMaximumWidth(170)
        self._stack = QStackedWidget()
        self.pages: dict[str, SettingsPage] = {}
        for title, (note, rows) in pages(catalog).items():
            page = self.pages[title] = SettingsPage(title, note, rows, preferences)
            self._stack.addWidget(page)
            self.list.addItem(title)
        self.keys = KeysPage(preferences)
        self._stack.addWidget(self.keys)
        self.list.addItem(KEYS)
        self.reset_all = QPushButton("Reset everything")
        self.reset_all.setAutoDefault(False)
        close = QPushButton("Close")
        close.setDefault(True)
        left, right, buttons = QVBoxLayout(), QVBoxLayout(), QHBoxLayout()
        left.addWidget(self.search)
        left.addWidget(self.list)
        self.search.setMaximumWidth(170)
        buttons.addWidget(self.reset_all)
        buttons.addStretch(1)
        buttons.addWidget(close)
        right.addWidget(self._stack, 1)
        right.addWidget(plain_label(f"Kept in {preferences.path}", name="quiet"))
        right.addLayout(buttons)
        layout = QHBoxLayout(self)
        layout.addLayout(left)
        layout.addLayout(right, 1)
        self.list.currentRowChanged.connect(self._stack.setCurrentIndex)
        self.list.setCurrentRow(0)
        self.search.textChanged.connect(self._look)
        self.reset_all.clicked.connect(self._reset_everything)
        close.clicked.connect(self.accept)
        preferences.changed.connect(self._on_changed)

    def _look(self, text: str) -> None:
        words = text.casefold().split()
        first = -1
        for number, (title, page) in enumerate(self.pages.items()):
            hits = 0
            for row in page.rows:
                fits = all(word in f"{title} {row.words}".casefold() for word in words)
                page.row_widgets[row.field].setVisible(fits)
                hits += fits
            self.list.item(number).setHidden(bool(words) and not hits)
            first = number if hits and first < 0 else first
        hits = self.keys.look_for(text)
        self.list.item(len(self.pages)).setHidden(bool(words) and not hits)
        if words and self.list.currentItem().isHidden():
            self.list.setCurrentRow(first if first >= 0 else len(self.pages))

    def _reset_everything(self) -> None:
        """All choices; not the window's place, the recent folders or the notice that was read."""
        now, new = self._preferences.settings, Settings()
        general = replace(new.general, accepted_notice=now.general.accepted_notice)
        self._preferences.set(replace(new, general=general, window=now.window, recent=now.recent))

    def _on_changed(self, _before: Settings, after: Settings) -> None:
        for page in self.pages.values():
            page.show_settings(after)
        self.keys.show_settings(after)
