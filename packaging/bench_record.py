"""Joins the parts of a bench: ``docs/bench/<machine>.json``, the table of ``docs/bench.md``, regressions.

    python packaging/bench_record.py PART.json ... --machine "linux x86_64 2 cores" --out docs [--compare]

A part is {"rows": [{"name", "words", "aim", "least", "measured"}], "figures": {...}, "notes": {...}}: ``least`` tells
that the aim is to be reached from below. With ``--compare`` nothing is written: what was measured is held against the
last record of the same machine, and the exit status is 1 where a ratio became worse by more than `TOLERANCE` of it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

TOLERANCE: Final = 0.2
"""Part of the last ratio by which a new one may be worse: what two runs on one quiet machine differ by, doubled."""
BEGIN: Final = "<!-- {machine} -->"
END: Final = "<!-- end -->"
HEAD: Final = """# Speed

`make bench` measures everything below on a quiet machine, side by side in one run, and writes this page and
`docs/bench/<machine>.json`. Figures are ratios, so that they mean the same on another machine; medians of interleaved
rounds. `make bench COMPARE=1` measures again and fails where a ratio became worse by more than 20 percent of the one
recorded for the same machine. Rows of the window are divided by their aim: below 1 is good.
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One ratio with its aim, None where there is none; ``least``: the more the better."""

    name: str
    words: str
    aim: float | None
    measured: float
    least: bool = False

    @property
    def is_reached(self) -> bool:
        """Whether the aim is met."""
        if self.aim is None:
            return True
        return self.measured >= self.aim if self.least else self.measured <= self.aim

    def is_worse_than(self, before: float) -> bool:
        """Whether it fell behind an earlier one by more than the tolerance."""
        if self.least:
            return self.measured < before * (1.0 - TOLERANCE)
        return self.measured > before * (1.0 + TOLERANCE)


def read_parts(paths: Sequence[Path]) -> tuple[list[Row], dict[str, float], dict[str, str]]:
    """Rows, figures and notes of all parts."""
    rows: list[Row] = []
    figures: dict[str, float] = {}
    notes: dict[str, str] = {}
    for path in paths:
        part: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        rows += [Row(**row) for row in part["rows"]]
        figures |= part.get("figures", {})
        notes |= part.get("notes", {})
    return rows, figures, notes


def regressions(rows: Sequence[Row], before: Mapping[str, float]) -> Iterator[str]:
    """What became worse, in words."""
    for row in rows:
        last = before.get(row.name)
        if last is not None and row.is_worse_than(last):
            yield f"{row.name}: {row.measured:.3g}, was {last:.3g} ({row.words})"


def table(rows: Sequence[Row], figures: Mapping[str, float], notes: Mapping[str, str]) -> str:
    """The rows as Markdown, then what else was found."""
    lines = ["| what | name | aim | measured | |", "| --- | --- | --- | --- | --- |"]
    for row in rows:
        aim, word = "", ""
        if row.aim is not None:
            aim = f"{'≥' if row.least else '≤'} {row.aim:g}"
            word = "reached" if row.is_reached else "**not reached**"
        lines.append(f"| {row.words} | `{row.name}` | {aim} | {row.measured:.3g} | {word} |")
    if figures:
        lines += [
            "",
            ", ".join(f"{name.replace('_', ' ')} {value:.4g}" for name, value in figures.items()) + ".",
        ]
    lines += ["", *(f"- {name}: {text}" for name, text in notes.items())] if notes else []
    return "\n".join(lines)


def page(text: str, machine: str, made: str) -> str:
    """The page with one machine's table replaced or added."""
    begin = BEGIN.format(machine=machine)
    section = f"{begin}\n## {machine}\n\n{made}\n{END}\n"
    if begin not in text:
        return f"{(text or HEAD).rstrip()}\n\n{section}"
    before, _, rest = text.partition(begin)
    after = rest.partition(END)[2].lstrip("\n")
    return f"{before}{section}{after}"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", type=Path, nargs="+")
    parser.add_argument("--machine", required=True)
    parser.add_argument(
        "--out", type=Path, required=True, help="folder of bench.md; records go to bench/ in it"
    )
    parser.add_argument("--compare", action="store_true", help="write nothing, fail on regressions")
    chosen = parser.parse_args()
    rows, figures, notes = read_parts(chosen.parts)
    made = table(rows, figures, notes)
    print(made)
    record = chosen.out / "bench" / f"{chosen.machine.replace(' ', '-')}.json"
    if chosen.compare:
        if not record.exists():
            print(f"There is no record {record.name} to compare with.", file=sys.stderr)
            return 1
        worse = list(regressions(rows, json.loads(record.read_text(encoding="utf-8"))["ratios"]))
        print(
            "\n".join(
                ["", f"Worse than {record.name} by more than {TOLERANCE:.0%}:", *(worse or ["nothing"])]
            )
        )
        return 1 if worse else 0
    record.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "machine": chosen.machine,
        "ratios": {row.name: round(row.measured, 3) for row in rows},
        "figures": {name: round(value, 3) for name, value in figures.items()},
        "notes": notes,
    }
    record.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    words = chosen.out / "bench.md"
    text = words.read_text(encoding="utf-8") if words.exists() else ""
    words.write_text(page(text, chosen.machine, made), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
