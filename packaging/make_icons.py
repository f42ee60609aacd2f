"""The program's icon in every size and form that systems ask for, rendered from resources/icons/brainsr.svg.

make_icons.py OUT     writes OUT/NxN.png, OUT/brainsr.ico and OUT/brainsr.icns
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

from PIL import Image

SVG: Final = Path(__file__).resolve().parent.parent / "resources" / "icons" / "brainsr.svg"
SIZES_PX: Final = (16, 22, 24, 32, 48, 64, 96, 128, 256, 512)
"""Folders of the hicolor theme."""
ICO_PX: Final = (16, 24, 32, 48, 64, 128, 256)
ICNS_PX: Final = 1024


def render(side_px: int, target: Path) -> None:
    """The icon as PNG, square, with transparent corners."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtGui import QImage, QPainter
    from PySide6.QtSvg import QSvgRenderer

    image = QImage(side_px, side_px, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(0)
    painter = QPainter(image)
    QSvgRenderer(str(SVG)).render(painter)
    painter.end()
    if not image.save(str(target)):
        raise OSError(f"The icon could not be written to {target}.")


def main(out: Path) -> None:
    """Write every form below a folder."""
    out.mkdir(parents=True, exist_ok=True)
    for side in {*SIZES_PX, *ICO_PX, ICNS_PX}:
        render(side, out / f"{side}x{side}.png")
    with Image.open(out / f"{ICNS_PX}x{ICNS_PX}.png") as largest:
        largest.save(out / "brainsr.icns")
    frames = [Image.open(out / f"{side}x{side}.png") for side in ICO_PX]
    frames[-1].save(out / "brainsr.ico", sizes=[frame.size for frame in frames], append_images=frames[:-1])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
