from __future__ import annotations

from pathlib import Path

import pytest

from brainsr_desktop.core.errors import UsageError
from brainsr_desktop.core.resample import METHODS
from brainsr_desktop.models.card import CARD_FILE, WEIGHTS_FILE
from brainsr_desktop.models.catalog import MODEL_DAMAGED, load_catalog
from brainsr_desktop.models.networks import NETWORKS
from brainsr_desktop.models.weights import load_weights, verified_bytes
from tests.models.cards import put_file, write_model

BASELINES = ["nearest", "bicubic", "lanczos", "zerofill"]


def test_that_without_models_there_are_the_interpolations(tmp_path: Path) -> None:
    catalog = load_catalog(tmp_path / "no", tmp_path / "nothing")
    assert catalog.names() == BASELINES
    assert catalog.problems == ()
    assert catalog.default(4).name == catalog.default(2).name == "bicubic"
    assert catalog.preview(4) is None


def test_that_every_interpolation_can_be_computed(tmp_path: Path) -> None:
    catalog = load_catalog(tmp_path, tmp_path)
    for card in catalog.cards:
        assert card.name in METHODS
        assert card.role == "baseline"
        assert card.scales == (2, 4)
        assert card.weights_sha256 == ""


def test_that_the_linear_preview_is_found_but_not_listed(tmp_path: Path) -> None:
    catalog = load_catalog(tmp_path, tmp_path)
    assert catalog.find("linear").name == "linear"
    assert "linear" not in catalog.names()


def test_that_models_of_both_folders_are_listed(tmp_path: Path) -> None:
    write_model(tmp_path / "shipped", "main-x4", default=True)
    write_model(tmp_path / "shipped", "fast-x4", role="preview")
    write_model(tmp_path / "user", "mine-x2", scale=2, config={"scale": 2})
    catalog = load_catalog(tmp_path / "shipped", tmp_path / "user")
    assert catalog.names() == ["main-x4", "fast-x4", "mine-x2", *BASELINES]
    assert catalog.find("mine-x2").from_user
    assert not catalog.find("main-x4").from_user
    assert catalog.default(4).name == "main-x4"
    assert catalog.default(2).name == "mine-x2"
    assert catalog.names(2) == ["mine-x2", *BASELINES]
    preview = catalog.preview(4)
    assert preview is not None
    assert preview.name == "fast-x4"


def test_that_a_preview_or_a_perceptual_model_is_never_taken_by_default(tmp_path: Path) -> None:
    write_model(tmp_path, "fast-x4", role="preview")
    write_model(tmp_path, "gan-x4", role="perceptual")
    assert load_catalog(tmp_path, tmp_path / "no").default(4).name == "bicubic"


def test_that_a_damaged_model_is_a_problem_and_the_others_stay(tmp_path: Path) -> None:
    write_model(tmp_path, "good-x4")
    write_model(tmp_path, "no-grid-x4", grid=None)
    (write_model(tmp_path, "no-weights-x4") / WEIGHTS_FILE).unlink()
    (write_model(tmp_path, "no-card-x4") / CARD_FILE).unlink()
    (tmp_path / "notes").mkdir()
    (tmp_path / "stray.txt").write_text("not a model")
    catalog = load_catalog(tmp_path, tmp_path / "no")
    assert catalog.names() == ["good-x4", *BASELINES]
    assert {problem.path for problem in catalog.problems} == {"no-grid-x4", "no-weights-x4", "no-card-x4"}
    assert all(problem.code == MODEL_DAMAGED and problem.reason for problem in catalog.problems)


@pytest.mark.parametrize("name", ["main-x4", "bicubic", "linear"])
def test_that_a_users_model_takes_no_name_that_is_taken(tmp_path: Path, name: str) -> None:
    write_model(tmp_path / "shipped", "main-x4", licence="shipped")
    write_model(tmp_path / "user", name, licence="user")
    catalog = load_catalog(tmp_path / "shipped", tmp_path / "user")
    assert catalog.find(name).licence != "user"
    assert [problem.path for problem in catalog.problems] == [name]


def test_that_an_unknown_name_is_answered_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no-such") as caught:
        load_catalog(tmp_path, tmp_path).find("no-such")
    assert "bicubic" in caught.value.advice


def test_that_a_model_is_not_found_for_another_factor(tmp_path: Path) -> None:
    write_model(tmp_path, "main-x4")
    with pytest.raises(UsageError, match="enlarges by 4, not by 2"):
        load_catalog(tmp_path, tmp_path / "no").find("main-x4", 2)


def test_that_hidden_folders_are_no_models(tmp_path: Path) -> None:
    hidden = tmp_path / ".main-x4.new"
    hidden.mkdir()
    put_file(hidden, WEIGHTS_FILE, b"half a model")
    assert load_catalog(tmp_path, tmp_path / "no").problems == ()


def test_that_every_shipped_model_is_whole(tmp_path: Path) -> None:
    catalog = load_catalog(user=tmp_path)
    assert catalog.problems == ()
    for card in catalog.cards:
        if card.folder is not None:
            assert card.network in NETWORKS
            assert card.licence
            assert card.limits
            for file in card.files:
                assert verified_bytes(card, file)
            count = sum(array.size for array in load_weights(card).values())
            assert count == card.parameters
