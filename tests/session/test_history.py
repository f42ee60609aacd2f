from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from brainsr_desktop.session import intents
from brainsr_desktop.session.history import STEPS_KEPT, History
from brainsr_desktop.session.state import RectMm, ViewState, WindowLevel
from tests.session.making import stack, state


class Person:
    """Does things to a state, as the store does."""

    def __init__(self, start: ViewState) -> None:
        self.state = start
        self.history = History()

    def do(self, after: ViewState, name: str = "", gesture: object = None) -> None:
        if name:
            self.history.record(self.state, after, name, gesture)
        self.state = after

    def undo(self) -> str:
        found = self.history.undo(self.state)
        if found is None:
            return ""
        self.state = found[0]
        return found[1]

    def redo(self) -> str:
        found = self.history.redo(self.state)
        if found is None:
            return ""
        self.state = found[0]
        return found[1]


def windowed(person: Person, center: float, gesture: object = None) -> None:
    person.do(intents.set_window(person.state, WindowLevel(center, 10.0)), "W/L", gesture)


def test_that_nothing_done_is_nothing_to_undo() -> None:
    person = Person(state())
    assert person.undo() == person.redo() == ""
    assert person.history.undo_name == person.history.redo_name == ""


def test_that_undo_names_its_step_and_redo_brings_it_back() -> None:
    person = Person(state())
    windowed(person, 5.0)
    flipped = intents.flip_h(person.state)
    person.do(flipped, "flip")
    assert person.history.undo_name == "flip"
    assert person.undo() == "flip"
    assert not person.state.flip_h
    assert person.history.redo_name == "flip"
    assert person.redo() == "flip"
    assert person.state == flipped


def test_that_steps_of_one_gesture_are_undone_at_once() -> None:
    person = Person(state(window=WindowLevel(1.0, 10.0)))
    for center in (2.0, 3.0, 4.0):
        windowed(person, center, gesture="drag 1")
    windowed(person, 5.0, gesture="drag 2")
    person.undo()
    assert person.state.window == WindowLevel(4.0, 10.0)
    person.undo()
    assert person.state.window == WindowLevel(1.0, 10.0)
    assert person.undo() == ""


def test_that_slice_and_stack_stay_as_they_are() -> None:
    person = Person(state())
    person.do(intents.set_network(intents.choose_model(person.state, "other", 2), on=True), "model")
    person.do(intents.go_to(person.state, 5))
    person.undo()
    assert person.state.slice_index == 5
    assert person.state.recipe == state().recipe


def test_that_a_window_that_came_by_itself_outlives_the_undo_of_a_flip() -> None:
    person = Person(state(window=None))
    person.do(intents.flip_v(person.state), "flip")
    automatic = WindowLevel(300.0, 600.0)
    person.do(intents.set_window(person.state, automatic))
    person.undo()
    assert not person.state.flip_v
    assert person.state.window == automatic


def test_that_grey_window_and_zoom_of_another_stack_are_not_brought_back() -> None:
    person = Person(state(stack(id="1")))
    windowed(person, 5.0)
    person.do(replace(person.state, rect_mm=RectMm(0, 0, 1, 1)), "zoom")
    person.do(intents.choose_model(person.state, "bicubic", 4), "model")
    person.do(intents.open_stack(person.state, stack(id="2"), WindowLevel(9.0, 9.0)))
    assert person.undo() == "model"
    assert person.undo() == ""
    assert person.state.window == WindowLevel(9.0, 9.0)


def test_that_a_new_step_ends_redo() -> None:
    person = Person(state())
    windowed(person, 5.0)
    person.undo()
    windowed(person, 6.0)
    assert person.redo() == ""


def test_that_a_hundred_steps_are_kept() -> None:
    person = Person(state())
    for number in range(STEPS_KEPT + 20):
        windowed(person, float(number))
    undone = 0
    while person.undo():
        undone += 1
    assert undone == STEPS_KEPT
    assert person.state.window == WindowLevel(19.0, 10.0)


@given(st.lists(st.sampled_from(["h", "v", "w", "model", "test", "scroll", "undo", "redo"]), max_size=60))
def test_that_undo_to_the_start_and_redo_to_the_end_are_the_way_there_and_back(steps: list[str]) -> None:
    person = Person(state())
    for number, step in enumerate(steps):
        match step:
            case "h":
                person.do(intents.flip_h(person.state), "h")
            case "v":
                person.do(intents.flip_v(person.state), "v")
            case "w":
                windowed(person, float(number))
            case "model":
                person.do(intents.choose_model(person.state, f"m{number}", 4), "model")
            case "test":
                person.do(intents.set_test_mode(person.state, on=not person.state.test_mode), "test")
            case "scroll":
                person.do(intents.scroll(person.state, 1))
            case "undo":
                person.undo()
            case "redo":
                person.redo()
    while person.redo():
        pass
    end = person.state
    names = []
    while name := person.undo():
        names.append(name)
    begin = state()
    assert replace(person.state, slice_index=0, scroll_direction=1) == replace(
        begin, slice_index=0, scroll_direction=1
    )
    assert [person.redo() for _ in names] == names[::-1]
    assert person.state == end
