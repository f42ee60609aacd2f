from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from brainsr_desktop.session.planner import Stage, Urgency, Want
from brainsr_desktop.session.request_queue import DEPTH, RequestQueue
from tests.session.making import key, state

RECIPE = state().recipe


def want(number: int, stage: Stage = Stage.FULL, urgency: Urgency = Urgency.AHEAD) -> Want:
    return Want(key(number, recipe=stage.name), RECIPE, stage, urgency)


def in_view(number: int, stage: Stage = Stage.FULL) -> Want:
    return want(number, stage, Urgency.IN_VIEW)


def test_that_one_runs_and_one_waits() -> None:
    queue = RequestQueue()
    wants = [want(n) for n in range(5)]
    orders = queue.update(wants, settled=True)
    assert orders.start == tuple(wants[:2])
    assert queue.update(wants, settled=True).start == ()
    assert queue.waiting == tuple(wants[2:])
    queue.ended(wants[0].key)
    assert queue.update(wants[1:], settled=True).start == (wants[2],)


def test_that_what_is_no_longer_wanted_is_cancelled_once() -> None:
    queue = RequestQueue()
    old = [want(0), want(1)]
    queue.update(old, settled=True)
    new = [want(2)]
    assert queue.update(new, settled=True).cancel == (old[0].key, old[1].key)
    assert queue.update(new, settled=True).cancel == ()
    assert not queue.is_running(old[0].key)
    queue.ended(old[1].key)
    assert queue.update(new, settled=True).start == (new[0],)


def test_that_the_slice_in_view_does_not_wait_for_others() -> None:
    queue = RequestQueue()
    ahead = [want(0), want(1, urgency=Urgency.JOB)]
    queue.update(ahead, settled=True)
    orders = queue.update([in_view(5), *ahead], settled=True)
    assert set(orders.cancel) == {ahead[0].key, ahead[1].key}


def test_that_a_neighbour_that_came_into_view_goes_on() -> None:
    queue = RequestQueue()
    queue.update([want(3)], settled=True)
    orders = queue.update([in_view(3, Stage.FAST), in_view(3)], settled=False)
    assert orders.cancel == ()
    assert orders.start == (in_view(3, Stage.FAST),)


def test_that_only_quick_stages_of_the_slice_in_view_start_while_scrolling() -> None:
    queue = RequestQueue()
    wants = [in_view(0), in_view(0, Stage.SCORE), want(1, Stage.FAST), want(2)]
    assert queue.update(wants, settled=False).start == ()
    quick = [in_view(0, Stage.DEGRADED), in_view(0, Stage.FAST), *wants]
    assert queue.update(quick, settled=False).start == tuple(quick[:2])


def test_that_a_cancelled_request_wanted_again_starts_when_it_has_ended() -> None:
    queue = RequestQueue()
    again = want(0)
    queue.update([again], settled=True)
    queue.update([], settled=True)
    assert queue.update([again], settled=True).start == ()
    queue.ended(again.key)
    assert queue.update([again], settled=True).start == (again,)


wants_of = st.lists(
    st.tuples(st.integers(0, 5), st.sampled_from(list(Stage)), st.sampled_from(list(Urgency))),
    max_size=8,
    unique_by=lambda t: (t[0], t[1]),
)


@given(st.lists(st.tuples(wants_of, st.booleans(), st.integers(0, 3)), max_size=30))
def test_that_never_more_than_two_are_out_and_nothing_is_sent_twice(
    plans: list[tuple[list[tuple[int, Stage, Urgency]], bool, int]],
) -> None:
    queue = RequestQueue()
    out: dict[object, bool] = {}
    for plan, settled, ends in plans:
        wants = sorted((want(n, stage, urgency) for n, stage, urgency in plan), key=lambda w: w.urgency)
        orders = queue.update(wants, settled=settled)
        for cancelled in orders.cancel:
            assert out[cancelled] is False
            out[cancelled] = True
        for started in orders.start:
            assert started.key not in out
            assert settled or started.urgency is Urgency.IN_VIEW
            out[started.key] = False
        assert len(out) <= DEPTH
        assert {flight.want.key for flight in queue.flights} == set(out)
        unwanted = set(out) - {w.key for w in wants}
        assert all(out[k] for k in unwanted)
        for gone in list(out)[:ends]:
            del out[gone]
            queue.ended(gone)  # type: ignore[arg-type]


def test_that_the_most_urgent_start_first() -> None:
    queue = RequestQueue()
    wants = [in_view(0, Stage.FAST), in_view(0), want(1)]
    assert [w.stage for w in queue.update(wants, settled=True).start] == [Stage.FAST, Stage.FULL]
    assert replace(wants[0]).frame == 0
