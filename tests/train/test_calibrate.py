"""Limits and rates follow from the residuals they are made of; a card gets its table and keeps the rest."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from brainsr_desktop.core.errors import UsageError
from brainsr_desktop.core.planted import Structure, profile
from brainsr_desktop.core.suitability import QUANTILES
from brainsr_desktop.engine.pipeline import Engine
from brainsr_desktop.models.card import CARD_FILE, Card, read_card
from brainsr_desktop.models.catalog import BASELINES, Catalog
from brainsr_desktop.train import calibrate
from brainsr_desktop.train.bench import MadeBench, TrueSlice, open_slices
from brainsr_desktop.train.calibrate import FILE_NAME, Parts, Strides, calibrated, trained_range, write_trust
from tests.engine.made_models import make_model
from tests.train.made_data import write_stacks

ONCE = Strides(4, 4, 4, 4)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people to calibrate with, two to have trained with."""
    folder = tmp_path_factory.mktemp("data")
    write_stacks(folder / FILE_NAME, ("T1", "T2"), 4, (96, 88))
    write_stacks(folder / "train_00.npz", ("T1", "T2"), 2, (64, 56))
    return folder


def new_model(root: Path) -> Path:
    entries = {"data": {"contrasts": ["T1", "T2"], "pixel_spacing_mm": [0.8, 1.0]}}
    return make_model(root, entries=entries)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return new_model(tmp_path_factory.mktemp("models"))


def test_that_the_limit_is_what_nineteen_of_twenty_honest_slices_respect() -> None:
    parts = Parts(honest=[("a", n / 10) for n in range(1, 21)])
    assert parts.limit() == pytest.approx(2.0)
    assert Parts(honest=[("a", 1.01)] * 99 + [("a", 9.0)]).limit() == pytest.approx(1.05)


def test_that_slices_as_they_are_are_no_less_to_be_respected() -> None:
    parts = Parts(honest=[("a", 1.0)] * 100, native=[("a", 2.5)] * 10)
    assert parts.limit() == pytest.approx(2.5)


def test_that_a_limit_rises_until_people_whom_it_was_not_found_on_keep_to_it() -> None:
    """Six people, the later the further from the rest: 95 percent of all are not 95 percent of each."""
    honest = [
        (f"p{n}", 0.5 + (n + 1) ** 2 / 20.0 * (1.0 + k / 12.0) if k < 12 else 0.5)
        for n in range(6)
        for k in range(100)
    ]
    parts = Parts(honest=honest)
    assert parts.respected == 0.96
    assert parts.limit() == pytest.approx(2.0)
    assert parts.rate(parts.honest) == pytest.approx(0.04)


def test_that_nobody_is_judged_by_a_limit_found_with_his_own_slices() -> None:
    """By his own he would never be over it."""
    parts = Parts(
        honest=[("a", 1.0)] * 50 + [("b", 1.0)] * 50 + [("odd", 5.0)] * 50,
        added=[("a", 4.0), ("odd", 4.0), ("odd", 0.5)],
    )
    assert parts.limit() == 5.0
    assert parts.rate(parts.honest) == pytest.approx(1 / 3)
    assert parts.rate(parts.added) == pytest.approx(1 / 3)
    assert parts.rate([]) is None


def test_that_one_person_alone_is_judged_by_his_own() -> None:
    parts = Parts(honest=[("a", n / 10) for n in range(1, 101)])
    assert parts.rate(parts.honest) == pytest.approx(0.05, abs=0.015)


def test_that_the_residual_is_looked_for_at_the_lesion() -> None:
    lesion = Structure("lesion", 4.0, 30.0, (50.0, 30.0))
    near = calibrate.near_lesion(lesion, (24, 22), 4, (4.0, 4.0))
    centre = np.argwhere(near).mean(axis=0)
    assert centre == pytest.approx(((50.5 / 4) - 0.5, (30.5 / 4) - 0.5), abs=0.5)
    # The radius is 1.5 pixels and half of 4 mm.
    assert int(near.sum()) == pytest.approx(np.pi * 2.0**2, abs=3)


