"""Write ``requirements.lock``: the exact versions of ``constraints.txt`` and what they need, with the SHA-256
of every file.

For Linux on x86-64 and the three versions of Python. pip says what it would install from the index; nothing
is installed.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import tomllib
from collections import defaultdict
from pathlib import Path
from typing import Any, Final

PROJECT: Final = Path(__file__).resolve().parent.parent
LOCK: Final = PROJECT / "requirements.lock"
PYTHONS: Final = ("3.11", "3.12", "3.13")
PLATFORMS: Final = (
    *(f"manylinux_2_{minor}_x86_64" for minor in range(39, 4, -1)),
    *("manylinux2014_x86_64", "manylinux2010_x86_64", "manylinux1_x86_64", "linux_x86_64"),
)
UNWANTED: Final = "openvino-telemetry"
"""openvino asks for it and runs without it; the program talks to nobody."""
HEAD: Final = """\
# Exact versions and the SHA-256 of each file, for Linux on x86-64 with Python 3.11 to 3.13. Written by: make lock
# The versions are those of constraints.txt. Installed first by: make venv LOCKED=1
"""


def wanted() -> list[str]:
    """What the program asks for to run."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))
    found: list[str] = project["project"]["dependencies"]
    return found


def resolved(python: str) -> list[dict[str, Any]]:
    """What pip would install with a version of Python."""
    platforms = [word for platform in PLATFORMS for word in ("--platform", platform)]
    with tempfile.TemporaryDirectory() as folder:
        command = [
            *(
                sys.executable,
                "-m",
                "pip",
                "install",
                "--dry-run",
                "--ignore-installed",
                "--quiet",
                "--report",
                "-",
            ),
            *("--only-binary", ":all:", "--python-version", python, *platforms, "--target", folder),
            *("--constraint", str(PROJECT / "constraints.txt"), *wanted()),
        ]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: list[dict[str, Any]] = json.loads(done.stdout)["install"]
    return found


def main() -> None:
    """Ask for each version of Python, and write what they have in common and apart."""
    hashes: dict[tuple[str, str], set[str]] = defaultdict(set)
    pythons: dict[tuple[str, str], set[str]] = defaultdict(set)
    for python in PYTHONS:
        for entry in resolved(python):
            name = re.sub(r"[-_.]+", "-", entry["metadata"]["name"]).lower()
            if name != UNWANTED:
                key = name, entry["metadata"]["version"]
                hashes[key].add(entry["download_info"]["archive_info"]["hashes"]["sha256"])
                pythons[key].add(python)
    lines = [HEAD]
    for name, version in sorted(hashes):
        only = "" if pythons[name, version] == {*PYTHONS} else _marker(pythons[name, version])
        digests = "".join(f" \\\n    --hash=sha256:{digest}" for digest in sorted(hashes[name, version]))
        lines.append(f"{name}=={version}{only}{digests}\n")
    LOCK.write_text("".join(lines), encoding="utf-8")
    print(f"{LOCK.name} is written: {len(hashes)} packages")


def _marker(pythons: set[str]) -> str:
    return " ; " + " or ".join(f"python_version == '{python}'" for python in sorted(pythons))


if __name__ == "__main__":
    main()
