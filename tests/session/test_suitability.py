"""A series outside a model's training: what is measured, what is said, and who waits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from brainsr_desktop.core.measure import Padding
from brainsr_desktop.core.suitability import Measured, Reason, Trained, appearance, reasons
from brainsr_desktop.session import suitability
from brainsr_desktop.session.compare import Source
from brainsr_desktop.session.open_stack import OpenStack
from brainsr_desktop.session.pictures import PaneState, Picture
from brainsr_desktop.session.planner import Stage, recipes_of, stages_of, wanted
from brainsr_desktop.session.state import ViewState
from tests.session.making import no_weights, result, stack, state
from tests.session.panes_kit import NAMES, There, full_key

GAN = Source("model", "gan-x4", 4)


def test_that_the_banner_names_the_model_and_each_reason() -> None:
    found = (Reason("pixel_size", 0.4, 0.8, 1.2), Reason("already_enhanced"), Reason("body_part", "KNEE"))
    assert suitability.sentence("GAN x4", found) == (
        "This series is outside what GAN x4 was trained on: pixel size 0.4 mm (trained 0.8 to 1.2); already made by a "
        "network; body part KNEE. Results may be wrong."
    )


def test_that_a_stack_is_measured_by_what_its_header_tells() -> None:
    made = stack(body_part="CEREBELLUM", badges=("AI-made", "derived"))
    found = suitability.measured(made)
    assert (found.pixel_mm, found.matrix_px) == ((2.0, 3.0), (8, 6))
    assert (found.modality, found.body_part, found.already_enhanced) == ("MR", "", True)
    assert suitability.measured(replace(made, has_spacing=False)).pixel_mm is None
    assert suitability.measured(replace(made, body_part="KNEE")).body_part == "KNEE"
    trained = Trained(pixel_mm=(0.5, 2.5))
    assert [reason.kind for reason in reasons(found, trained)] == ["already_enhanced", "pixel_size"]


@pytest.mark.parametrize(
    ("side", "kinds"), [(512, []), (448, []), (30, []), (768, ["matrix"]), (20, ["matrix"])]
)
def test_that_a_matrix_a_little_larger_raises_no_doubt(side: int, kinds: list[str]) -> None:
    trained = Trained(pixel_mm=(0.46, 5.3), matrix_px=(34.0, 448.0))
    found = suitability.doubts_of(Measured("MR", matrix_px=(side, side), pixel_mm=(0.5, 0.5)), trained)
    assert [reason.kind for reason in found] == kinds
    both = suitability.doubts_of(Measured("MR", matrix_px=(side, side), pixel_mm=(0.3, 0.3)), trained)
    assert "pixel_size" in [reason.kind for reason in both]


def test_that_padding_has_no_part_in_how_a_slice_looks() -> None:
    head = np.random.default_rng(1).normal(500, 20, (40, 32))
    padded = np.pad(head, 8, constant_values=-30000).astype(np.int16)
    mask = padded == -30000
    found = suitability.appearance_of(Picture(padded, (1.0, 1.0), padding=Padding(mask)))
    assert found == appearance(np.where(mask, np.nan, padded).astype(np.float32))


def doubtful(shown: ViewState, *models: str) -> ViewState:
    return suitability.set_doubts(shown, ("brainsr-x4", "espcn-x4", "gan-x4"), models)


def networks(shown: ViewState) -> set[tuple[str, Stage]]:
    wants = wanted(shown, lambda _: False, no_weights, baselines=NAMES)
    return {(want.recipe.model, want.stage) for want in wants}


def test_that_a_doubtful_network_waits_and_the_pane_shows_interpolation_and_says_so(
    opened: OpenStack,
) -> None:
    shown = doubtful(state(slice_index=2), "brainsr-x4")
    there = There(opened)
    there.results[full_key(shown)] = result(32, 24)  # of an earlier run
    pane = there.right(shown)
    assert pane.status.state is PaneState.HELD
    assert pane.status.text == "Interpolated (linear): BrainSR x4 was not trained for this series"
    assert pane.picture is not None
    assert (pane.picture.key, pane.picture.smooth) == (None, True)
    assert networks(shown) == set()
    # Another model runs, and the one that waits does not hold it up.
    other = replace(shown, left=GAN)
    assert networks(other) == {("gan-x4", Stage.FULL), ("espcn-x4", Stage.FAST)}
    assert recipes_of(replace(shown, mode="stability"), NAMES).spread is None


def test_that_run_anyway_counts_for_this_series_and_model_until_it_is_closed(opened: OpenStack) -> None:
    shown = suitability.run_anyway(doubtful(state(slice_index=2), "brainsr-x4", "gan-x4"), ("brainsr-x4",))
    assert networks(shown) == {("brainsr-x4", Stage.FULL), ("espcn-x4", Stage.FAST)}
    there = There(opened)
    there.results[full_key(shown)] = result(32, 24)
    assert there.right(shown).status.state is PaneState.CACHED
    assert suitability.is_held(shown, "gan-x4")
    another = doubtful(replace(shown, stack=stack(digest="other")), "brainsr-x4")
    assert suitability.is_held(another, "brainsr-x4")
    assert not suitability.is_held(replace(another, stack=shown.stack), "brainsr-x4")
    closed = doubtful(suitability.forget(shown, {"abc:1"}), "brainsr-x4")
    assert suitability.is_held(closed, "brainsr-x4")
    assert suitability.forget_all(shown).run_anyway == frozenset()


def test_that_a_doubt_goes_when_it_is_found_to_be_none() -> None:
    shown = doubtful(state(), "brainsr-x4")
    assert doubtful(shown, "brainsr-x4") is shown
    assert not suitability.is_held(doubtful(shown), "brainsr-x4")


@pytest.mark.parametrize("source", [Source("current"), GAN])
def test_that_a_doubtful_preview_is_left_out(source: Source) -> None:
    shown = doubtful(state(right=source), "espcn-x4")
    stages = stages_of(shown, source)
    assert stages is not None
    assert (stages.fast, stages.held) == (None, False)
