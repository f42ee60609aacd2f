"""``brainsr enhance --dask``: a scheduler and two workers, one of which is killed in the middle of a series."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
import pydicom
import pytest
from distributed import Client

from brainsr_desktop import __version__
from brainsr_desktop.cli import cluster, cluster_worker
from brainsr_desktop.cli.cluster_worker import Needs
from brainsr_desktop.cli.console import Console
from brainsr_desktop.core.errors import EngineError, UsageError
from tests.cli.conftest import Brainsr

Start = Callable[..., subprocess.Popen[str]]
SERIES = 3
SLICES = 12
PATIENCE_S = 500

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="stops and kills workers by signals"),
    pytest.mark.timeout(1800),
]


@dataclass(frozen=True)
class Workers:
    """A running cluster."""

    address: str
    process: subprocess.Popen[str]

    def pids(self) -> list[int]:
        """Process numbers of the workers that are there now."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        found: list[int] = json.loads(self.process.stdout.readline())
        return found


@pytest.fixture(scope="module")
def workers(environment: dict[str, str]) -> Iterator[Workers]:
    """A scheduler and two workers of one thread each."""
    command = [sys.executable, str(Path(__file__).with_name("local_cluster.py"))]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        assert running.stdin is not None
        yield Workers(json.loads(running.stdout.readline()), running)
        running.stdin.close()


@pytest.fixture
def start(environment: dict[str, str]) -> Iterator[Start]:
    """Start the command in a session of its own that hears Ctrl-C; none is left at the end."""
    with ExitStack() as running:

        def begin(*arguments: str) -> subprocess.Popen[str]:
            command = [sys.executable, "-m", "brainsr_desktop.cli.main", *arguments]
            heard = signal.signal(signal.SIGINT, signal.default_int_handler)
            try:
                process = subprocess.Popen(
                    command, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True
                )
            finally:
                signal.signal(signal.SIGINT, heard)
            running.enter_context(process)
            running.callback(process.kill)
            return process

        yield begin


