"""Means of a table: over the same slices for every model."""

from __future__ import annotations

import pytest

from brainsr_desktop.session.pictures import ResultKey
from brainsr_desktop.session.score_book import MOST_RECIPES, Means, ScoreBook

DIGESTS = {"brainsr-x4": "n", "bicubic": "b", "lanczos": "l"}


def filled(**pages: dict[int, float]) -> ScoreBook:
    book = ScoreBook()
    for digest, page in pages.items():
        for frame, value in page.items():
            book.add(ResultKey("s", frame, digest), {"psnr": value})
    return book


def test_that_only_slices_that_every_model_was_judged_on_count() -> None:
    book = filled(n={0: 30.0, 1: 32.0, 2: 99.0}, b={0: 28.0, 1: 29.0, 3: 0.0})
    means = book.means("s", DIGESTS, range(10))
    assert means.count == 2
    assert set(means.figures) == {"brainsr-x4", "bicubic"}
    network = means.figures["brainsr-x4"]["psnr"]
    assert (network.mean, network.deviation) == (31.0, pytest.approx(2.0**0.5))
    assert means.figures["bicubic"]["psnr"].mean == 28.5


def test_that_frames_of_another_volume_and_other_stacks_do_not_count() -> None:
    book = filled(n={0: 30.0, 7: 10.0})
    assert book.means("s", DIGESTS, range(5)).figures["brainsr-x4"]["psnr"].mean == 30.0
    assert book.means("other", DIGESTS, range(5)) == Means()


def test_that_nothing_in_common_is_no_mean() -> None:
    assert filled(n={0: 30.0}, b={1: 28.0}).means("s", DIGESTS, range(5)) == Means()


def test_that_old_recipes_are_forgotten() -> None:
    book = filled(n={0: 30.0})
    for number in range(MOST_RECIPES):
        book.add(ResultKey("s", 0, str(number)), {"psnr": 1.0})
    assert book.means("s", DIGESTS, range(5)) == Means()
    book.add(ResultKey("s", 0, "n"), {})
    assert book.means("s", DIGESTS, range(5)) == Means()
