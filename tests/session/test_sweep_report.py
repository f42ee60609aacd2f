"""A sweep in a report: its curves, its breaking points, and what makes it again."""

from __future__ import annotations

from brainsr_desktop.core.degrade import Degradation
from brainsr_desktop.core.metrics import SCORES
from brainsr_desktop.io.report_file import decoded, encoded
from brainsr_desktop.io.report_model import Curves, Facts, Report, Table
from brainsr_desktop.models.card import Card
from brainsr_desktop.models.catalog import BASELINES
from brainsr_desktop.session import sweep_table
from brainsr_desktop.session.sweep import Axis, Sweep
from brainsr_desktop.session.sweep_report import sweep_section


def swept(axes: tuple[Axis, ...]) -> sweep_table.Table:
    """A network that is ahead by 2 dB without noise and loses 1 dB on the interpolations with each percent."""
    network = Card("net-x4", "Net", "espcn", (4,), "preview")
    plan = Sweep(axes, Degradation(reduction=4, seed=41), (network,), BASELINES[:1])
    table = sweep_table.Table(plan)
    for point in plan.points():
        height = 30.0 if point.model == BASELINES[0].name else 32.0 - point.values[0]
        table.add(point.model, point.values, 4, dict.fromkeys(SCORES, height), 0.5)
    return table


def test_that_a_sweep_is_told_with_curves_breaking_points_and_its_seed() -> None:
    section = sweep_section(swept((Axis("noise", (0.0, 1.0, 2.0, 3.0)),)))
    report = Report("bench", "t", "n", "f", (section,))
    assert decoded(encoded(report)) == report
    facts, *plots, table = section.blocks
    assert isinstance(facts, Facts) and isinstance(table, Table)
    rows = dict(facts.rows)
    assert rows["Seed"] == "41" and rows["Slices"] == "5" and rows["noise, %"] == "0, 1, 2, 3"
    first = plots[0]
    assert isinstance(first, Curves)
    assert {line.name: line.y for line in first.lines} == {
        "net-x4": (32.0, 31.0, 30.0, 29.0),
        BASELINES[0].name: (30.0,) * 4,
    }
    assert [(level.axis, level.value) for level in first.levels] == [("x", 3.0)]
    assert table.rows[0][:2] == ("net-x4", "behind from 3 %")


def test_that_a_sweep_of_two_controls_has_a_plot_for_each_value_of_the_second() -> None:
    section = sweep_section(swept((Axis("noise", (0.0, 3.0)), Axis("blur", (0.0, 1.0)))))
    titles = [block.title for block in section.blocks if isinstance(block, Curves)]
    assert titles[:2] == ["blur, px 0", "blur, px 1"]
    (table,) = (block for block in section.blocks if isinstance(block, Table))
    assert [row[1] for row in table.rows] == ["0", "1"]
