"""The program's own smoke test, as a user starts it: a process of its own, an empty home, a small real series.

It runs where there is no network, with every socket guarded; the patient of the series must be told by no
file but the export.
"""

from __future__ import annotations

import json
from pathlib import Path

import pydicom

from brainsr_desktop.io.scan import scan_all
from tests.privacy.kit import PATIENT, Place, blocks, no_secrets, planted_series, start, watched

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
    place, out = Place(tmp_path / "place"), tmp_path / "out"
    series = planted_series(data / "ge_signa_pd_duplicate", tmp_path / "scan")
    process = start(place, ["brainsr_desktop", "--smoke-test", str(out), str(series)], project)
    seen, said = watched(process)
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert [step for step in report["steps"] if not step["ok"]] == []
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
    assert first.PatientID == PATIENT["PatientID"]

    assert place.network == []
    assert place.guarded >= 3, "the window, the files or the network process was not guarded"
    assert no_secrets(seen)
    assert place.hits() == []
    assert list(place.temporary.iterdir()) == [] and not blocks({process.pid, *seen})
    assert not any(word in said.lower() for word in ("zwiebelmeier", "918273"))
