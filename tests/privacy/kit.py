"""A patient who must not be told anywhere, and the program run where there is no network and every socket is
watched.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil
from pydicom import Dataset, dcmread

from brainsr_desktop.ipc.shared_array import PREFIX

PATIENT: Final = {
    "PatientName": "Zwiebelmeier^Quirin",
    "PatientID": "PID918273",
    "PatientBirthDate": "19330307",
    "InstitutionName": "Klinikum Sonnenhang",
    "ReferringPhysicianName": "Oberwasser^Theodora",
    "AccessionNumber": "ACC554433",
}
SECRETS: Final = (
    "zwiebelmeier",
    "quirin",
    "918273",
    "19330307",
    "1933-03-07",
    "sonnenhang",
    "oberwasser",
    "theodora",
    "554433",
)
PLANTED: Final = {
    "AWS_SECRET_ACCESS_KEY": "planted-aws",
    "GITHUB_TOKEN": "planted-token",
    "BRAINSR_PASSWORD": "planted-word",
    "SSH_AUTH_SOCK": "/planted/agent",
    "MYSQL_PWD": "planted-sql",
}
"""Variables that no child of the program may have."""
PATIENCE_S: Final = 240


def planted_series(source: Path, folder: Path, slices: int | None = None) -> Path:
    """A real series with another patient's name in every file."""
    folder.mkdir(parents=True)
    paths = [path for path in sorted(source.glob("*.dcm")) if path.name != "explicit_big.dcm"]
    for path in paths[:slices]:
        dataset: Dataset = dcmread(path)
        for keyword, value in PATIENT.items():
            setattr(dataset, keyword, value)
        dataset.save_as(folder / path.name)
    return folder


@dataclass(frozen=True)
class Place:
    """A user's home and temporary folder, and the guard's notes."""

    root: Path

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def temporary(self) -> Path:
        return self.root / "temporary"

    @property
    def notes(self) -> list[str]:
        """What the guarded processes said, without their numbers."""
        lines = (self.root / "guard.txt").read_text("utf-8").splitlines()
        return [line.partition(" ")[2] for line in lines]

    @property
    def guarded(self) -> int:
        """How many processes were guarded."""
        return sum(note.startswith("guarded") for note in self.notes)

    @property
    def network(self) -> list[str]:
        """What they did with the network."""
        return [note for note in self.notes if not note.startswith("guarded")]

    def environment(self) -> dict[str, str]:
        """That of a user with nothing but this home, some secrets, and the guard on Python's path."""
        for folder in (self.home, self.temporary):
            folder.mkdir(parents=True, exist_ok=True)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "PYTEST"))}
        return {
            **kept,
            **PLANTED,
            "HOME": str(self.home),
            "USERPROFILE": str(self.home),
            "TMPDIR": str(self.temporary),
            "QT_QPA_PLATFORM": "offscreen",
            "PYTHONPATH": str(Path(__file__).parent / "guard"),
            "BRAINSR_TEST_GUARD": str(self.root / "guard.txt"),
        }

    def hits(self, *more: Path) -> list[str]:
        """Files of the home and the temporary folder, by name or content, that tell who the patient is."""
        return [hit for folder in (self.home, self.temporary, *more) for hit in hits(folder, SECRETS)]


def without_network() -> list[str]:
    """What to put before a command so that it has no network interface; nothing where the system does not
    allow that.
    """
    for command in (["unshare", "--net"], ["unshare", "--map-root-user", "--net"]):
        if (
            shutil.which("unshare")
            and not subprocess.run([*command, "true"], capture_output=True, check=False).returncode
        ):
            return command
    return []


def start(place: Place, arguments: Sequence[str], project: Path) -> subprocess.Popen[str]:
    """Start the program: ``arguments`` follow ``python -m``."""
    return subprocess.Popen(
        [*without_network(), sys.executable, "-m", *arguments],
        cwd=project,
        env=place.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def environments(process: subprocess.Popen[str]) -> Mapping[int, Mapping[str, str]]:
    """What the environment of each living child was when it was started."""
    found: dict[int, Mapping[str, str]] = {}
    try:
        for child in psutil.Process(process.pid).children(recursive=True):
            found[child.pid] = child.environ()
    except psutil.Error:
        pass
    return found


def watched(process: subprocess.Popen[str]) -> tuple[Mapping[int, Mapping[str, str]], str]:
    """The environment of every child that a program ever had, and what it said; waits for its end."""
    seen: dict[int, Mapping[str, str]] = {}
    end = time.monotonic() + PATIENCE_S
    while process.poll() is None and time.monotonic() < end:
        seen.update(environments(process))
        time.sleep(0.02)
    said, complaints = process.communicate(timeout=10)
    assert process.returncode == 0, complaints
    return seen, said + complaints


def no_secrets(seen: Mapping[int, Mapping[str, str]]) -> bool:
    """Whether there were children, and none had a planted variable or its value."""
    assert seen
    return not any(
        set(PLANTED) & set(environment) or set(PLANTED.values()) & set(environment.values())
        for environment in seen.values()
    )


def hits(folder: Path, words: Sequence[str]) -> list[str]:
    """Files below a folder that have one of the words in their name or content."""
    found = []
    for path in sorted(folder.rglob("*")):
        text = str(path.relative_to(folder)).lower()
        if path.is_file():
            text += path.read_bytes().decode("latin-1").lower()
        found += [f"{path}: {word}" for word in words if word in text]
    return found


def blocks(owners: Collection[int]) -> list[Path]:
    """Shared blocks of processes by their numbers; other tests have theirs at the same time."""
    memory = Path("/dev/shm")
    every = memory.glob(f"{PREFIX}*") if memory.is_dir() else ()
    return [path for path in every if int(path.name.removeprefix(PREFIX).split("_")[0]) in owners]
