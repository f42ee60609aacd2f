"""Make every fault of docs/reliability.md happen, and write down what came of it: ``make reliability``.

Runs the tests that the table names, with exports killed 20 times each and a folder of 10,000 files; ``--quick`` with
few. Fills the table's last column and the figures. Ends with 1 where a test fails or a row has no test that ran.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
PAGE: Final = ROOT / "docs" / "reliability.md"
LAST_FAULT: Final = 102
FULL: Final = {"BRAINSR_KILLS": "20", "BRAINSR_FILES": "10000"}
FIGURES: Final = "## Figures"
_ROW: Final = re.compile(r"\| (\d+) \| (.*) \| ((?:`[^`]+`(?:<br>)?)+) \| (.*) ?\|")
_FIGURE: Final = re.compile(r"^FIGURE (.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Row:
    """One fault of the table. ``tests`` as ``faults/test_x.py::test_y``, below tests/."""

    number: int
    what: str
    tests: tuple[str, ...]


@dataclass(slots=True)
class Found:
    """How often a test passed, was skipped and failed; one with parameters runs several times."""

    passed: int = 0
    skipped: int = 0
    failed: int = 0
    said: list[str] = field(default_factory=list)

    @property
    def word(self) -> str:
        """What stands in the table."""
        if self.failed:
            return f"{self.failed} failed"
        if not self.passed:
            return "skipped" if self.skipped else "not run"
        return f"{self.passed} passed" + (f", {self.skipped} skipped" if self.skipped else "")


def rows(page: str) -> list[Row]:
    """The rows of the table, in its order."""
    return [
        Row(int(found[1]), found[2], tuple(re.findall(r"`([^`]+)`", found[3])))
        for found in _ROW.finditer(page)
    ]


def run(tests: list[str], environment: Mapping[str, str]) -> dict[str, Found]:
    """Run the tests; results by name without parameters."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}"]
        subprocess.run(
            [*command, "-o", "junit_logging=system-out", *(f"tests/{name}" for name in tests)],
            cwd=ROOT,
            env={"QT_QPA_PLATFORM": "offscreen", **os.environ, **environment},
            check=False,
        )
        return read(report.read_text("utf-8"))


def read(report: str) -> dict[str, Found]:
    """The results of a JUnit report."""
    found: dict[str, Found] = defaultdict(Found)
    for case in ET.fromstring(report).iter("testcase"):
        module = case.attrib["classname"].removeprefix("tests.").replace(".", "/")
        one = found[f"{module}.py::{case.attrib['name'].partition('[')[0]}"]
        kinds = {child.tag for child in case}
        one.failed += bool(kinds & {"failure", "error"})
        one.skipped += "skipped" in kinds
        one.passed += not kinds & {"failure", "error", "skipped"}
        for text in case.iter("system-out"):
            one.said += _FIGURE.findall(text.text or "")
    return dict(found)


def written(page: str, found: Mapping[str, Found]) -> str:
    """The page with results and figures."""

    def with_result(row: re.Match[str]) -> str:
        words = [found.get(name, Found()).word for name in re.findall(r"`([^`]+)`", row[3])]
        return f"| {row[1]} | {row[2]} | {row[3]} | {'<br>'.join(words)} |"

    head, _, _ = _ROW.sub(with_result, page).partition(FIGURES)
    said = [f"- {line}" for one in found.values() for line in one.said]
    lines = [FIGURES, "", "Measured by `make reliability`.", "", *(said or ["- none"])]
    return head + "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="few kills and files, and the page stays as it is"
    )
    chosen = parser.parse_args()
    page = PAGE.read_text("utf-8")
    table = rows(page)
    tests = list(dict.fromkeys(name for row in table for name in row.tests))
    found = run(tests, {} if chosen.quick else FULL)
    if not chosen.quick:
        PAGE.write_text(written(page, found), "utf-8")
    bad = [
        f"{row.number}: {name}: {found.get(name, Found()).word}"
        for row in table
        for name in row.tests
        if not found.get(name, Found()).passed or found[name].failed
    ]
    print("\n".join(bad) or f"All {len(table)} faults hold, by {len(tests)} tests.")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