@pytest.fixture(scope="module")
def tree(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same slices as series of several people: all results have the same name."""
    folder = tmp_path_factory.mktemp("tree")
    for person in range(1, SERIES + 1):
        (folder / f"person{person}").mkdir()
        for number in range(10, 10 + SLICES):
            name = f"IM{number:04d}.dcm"
            dataset = pydicom.dcmread(sample / "1_t1_fast_scan" / name)
            for keyword in ("SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID"):
                setattr(dataset, keyword, f"{getattr(dataset, keyword)}.{person}")
            dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
            dataset.PatientID = f"person{person}"
            dataset.save_as(folder / f"person{person}" / name)
    return folder


def test_that_neither_ctrl_c_nor_a_killed_worker_loses_a_series_or_writes_one_twice(
    brainsr: Brainsr, start: Start, workers: Workers, tree: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    options = ["enhance", tree, "--model", "bicubic", "--format", "dicom", "--format", "nifti"]
    spread = [*map(str, options), "-o", str(out), "--dask", workers.address, "--json"]

    first = start(*spread)
    wait_for(lambda: len(slices_in(out)) >= 2, first)
    first.send_signal(signal.SIGINT)
    first.communicate(timeout=PATIENCE_S)
    assert first.returncode == 130
    wait_for(lambda: not list(out.rglob("export.lock")))
    assert not list(out.rglob("*.tmp"))
    assert not list(out.glob(".brainsr*"))
    interrupted = marks(out)
    assert interrupted

    second = start(*spread)
    wait_for(lambda: killed_one(workers, out), second)
    before = marks(out)
    assert interrupted.items() <= before.items()
    printed, _ = second.communicate(timeout=PATIENCE_S)
    assert second.returncode == 0
    *lines, summary = [json.loads(line) for line in printed.splitlines()]
    assert summary["summary"]["failed"] == 0
    assert len({line["series_uid"] for line in lines}) == SERIES
    assert len(list(out.iterdir())) == SERIES
    assert before.items() <= marks(out).items()

    assert brainsr(*options, "-o", tmp_path / "alone").status == 0
    spread_out, alone = by_source(out), by_source(tmp_path / "alone")
    assert spread_out.keys() == alone.keys()
    assert len(alone) == SERIES
    for source, folder in spread_out.items():
        assert pictures(folder) == pictures(alone[source])
    files = [pydicom.dcmread(path, stop_before_pixels=True) for path in out.rglob("*.dcm")]
    assert len(files) == len({file.SOPInstanceUID for file in files}) == SERIES * SLICES
    assert len({file.SeriesInstanceUID for file in files}) == SERIES


def wait_for(condition: Callable[[], bool], running: subprocess.Popen[str] | None = None) -> None:
    """Until the condition holds, while the command runs."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert running is None or running.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)


def slices_in(out: Path) -> list[Path]:
    """Slices of unfinished exports."""
    return list(out.glob("*.partial/*.dcm"))


def killed_one(workers: Workers, out: Path) -> bool:
    """Kill a worker that is in the middle of a series; False where none is at the moment."""
    for pid in workers.pids():
        os.kill(pid, signal.SIGSTOP)  # so that it stays in the middle
        is_writing = any(
            path.name == "export.lock" and path.parent.suffix == ".partial" and slices_at(path.parent) >= 2
            for child in psutil.Process(pid).children()
            for path in open_files(child)
        )
        os.kill(pid, signal.SIGKILL if is_writing else signal.SIGCONT)
        if is_writing:
            return True
    return False


def slices_at(folder: Path) -> int:
    return 0 if (folder / "export.json").exists() else len(list(folder.glob("*.dcm")))


def open_files(process: psutil.Process) -> list[Path]:
    try:
        return [Path(file.path) for file in process.open_files()]
    except psutil.NoSuchProcess:
        return []


def marks(out: Path) -> dict[str, tuple[int, int]]:
    """Every finished slice by its UID: a file that was written again is another one, or newer."""
    found = {}
    for path in out.rglob("*.dcm"):
        state = path.stat()
        uid = str(pydicom.dcmread(path, specific_tags=["SOPInstanceUID"]).SOPInstanceUID)
        found[uid] = (state.st_ino, state.st_mtime_ns)
    return found


def by_source(out: Path) -> dict[str, Path]:
    """The folder of each source series."""
    return {
        json.loads(path.read_text())["source"]["series_uid"]: path.parent
        for path in out.glob("*/export.json")
    }


def pictures(folder: Path) -> dict[str, bytes]:
    """What of a result does not depend on when it was made: NIfTI files whole, the pixels of DICOM files."""
    whole = {path.name: path.read_bytes() for path in folder.glob("*.nii.gz")}
    return whole | {path.name: pydicom.dcmread(path).PixelData for path in folder.glob("*.dcm")}


@pytest.fixture
def needs(tree: Path, tmp_path: Path) -> Needs:
    """What a worker here fulfils."""
    source = next(tree.rglob("*.dcm"))
    (tmp_path / "token").touch()
    return Needs(__version__, "bicubic", 4, "", str(tmp_path / "token"), (str(source), source.stat().st_size))


def test_that_a_worker_that_sees_the_same_is_fit(needs: Needs) -> None:
    assert cluster_worker.unfit(needs) == ""


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"version": "0.0"}, "version"),
        ({"token": "nowhere/token"}, "folder for the results"),
        ({"source": ("nowhere/file.dcm", 1)}, "source files"),
        ({"model": "no-such-model"}, "no-such-model"),
        ({"weights": "ab"}, "other weights"),
    ],
)
def test_that_a_worker_that_differs_says_in_what(needs: Needs, change: dict[str, str], reason: str) -> None:
    assert reason in cluster_worker.unfit(replace(needs, **change))  # type: ignore[arg-type]


def test_that_a_worker_that_may_not_start_processes_says_how_to_change_that(
    needs: Needs, monkeypatch: pytest.MonkeyPatch
) -> None:
    daemon = multiprocessing.get_context("spawn").Process(daemon=True)
    monkeypatch.setattr(multiprocessing, "current_process", lambda: daemon)
    assert "DASK_DISTRIBUTED__WORKER__DAEMON=False" in cluster_worker.unfit(needs)


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # Dask's
def test_that_an_unfit_worker_stops_the_command_before_anything_is_made(
    workers: Workers, needs: Needs
) -> None:
    with Client(workers.address, set_as_default=False) as client:
        client.wait_for_workers(1, timeout=PATIENCE_S)
        with pytest.raises(EngineError, match=r"The worker tcp://\S+ cannot be used: it has version"):
            cluster._check_workers(client, replace(needs, version="0.0"), Console(quiet=True))


def test_that_a_scheduler_that_is_not_there_is_told_plainly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "CONNECT_S", 1)
    with pytest.raises(EngineError, match="no Dask scheduler"), cluster._client("tcp://127.0.0.1:9"):
        pass


def test_that_a_program_without_the_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError) as told:
        cluster.check_address("tcp://scheduler:8786")
    assert "pip install 'brainsr-desktop[cluster]'" in told.value.advice
