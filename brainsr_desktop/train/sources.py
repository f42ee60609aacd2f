"""Training data from anything that the window opens: DICOM, NIfTI, slice folders, .mat, .npy, .npz, stack files.

Every source goes through `io.scan` and `io.load`, the window's own readers. Each volume is divided by its robust
maximum (99.5th percentile of the voxels above half of Otsu's threshold), cut to 0..1 and stored as round(255 x), as the
data catalogue does; empty slices are left out; what remains is cropped to the head with a margin, to sides that are
multiples of the scale. Subjects are divided by `train.subjects`.
"""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from brainsr_desktop.core.errors import Problem, ReadError, UsageError
from brainsr_desktop.core.intensity import otsu_threshold, robust_max
from brainsr_desktop.core.metrics import head_mask
from brainsr_desktop.core.series import SeriesInfo, StackInfo
from brainsr_desktop.io.decode_process import shared_decoder
from brainsr_desktop.io.load import load_stack
from brainsr_desktop.io.scan import scan_all
from brainsr_desktop.train.config import Config, DataSource
from brainsr_desktop.train.dataset import TrainingSlice, read_slices
from brainsr_desktop.train.protocols import reduced_slice
from brainsr_desktop.train.subjects import (
    SplitName,
    contrast_in,
    divided,
    place_of,
    subject_of_path,
    subject_of_study,
)
from brainsr_desktop.train.validation import PROTOCOLS, BenchSlice, read_bench

Bytes: TypeAlias = npt.NDArray[np.uint8]
Floats: TypeAlias = npt.NDArray[np.float32]

log = logging.getLogger(__name__)

MARGIN_PX: Final = 6
SMALLEST_HEAD: Final = 0.02
"""Part of a slice's pixels that must be head; a slice with less is empty."""
STRAY: Final = 0.005
"""Part of a row or column, over all slices, that may be bright without being head: noise, ghosts."""
SAMPLES: Final = 1 << 23
"""At most about so many voxels decide the robust maximum of a volume."""
_PICTURES: Final = ("png", "jpeg", "tiff", "mat")
WATCHED_SLICES: Final = 24
"""At most so many held-back slices are enlarged at each validation."""


@dataclass(frozen=True, slots=True, eq=False)
class Volume:
    """Slices (rows, columns) uint8 of one size, 255 = the volume's robust maximum, and whose they are.

    ``numbers``: their places in the source; neighbours differ by one.
    """

    slices: tuple[Bytes, ...]
    numbers: tuple[int, ...]
    subject: str
    contrast: str


@dataclass(frozen=True, slots=True, eq=False)
class Gathered:
    """All that a run learns from and is watched on; ``told`` says in a few lines what was found."""

    train: list[TrainingSlice]
    validation: list[BenchSlice]
    told: tuple[str, ...] = ()


@dataclass(slots=True)
class _Found:
    """What one entry of the configuration gave."""

    number: int
    source: DataSource
    volumes: list[Volume] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)

    @property
    def name(self) -> str:
        """The entry, for messages."""
        return f"data.sources[{self.number}] ({self.source.path})"


def gather(folder: Path, config: Config) -> Gathered:
    """Read stack files, sources and benchmark of a configuration; paths are relative to ``folder``.

    Raises:
        UsageError: an entry gives nothing, a person would be in two splits, or nobody is left to learn from.
        ReadError: a file of `data.stacks` or the benchmark cannot be read.
    """
    data, scale = config.data, config.network.scale
    train = read_slices(folder, data.stacks)
    least_px = scale * max(stage.patch_px for stage in config.stage)
    found = [read_source(folder, number, entry, scale, least_px) for number, entry in enumerate(data.sources)]
    splits = _splits(found, config)
    volumes = [(volume, _use(entry, volume, splits)) for entry in found for volume in entry.volumes]
    train += [
        TrainingSlice(pixels, volume.contrast, volume.subject)
        for volume, use in volumes
        if use == "train"
        for pixels in volume.slices
    ]
    _check_apart(train, volumes)
    if not train:
        raise UsageError(
            "No subject of data.sources came to the training split.",
            advice='Give data.split.train a larger share, more subjects, or a source use = "train".',
        )
    if data.validation:
        watched = read_bench(folder / data.validation, scale, data.validation_stride)
    else:
        watched = _held_back([volume for volume, use in volumes if use == "val"], scale)
    return Gathered(train, watched, tuple(_told(entry, splits) for entry in found))


