"""One class of tests that every backend passes, and what is special to each."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from brainsr_desktop.core.errors import Cancelled, CardInvalid, DeviceUnavailable, ModelError, WeightsChanged
from brainsr_desktop.core.recipe import Precision
from brainsr_desktop.core.resample import enlarge
from brainsr_desktop.engine.backends import interpolation, openvino_backend, torch_backend
from brainsr_desktop.engine.backends.base import Backend, Floats, OpenBackend
from brainsr_desktop.models.card import WEIGHTS_FILE, Card, read_card
from brainsr_desktop.models.catalog import Catalog
from tests.engine.made_models import make_model, phantom, read_table, write_card


def never() -> None:
    """Nothing is cancelled."""


def batch(rows: int, columns: int, seed: int = 0) -> Floats:
    return phantom(rows, columns, seed)[None, None] / np.float32(1000.0)


class Contract:
    """What a backend owes. A subclass says which."""

    open_backend: ClassVar[OpenBackend]
    model: ClassVar[str]
    scale: ClassVar[int] = 4
    precision: ClassVar[Precision] = "exact"

    @pytest.fixture
    def card(self, catalog: Catalog) -> Card:
        return catalog.find(self.model)

    @pytest.fixture
    def backend(self, card: Card) -> Backend:
        return type(self).open_backend(card, self.scale, "cpu", self.precision)

    def test_that_it_says_what_it_is(self, backend: Backend) -> None:
        assert backend.name
        assert backend.device == "cpu"

    @pytest.mark.parametrize(("rows", "columns"), [(16, 16), (17, 31), (64, 48), (100, 16), (1, 1)])
    def test_that_any_matrix_is_enlarged_by_the_factor(
        self, backend: Backend, rows: int, columns: int
    ) -> None:
        result = backend.run(batch(rows, columns), never)
        assert result.shape == (1, 1, self.scale * rows, self.scale * columns)
        assert result.dtype == np.float32
        assert np.isfinite(result).all()

    def test_that_the_same_input_gives_the_same_bits_whatever_ran_before(
        self, backend: Backend, card: Card
    ) -> None:
        given = batch(40, 33)
        first = backend.run(given, never)
        backend.run(batch(64, 64, 1), never)
        backend.run(batch(17, 90, 2), never)
        assert np.array_equal(backend.run(given, never), first)
        fresh = type(self).open_backend(card, self.scale, "cpu", self.precision)
        assert np.array_equal(fresh.run(given, never), first)

    def test_that_the_input_is_left_alone_and_the_output_is_ones_own(self, backend: Backend) -> None:
        given = batch(24, 24)
        before = given.copy()
        first = backend.run(given, never)
        kept = first.copy()
        backend.run(batch(24, 24, 5), never)
        assert np.array_equal(given, before)
        assert np.array_equal(first, kept)

    def test_that_a_view_of_a_slice_will_do(self, backend: Backend) -> None:
        whole = batch(60, 60)
        part = whole[:, :, 10:40, 20:55]
        assert np.array_equal(backend.run(part, never), backend.run(np.ascontiguousarray(part), never))

    def test_that_a_job_that_was_given_up_ends_and_the_next_one_runs(self, backend: Backend) -> None:
        def cancelled() -> None:
            raise Cancelled

        expected = backend.run(batch(30, 30), never)
        with pytest.raises(Cancelled):
            backend.run(batch(1200, 1200), cancelled)
        assert np.array_equal(backend.run(batch(30, 30), never), expected)

    def test_that_it_runs_after_giving_back_its_memory(self, backend: Backend) -> None:
        expected = backend.run(batch(30, 30), never)
        backend.release()
        assert np.array_equal(backend.run(batch(30, 30), never), expected)


class TestInterpolation(Contract):
    open_backend = staticmethod(interpolation.open_backend)
    model = "lanczos"
    scale = 2

    def test_that_it_is_the_one_of_core(self, backend: Backend) -> None:
        given = batch(20, 30)
        assert np.array_equal(backend.run(given, never)[0, 0], enlarge(given[0, 0], 2, "lanczos"))


class TestOpenVino(Contract):
    open_backend = staticmethod(openvino_backend.open_backend)
    model = "tiny-x4"

    def test_that_it_agrees_with_torch(self, backend: Backend, card: Card) -> None:
        other = torch_backend.open_backend(card, 4, "cpu", "exact")
        given = batch(70, 51)
        np.testing.assert_allclose(backend.run(given, never), other.run(given, never), atol=1e-5)


class TestOpenVinoFast(Contract):
    open_backend = staticmethod(openvino_backend.open_backend)
    model = "tiny-x4"
    precision = "fast"


class TestTorch(Contract):
    open_backend = staticmethod(torch_backend.open_backend)
    model = "tiny-x2"
    scale = 2


class TestTorchFast(Contract):
    open_backend = staticmethod(torch_backend.open_backend)
    model = "small-x4"
    precision = "fast"


NETWORKS: list[OpenBackend] = [openvino_backend.open_backend, torch_backend.open_backend]


@pytest.mark.parametrize("open_backend", NETWORKS)
def test_that_fast_is_near_exact(open_backend: OpenBackend, catalog: Catalog) -> None:
    given = batch(64, 64)
    exact, fast = (
        open_backend(catalog.find("tiny-x4"), 4, "cpu", precision).run(given, never)
        for precision in ("exact", "fast")
    )
    assert np.abs(exact - fast).max() < 0.03


@pytest.mark.parametrize("open_backend", NETWORKS)
@pytest.mark.parametrize("device", ["cuda:9", "gpu:9", "gpu:x", "tpu"])
def test_that_a_device_that_is_not_there_is_named(
    open_backend: OpenBackend, catalog: Catalog, device: str
) -> None:
    with pytest.raises(DeviceUnavailable, match=device):
        open_backend(catalog.find("tiny-x4"), 4, device, "exact")


@pytest.mark.parametrize("open_backend", NETWORKS)
def test_that_changed_files_are_refused(open_backend: OpenBackend, tmp_path: Path) -> None:
    folder = make_model(tmp_path)
    for path in folder.iterdir():
        if path.suffix in (".bin", ".safetensors"):
            content = bytearray(path.read_bytes())
            content[-1] ^= 1
            path.write_bytes(content)
    with pytest.raises(WeightsChanged):
        open_backend(read_card(folder), 4, "cpu", "exact")


@pytest.mark.parametrize("open_backend", NETWORKS)
def test_that_a_model_of_another_factor_than_its_card_is_refused(
    open_backend: OpenBackend, tmp_path: Path
) -> None:
    folder = make_model(tmp_path, config={"scale": 2, "features": 4, "blocks": 1})
    table = read_table(folder)
    # Only the card's word is wrong: a network without a factor in its configuration would pass the card's own check.
    table["scale"] = 4
    table["config"] = {"features": 4, "blocks": 1, "scale": 4}
    write_card(folder, table)
    with pytest.raises(ModelError):
        open_backend(read_card(folder), 4, "cpu", "exact")


def resign(folder: Path, name: str, content: bytes) -> None:
    """Put other content into a model, with the right hash: a foul model, not a damaged one."""
    (folder / name).write_bytes(content)
    table = read_table(folder)
    table["files"][name] = hashlib.sha256(content).hexdigest()
    write_card(folder, table)


@pytest.mark.parametrize("content", [b"", b"<net>", b"<?xml version='1.0'?><net name='x'/>", b"\0" * 100])
def test_that_a_graph_that_is_none_is_refused(tmp_path: Path, content: bytes) -> None:
    folder = make_model(tmp_path)
    resign(folder, "graph.xml", content)
    with pytest.raises(ModelError, match="tiny-x4"):
        openvino_backend.open_backend(read_card(folder), 4, "cpu", "exact")


def test_that_a_graph_with_cut_weights_is_refused(tmp_path: Path) -> None:
    folder = make_model(tmp_path)
    resign(folder, "graph.bin", (folder / "graph.bin").read_bytes()[:100])
    with pytest.raises(ModelError, match="tiny-x4"):
        openvino_backend.open_backend(read_card(folder), 4, "cpu", "exact")


def test_that_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    folder = make_model(tmp_path)
    other = make_model(tmp_path, "other-x4", network="espcn", config={"scale": 4}, graph=False)
    resign(folder, WEIGHTS_FILE, (other / WEIGHTS_FILE).read_bytes())
    with pytest.raises(ModelError, match="do not fit"):
        torch_backend.open_backend(read_card(folder), 4, "cpu", "exact")


def test_that_an_unknown_network_is_refused(tmp_path: Path) -> None:
    folder = make_model(tmp_path, graph=False, entries={"network": "unheard-of"})
    with pytest.raises(CardInvalid, match="unheard-of"):
        torch_backend.open_backend(read_card(folder), 4, "cpu", "exact")


def test_that_openvino_needs_a_graph(tmp_path: Path) -> None:
    with pytest.raises(CardInvalid, match="graph"):
        openvino_backend.open_backend(read_card(make_model(tmp_path, graph=False)), 4, "cpu", "exact")


@pytest.mark.gpu
@pytest.mark.parametrize("precision", ["exact", "fast"])
def test_that_a_recorded_network_on_cuda_is_the_network(catalog: Catalog, precision: Precision) -> None:
    if "cuda:0" not in torch_backend.device_names():
        pytest.skip("needs a graphics card")
    card = catalog.find("tiny-x4")
    recorded, plain = (torch_backend.open_backend(card, 4, "cuda:0", precision) for _ in range(2))
    plain._graphs = None
    for rows, columns, seed in ((40, 33, 0), (64, 64, 1), (40, 33, 2), (17, 90, 3)):
        given = batch(rows, columns, seed)
        np.testing.assert_allclose(recorded.run(given, never), plain.run(given, never), atol=1e-4)
    assert recorded._graphs is not None and recorded._graphs._recorded
