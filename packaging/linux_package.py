"""Around the folder of the program on Linux: a .deb for Debian 12 and later, and a portable .tar.xz."""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import subprocess
import tarfile
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Final

import command_docs
from bundle_parts import IDENTIFIER, NAME, Flavour
from make_icons import SIZES_PX, SVG

from brainsr_desktop import __version__

ROOT: Final = Path(__file__).resolve().parent.parent
HERE: Final = ROOT / "packaging" / "linux"
MAINTAINER: Final = "The BrainSR Desktop authors <maintainers@brainsr.invalid>"
HOME: Final = Path("usr/lib") / NAME
PROGRAMS: Final = ("brainsr", NAME)
COMPLETIONS: Final = {
    "bash": "usr/share/bash-completion/completions",
    "zsh": "usr/share/zsh/vendor-completions",
    "fish": "usr/share/fish/vendor_completions.d",
}
SHARED: Final = ("applications", "bash-completion", "fish", "icons", "man", "metainfo", "mime", "zsh")
"""What of /usr/share the portable archive carries."""
FONTS: Final = "fonts-dejavu-core | fonts-liberation | fonts-noto-core"
"""Qt draws no text without any."""
LOADED: Final = ("libegl1", "libgl1", "libfontconfig1", "libdbus-1-3", "shared-mime-info")
"""What is loaded while the program runs, so that no link shows it."""
NOT_LINKED: Final = ("libopenvino_intel_gpu_plugin.so",)
"""Loaded only where there is an Intel graphics unit, whose driver brings what it is linked to."""
DESCRIPTION: Final = """\
Description: brain MR super-resolution beside the original
 Shows MR series of the head with an enhanced version beside the original: a
 neural network raises the in-plane resolution of each slice by two or four.
 Reads DICOM, NIfTI, pictures and MATLAB files, and writes the enhanced series
 in the place and units of the original.
 .
 For research only. It is not a medical device, and no diagnosis may rest on an
 enhanced picture.
"""
EXTRA: Final = {
    "full": " .\n This package holds PyTorch as well, for models that come without an OpenVINO\n graph.\n",
    "lite": " .\n This package runs the networks with OpenVINO alone.\n",
}
README: Final = """\
BrainSR Desktop {version}, for Linux on {machine}. For research only; not a medical device.

    ./brainsr-desktop [FOLDER]      the window
    ./brainsr --help                the same work on the command line

Nothing needs to be installed; the folder may lie anywhere. share/ holds a menu entry, icons, man pages and shell
completions for whoever wants to put them in place. Qt needs libEGL, libGL, libfontconfig and a font of the system.
"""


def make(folder: Path, flavour: Flavour, made: int, work: Path, dist: Path, *, quick: bool) -> list[Path]:
    """Both packages of a finished folder.

    ``made``: every date in them, seconds since 1970. ``quick``: compress as little as the formats allow.
    """
    shutil.rmtree(work, ignore_errors=True)
    package = NAME if flavour == "full" else f"{NAME}-{flavour}"
    root = work / "root"
    _share(root, package, made)
    shutil.copytree(folder, root / HOME, symlinks=True, copy_function=os.link)
    archive = _archive(folder, root, package, made, dist, "-0" if quick else "-6")
    return [
        archive,
        _deb(root, package, flavour, made, work, dist, ("-Zgzip", "-z1") if quick else ("-Zxz",)),
    ]


def _share(root: Path, package: str, made: int) -> None:
    """What lies outside the program's own folder."""
    os.environ["SOURCE_DATE_EPOCH"] = str(made)  # the date on the man pages
    for program in PROGRAMS:
        link = root / "usr/bin" / program
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(Path("../lib") / NAME / program)
    for side in SIZES_PX:
        _put(root / f"usr/share/icons/hicolor/{side}x{side}/apps/{NAME}.png",
             (ROOT / "build/icons" / f"{side}x{side}.png").read_bytes())  # fmt: skip
    _put(root / f"usr/share/icons/hicolor/scalable/apps/{NAME}.svg", SVG.read_bytes())
    _put(root / f"usr/share/applications/{NAME}.desktop", (HERE / f"{NAME}.desktop").read_bytes())
    _put(root / f"usr/share/mime/packages/{NAME}.xml", (HERE / f"{NAME}.xml").read_bytes())
    _put(root / f"usr/share/metainfo/{IDENTIFIER}.metainfo.xml", metainfo(made).encode())
    for name, text in command_docs.man_pages().items():
        _put(root / "usr/share/man/man1" / f"{name}.gz", _zipped(text.encode()))
    for place, text in command_docs.completions().items():
        shell, _, name = place.partition("/")
        _put(root / COMPLETIONS[shell] / name, text.encode())
    documents = root / "usr/share/doc" / package
    _put(documents / "copyright", (HERE / "copyright").read_bytes())
    _put(documents / "changelog.gz", _zipped(_debian_changelog(package, made).encode()))
    _put(documents / "CHANGELOG.md.gz", _zipped((ROOT / "CHANGELOG.md").read_bytes()))
    _put(root / "usr/share/lintian/overrides" / package, _overrides(package).encode())


def metainfo(made: int) -> str:
    """The AppStream description with version and date."""
    text = (HERE / "metainfo.xml.in").read_text("utf-8")
    given = {
        "IDENTIFIER": IDENTIFIER,
        "VERSION": __version__,
        "DATE": f"{datetime.fromtimestamp(made, UTC):%Y-%m-%d}",
    }
    for name, value in given.items():
        text = text.replace(f"@{name}@", value)
    return text


