"""The record of the benches, made and compared by the command that ``make bench`` runs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent


def part(path: Path, **measured: float) -> Path:
    """A part with one ratio that should be small and one that should be large."""
    rows: list[dict[str, Any]] = [
        {"name": "few", "words": "the fewer the better", "aim": 1.0, "measured": measured["few"]},
        {
            "name": "many",
            "words": "the more the better",
            "aim": 0.85,
            "least": True,
            "measured": measured["many"],
        },
    ]
    path.write_text(json.dumps({"rows": rows, "figures": {"peak_mib": 512.25}}), encoding="utf-8")
    return path


def record(
    out: Path, given: Path, *options: str, machine: str = "test 2 cores"
) -> subprocess.CompletedProcess[str]:
    script = str(ROOT / "packaging" / "bench_record.py")
    command = [sys.executable, script, str(given), "--machine", machine, "--out", str(out), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_that_ratios_are_recorded_with_a_table_that_says_what_is_reached(tmp_path: Path) -> None:
    assert record(tmp_path, part(tmp_path / "a.json", few=1.3, many=0.9)).returncode == 0
    kept = json.loads((tmp_path / "bench" / "test-2-cores.json").read_text(encoding="utf-8"))
    assert (kept["machine"], kept["ratios"]) == ("test 2 cores", {"few": 1.3, "many": 0.9})
    rows = (tmp_path / "bench.md").read_text(encoding="utf-8").splitlines()
    assert "**not reached**" in next(row for row in rows if "`few`" in row)
    assert "**" not in next(row for row in rows if "`many`" in row)


def test_that_another_machine_has_a_table_of_its_own_and_a_new_one_replaces_the_old(tmp_path: Path) -> None:
    record(tmp_path, part(tmp_path / "a.json", few=0.5, many=0.9))
    record(tmp_path, part(tmp_path / "b.json", few=0.7, many=0.9), machine="other")
    record(tmp_path, part(tmp_path / "c.json", few=0.6, many=0.9))
    text = (tmp_path / "bench.md").read_text(encoding="utf-8")
    assert (text.count("`few`"), text.count("## test 2 cores"), text.count("# Speed")) == (2, 1, 1)
    assert "| 0.6 |" in text and "| 0.7 |" in text and "| 0.5 |" not in text


def test_that_a_regression_fails_and_changes_nothing(tmp_path: Path) -> None:
    record(tmp_path, part(tmp_path / "a.json", few=0.5, many=0.9))
    before = (tmp_path / "bench" / "test-2-cores.json").read_bytes()
    near = record(tmp_path, part(tmp_path / "b.json", few=0.59, many=0.73), "--compare")
    assert (near.returncode, "nothing" in near.stdout) == (0, True)
    for worse, name in (({"few": 0.61, "many": 0.9}, "few:"), ({"few": 0.5, "many": 0.71}, "many:")):
        found = record(tmp_path, part(tmp_path / "c.json", **worse), "--compare")
        assert found.returncode == 1 and name in found.stdout
    assert (tmp_path / "bench" / "test-2-cores.json").read_bytes() == before


def test_that_there_must_be_something_to_compare_with(tmp_path: Path) -> None:
    found = record(tmp_path, part(tmp_path / "a.json", few=0.5, many=0.9), "--compare")
    assert found.returncode == 1 and "no record" in found.stderr
