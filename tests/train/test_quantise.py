from __future__ import annotations

import platform
from pathlib import Path

import pytest

from brainsr_desktop.core.errors import UsageError
from brainsr_desktop.engine.backends.openvino_backend import INT8_MACHINES
from brainsr_desktop.models.card import read_card
from brainsr_desktop.models.fast_forms import INT8_GRAPH, FastForm
from brainsr_desktop.models.weights import verified_bytes
from brainsr_desktop.train.bench import open_slices
from brainsr_desktop.train.quantise import calibration_slices, make_fast, measured_forms, write_forms
from tests.engine.made_models import make_model
from tests.train.made_data import write_bench, write_stacks


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    write_stacks(folder / "train_00.npz")
    write_bench(folder / "val_bench.npz", scale=4)
    return folder


def silent(text: str) -> None:
    """Nobody listens."""


def test_that_calibration_sees_slices_as_the_network_does_and_the_brightest_too(data: Path) -> None:
    slices = list(calibration_slices(data, 4, 4))
    assert len(slices) == 6
    assert {pixels.shape[0] for pixels in slices} == {16}
    assert all(0.9 < float(pixels.max()) < 3.0 for pixels in slices)
    assert len(list(calibration_slices(data, 4, 4))) == 6


def test_that_calibration_needs_training_data(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="train"):
        list(calibration_slices(tmp_path, 4))


@pytest.mark.skipif(platform.machine().lower() not in INT8_MACHINES, reason="8 bits are for x86 processors")
def test_that_a_model_gets_an_8_bit_graph_with_its_loss_in_the_card(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_model(tmp_path)
    before = read_card(folder)
    monkeypatch.setattr(
        "brainsr_desktop.models.fast_forms.LARGEST_LOSS_DB", 1.0
    )  # random weights lose what they like
    card = make_fast(folder, data, count=4, say=silent)
    form = card.fast_form("int8")
    assert (
        form is not None and form.graph == INT8_GRAPH and set(form.loss_db) == {"bicubic", "kspace", "noisy"}
    )
    assert 0.0 < form.largest_error < 0.5
    assert b"FakeQuantize" in verified_bytes(card, INT8_GRAPH) or b"i8" in verified_bytes(card, INT8_GRAPH)
    assert card.graph == before.graph and card.weights_sha256 == before.weights_sha256
    with open_slices(data / "val_bench.npz") as slices:
        (again,) = measured_forms(card, ["int8"], slices)
    assert again.loss_db == form.loss_db and again.largest_error == form.largest_error


def test_that_a_form_that_loses_too_much_is_neither_kept_nor_offered(data: Path, tmp_path: Path) -> None:
    folder = make_model(tmp_path)
    write_forms(folder, [FastForm("bf16", {"kspace": 0.06}, 0.1)], {})
    card = read_card(folder)
    assert card.precision == ("exact",)
    assert not card.offers_fast
    write_forms(folder, [FastForm("bf16", {"kspace": 0.01}, 0.1)], {})
    assert read_card(folder).precision == ("exact", "fast")
    write_forms(folder, [], {})
    assert read_card(folder).fast == ()
