"""What the user can do with measurements: undone and redone, kept for each stack, forgotten when it is closed."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from brainsr_desktop.session import intents, intents_measure
from brainsr_desktop.session.history import History
from brainsr_desktop.session.measurements import Measurement
from brainsr_desktop.session.pictures import stack_name
from brainsr_desktop.session.state import ViewState
from tests.session.making import stack, state


def drawn(count: int = 1, at: ViewState | None = None) -> ViewState:
    found = at or state()
    for number in range(count):
        found = intents_measure.begin(found, "distance", (0.0, float(number)), (5.0, float(number)))
    return found


def test_that_a_new_measurement_lies_on_the_slice_in_view_and_is_selected() -> None:
    found = intents_measure.begin(state(slice_index=4), "ellipse", (0.0, 0.0), (2.0, 3.0))
    assert found.measuring.items == (Measurement(1, 4, "ellipse", (0.0, 0.0), (2.0, 3.0)),)
    assert (found.measuring.selected, found.measuring.handle) == (1, None)
    assert found.measuring.of_slice(4) and not found.measuring.of_slice(3)


def test_that_nothing_is_drawn_where_nothing_is_open() -> None:
    nothing = ViewState()
    assert intents_measure.begin(nothing, "distance", (0, 0), (1, 1)) == nothing
    assert intents_measure.add_all(nothing, drawn().measuring.items) == nothing


def test_that_drawing_moving_and_removing_are_undone_and_redone() -> None:
    history, states = History(), [state()]
    states.append(intents_measure.begin(states[-1], "distance", (0.0, 0.0), (5.0, 0.0)))
    states.append(intents_measure.move_handle(states[-1], 1, 1, (7.0, 1.0)))
    states.append(intents_measure.remove_selected(states[-1]))
    for before, after in pairwise(states):
        history.record(before, after, "step")
    current = states[-1]
    for wanted in reversed(states[:-1]):
        undone = history.undo(current)
        assert undone is not None
        current = undone[0]
        assert current.measuring.items == wanted.measuring.items
    for wanted in states[1:]:
        redone = history.redo(current)
        assert redone is not None
        current = redone[0]
        assert current.measuring.items == wanted.measuring.items


def test_that_an_undo_in_another_stack_does_not_bring_measurements_there() -> None:
    history, before = History(), state()
    after = drawn(at=before)
    history.record(before, after, "Distance")
    other = intents.open_stack(after, stack(digest="other", id="2"))
    assert history.undo(other) is None


def test_that_each_stack_keeps_its_own_until_it_is_closed() -> None:
    first, second = stack(), stack(digest="other", id="2")
    found = drawn(2, state(first))
    found = drawn(1, intents.open_stack(found, second))
    assert len(found.measuring.items) == 1
    back = intents.open_stack(found, first)
    assert len(back.measuring.items) == 2
    closed = intents_measure.forget(back, [stack_name(second)])
    assert len(closed.measuring.items) == 2
    assert intents.open_stack(closed, second).measuring.items == ()
    assert intents_measure.forget(back).measuring.items == ()
    gone = intents_measure.forget(back, [stack_name(first)])
    assert gone.measuring.items == () and gone.shelved_measurements


def test_that_numbers_are_not_given_twice() -> None:
    found = intents_measure.remove(drawn(3), (2,))
    assert [item.number for item in drawn(1, found).measuring.items] == [1, 3, 4]


def test_that_handles_are_gone_through_round_and_round() -> None:
    found = intents_measure.begin(drawn(1), "rectangle", (0.0, 0.0), (2.0, 3.0))
    seen = []
    for _ in range(9):
        found = intents_measure.step_handle(found, 1)
        seen.append((found.measuring.selected, found.measuring.handle))
    assert seen == [*((2, handle) for handle in range(5)), *((1, handle) for handle in range(3)), (2, 0)]
    found = intents_measure.step_handle(found, -1)
    assert (found.measuring.selected, found.measuring.handle) == (1, 2)
    assert intents_measure.step_handle(state(), 1) == state()


def test_that_only_what_is_in_view_is_removed() -> None:
    found = drawn(1)
    elsewhere = intents.go_to(found, found.slice_index + 1)
    assert intents_measure.selected_in_view(elsewhere) is None
    assert intents_measure.remove_selected(elsewhere).measuring.items == found.measuring.items


def test_that_measurements_of_a_file_get_new_numbers_and_need_their_slice() -> None:
    items = [replace(drawn(1).measuring.items[0], slice_index=index) for index in (0, 6, 7)]
    found = intents_measure.add_all(drawn(1), items)
    assert [(item.number, item.slice_index) for item in found.measuring.items] == [(1, 0), (2, 0), (3, 6)]


@pytest.mark.parametrize("number", [None, 17])
def test_that_selecting_none_lets_go_of_the_handle(number: int | None) -> None:
    found = intents_measure.select(drawn(1), 1, 9)
    assert found.measuring.handle == 2
    assert intents_measure.select(found, number).measuring.selected is None
    assert intents_measure.select(found, number).measuring.handle is None
