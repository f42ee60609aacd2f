"""The main job on the command line: no network, no secret to any child, no patient in any file of its own.

That of the window is run by ``tests/end_to_end/test_smoke.py`` in the same place.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from tests.privacy.kit import (
    PATIENCE_S,
    Place,
    blocks,
    hits,
    no_secrets,
    planted_series,
    start,
    watched,
    without_network,
)

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/environ").exists(), reason="looks at processes as Linux shows them"
)


@pytest.fixture(scope="module")
def series(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three slices whose patient must not be told."""
    return planted_series(data / "ge_signa_pd_duplicate", tmp_path_factory.mktemp("source") / "scan")


def test_that_the_namespace_has_no_interface_but_its_own() -> None:
    command = without_network()
    if not command:
        pytest.skip("this system allows no network namespace; the guard holds all the same")
    done = subprocess.run([*command, "cat", "/proc/net/dev"], capture_output=True, text=True, check=True)
    assert [line.split(":")[0].strip() for line in done.stdout.splitlines() if ":" in line] == ["lo"]


def test_that_the_command_s_main_job_needs_no_network_and_tells_no_patient(
    project: Path, series: Path, tmp_path: Path
) -> None:
    place, out = Place(tmp_path), tmp_path / "out"
    command = [
        "brainsr_desktop.cli.main",
        "enhance",
        str(series),
        "-o",
        str(out),
        "--anonymise",
        "--slices",
        "1-1",
    ]
    formats = [word for name in ("dicom", "nifti", "png", "report") for word in ("--format", name)]
    process = start(place, [*command, *formats, "--verbose"], project)
    seen, _ = watched(process)
    assert place.network == []
    assert place.guarded >= 2
    assert no_secrets(seen)
    assert len(list(out.rglob("*.dcm"))) == 1
    assert place.hits(out) == []
    assert list(place.temporary.iterdir()) == [] and not blocks({process.pid, *seen})


def test_that_what_a_killed_command_left_is_gone_after_the_next(
    project: Path, series: Path, tmp_path: Path
) -> None:
    place, out = Place(tmp_path), tmp_path / "out"
    command = ["brainsr_desktop.cli.main", "enhance", str(series), "-o", str(out), "--model", "lanczos"]
    process = start(place, command, project)
    end = time.monotonic() + PATIENCE_S
    while not list(out.rglob("*.dcm")) and process.poll() is None and time.monotonic() < end:
        time.sleep(0.005)
    family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    for one in family:
        os.kill(one.pid, signal.SIGKILL)
    process.communicate()
    psutil.wait_procs(family, 10)
    left = blocks([one.pid for one in family])
    watched(start(place, command, project))
    assert not [path for path in left if path.exists()]
    assert list(place.temporary.iterdir()) == []
    assert hits(place.home, ("zwiebelmeier", "918273", "19330307")) == []
    assert not list(out.glob("*.partial"))
    assert len(list(out.rglob("*.dcm"))) == 3
