from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from brainsr_desktop.session.cache import ResultCache
from tests.session.making import key, result

SIZE = 4 * 4 * 4  # bytes of a result of 4 x 4


def test_that_the_oldest_use_goes_first() -> None:
    cache = ResultCache(3 * SIZE)
    for number in range(3):
        cache.put(key(number), result())
    cache.get(key(0))
    cache.put(key(3), result())
    assert [number for number in range(4) if key(number) in cache] == [0, 2, 3]


def test_that_looking_is_not_using() -> None:
    cache = ResultCache(2 * SIZE)
    cache.put(key(0), result())
    cache.put(key(1), result())
    cache.peek(key(0))
    cache.put(key(2), result())
    assert key(0) not in cache


def test_that_the_slice_in_view_never_goes() -> None:
    cache = ResultCache(2 * SIZE)
    cache.put(key(0), result())
    cache.pin([key(0)])
    for number in range(1, 9):
        cache.put(key(number), result())
    assert key(0) in cache
    assert len(cache) == 2


def test_that_a_result_over_the_limit_stays_only_while_in_view() -> None:
    cache = ResultCache(SIZE // 2)
    cache.pin([key(0)])
    cache.put(key(0), result())
    assert key(0) in cache
    cache.pin([key(1)])
    assert key(0) not in cache
    assert cache.used_bytes == 0


def test_that_a_newer_result_replaces_the_older() -> None:
    cache = ResultCache(9 * SIZE)
    newer = result(8, 4)
    cache.put(key(0), result())
    cache.put(key(0), newer)
    assert cache.get(key(0)) is newer
    assert cache.used_bytes == 2 * SIZE


def test_that_closing_a_stack_frees_its_results() -> None:
    cache = ResultCache(9 * SIZE)
    cache.put(key(0, "one"), result())
    cache.put(key(0, "other"), result())
    cache.drop_stack("one")
    assert cache.used_bytes == SIZE
    cache.clear()
    assert (len(cache), cache.used_bytes) == (0, 0)


@given(
    limit=st.integers(0, 500),
    steps=st.lists(
        st.tuples(st.sampled_from(["put", "get", "pin"]), st.integers(0, 6), st.integers(1, 6)), max_size=80
    ),
)
def test_that_bytes_are_counted_right_and_the_limit_holds(
    limit: int, steps: list[tuple[str, int, int]]
) -> None:
    cache = ResultCache(limit)
    pinned = -1
    for step, number, side in steps:
        if step == "put":
            cache.put(key(number), result(side, side))
        elif step == "get":
            cache.get(key(number))
        else:
            pinned = number
            cache.pin([key(number)])
        held = {n: found for n in range(7) if (found := cache.peek(key(n))) is not None}
        assert cache.used_bytes == sum(found.pixels.nbytes for found in held.values())
        assert cache.used_bytes <= limit or set(held) <= {pinned}
        if step == "put" and number == pinned:
            assert number in held
