from __future__ import annotations

from functools import partial

from brainsr_desktop.app.store import Store
from brainsr_desktop.session import intents
from brainsr_desktop.session.state import ViewState, WindowLevel
from tests.session.making import state

Change = tuple[ViewState, ViewState]


def watched(start: ViewState) -> tuple[Store, list[Change]]:
    store, heard = Store(start), list[Change]()
    store.changed.connect(lambda before, after: heard.append((before, after)))
    return store, heard


def test_that_a_change_is_told_with_what_was_and_what_is() -> None:
    store, heard = watched(state(slice_index=1))
    store.apply(lambda s: intents.scroll(s, 2))
    assert [(before.slice_index, after.slice_index) for before, after in heard] == [(1, 3)]
    assert store.state.slice_index == 3


def test_that_what_changes_nothing_is_not_told_and_not_undone() -> None:
    store, heard = watched(state(slice_index=6))
    store.apply(lambda s: intents.scroll(s, 2), undo="scroll")
    assert heard == []
    assert store.undo_name == ""


def test_that_a_drag_is_one_step_back() -> None:
    store, heard = watched(state(window=WindowLevel(1.0, 10.0)))
    for center in (2.0, 3.0, 4.0):
        store.apply(partial(intents.set_window, window=WindowLevel(center, 10.0)), undo="W/L", gesture=1)
    assert store.undo_name == "W/L"
    assert store.undo() == "W/L"
    assert store.state.window == WindowLevel(1.0, 10.0)
    assert store.redo_name == "W/L"
    assert store.redo() == "W/L"
    assert store.state.window == WindowLevel(4.0, 10.0)
    assert store.redo() == ""
    assert len(heard) == 5


def test_that_every_listener_hears_of_the_changes_in_their_order() -> None:
    """Also when a listener answers a change with another one."""
    store = Store(state(slice_index=1))
    first, second = list[int](), list[int]()

    def answer(_before: ViewState, after: ViewState) -> None:
        first.append(after.slice_index)
        if after.slice_index == 2:
            store.apply(lambda s: intents.go_to(s, 5))

    store.changed.connect(answer)
    store.changed.connect(lambda _, after: second.append(after.slice_index))
    store.apply(lambda s: intents.go_to(s, 2))
    assert first == second == [2, 5]
    assert store.state.slice_index == 5
