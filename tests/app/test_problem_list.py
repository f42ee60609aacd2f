"""The problem list: every file that was left out, with its reason; safe to copy into a spreadsheet."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from brainsr_desktop.app.opening import located
from brainsr_desktop.app.problem_list import COLUMNS, ProblemList, as_csv, safe_cell
from brainsr_desktop.core.errors import Problem
from tests.app.frame_kit import scanned

PROBLEMS = (
    Problem("study/IM0007", "TRUNCATED_PIXELS", "It ends early.", "The other 23 slices are shown."),
    Problem("study/IM0002", "DECODE_FAILED", "It cannot be decoded.", "A grey tile is shown."),
    Problem('=cmd|"/c calc"', "NOT_DICOM", "-1+2", "@SUM(A1)"),
)


@pytest.fixture
def problems(qtbot: QtBot) -> ProblemList:
    made = ProblemList()
    qtbot.addWidget(made)
    made.show_problems(PROBLEMS, "3 files")
    made.show()
    return made


def test_that_each_problem_is_a_row_with_its_reason(problems: ProblemList) -> None:
    assert problems.rows()[1] == (
        "study/IM0002",
        "DECODE_FAILED",
        "It cannot be decoded.",
        "A grey tile is shown.",
    )
    assert [problems.table.headerData(n, Qt.Orientation.Horizontal) for n in range(4)] == list(COLUMNS)
    assert problems.summary.text() == "3 files"


def test_that_the_filter_looks_into_every_column(problems: ProblemList) -> None:
    problems.search.setText("TILE")
    assert [row[0] for row in problems.rows()] == ["study/IM0002"]
    problems.search.setText("truncated")
    assert [row[0] for row in problems.rows()] == ["study/IM0007"]
    problems.search.setText("[")
    assert problems.rows() == []


def test_that_a_click_on_a_heading_sorts(problems: ProblemList) -> None:
    problems.view.sortByColumn(1, Qt.SortOrder.DescendingOrder)
    assert [row[1] for row in problems.rows()] == ["TRUNCATED_PIXELS", "NOT_DICOM", "DECODE_FAILED"]


def test_that_selected_rows_are_copied_alone(problems: ProblemList) -> None:
    problems.copy()
    assert QGuiApplication.clipboard().text().count("\n") == 3
    problems.view.selectRow(1)
    problems.copy()
    assert QGuiApplication.clipboard().text().splitlines() == [
        "\t".join(COLUMNS),
        "study/IM0002\tDECODE_FAILED\tIt cannot be decoded.\tA grey tile is shown.",
    ]


def test_that_a_spreadsheet_takes_no_cell_for_a_formula(problems: ProblemList, tmp_path: Path) -> None:
    problems.save(tmp_path / "problems.csv")
    with (tmp_path / "problems.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == list(COLUMNS)
    assert ['\'=cmd|"/c calc"', "NOT_DICOM", "'-1+2", "'@SUM(A1)"] in rows
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)


@given(st.lists(st.tuples(*[st.text(st.characters(exclude_categories=["Cs"]))] * 4), max_size=5))
def test_that_any_text_survives_as_csv_and_starts_no_formula(rows: list[tuple[str, str, str, str]]) -> None:
    rows = [tuple(cell.replace("\x00", "").replace("\r", "") for cell in row) for row in rows]  # type: ignore[misc]
    read = list(csv.reader(io.StringIO(as_csv(rows), newline="")))
    assert read[1:] == [[safe_cell(cell) for cell in row] for row in rows]
    assert not any(cell.startswith(("=", "+", "-", "@", "\t")) for row in read[1:] for cell in row)


def test_that_many_other_files_are_one_line_until_they_are_asked_for(problems: ProblemList) -> None:
    assert problems.others.isHidden()
    many = tuple(Problem(f"notes/{number}.txt", "NOT_DICOM", "No image.") for number in range(1000))
    problems.show_problems((*many, PROBLEMS[0]))
    assert problems.others.isVisible()
    assert problems.rows() == [
        ("", "NOT_DICOM", "1000 files are no images.", "They were counted and left alone."),
        ("study/IM0007", "TRUNCATED_PIXELS", "It ends early.", "The other 23 slices are shown."),
    ]
    problems.others.click()
    assert len(problems.rows()) == 1001
    problems.show_problems(PROBLEMS)
    assert problems.others.isHidden() and len(problems.rows()) == 3


def test_that_hidden_patient_data_hide_every_file_name(problems: ProblemList) -> None:
    problems.table.set_hidden(True)
    assert problems.rows()[0] == ("hidden", "TRUNCATED_PIXELS", "truncated pixels", "hidden")
    problems.copy()
    assert "IM0007" not in QGuiApplication.clipboard().text()


def test_that_a_list_that_cannot_be_saved_raises_an_os_error(problems: ProblemList, tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"problems\.csv"):
        problems.save(tmp_path / "not there" / "problems.csv")


def test_that_the_problems_of_a_real_mess_are_listed(qtbot: QtBot, shared: Path) -> None:
    _, summary = scanned(shared / "dicom" / "siemens_xa30_cd_mess")
    made = ProblemList()
    qtbot.addWidget(made)
    made.show_problems((*summary.skipped, *summary.problems))
    assert summary.skipped
    assert all(reason for _, _, reason, _ in made.rows())


def test_that_long_and_hostile_names_are_cut_and_cleaned(qtbot: QtBot) -> None:
    made = ProblemList()
    qtbot.addWidget(made)
    made.show_problems((Problem("a\n\x1b" + "x" * 60_000, "EMPTY", "b"),))
    assert made.rows()[0][0].startswith("a\ufffd\ufffdxxx")
    assert len(made.rows()[0][0]) == 256
    assert "\n" not in made.rows()[0][0]


def test_that_the_folder_of_one_selected_file_can_be_shown(problems: ProblemList, qtbot: QtBot) -> None:
    assert not problems.folder.isEnabled()
    problems.view.selectRow(1)
    assert problems.folder.isEnabled()
    with qtbot.waitSignal(problems.folder_asked) as heard:
        QTest.mouseClick(problems.folder, Qt.MouseButton.LeftButton)
    assert heard.args == [PROBLEMS[1]]
    problems.view.selectAll()
    assert not problems.folder.isEnabled()
    problems.show_problems((Problem("", "GAP", "no file"),))
    problems.view.selectRow(0)
    assert not problems.folder.isEnabled()


def test_that_a_problems_file_is_found_below_what_was_opened(tmp_path: Path) -> None:
    (tmp_path / "a" / "deep").mkdir(parents=True)
    (tmp_path / "a" / "deep" / "IM1").write_text("")
    (tmp_path / "a" / "x.zip").write_text("")
    (tmp_path / "single.dcm").write_text("")
    roots = (str(tmp_path / "gone"), str(tmp_path / "a"), str(tmp_path / "single.dcm"))
    assert located("deep/IM1", roots) == str(tmp_path / "a" / "deep" / "IM1")
    assert located("x.zip/inside/IM9", roots) == str(tmp_path / "a" / "x.zip")
    assert located("single.dcm", roots) == str(tmp_path / "single.dcm")
    assert located("nowhere/IM9", roots) == ""
    assert located("", roots) == ""
