"""Settings: a few pages, a search over all of them, keys that can be changed. What is chosen is in force at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDoubleSpinBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QSpinBox,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from brainsr_desktop.app.dialogs.keys_page import KeysPage
from brainsr_desktop.app.dialogs.settings_rows import KEYS, Page, Row, pages
from brainsr_desktop.app.panels.forms import (
    TextList,
    fill,
    give_margin,
    narrow_list,
    plain_label,
    size_for_text,
)
from brainsr_desktop.app.preferences import Preferences
from brainsr_desktop.language import tr
from brainsr_desktop.models.catalog import Catalog
from brainsr_desktop.settings import Settings

LIST_PX: Final = 120
LEAST_LABEL_PX: Final = 140
Extras = Mapping[str, tuple[str, Callable[[], None]]]
"""Title of a page -> the words of one more button on it, and what it does."""


class SettingsPage(QWidget):
    """The rows of one page."""

    def __init__(self, page: Page, preferences: Preferences) -> None:
        super().__init__()
        self._preferences = preferences
        self._show: list[Callable[[Settings], None]] = []
        self.rows = page.rows
        self.editors: dict[str, QWidget] = {}
        self.row_widgets: dict[str, QWidget] = {}
        heading = QLabel(tr(page.title))
        heading.setObjectName("dialog_heading")
        layout = QVBoxLayout(self)
        layout.setSpacing(10)
        layout.addWidget(heading)
        if page.note:
            layout.addWidget(plain_label(tr(page.note), name="quiet"))
        for row in page.rows:
            layout.addWidget(self._row(row))
        layout.addStretch(1)
        self.reset = QPushButton(tr("Reset this page"))
        self.reset.setAccessibleName(tr("Reset the page {page}", page=tr(page.title)))
        self.reset.setAutoDefault(False)
        self.reset.clicked.connect(self._reset)
        self._buttons = QHBoxLayout()
        self._buttons.addWidget(self.reset)
        self._buttons.addStretch(1)
        layout.addLayout(self._buttons)
        self.show_settings(preferences.settings)

    def add_button(self, words: str, done: Callable[[], None]) -> QPushButton:
        """One more button beside Reset."""
        button = QPushButton(words)
        button.setAutoDefault(False)
        button.clicked.connect(lambda _=False: done())
        self._buttons.insertWidget(1, button)
        return button

    def show_settings(self, settings: Settings) -> None:
        """Show what is chosen now."""
        for show in self._show:
            show(settings)

    def _row(self, row: Row) -> QWidget:
        holder = QWidget()
        line = QHBoxLayout(holder)
        line.setContentsMargins(0, 0, 0, 0)
        editor = self._editor(row)
        editor.setAccessibleName(tr(row.words))
        if not isinstance(editor, QCheckBox):
            label = plain_label(tr(row.words))
            label.setBuddy(editor)
            label.setMinimumWidth(LEAST_LABEL_PX)
            line.addWidget(label, 1)
            line.addWidget(editor, 1)
        else:
            line.addWidget(editor)
            line.addStretch(1)
        self.editors[row.field] = editor
        self.row_widgets[row.field] = holder
        return holder

    def _editor(self, row: Row) -> QWidget:
        if row.options:
            return self._list(row)
        if row.limits is not None:
            return self._number(row) if row.limits.digits == 0 else self._fraction(row)
        return self._text(row) if row.hint else self._switch(row)

    def _value(self, row: Row, settings: Settings) -> Any:
        return getattr(getattr(settings, row.section), row.field)

    def _set(self, row: Row, value: object) -> None:
        self._preferences.update(row.section, **{row.field: value})

    def _list(self, row: Row) -> QWidget:
        box = narrow_list()
        fill(box, row.options)
        box.activated.connect(lambda _: self._set(row, box.currentData()))

        def show(settings: Settings) -> None:
            value = self._value(row, settings)
            with QSignalBlocker(box):
                if box.findData(value) < 0:  # a device that was there, a model that is gone
                    box.addItem(str(value), value)
                box.setCurrentIndex(box.findData(value))

        self._show.append(show)
        return box

    def _number(self, row: Row) -> QWidget:
        assert row.limits is not None
        limits, field = row.limits, QSpinBox()
        field.setRange(int(limits.low), int(limits.high))
        field.setSingleStep(int(limits.step))
        field.setSuffix(f" {limits.unit}" if limits.unit else "")
        field.setSpecialValueText(limits.zero)
        field.setKeyboardTracking(False)
        give_margin(field)
        field.setMinimumWidth(140)
        whole = not isinstance(self._value(row, Settings()), float)
        field.valueChanged.connect(lambda value: self._set(row, value if whole else float(value)))

        def show(settings: Settings) -> None:
            with QSignalBlocker(field):
                field.setValue(round(self._value(row, settings)))

        self._show.append(show)
        return field

    def _fraction(self, row: Row) -> QWidget:
        assert row.limits is not None
        limits, field = row.limits, QDoubleSpinBox()
        field.setDecimals(limits.digits)
        field.setRange(limits.low, limits.high)
        field.setSingleStep(limits.step)
        field.setSuffix(f" {limits.unit}")
        field.setKeyboardTracking(False)
        give_margin(field)
        field.setMinimumWidth(140)
        field.valueChanged.connect(lambda value: self._set(row, round(value, limits.digits)))

        def show(settings: Settings) -> None:
            with QSignalBlocker(field):
                field.setValue(self._value(row, settings))

        self._show.append(show)
        return field

    def _text(self, row: Row) -> QWidget:
        field = QLineEdit()
        field.setPlaceholderText(row.hint)
        field.editingFinished.connect(lambda: self._set(row, field.text().strip()))
        self._show.append(lambda settings: field.setText(self._value(row, settings)))
        return field

    def _switch(self, row: Row) -> QWidget:
        tick = QCheckBox(tr(row.words))
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

    def __init__(
        self,
        preferences: Preferences,
        catalog: Catalog,
        parent: QWidget | None = None,
        extras: Extras | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Settings"))
        self._preferences = preferences
        self.search = QLineEdit()
        self.search.setPlaceholderText(tr("Search"))
        self.search.setAccessibleName(tr("Search all settings"))
        self.search.setClearButtonEnabled(True)
        self.list = TextList()
        self.list.setAccessibleName(tr("Pages"))
        self._stack = QStackedWidget()
        self.pages: dict[str, SettingsPage] = {}
        for page in pages(catalog):
            made = self.pages[page.title] = SettingsPage(page, preferences)
            if extras is not None and page.title in extras:
                made.add_button(*extras[page.title])
            self._stack.addWidget(_scrolled(made))
            self.list.addItem(tr(page.title))
        self.keys = KeysPage(preferences)
        self._stack.addWidget(self.keys)
        self.list.addItem(tr(KEYS))
        self.reset_all = QPushButton(tr("Reset everything"))
        self.reset_all.setToolTip(tr("All settings as they were at the first start, keys as well"))
        self.reset_all.setAutoDefault(False)
        self._lay_out()
        size_for_text(self, 780, 540)
        self.list.currentRowChanged.connect(self._stack.setCurrentIndex)
        self.list.setCurrentRow(0)
        self.search.textChanged.connect(self._look)
        self.reset_all.clicked.connect(self._reset_everything)
        preferences.changed.connect(self._on_changed)

    def _lay_out(self) -> None:
        close = QPushButton(tr("Close"))
        close.setDefault(True)
        close.clicked.connect(self.accept)
        left, right, buttons = QVBoxLayout(), QVBoxLayout(), QHBoxLayout()
        left.addWidget(self.search)
        left.addWidget(self.list)
        width = max(LIST_PX, self.list.sizeHintForColumn(0) + 30)
        for widget in (self.search, self.list):
            widget.setFixedWidth(width)
        buttons.addWidget(self.reset_all)
        buttons.addStretch(1)
        buttons.addWidget(close)
        right.addWidget(self._stack, 1)
        kept = plain_label(tr("Kept in {path}", path=str(self._preferences.path)), name="quiet")
        kept.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        right.addWidget(kept)
        right.addLayout(buttons)
        layout = QHBoxLayout(self)
        layout.addLayout(left)
        layout.addLayout(right, 1)

    def _look(self, text: str) -> None:
        words = text.casefold().split()
        first = -1
        for number, (title, page) in enumerate(self.pages.items()):
            hits = 0
            for row in page.rows:
                said = f"{tr(title)} {tr(row.words)}".casefold()
                fits = all(word in said for word in words)
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


def _scrolled(page: QWidget) -> QScrollArea:
    """A page whose rows can be reached however large the words are."""
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidget(page)
    return area
