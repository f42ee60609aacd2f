"""``export.json``: where an exported series came from and how it was made; the mark by which an export is known."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from brainsr_desktop import __version__
from brainsr_desktop.core.errors import Problem
from brainsr_desktop.core.geometry import Geometry
from brainsr_desktop.core.series import StackInfo
from brainsr_desktop.io.export_journal import LONGEST_JSON_BYTES, Journal, file_digest, json_object
from brainsr_desktop.io.export_names import REPORT_NAME
from brainsr_desktop.io.export_plan import RULES, PlannedFrame
from brainsr_desktop.io.export_records import SliceRecord, is_plain_name
from brainsr_desktop.io.messages import ModelNote, OpenExport

SCHEMA: Final = "brainsr-export/1"
LITTER: Final = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})
"""What file managers leave in any folder."""
STATEMENT: Final = (
    "Derived pictures without new acquired information. Not for primary diagnosis. Pixels are not defaced."
)


def report(
    request: OpenExport,
    journal: Journal,
    frames: Sequence[PlannedFrame],
    geometry: Geometry,
    outputs: Mapping[str, str],
    problems: Iterable[Problem],
) -> dict[str, Any]:
    """The whole content of ``export.json``.

    `geometry` is that of the enlarged stack, `outputs` the SHA-256 of each file made of several slices, by its name.
    Everything comes from the request and the journal, so an export that was interrupted ends with the same report.
    """
    hidden, job = request.options.anonymise, journal.job
    slices = [journal.slices[name] for name in sorted(journal.slices)]
    written = {record.index for record in slices}
    files = [_file(record, hidden) for record in slices if record.kept]
    files += [{"name": name, "sha256": digest} for name, digest in sorted(outputs.items())]
    return {
        "schema": SCHEMA,
        "statement": STATEMENT,
        "program": {"name": "BrainSR Desktop", "version": __version__, "rules": RULES},
        "job": job.job,
        "started": None if hidden else job.started,
        "fingerprint": job.fingerprint,
        "anonymised": hidden,
        "model": _model(job.model),
        "engine": {"backend": job.model.backend, "device": job.model.device},
        "recipe": _recipe(request),
        "factor": request.recipe.scale,
        "formats": list(job.formats),
        "transfer_syntax": request.options.transfer_syntax,
        "stored_values": asdict(job.values),
        "source": None if hidden else _source(request.stack, slices, frames),
        "series_numbers": list(job.series_numbers),
        "files": files,
        "missing": [_missing(item) for item in frames if item.index not in written],
        "repairs": _repairs(slices),
        "dropped": sorted({keyword for record in slices for keyword in record.dropped}),
        "private_elements_dropped": max((record.private for record in slices), default=0),
        "source_comments": sorted({record.comment for record in slices if record.comment}),
        "warnings": [_problem(problem, hidden) for problem in problems],
        "geometry": _corners(request.stack, geometry, sorted({item.slice_index for item in frames})),
        "clipped_pixels": sum(record.clipped for record in slices),
    }


def encoded(content: Mapping[str, Any]) -> bytes:
    """The bytes of ``export.json``: ASCII, keys in order, so equal content gives equal files."""
    return json.dumps(content, indent=1, sort_keys=True, ensure_ascii=True).encode("ascii") + b"\n"


def read_report(folder: Path) -> dict[str, Any] | None:
    """The report of an export in `folder`; None where there is none that this program wrote."""
    path = folder / REPORT_NAME
    try:
        if path.is_symlink() or path.stat().st_size > LONGEST_JSON_BYTES:
            return None
        content = json_object(path.read_bytes())
    except OSError:
        return None
    if content is None or content.get("schema") != SCHEMA or not isinstance(content.get("files"), list):
        return None
    sound = all(
        isinstance(entry, dict) and isinstance(entry.get("sha256"), str) and is_plain_name(entry.get("name"))
        for entry in content["files"]
    )
    return content if sound else None


def is_intact(folder: Path, content: Mapping[str, Any]) -> bool:
    """Whether all files of an export are there, byte for byte."""
    try:
        return all(file_digest(folder / entry["name"]) == entry["sha256"] for entry in content["files"])
    except OSError:
        return False


def own_names(content: Mapping[str, Any]) -> set[str]:
    """Names of the files of an export."""
    return {entry["name"] for entry in content["files"]} | {REPORT_NAME}


def holds_nothing_else(folder: Path, content: Mapping[str, Any]) -> bool:
    """Whether the folder holds that export alone, so that replacing it loses nothing else."""
    own = own_names(content) | LITTER
    try:
        return all(path.name in own and path.is_file() for path in folder.iterdir())
    except OSError:
        return False


def _file(record: SliceRecord, hidden: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "name": record.file,
        "sha256": record.sha256,
        "sop_uid": record.sop_uid,
        "frame": record.frame,
        "tile": record.tile,
        "volume": record.volume,
        "slice": record.slice,
        "clipped": record.clipped,
    }
    return shown if hidden else {**shown, "source_uid": record.source_uid}


def _model(note: ModelNote) -> dict[str, str]:
    return {
        "id": note.id,
        "title": note.title,
        "sha256": note.sha256,
        "grid": note.grid,
        "training_data": note.data_statement,
    }


def _recipe(request: OpenExport) -> dict[str, Any]:
    recipe = asdict(request.recipe)
    return {key: recipe[key] for key in ("model", "scale", "degradation", "precision", "strength", "careful")}


def _source(
    stack: StackInfo, slices: Sequence[SliceRecord], frames: Sequence[PlannedFrame]
) -> dict[str, Any]:
    digests = {record.source_file: record.source_sha256 for record in slices}
    return {
        "kind": stack.kind,
        "series_uid": stack.series_uid,
        "sop_uids": sorted({item.frame.sop_uid for item in frames if item.frame.sop_uid}),
        "files": [{"name": name, "sha256": digest} for name, digest in sorted(digests.items())],
    }


def _missing(item: PlannedFrame) -> dict[str, int]:
    return {"number": item.number, "volume": item.volume + 1, "slice": item.slice_index + 1}


def _repairs(slices: Sequence[SliceRecord]) -> list[dict[str, Any]]:
    """Each repair once, with the number of files it was made in."""
    counts = Counter(repair for record in slices for repair in record.repairs)
    return [
        {"keyword": keyword, "done": note, "files": count}
        for (keyword, note), count in sorted(counts.items())
    ]


def _problem(problem: Problem, hidden: bool) -> dict[str, str]:
    shown = {"code": problem.code, "reason": problem.reason, "done": problem.done}
    return shown if hidden or not problem.path else {**shown, "path": problem.path}


def _corners(stack: StackInfo, geometry: Geometry, slices: Sequence[int]) -> dict[str, Any]:
    """Outer corners (mm, LPS) of the first and last slice before and after: equal, but for a padded far edge."""
    ends = [slices[0], slices[-1]] if slices else []
    return {
        "has_position": stack.has_position,
        "has_spacing": stack.has_spacing,
        "matrix_before": [stack.geometry.rows, stack.geometry.columns],
        "matrix_after": [geometry.rows, geometry.columns],
        "spacing_mm_before": list(stack.geometry.spacing_mm),
        "spacing_mm_after": list(geometry.spacing_mm),
        "corners_mm_before": [_rounded(stack.geometry.corners_mm(index)) for index in ends],
        "corners_mm_after": [_rounded(geometry.corners_mm(index)) for index in ends],
    }


def _rounded(corners: Iterable[tuple[float, float, float]]) -> list[list[float]]:
    return [[round(value, 6) + 0.0 for value in corner] for corner in corners]
