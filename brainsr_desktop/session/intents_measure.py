"""What the user can do with measurements: pure functions from state to state, as in `session.intents`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from brainsr_desktop.core.measure import PointMm
from brainsr_desktop.core.series import StackInfo
from brainsr_desktop.session.measurements import Kind, Measurement, Measuring
from brainsr_desktop.session.pictures import stack_name
from brainsr_desktop.session.state import ViewState


def begin(state: ViewState, kind: Kind, start: PointMm, end: PointMm) -> ViewState:
    """Put a new measurement on the slice in view and select it."""
    if state.stack is None:
        return state
    measuring = state.measuring
    item = Measurement(measuring.next_number, state.slice_index, kind, start, end)
    return replace(state, measuring=Measuring((*measuring.items, item), item.number))


def put(state: ViewState, item: Measurement) -> ViewState:
    """Give the measurement of the same number this shape."""
    items = tuple(item if other.number == item.number else other for other in state.measuring.items)
    return replace(state, measuring=replace(state.measuring, items=items))


def move_handle(state: ViewState, number: int, handle: int, to: PointMm) -> ViewState:
    """Move a handle of a measurement to a place of the plane."""
    item = state.measuring.find(number)
    return state if item is None else put(state, item.with_handle_at(handle, to))


def select(state: ViewState, number: int | None, handle: int | None = None) -> ViewState:
    """Select a measurement (None: none) and give one of its handles the focus (None: no handle)."""
    item = state.measuring.find(number)
    if item is None:
        return replace(state, measuring=Measuring(state.measuring.items))
    if handle is not None:
        handle = min(max(handle, 0), len(item.handles) - 1)
    return replace(state, measuring=replace(state.measuring, selected=item.number, handle=handle))


def step_handle(state: ViewState, steps: int) -> ViewState:
    """Give the focus to the next handle of the slice's measurements, going round; ``steps`` -1: the previous one."""
    places = [
        (item.number, handle)
        for item in state.measuring.of_slice(state.slice_index)
        for handle in range(len(item.handles))
    ]
    if not places:
        return state
    here = (state.measuring.selected, state.measuring.handle)
    own = [index for index, place in enumerate(places) if place[0] == here[0]]
    first = (own or [0])[0] if steps > 0 else (own or [-1])[-1]
    index = places.index((here[0], here[1])) + steps if here in places else first
    return select(state, *places[index % len(places)])


def remove_selected(state: ViewState) -> ViewState:
    """Remove the selected measurement, if it is on the slice in view."""
    item = selected_in_view(state)
    return state if item is None else remove(state, (item.number,))


def remove(state: ViewState, numbers: Iterable[int]) -> ViewState:
    """Remove measurements by their numbers."""
    gone = set(numbers)
    measuring = state.measuring
    items = tuple(item for item in measuring.items if item.number not in gone)
    if measuring.selected in gone:
        return replace(state, measuring=Measuring(items))
    return replace(state, measuring=replace(measuring, items=items))


def add_all(state: ViewState, items: Iterable[Measurement]) -> ViewState:
    """Add measurements, from a file, under new numbers; those beyond the stack's slices are left out."""
    if state.stack is None:
        return state
    kept = list(state.measuring.items)
    number = state.measuring.next_number
    for item in items:
        if 0 <= item.slice_index < state.stack.slices:
            kept.append(replace(item, number=number))
            number += 1
    return replace(state, measuring=replace(state.measuring, items=tuple(kept)))


def selected_in_view(state: ViewState) -> Measurement | None:
    """The selected measurement, if it is on the slice in view."""
    item = state.measuring.find(state.measuring.selected)
    return item if item is not None and item.slice_index == state.slice_index else None


def change_stack(state: ViewState, stack: StackInfo | None) -> ViewState:
    """Lay the measurements of the stack in view aside and take those of another one."""
    shelf = dict(state.shelved_measurements)
    if state.stack is not None:
        shelf[stack_name(state.stack)] = state.measuring.items
    items = () if stack is None else shelf.pop(stack_name(stack), ())
    shelved = tuple((name, kept) for name, kept in shelf.items() if kept)
    return replace(state, measuring=Measuring(items), shelved_measurements=shelved)


def forget(state: ViewState, names: Iterable[str] | None = None) -> ViewState:
    """Forget the measurements of closed stacks (names as `stack_name` gives them); None: of all."""
    if names is None:
        return replace(state, measuring=Measuring(), shelved_measurements=())
    gone = set(names)
    shelved = tuple(entry for entry in state.shelved_measurements if entry[0] not in gone)
    here = state.stack is not None and stack_name(state.stack) in gone
    measuring = Measuring() if here else state.measuring
    return replace(state, measuring=measuring, shelved_measurements=shelved)


def restore(state: ViewState, measuring: Measuring) -> ViewState:
    """Bring the measurements back as they were."""
    return replace(state, measuring=measuring)
