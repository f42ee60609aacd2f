"""A large folder with every fifth file damaged, opened in the real window: all accounted for, and the window answers.

``BRAINSR_FILES=10000`` takes so many files and holds the window to its aim (``make reliability``); otherwise a few.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from brainsr_desktop.app.heartbeat import Heartbeat
from brainsr_desktop.app.opening import summary_words
from brainsr_desktop.app.window import MainWindow
from tests import phantom
from tests.app.controlling import Desk
from tests.app.frame_kit import READ, restore_look

FILES = int(os.environ.get("BRAINSR_FILES", "500"))
LONGEST_GAP_MS = 100.0
SERIES = 10
KINDS = 4


def damaged(number: int, content: bytes) -> bytes:
    """A file that cannot be read, each in its own way."""
    middle = content.index(b"\x28\x00\x10\x00US")
    return (
        content[: middle + 5],
        b"",
        content[:middle] + b"\x28\x00\x10\x00LO" + content[middle + 6 :],
        np.random.default_rng(number).bytes(400),
    )[number % KINDS]


def fill(folder: Path) -> dict[str, int]:
    """Write the folder; how many files of each reason it holds."""
    pixels = phantom.head(slices=1, rows=32, columns=32)
    (example,) = phantom.classic(folder.parent / "example", pixels=pixels)
    whole = example.read_bytes()
    folder.mkdir()
    reasons: dict[str, int] = {}
    codes = ("TRUNCATED_HEADER", "EMPTY", "BAD_VALUE", "NOT_DICOM")
    for number in range(FILES):
        series, place = number % SERIES, number // SERIES
        content = phantom.with_bytes(0x0020000E, b"%s.%d" % (phantom.ROOT.encode(), series + 10))(whole, 0)
        content = phantom.with_bytes(0x00080018, b"%s.9.%d" % (phantom.ROOT.encode(), number))(content, 0)
        content = phantom.with_bytes(0x00200032, b"-30\\-40\\%d" % (4 * place))(content, 0)
        if number % 5 == 4:
            content = damaged(number // 5, content)
            code = codes[number // 5 % KINDS]
            reasons[code] = reasons.get(code, 0) + 1
        (folder / f"{number:05}.dcm").write_bytes(content)
    return reasons


@pytest.mark.timeout(1200)
def test_that_a_folder_with_a_fifth_of_its_files_damaged_is_accounted_for_to_the_last(
    qtbot: QtBot, tmp_path: Path
) -> None:
    reasons = fill(tmp_path / "opened")
    desk = Desk(qtbot)
    window = MainWindow(desk.store, desk.controller, READ, settings_path=tmp_path / "settings.toml")
    qtbot.addWidget(window)
    window.show()
    qtbot.waitExposed(window)
    heart = Heartbeat()
    heart.start()
    window.open_paths([str(tmp_path / "opened")])
    desk.wait(lambda: desk.summaries and desk.controller.left_picture is not None, "the end of the scan")
    heart.stop()
    (summary,) = desk.summaries
    found: dict[str, int] = {}
    for problem in summary.skipped:
        found[problem.code] = found.get(problem.code, 0) + 1
    assert found == reasons and sum(found.values()) == FILES // 5
    assert (summary.seen, summary.used) == (FILES, FILES - FILES // 5)
    stacks = [stack for series in desk.series for stack in series.stacks]
    assert sum(stack.files for stack in stacks) == summary.used
    assert summary_words(summary, len(desk.series)).startswith(f"{FILES} files: {summary.used} images in ")
    gaps = heart.summary()
    sys.stdout.write(
        f"FIGURE {FILES} files, {FILES // 5} damaged: all accounted for, longest gap {gaps['max']} ms\n"
    )
    if "BRAINSR_FILES" in os.environ:
        assert gaps["max"] < LONGEST_GAP_MS
    desk.leave()
    window.close()
    restore_look()
