"""Tries the packaged program as a user has it: `make package-test`, after `make package` or `make package-lite`.

    package_test.py [--flavour full|lite]

Each trial has a screen of its own (Xvfb), a clean HOME and no Python on the PATH. As root the .deb is installed,
used and removed as well; where it cannot be, the last line says so. Pictures and reports go to out/package-test.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
from pathlib import Path
from typing import Final, get_args

import trial
from bundle_parts import FLAVOURS, NAME, Flavour
from trial import Trial, check, say

from brainsr_desktop import __version__

ROOT: Final = Path(__file__).resolve().parent.parent
OUT: Final = ROOT / "out" / "package-test"
MACHINE: Final = os.uname().machine


def main() -> None:
    """Every trial in turn; the first that fails ends it."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--flavour", choices=get_args(Flavour), default=FLAVOURS[0])
    flavour: Flavour = options.parse_args().flavour
    package = NAME if flavour == "full" else f"{NAME}-{flavour}"
    trial.need_tools()
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    trial.look_inside(ROOT / "dist" / package, flavour)
    with Trial(OUT) as portable:
        # A folder with a space and letters beyond ASCII, as people have them.
        place = portable.home / "Prógrams of mine"
        place.mkdir()
        archive = ROOT / "dist" / f"{package}-{__version__}-linux-{MACHINE}.tar.xz"
        subprocess.run(["tar", "-xJf", str(archive), "-C", str(place)], check=True)
        folder = next(place.iterdir())
        portable.programs = folder
        trial.commands(portable, folder)
        trial.main_job(portable, "portable")
        if flavour == "full":
            trial.torch(portable, folder)
    deb = next((ROOT / "dist").glob(f"{package}_{__version__}_*.deb"))
    subprocess.run(["lintian", "--fail-on", "error", "--tag-display-limit", "0", str(deb)], check=True)
    say("lintian has nothing to say against the .deb that would be an error")
    if os.geteuid() != 0:
        say("NOT TRIED: the .deb can be installed by root only; run `sudo make package-test` for it")
        return
    installed(package, deb)
    say(f"All trials of {package} passed; pictures in {OUT.relative_to(ROOT)}")


def installed(package: str, deb: Path) -> None:
    """The .deb: put in, used by its menu entry and by command, taken out without a trace."""
    before = set(Path("/usr/bin").iterdir())
    asked = ["apt-get", "install", "-y", "-q", "--no-install-recommends", str(deb)]
    subprocess.run(
        asked, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    )
    try:
        files = subprocess.run(
            ["dpkg", "-L", package], capture_output=True, text=True, check=True
        ).stdout.splitlines()
        with Trial(OUT) as user:
            user.programs = Path("/usr/bin")
            trial.integration()
            trial.commands(user, Path("/usr/lib") / NAME)
            trial.main_job(user, "installed")
            trial.menu_entry(user)
    finally:
        subprocess.run(
            ["apt-get", "remove", "--purge", "-y", "-q", package], check=True, stdout=subprocess.DEVNULL
        )
    left = [path for path in files if not Path(path).is_dir() and os.path.lexists(path)]
    check(not left, f"files are left after the removal: {left}")
    check(not Path("/usr/lib", NAME).exists(), "the program's folder is left after the removal")
    check(before == set(Path("/usr/bin").iterdir()), "something is left in /usr/bin")
    trial.not_registered()
    say("the .deb was installed, used and removed without a trace")


if __name__ == "__main__":
    main()
