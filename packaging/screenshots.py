"""Pictures of the window in every mode, theme, size, scaling and language: ``make screenshots``.

Each look is a process of its own, for Qt reads the scaling and the program its language only once. Off-screen, on the
sample study, with the real engine. Pictures are named LANGUAGE-PERCENT-THEME-WIDTHxHEIGHT-STATE.png.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from brainsr_desktop.app.window import MainWindow

LOOKS = (
    ("en", 100, "light", 1280, 800),
    ("en", 100, "dark", 1280, 800),
    ("en", 100, "contrast", 1280, 800),
    ("en", 100, "dark", 1024, 640),
    ("en", 200, "dark", 1280, 800),
    ("en", 200, "light", 1024, 640),
    ("de", 100, "light", 1280, 800),
    ("de", 100, "dark", 1024, 640),
    ("de", 200, "dark", 1280, 800),
    ("de", 200, "contrast", 1024, 640),
)
MODES = (
    "mode_side", "mode_wipe", "mode_blink", "mode_difference", "mode_board", "mode_single", "mode_consistency",
    "mode_stability",
)  # fmt: skip
DIALOGS = ("settings", "export", "keys", "about")
PATIENCE_S = 600.0
SETTLE_MS = 400


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--look", help="LANGUAGE-PERCENT-THEME-WIDTHxHEIGHT; default: all")
    parser.add_argument("--way", help="of one state alone: NAME=STEP,STEP; default: all states and dialogs")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    looks = {f"{language}-{percent}-{theme}-{width}x{height}": (language, percent, theme, width, height)
             for language, percent, theme, width, height in LOOKS}  # fmt: skip
    if chosen.here:
        take(chosen.out, chosen.look, chosen.way, *looks[chosen.look])
        return 0
    for name in [chosen.look] if chosen.look else looks:
        print(name, flush=True)
        environment = os.environ | {
            "QT_QPA_PLATFORM": "offscreen",
            "QT_SCALE_FACTOR": str(looks[name][1] / 100),
        }
        command = [sys.executable, __file__, str(chosen.out), "--look", name, "--here"]
        command += ["--way", chosen.way] if chosen.way else []
        subprocess.run(command, env=environment, check=True)
    print(f"{len(list(chosen.out.glob('*.png')))} pictures in {chosen.out}")
    return 0


def take(
    out: Path, name: str, only: str | None, language: str, _percent: int, theme: str, width: int, height: int
) -> None:
    """Take the pictures of one look; of ``only`` one state where that is given."""
    from PySide6.QtTest import QTest
    from PySide6.QtWidgets import QApplication

    from brainsr_desktop import language as speech
    from brainsr_desktop import paths
    from brainsr_desktop.app.controller import Controller
    from brainsr_desktop.app.dialogs.notice import ResearchNotice
    from brainsr_desktop.app.store import Store
    from brainsr_desktop.app.window import MainWindow
    from brainsr_desktop.settings import General, Settings

    app = QApplication([])
    speech.use(language)
    store = Store()
    controller = Controller(store)
    with tempfile.TemporaryDirectory() as folder:
        window = MainWindow(
            store,
            controller,
            Settings(general=General(theme=theme)),  # type: ignore[arg-type]  # one of the four
            settings_path=Path(folder) / "settings.toml",
            runs_folder=Path(folder) / "runs",
        )
        window.show()
        window.resize(width, height)
        app.processEvents()
        notice = next(iter(window.findChildren(ResearchNotice)))
        _save(notice, out / f"{name}-notice.png")
        notice.tick.click()
        notice.go_on.click()
        _save(window, out / f"{name}-start.png")
        window.open_paths([str(paths.sample_dir())])
        for state, way in WAYS if only is None else [named(only)]:
            for step in way:
                go(window, step)
            QTest.qWait(SETTLE_MS)
            _save(window, out / f"{name}-{state}.png")
        for dialog in DIALOGS if only is None else ():
            _take_dialog(window, dialog, out / f"{name}-dialog-{dialog}.png")
        window.close()
        controller.shut_down()


WAYS = (
    ("full", ("middle", "full")),
    ("stored", ("next_slice", "full", "previous_slice", "full")),
    *((mode.replace("_", "-"), (mode, "shown")) for mode in MODES),
    ("wipe-level", ("mode_wipe", "mode_wipe")),
    ("loupe", ("mode_side", "loupe")),
    ("original", ("loupe", "show_original")),
    ("off", ("show_original", "network")),
    ("test", ("network", "test_mode", "full")),
    ("hidden", ("test_mode", "hide_patient", "full")),
    ("zoomed", ("hide_patient", *("zoom_in",) * 5)),
    ("measure", ("fit", "section measure")),
    ("histogram", ("section display",)),
    ("no-text", ("overlays", "overlays")),
)
"""States of the window, and the commands (or other steps) that lead from the one before to it."""


def named(text: str) -> tuple[str, tuple[str, ...]]:
    """A state and its way from ``NAME=STEP,STEP``."""
    state, _, way = text.partition("=")
    return state, tuple(way.split(","))


def go(window: MainWindow, step: str) -> None:
    """Do one step of a way."""
    from brainsr_desktop.app.smoke_test import wait_until
    from brainsr_desktop.session import intents
    from brainsr_desktop.session.pictures import PaneState

    controller, store = window.controller, window.store
    if step == "full":
        ready = (PaneState.FULL, PaneState.CACHED)
        wait_until(lambda: controller.right_status.state in ready, PATIENCE_S, "the full result")
    elif step == "shown":
        right = window.areas.pair.right
        wait_until(
            lambda: not right.isVisible() or right.view.picture is not None,
            PATIENCE_S,
            "the picture of a mode",
        )
    elif step == "middle":
        wait_until(
            lambda: store.state.stack is not None and not controller.loading, PATIENCE_S, "the sample study"
        )
        stack = store.state.stack
        assert stack is not None
        store.apply(lambda state: intents.go_to(state, stack.slices // 2))
    elif step.startswith("section "):
        window.arrangement.reveal(step.removeprefix("section "))
    else:
        window.actions_[step].trigger()


def _take_dialog(window: MainWindow, name: str, path: Path) -> None:
    from PySide6.QtTest import QTest
    from PySide6.QtWidgets import QApplication, QDialog

    window.actions_[name].trigger()
    QTest.qWait(SETTLE_MS)
    for dialog in QApplication.topLevelWidgets():
        if isinstance(dialog, QDialog) and dialog.isVisible():
            _save(dialog, path)
            dialog.reject()


def _save(widget: QWidget, path: Path) -> None:
    if not widget.grab().save(str(path)):
        raise SystemExit(f"{path} cannot be written.")


if __name__ == "__main__":
    sys.exit(main())
