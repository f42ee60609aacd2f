"""From what the user wants to what both panes show: opens, plans, asks the children, keeps results, tells the widgets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from PySide6.QtCore import QObject, Signal

from brainsr_desktop.app.store import Store
from brainsr_desktop.core.series import StackInfo
from brainsr_desktop.models.catalog import Catalog, load_catalog
from brainsr_desktop.session.pictures import PaneStatus, Picture
from brainsr_desktop.session.reports import ExportRequest
from brainsr_desktop.session.windows import SeriesRange

FILES_TARGET: Final = "brainsr_desktop.io.child:main"
ENGINE_TARGET: Final = "brainsr_desktop.engine.child:main"


class Controller(QObject):
    """Lives in the GUI thread and does nothing there that takes longer than 16 ms.

    It follows ``store.changed`` by itself: widgets change the state through intents and draw what these signals bring.
    """

    series_found = Signal(object)  # SeriesInfo; stack ids are unique in the session
    scan_progress = Signal(int, int)  # files looked at, files known of (0: not known yet)
    scan_done = Signal(object)  # ScanSummary
    closed = Signal()  # every series was closed
    thumbnail_ready = Signal(str, object)  # stack id, uint8 array (rows, columns) or (rows, columns, 3)
    left_changed = Signal(object, object)  # Picture | None, PaneStatus
    right_changed = Signal(object, object)  # Picture | None, PaneStatus
    slice_states_changed = Signal(object)  # dict[int, SliceState], slices of the volume in view
    range_changed = Signal(object)  # SeriesRange | None: windows and robust range of the stack in view
    devices_found = Signal(object)  # tuple[DeviceInfo, ...]; the first is what "auto" takes
    scores_changed = Signal(
        object
    )  # dict[str, dict[str, float]]: model -> metrics of the slice in view, test mode
    job_changed = Signal(object)  # JobView
    notice = Signal(object)  # Notice
    memory_changed = Signal(int, int)  # bytes the results take, their limit
    header_ready = Signal(object, object)  # StackInfo, rows of (tag, keyword, VR, value)

    def __init__(
        self,
        store: Store,
        *,
        catalog: Catalog | None = None,
        cache_bytes: int | None = None,
        files_target: str = FILES_TARGET,
        engine_target: str = ENGINE_TARGET,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.store = store
        self.catalog = catalog or load_catalog()

    # What is shown now: value read-outs, histograms and copies take it from here

    @property
    def left_picture(self) -> Picture | None:
        """What the original pane shows."""
        raise NotImplementedError

    @property
    def right_picture(self) -> Picture | None:
        """What the enhanced pane shows."""
        raise NotImplementedError

    @property
    def left_status(self) -> PaneStatus:
        """Label of the original pane."""
        raise NotImplementedError

    @property
    def right_status(self) -> PaneStatus:
        """Label of the enhanced pane."""
        raise NotImplementedError

    @property
    def series_range(self) -> SeriesRange | None:
        """Windows and robust range of the stack in view; None until enough of it is loaded."""
        raise NotImplementedError

    @property
    def scores(self) -> Mapping[str, Mapping[str, float]]:
        """Metrics of the slice in view, by model."""
        raise NotImplementedError

    def values_at(self, x_mm: float, y_mm: float) -> tuple[float | None, float | None]:
        """Values in units under a place of the slice's plane: left pane, right pane."""
        raise NotImplementedError

    # Opening

    def start(self) -> None:
        """Start the files process. Called once the window is visible."""

    def open_paths(self, paths: list[str], *, replace: bool = False, password: str | None = None) -> None:
        """Look for series in files and folders; ``replace`` closes what is open first."""

    def open_stack(self, stack: StackInfo) -> None:
        """Show a stack."""

    def close_all(self) -> None:
        """Close every series."""

    def request_thumbnail(self, stack: StackInfo) -> None:
        """Ask for ``thumbnail_ready``."""

    def request_header(self, stack: StackInfo, index: int) -> None:
        """Ask for ``header_ready``: every header field of a frame (volume * slices + slice)."""

    # Enhancing

    def choose_model(self, name: str, scale: int) -> None:
        """Enhance with another model, previewed by the fast one of its scale (undoable)."""

    def enhance_series(self) -> None:
        """Make every slice of the volumes in view's stack with the full network."""

    def export(self, request: ExportRequest) -> None:
        """Enhance what is missing and write it."""

    def cancel_job(self, id: int) -> None:
        """Stop a job; what is finished stays."""

    def stop_network(self) -> None:
        """Network off: what runs for the panes is stopped."""

    def retry(self, *, on_cpu: bool = False) -> None:
        """Try again what failed, and start the engine again if it stopped; ``on_cpu`` changes the device."""

    # Ending

    @property
    def busy(self) -> bool:
        """Whether a series is being enhanced or exported: closing should ask."""
        raise NotImplementedError

    def shut_down(self) -> None:
        """End both children and unlink every block. Takes up to some seconds; nothing may be called after it."""
