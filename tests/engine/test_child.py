"""The engine in its own process, over a real pipe and real shared memory."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from brainsr_desktop.core.degrade import Degradation
from brainsr_desktop.core.errors import InternalError, UsageError
from brainsr_desktop.core.geometry import unknown_geometry
from brainsr_desktop.core.recipe import Recipe
from brainsr_desktop.engine.messages import Devices, Infer, Inferred, ListDevices, Prepare, Prepared
from brainsr_desktop.engine.pipeline import Engine
from brainsr_desktop.ipc.client import BlockingClient, ChildClient
from brainsr_desktop.ipc.messages import Answer, ArrayRef, JobCancelled, JobId, Progress
from brainsr_desktop.ipc.shared_array import SharedArray
from brainsr_desktop.models.catalog import Catalog
from tests.engine.made_models import phantom
from tests.engine.slow_child import MODELS_VARIABLE, NAP_VARIABLE, TARGET

NET = Recipe("tiny-x4", 4, device="cpu")
ROWS, COLUMNS = 40, 34


@pytest.fixture(scope="module")
def client(made_models: Path) -> Iterator[BlockingClient]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(MODELS_VARIABLE, str(made_models))
        with BlockingClient(TARGET, name="engine") as started:
            yield started


@pytest.fixture
def stack() -> Iterator[SharedArray]:
    """Three frames of int16."""
    with closing(SharedArray.create((3, ROWS, COLUMNS), np.int16)) as block:
        block.array[:] = [phantom(ROWS, COLUMNS, seed) for seed in range(3)]
        yield block


@pytest.fixture
def target() -> Iterator[SharedArray]:
    with closing(SharedArray.create((4 * ROWS + 3, 4 * COLUMNS + 5), np.float32)) as block:
        yield block


def infer(source: ArrayRef, target: ArrayRef, recipe: Recipe = NET, frame: int = 1) -> Infer:
    place = unknown_geometry(ROWS, COLUMNS, 1)
    return Infer(JobId(0), recipe, source, frame, frame, place, target)


def call(client: BlockingClient, request: Infer) -> tuple[Inferred, list[Answer]]:
    heard: list[Answer] = []
    answer = client.call(lambda job: replace(request, job=job), heard.append)
    assert isinstance(answer, Inferred)
    return answer, heard


def expected(catalog: Catalog, stack: SharedArray, recipe: Recipe, frame: int) -> npt.NDArray[np.float32]:
    pixels = stack.array[frame].astype(np.float32)
    place = unknown_geometry(ROWS, COLUMNS, 1)
    return Engine(catalog).enhance(pixels, recipe, place, slice_index=frame).pixels


@pytest.mark.parametrize("frame", [0, 2])
@pytest.mark.parametrize("recipe", [NET, Recipe("lanczos", 2)])
def test_that_a_slice_comes_back_in_the_corner_of_the_target(
    client: BlockingClient,
    catalog: Catalog,
    stack: SharedArray,
    target: SharedArray,
    recipe: Recipe,
    frame: int,
) -> None:
    target.array[:] = -1.0
    done, _ = call(client, infer(stack.ref, target.ref, recipe, frame))
    assert (done.rows, done.columns) == (recipe.scale * ROWS, recipe.scale * COLUMNS)
    assert np.array_equal(target.array[: done.rows, : done.columns], expected(catalog, stack, recipe, frame))
    assert (target.array[done.rows :] == -1.0).all()
    assert (target.array[:, done.columns :] == -1.0).all()
    assert done.geometry == unknown_geometry(ROWS, COLUMNS, 1).enlarged(recipe.scale)
    assert done.device == "cpu"
    assert done.scores == ()


def test_that_test_mode_brings_scores(
    client: BlockingClient, stack: SharedArray, target: SharedArray
) -> None:
    recipe = replace(NET, degradation=Degradation(2.0, 0.0, 4))
    done, _ = call(client, infer(stack.ref, target.ref, recipe))
    assert (done.rows, done.columns) == (ROWS, COLUMNS)
    assert dict(done.scores)["psnr"] > 5.0


def test_that_progress_is_heard(client: BlockingClient, stack: SharedArray, target: SharedArray) -> None:
    _, heard = call(client, infer(stack.ref, target.ref, replace(NET, tile=16)))
    last = [answer for answer in heard if isinstance(answer, Progress)][-1]
    assert last.done == last.total > 1


def test_that_a_model_is_prepared_and_devices_are_listed(client: BlockingClient) -> None:
    ready = client.call(lambda job: Prepare(job, NET))
    assert isinstance(ready, Prepared)
    assert (ready.backend, ready.device) == ("openvino", "cpu")
    found = client.call(ListDevices)
    assert isinstance(found, Devices)
    assert "cpu" in [device.id for device in found.devices]


def test_that_an_unknown_model_is_the_same_error_here(
    client: BlockingClient, stack: SharedArray, target: SharedArray
) -> None:
    with pytest.raises(UsageError, match="no-such"):
        call(client, infer(stack.ref, target.ref, Recipe("no-such", 4)))


def test_that_blocks_that_do_not_fit_are_refused_before_they_are_used(
    client: BlockingClient, stack: SharedArray, target: SharedArray
) -> None:
    good = infer(stack.ref, target.ref)
    small = replace(target.ref, shape=(4 * ROWS - 1, 4 * COLUMNS))
    bad = [
        replace(good, frame=3),
        replace(good, frame=-1),
        replace(good, target=small),
        replace(good, target=replace(target.ref, dtype="<f8")),
        replace(good, target=replace(target.ref, shape=(1, *target.ref.shape))),
        replace(good, source=replace(stack.ref, shape=(3, ROWS, COLUMNS, 1))),
        replace(good, source=replace(stack.ref, shape=(3, COLUMNS, ROWS))),
        replace(good, source=replace(stack.ref, dtype="<U1")),
        replace(good, source=replace(stack.ref, shape=(3000, ROWS, COLUMNS)), frame=2999),
        replace(good, geometry=unknown_geometry(ROWS, COLUMNS + 1, 1)),
        replace(good, range_max=float("nan")),
        replace(good, spread=small),
        replace(good, spread=replace(target.ref, dtype="<f8")),
        replace(good, source=replace(stack.ref, block=stack.ref.block + "x")),
    ]
    before = target.array.copy()
    for request in bad:
        with pytest.raises(InternalError):
            call(client, request)
    assert np.array_equal(target.array, before)
    call(client, good)


def test_that_cancel_stops_a_slice_at_work(
    made_models: Path, stack: SharedArray, target: SharedArray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(MODELS_VARIABLE, str(made_models))
    monkeypatch.setenv(NAP_VARIABLE, "60")
    answers: list[object] = []
    ended = threading.Event()

    def hear(message: object) -> None:
        answers.append(message)
        if isinstance(message, Answer) and message.final:
            ended.set()

    client = ChildClient(TARGET, name="engine", on_message=hear, on_death=lambda _: None)
    client.start()
    try:
        job = client.next_job()
        client.send(replace(infer(stack.ref, target.ref), job=job))
        client.cancel(job)
        assert ended.wait(30)
        assert JobCancelled(job) in answers
    finally:
        client.stop()


def test_that_the_shipped_engine_starts_by_its_name(stack: SharedArray, target: SharedArray) -> None:
    with BlockingClient("brainsr_desktop.engine.child:main", name="engine") as client:
        done, _ = call(client, infer(stack.ref, target.ref, Recipe("bicubic", 4)))
        assert (done.rows, done.columns) == (4 * ROWS, 4 * COLUMNS)


@pytest.mark.parametrize("degradation", [None, Degradation(1.0, 0.0, 4)])
def test_that_careful_mode_also_brings_its_spread(
    client: BlockingClient,
    catalog: Catalog,
    stack: SharedArray,
    target: SharedArray,
    degradation: Degradation | None,
) -> None:
    recipe = replace(NET, careful=True, degradation=degradation)
    with closing(SharedArray.create(target.array.shape, np.float32)) as spread:
        spread.array[:] = -1.0
        done, _ = call(client, replace(infer(stack.ref, target.ref, recipe), spread=spread.ref))
        found = spread.array.copy()
    made = Engine(catalog).enhance(
        stack.array[1].astype(np.float32), recipe, unknown_geometry(ROWS, COLUMNS, 1), slice_index=1
    )
    assert done.has_spread
    assert made.spread is not None
    assert np.array_equal(found[: done.rows, : done.columns], made.spread)
    assert (found[done.rows :] == -1.0).all()
    assert found[: done.rows, : done.columns].max() > 0.0


@pytest.mark.parametrize("recipe", [NET, Recipe("lanczos", 4, careful=True)])
def test_that_what_has_no_spread_leaves_its_block_alone(
    client: BlockingClient, stack: SharedArray, target: SharedArray, recipe: Recipe
) -> None:
    with closing(SharedArray.create(target.array.shape, np.float32)) as spread:
        spread.array[:] = -1.0
        done, _ = call(client, replace(infer(stack.ref, target.ref, recipe), spread=spread.ref))
        assert not done.has_spread
        assert (spread.array == -1.0).all()


def test_that_a_spread_nobody_has_room_for_is_left_out(
    client: BlockingClient, stack: SharedArray, target: SharedArray
) -> None:
    done, _ = call(client, infer(stack.ref, target.ref, replace(NET, careful=True)))
    assert not done.has_spread
