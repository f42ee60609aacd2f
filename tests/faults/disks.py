"""A disk of a few kilobytes, really mounted: it really fills up, and can be made read-only or larger."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class SmallDisk:
    """A file system in memory, mounted on ``folder``."""

    folder: Path

    def remount(self, options: str) -> None:
        """Change it: ``ro``, ``rw``, ``size=1m``."""
        _run("mount", "-o", f"remount,{options}", str(self.folder))

    def fill(self) -> Path:
        """Take all the room that is left; the file that does, to be deleted."""
        path = self.folder / "filler"
        free = shutil.disk_usage(self.folder).free
        path.write_bytes(bytes(free))
        return path


@contextmanager
def small_disk(folder: Path, size_bytes: int) -> Iterator[SmallDisk]:
    """Mount one; needs root, or a namespace in which one is (see ``conftest``)."""
    folder.mkdir(parents=True)
    _run("mount", "-t", "tmpfs", "-o", f"size={size_bytes},mode=700", "none", str(folder))
    try:
        yield SmallDisk(folder)
    finally:
        _run("umount", "--lazy", str(folder))


def _run(*command: str) -> None:
    subprocess.run(command, check=True, timeout=60, capture_output=True)


def run_as_root_of_a_namespace(test: str) -> None:
    """Run one test again in a process that may mount, in user and mount namespaces of its own (unshare(1))."""
    if (
        shutil.which("unshare") is None
        or subprocess.run(
            ["unshare", "--user", "--map-root-user", "--mount", "true"], check=False, capture_output=True
        ).returncode
    ):
        reason = "this system lets nobody but root mount a disk"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    command = ["unshare", "--user", "--map-root-user", "--mount", "--", sys.executable, "-m", "pytest"]
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider", "-q", test],
        check=False,
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stdout[-4000:]
