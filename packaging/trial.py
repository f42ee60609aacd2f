"""The single trials of `package_test.py`: a user's surroundings, and what the program has to do in them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import psutil
import pydicom
from bundle_parts import LARGEST_BYTES, Flavour, is_wanted
from components import gpl_only
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from brainsr_desktop import __version__

ROOT: Final = Path(__file__).resolve().parent.parent
SAMPLE: Final = ROOT / "resources" / "sample"
TOOLS: Final = {"Xvfb": "xvfb", "gio": "libglib2.0-bin", "xwininfo": "x11-utils", "lintian": "lintian",
                "desktop-file-validate": "desktop-file-utils", "appstreamcli": "appstream", "bash": "bash"}  # fmt: skip
MIME_TYPES: Final = {"a.dcm": "application/dicom", "a.nii": "application/x-nifti", "DICOMDIR": "application/dicom",
                     "a.nii.gz": "application/x-nifti-compressed"}  # fmt: skip
PATIENCE_S: Final = 300.0
END_S: Final = 30.0
STEPS: Final = {"window", "open", "enhance", "export", "light process", "close"}
GPL_EXAMPLES: Final = {
    "GPL-3.0-only": True,
    "MIT AND AGPL-3.0-or-later": True,
    "LGPL-3.0-only OR GPL-2.0-only": False,
    "GPL-3.0-or-later WITH GCC-exception-3.1": False,
    "BSD-3-Clause AND MIT": False,
}
"""What the check for the GPL must say."""
GNU_ONLY: Final = re.compile(r"lib(readline|history|gdbm|gdbm_compat|poppler|fftw3\w*|gsl|db)[-.]")


class TrialFailed(Exception):
    """The package does not do what it should."""


def check(holds: bool, said: str) -> None:
    """Raise `TrialFailed` unless something holds."""
    if not holds:
        raise TrialFailed(said)


def say(text: str) -> None:
    """One line of the record."""
    print(text, flush=True)


def need_tools() -> None:
    """Raise `SystemExit` with the line to type where a tool of the trials is missing."""
    missing = sorted({package for tool, package in TOOLS.items() if shutil.which(tool) is None})
    if missing:
        raise SystemExit(f"The trials need more tools: sudo apt-get install {' '.join(missing)}")


class Trial:
    """A user with an empty home and a screen, who has no Python. Every process of theirs ends with it."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.home = Path(tempfile.mkdtemp(prefix="brainsr-home-"))
        self.programs = Path("/nonexistent")
        self._screen: subprocess.Popen[bytes] | None = None
        self._display = ""

    def __enter__(self) -> Self:
        reading, writing = os.pipe()
        command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1600x1000x24", "-nolisten", "tcp"]
        self._screen = subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL)
        os.close(writing)
        with os.fdopen(reading) as told:
            self._display = f":{told.readline().strip()}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self.processes():
            process.kill()
        if self._screen is not None:
            self._screen.terminate()
            self._screen.wait()
        shutil.rmtree(self.home, ignore_errors=True)

    @property
    def surroundings(self) -> dict[str, str]:
        """The whole environment of the user's programs."""
        run = self.home / "run"
        run.mkdir(mode=0o700, exist_ok=True)
        path = self.home / "bin"
        path.mkdir(exist_ok=True)
        for name in ("brainsr", "brainsr-desktop"):
            if not (path / name).is_symlink() and (self.programs / name).exists():
                (path / name).symlink_to(self.programs / name)
        return {"HOME": str(self.home), "PATH": str(path), "DISPLAY": self._display, "LANG": "C.UTF-8",
                "XDG_RUNTIME_DIR": str(run), "TMPDIR": str(run), "OMP_NUM_THREADS": "2"}  # fmt: skip

    def run(self, *command: str | Path, seconds: float = PATIENCE_S) -> subprocess.CompletedProcess[str]:
        """A command of the user to its end."""
        words = [str(word) for word in command]
        return subprocess.run(words, env=self.surroundings, cwd=self.home, capture_output=True, text=True,
                              timeout=seconds, check=False)  # fmt: skip

    def start(self, *command: str | Path) -> subprocess.Popen[bytes]:
        """A command of the user that goes on."""
        return subprocess.Popen([str(word) for word in command], env=self.surroundings, cwd=self.home)

    def processes(self) -> list[psutil.Process]:
        """What runs of the user's, but for the screen."""
        found = []
        for process in psutil.process_iter():
            try:
                if (
                    process.environ().get("HOME") == str(self.home)
                    and process.status() != psutil.STATUS_ZOMBIE
                ):
                    found.append(process)
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
        return found

    def windows(self) -> str:
        """The titles of all windows on the screen."""
        done = subprocess.run(["xwininfo", "-root", "-tree"], env={**os.environ, "DISPLAY": self._display},
                              capture_output=True, text=True, check=True)  # fmt: skip
        return done.stdout

    def shoot(self, name: str) -> None:
        """A picture of the whole screen, taken from outside the program."""
        code = (
            "import sys; from PySide6.QtGui import QGuiApplication as A; a = A([]); "
            "sys.exit(not a.primaryScreen().grabWindow(0).save(sys.argv[1]))"
        )
        kept = {**os.environ, "DISPLAY": self._display, "QT_QPA_PLATFORM": "xcb"}
        subprocess.run([sys.executable, "-c", code, str(self.out / f"{name}.png")], env=kept, check=True)

    def log(self) -> str:
        """What the program has written down."""
        files = sorted((self.home / ".local" / "state").rglob("*.log"))
        return "\n".join(path.read_text("utf-8", errors="replace") for path in files)


