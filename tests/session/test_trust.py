"""What is known about the right picture, and that a map is never that of another one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from brainsr_desktop.core import consistency, rings
from brainsr_desktop.core.resample import enlarge
from brainsr_desktop.core.suitability import Trained
from brainsr_desktop.models.card import Card
from brainsr_desktop.models.trust_table import Trust
from brainsr_desktop.session import intents, trust, trust_labels
from brainsr_desktop.session.compare import Mode, Source
from brainsr_desktop.session.open_stack import OpenStack
from brainsr_desktop.session.panes import Pane
from brainsr_desktop.session.pictures import PaneState, Picture
from brainsr_desktop.session.planner import Stage, key_of, recipes_of, wanted
from brainsr_desktop.session.state import ViewState
from brainsr_desktop.session.trust import Agreed, Checked, Question
from tests.session.making import no_weights, result, state
from tests.session.panes_kit import NAMES, There, degraded_key, full_key

RNG = np.random.default_rng(5)
SCALE = 4
EXTENT = (96.0, 80.0)
TRUST = Trust(1.25, 0.02, 0.97, 0.96, uncertainty_correlation=0.615, trained=Trained())


def head(rows: int = 48, columns: int = 40) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """A soft head with two regions and noise of one percent."""
    y, x = np.mgrid[-1 : 1 : rows * 1j, -1 : 1 : columns * 1j]
    soft = 1.0 / (1.0 + np.exp((np.hypot(x, y) - 0.75) * 12))
    inner = 1.0 / (1.0 + np.exp((np.hypot(x - 0.2, y) - 0.3) * 12))
    return np.asarray(800 * soft - 300 * inner + RNG.normal(0, 8, (rows, columns)), np.float32)


def question(
    upper: np.ndarray[tuple[int, ...], np.dtype[np.float32]], source: object, **changes: object
) -> Question:
    assert isinstance(source, np.ndarray)
    made = Question(Picture(upper, EXTENT), Picture(source, EXTENT), SCALE, consistency.LIMIT)
    return replace(made, **changes)  # type: ignore[arg-type]  # fields of the tests below


def test_that_an_interpolation_keeps_its_input_and_is_as_steep_as_itself() -> None:
    source = head()
    checked = trust.check(question(enlarge(source, SCALE, "bicubic"), source))
    assert checked.residual is not None
    assert checked.residual.part < consistency.LIMIT
    assert (checked.places, checked.outline) == ((), None)
    assert checked.sharpness == pytest.approx(1.0, abs=1e-6)


def test_that_a_painted_dot_is_flagged_and_outlined_at_the_dot() -> None:
    source = head()
    painted = enlarge(source, SCALE, "bicubic")
    painted[20 * SCALE : 22 * SCALE, 12 * SCALE : 14 * SCALE] += 400.0
    checked = trust.check(question(painted, source))
    assert len(checked.places) == 1
    place = checked.places[0]
    assert place.top <= 20 < 22 <= place.bottom and place.left <= 12 < 14 <= place.right
    assert checked.outline is not None and not checked.outline.grave
    row_mm, column_mm = EXTENT[0] / 48, EXTENT[1] / 40
    xs, ys = checked.outline.pieces[:, [0, 2]], checked.outline.pieces[:, [1, 3]]
    assert (xs.min() / column_mm, xs.max() / column_mm) == (place.left, place.right)
    assert (ys.min() / row_mm, ys.max() / row_mm) == (place.top, place.bottom)


def test_that_padding_and_cut_edges_are_filled_before_they_are_compared() -> None:
    source = head(47, 39)
    enlarged = enlarge(source, SCALE, "bicubic")
    checked = trust.check(question(np.ascontiguousarray(enlarged[:-3, :-2]), source))
    assert checked.residual is not None
    assert checked.residual.map.shape == source.shape
    assert trust.check(question(enlarged[:-SCALE], source)).residual is None


def test_that_detail_of_the_reference_agrees_and_made_up_detail_is_outlined() -> None:
    truth = head(96, 80)
    same = trust.agree(
        question(truth.copy(), truth[::4, ::4], truth=Picture(truth, EXTENT), agreement_limit=0.5)
    )
    assert same.agreement is not None and same.agreement.min() > 0.99
    assert same.outline is None
    other = head(96, 80)
    asked = question(
        other, truth[::4, ::4], truth=Picture(truth, EXTENT), agreement_limit=0.5, spacing_mm=(1.0, 1.0)
    )
    found = trust.agree(asked)
    assert found.agreement is not None
    assert np.array_equal(found.agreement, rings.local_agreement(other, truth, (1.0, 1.0), SCALE))
    assert found.outline is not None and found.outline.grave
    # Another limit: the same map, another outline.
    again = trust.agree(replace(asked, agreement_limit=float(np.median(found.agreement))), found)
    assert again.agreement is found.agreement
    assert again.outline is not None and len(again.outline.pieces) != len(found.outline.pieces)
    assert trust.agree(replace(asked, truth=Picture(truth[:-1], EXTENT))).agreement is None


def test_that_a_card_has_its_own_limit() -> None:
    card = Card("net-x4", "Net", "brainsr", (4,), "fidelity")
    assert trust.limit_of(None) == trust.limit_of(card) == consistency.LIMIT
    assert trust.limit_of(replace(card, trust=TRUST)) == 1.25


# What is asked, and what the pane shows


def asked_of(there: There, shown: ViewState) -> Question | None:
    return trust.question_of(shown, there.known(shown), there.right(shown))


def test_that_only_a_finished_picture_is_asked_about_and_only_against_its_own_input(
    opened: OpenStack,
) -> None:
    there, shown = There(opened), state(slice_index=2)
    assert asked_of(there, shown) is None
    made = there.results[full_key(shown)] = result(32, 24)
    found = asked_of(there, shown)
    assert found is not None
    assert found.upper.pixels is made.pixels
    assert found.source.pixels is opened.pixels(2)
    assert found.truth is None
    test = intents.set_test_mode(shown, on=True)
    there.results[full_key(test)] = result(8, 6)
    assert asked_of(there, test) is None  # the degraded input is not there yet
    degraded = there.results[degraded_key(test)] = result(2, 2)
    found = asked_of(there, test)
    assert found is not None and found.source.pixels is degraded.pixels
    found = asked_of(there, replace(test, mode="agreement"))
    assert found is not None and found.truth is not None
    assert found.truth.pixels is opened.pixels(2)
    assert asked_of(there, intents.show_original(shown, on=True)) is None


def checked_pane(there: There, shown: ViewState, checked: Checked | None) -> Pane:
    assert checked is None or checked.residual is not None
    return trust.consistency_pane(there.right(shown), checked, 5.0)


def test_that_the_map_of_consistency_is_in_units_and_belongs_to_the_right_picture(opened: OpenStack) -> None:
    there, shown = There(opened), state(slice_index=2, mode="consistency")
    assert checked_pane(there, shown, None).status.text == "Consistency - computing"
    pixels = enlarge(np.asarray(opened.pixels(2), np.float32), SCALE, "bicubic")
    there.results[full_key(shown)] = replace(result(32, 24), pixels=pixels)
    asked = asked_of(there, shown)
    assert asked is not None
    checked = trust.check(asked)
    pane = checked_pane(there, shown, checked)
    assert pane.picture is not None and checked.residual is not None
    assert pane.picture.pixels is checked.residual.map
    assert pane.picture.key == full_key(shown)
    assert (pane.picture.span, pane.picture.lowest, pane.picture.slope, pane.picture.intercept) == (
        5.0,
        None,
        2.0,
        0.0,
    )
    assert pane.status.state is PaneState.CONSISTENCY
    assert pane.status.text == "Consistency: BrainSR x4 reduced again minus the input"
    assert "limit" in pane.status.legend


def stability(there: There, shown: ViewState) -> Pane:
    return trust.stability_pane(shown, there.known(shown), there.right(shown), 5.0)


def test_that_stability_is_made_for_the_slice_in_view_alone_and_says_spread_not_error(
    opened: OpenStack,
) -> None:
    there, shown = There(opened), state(slice_index=2, mode="stability")
    recipe = recipes_of(shown, NAMES).spread
    assert recipe is not None and recipe == replace(shown.recipe, careful=True)
    wants = [want for want in wanted(shown, lambda _: False, no_weights) if want.stage is Stage.SPREAD]
    assert [want.frame for want in wants] == [2]
    assert recipes_of(replace(shown, mode="difference"), NAMES).spread is None

    there.results[full_key(shown)] = result(32, 24)
    key = key_of(shown, recipe, no_weights)
    there.progress[key] = 0.375
    assert stability(there, shown).status.text == "Stability - computing, 38 %"
    spread = np.full((32, 24), 1.5, np.float32)
    there.results[key] = replace(result(32, 24), spread=spread)
    pane = stability(there, shown)
    assert pane.picture is not None
    assert pane.picture.pixels is spread
    assert (pane.picture.key, pane.picture.lowest, pane.picture.slope) == (full_key(shown), 0.0, 2.0)
    assert "spread, not error" in pane.status.text and "spread, not error" in pane.status.legend
    assert trust.spread_of(shown, there.known(shown), lambda values: float(values.mean())).middle == 1.5


def test_that_a_calibrated_model_tells_how_its_spread_goes_with_the_error() -> None:
    upper = There(None).right(state()).status
    card = Card("net-x4", "Net", "brainsr", (4,), "fidelity")
    assert "not measured" in trust_labels.stability(upper, card).legend
    assert "0.61" in trust_labels.stability(upper, replace(card, trust=TRUST)).legend


def test_that_an_interpolation_has_no_stability(opened: OpenStack) -> None:
    there, shown = There(opened), state(slice_index=2, mode="stability", right=Source("model", "bicubic"))
    assert recipes_of(shown, NAMES).spread is None
    assert stability(there, shown).status.text == "No map of stability: no network made this picture"


@pytest.mark.parametrize("mode", ["consistency", "stability", "agreement"])
def test_that_leaving_test_mode_leaves_only_what_needs_the_reference(mode: Mode) -> None:
    test = replace(intents.set_test_mode(state(), on=True), mode=mode)
    assert intents.set_test_mode(test, on=False).mode == ("side" if mode == "agreement" else mode)


def test_that_agreement_is_a_number_without_unit(opened: OpenStack) -> None:
    there, shown = (
        There(opened),
        replace(intents.set_test_mode(state(slice_index=2), on=True), mode="agreement"),
    )
    there.results[full_key(shown)] = result(8, 6)
    there.results[degraded_key(shown)] = result(2, 2)
    asked = asked_of(there, shown)
    assert asked is not None
    agreed = Agreed(asked, np.full((8, 6), 0.25, np.float32))
    pane = trust.agreement_pane(there.right(shown), agreed)
    assert pane.picture is not None
    assert (pane.picture.span, pane.picture.lowest, pane.picture.slope, pane.picture.unit) == (
        1.0,
        0.0,
        1.0,
        "",
    )
    assert "not supported by the reference" in pane.status.legend
    refused = trust.agreement_pane(there.right(shown), replace(agreed, agreement=None))
    assert refused.picture is None
