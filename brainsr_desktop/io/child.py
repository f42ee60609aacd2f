"""The files process: scans, loads, thumbnails, headers and exports, each kind of work in a lane of its own."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from multiprocessing.connection import Connection
from typing import Final

import psutil

from brainsr_desktop.core.errors import ReadError
from brainsr_desktop.core.series import SeriesInfo
from brainsr_desktop.io import messages
from brainsr_desktop.io.decode_process import shared_decoder
from brainsr_desktop.io.export import Exports
from brainsr_desktop.io.header_view import header_rows
from brainsr_desktop.io.load import load_stack
from brainsr_desktop.io.masks import outline_of, read_mask
from brainsr_desktop.io.scan import scan
from brainsr_desktop.io.thumbnail import thumbnail
from brainsr_desktop.ipc.bounds import GIB, bound
from brainsr_desktop.ipc.child import JobContext, serve
from brainsr_desktop.ipc.shared_array import attach
from brainsr_desktop.language import tr

LANES: Final[Mapping[type, str]] = {
    messages.ScanSources: "scan",
    messages.LoadStack: "load",
    messages.MakeThumbnail: "thumbnail",
    messages.ReadHeader: "thumbnail",
    messages.ReadMask: "thumbnail",
    messages.OpenExport: "export",
    messages.WriteFrames: "export",
    messages.CloseExport: "export",
}

ADDRESS_SPACE: Final = 2
"""Times the machine's memory. A series may take 70 % of it in one block (`ipc.shared_array`), and an export as much."""
SPARE_BYTES: Final = 8 * GIB
"""For libraries, and for the stacks of threads, which are reserved but hardly used."""


def main(connection: Connection) -> None:
    """Entry point: serve until the pipe closes."""
    warnings.simplefilter("ignore")
    bound(ADDRESS_SPACE * psutil.virtual_memory().total + SPARE_BYTES)
    exports = Exports()
    serve(
        connection,
        {
            messages.ScanSources: scan_sources,
            messages.LoadStack: load,
            messages.MakeThumbnail: make_thumbnail,
            messages.ReadHeader: read_header,
            messages.ReadMask: read_outline,
            messages.OpenExport: exports.open,
            messages.WriteFrames: exports.write,
            messages.CloseExport: exports.close,
        },
        lanes=LANES,
        on_end=shared_decoder().stop,
    )


def scan_sources(request: messages.ScanSources, context: JobContext) -> messages.ScanDone:
    """Tell every series as it is found."""

    def tell_begun(series: SeriesInfo) -> None:
        context.send(messages.SeriesBegun(request.job, series))

    summary = scan(
        request.paths,
        recursive=request.recursive,
        password=request.password,
        on_begun=tell_begun if request.begun else None,
        on_series=lambda series: context.send(messages.SeriesFound(request.job, series)),
        progress=context.progress,
        check_cancelled=context.check_cancelled,
    )
    return messages.ScanDone(request.job, summary)


def load(request: messages.LoadStack, context: JobContext) -> messages.StackLoaded:
    """Fill the window's block."""
    total = len(request.stack.frames if request.indices is None else request.indices)
    done = 0

    def on_frame(index: int, problem: object) -> None:
        nonlocal done
        done += 1
        context.send(messages.FrameLoaded(request.job, index, problem))  # type: ignore[arg-type]
        context.progress(done, total)

    with attach(request.into) as block:
        digest, problems = load_stack(
            request.stack,
            block,
            indices=request.indices,
            on_frame=on_frame,
            check_cancelled=context.check_cancelled,
        )
    return messages.StackLoaded(request.job, digest, problems)


def make_thumbnail(request: messages.MakeThumbnail, context: JobContext) -> messages.ThumbnailMade:
    """A small picture of the middle slice."""
    context.check_cancelled()
    picture = thumbnail(request.stack, request.side_px)
    samples = 1 if picture.ndim == 2 else picture.shape[2]
    rows, columns = picture.shape[:2]
    return messages.ThumbnailMade(request.job, request.stack.id, rows, columns, samples, picture.tobytes())


def read_header(request: messages.ReadHeader, context: JobContext) -> messages.HeaderRead:
    """All fields of one frame's header."""
    context.check_cancelled()
    frame = request.stack.frames[request.index]
    if frame is None:
        raise ReadError(tr("There is no picture at this position."))
    if request.stack.kind != "dicom":
        lines = request.stack.header
        return messages.HeaderRead(request.job, tuple(("", label, "", value) for label, value in lines))
    return messages.HeaderRead(request.job, header_rows(frame))


def read_outline(request: messages.ReadMask, context: JobContext) -> messages.MaskRead:
    """The outline of one frame's mask."""
    context.check_cancelled()
    mask = read_mask(request.stack, request.index)
    pieces = b"" if mask is None else outline_of(mask).tobytes()
    return messages.MaskRead(request.job, request.stack.id, request.index, pieces)
