"""What the controller tells the widgets, whoever it hears it from."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal


class ControllerSignals(QObject):
    """Lives in the GUI thread. The widgets know these signals, not the parts of the controller that emit them."""

    series_begun = Signal(
        object
    )  # SeriesInfo whose one stack stands in for it, again when its files are counted
    series_found = Signal(object)  # SeriesInfo; stack ids are unique in the session
    scan_progress = Signal(int, int)  # files looked at, files known of (0: not known yet)
    scan_done = Signal(object)  # ScanSummary
    scans_ended = Signal()  # no header is being read any more
    close_asked = Signal(object)  # StackInfo that cannot be read: the user has no more use for it
    closed = Signal()  # every series was closed
    thumbnail_ready = Signal(str, object)  # stack id, uint8 array (rows, columns) or (rows, columns, 3)
    left_changed = Signal(object, object)  # Picture | None, PaneStatus
    right_changed = Signal(object, object)  # Picture | None, PaneStatus
    map_changed = Signal(object, object)  # Picture | None, PaneStatus: what the right pane draws in its place
    compared_changed = Signal(object)  # Compared | None: what the places of greatest change come from
    slice_states_changed = Signal(object)  # dict[int, SliceState], slices of the volume in view
    range_changed = Signal(object)  # SeriesRange | None: windows and robust range of the stack in view
    devices_found = Signal(object)  # tuple[DeviceInfo, ...]; the first is what "auto" takes
    scores_changed = Signal(
        object
    )  # dict[str, dict[str, float]], test mode: model -> metrics of the slice in view
    means_changed = Signal(object)  # Means: metrics over the slices judged so far, test mode
    sweep_changed = Signal(object)  # SweepView
    job_changed = Signal(object)  # JobView
    notice = Signal(object)  # Notice
    memory_changed = Signal(object, object)  # bytes of results, their limit: more than an int of Qt holds
    catalog_changed = Signal(object)  # Catalog
    export_opened = Signal(str)  # a folder that was exported is to be opened
    header_ready = Signal(object, object)  # StackInfo, rows of (tag, keyword, VR, value)
    mask_ready = Signal(object, int, object)  # StackInfo, frame, pieces of the outline: see io's MaskRead
