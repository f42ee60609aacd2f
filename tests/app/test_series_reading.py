"""Series are listed and shown while their headers are still being read, and replaced by what they turn out to be."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from brainsr_desktop.app.series_card import badges, facts, viewing_only
from brainsr_desktop.core.series import SeriesInfo, StackInfo
from brainsr_desktop.io.scan import scan
from brainsr_desktop.session import pane_labels
from brainsr_desktop.session.open_stack import OpenStack
from tests.app.controlling import Desk, MakeDesk
from tests.app.frame_kit import Rig
from tests.phantom import classic


@dataclass(frozen=True, slots=True)
class Begun:
    """What stands in for the series of a folder, and what they turn out to be."""

    stand_ins: tuple[StackInfo, ...]
    found: tuple[SeriesInfo, ...]


def told(folder: Path) -> list[tuple[str, SeriesInfo]]:
    """What a scan tells, in its order: ("begun" or "found", series)."""
    events: list[tuple[str, SeriesInfo]] = []
    scan(
        [str(folder)],
        on_begun=lambda series: events.append(("begun", series)),
        on_series=lambda series: events.append(("found", series)),
    )
    return events


def two_series(folder: Path) -> tuple[list[SeriesInfo], list[SeriesInfo]]:
    """What stands in for each of two series of six slices, counted; and both to the end."""
    for number in (1, 2):
        classic(folder / str(number), series=number)
    events = told(folder)
    begun = {series.stacks[0].id: series for kind, series in events if kind == "begun"}
    return list(begun.values()), [series for kind, series in events if kind == "found"]


@pytest.fixture
def begun(rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Begun:
    """A folder of two series was opened in the window, and is read as far as their names."""
    stand_ins, found = two_series(tmp_path)
    # The pretend scan would end at once.
    monkeypatch.setattr(rig.controller, "open_paths", lambda *_paths, **_switches: None)
    rig.window.open_paths([str(tmp_path)])
    for series in stand_ins:
        rig.controller.series_begun.emit(series)
    return Begun(tuple(series.stacks[0] for series in stand_ins), tuple(found))


def listed(rig: Rig) -> list[str]:
    return [stack.id for stack in rig.window.areas.browser.stacks()]


def shown(rig: Rig) -> StackInfo:
    stack = rig.store.state.stack
    assert stack is not None
    return stack


def test_that_a_series_stands_in_the_browser_and_in_the_panes_before_its_headers_are_read(
    rig: Rig, begun: Begun
) -> None:
    assert listed(rig) == [stack.id for stack in begun.stand_ins]
    stack = shown(rig)
    assert (stack.id, stack.slices, stack.reading) == (begun.stand_ins[0].id, 1, 6)
    assert "6 files so far" in facts(stack)
    assert [badge.text for badge in badges(stack, "")] == ["being read"]
    assert viewing_only(stack) == ""
    assert stack.why_not is not None
    content = rig.window.areas.pair.left.view.content
    assert "One picture, the series is being read" in content.corners.bottom_left


def test_that_the_series_takes_the_place_of_what_stood_in_for_it(rig: Rig, begun: Begun) -> None:
    for series in begun.found:
        rig.controller.series_found.emit(series)
    assert listed(rig) == ["1", "2"]
    assert (shown(rig).id, shown(rig).reading, shown(rig).slices) == ("1", 0, 6)


def test_that_a_selection_outlives_the_end_of_the_reading(rig: Rig, begun: Begun) -> None:
    browser = rig.window.areas.browser
    browser.opened.emit(begun.stand_ins[0])
    browser.tree.selectAll()
    assert len(browser.selected()) == 2
    rig.controller.series_found.emit(begun.found[1])
    assert {stack.id for stack in browser.selected()} == {begun.stand_ins[0].id, "2"}


def test_that_a_series_of_which_no_file_can_be_used_goes_with_the_scan(rig: Rig, begun: Begun) -> None:
    rig.window.areas.browser.opened.emit(begun.stand_ins[1])
    rig.controller.series_found.emit(begun.found[0])
    rig.controller.scans_ended.emit()
    assert listed(rig) == ["1"]
    assert rig.store.state.stack is None


def test_that_what_the_user_chose_is_not_taken_out_of_view_by_the_scan(rig: Rig, begun: Begun) -> None:
    rig.window.areas.browser.opened.emit(begun.stand_ins[1])
    rig.controller.series_found.emit(begun.found[0])
    assert shown(rig).id == begun.stand_ins[1].id
    rig.controller.series_found.emit(begun.found[1])
    assert shown(rig).id == "2"


def test_that_no_thumbnail_is_made_of_what_only_stands_in(rig: Rig, begun: Begun) -> None:
    for series in begun.found:
        rig.controller.series_found.emit(series)
    rig.qtbot.waitUntil(lambda: ("thumbnail", "2") in rig.controller.asked)
    asked = {about[1] for about in rig.controller.asked if about[0] == "thumbnail"}
    assert asked == {"1", "2"}


def test_that_the_children_tell_of_a_series_before_it_is_read_and_show_its_picture(
    desk: MakeDesk, tmp_path: Path
) -> None:
    classic(tmp_path, series=3)
    said: list[tuple[str, SeriesInfo]] = []
    one: Desk = desk()
    one.controller.series_begun.connect(lambda series: said.append(("begun", series)))
    one.controller.series_found.connect(lambda series: said.append(("found", series)))
    one.controller.open_paths([str(tmp_path)])
    one.wait(lambda: bool(one.summaries), "the end of the scan")
    assert [kind for kind, _ in said] == ["begun", "begun", "found"]
    stack = said[1][1].stacks[0]
    one.controller.open_stack(stack)
    one.wait(lambda: one.controller.left_picture is not None, "the picture")
    assert one.controller.left_status == pane_labels.being_read()
    assert OpenStack(stack).name != OpenStack(said[2][1].stacks[0]).name