def read_source(folder: Path, number: int, source: DataSource, scale: int, least_px: int) -> _Found:
    """The volumes of one entry. ``least_px``: what is smaller on a side is left out."""
    found = _Found(number, source)
    path = (folder / source.path).absolute()
    try:
        series, summary = scan_all([str(path)])
    except ReadError as error:
        raise UsageError(f"{found.name}: {error.message}", advice=error.advice, path=path) from error
    found.left_out.update(_reasons(summary.skipped))
    top = path if path.is_dir() else path.parent
    for one in series:
        for stack in one.stacks:
            reason = _why_not(stack, source)
            if reason:
                found.left_out[reason] += 1
                continue
            for volume in _volumes(one, stack, source, top, scale, least_px):
                if isinstance(volume, str):
                    found.left_out[volume] += 1
                else:
                    found.volumes.append(volume)
    shared_decoder().stop()
    if not found.volumes:
        reasons = ", ".join(f"{count} x {reason}" for reason, count in found.left_out.most_common(3))
        raise UsageError(f"{found.name} gives no slice to learn from: {reasons or 'it is empty'}.", path=path)
    return found


def _reasons(problems: Sequence[Problem]) -> list[str]:
    copies = "a second copy"  # its reason names the other file, so no two would be alike
    return [
        copies if problem.code == "DUPLICATE_FILE" else problem.reason.rstrip(".") for problem in problems
    ]


def _why_not(stack: StackInfo, source: DataSource) -> str:
    if source.kind and stack.kind != source.kind:
        return f"not {source.kind}"
    if "AI-made" in stack.badges:
        return "made by a network"
    return stack.why_not or ("" if None in stack.volume_unsuitable else str(stack.volume_unsuitable[0]))


def _volumes(
    series: SeriesInfo, stack: StackInfo, source: DataSource, top: Path, scale: int, least_px: int
) -> Iterator[Volume | str]:
    """The first suitable volume of a stack, apart for each subject; or why not."""
    first = stack.volume_unsuitable.index(None) * stack.slices
    by_subject: dict[str, list[int]] = defaultdict(list)
    for index in range(first, first + stack.slices):
        if stack.frames[index] is not None:
            by_subject[_subject(series, stack, index, source, top)].append(index)
    contrast = source.contrast or _contrast(stack, top)
    pixels = np.zeros(stack.shape, stack.dtype)
    damaged: set[int] = set()
    load_stack(
        stack,
        pixels,
        indices=[index for indices in by_subject.values() for index in indices],
        on_frame=lambda index, problem: damaged.add(index) if problem is not None else None,
    )
    for subject, indices in by_subject.items():
        if not subject:
            yield "the pattern of its subject is not in its path"
            continue
        good = [index for index in indices if index not in damaged]
        made = normalised(_in_units(stack, pixels, good), scale, least_px) if good else "damaged"
        if isinstance(made, str):
            yield made
            continue
        slices, kept = made
        step = 1 if stack.kind != "mat" else 2  # its slices are single pictures, no neighbours
        yield Volume(slices, tuple((good[place] - first) * step for place in kept), subject, contrast)


def _in_units(stack: StackInfo, pixels: npt.NDArray[Any], indices: Sequence[int]) -> Floats:
    chosen = pixels[list(indices)].astype(np.float32)
    for place, index in enumerate(indices):
        frame = stack.frames[index]
        assert frame is not None
        chosen[place] = chosen[place] * np.float32(frame.slope) + np.float32(frame.intercept)
    return np.where(np.isfinite(chosen), chosen, np.float32(0.0))


