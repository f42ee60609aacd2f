"""About: versions, devices, what it is for, the models' cards, notices and licences."""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import PySide6
from PySide6.QtCore import Qt, qVersion
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from brainsr_desktop import __version__, paths
from brainsr_desktop.app import icons
from brainsr_desktop.app.dialogs.notice import RESEARCH_NOTICE
from brainsr_desktop.app.panels.device import device_words
from brainsr_desktop.app.panels.forms import TextList, size_for_text
from brainsr_desktop.engine.messages import DeviceInfo
from brainsr_desktop.language import tr
from brainsr_desktop.models.card import Card
from brainsr_desktop.models.card_rows import rows_of

if TYPE_CHECKING:
    from importlib.metadata import PackageMetadata

OWN: Final = "BrainSR Desktop"
SHIPPED_WITH: Final = (
    "charset-normalizer", "h5py", "nibabel", "numpy", "openvino", "pillow", "platformdirs", "psutil", "pydicom",
    "pyjpegls", "pylibjpeg", "pylibjpeg-openjpeg", "pyqtgraph", "PySide6-Essentials", "python-gdcm", "reportlab",
    "safetensors", "tifffile", "tomlkit", "torch", "tqdm",
)  # fmt: skip
ENGINES: Final = ("openvino", "torch")
LONGEST_LICENCE: Final = 60
"""Characters; some packages put the whole text where the name belongs."""
LARGEST_TEXT: Final = 4_000_000
"""Characters; the notices of a package hold every licence text of what is in it."""


def licence_files() -> dict[str, Path]:
    """Texts that ship with the program, by title."""
    folder = paths.resources_dir() / "licences"
    found = {path.stem: path for path in sorted(folder.glob("*")) if path.suffix in (".txt", ".md", "")}
    sample = paths.sample_dir()
    found.update({tr("Sample study: {text}", text=path.stem): path for path in sorted(sample.glob("*.txt"))})
    found.update({tr("Sample study: {text}", text=path.stem): path for path in sorted(sample.glob("*.md"))})
    return found


def package_line(name: str) -> str:
    """Version and licence of a library, as its own metadata say."""
    from importlib import metadata  # a twentieth of a second that no start of the window should pay

    try:
        facts = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return tr("{name}: not installed", name=name)
    older = _first(facts, "License")
    licence = _first(facts, "License-Expression") or (older if len(older) <= LONGEST_LICENCE else "")
    if not licence:
        named = [
            line.split("::")[-1].strip() for line in facts.get_all("Classifier") or [] if "License ::" in line
        ]
        licence = ", ".join(named) or tr("see its own notice")
    return f"{name} {_first(facts, 'Version')}: {licence}"


def _first(facts: PackageMetadata, name: str) -> str:
    values = facts.get_all(name)
    return str(values[0]) if values else ""


def version_text(devices: Sequence[DeviceInfo]) -> str:
    """Versions of the program and of what it runs on, and the devices that the engine has found."""
    lines = [
        f"{OWN} {__version__}",
        f"Python {platform.python_version()}",
        f"Qt {qVersion()}, PySide6 {PySide6.__version__}",
        *(package_line(name) for name in ENGINES),
        f"{platform.system()} {platform.release()}, {platform.machine()}",
        "",
        tr("Devices:"),
    ]
    found = [device_words(device) for device in devices]
    return "\n".join([*lines, *(found or [tr("The engine has not named its devices yet.")])])


def card_text(card: Card) -> str:
    """The card of a model as lines."""
    return "\n".join(f"{name}: {value}" for name, value in rows_of(card))


def _libraries_text() -> str:
    return "\n".join(package_line(name) for name in SHIPPED_WITH)


def _file_text(path: Path) -> str:
    try:
        return path.read_text("utf-8", errors="replace")[:LARGEST_TEXT]
    except OSError:
        return tr("This text cannot be read.")


class AboutDialog(QDialog):
    """What this is, what it runs on, and whose work is in it."""

    def __init__(
        self,
        parent: QWidget | None = None,
        cards: Sequence[Card] = (),
        devices: Sequence[DeviceInfo] = (),
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("About BrainSR Desktop"))
        size_for_text(self, 760, 520)
        picture = QLabel()
        picture.setPixmap(icons.window_icon().pixmap(64, 64))
        heading = QLabel(f"{OWN} {__version__}")
        heading.setObjectName("dialog_heading")
        notice = QLabel(
            "\n\n".join(
                (tr(RESEARCH_NOTICE), tr("This program uses no network: nothing leaves the computer."))
            )
        )
        for label in (heading, notice):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
        self.list = TextList()
        self.list.setAccessibleName(tr("Notices and licences"))
        self.list.setMaximumWidth(220)
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setAccessibleName(tr("Text of the notice"))
        self._pages: dict[str, Callable[[], str]] = {
            tr("Versions and devices"): lambda: version_text(devices),
            tr("Libraries"): _libraries_text,
        }
        for card in cards:
            if not card.is_interpolation:
                title = tr("Model {title}", title=tr(card.title))
                self._pages[title] = lambda card=card: card_text(card)  # type: ignore[misc]  # bound in the loop
        for title, path in licence_files().items():
            self._pages[title] = lambda path=path: _file_text(path)  # type: ignore[misc]
        self.list.addItems(list(self._pages))
        self.list.currentTextChanged.connect(self._show)
        close = QPushButton(tr("Close"))
        close.clicked.connect(self.close)
        top, words, below, buttons = QHBoxLayout(), QVBoxLayout(), QHBoxLayout(), QHBoxLayout()
        words.addWidget(heading)
        words.addWidget(notice)
        top.addWidget(picture, 0, Qt.AlignmentFlag.AlignTop)
        top.addLayout(words, 1)
        below.addWidget(self.list)
        below.addWidget(self.text, 1)
        buttons.addStretch(1)
        buttons.addWidget(close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 16, 18, 14)
        layout.setSpacing(12)
        for part in (top, below, buttons):
            layout.addLayout(part)
        self.list.setCurrentRow(0)

    def _show(self, title: str) -> None:
        self.text.setPlainText(self._pages[title]())
