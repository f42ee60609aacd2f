"""Write the manual's page of keys and mouse from the program's own tables."""

from __future__ import annotations

import os
from pathlib import Path

from brainsr_desktop.app.key_sheet import MANUAL, manual

if __name__ == "__main__":
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    target = Path(__file__).resolve().parent.parent / MANUAL
    target.write_text(manual(), encoding="utf-8")
    print(f"{target.name} is written")
