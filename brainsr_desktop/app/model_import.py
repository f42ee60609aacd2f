"""Import of a model: asked for in the panel, checked by the engine, known everywhere afterwards."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from brainsr_desktop.app.background import in_background
from brainsr_desktop.app.enhancer import Enhancer
from brainsr_desktop.app.jobs import JobBoard
from brainsr_desktop.engine.messages import ModelImported
from brainsr_desktop.ipc.messages import Failed
from brainsr_desktop.language import tr
from brainsr_desktop.models.catalog import Catalog, load_catalog
from brainsr_desktop.session.reports import Notice


class ModelImport(QObject):
    """One import after another; ``catalog_read`` brings the catalogue with the new model."""

    catalog_read = Signal(object)  # Catalog
    notice = Signal(object)

    def __init__(self, enhancer: Enhancer, board: JobBoard, parent: QObject) -> None:
        super().__init__(parent)
        self._enhancer = enhancer
        self._board = board
        self._jobs: list[int] = []
        enhancer.model_checked.connect(self._on_checked)

    def begin(self, source: str) -> None:
        """Have a model checked and installed."""
        name = Path(source).name
        self._jobs.append(self._board.open(tr("Check the model {name}", name=name)))
        self._enhancer.import_model(source)

    def _on_checked(self, answer: ModelImported | Failed) -> None:
        job = self._jobs.pop(0)
        if isinstance(answer, Failed):
            self._board.end(job, "failed")
            report = answer.report
            words = tr("The model was not imported. {reason}", reason=report.message)
            self.notice.emit(Notice("error", words, report.advice, report.traceback))
            return
        self._board.end(job, "done")
        words = tr(
            "The model {title} (x{scale}) was imported: {ms} ms for a test slice of 96 x 96.",
            title=answer.title,
            scale=answer.scale,
            ms=round(1000 * answer.seconds),
        )
        self.notice.emit(Notice("info", words))
        in_background(load_catalog, self._on_read, self)

    def _on_read(self, catalog: Catalog) -> None:
        self.catalog_read.emit(catalog)


def ask_for_model(parent: QWidget) -> QFileDialog:
    """The system's dialog for the card of a model, shown; ``fileSelected`` brings its path."""
    dialog = QFileDialog(parent, tr("Import a model"), str(Path.home()))
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    dialog.setNameFilters([tr("Card or weights of a model (*.toml *.safetensors)"), tr("All files (*)")])
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()
    return dialog
