"""Opening: dialogs, drops, recent folders, the sample; which series is shown first; what the scan found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog, QInputDialog, QLineEdit, QWidget

from brainsr_desktop import log, paths
from brainsr_desktop.app.background import in_background
from brainsr_desktop.app.controller import Controller
from brainsr_desktop.app.plain_text import shown
from brainsr_desktop.app.preferences import Preferences
from brainsr_desktop.app.problem_list import NOT_IMAGES
from brainsr_desktop.app.recent import today
from brainsr_desktop.app.series_arranger import SeriesArranger
from brainsr_desktop.app.store import Store
from brainsr_desktop.core.errors import Problem
from brainsr_desktop.core.series import ScanSummary, SeriesInfo, StackInfo, StudyInfo
from brainsr_desktop.language import mark, tr, trn
from brainsr_desktop.session.reports import Notice
from brainsr_desktop.settings import RecentFolder, with_recent

COPIES: Final = frozenset({"DUPLICATE_FILE", "SAME_FILE"})
ENCRYPTED: Final = frozenset({"PASSWORD", "PASSWORD_WRONG"})
FEW_SLICES: Final = 3
NOT_THERE: Final = mark("The file is not there any more.")
FILE_FILTERS: Final = (
    mark("All files (*)"),  # first: DICOM files are known by their content and often have no ending
    mark("NIfTI (*.nii *.nii.gz *.hdr *.img)"),
    mark("Pictures (*.png *.jpg *.jpeg *.tif *.tiff)"),
    mark("MATLAB 7.3 and numpy (*.mat *.npy *.npz)"),
    mark("Archives (*.zip *.tar *.tar.gz *.tgz)"),
)


class Opening(QObject):
    """Tells the controller what to open, and the window what came of it."""

    noticed = Signal(object)  # Notice
    opened = Signal(object)  # tuple[str, ...]: what is open now and may be remembered
    said = Signal(str)  # a line for the status bar
    problems_changed = Signal(object)  # tuple[Problem, ...]
    file_found = Signal(str, object)  # path of the file that a problem names, Problem

    def __init__(
        self,
        controller: Controller,
        arranger: SeriesArranger,
        store: Store,
        preferences: Preferences,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._controller = controller
        self._store = store
        self._preferences = preferences
        self._window = window
        self._chosen: tuple[str, ...] = ()
        self._paths: tuple[str, ...] = ()
        self._open_now: tuple[str, ...] = ()
        self._fresh: list[StackInfo] = []
        self._waits_for_first = False
        self._problems: tuple[Problem, ...] = ()
        self._roots: tuple[str, ...] = ()
        self.show_problems: Callable[[], None] = lambda: None
        controller.series_begun.connect(self._on_begun)
        arranger.found.connect(self._on_series)
        controller.scan_done.connect(self._on_done)
        controller.closed.connect(self._on_closed)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What was left out of everything that is open."""
        return self._problems

    # --- ways to open

    def ask_folder(self) -> None:
        """Open folder."""
        self._ask(QFileDialog.FileMode.Directory, tr("Open a folder of MR images"))

    def ask_files(self) -> None:
        """Open files."""
        self._ask(QFileDialog.FileMode.ExistingFiles, tr("Open files"))

    def _ask(self, mode: QFileDialog.FileMode, title: str) -> None:
        dialog = QFileDialog(self._window, title, self._last_folder())
        dialog.setFileMode(mode)
        if mode is QFileDialog.FileMode.ExistingFiles:
            dialog.setNameFilters([tr(words) for words in FILE_FILTERS])
        dialog.filesSelected.connect(self.open)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _last_folder(self) -> str:
        recent = self._preferences.settings.recent
        return str(Path(recent[0].path).parent) if recent else str(Path.home())

    def open_sample(self) -> None:
        """Open the study that is built in."""
        self.open([str(paths.sample_dir())], remember=False)

    def open(
        self,
        chosen: Sequence[str],
        *,
        replace: bool = False,
        remember: bool = True,
        password: str | None = None,
    ) -> None:
        """Open files and folders beside what is open, or instead of it."""
        chosen = [str(path) for path in chosen if path]
        if not chosen:
            return
        beside = self._store.state.stack is not None and not replace
        log.keep_out(*chosen)
        self._chosen = tuple(chosen)
        self._paths = self._chosen if remember else ()
        self._fresh = []
        self._waits_for_first = True
        if replace:
            self._problems = self._roots = ()
        self._roots += self._chosen
        self._controller.open_paths(list(chosen), replace=replace, password=password)
        if beside:
            again = [*chosen]
            self.noticed.emit(
                Notice(
                    "info",
                    tr("{name} is added to what is open.", name=self._named(chosen)),
                    label=tr("Replace"),
                    action=lambda: self.open(again, replace=True, remember=remember),
                )
            )

    def _named(self, chosen: Sequence[str]) -> str:
        if self._store.state.hide_patient:
            return trn("The folder", "{count} entries", len(chosen))
        name = tr("“{name}”", name=shown(Path(chosen[0]).name or chosen[0], 60))
        if len(chosen) == 1:
            return name
        return trn("{name} and {count} more", "{name} and {count} more", len(chosen) - 1, name=name)

    # --- what came of it

    def leave_view(self) -> None:
        """The user has chosen what to look at: what is found from now on does not take its place."""
        self._waits_for_first = False

    def preview(self, stack: StackInfo) -> None:
        """Show one picture of a series whose headers are still being read, where there is nothing else to see."""
        if self._waits_for_first and self._store.state.stack is None and stack.reading >= FEW_SLICES:
            self._controller.open_stack(stack)

    def _on_begun(self, series: SeriesInfo) -> None:
        _keep_out(series.study)

    def _on_series(self, series: SeriesInfo) -> None:
        _keep_out(series.study)
        self._fresh += series.stacks
        first = next((stack for stack in series.stacks if _is_good_start(stack)), None)
        if self._waits_for_first and first is not None:
            self._show(first)

    def _show(self, stack: StackInfo) -> None:
        self._waits_for_first = False
        self._controller.open_stack(stack)

    def _on_done(self, summary: ScanSummary) -> None:
        found = self._fresh
        if self._waits_for_first and found:
            self._show(next((stack for stack in found if stack.supported), found[0]))
        self._waits_for_first = False
        self._problems += (*summary.skipped, *summary.problems)
        self.problems_changed.emit(self._problems)
        self.said.emit(summary_words(summary, len({stack.series_uid for stack in found})))
        if any(problem.code in ENCRYPTED for problem in summary.skipped):
            self._offer_password(any(problem.code == "PASSWORD_WRONG" for problem in summary.skipped))
        elif summary.used == 0:
            self._tell_nothing_found(summary)
        elif self._paths and self._preferences.settings.general.remember_recent:
            self._remember(len({stack.series_uid for stack in found}))
        self._tell_copies(sum(problem.code in COPIES for problem in summary.skipped))

    def _tell_copies(self, count: int) -> None:
        if count:
            words = trn(
                "{count} file is a copy and was left out.",
                "{count} files are copies and were left out.",
                count,
            )
            self.noticed.emit(Notice("info", words, label=tr("Show list"), action=self.show_problems))

    def _tell_nothing_found(self, summary: ScanSummary) -> None:
        others = sum(problem.code in NOT_IMAGES for problem in summary.skipped)
        unreadable = len(summary.skipped) - others
        words = trn(
            "No images in {name} ({count} file looked at, {others} of other types, {unreadable} unreadable).",
            "No images in {name} ({count} files looked at, {others} of other types, {unreadable} unreadable).",
            summary.seen,
            name=self._named(self._chosen),
            others=others,
            unreadable=unreadable,
        )
        self.noticed.emit(
            Notice(
                "warning",
                words,
                tr("Choose another folder."),
                label=tr("Show list") if summary.skipped else tr("Open folder..."),
                action=self.show_problems if summary.skipped else self.ask_folder,
            )
        )

    def _offer_password(self, wrong: bool) -> None:
        chosen = self._chosen
        text = tr("The password does not open the archive.") if wrong else tr("The archive is encrypted.")
        self.noticed.emit(
            Notice("warning", text, label=tr("Enter password..."), action=lambda: self._ask_password(chosen))
        )

    def _ask_password(self, chosen: tuple[str, ...]) -> None:
        dialog = QInputDialog(self._window)
        dialog.setWindowTitle(tr("Password"))
        dialog.setLabelText(tr("Password of the archive:"))
        dialog.setTextEchoMode(QLineEdit.EchoMode.Password)
        dialog.textValueSelected.connect(lambda password: self.open(chosen, password=password))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _remember(self, series: int) -> None:
        self._open_now += tuple(path for path in self._paths if path not in self._open_now)
        self.opened.emit(self._open_now)
        settings = self._preferences.settings
        for path in reversed(self._paths[:3]):
            settings = with_recent(settings, RecentFolder(str(Path(path).absolute()), today(), series))
        self._preferences.set(settings)

    def _on_closed(self) -> None:
        self._open_now = ()
        self.opened.emit(())
        self._problems = self._roots = ()
        self.problems_changed.emit(())

    def show_in_folder(self, problem: Problem) -> None:
        """The folder of the file that a problem names, in the system's file manager."""
        in_background(partial(located, problem.path, self._roots), self._show_folder, self)

    def find_file(self, problem: Problem) -> None:
        """Tell ``file_found`` where the file of a problem lies; an archive stands for its entries."""
        in_background(
            partial(located, problem.path, self._roots), lambda found: self._tell_file(found, problem), self
        )

    def _tell_file(self, found: str, problem: Problem) -> None:
        if found:
            self.file_found.emit(found, problem)
        else:
            self.noticed.emit(Notice("warning", tr(NOT_THERE)))

    def _show_folder(self, found: str) -> None:
        if found:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(Path(found).parent)))
        else:
            self.noticed.emit(Notice("warning", tr(NOT_THERE)))