def wait_until(condition: Callable[[], bool], what: str, seconds: float = PATIENCE_S) -> None:
    """Look until something holds; `TrialFailed` after so many seconds."""
    end = time.monotonic() + seconds
    while not condition():
        check(time.monotonic() < end, f"{what} did not happen within {seconds:.0f} s")
        time.sleep(0.2)


def look_inside(folder: Path, flavour: Flavour) -> None:
    """The folder itself: its size, what must not be in it, its notices and its bill of materials."""
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    size = sum(path.stat().st_size for path in files)
    check(size <= LARGEST_BYTES[flavour], f"{folder.name} has {size / 1e6:.0f} MB")
    inside = folder / "_internal"
    unwanted = [
        p.name for p in files if p.is_relative_to(inside) and not is_wanted(str(p.relative_to(inside)))
    ]
    check(not unwanted, f"headers, tests or unused libraries are inside: {unwanted[:5]}")
    links = [path for path in folder.rglob("*") if path.is_symlink() and not path.exists()]
    check(not links, f"links lead nowhere: {links[:5]}")
    copyleft = sorted(path.name for path in files if GNU_ONLY.match(path.name))
    check(not copyleft, f"libraries under the GPL are inside: {copyleft}")
    here = str(ROOT).encode()
    telling = [str(path.relative_to(folder)) for path in files if here in path.read_bytes()]
    check(not telling, f"the folder of the build is named in {telling[:5]}")
    _load_libraries(inside)
    _look_at_bill(folder)
    say(f"{folder.name}: {len(files)} files, {size / 1e6:.0f} MB, nothing in it that should not be")


def _load_libraries(inside: Path) -> None:
    """What wheels carry was rewritten by their makers: each library must still load."""
    carried = sorted(str(path) for path in inside.glob("*.libs/*.so*"))
    code = "import ctypes, sys; [ctypes.CDLL(name) for name in sys.argv[1:]]"
    kept = {**os.environ, "LD_LIBRARY_PATH": str(inside)}
    done = subprocess.run(
        [sys.executable, "-c", code, *carried], env=kept, capture_output=True, text=True, check=False
    )
    check(bool(carried) and done.returncode == 0, f"a library does not load: {done.stderr}")


def _look_at_bill(folder: Path) -> None:
    for expression, alone in GPL_EXAMPLES.items():
        check(gpl_only(expression) is alone, f"the check for the GPL is wrong about {expression}")
    text = (folder / "sbom.cdx.json").read_text("utf-8")
    check(
        JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None,
        "the bill of materials is not valid",
    )
    parts = json.loads(text)["components"]
    named = {(part["name"], part.get("version", "")) for part in parts}
    licences = [
        entry.get("expression") or entry["license"].get("id") or entry["license"]["name"]
        for part in parts
        for entry in part["licenses"]
    ]
    refused = sorted({licence for licence in licences if gpl_only(licence)})
    check(not refused, f"under the GPL alone: {refused}")
    notices = (folder / "_internal/resources/licences/THIRD-PARTY-NOTICES.txt").read_text("utf-8")
    untold = [name for name, version in named if f"    {name} {version}".rstrip() + ":" not in notices]
    check(not untold, f"no notice names {untold}")
    for facts in (folder / "_internal").glob("*.dist-info"):
        name, _, version = facts.name.removesuffix(".dist-info").rpartition("-")
        known = {(n.lower().replace("-", "_"), v) for n, v in named}
        check(name == "brainsr_desktop" or (name.lower(), version) in known, f"{facts.name} is in no bill")


