"""Small real models, made once for all tests of the engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from brainsr_desktop.engine.pipeline import Engine
from brainsr_desktop.models.catalog import Catalog, load_catalog
from tests.engine.made_models import make_model


@pytest.fixture(scope="session")
def made_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with tiny-x4 and tiny-x2 (residual networks) and small-x4 (ESPCN, a preview)."""
    root = tmp_path_factory.mktemp("models")
    make_model(root)
    make_model(root, "tiny-x2", config={"scale": 2, "features": 8, "blocks": 2})
    make_model(root, "small-x4", network="espcn", config={"scale": 4}, role="preview")
    return root


@pytest.fixture(scope="session")
def catalog(made_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    found = load_catalog(made_models, tmp_path_factory.mktemp("none"))
    assert found.problems == ()
    return found


@pytest.fixture
def engine(catalog: Catalog) -> Engine:
    return Engine(catalog)
