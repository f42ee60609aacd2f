"""One start of the program for ``bench_flow.py``: prints the seconds to its window, first slice and first result.

``BENCH_STARTED`` in the environment is when the process was asked for, s since 1970. Settings and caches are its own.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path


def main() -> int:
    begun = float(os.environ["BENCH_STARTED"])
    with tempfile.TemporaryDirectory() as place:
        for kind in ("CONFIG", "CACHE", "DATA", "STATE"):
            os.environ[f"XDG_{kind}_HOME"] = str(Path(place) / kind)
        print(json.dumps(seconds(begun)))
    return 0


def seconds(begun: float) -> dict[str, float]:
    """From the start of the process, as `app.main.run` starts it: parts are loaded in the same order."""
    from brainsr_desktop import paths
    from brainsr_desktop.app import main as program
    from brainsr_desktop.settings import General, Loaded, Settings

    app = program._application()
    window = program._window(Loaded(Settings(general=General(accepted_notice="1")), ()))
    window.show()
    while not window.windowHandle().isExposed():
        app.processEvents()
    found = {"time_to_window_s": time.time() - begun}
    from brainsr_desktop.app.smoke_test import READY, wait_until
    from brainsr_desktop.session import suitability

    controller, store = window.controller, window.store
    controller.start()
    window.open_paths([str(paths.sample_dir())])
    wait_until(lambda: controller.left_picture is not None, 60, "the first slice")
    found["time_to_first_slice_s"] = time.time() - begun
    names = [card.name for card in controller.catalog.cards]
    wait_until(lambda: store.state.stack is not None and not store.state.stack.reading, 60, "the series")
    store.apply(lambda state: suitability.run_anyway(state, names))
    wait_until(lambda: controller.right_status.state in READY, 60, "the first result")
    found["time_to_first_enhanced_s"] = time.time() - begun
    window.close()
    controller.shut_down()
    return found


if __name__ == "__main__":
    sys.exit(main())