def test_that_a_table_is_measured_written_and_read_again_and_the_rest_is_kept(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = new_model(tmp_path)
    before = (folder / CARD_FILE).read_text()
    command = ["--data", str(data), "--models-dir", str(tmp_path), "--models", folder.name, "--coarser", "4"]
    assert calibrate.main(command) == 0
    trust = read_card(folder).trust
    assert trust is not None
    assert trust.slices == 1 * 3
    assert trust.consistency_limit > 0.0 and 0.0 <= trust.flagged_added <= 1.0
    assert trust.uncertainty_correlation is not None and -1.0 <= trust.uncertainty_correlation <= 1.0
    assert sum(point.count for point in trust.reliability) > 0
    assert set(trust.resolution_mm) == set(trust.recovered) == {"bicubic", "kspace", "noisy"}
    assert trust.trained.contrasts == ("T1", "T2")
    written = (folder / CARD_FILE).read_text()
    assert written.startswith(before.rstrip()) and str(tmp_path) not in written
    assert capsys.readouterr().err.count(folder.name) == 4
    # Again: the same, and in the place of the former.
    table = calibrated(read_card(folder), data, strides=Strides().times(4))
    write_trust(folder, table)
    assert (folder / CARD_FILE).read_text() == written


def test_that_a_table_of_other_weights_is_not_written(model: Path) -> None:
    before = (model / CARD_FILE).read_text()
    with pytest.raises(UsageError, match="not about the weights"):
        write_trust(model, {"weights_sha256": "0" * 64})
    assert (model / CARD_FILE).read_text() == before


def test_that_what_cannot_be_calibrated_is_said(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UsageError, match="interpolation"):
        calibrated(BASELINES[0], tmp_path)
    assert calibrate.main(["--data", str(tmp_path), "--models-dir", str(model.parent)]) == 1
    assert FILE_NAME in capsys.readouterr().err


def test_that_the_trained_range_is_that_of_the_card_and_of_the_slices(model: Path, data: Path) -> None:
    found = trained_range(read_card(model), data)
    # Sides and pixels a tenth beyond those of the card and of the slices.
    assert found["pixel_mm"] == pytest.approx([0.72, 4.4])
    assert found["input_pixel_mm"] == pytest.approx([2.88, 4.4])
    assert found["matrix_px"] == [13, 70]
    assert found["noise_percent"][0] == 0.0 < found["noise_percent"][1]
    assert len(found["quantiles"]) == len(QUANTILES)
    assert all(low <= high for low, high in found["quantiles"])


def test_that_without_training_slices_only_the_card_speaks(model: Path, tmp_path: Path) -> None:
    found = trained_range(read_card(model), tmp_path)
    assert set(found) == {"pixel_mm", "input_pixel_mm", "contrasts"}


class _Copying(Engine):
    """Every model copies the cubic interpolation, and paints a spot where ``paints`` says so."""

    def __init__(self, card: Card, spot: npt.NDArray[np.float32] | None = None) -> None:
        super().__init__(Catalog((card, *BASELINES)))
        self._spot = spot

    def _make(self, *given: object) -> object:  # type: ignore[override]
        source, _, recipe, check, progress = given
        card = self.catalog.find("bicubic")
        made = super()._make(source, card, recipe, check, progress)  # type: ignore[arg-type]
        if self._spot is not None and made.pixels.shape == self._spot.shape:
            made.pixels[...] += self._spot
        return made


def test_that_a_copying_network_is_honest_and_a_painting_one_is_flagged(model: Path, data: Path) -> None:
    card = read_card(model)
    with open_slices(data / FILE_NAME) as slices:
        honest = calibrate.measured_parts(_Copying(card), card, slices, ONCE)
        spot = profile(Structure("lesion", 6.0, 1.0, (48.0, 44.0)), (96, 88), (1.0, 1.0))
        painted = np.asarray(0.4 * spot, np.float32)
        first: TrueSlice = slices.true_slice(0)
        bench = MadeBench("one", [first])
        painting = calibrate.measured_parts(_Copying(card, painted), card, bench, Strides(1, 9, 9, 9))
    largest = max(part for _, part in honest.honest)
    assert min(part for _, part in painting.honest) > 2 * largest
    assert min(part for _, part in [*honest.added, *honest.removed]) > largest
