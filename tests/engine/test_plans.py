from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from brainsr_desktop.core.errors import Cancelled
from brainsr_desktop.engine import devices, plans, threads
from brainsr_desktop.engine.backends import openvino_backend
from brainsr_desktop.engine.devices import Choice, choices
from brainsr_desktop.engine.plans import Plan
from brainsr_desktop.models.catalog import Catalog
from tests.engine.made_models import phantom

TORCH = Plan("torch", 0, {"openvino, all threads": 30.0, "torch, all threads": 20.0})


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of one's own."""
    monkeypatch.setattr("brainsr_desktop.paths.cache_dir", lambda: tmp_path)
    plans.in_force.cache_clear()
    return tmp_path / plans.FILE_NAME


def never() -> None:
    """Nothing is cancelled."""


def test_that_every_way_is_tried_and_the_quickest_is_kept(catalog: Catalog, file: Path) -> None:
    card = catalog.find("tiny-x4")
    plan = plans.measured(card, never, side_px=24, rounds=2)
    plans.keep(card, plan)
    assert {"openvino, all threads", "torch, all threads"} <= plan.tried_ms.keys()
    assert plans.plan_of(card) == plan
    quickest = min(plan.tried_ms.values())
    taken = plan.tried_ms[f"{plan.backend}, {plan.threads or 'all'} threads"]
    assert taken == quickest or quickest > plans.GAIN * plan.tried_ms["openvino, all threads"]


def test_that_a_measurement_that_is_given_up_leaves_nothing(catalog: Catalog, file: Path) -> None:
    def cancelled() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        plans.measured(catalog.find("tiny-x4"), cancelled)
    assert not file.exists()


def test_that_a_plan_is_of_one_model_and_survives_another(catalog: Catalog, file: Path) -> None:
    first, second = catalog.find("tiny-x4"), catalog.find("tiny-x2")
    plans.keep(first, TORCH)
    assert plans.plan_of(second) is None
    plans.keep(second, Plan("openvino", 1))
    assert plans.plan_of(first) == TORCH


def test_that_a_process_keeps_to_the_plan_it_read_first(catalog: Catalog, file: Path) -> None:
    card = catalog.find("tiny-x4")
    assert choices(card, "cpu")[0] == Choice("openvino", "cpu")
    plans.keep(card, TORCH)
    assert choices(card, "cpu")[0] == Choice("openvino", "cpu")
    plans.in_force.cache_clear()
    assert choices(card, "cpu") == (Choice("torch", "cpu"), Choice("openvino", "cpu"))
    assert choices(card, "auto")[-1] == Choice("openvino", "cpu")


def test_that_the_user_overrides_the_plan(
    catalog: Catalog, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = catalog.find("tiny-x4")
    plans.keep(card, TORCH)
    monkeypatch.setenv(threads.LIBRARY, "openvino")
    assert devices.choices(card, "cpu")[0] == Choice("openvino", "cpu")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"x": 1}'])
def test_that_a_damaged_file_of_plans_is_none(catalog: Catalog, file: Path, content: str) -> None:
    file.write_text(content, encoding="utf-8")
    assert plans.plan_of(catalog.find("tiny-x4")) is None
    plans.keep(catalog.find("tiny-x4"), TORCH)
    assert plans.plan_of(catalog.find("tiny-x4")) == TORCH


def test_that_a_plan_with_foul_entries_is_none(catalog: Catalog, file: Path) -> None:
    card = catalog.find("tiny-x4")
    plans.keep(card, Plan("rm -rf", 1))
    assert plans.plan_of(card) is None


def test_that_the_number_of_threads_does_not_change_a_bit(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = phantom(40, 48)[None, None] / np.float32(1000.0)
    pictures = []
    for count in (1, 2):
        with threads.planned(count):
            backend = openvino_backend.open_backend(catalog.find("tiny-x4"), 4, "cpu", "exact")
        pictures.append(backend.run(given, never))
    assert threads.wanted() == 0
    assert np.array_equal(pictures[0], pictures[1])
