"""The table of docs/reliability.md names a test that exists for every fault, and its command fills it in."""

from __future__ import annotations

import ast
import importlib.util
import sys
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="module")
def reliability(project: Path) -> ModuleType:
    """The command behind ``make reliability``."""
    spec = importlib.util.spec_from_file_location("reliability", project / "packaging" / "reliability.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@cache
def functions_of(path: Path) -> frozenset[str]:
    """Names of the test functions of a file."""
    found = ast.walk(ast.parse(path.read_text("utf-8")))
    return frozenset(node.name for node in found if isinstance(node, ast.FunctionDef))


def test_that_every_fault_has_a_row_and_every_row_a_test_that_exists(
    reliability: ModuleType, project: Path
) -> None:
    table = reliability.rows((project / "docs" / "reliability.md").read_text("utf-8"))
    assert [row.number for row in table] == list(range(1, 103))
    for row in table:
        assert row.what and row.tests
        for name in row.tests:
            file, _, function = name.partition("::")
            assert function in functions_of(project / "tests" / file), f"fault {row.number}: {name}"


def test_that_results_and_figures_come_into_the_table(reliability: ModuleType) -> None:
    report = (
        '<testsuites><testsuite><testcase classname="tests.a.test_b" name="test_c[1]"/>'
        '<testcase classname="tests.a.test_b" name="test_c[2]"><skipped/></testcase>'
        '<testcase classname="tests.a.test_b" name="test_d"><failure/></testcase>'
        '<testcase classname="tests.a.test_b" name="test_e"><system-out>x\nFIGURE 12 ms\n</system-out>'
        "</testcase></testsuite></testsuites>"
    )
    page = "| 1 | a | `a/test_b.py::test_c`<br>`a/test_b.py::test_d` | old |\n| 2 | b | `a/test_b.py::test_x` | |\n"
    assert reliability.written(page + "\n## Figures\n\nold\n", reliability.read(report)) == (
        "| 1 | a | `a/test_b.py::test_c`<br>`a/test_b.py::test_d` | 1 passed, 1 skipped<br>1 failed |\n"
        "| 2 | b | `a/test_b.py::test_x` | not run |\n"
        "\n## Figures\n\nMeasured by `make reliability`.\n\n- 12 ms\n"
    )
