"""Independent programs judge an export: the check script beside the project, and what it needs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.io.export_kit import tool

INVALID_UIDS: Final = "ge_signa_pd"
"""Its UIDs begin with 0.0; valid ones are written, so study and frame of reference cannot be those of the source."""


def source_of(name: str, shared: Path, folder: Path) -> Path:
    """A folder with the source: the whole series, but ten slices of the longest one."""
    source = shared / "dicom" / name
    if name != "philips_ingenia_t1_sag":
        return source
    folder.mkdir()
    for path in sorted(source.iterdir())[70:80]:
        shutil.copy(path, folder)
    return folder


def checked(source: Path, exported: Path, **settings: str) -> list[str]:
    """Lines of the independent check; its status must agree with them."""
    script = (
        Path(os.environ.get("BRAINSR_SHARED", Path(__file__).parents[3] / "shared"))
        / "tools"
        / "check_export.sh"
    )
    for name in ("dciodvfy", "dcentvfy", "dcm2niix", "bash"):
        tool(name)
    limits = {"FACTOR": "4", "TOL_MEAN": "0.005", "TOL_MM": "0.001", "PYTHON": sys.executable}
    done = subprocess.run(
        ["bash", str(script), str(source), str(exported)],
        env={**os.environ, **limits, **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    lines = done.stdout.splitlines()
    assert (done.returncode == 0) == ("RESULT OK" in lines), done.stderr
    return lines


def failures(lines: list[str]) -> list[str]:
    """What it found wrong."""
    return [line for line in lines if line.startswith("FAIL")]
