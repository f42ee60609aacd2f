"""The manual, with search, from the pages that come with the program: no browser and no network is needed."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import Qt, QTimer, QUrl
from PySide6.QtGui import (
    QDesktopServices,
    QImage,
    QKeySequence,
    QResizeEvent,
    QShortcut,
    QTextCursor,
    QTextDocument,
)
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLineEdit,
    QListWidgetItem,
    QPushButton,
    QSplitter,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from brainsr_desktop.app.manual_pages import FIRST, Hit, Page, read_pages, search, slug
from brainsr_desktop.app.panels.forms import TARGET_PX, TextList, plain_label, size_for_text
from brainsr_desktop.language import tr

MOST_HITS: Final = 200
LONGEST_HIT: Final = 90
MARGIN_PX: Final = 32
RESIZED_MS: Final = 150
SHOWN: Final = Qt.ItemDataRole.UserRole


class ManualDialog(QDialog):
    """Pages on the left, or what a search found; the page on the right."""

    def __init__(self, folder: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Manual"))
        self.setWindowFlag(Qt.WindowType.WindowMaximizeButtonHint)
        size_for_text(self, 1040, 720)
        self.pages = _read(folder)
        self.search = QLineEdit()
        self.search.setPlaceholderText(tr("Search the manual"))
        self.search.setAccessibleName(tr("Search the manual"))
        self.search.setClearButtonEnabled(True)
        self.search.setMinimumHeight(TARGET_PX)
        self.list = TextList()
        self.list.setAccessibleName(tr("Pages of the manual"))
        self.list.setWordWrap(True)
        self.view = ManualView(folder)
        self.view.setAccessibleName(tr("Page of the manual"))
        back, forward, close = QPushButton(tr("Back")), QPushButton(tr("Forward")), QPushButton(tr("Close"))
        for button in (back, forward, close):
            button.setAutoDefault(False)
        for button, name in ((back, "backwardAvailable"), (forward, "forwardAvailable")):
            button.setEnabled(False)
            getattr(self.view, name).connect(button.setEnabled)
        back.clicked.connect(self.view.backward)
        forward.clicked.connect(self.view.forward)
        close.clicked.connect(self.close)
        QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self, self._begin_search)
        self.search.textChanged.connect(self._list_pages)
        self.search.returnPressed.connect(self._open_first)
        self.list.currentItemChanged.connect(lambda item, _: self._open(item))
        self.view.sourceChanged.connect(self._follow)
        self._lay_out((back, forward), close)
        self._list_pages("")
        if self.pages:
            self.view.open(FIRST)
        else:
            self.view.setPlainText(tr("The pages of the manual are missing: install the program again."))

    def _lay_out(self, left: tuple[QPushButton, ...], close: QPushButton) -> None:
        side, words = QWidget(), QVBoxLayout()
        words.setContentsMargins(0, 0, 0, 0)
        words.addWidget(self.search)
        words.addWidget(self.list, 1)
        side.setLayout(words)
        parts = QSplitter()
        parts.setChildrenCollapsible(False)
        parts.addWidget(side)
        parts.addWidget(self.view)
        parts.setSizes([260, 780])
        parts.setStretchFactor(1, 1)
        buttons = QHBoxLayout()
        for button in left:
            buttons.addWidget(button)
        buttons.addWidget(plain_label(tr("The manual is in English."), name="hint"), 1)
        buttons.addWidget(close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 12, 14, 12)
        layout.setSpacing(10)
        layout.addWidget(parts, 1)
        layout.addLayout(buttons)

    def _begin_search(self) -> None:
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    def _list_pages(self, words: str) -> None:
        self.list.blockSignals(True)
        self.list.clear()
        if not words.strip():
            for page in self.pages:
                self._add(page.title, Hit(page, "", ""))
        else:
            for hit in search(self.pages, words)[:MOST_HITS]:
                self._add(_told(hit), hit)
            if not self.list.count():
                self._add(tr("Nothing was found."), None)
        self.list.blockSignals(False)

    def _add(self, text: str, hit: Hit | None) -> None:
        item = QListWidgetItem(text)
        item.setData(SHOWN, hit)
        if hit is None:
            item.setFlags(Qt.ItemFlag.NoItemFlags)
        self.list.addItem(item)

    def _open_first(self) -> None:
        if self.list.currentRow() <= 0:
            self._open(self.list.item(0))
        self.list.setCurrentRow(max(self.list.currentRow(), 0))

    def _open(self, item: QListWidgetItem | None) -> None:
        hit = item.data(SHOWN) if item is not None else None
        if isinstance(hit, Hit):
            self.view.open(hit.page.name, hit.heading, self.search.text())

    def _follow(self, source: QUrl) -> None:
        """Show in the list of pages which one a link led to."""
        if self.search.text().strip():
            return
        self.list.blockSignals(True)
        for row, page in enumerate(self.pages):
            if self.view.name_of(source) == page.name:
                self.list.setCurrentRow(row)
        self.list.blockSignals(False)


class ManualView(QTextBrowser):
    """Shows the pages of a folder and nothing else; other links go to the system."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder.resolve()
        self._resized = QTimer(self)
        self._resized.setSingleShot(True)
        self._resized.setInterval(RESIZED_MS)
        self._resized.timeout.connect(self._fit_pictures)
        self.setOpenLinks(False)
        # Else it comes with a long page and takes the room that lines and pictures were laid out for.
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextBrowserInteraction)
        self.anchorClicked.connect(self._on_link)

    def open(self, name: str, heading: str = "", words: str = "") -> None:
        """Show a page, at a heading, with the first of some words marked."""
        url = QUrl.fromLocalFile(str(self._folder / name))
        if url != self.source():
            self.setSource(url, QTextDocument.ResourceType.MarkdownResource)
        self.moveCursor(QTextCursor.MoveOperation.Start)
        if heading:
            self._show_heading(slug(heading))
        first = words.split()[:1]
        if first:
            self.find(first[0])

    def name_of(self, url: QUrl) -> str:
        """The name of a page below the manual's folder; empty for anything else."""
        path = Path(url.toLocalFile())
        is_page = url.isLocalFile() and path.suffix == ".md" and path.resolve().is_relative_to(self._folder)
        return path.resolve().relative_to(self._folder).as_posix() if is_page else ""

    def loadResource(self, kind: int, url: QUrl | str) -> Any:
        """Qt asks for what a page holds; nothing comes from anywhere but the manual's folder."""
        path = Path(self.source().resolved(QUrl(url)).toLocalFile()).resolve()
        if not path.is_relative_to(self._folder):
            return None
        if kind != QTextDocument.ResourceType.ImageResource.value:
            return super().loadResource(kind, url)
        picture = QImage(str(path))
        room = max(self.viewport().width() - MARGIN_PX, 1)
        if picture.width() <= room:
            return picture
        return picture.scaledToWidth(room, Qt.TransformationMode.SmoothTransformation)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Qt calls it."""
        super().resizeEvent(event)
        self._resized.start()

    def _fit_pictures(self) -> None:
        bar = self.verticalScrollBar()
        part = bar.value() / max(bar.maximum(), 1)
        self.document().clear()
        self.reload()
        bar.setValue(round(part * bar.maximum()))

    def _on_link(self, link: QUrl) -> None:
        url = self.source().resolved(link)
        name = self.name_of(url)
        if name:
            self.open(name)
            if url.hasFragment():
                self._show_heading(url.fragment())
        else:
            QDesktopServices.openUrl(url)

    def _show_heading(self, wanted: str) -> None:
        block = self.document().begin()
        while block.isValid():
            if block.blockFormat().headingLevel() and slug(block.text()) == wanted:
                self.setTextCursor(QTextCursor(block))
                place = self.document().documentLayout().blockBoundingRect(block)
                self.verticalScrollBar().setValue(round(place.top()))
                return
            block = block.next()


def _read(folder: Path) -> tuple[Page, ...]:
    try:
        return read_pages(folder)
    except (OSError, UnicodeDecodeError):
        return ()


def _told(hit: Hit) -> str:
    where = f"{hit.page.title}: {hit.heading}" if hit.heading not in ("", hit.page.title) else hit.page.title
    line = hit.line if len(hit.line) <= LONGEST_HIT else f"{hit.line[:LONGEST_HIT]}…"
    return where if hit.line == hit.heading else f"{where}\n{line}"
