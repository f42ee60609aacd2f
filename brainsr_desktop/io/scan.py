"""Headers of files and folders → series, each told as soon as it is complete; every file left out has its reason."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path
from typing import Final, Literal, TypeAlias, get_args

from brainsr_desktop.core.errors import BrainSRError, Problem, ReadError
from brainsr_desktop.core.series import ScanSummary, SeriesInfo, StackInfo
from brainsr_desktop.io import archive, formats
from brainsr_desktop.io.dicom_file import BadDicom, looks_like_dicom, quiet
from brainsr_desktop.io.duplicates import without_duplicates
from brainsr_desktop.io.formats import OtherKind
from brainsr_desktop.io.grouping import stacks_of
from brainsr_desktop.io.instance import read_pictures
from brainsr_desktop.io.peek import PEEK_BYTES, series_key
from brainsr_desktop.io.readers import Readers
from brainsr_desktop.io.records import FileFacts, Picture
from brainsr_desktop.io.sources import PREFIX_BYTES, Source, Walk, problem_of
from brainsr_desktop.io.text import natural_key
from brainsr_desktop.language import tr

log = logging.getLogger(__name__)

Kind: TypeAlias = Literal["dicom", "archive", "empty", "other"] | OtherKind
OTHER_KINDS: Final[tuple[OtherKind, ...]] = get_args(OtherKind)
_PACKED: Final = {b"7z\xbc\xaf\x27\x1c": "7z", b"Rar!\x1a\x07": "rar"}


@dataclass(frozen=True, slots=True)
class Sniffed:
    """What the first bytes tell. ``key``: study and series UID of a DICOM file, None if only its header tells."""

    kind: Kind
    key: tuple[str, str] | None = None
    note: str = ""


@dataclass(slots=True)
class _Series:
    """Files of one series: not yet read, or read already because their series was not known before."""

    sources: list[Source] = field(default_factory=list)
    read: list[tuple[Source, list[Picture]]] = field(default_factory=list)
    begun: str = ""
    """Id of the stack that stands in for it."""


def _ignore(*_: object) -> None:
    """Nobody listens."""


def scan(
    paths: Sequence[str],
    *,
    recursive: bool = True,
    password: str | None = None,
    on_begun: Callable[[SeriesInfo], None] | None = None,
    on_series: Callable[[SeriesInfo], None] = _ignore,
    progress: Callable[[int, int], None] = _ignore,
    check_cancelled: Callable[[], None] = _ignore,
) -> ScanSummary:
    """Read the headers below some paths and tell each series when it is complete.

    ``on_begun`` is told of a series at its first file, and again when its files are counted: with one stack that stands
    in for it (``StackInfo.reading``), by the same id both times. ``progress(files done, files in all)``. Raises
    ReadError when none of the paths can be read, and what ``check_cancelled`` raises.
    """
    with quiet(), Readers() as readers:
        return _Scan(readers, password, on_begun, on_series, progress, check_cancelled).run(paths, recursive)


def scan_all(
    paths: Sequence[str], *, recursive: bool = True, password: str | None = None
) -> tuple[list[SeriesInfo], ScanSummary]:
    """All series at once, in the order in which they are found, and the summary."""
    found: list[SeriesInfo] = []
    summary = scan(paths, recursive=recursive, password=password, on_series=found.append)
    return found, summary


class _Scan:
    def __init__(
        self,
        readers: Readers,
        password: str | None,
        on_begun: Callable[[SeriesInfo], None] | None,
        on_series: Callable[[SeriesInfo], None],
        progress: Callable[[int, int], None],
        check_cancelled: Callable[[], None],
    ) -> None:
        self._readers = readers
        self._password = password
        self._on_begun = on_begun
        self._on_series = on_series
        self._progress = progress
        self._check_cancelled = check_cancelled
        self._series: dict[tuple[str, ...], _Series] = defaultdict(_Series)
        self._unknown: list[Source] = []
        self._others: dict[Kind, list[Source]] = {kind: [] for kind in OTHER_KINDS}
        self._skipped: list[Problem] = []
        self._problems: list[Problem] = []
        self._seen = 0
        self._used = 0
        self._stacks = 0
        self._begun = 0

    def run(self, paths: Sequence[str], recursive: bool) -> ScanSummary:
        walk = Walk(paths, recursive=recursive, check_cancelled=self._check_cancelled)
        sources = list(walk)
        self._seen += walk.seen
        self._skipped += walk.skipped
        self._problems += walk.problems
        for source, result in self._readers.map(sniff, sources):
            self._check_cancelled()
            self._route(source, result)
            self._progress(len(self._skipped), self._seen)
        for series in self._series.values():
            self._begin(series)
        for source, pictures in self._readers.map(read_pictures, self._unknown):
            self._check_cancelled()
            self._keep(source, pictures)
        for key in list(self._series):
            self._finish(self._series.pop(key))
        self._finish_others()
        return ScanSummary(self._seen, self._used, tuple(self._skipped), tuple(dict.fromkeys(self._problems)))

    def _route(self, source: Source, result: Sniffed | Exception) -> None:
        if isinstance(result, Exception):
            self._skip(source, result)
        elif result.kind == "dicom" and result.key:
            series = self._series[result.key]
            series.sources.append(source)
            if not series.begun:
                self._begin(series)
        elif result.kind == "dicom":
            self._unknown.append(source)
        elif result.kind in self._others:
            self._others[result.kind].append(source)
        elif result.kind == "archive":
            self._archive(source)
        elif result.kind == "empty":
            self._skipped.append(Problem(source.shown, "EMPTY", tr("The file is empty.")))
        else:
            self._skipped.append(
                Problem(source.shown, "NOT_DICOM", result.note or tr("No image that can be read."))
            )

    def _begin(self, series: _Series) -> None:
        """Tell of a series by the header in the middle of what is known of its files: likely its middle slice."""
        if self._on_begun is None or not series.sources:
            return
        source = series.sources[len(series.sources) // 2]
        ((_, result),) = self._readers.map(read_pictures, [source])
        if isinstance(result, Exception):
            return  # `_finish` reads it once more, and tells why it is left out
        series.sources.remove(source)
        series.read.append((source, result))
        if not series.begun:
            self._begun += 1
            series.begun = f"reading {self._begun}"
        stack = replace(
            stacks_of(result)[0],
            id=series.begun,
            reading=len(series.sources) + len(series.read),
            why_not=tr("its headers are still being read"),
            problems=(),
        )
        file = result[0].file
        self._on_begun(SeriesInfo(file.study, file.series_uid, (stack,)))

    def _archive(self, source: Source) -> None:
        """Read the entries of an archive; they count as files, the archive itself does not."""
        if self._password is not None:
            archive.remember_password(source.path, self._password)
        with source.open() as stream:
            kind = archive.kind_of(source.path, stream.read(PREFIX_BYTES))
        left_out: list[Problem] = []
        count = 0
        try:
            assert kind is not None
            for entry in archive.entries(source.path, kind, left_out.append, source.shown):
                self._check_cancelled()
                count += 1
                shown = source.shown if entry.name == archive.GZIP_MEMBER else f"{source.shown}/{entry.label}"
                member = Source(source.path, shown, (len(entry.data), source.stamp[1]), entry.name)
                self._entry(member, entry.data)
        except (ReadError, OSError) as error:
            log.info("archive not read to its end", exc_info=True)
            reason = error.message if isinstance(error, ReadError) else problem_of(error, source.shown).reason
            self._problems.append(Problem(source.shown, "ARCHIVE", reason))
            if not count and not left_out:
                left_out.append(Problem(source.shown, "ARCHIVE", reason))
        if not count and not left_out:
            left_out.append(Problem(source.shown, "EMPTY", tr("The archive is empty.")))
        self._skipped += left_out
        self._seen += count + len(left_out) - 1

    def _entry(self, source: Source, data: bytes) -> None:
        sniffed = sniff_bytes(source.name, data[: PEEK_BYTES + PREFIX_BYTES], len(data))
        if sniffed.kind != "dicom":
            note = tr("An archive inside an archive is not opened.") if sniffed.kind == "archive" else ""
            self._route(source, replace(sniffed, kind="other", note=note) if note else sniffed)
            return
        try:
            self._keep(source, read_pictures(source, BytesIO(data)))
        except (BadDicom, BrainSRError, OSError) as error:
            self._skip(source, error)

    def _keep(self, source: Source, result: list[Picture] | Exception) -> None:
        if isinstance(result, Exception):
            self._skip(source, result)
            return
        self._series[_key(result[0].file)].read.append((source, result))

    def _finish(self, series: _Series) -> None:
        """Read what is not read yet and tell the series."""
        read = series.read
        for source, result in self._readers.map(read_pictures, series.sources):
            self._check_cancelled()
            if isinstance(result, Exception):
                self._skip(source, result)
            else:
                read.append((source, result))
            self._progress(min(self._used + len(self._skipped) + len(read), self._seen), self._seen)
        # of two copies the one nearer to the opened folder is kept
        read.sort(key=lambda member: (member[0].shown.count("/"), natural_key(member[0].shown)))
        kept, duplicates = without_duplicates([pictures for _, pictures in read], self._check_cancelled)
        self._skipped += duplicates
        self._used += len(kept)
        pictures = [picture for file in kept for picture in file]
        if pictures:
            self._tell(stacks_of(pictures), pictures[0].file)

    def _tell(self, stacks: Sequence[StackInfo], file: FileFacts) -> None:
        named = []
        for stack in stacks:
            self._stacks += 1
            named.append(replace(stack, id=str(self._stacks)))
            self._problems += stack.problems
        self._on_series(SeriesInfo(file.study, file.series_uid, tuple(named)))

    def _finish_others(self) -> None:
        for kind in OTHER_KINDS:
            if not self._others[kind]:
                continue
            for found in formats.reader(kind)(self._others[kind], self._check_cancelled):
                if isinstance(found, Problem):
                    self._skipped.append(found)
                    continue
                series, files = found
                self._used += files
                stacks = []
                for stack in series.stacks:
                    self._stacks += 1
                    stacks.append(replace(stack, id=str(self._stacks)))
                    self._problems += stack.problems
                self._on_series(replace(series, stacks=tuple(stacks)))

    def _skip(self, source: Source, error: Exception) -> None:
        self._skipped.append(problem_from(error, source.shown))


def problem_from(error: Exception, shown: str) -> Problem:
    """The reason why a file was left out."""
    if isinstance(error, BadDicom):
        return Problem(shown, error.code, error.reason)
    if isinstance(error, TimeoutError) and error.errno is None:
        return Problem(shown, "TIMEOUT", tr("It could not be read in time."))
    if isinstance(error, OSError):
        return problem_of(error, shown)
    if isinstance(error, BrainSRError):
        return Problem(shown, "READ_ERROR", error.message)
    log.error("unforeseen while reading a header", exc_info=error)
    return Problem(
        shown, "BAD_HEADER", tr("Its header could not be understood ({name}).", name=type(error).__name__)
    )


def sniff(source: Source) -> Sniffed:
    """What a file is, from its first bytes. Other files than DICOM are told from 132 of them."""
    with source.open() as stream:
        head = stream.read(PREFIX_BYTES)
        if looks_like_dicom(head):
            head += stream.read(PEEK_BYTES)
    return sniff_bytes(source.path, head, source.size_bytes)


def sniff_bytes(name: str, head: bytes, size_bytes: int) -> Sniffed:
    """What content of this name and beginning is."""
    if not size_bytes or not head:
        return Sniffed("empty")
    if looks_like_dicom(head[:PREFIX_BYTES]):
        return Sniffed("dicom", series_key(head))
    kind = formats.kind_by_content(name, head)
    if kind is not None:
        return Sniffed(kind)
    for magic, what in _PACKED.items():
        if head.startswith(magic):
            return Sniffed("other", note=tr("A {what} archive: unpack it first.", what=what))
    return Sniffed("archive") if archive.kind_of(name, head) else Sniffed("other")


def _key(file: FileFacts) -> tuple[str, ...]:
    """Study and series; where the series has no UID: folder, number and description."""
    if file.series_uid:
        return (file.study.study_uid, file.series_uid)
    folder = str(Path(file.member or file.path).parent)
    return (file.study.study_uid, "", folder, str(file.series_number), file.description)
