"""One slice from the window, from ``brainsr enhance`` and from ``brainsr evaluate``: the same to the bit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pydicom
import pytest
from pytestqt.qtbot import QtBot

from brainsr_desktop.cli.main import main
from brainsr_desktop.core.degrade import Degradation
from brainsr_desktop.engine.pipeline import Engine, Enhanced
from brainsr_desktop.session import intents
from tests.app.controlling import Desk

MODEL = "espcn-x4"
SLICE = 1
NOISY = Degradation(noise_percent=3.0, blur_px=0.5, reduction=4, seed=11)


@pytest.fixture
def desk(qtbot: QtBot) -> Iterator[Desk]:
    made = Desk(qtbot)
    made.do(intents.choose_model, MODEL, 4)
    yield made
    made.leave()


@pytest.fixture
def head(data: Path) -> Path:
    """Three slices of a head and a copy of one of them."""
    return data / "ge_signa_pd_duplicate"


def window_slice(desk: Desk) -> npt.NDArray[np.float32]:
    desk.do(intents.go_to, SLICE)
    desk.wait_ready()
    picture = desk.controller.right_picture
    assert picture is not None
    return np.asarray(picture.pixels, np.float32)


def test_that_the_window_and_enhance_give_the_same_slice(desk: Desk, head: Path, tmp_path: Path) -> None:
    stack = desk.open(head)
    shown = window_slice(desk)
    command = ["enhance", str(head), "-o", str(tmp_path), "--model", MODEL, "--slices", "2-2", "--quiet"]
    assert main(command) == 0
    (written,) = tmp_path.rglob("*.dcm")
    frame = stack.frame_at(0, SLICE)
    dataset = pydicom.dcmread(written)
    assert frame is not None and dataset.InstanceNumber == frame.instance_number
    assert np.array_equal(dataset.pixel_array, np.rint(shown).clip(-32768, 32767).astype(np.int16))


def test_that_the_window_and_evaluate_give_the_same_slice(
    desk: Desk, head: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.open(head)
    desk.do(intents.set_degradation, NOISY)
    desk.do(intents.set_test_mode, on=True)
    shown = window_slice(desk)
    desk.wait(lambda: MODEL in desk.controller.scores, "the scores")

    judged: list[Enhanced] = []
    enhance = Engine.enhance

    def noting(self: Engine, *arguments: object, **named: object) -> Enhanced:
        judged.append(enhance(self, *arguments, **named))  # type: ignore[arg-type]
        return judged[-1]

    monkeypatch.setattr(Engine, "enhance", noting)
    report = tmp_path / "figures.json"
    command = ["evaluate", str(head), "--models", MODEL, "--slices", "2-2", "--json", str(report)]
    command += [
        "--scale",
        "4",
        "--noise",
        "3",
        "--blur",
        "0.5",
        "--down",
        "kspace",
        "--seed",
        "11",
        "--quiet",
    ]
    assert main(command) == 0
    by_network = [one for one in judged if one.backend != "interpolation"]
    assert len(by_network) == 1
    assert np.array_equal(by_network[0].pixels, shown)
    assert json.loads(report.read_text(encoding="utf-8"))["results"][MODEL]["x4"]