def _overrides(package: str) -> str:
    lines = (HERE / "lintian-overrides").read_text("utf-8").splitlines()
    return "\n".join(line if line.startswith("#") else f"{package}: {line}" for line in lines) + "\n"


def _debian_changelog(package: str, made: int) -> str:
    when = format_datetime(datetime.fromtimestamp(made, UTC))
    return (
        f"{package} ({__version__}) stable; urgency=medium\n\n"
        f"  * /usr/share/doc/{package}/CHANGELOG.md.gz says what changed.\n\n -- {MAINTAINER}  {when}\n"
    )


def _archive(folder: Path, root: Path, package: str, made: int, dist: Path, level: str) -> Path:
    """The portable archive: the folder, what a menu and a shell may want, and how to start."""
    machine = os.uname().machine
    top = f"{package}-{__version__}-linux-{machine}"
    target = dist / f"{top}.tar.xz"

    def plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
        entry.uid = entry.gid = 0
        entry.uname = entry.gname = "root"
        entry.mtime = made
        return entry

    readme = root.parent / "README.txt"
    _put(readme, README.format(version=__version__, machine=machine).encode())
    plain_tar = root.parent / f"{top}.tar"
    with tarfile.open(plain_tar, "w", format=tarfile.GNU_FORMAT) as archive:
        archive.add(folder, top, filter=plain)
        for name in SHARED:
            archive.add(root / "usr/share" / name, f"{top}/share/{name}", filter=plain)
        archive.add(readme, f"{top}/README.txt", filter=plain)
    with target.open("wb") as out:
        subprocess.run(["xz", "-T2", level, "-c", str(plain_tar)], stdout=out, check=True)
    plain_tar.unlink()
    return target


def _deb(
    root: Path,
    package: str,
    flavour: Flavour,
    made: int,
    work: Path,
    dist: Path,
    compression: tuple[str, ...],
) -> Path:
    _plain_modes(root)
    architecture = _said(["dpkg", "--print-architecture"])
    control = root / "DEBIAN"
    other = f"{NAME}-lite" if flavour == "full" else NAME
    kilobytes = sum(p.stat().st_size for p in root.rglob("*") if p.is_file() and not p.is_symlink()) // 1024
    fields = [
        f"Package: {package}",
        f"Version: {__version__}",
        f"Architecture: {architecture}",
        f"Maintainer: {MAINTAINER}",
        f"Installed-Size: {kilobytes}",
        f"Depends: {', '.join(_depends(_linked(root, work)))}",
        f"Conflicts: {other}",
        f"Replaces: {other}",
        "Section: science",
        "Priority: optional",
    ]
    _put(control / "control", ("\n".join(fields) + "\n" + DESCRIPTION + EXTRA[flavour]).encode())
    _put(control / "md5sums", _sums(root).encode())
    for path in [root, *root.rglob("*")]:
        os.utime(path, (made, made), follow_symlinks=False)
    target = dist / f"{package}_{__version__}_{architecture}.deb"
    command = ["dpkg-deb", "--root-owner-group", *compression, "--build", str(root), str(target)]
    subprocess.run(
        command, env={**os.environ, "SOURCE_DATE_EPOCH": str(made)}, stdout=subprocess.DEVNULL, check=True
    )
    return target


def _depends(linked: list[str]) -> list[str]:
    named = {each.split()[0] for each in linked}
    return [*linked, *(each for each in LOADED if each not in named), FONTS]


def _plain_modes(root: Path) -> None:
    for path in root.rglob("*"):
        if not path.is_symlink():
            program = path.is_dir() or (path.parent == root / HOME and path.name in PROGRAMS)
            path.chmod(0o755 if program else 0o644)


def _linked(root: Path, work: Path) -> list[str]:
    """The packages that the program's libraries are linked to, with the versions they need."""
    inside = root / HOME / "_internal"
    files = [root / HOME / NAME, *_libraries(inside)]
    folders = sorted({path.parent for path in files[1:]})
    stub = work / "debian" / "control"
    _put(stub, f"Source: {NAME}\nMaintainer: {MAINTAINER}\n\nPackage: {NAME}\nArchitecture: any\n".encode())
    command = [
        "dpkg-shlibdeps",
        "-O",
        "--ignore-missing-info",
        "--warnings=0",
        *(f"-l{each}" for each in folders),
    ]
    command += [f"-S{root}", *(f"-e{path}" for path in files)]
    said = _said(command, cwd=work)
    return [each.strip() for each in said.partition("=")[2].split(",")]


def _libraries(inside: Path) -> list[Path]:
    found = [path for path in inside.rglob("*.so*") if path.is_file() and not path.is_symlink()]
    return sorted(path for path in found if path.name not in NOT_LINKED)


def _sums(root: Path) -> str:
    lines = []
    for path in sorted(root.rglob("*")):
        place = path.relative_to(root)
        if path.is_file() and not path.is_symlink() and place.parts[0] != "DEBIAN":
            with path.open("rb") as stream:
                lines.append(f"{hashlib.file_digest(stream, 'md5').hexdigest()}  {place}")
    return "\n".join(lines) + "\n"


def _put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _zipped(content: bytes) -> bytes:
    return gzip.compress(content, 9, mtime=0)


def _said(command: list[str], cwd: Path | None = None) -> str:
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=True).stdout.strip()