def _keep_out(study: StudyInfo) -> None:
    """Out of the log."""
    log.keep_out(
        *_names(study.patient_name),
        *_names(study.referring_physician),
        study.patient_id,
        study.birth_date,
        study.study_date,
        study.institution,
    )


def _names(person: str) -> tuple[str, ...]:
    """A DICOM person name and its parts."""
    return person, *person.replace("^", " ").split()


def _is_good_start(stack: StackInfo) -> bool:
    words = " ".join((*stack.badges, stack.split_reason, stack.description)).lower()
    return (
        stack.supported and "localizer" not in words and "scout" not in words and stack.slices >= FEW_SLICES
    )


def summary_words(summary: ScanSummary, series: int) -> str:
    """`24 files: 20 images in 1 series, 3 not DICOM, 1 with problems`."""
    others = sum(problem.code in NOT_IMAGES for problem in summary.skipped)
    wrong = len(summary.skipped) - others + len(summary.problems)
    parts = [
        tr(
            "{files}: {images} in {series}",
            files=trn("{count} file", "{count} files", summary.seen),
            images=trn("{count} image", "{count} images", summary.used),
            series=trn("{count} series", "{count} series", series),
        )
    ]
    parts += [tr("{count} not DICOM", count=others)] if others else []
    parts += [tr("{count} with problems", count=wrong)] if wrong else []
    return ", ".join(parts)


def located(shown_path: str, roots: Sequence[str]) -> str:
    """The file named by a problem, relative to one of the roots; empty when it is gone.

    An entry of an archive is found as its archive. A dead network drive makes this hang.
    """
    if not shown_path:
        return ""
    for root in (Path(root) for root in roots):
        base = root if root.is_dir() else root.parent
        inside = Path(shown_path)
        for part in (inside, *inside.parents):
            if part.name and (base / part).exists():
                return str(base / part)
    return ""


def counted(problems: Sequence[Problem]) -> int:
    """How many problems the browser's last line tells: files that are no images are none."""
    return sum(problem.code not in NOT_IMAGES for problem in problems)