def commands(user: Trial, folder: Path) -> None:
    """`brainsr` from the command line: versions, models, what a folder holds, one slice enhanced."""
    for program in ("brainsr", "brainsr-desktop"):
        said = user.run(user.programs / program, "--version").stdout
        check(said == f"{program} {__version__}\n", f"{program} --version said {said!r}")
    info = user.run(user.programs / "brainsr", "info", folder / "_internal/resources/sample", "--json")
    check(info.returncode == 0, f"brainsr info: {info.stderr}")
    out = user.home / "enhanced"
    sample = folder / "_internal/resources/sample"
    done = user.run(
        user.programs / "brainsr", "enhance", sample, "--series", "1", "--slices", "25", "-o", out
    )
    check(done.returncode == 0, f"brainsr enhance: {done.stderr}")
    check(len(list(out.rglob("*.dcm"))) == 1, "brainsr enhance wrote no DICOM file")
    training = user.run(user.programs / "brainsr", "train", "--list")
    check(
        training.returncode == 0 and "espcn-x2" in training.stdout, f"brainsr train --list: {training.stderr}"
    )
    refused = user.run(user.programs / "brainsr", "train", "espcn-x2", "--data", sample)
    check(
        refused.returncode == 4 and "pip" in refused.stderr,
        f"training was not refused plainly: {refused.stderr}",
    )
    wait_until(lambda: not user.processes(), "the end of the commands' children", END_S)
    say(f"{user.programs}/brainsr: info, enhance, train --list")


def main_job(user: Trial, name: str) -> None:
    """The window's own smoke test; it fails by itself, and what it wrote is read here by another library."""
    out = user.out / name
    running = user.start(user.programs / "brainsr-desktop", "--smoke-test", out)
    children: set[int] = set()
    while running.poll() is None:
        children |= {p.pid for p in user.processes() if "--multiprocessing-fork" in _words(p)}
        time.sleep(0.2)
    report = json.loads((out / "report.json").read_text("utf-8"))
    wrong = [step for step in report["steps"] if not step["ok"]]
    check(running.returncode == 0 and not wrong, f"the smoke test failed: {wrong}")
    check({step["name"] for step in report["steps"]} >= STEPS, "the smoke test left steps out")
    check(report["qt_platform"] == "xcb", f"the window was drawn on {report['qt_platform']}")
    check(len(children) >= 2, "the files process and the engine process were not both seen")
    check(report["child_processes_left"] == 0, "children were left")
    wait_until(lambda: not user.processes(), "the end of every process", END_S)
    written = sorted((out / "export").rglob("*.dcm"))
    first = pydicom.dcmread(written[0])
    check(
        len(written) == report["slices"] and first.ContentQualification == "RESEARCH",
        "the export is not as it should be",
    )
    check(float(first.pixel_array.std()) > 0, "the exported slice is empty")
    say(
        f"{name}: smoke test passed, {len(written)} files of {first.Rows} x {first.Columns}, {report['seconds']}"
    )


