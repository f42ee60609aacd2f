"""The pictures of docs/guide.md: some of `make screenshots`, with 128 colours to stay small (`make guide`)."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from PIL import Image

HERE: Final = Path(__file__).resolve().parent
GUIDE: Final = HERE.parent / "docs" / "guide"
LOOK: Final = "en-100-light-1280x800"
PICTURES: Final = {
    "panes": "full",
    "wipe": "mode-wipe",
    "consistency": "mode-consistency",
    "test": "test",
    "export": "dialog-export",
}
"""Name in the guide, and of the state in `screenshots`."""
COLOURS: Final = 128
EXPORT_ROWS: Final = 595
"""Of the export dialog, without the part that shows a folder of this computer."""


def main() -> int:
    GUIDE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [sys.executable, str(HERE / "screenshots.py"), folder, "--look", LOOK],
            check=True,
        )
        for name, state in PICTURES.items():
            picture = Image.open(Path(folder) / f"{LOOK}-{state}.png").convert("RGB")
            if name == "export":
                picture = picture.crop((0, 0, picture.width, EXPORT_ROWS))
            small = picture.quantize(COLOURS, dither=Image.Dither.NONE)
            small.save(GUIDE / f"{name}.png", optimize=True)
            print(f"{name}.png {(GUIDE / f'{name}.png').stat().st_size // 1024} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
