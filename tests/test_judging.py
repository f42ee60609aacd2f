"""docs/judging.md: its pictures are there and small, and every figure of its tables stands in the measured numbers."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from brainsr_desktop.models.card import read_card

LARGEST_BYTES = 300_000
CELLS = {
    "cubic interpolation": "bicubic",
    "cubic": "bicubic",
    "zero-filling": "zerofill",
    "`espcn-x4`": "espcn-x4",
    "`brainsr-x4`": "brainsr-x4",
    "`brainsr-x4-gan`": "brainsr-x4-gan",
    "`brainsr-x4-gan` (perceptual)": "brainsr-x4-gan",
}


@pytest.fixture(scope="module")
def page(project: Path) -> str:
    return (project / "docs" / "judging.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def numbers(project: Path) -> Any:
    return json.loads((project / "docs" / "judging" / "numbers.json").read_text(encoding="utf-8"))


def table_after(page: str, words: str) -> dict[str, list[float]]:
    """The rows of the first table after some words: figures by the model's name."""
    lines = page[page.index(words) :].splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("|"))
    rows: dict[str, list[float]] = {}
    for line in lines[first + 2 :]:
        if not line.startswith("|"):
            break
        name, *cells = (cell.strip() for cell in line.strip("|").split("|"))
        rows[CELLS[name]] = [float(re.split(r"[ %]", cell)[0]) for cell in cells]
    return rows


def test_that_every_picture_is_there_described_used_and_small(page: str, project: Path) -> None:
    folder = project / "docs" / "judging"
    shown = re.findall(r"!\[([^]]+)\]\(judging/([a-z_]+\.png)\)", page)
    assert {name for _, name in shown} == {path.name for path in folder.glob("*.png")}
    for words, name in shown:
        assert len(words) > 20
        assert (folder / name).stat().st_size < LARGEST_BYTES, name


def test_that_the_figures_of_the_page_are_those_measured(page: str, numbers: Any) -> None:
    helps = table_after(page, "## Where it helps")
    assert helps == {
        model: [found["head_psnr"], found["ssim"], round(found["resolution_mm"], 1)]
        for model, found in numbers["helps"].items()
    }
    planted = table_after(page, "A lesion of 4 mm")
    assert planted == {
        model: [round(100 * share) for share in found.values()] for model, found in numbers["planted"].items()
    }
    structures = table_after(page, "One lesion is an anecdote")
    for model, told in structures.items():
        found = numbers["structures"][model]
        shares = [found["recovered_contrast"], *(found[f"{size}_mm"] for size in (1, 2, 4, 8))]
        expected = [100 * share for share in shares]
        assert told[:5] == pytest.approx(expected, abs=0.51)
        assert told[5:] == pytest.approx(
            [found["resolution_mm"], found["false_structures_per_slice"]], abs=0.051
        )


def test_that_the_page_tells_what_the_cards_say(page: str, numbers: Any, project: Path) -> None:
    trust, invents = (read_card(project / "models" / name).trust for name in ("brainsr-x4", "brainsr-x4-gan"))
    assert trust is not None and invents is not None
    text = " ".join(page.split())
    assert f"the model's limit of {trust.consistency_limit:g} %" in text
    assert f"on {trust.slices} validation slices {100 * trust.flagged_added:.1f} % of such lesions" in text
    assert f"{100 * trust.flagged_removed:.1f} % of those removed" in text
    assert f"while {100 * trust.false_alarm:.1f} % of honest slices are flagged" in text
    assert f"({trust.uncertainty_correlation:.2f} on the validation slices)" in text
    ratios = [point.error / point.spread for point in trust.reliability]
    assert f"{min(ratios):.0f} to {max(ratios):.0f} times larger than the spread" in text
    theirs, ours = (sorted(found.false_structures.values()) for found in (invents, trust))
    told = f"({theirs[0]:.2f} to {theirs[-1]:.2f} a slice against {ours[0]:.2f} to {ours[-1]:.2f})"
    assert told in text
    reason = numbers["noise"]["brainsr-x4"]["outside_training"][0]
    value, low, high = (float(number) for number in re.findall(r"[\d.]+", reason))
    assert f"the noise of {value:.1f} % lies outside the training ({low:g} to {high:g} %)" in text


def test_that_the_failures_are_told_as_they_were_measured(page: str, numbers: Any) -> None:
    noise, filled = numbers["noise"], numbers["interpolated"]
    for model in ("bicubic", "brainsr-x4", "brainsr-x4-gan"):
        assert f"{noise[model]['head_psnr']:.2f}" in page
    for found in filled.values():
        assert f"{found['head_psnr']:.2f} dB" in page
    assert noise["bicubic"]["head_psnr"] > noise["brainsr-x4"]["head_psnr"]
    failed = filled["interpolated input, brainsr-x2"]
    told = f"does not see it** ({failed['consistency_percent']:.2f} %, limit {failed['limit_percent']:g} %"
    assert told in " ".join(page.split())
    assert failed["outside_training"] == []  # the page says that no banner warns
    assert failed["places_over_limit"] == 0
    assert f"{numbers['texture']['added_to_missing_correlation']:.2f}" in page
    behind = numbers["sweep"]["behind_from_noise_percent"]
    assert f"`espcn-x4` falls behind at {behind['espcn-x4']['head_psnr']:g} % noise" in page
    assert f"`brainsr-x4` at {behind['brainsr-x4']['head_psnr']:g} % by PSNR" in page
