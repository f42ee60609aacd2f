"""What a card says of trust, in words."""

from __future__ import annotations

from dataclasses import replace

from brainsr_desktop.core.suitability import Trained
from brainsr_desktop.models.card import Card
from brainsr_desktop.models.card_rows import rows_of
from brainsr_desktop.models.trust_table import Trust

CARD = Card("net-x4", "Net", "espcn", (4,), "preview")
TRUST = Trust(
    consistency_limit=2.2,
    false_alarm=0.037,
    flagged_added=0.987,
    flagged_removed=0.976,
    resolution_mm={"kspace": 3.76, "noisy": 4.16},
    baseline_resolution_mm={"kspace": 5.39},
    recovered={"kspace": 0.517},
    baseline_recovered={"kspace": 0.508},
    trained=Trained(pixel_mm=(0.51, 5.32)),
    slices=189,
)


def test_that_a_card_tells_what_was_measured_about_trust_beside_interpolation() -> None:
    rows = dict(rows_of(replace(CARD, trust=TRUST)))
    assert rows["Effective resolution: kspace"] == "3.76 mm (best interpolation 5.39 mm)"
    assert rows["Effective resolution: noisy"] == "4.16 mm"
    assert rows["Planted contrast that comes back: kspace"] == "51.7 % (best interpolation 50.8 %)"
    assert rows["Consistency limit"] == "2.2 %" and rows["Honest slices over the limit"] == "3.7 %"
    assert rows["Trained on pixels of"] == "0.51 to 5.32 mm"
    assert "Trained on noise of" not in rows


def test_that_a_card_without_figures_of_trust_tells_none() -> None:
    assert not [name for name, _ in rows_of(CARD) if "limit" in name.lower() and "Limits" not in name]
