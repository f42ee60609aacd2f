"""What a sweep found: curves, breaking points, CSV, JSON, the figure."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest

from brainsr_desktop.core.degrade import Degradation
from brainsr_desktop.core.metrics import LOWER_IS_BETTER, SCORES
from brainsr_desktop.models.card import Card
from brainsr_desktop.models.catalog import BASELINES
from brainsr_desktop.session.sweep import Axis, Sweep
from brainsr_desktop.session.sweep_figure import sweep_figure
from brainsr_desktop.session.sweep_lines import lines_of
from brainsr_desktop.session.sweep_table import DRAWN, SECONDS, Table, as_json, breaking_words, csv_text

NETWORK = Card(name="net", title="Net", network="brainsr", scales=(4,), role="fidelity")
NOISE = Axis("noise", (0.0, 1.0, 2.0, 3.0))
BLUR = Axis("blur", (0.0, 1.0))
NAMES = tuple(card.name for card in BASELINES)


def figures(quality: float) -> dict[str, float]:
    """Every score as good as that."""
    return {name: -quality if name in LOWER_IS_BETTER else quality for name in SCORES}


def filled(*axes: Axis, slices: tuple[int, ...] = (4,)) -> Table:
    """A network that loses 3 dB with every percent of noise, interpolations that lose 1; with blur, 1 dB less."""
    table = Table(Sweep(axes, Degradation(reduction=4, seed=5), (NETWORK,), BASELINES))
    for values in table.sweep.settings:
        noise, blur = values[0], values[1] if len(values) > 1 else 0.0
        for index in slices:
            for place, name in enumerate(NAMES):
                table.add(name, values, index, figures(26.0 - noise - place / 10 + index / 10), 0.01)
            table.add("net", values, index, figures(30.0 - 3.0 * noise - blur + index / 10), 0.5)
    return table


def test_that_the_breaking_point_is_the_first_value_behind_the_best_interpolation() -> None:
    """Ahead by 4, 2, 0 and -2: equal is not behind."""
    table = filled(NOISE)
    gains = [table.gain("net", (noise,)) for noise in NOISE.values]
    assert gains == pytest.approx([4.0, 2.0, 0.0, -2.0])
    assert [table.breaking_point("net", name) for name in SCORES] == [3.0] * len(SCORES)
    assert table.breaking_point("net", SECONDS) is None
    assert breaking_words(table, "net") == "behind from 3 %"
    assert breaking_words(table, "bicubic") == ""


def test_that_a_network_that_is_never_behind_has_no_breaking_point() -> None:
    table = filled(Axis("noise", (0.0, 1.0)))
    assert table.breaking_point("net") is None
    assert breaking_words(table, "net") == "never behind"


def test_that_each_value_of_the_second_control_has_its_own_breaking_point() -> None:
    table = filled(NOISE, BLUR)
    assert [table.breaking_point("net", second=blur) for blur in BLUR.values] == [3.0, 2.0]
    assert as_json(table)["breaking_points"]["net"]["head_psnr"] == [
        {"blur": 0.0, "noise": 3.0},
        {"blur": 1.0, "noise": 2.0},
    ]


def test_that_means_are_over_the_slices_and_gains_over_those_that_all_have() -> None:
    table = filled(NOISE, slices=(0, 10))
    spread = table.spread("net", (0.0,), "head_psnr")
    assert spread is not None
    assert (spread.mean, spread.count) == (30.5, 2)
    assert spread.deviation == pytest.approx(0.5**0.5)
    table.add("net", (0.0,), 20, figures(0.0), 0.5)  # nobody else has this slice yet
    assert table.gain("net", (0.0,)) == pytest.approx(4.0)


def test_that_the_time_of_a_picture_that_waited_for_its_model_is_left_out() -> None:
    table = filled(NOISE)
    table.add("net", (0.0,), 4, figures(30.0), None)
    assert [value for value, _ in table.curve("net", SECONDS)] == [1.0, 2.0, 3.0]
    assert [value for value, _ in table.curve("net", "ssim")] == [0.0, 1.0, 2.0, 3.0]
    assert as_json(table)["results"]["net"][0][SECONDS] is None


def test_that_a_table_that_is_not_full_tells_what_it_has() -> None:
    table = Table(filled(NOISE).sweep)
    assert (len(table), table.models, table.slices) == (0, (), ())
    table.add("net", (1.0,), 4, figures(27.0), 0.5)
    table.add("net", (2.0,), 4, {}, 0.5)  # an empty slice
    assert len(table) == 1
    assert table.breaking_point("net") is None
    assert table.curve("net", "head_psnr") == ((1.0, 27.0),)
    assert json.dumps(as_json(table))


def test_that_the_csv_has_a_line_for_every_picture() -> None:
    rows = list(csv.DictReader(io.StringIO(csv_text(filled(NOISE, BLUR, slices=(4, 5))))))
    assert len(rows) == 8 * 5 * 2
    row = next(
        row
        for row in rows
        if (row["model"], row["noise_percent"], row["blur_px"], row["slice"]) == ("net", "2.0", "1.0", "6")
    )
    assert float(row["head_psnr"]) == pytest.approx(30.0 - 6.0 - 1.0 + 0.5)
    assert (row["seconds"], row["seed"], row["reduction"], row["method"]) == ("0.5000", "5", "4", "kspace")
    assert set(SCORES) <= set(row)


def test_that_the_json_tells_settings_curves_and_breaking_points() -> None:
    data = json.loads(json.dumps(as_json(filled(NOISE, slices=(4, 6)))))
    assert data["sweep"]["axes"] == [{"control": "noise", "unit": "%", "values": [0.0, 1.0, 2.0, 3.0]}]
    assert data["sweep"]["slices"] == [5, 7]
    assert data["sweep"]["base"]["seed"] == 5
    point = data["results"]["net"][1]
    assert (point["noise"], point["n"]) == (1.0, 2)
    assert point["head_psnr"] == {"mean": 27.5, "sd": pytest.approx(0.141421)}
    assert data["breaking_points"] == {"net": dict.fromkeys(SCORES, 3.0)}


def test_that_lines_are_marked_where_the_network_falls_behind() -> None:
    table = filled(NOISE)
    lines = {line.name: line for line in lines_of(table, "head_psnr")}
    assert list(lines) == ["net", *NAMES]
    assert (lines["net"].mark, lines["net"].note, lines["net"].dashed) == (
        (3.0, 21.4),
        "behind from 3 %",
        False,
    )
    assert (lines["bicubic"].mark, lines["bicubic"].note, lines["bicubic"].dashed) == (None, "", True)
    assert [line.name for line in lines_of(table, "ssim", titles=True)][:3] == ["Net", "Nearest", "Cubic"]


def test_that_the_figure_has_a_plot_for_every_score_and_is_the_same_every_time() -> None:
    table = filled(NOISE)
    picture = np.asarray(sweep_figure(table, "series 1"))
    assert picture.shape[1] > 1200 and picture.shape[0] > 700 and len(DRAWN) == 4
    assert picture[:8].min() == 255  # light
    np.testing.assert_array_equal(picture, np.asarray(sweep_figure(table, "series 1")))


def test_that_two_controls_are_drawn_as_a_map_with_the_fields_behind_in_orange() -> None:
    picture = np.asarray(sweep_figure(filled(NOISE, BLUR), "series 1"), int)
    red, blue = picture[..., 0] - picture[..., 2], picture[..., 2] - picture[..., 0]
    side = picture.shape[1] // 3  # a map for each of three figures
    for start in (0, side, 2 * side):
        left, right = slice(start, start + side // 2), slice(start + side // 2, start + side)
        assert (red[:, right] > 60).sum() > 1000 > (red[:, left] > 60).sum()  # much noise: behind
        assert (blue[:, left] > 60).sum() > 1000


def test_that_nothing_is_no_figure() -> None:
    with pytest.raises(ValueError, match="yet"):
        sweep_figure(Table(filled(NOISE, BLUR).sweep), "series 1")
