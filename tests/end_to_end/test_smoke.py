"""The program's own smoke test, as a user starts it: a process of its own, an empty home, a small real series."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pydicom

from brainsr_desktop.io.scan import scan_all

STEPS = (
    "window",
    "open",
    "enhance",
    "scroll",
    "window and level",
    "original",
    "degrade",
    "export dialog",
    "export",
    "light process",
    "close",
)


def test_that_the_window_does_its_main_job_on_a_real_series(
    project: Path, data: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    home = {"HOME": str(tmp_path / "home"), "USERPROFILE": str(tmp_path / "home")}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "brainsr_desktop",
            "--smoke-test",
            str(out),
            str(data / "ge_signa_pd_duplicate"),
        ],
        cwd=project,
        env={**kept, **home, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert [step for step in report["steps"] if not step["ok"]] == []
    assert done.returncode == 0, done.stderr
    assert tuple(step["name"] for step in report["steps"]) == STEPS
    assert (report["series"], report["slices"], report["child_processes_left"]) == (1, 3, 0)
    assert set(report["seconds"]) == {"window", "first_slice", "first_enhanced", "export"}
    assert set(report["gui_gap_ms"]) == {"p99", "max"}
    assert len(list(out.glob("window-*.png"))) >= len(STEPS) - 2

    found, summary = scan_all([str(out / "export")])
    assert summary.used == 3
    (written,) = found[0].stacks
    assert (written.geometry.rows, written.geometry.columns, written.slices) == (1024, 1024, 3)
    first = pydicom.dcmread(next((out / "export").rglob("*.dcm")), stop_before_pixels=True)
    assert first.ContentQualification == "RESEARCH"
