"""Ask which of the locked packages have known weaknesses, with pip-audit in an environment of its own.

The list of weaknesses lies with the Python Packaging Authority; without a way there nothing is known, which is
said and is no failure. Exit status 1: a package has a weakness that is not in ``ACCEPTED``.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import Any, Final

PROJECT: Final = Path(__file__).resolve().parent.parent
AUDITOR: Final = "pip-audit==2.10.1"
ACCEPTED: Final[dict[str, str]] = {}
"""Weaknesses by their id that do not touch this program, and why."""
LIMIT_S: Final = 600


def report(folder: Path) -> dict[str, Any] | None:
    """What pip-audit says of the lock; None where it, or its list, cannot be had."""
    venv.create(folder / "env", with_pip=True)
    programs = folder / "env" / ("Scripts" if sys.platform == "win32" else "bin")
    exact = [
        line.split(" ")[0]
        for line in (PROJECT / "requirements.lock").read_text("utf-8").splitlines()
        if "==" in line
    ]
    (folder / "exact.txt").write_text("\n".join(exact), encoding="utf-8")
    try:
        subprocess.run(
            [programs / "python", "-m", "pip", "install", "--quiet", AUDITOR], check=True, timeout=LIMIT_S
        )
        done = subprocess.run(
            [
                programs / "pip-audit",
                "--requirement",
                folder / "exact.txt",
                "--no-deps",
                "--disable-pip",
                "--format",
                "json",
            ],
            stdout=subprocess.PIPE,
            text=True,
            check=False,
            timeout=LIMIT_S,
        )
        found: dict[str, Any] = json.loads(done.stdout)
    except (subprocess.SubprocessError, OSError, ValueError):
        return None
    return found


def main() -> int:
    """Ask, and say what came of it."""
    with tempfile.TemporaryDirectory() as folder:
        found = report(Path(folder))
    if found is None:
        print("NOT AUDITED: pip-audit, or its list of weaknesses, could not be reached.")
        return 0
    packages = found["dependencies"]
    weak = [
        f"{package['name']} {package['version']}: {weakness['id']}, mended in {weakness['fix_versions'] or 'none'}"
        for package in packages
        for weakness in package.get("vulns", ())
        if weakness["id"] not in ACCEPTED
    ]
    print(
        "".join(f"{line}\n" for line in weak)
        + f"{len(packages)} packages audited, {len(weak)} known weaknesses"
    )
    return 1 if weak else 0


if __name__ == "__main__":
    sys.exit(main())
