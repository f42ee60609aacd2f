"""Builds the packaged program: `make package`, `make package-lite`.

    build.py [--flavour full|lite] [--quick] [--folder-only]

Makes dist/brainsr-desktop (or -lite), a folder that runs without Python, and around it what the system takes:
a .deb and a .tar.xz on Linux, an installer on Windows, an application and a .dmg on macOS. The same commit and
environment give the same bytes: every date is that of the commit (SOURCE_DATE_EPOCH).
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final, get_args

import linux_package
import make_icons
from bundle_parts import FLAVOURS, LARGEST_BYTES, NAME, Flavour
from components import Component, components, gpl_only
from notices import bill_of_materials, notices, timestamp

ROOT: Final = Path(__file__).resolve().parent.parent
WORK: Final = ROOT / "build"
SYSTEM: Final = platform.system()
DIST: Final = ROOT / "dist"
STRIPPED: Final = ("*.so", "*.so.*")
NOT_STRIPPED: Final = ".libs"
"""Ending of folders whose libraries the makers of wheels have rewritten: strip breaks some of them."""


def main() -> None:
    """Build one flavour."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--flavour", choices=get_args(Flavour), default=FLAVOURS[0])
    options.add_argument("--quick", action="store_true", help="hardly compressed: for a trial")
    options.add_argument("--folder-only", action="store_true", help="no package around the folder")
    chosen = options.parse_args()
    made = epoch()
    make_icons.main(WORK / "icons")
    folder = bundle(chosen.flavour, made)
    print(f"{folder.relative_to(ROOT)}: {size_bytes(folder) / 1e6:.0f} MB")
    if chosen.folder_only:
        return
    for package in packages(folder, chosen.flavour, made, chosen.quick):
        print(f"{package.relative_to(ROOT)}: {package.stat().st_size / 1e6:.0f} MB")


def epoch() -> int:
    """Seconds since 1970 that stand for the time of the build: SOURCE_DATE_EPOCH, else the last commit's."""
    given = os.environ.get("SOURCE_DATE_EPOCH")
    if given is None:
        asked = ["git", "log", "-1", "--format=%ct"]
        given = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return int(given)


def bundle(flavour: Flavour, made: int) -> Path:
    """The folder with both programs, its notices and its bill of materials."""
    work, target = WORK / flavour, DIST / (NAME if flavour == "full" else f"{NAME}-{flavour}")
    _freeze(flavour, work, made)
    folder = work / "out" / NAME
    if SYSTEM != "Windows":
        _link(folder / "brainsr", NAME)
    if SYSTEM == "Linux":
        _strip(folder)
    _tell(folder, components(folder, work / "brainsr" / "contents.json"), made)
    _check_size(folder, flavour)
    if target.exists():
        shutil.rmtree(target)
    target.parent.mkdir(exist_ok=True)
    folder.rename(target)
    _date(target, made)
    return target


def packages(folder: Path, flavour: Flavour, made: int, quick: bool) -> list[Path]:
    """What the system that this runs on installs."""
    if SYSTEM == "Linux":
        return linux_package.make(folder, flavour, made, WORK / flavour / "linux", DIST, quick=quick)
    script = (
        ROOT / "packaging" / ("windows/make_installer.py" if SYSTEM == "Windows" else "macos/make_dmg.py")
    )
    subprocess.run([sys.executable, str(script), str(folder), str(DIST)], check=True)
    return sorted(DIST.glob("*.exe" if SYSTEM == "Windows" else "*.dmg"))


def size_bytes(folder: Path) -> int:
    """Bytes in the files of a folder; links count nothing."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def _freeze(flavour: Flavour, work: Path, made: int) -> None:
    command = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN"]
    command += [
        "--distpath",
        str(work / "out"),
        "--workpath",
        str(work),
        str(ROOT / "packaging" / "brainsr.spec"),
    ]
    fixed = {"FLAVOUR": flavour, "SOURCE_DATE_EPOCH": str(made), "PYTHONHASHSEED": "1"}
    subprocess.run(command, cwd=ROOT, env={**os.environ, **fixed}, check=True)


def _link(path: Path, target: str) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to(target)


def _strip(folder: Path) -> None:
    """Take the symbols out that only a debugger reads: a fifth of torch."""
    for pattern in STRIPPED:
        for path in sorted(folder.rglob(pattern)):
            if path.is_file() and not path.is_symlink() and not path.parent.name.endswith(NOT_STRIPPED):
                subprocess.run(["strip", "--strip-unneeded", str(path)], check=True)


def _tell(folder: Path, parts: list[Component], made: int) -> None:
    refused = [part.name for part in parts if gpl_only(part.licence)]
    if refused:
        raise SystemExit(f"Under the GPL alone, and therefore not to be shipped: {', '.join(refused)}")
    texts = {
        "_internal/resources/licences/THIRD-PARTY-NOTICES.txt": notices(parts),
        "sbom.cdx.json": bill_of_materials(parts, timestamp(made)),
        "LICENSE": (ROOT / "LICENSE").read_text("utf-8"),
        "NOTICE": (ROOT / "NOTICE").read_text("utf-8"),
    }
    for place, text in texts.items():
        (folder / place).write_text(text, encoding="utf-8", newline="\n")


def _check_size(folder: Path, flavour: Flavour) -> None:
    size = size_bytes(folder)
    if size > LARGEST_BYTES[flavour]:
        raise SystemExit(
            f"The folder has {size / 1e6:.0f} MB; {LARGEST_BYTES[flavour] / 1e6:.0f} MB are allowed."
        )


def _date(folder: Path, made: int) -> None:
    for path in [folder, *folder.rglob("*")]:
        os.utime(path, (made, made), follow_symlinks=False)


if __name__ == "__main__":
    main()
