"""Pixels that are no image: they reach no network, and window, ``enhance`` and ``evaluate`` leave them out alike."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pytestqt.qtbot import QtBot

from brainsr_desktop.cli.main import main
from brainsr_desktop.core.degrade import Degradation
from brainsr_desktop.engine.pipeline import Engine, Enhanced
from brainsr_desktop.session import intents
from tests import phantom
from tests.app.controlling import Desk

MODEL = "espcn-x4"
FRAME = 6
"""Rows and columns of padding on each side."""


@pytest.fixture
def desk(qtbot: QtBot) -> Iterator[Desk]:
    made = Desk(qtbot)
    made.do(intents.choose_model, MODEL, 4)
    yield made
    made.leave()


def write_head(folder: Path, padding: int) -> Path:
    """Three slices of a head of 5 and more, with padding all around."""
    pixels = np.full((3, 48, 40), padding, np.int16)
    inner = np.s_[:, FRAME:-FRAME, FRAME:-FRAME]
    pixels[inner] = phantom.head(3).astype(np.int16)[inner] + 5

    def edit(dataset: Dataset, _: int) -> None:
        dataset.PixelRepresentation = 1
        dataset.add(DataElement("PixelPaddingValue", "SS", padding))

    phantom.classic(folder, pixels=pixels, edit=edit)
    return folder


def enhanced(folder: Path, out: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.int16]]:
    """The middle slice by ``brainsr enhance``."""
    command = ["enhance", str(folder), "-o", str(out), "--model", MODEL, "--slices", "2-2", "--quiet"]
    assert main(command) == 0
    (written,) = out.rglob("*.dcm")
    dataset = pydicom.dcmread(written)
    assert "PixelPaddingValue" not in dataset
    return np.asarray(dataset.pixel_array)


def test_that_the_value_of_padding_does_not_reach_the_network(tmp_path: Path) -> None:
    made = [
        enhanced(write_head(tmp_path / f"in{padding}", padding), tmp_path / f"out{padding}")
        for padding in (-2000, -32768)
    ]
    assert np.array_equal(made[0], made[1])
    edge = 4 * FRAME
    inner = np.zeros(made[0].shape, np.bool_)
    inner[edge:-edge, edge:-edge] = True
    assert (made[0][~inner] == 5).all(), "the smallest value of the image"
    assert made[0][inner].max() > 500


def test_that_window_and_enhance_leave_padding_out_alike(desk: Desk, tmp_path: Path) -> None:
    folder = write_head(tmp_path / "in", -2000)
    desk.open(folder)
    desk.do(intents.go_to, 1)
    desk.wait_ready()
    picture = desk.controller.right_picture
    assert picture is not None and picture.padding is not None
    assert np.array_equal(enhanced(folder, tmp_path / "out"), np.rint(np.asarray(picture.pixels)))


def test_that_window_and_evaluate_leave_padding_out_alike(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_head(tmp_path / "in", -2000)
    desk.open(folder)
    desk.do(intents.set_degradation, Degradation(noise_percent=3.0, reduction=4, seed=11))
    desk.do(intents.set_test_mode, on=True)
    desk.do(intents.go_to, 1)
    desk.wait_ready()
    desk.wait(lambda: MODEL in desk.controller.scores, "the scores")
    picture = desk.controller.right_picture
    assert picture is not None

    judged: list[Enhanced] = []
    enhance = Engine.enhance

    def noting(self: Engine, *arguments: object, **named: object) -> Enhanced:
        judged.append(enhance(self, *arguments, **named))  # type: ignore[arg-type]
        return judged[-1]

    monkeypatch.setattr(Engine, "enhance", noting)
    command = ["evaluate", str(folder), "--models", MODEL, "--slices", "2-2", "--scale", "4"]
    command += ["--noise", "3", "--blur", "0", "--down", "kspace", "--seed", "11", "--quiet"]
    assert main(command) == 0
    (network,) = [one for one in judged if one.backend != "interpolation"]
    assert np.array_equal(network.pixels, picture.pixels)
