"""Section Metrics: what stands beside what, and what is better."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pytestqt.qtbot import QtBot

from brainsr_desktop.app.panels.metrics import COLUMNS, NO_REFERENCE, MetricsPanel
from brainsr_desktop.app.store import Store
from brainsr_desktop.core.metrics import SCORES
from brainsr_desktop.session import intents
from brainsr_desktop.session.score_book import Means
from brainsr_desktop.session.state import ViewState
from brainsr_desktop.session.sweep_table import Spread
from tests.app.frame_kit import CATALOG, stack


@pytest.fixture
def store() -> Store:
    return Store()


def _scores(psnr: float, ssim: float, hfen: float = 0.5) -> dict[str, float]:
    return {
        **dict.fromkeys(SCORES, 0.5),
        "head_psnr": psnr,
        "ssim": ssim,
        "head_hfen": hfen,
        "psnr": psnr + 10,
        "ssim_slice": ssim / 2,
    }


@pytest.fixture
def metrics(qtbot: QtBot) -> MetricsPanel:
    state = intents.choose_model(intents.open_stack(ViewState(), stack(1)), "brainsr-x4", 4)
    panel = MetricsPanel(Store(intents.set_test_mode(state, on=True)), CATALOG)
    qtbot.addWidget(panel)
    panel.show()
    return panel


def test_that_without_reference_no_score_is_shown(store: Store, qtbot: QtBot) -> None:
    panel = MetricsPanel(store, CATALOG)
    qtbot.addWidget(panel)
    panel.show()
    store.apply(lambda s: intents.open_stack(s, stack(1)))
    panel.set_scores({"bicubic": _scores(29.0, 0.9)})
    assert panel.words.text() == NO_REFERENCE
    assert not panel.table.isVisible()


HEADINGS = ["PSNR, dB", "SSIM", "NRMSE", "Grad.", "HFEN"]


def test_that_the_networks_stand_beside_every_interpolation(metrics: MetricsPanel) -> None:
    metrics._store.apply(lambda s: replace(s, fast_model="espcn-x4"))
    metrics.set_scores(
        {
            "brainsr-x4": _scores(31.25, 0.9, 0.3),
            "espcn-x4": _scores(29.0, 0.88, 0.4),
            "nearest": _scores(26.0, 0.8),
            "bicubic": _scores(29.0, 0.85, 0.4),
            "lanczos": _scores(29.5, 0.87, 0.45),
            "zerofill": _scores(28.0, 0.86),
        }
    )
    assert metrics.cells() == [
        HEADINGS,
        ["BrainSR x4"],
        ["31.25", "0.900", "0.500", "0.500", "0.300"],
        ["▲+1.75", "▲+0.030", "=0.000", "=0.000", "▲-0.100"],
        ["ESPCN x4"],
        ["29.00", "0.880", "0.500", "0.500", "0.400"],
        ["▼-0.50", "▲+0.010", "=0.000", "=0.000", "=0.000"],
        ["Nearest"],
        ["26.00", "0.800", "0.500", "0.500", "0.500"],
        ["Cubic"],
        ["29.00", "0.850", "0.500", "0.500", "0.400"],
        ["Lanczos"],
        ["29.50", "0.870", "0.500", "0.500", "0.450"],
        ["Zero-filled"],
        ["28.00", "0.860", "0.500", "0.500", "0.500"],
    ]
    assert "robust range of the series" in metrics.stated.text() and "Mask: head" in metrics.stated.text()
    assert "best interpolation" in metrics.legend.text()


def test_that_a_model_that_falls_behind_is_told_so(metrics: MetricsPanel) -> None:
    metrics.set_scores({"brainsr-x4": _scores(28.0, 0.8, 0.6), "bicubic": _scores(29.0, 0.85)})
    assert metrics.cells()[3] == ["▼-1.00", "▼-0.050", "=0.000", "=0.000", "▼+0.100"]


def test_that_the_mask_can_be_the_whole_slice(metrics: MetricsPanel) -> None:
    metrics.set_scores({"brainsr-x4": _scores(31.0, 0.9), "bicubic": _scores(29.0, 0.8)})
    metrics.masks.button("slice").click()
    assert metrics.cells()[2] == ["41.00", "0.450", "0.500", "0.500", "0.500"]
    assert "Mask: whole slice" in metrics.stated.text()


def test_that_scores_that_are_not_there_yet_are_dots(metrics: MetricsPanel) -> None:
    metrics.set_scores({})
    assert metrics.words.text() == "Computing..."
    metrics.set_scores({"bicubic": _scores(29.0, 0.85)})
    assert metrics.cells()[1:4] == [["BrainSR x4"], ["..."], ["Cubic"]]


def test_that_an_interpolation_has_no_difference(metrics: MetricsPanel) -> None:
    metrics._store.apply(lambda s: intents.choose_model(s, "lanczos", 4))
    metrics.set_scores({"lanczos": _scores(29.5, 0.87), "bicubic": _scores(29.0, 0.85)})
    assert [row[0] for row in metrics.cells()] == ["PSNR, dB", "Lanczos", "29.50", "Cubic", "29.00"]


def test_that_means_over_the_slices_come_with_their_deviation(metrics: MetricsPanel) -> None:
    metrics.set_scores({"brainsr-x4": _scores(31.0, 0.9), "bicubic": _scores(29.0, 0.8)})
    figures = {
        "brainsr-x4": {name: Spread(value, 0.25, 3) for name, value in _scores(30.0, 0.7).items()},
        "bicubic": {name: Spread(value, 0.5, 3) for name, value in _scores(28.0, 0.6).items()},
    }
    metrics.which.button("mean").click()
    metrics.set_means(Means(3, figures))
    assert metrics.cells()[1:4] == [
        ["BrainSR x4"],
        ["30.00\n±0.25", "0.700\n±0.250", "0.500\n±0.250", "0.500\n±0.250", "0.500\n±0.250"],
        ["▲+2.00", "▲+0.100", "=0.000", "=0.000", "=0.000"],
    ]
    assert "of 3 slices" in metrics.stated.text() and "Mask: head" in metrics.stated.text()


def test_that_large_text_parts_the_table_in_two(metrics: MetricsPanel) -> None:
    metrics.set_scores({"bicubic": _scores(29.0, 0.85)})
    assert metrics.cells()[0] == HEADINGS
    font = metrics.font()
    font.setPointSizeF(2.0 * font.pointSizeF())
    metrics.setFont(font)
    assert metrics.cells()[0] == HEADINGS[:3]
    assert HEADINGS[3] in [row[0] for row in metrics.cells()]


def test_that_the_names_of_the_scores_are_those_of_the_engine() -> None:
    assert {name for columns in COLUMNS.values() for name, _, _ in columns} <= set(SCORES)
