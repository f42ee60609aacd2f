"""One series on its way to disk: slices as they come, then everything that is made of all of them."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread

from brainsr_desktop.core.errors import DiskFull, InternalError, Problem, WriteError
from brainsr_desktop.core.geometry import Geometry
from brainsr_desktop.io.anonymise import anonymise
from brainsr_desktop.io.dicom_write import (
    NOTICE,
    ExportFacts,
    SliceFacts,
    StoredPixels,
    build,
    encode,
    picture_text,
)
from brainsr_desktop.io.export_journal import Journal, file_digest, write_whole
from brainsr_desktop.io.export_names import REPORT_NAME, file_name
from brainsr_desktop.io.export_outputs import OutputFacts, StoredSlice, outputs
from brainsr_desktop.io.export_plan import PlannedFrame
from brainsr_desktop.io.export_records import SliceRecord
from brainsr_desktop.io.export_report import encoded, report
from brainsr_desktop.io.export_source import SourceFiles
from brainsr_desktop.io.export_target import Target, move_into_place
from brainsr_desktop.io.messages import ExportFormat, OpenExport, Scores
from brainsr_desktop.io.report import series_report
from brainsr_desktop.language import tr

log = logging.getLogger(__name__)

RAW: Final = ".raw"
NOTICED_CLIPPING: Final = 0.001
"""Part of all pixels above which clipped values are worth a notice."""

Tick = Callable[[int, int, str], None]
"""Called with (done, total, note) while a job ends; may raise `Cancelled`."""


class ExportJob:
    """An export whose folder is locked and whose journal is open."""

    def __init__(
        self,
        request: OpenExport,
        frames: tuple[PlannedFrame, ...],
        formats: tuple[ExportFormat, ...],
        geometry: Geometry,
        target: Target,
        journal: Journal,
        sources: SourceFiles,
        groups: Mapping[int, int],
        key: UUID,
        problems: tuple[Problem, ...],
    ) -> None:
        self.request = request
        self.formats = formats
        self.target = target
        self.problems = list(problems)
        self._frames = {item.index: item for item in frames}
        self._geometry = geometry
        self._journal = journal
        self._sources = sources
        self._groups = groups
        self._key = key
        self._values = journal.job.values
        self._facts = ExportFacts(
            UUID(journal.job.job),
            datetime.fromisoformat(journal.job.started),
            request.recipe.scale,
            journal.job.model,
            request.recipe.careful,
        )

    @property
    def missing(self) -> tuple[int, ...]:
        """Indices whose pixels are still wanted, in the order of their numbers."""
        written = {record.index for record in self._journal.slices.values()}
        return tuple(index for index in self._frames if index not in written)

    @property
    def written(self) -> int:
        """How many slices are safe on disk."""
        return len(self._journal.slices)

    def write(self, index: int, pixels: NDArray[np.float32], scores: Scores = ()) -> bool:
        """Write one enlarged slice (rows, columns), in stored units of the source; it is safe on disk afterwards.

        False where it was refused because its source has changed: a problem says so.

        Raises:
            DiskFull, NotWritable, WriteError: nothing is left of this slice; the export can go on later.
        """
        item = self._frames.get(index)
        if item is None or pixels.shape != (self._geometry.rows, self._geometry.columns):
            raise InternalError(f"Slice {index} of shape {pixels.shape} does not belong to this export.")
        if not self._sources.is_unchanged(item.frame):
            name = "" if self.request.options.anonymise else Path(item.frame.path).name
            reason = tr(
                "slice {number}: its file has changed since it was opened",
                number=item.slice_index + 1,
            )
            self.problems.append(
                Problem(name, "CHANGED", reason, tr("left out of the export; open the folder again"))
            )
            return False
        stored, clipped = self._values.stored(pixels)
        content, record = self._dicom(item, stored) if "dicom" in self.formats else self._raw(item, stored)
        try:
            digest = write_whole(self.target.partial / record.file, content)
            self._journal.add(replace(record, sha256=digest, clipped=clipped, scores=scores))
        except DiskFull as error:
            done, total = len(self._journal.slices), len(self._frames)
            message = tr("The disk is full after {done} of {total} slices.", done=done, total=total)
            raise DiskFull(message, advice=error.advice, path=self.target.partial) from error
        return True

    def finish(self, notes: tuple[Problem, ...], tick: Tick) -> tuple[Path, int, int]:
        """Read everything back, write what is made of all slices, and give the folder its final name.

        Returns the folder, the number of files beside ``export.json``, and the number of clipped pixels.

        Raises:
            WriteError: nothing was written, or a file reads back differently. The partial folder stays.
        """
        records = sorted(self._journal.slices.values(), key=lambda record: record.number)
        if not records:
            raise WriteError(
                tr("Not one slice of this export was written."), advice=tr("Export the series again.")
            )
        for done, record in enumerate(records):
            tick(done, len(records), tr("reading back"))
            self._check(record)
        made = self._outputs(records, tick)
        clipped = sum(record.clipped for record in records)
        problems = [
            *self.problems,
            *notes,
            *self._missing_problem(),
            *self._clipping_problem(clipped, len(records)),
        ]
        frames = tuple(self._frames.values())
        content = report(self.request, self._journal, frames, self._geometry, made, problems)
        write_whole(self.target.partial / REPORT_NAME, encoded(content))
        # From here on the export is complete: whatever happens, only names are left to be put right.
        self._journal.finish()
        for record in records:
            if not record.kept:
                (self.target.partial / record.file).unlink()
        self._journal.remove()
        final, more = move_into_place(self.target)
        self.problems = [*problems, *more]
        return final, len(content["files"]), clipped

    def _dicom(self, item: PlannedFrame, stored: NDArray[np.generic]) -> tuple[bytes, SliceRecord]:
        source = self._sources.slice(item.frame)
        pixels: StoredPixels = stored  # type: ignore[assignment]  # 16-bit: see `stored_values`
        built = build(source, pixels, self._facts, self._place(item))
        hidden = self.request.options.anonymise
        if hidden:
            anonymise(built.dataset, self._key, self._facts.factor)
        uid = str(built.dataset.SOPInstanceUID)
        content = encode(built.dataset, self.request.options.transfer_syntax)
        record = replace(
            self._record(item, stored, file_name(item.number, ".dcm")),
            kept=True,
            sop_uid=uid,
            frame=source.frame_number,
            repairs=built.repairs,
            dropped=tuple(sorted(source.dropped)),
            private=source.private,
            comment="" if hidden else source.readable("ImageComments"),
        )
        return content, record

    def _raw(self, item: PlannedFrame, stored: NDArray[np.generic]) -> tuple[bytes, SliceRecord]:
        return stored.tobytes(), self._record(item, stored, file_name(item.number, RAW))

    def _record(self, item: PlannedFrame, stored: NDArray[np.generic], name: str) -> SliceRecord:
        hidden = self.request.options.anonymise
        finite = stored[np.isfinite(stored)]
        return SliceRecord(
            file=name,
            sha256="",
            kept=False,
            index=item.index,
            number=item.number,
            volume=item.volume + 1,
            slice=item.slice_index + 1,
            group=self._groups.get(item.volume, 0),
            frame=None,
            tile=item.frame.tile,
            sop_uid="",
            source_uid="" if hidden else item.frame.sop_uid,
            source_file="" if hidden else Path(item.frame.path).name,
            source_sha256="" if hidden else self._sources.digest(item.frame),
            pixels=hashlib.sha256(stored.tobytes()).hexdigest(),
            lowest=float(finite.min()) if finite.size else 0.0,
            highest=float(finite.max()) if finite.size else 0.0,
            clipped=0,
        )

    def _place(self, item: PlannedFrame) -> SliceFacts:
        stack, group = self.request.stack, self._groups.get(item.volume, 0)
        volumes = [volume for volume, found in sorted(self._groups.items()) if found == group]
        return SliceFacts(
            frame=item.frame,
            geometry=self._geometry.slice(item.slice_index),
            instance_number=item.number,
            series_number=self._journal.job.series_numbers[group],
            group=group,
            volume=(volumes.index(item.volume) + 1, len(volumes)) if stack.volumes > 1 else None,
            rescale=(self._values.slope, self._values.intercept) if self._values.is_scaled else None,
            photometric=stack.photometric,
            copy=item.copy,
        )

    def _check(self, record: SliceRecord) -> None:
        """Read a file back: same bytes, same identity, same pixels."""
        path = self.target.partial / record.file
        try:
            same = file_digest(path) == record.sha256
            if same and record.kept:
                dataset = dcmread(path)
                packed = dataset.file_meta.TransferSyntaxUID.is_compressed
                pixels = dataset.pixel_array.tobytes() if packed else dataset.PixelData
                same = str(dataset.SOPInstanceUID) == record.sop_uid
                same = same and hashlib.sha256(pixels).hexdigest() == record.pixels
        except OSError:
            same = False
        if not same:
            self._journal.forget(record.file)
            raise WriteError(
                tr("{file} reads back differently from what was written.", file=record.file),
                advice=tr("Check the disk, then start the export again: this file will be written anew."),
                path=path,
            )

    def _outputs(self, records: Sequence[SliceRecord], tick: Tick) -> dict[str, str]:
        wanted = [name for name in self.formats if name != "dicom"]
        slices = [self._stored_slice(record) for record in records]
        made: dict[str, str] = {}
        for done, name in enumerate(wanted):
            step = partial(tick, done, len(wanted), tr("writing {name}", name=name))
            if name == "report":
                made.update(self._report(slices, step))
                continue
            for output in outputs(name, self._output_facts(), slices, step):
                made[output.name] = write_whole(self.target.partial / output.name, output.write)
        return made

    def _report(self, slices: Sequence[StoredSlice], step: Callable[[], None]) -> dict[str, str]:
        from brainsr_desktop.io.report_file import files_of  # ReportLab: not before it is wanted

        facts = self._output_facts()
        made = series_report(self.request, facts, slices, self._sources.units, self._patient(), step)
        files = ((f"{facts.name}_report{suffix}", content) for suffix, content in files_of(made))
        return {name: write_whole(self.target.partial / name, content) for name, content in files}

    def _patient(self) -> tuple[tuple[str, str], ...]:
        """What the report says of the patient; of a file without a header nothing but its description."""
        stack, options = self.request.stack, self.request.options
        if options.anonymise or options.hide_patient:
            return ()
        rows = [(tr("Series"), stack.description)]
        if stack.kind == "dicom":
            head = self._sources.slice(next(iter(self._frames.values())).frame)
            rows += [
                (tr("Patient"), head.readable("PatientName")),
                (tr("Patient ID"), head.readable("PatientID")),
                (tr("Study date"), head.string("StudyDate")),
            ]
        return tuple(rows)

    def _stored_slice(self, record: SliceRecord) -> StoredSlice:
        item, values = self._frames[record.index], self._values
        # The difference of two values has lost the intercept of both.
        offset = 0.0 if self.request.options.picture == "difference" else item.frame.intercept
        return StoredSlice(
            path=self.target.partial / record.file,
            number=item.number,
            volume=item.volume,
            slice_index=item.slice_index,
            group=record.group,
            slope=item.frame.slope * values.slope,
            intercept=item.frame.slope * values.intercept + offset,
            lowest=record.lowest,
            highest=record.highest,
            shape=(self._geometry.rows, self._geometry.columns),
            dtype=values.dtype,
            index=record.index,
            scores=record.scores,
        )

    def _output_facts(self) -> OutputFacts:
        stack, job, options = self.request.stack, self._journal.job, self.request.options
        first = next(iter(self._frames.values()))
        window = options.window
        if window is None and options.picture != "difference":
            windows = [item.frame.window for item in self._frames.values() if item.frame.window is not None]
            window = windows[len(windows) // 2] if windows else None
        return OutputFacts(
            name=job.name,
            geometry=self._geometry,
            title=f"BrainSR x{self._facts.factor} {self._facts.model.id}; {NOTICE}",
            notice=picture_text(options.picture, self._facts),
            has_spacing=stack.has_spacing,
            scale=stack.geometry.spacing_mm[0] / self._geometry.spacing_mm[0],
            nifti_source=first.frame if stack.kind == "nifti" else None,
            png_offset=max(0, round(-first.frame.intercept)) if stack.kind == "png" else 0,
            thickness_mm=stack.thickness_mm,
            volume_step_s=job.volume_step_s,
            window=window,
            inverted=(stack.photometric == "MONOCHROME1") != options.inverted,
            picture=options.picture,
            for_figures=options.for_figures,
        )

    def _missing_problem(self) -> list[Problem]:
        missing = [self._frames[index] for index in self.missing]
        if not missing:
            return []
        numbers = ", ".join(str(item.number) for item in missing[:20]) + (" ..." if len(missing) > 20 else "")
        reason = tr(
            "{count} slices are missing in the export: {numbers}", count=len(missing), numbers=numbers
        )
        return [Problem("", "MISSING_SLICES", reason, tr("named in export.json"))]

    def _clipping_problem(self, clipped: int, slices: int) -> list[Problem]:
        part = clipped / (slices * self._geometry.rows * self._geometry.columns)
        if part <= NOTICED_CLIPPING:
            return []
        reason = tr(
            "{percent:.1f} % of the pixels lie outside what the file format can hold", percent=100 * part
        )
        return [Problem("", "CLIPPED", reason, tr("cut to the nearest value"))]