def normalised(volume: Floats, scale: int, least_px: int) -> tuple[tuple[Bytes, ...], tuple[int, ...]] | str:
    """Slices (slice, row, column) in any unit as training stores them, and which they are; or why there are none.

    Sides are multiples of ``scale``, at least ``least_px``.
    """
    sample = volume.ravel()[:: max(1, volume.size // SAMPLES) | 1]
    white = robust_max(sample)
    if not white > 0.0:
        return "all dark"
    head = volume > 0.5 * otsu_threshold(sample)
    kept = [number for number, mask in enumerate(head) if mask.mean() >= SMALLEST_HEAD]
    if not kept:
        return "no head in it"
    rows = _span(head[kept].mean((0, 2)), scale, least_px)
    columns = _span(head[kept].mean((0, 1)), scale, least_px)
    if rows is None or columns is None:
        return f"smaller than {least_px} pixels"
    stored = np.rint(np.clip(volume[kept, rows, columns] / np.float32(white), 0.0, 1.0) * 255.0)
    return tuple(np.ascontiguousarray(picture) for picture in stored.astype(np.uint8)), tuple(kept)


def _span(bright: npt.NDArray[np.floating], scale: int, least_px: int) -> slice | None:
    """The stretch of rows or columns with the head in it and a margin around; None where there are too few."""
    most = len(bright) // scale * scale
    least = -(-least_px // scale) * scale
    if most < least:
        return None
    inside = np.nonzero(bright > STRAY)[0]
    first, end = (int(inside[0]), int(inside[-1]) + 1) if inside.size else (0, len(bright))
    wanted = -(-(end - first + 2 * MARGIN_PX) // scale) * scale
    size = min(max(wanted, least), most)
    start = min(max((first + end - size) // 2, 0), len(bright) - size)
    return slice(start, start + size)


def _subject(series: SeriesInfo, stack: StackInfo, index: int, source: DataSource, top: Path) -> str:
    path = _path(stack, index, top)
    if source.subject:
        return subject_of_path(path, source.subject)
    told = subject_of_study(series.study)
    if told or stack.kind == "dicom":
        return told or series.study.study_uid or series.series_uid
    named = subject_of_path(path)
    # pictures that are only numbered belong to the folder that was given, which may be one person's
    return named if any(map(str.isdigit, named)) or stack.kind not in _PICTURES else f"{source.path}/{named}"


def _path(stack: StackInfo, index: int, top: Path) -> str:
    """Where a slice lies below its source, or in its archive; / between folders."""
    frame = stack.frames[index]
    assert frame is not None
    if frame.member and stack.kind != "numpy":
        return frame.member
    path = Path(frame.path)
    return path.relative_to(top).as_posix() if path.is_relative_to(top) else path.name


def _contrast(stack: StackInfo, top: Path) -> str:
    told = dict(stack.header).get("Contrast", "")
    if told or stack.kind == "mat":
        return told or "T1ce"  # the tumour study is of one contrast
    index = next(index for index, frame in enumerate(stack.frames) if frame is not None)
    return contrast_in(stack.description) or contrast_in(_path(stack, index, top))


def _splits(found: Sequence[_Found], config: Config) -> dict[str, SplitName]:
    subjects = {volume.subject for one in found if one.source.use == "split" for volume in one.volumes}
    return dict(divided(sorted(subjects), config.data.split))


def _use(entry: _Found, volume: Volume, splits: dict[str, SplitName]) -> SplitName:
    return splits[volume.subject] if entry.source.use == "split" else entry.source.use


def _check_apart(train: Sequence[TrainingSlice], volumes: Sequence[tuple[Volume, SplitName]]) -> None:
    """Nobody may be learnt from and judged on, under whichever entries the files stand."""
    uses: dict[float, set[str]] = defaultdict(set)
    for entry in train:
        if entry.subject:
            uses[place_of(entry.subject)].add("train")
    for volume, use in volumes:
        uses[place_of(volume.subject)].add(use)
    shared = [found for found in uses.values() if len(found) > 1]
    if shared:
        words = " and ".join(sorted(shared[0]))
        raise UsageError(
            f"data.sources: {len(shared)} subjects would be in {words} at once.",
            advice="Give the entries that hold the same people the same use.",
        )


def _held_back(volumes: Sequence[Volume], scale: int) -> list[BenchSlice]:
    """Slices of held-back subjects with inputs of every protocol, a few from each volume."""
    if not volumes:
        return []
    each = max(1, WATCHED_SLICES // len(volumes))
    chosen = [
        volume.slices[int(place)]
        for volume in volumes
        for place in dict.fromkeys(np.linspace(0, len(volume.slices) - 1, each + 2)[1:-1].round().tolist())
    ]
    step = -(-len(chosen) // WATCHED_SLICES)
    return [_bench_slice(pixels, scale, number) for number, pixels in enumerate(chosen[::step])]


def _bench_slice(pixels: Bytes, scale: int, number: int) -> BenchSlice:
    truth = pixels.astype(np.float32) / np.float32(255.0)
    low = {protocol: reduced_slice(truth, protocol, scale, number) for protocol in PROTOCOLS}
    head = head_mask(truth)
    return BenchSlice(truth, head if head.any() else np.ones(truth.shape, np.bool_), low)


def _told(entry: _Found, splits: dict[str, SplitName]) -> str:
    slices: Counter[str] = Counter()
    people: dict[str, set[str]] = defaultdict(set)
    for volume in entry.volumes:
        use = _use(entry, volume, splits)
        slices[use] += len(volume.slices)
        people[use].add(volume.subject)
    parts = [
        f"{use} {slices[use]} slices of {len(people[use])}" for use in ("train", "val", "test") if people[use]
    ]
    left = ", ".join(f"{count} x {reason}" for reason, count in entry.left_out.most_common(3))
    return f"{entry.name}: {', '.join(parts)} subjects" + (f"; left out: {left}" if left else "")
