"""The installer for Windows, by Inno Setup; signed where BRAINSR_SIGN names the certificate.

    make_installer.py FOLDER DIST

BRAINSR_SIGN is the SHA-1 of a code-signing certificate in the store of the user. Both programs are signed before they
are packed, then the installer and its uninstaller.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
TIME_SERVER: Final = "http://timestamp.digicert.com"


def main(folder: Path, dist: Path) -> None:
    """Pack a finished folder."""
    sys.path.insert(0, str(ROOT))
    from brainsr_desktop import __version__

    compiler = shutil.which("iscc") or r"C:\Program Files (x86)\Inno Setup 6\ISCC.exe"
    certificate = os.environ.get("BRAINSR_SIGN")
    sign = [
        "signtool",
        "sign",
        "/sha1",
        str(certificate),
        "/fd",
        "sha256",
        "/tr",
        TIME_SERVER,
        "/td",
        "sha256",
    ]
    if certificate:
        subprocess.run([*sign, *(str(path) for path in sorted(folder.glob("*.exe")))], check=True)
    given = {
        "Version": __version__,
        "Source": str(folder),
        "Output": str(dist),
        "Icon": str(ROOT / "build" / "icons" / "brainsr.ico"),
        "BaseName": f"{folder.name}-{__version__}-windows-x86_64",
    }
    command = [compiler, *(f"/D{name}={value}" for name, value in given.items())]
    if certificate:
        command += ["/DSign=yes", f"/Sbrainsr={' '.join(sign)} $f"]
    subprocess.run([*command, str(ROOT / "packaging" / "windows" / "installer.iss")], check=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