def _words(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return []


def torch(user: Trial, folder: Path) -> None:
    """A model without an OpenVINO graph, which torch alone can run."""
    shipped = folder / "_internal/models/espcn-x4"
    own = user.home / ".local/share/brainsr-desktop/models/espcn-torch"
    own.mkdir(parents=True)
    for path in shipped.iterdir():
        if not path.name.startswith("graph"):
            (own / path.name).write_bytes(path.read_bytes())
    card = (shipped / "card.toml").read_text("utf-8").replace('name = "espcn-x4"', 'name = "espcn-torch"')
    kept = [
        line for line in card.splitlines() if not line.startswith('"graph') and not line.startswith("graph =")
    ]
    (own / "card.toml").write_text("\n".join(kept) + "\n", encoding="utf-8")
    sample, out = folder / "_internal/resources/sample", user.home / "by-torch"
    done = user.run(user.programs / "brainsr", "enhance", sample, "--series", "1", "--slices", "25", "-o", out,
                    "--model", "espcn-torch")  # fmt: skip
    check(
        done.returncode == 0 and len(list(out.rglob("*.dcm"))) == 1, f"torch did not enhance: {done.stderr}"
    )
    say("torch: a model without a graph was run")


def integration() -> None:
    """What the desktop and the shells are told: entry, types, icons, pages, completions."""
    entry = "/usr/share/applications/brainsr-desktop.desktop"
    subprocess.run(["desktop-file-validate", entry], check=True)
    (about,) = Path("/usr/share/metainfo").glob("*.BrainSR.metainfo.xml")
    subprocess.run(["appstreamcli", "validate", "--no-net", str(about)], check=True)
    with tempfile.TemporaryDirectory() as folder:
        for name, wanted in MIME_TYPES.items():
            (Path(folder) / name).write_bytes(b"\0")
            asked = ["gio", "info", "-a", "standard::content-type", str(Path(folder) / name)]
            said = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
            check(wanted in said.split(), f"the type of {name} is not {wanted}")
    for page in ("brainsr", "brainsr-desktop"):
        check(Path(f"/usr/share/man/man1/{page}.1.gz").is_file(), f"no man page of {page}")
        for place in (f"bash-completion/completions/{page}", f"zsh/vendor-completions/_{page}",
                      f"fish/vendor_completions.d/{page}.fish"):  # fmt: skip
            check(Path("/usr/share", place).is_file(), f"no completion {place}")
    script = """
        source /usr/share/bash-completion/completions/brainsr
        COMP_WORDS=(brainsr enh) COMP_CWORD=1
        _shtab_brainsr brainsr enh brainsr
        echo "${COMPREPLY[@]}"
    """
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
    check("enhance" in done.stdout.split(), f"bash completes 'enh' with {done.stdout!r}{done.stderr}")
    say("menu entry, AppStream, MIME types, man pages and completions are in place")


def not_registered() -> None:
    """After the removal the desktop no longer knows the program or its types."""
    known = Path("/usr/share/applications/mimeinfo.cache")
    check(
        not known.exists() or "brainsr" not in known.read_text("utf-8"), "the menu entry is still registered"
    )
    check(
        not Path("/usr/share/mime/application/x-nifti.xml").exists(),
        "the type of NIfTI files is still registered",
    )


def menu_entry(user: Trial) -> None:
    """The menu entry with a folder; then a second start, which hands its folder to the first."""
    series = sorted(path for path in SAMPLE.iterdir() if path.is_dir())
    wanted = [user.home / f"scan {number}" for number in (1, 2)]
    for source, target in zip(series[:2], wanted, strict=True):
        shutil.copytree(source, target)
    config = user.home / ".config/brainsr-desktop"
    config.mkdir(parents=True, exist_ok=True)
    (config / "settings.toml").write_text('[general]\naccepted_notice = "0"\n', encoding="utf-8")
    gio = shutil.which("gio")
    assert gio is not None
    started = user.start(gio, "launch", "/usr/share/applications/brainsr-desktop.desktop", str(wanted[0]))
    wait_until(lambda: _title_of(series[0]) in user.windows(), "the folder of the menu entry in the window")
    check(started.wait(END_S) == 0, "gio could not launch the menu entry")
    user.shoot("menu-entry")
    again = user.run(user.programs / "brainsr-desktop", wanted[1])
    check(
        again.returncode == 0 and "handed over to the window that runs" in user.log(),
        "nothing was handed over",
    )
    wait_until(lambda: _title_of(series[1]) in user.windows(), "the second folder in the first window")
    user.shoot("handed-over")
    window = next(p for p in user.processes() if _words(p)[1:] and str(wanted[0]) in _words(p)[-1])
    window.terminate()
    wait_until(lambda: not user.processes(), "the end of the window and its children", END_S)
    say("menu entry with a folder, second start handed over")


def _title_of(folder: Path) -> str:
    first = pydicom.dcmread(next(folder.glob("*.dcm")), stop_before_pixels=True)
    return str(first.SeriesDescription)
