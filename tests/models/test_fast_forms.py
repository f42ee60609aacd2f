from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from brainsr_desktop.core.errors import CardInvalid
from brainsr_desktop.models.card import WEIGHTS_FILE, read_card
from brainsr_desktop.models.card_rows import rows_of
from brainsr_desktop.models.fast_forms import INT8_GRAPH, FastForm
from tests.models.cards import write_model

SHA = "0" * 64
FILES = {WEIGHTS_FILE: SHA, "graph.xml": "1" * 64, "graph.bin": SHA, INT8_GRAPH: "2" * 64}
INT8 = {"graph": INT8_GRAPH, "loss_db": {"kspace": 0.02, "noisy": 0.01}, "largest_error": 0.04}
BF16 = {"loss_db": {"kspace": -0.001}, "largest_error": 0.01}


def table(**forms: Any) -> dict[str, Any]:
    """A card's table of forms, of the weights in FILES."""
    return {"weights_sha256": SHA, **forms}


def test_that_the_quickest_form_that_is_offered_is_taken(tmp_path: Path) -> None:
    card = read_card(write_model(tmp_path, files=FILES, fast=table(bf16=BF16, int8=INT8)))
    assert card.offers_fast
    form = card.fast_form("int8", "bf16")
    assert form == FastForm("int8", {"kspace": 0.02, "noisy": 0.01}, 0.04, INT8_GRAPH)
    assert card.fast_form("bf16") is not None
    assert card.graph == "graph.xml"


def test_that_a_form_that_loses_too_much_anywhere_is_not_offered(tmp_path: Path) -> None:
    bad = {**INT8, "loss_db": {"kspace": 0.001, "noisy": 0.05}}
    card = read_card(write_model(tmp_path, files=FILES, fast=table(int8=bad)))
    assert card.fast_form("int8") is None
    assert not card.offers_fast


def test_that_a_card_without_measured_forms_offers_none(tmp_path: Path) -> None:
    assert not read_card(write_model(tmp_path)).offers_fast


def test_that_forms_of_other_weights_count_for_nothing(tmp_path: Path) -> None:
    card = read_card(write_model(tmp_path, files={**FILES, WEIGHTS_FILE: "9" * 64}, fast=table(int8=INT8)))
    assert card.fast == ()


def test_that_another_graph_gives_results_another_key(tmp_path: Path) -> None:
    plain = read_card(write_model(tmp_path / "a", files=FILES))
    fast, other = (
        read_card(write_model(tmp_path / sha, files={**FILES, INT8_GRAPH: sha * 64}, fast=table(int8=INT8)))
        for sha in "23"
    )
    assert plain.pixels_sha256 == plain.weights_sha256
    assert len({plain.pixels_sha256, fast.pixels_sha256, other.pixels_sha256}) == 3


def test_that_the_card_tells_what_a_form_loses(tmp_path: Path) -> None:
    card = read_card(write_model(tmp_path, files=FILES, fast=table(int8=INT8)))
    told = dict(rows_of(card))
    assert "0.020 dB" in told["Fast forms"] and "0.040" in told["Fast forms"]


@pytest.mark.parametrize(
    "fast",
    [
        {"int4": BF16},
        {"bf16": 3},
        {"bf16": {"loss_db": {"kspace": 0.0}}},
        {"bf16": {"loss_db": {}, "largest_error": 0.1}},
        {"bf16": {"loss_db": {"kspace": "little"}, "largest_error": 0.1}},
        {"bf16": {**BF16, "graph": "graph.xml"}},
        {"int8": BF16},
        {"int8": {**INT8, "graph": "elsewhere.xml"}},
    ],
)
def test_that_a_foul_table_of_forms_is_refused(tmp_path: Path, fast: dict[str, Any]) -> None:
    with pytest.raises(CardInvalid, match="fast"):
        read_card(write_model(tmp_path, files=FILES, fast=table(**fast)))
