"""About: version, what it is for, notices and licences."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt
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
from brainsr_desktop.app.panels.forms import TextList, size_for_text
from brainsr_desktop.language import tr

if TYPE_CHECKING:
    from importlib.metadata import PackageMetadata

OWN: Final = "BrainSR Desktop"
SHIPPED_WITH: Final = (
    "charset-normalizer", "h5py", "nibabel", "numpy", "openvino", "pillow", "platformdirs", "psutil", "pydicom",
    "pyjpegls", "pylibjpeg", "pylibjpeg-openjpeg", "pyqtgraph", "PySide6-Essentials", "python-gdcm", "reportlab",
    "safetensors", "tifffile", "tomlkit", "torch", "tqdm",
)  # fmt: skip
LARGEST_TEXT: Final = 400_000


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
    licence = _first(facts, "License-Expression") or _first(facts, "License")
    if not licence or len(licence) > 60:
        named = [
            line.split("::")[-1].strip() for line in facts.get_all("Classifier") or [] if "License ::" in line
        ]
        licence = ", ".join(named) or tr("see its own notice")
    return f"{name} {_first(facts, 'Version')}: {licence}"


def _first(facts: PackageMetadata, name: str) -> str:
    values = facts.get_all(name)
    return str(values[0]) if values else ""


class AboutDialog(QDialog):
    """What this is, and whose work is in it."""

    def __init__(self, parent: QWidget | None = None) -> None:
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
        self._files = licence_files()
        self.list.addItems([tr("Libraries"), *self._files])
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
        path = self._files.get(title)
        if path is None:
            self.text.setPlainText("\n".join(package_line(name) for name in SHIPPED_WITH))
            return
        try:
            self.text.setPlainText(path.read_text("utf-8", errors="replace")[:LARGEST_TEXT])
        except OSError:
            self.text.setPlainText(tr("This text cannot be read."))
