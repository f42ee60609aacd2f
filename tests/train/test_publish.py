from __future__ import annotations

import shutil
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from brainsr_desktop.core.errors import ModelError, UsageError
from brainsr_desktop.models.card import read_card
from brainsr_desktop.models.weights import verified_bytes
from brainsr_desktop.train import calibrate, checkpoint, publish
from brainsr_desktop.train.config import read
from brainsr_desktop.train.loop import train
from brainsr_desktop.train.networks import build_network
from tests.train.made_data import write_features, write_gan, write_stacks


@pytest.fixture(scope="module")
def run(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs")
    train(made, data=made.parent, out=out, device="cpu", overrides=["run.steps=5"])
    return out / "tiny"


@pytest.fixture(scope="module")
def model(made: Path, run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    models = tmp_path_factory.mktemp("models")
    return publish.publish(run, read(made), data=made.parent, models=models, commit="abc")


def test_that_a_published_model_can_be_read_and_verified(model: Path) -> None:
    card = read_card(model)
    assert {path.name for path in model.iterdir()} == set(card.files) | {"card.toml"}
    for name in card.files:
        verified_bytes(card, name)
    assert (card.network, card.scale, card.role, card.receptive_field) == ("espcn", 2, "preview", 11)
    assert card.training["steps"] == 5 and card.training["commit"] == "abc"
    assert card.training["loss"] == "1 l1, then 1 l1 + 1 squared"
    assert card.data["contrasts"] == ["T1", "T2"] and card.data["pixel_spacing_mm"] == [0.8, 1.0]
    assert [path.name for path in model.parent.iterdir()] == ["tiny"]


def test_that_the_card_of_a_gan_says_which_feature_weights_were_used(made: Path, tmp_path: Path) -> None:
    config = write_gan(tmp_path)
    write_features(tmp_path)
    train(config, data=made.parent, out=tmp_path, device="cpu", overrides=["run.steps=3"])
    model = publish.publish(tmp_path / "tiny", read(config), data=made.parent, models=tmp_path / "models")
    training = read_card(model).training
    assert training["features"][0].startswith("vgg19 made for a test (sha256 ")
    assert training["loss"].endswith("1 l1 + 0.1 features + 0.005 adversarial")


def test_that_the_weights_are_the_average_of_the_run(run: Path, model: Path) -> None:
    average = checkpoint.load(run / checkpoint.FILE_NAME).average
    for name, tensor in load_file(model / "weights.safetensors").items():
        torch.testing.assert_close(tensor.float(), average[name], rtol=1e-3, atol=1e-6)


def test_that_the_card_reports_the_interpolations(model: Path) -> None:
    metrics = tomllib.loads((model / "card.toml").read_text())["metrics"]
    assert set(metrics) == {"bicubic", "kspace", "noisy"}
    assert metrics["kspace"]["best_baseline"] in ("zerofill", "lanczos", "bicubic")
    assert metrics["kspace"]["n"] == 2


def test_that_publishing_again_replaces_the_folder(made: Path, run: Path, model: Path) -> None:
    (model / "left-over.txt").write_text("old")
    publish.publish(run, read(made), data=made.parent, models=model.parent, commit="def")
    assert read_card(model).training["commit"] == "def"
    assert not (model / "left-over.txt").exists()
    assert [path.name for path in model.parent.iterdir()] == ["tiny"]


def test_that_new_weights_get_a_trust_table_of_their_own_or_none(
    made: Path, run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    for path in made.parent.glob("*.npz"):
        shutil.copy(path, data)
    write_stacks(data / calibrate.FILE_NAME, ("T1", "T2"), 1, (96, 88))
    models = tmp_path / "models"
    card = read_card(publish.publish(run, read(made), data=data, models=models))
    table = tomllib.loads((models / "tiny" / "card.toml").read_text())["trust"]
    assert card.trust is not None and table["weights_sha256"] == card.weights_sha256
    card = read_card(publish.publish(run, read(made), data=data, models=models, trust=False))
    assert card.trust is None and "trust" not in (models / "tiny" / "card.toml").read_text()
    assert "tiny is not calibrated" in capsys.readouterr().err


def test_that_a_fidelity_model_must_beat_every_interpolation(made: Path, run: Path, tmp_path: Path) -> None:
    """Five steps are too few for that."""
    with pytest.raises(ModelError, match="cannot be published as a fidelity model"):
        publish.publish(run, read(made, ["card.role=fidelity"]), data=made.parent, models=tmp_path)
    assert not (tmp_path / "tiny").exists()


def test_that_another_network_than_the_configuration_is_refused(
    made: Path, run: Path, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="another network"):
        publish.publish(run, read(made, ["network.config={scale=4}"]), data=made.parent, models=tmp_path)


def test_that_the_graph_takes_any_matrix(made: Path, tmp_path: Path) -> None:
    torch.manual_seed(1)
    network = build_network(read(made).network).eval().requires_grad_(False)
    graph = publish.write_graph(network, tmp_path / "graph.xml")
    for shape in ((16, 16), (31, 20), (57, 90)):
        low = np.random.default_rng(1).random(shape).astype(np.float32)
        expected = network(torch.from_numpy(low)[None, None])[0, 0].numpy()
        np.testing.assert_allclose(graph(low), expected, rtol=0, atol=1e-5)


def test_that_the_command_reports_what_is_wrong(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--data", str(made.parent), "--models", str(tmp_path)]
    assert publish.main([str(tmp_path / "none"), str(made), *options]) == 1
    assert "checkpoint.safetensors" in capsys.readouterr().err


def test_that_a_model_of_ones_own_sources_is_made_for_ones_own_list_alone(made: Path, tmp_path: Path) -> None:
    sources = ["run.steps=1", 'data.sources=[{path="train.npz", use="train"}]']
    train(made, data=made.parent, out=tmp_path, device="cpu", overrides=sources)
    config, models = read(made), tmp_path / "models"
    with pytest.raises(UsageError, match="licences"):
        publish.publish(tmp_path / "tiny", config, data=made.parent, models=models)
    best = replace(config, card=replace(config.card, role="fidelity", default=True))
    with pytest.raises(UsageError, match="no default"):
        publish.publish(tmp_path / "tiny", best, data=made.parent, models=models, own=True)
    unwatched = replace(config, data=replace(config.data, validation=""))
    card = read_card(publish.publish(tmp_path / "tiny", unwatched, data=made.parent, models=models, own=True))
    assert card.licence == publish.OWN_LICENCE
    assert card.data == {"statement": publish.OWN_DATA}
    assert not card.metrics


def test_that_a_blend_lies_between_the_run_and_the_model(
    made: Path, run: Path, model: Path, tmp_path: Path
) -> None:
    trained = checkpoint.load(run / checkpoint.FILE_NAME).average
    base = load_file(model / "weights.safetensors")
    blended = publish.Blend(model, 0.25).of({name: tensor + 1 for name, tensor in trained.items()})
    for name, tensor in blended.items():
        expected = 0.75 * base[name].float() + 0.25 * (trained[name] + 1)
        torch.testing.assert_close(tensor, expected)
    shipped = publish.publish(
        run, read(made), data=made.parent, models=tmp_path, blend=publish.Blend(model, 0.25)
    )
    assert read_card(shipped).training["blend"] == "0.25 of the trained weights, 0.75 of tiny"


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_that_a_blend_beyond_both_ends_is_refused(model: Path, run: Path, share: float) -> None:
    with pytest.raises(UsageError, match="between 0 and 1"):
        publish.Blend(model, share).of(checkpoint.load(run / checkpoint.FILE_NAME).average)
