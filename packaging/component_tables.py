"""Licences that the metadata of bundled packages do not say in SPDX's words, and the libraries that wheels carry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

BSD3: Final = "BSD-3-Clause"
MICROSOFT: Final = "LicenseRef-Microsoft-redistributable"

PACKAGE_LICENCES: Final = {
    "charset-normalizer": "MIT",
    "colorama": BSD3,
    "psutil": BSD3,
    "pydicom": "MIT",
    "pyinstaller": "GPL-2.0-or-later WITH Bootloader-exception",
    "pyjpegls": f"MIT AND {BSD3}",
    "pylibjpeg": "MIT",
    "pylibjpeg-openjpeg": "MIT AND BSD-2-Clause",
    "pyqtgraph": "MIT",
    "pyside6-essentials": "LGPL-3.0-only",
    "reportlab": BSD3,
    "safetensors": "Apache-2.0",
    "shiboken6": "LGPL-3.0-only",
    "tifffile": BSD3,
    "tqdm": "MPL-2.0 AND MIT",
}
"""By canonical name, where the field License-Expression is missing or names more than we use."""

PACKAGE_TEXTS: Final = {
    "pyjpegls": ("pyjpegls.txt", "charls.txt"),
    "pyside6-essentials": ("LGPL-3.0.txt", "GPL-3.0.txt"),
    "python-gdcm": ("gdcm.txt",),
    "shiboken6": ("LGPL-3.0.txt", "GPL-3.0.txt"),
}
"""Texts of packaging/licences or resources/licences that packages do not bring along."""


@dataclass(frozen=True, slots=True)
class Library:
    """A shared library in a wheel that is another project's work. ``texts`` as in `PACKAGE_TEXTS`."""

    name: str
    licence: str
    texts: tuple[str, ...] = ()


LIBRARIES: Final[dict[str, Library]] = {
    "asmjit": Library("AsmJit", "Zlib"),
    "concrt": Library("Microsoft Visual C++ runtime", MICROSOFT),
    "d3dcompiler": Library("Direct3D shader compiler", MICROSOFT),
    "fbgemm": Library("FBGEMM", BSD3),
    "libXau": Library("libXau", "MIT"),
    "libaec": Library("libaec", "BSD-2-Clause"),
    "libavif": Library("libavif", "BSD-2-Clause"),
    "libbrotli": Library("Brotli", "MIT"),
    "libcrypto-": Library("OpenSSL", "OpenSSL", ("openssl.txt",)),
    "libfreetype-": Library("FreeType", "FTL"),
    "libffi-": Library("libffi", "MIT"),
    "libgdcmcharls": Library("CharLS", BSD3, ("charls.txt",)),
    "libgdcmexpat": Library("Expat", "MIT"),
    "libgdcmjpeg": Library("libjpeg", "IJG"),
    "libgdcmopenjp2": Library("OpenJPEG", "BSD-2-Clause"),
    "libgdcmuuid": Library("libuuid", BSD3),
    "libgdcmzlib": Library("zlib", "Zlib"),
    "libgfortran": Library("GNU Fortran runtime", "GPL-3.0-or-later WITH GCC-exception-3.1"),
    "libgomp": Library("GNU OpenMP runtime", "GPL-3.0-or-later WITH GCC-exception-3.1"),
    "libharfbuzz-": Library("HarfBuzz", "MIT-Modern-Variant"),
    "libhdf5": Library("HDF5", BSD3),
    "libhwloc": Library("hwloc", BSD3, ("hwloc.txt",)),
    "libicu": Library("ICU", "Unicode-3.0", ("icu.txt",)),
    "libiomp5": Library("LLVM OpenMP runtime", "Apache-2.0 WITH LLVM-exception"),
    "libjpeg-": Library("libjpeg-turbo", f"IJG AND {BSD3} AND Zlib"),
    "liblcms2": Library("Little CMS", "MIT"),
    "liblzma-": Library("XZ Utils (liblzma)", "0BSD"),
    "libomp": Library("LLVM OpenMP runtime", "Apache-2.0 WITH LLVM-exception"),
    "libopenjp2-": Library("OpenJPEG", "BSD-2-Clause"),
    "libpng16": Library("libpng", "libpng-2.0"),
    "libquadmath": Library("GNU quad-precision runtime", "LGPL-2.1-or-later"),
    "libscipy_openblas": Library("OpenBLAS", BSD3),
    "libsharpyuv": Library("libwebp", BSD3),
    "libsocketxx": Library("socket++", "LicenseRef-socketxx", ("gdcm.txt",)),
    "libssl-": Library("OpenSSL", "OpenSSL", ("openssl.txt",)),
    "libsz-": Library("libaec", "BSD-2-Clause"),
    "libtbb": Library("oneTBB", "Apache-2.0"),
    "libtiff-": Library("LibTIFF", "libtiff"),
    "libwebp": Library("libwebp", BSD3),
    "libxcb-": Library("libxcb", "MIT"),
    "libzstd-": Library("Zstandard", BSD3),
    "msvcp": Library("Microsoft Visual C++ runtime", MICROSOFT),
    "opengl32sw": Library("Mesa", "MIT"),
    "ucrtbase": Library("Microsoft Universal C runtime", MICROSOFT),
    "uv.dll": Library("libuv", "MIT"),
    "vcruntime": Library("Microsoft Visual C++ runtime", MICROSOFT),
}
"""By the beginning of the file's name, with or without "lib". What has no text here is covered by its wheel's."""

OF_THEIR_WHEEL: Final = (
    "Qt6",
    "api-ms-win",
    "libQt6",
    "libaoti_custom_ops",
    "libc10",
    "libgdcm",
    "libopenvino",
    "libpyside6",
    "libshiboken6",
    "libshm",
    "libtorch",
)
"""Libraries that are the wheel's own work."""

SYSTEM_LICENCES: Final = {
    "libbz2-1.0": "bzip2-1.0.6",
    "libffi8": "MIT",
    "liblzma5": "0BSD",
    "libxkbcommon0": "MIT",
    "libxkbcommon-x11-0": "MIT",
    "zlib1g": "Zlib",
}
"""By Debian package; every library of XCB is under the MIT licence."""

QT_EXCHANGE: Final = """\
Qt and PySide6 are used under the GNU LGPL, version 3, unchanged, as shared libraries of their own. They can be
replaced by versions of your own with the same interface: the libraries lie in the folders _internal/PySide6 and
_internal/shiboken6 of the program (Contents/Frameworks of the application on macOS) and are loaded by name at every
start. Nothing checks them. The Qt project and PySide6's pages of the Python Package Index offer their source text in
the versions named here; with it and the program's own source text, `make package` builds the whole again.
"""
