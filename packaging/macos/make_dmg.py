"""The application for macOS in a disk image; signed and notarised where the environment names an identity.

    make_dmg.py FOLDER DIST

The application lies beside FOLDER's build in build/FLAVOUR/out. BRAINSR_SIGN is a "Developer ID Application"
identity of the keychain; BRAINSR_NOTARY a profile made with `xcrun notarytool store-credentials`. Without an identity
the application is signed ad hoc: it runs where it was built, and elsewhere after "Open anyway" in the settings.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
HERE: Final = ROOT / "packaging" / "macos"
APPLICATION: Final = "BrainSR Desktop.app"
NATIVE: Final = (".so", ".dylib")


def main(folder: Path, dist: Path) -> None:
    """Sign, pack, notarise."""
    sys.path.insert(0, str(ROOT))
    from brainsr_desktop import __version__

    flavour = "lite" if folder.name.endswith("-lite") else "full"
    work = ROOT / "build" / flavour
    image_folder = work / "dmg"
    shutil.rmtree(image_folder, ignore_errors=True)
    application = image_folder / APPLICATION
    shutil.copytree(work / "out" / APPLICATION, application, symlinks=True)
    _complete(application, folder)
    _sign(application, os.environ.get("BRAINSR_SIGN") or "-")
    (image_folder / "Applications").symlink_to("/Applications")
    image = dist / f"{folder.name}-{__version__}-macos-{platform.machine()}.dmg"
    command = [
        "hdiutil",
        "create",
        "-volname",
        "BrainSR Desktop",
        "-srcfolder",
        str(image_folder),
        "-ov",
        "-format",
        "ULFO",
    ]
    subprocess.run([*command, str(image)], check=True)
    if profile := os.environ.get("BRAINSR_NOTARY"):
        submitted = ["xcrun", "notarytool", "submit", str(image), "--keychain-profile", profile, "--wait"]
        subprocess.run(submitted, check=True)
        subprocess.run(["xcrun", "stapler", "staple", str(image)], check=True)


def _complete(application: Path, folder: Path) -> None:
    """What the build wrote into the folder after PyInstaller had made the application of the same files."""
    resources = application / "Contents" / "Resources"
    notices = "resources/licences/THIRD-PARTY-NOTICES.txt"
    shutil.copy2(folder / "_internal" / notices, resources / notices)
    for name in ("sbom.cdx.json", "LICENSE", "NOTICE"):
        shutil.copy2(folder / name, resources / name)
    (application / "Contents" / "MacOS" / "brainsr").symlink_to("brainsr-desktop")


def _sign(application: Path, identity: str) -> None:
    """From the inside out, as notarisation wants it; `codesign --deep` misses libraries outside of frameworks."""
    command = ["codesign", "--force", "--sign", identity]
    if identity != "-":
        command += ["--timestamp", "--options", "runtime", "--entitlements", str(HERE / "entitlements.plist")]
    inside = sorted((application / "Contents" / "Frameworks").rglob("*"), key=lambda path: -len(path.parts))
    native = [
        str(path) for path in inside if path.suffix in NATIVE and path.is_file() and not path.is_symlink()
    ]
    subprocess.run([*command, *native], check=True)
    subprocess.run([*command, str(application)], check=True)
    subprocess.run(["codesign", "--verify", "--strict", "--verbose=2", str(application)], check=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
