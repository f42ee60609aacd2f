"""What belongs into the packaged program and what stays out: read by `brainsr.spec`, held against the code by tests."""

from __future__ import annotations

from fnmatch import fnmatch
from typing import Final, Literal

Flavour = Literal["full", "lite"]
FLAVOURS: Final[tuple[Flavour, ...]] = ("full", "lite")

NAME: Final = "brainsr-desktop"
IDENTIFIER: Final = "org.brainsr.BrainSR"
"""Reverse domain name that AppStream and macOS ask for; who publishes the program puts a domain of their own here."""

LARGEST_BYTES: Final[dict[Flavour, int]] = {"full": 800_000_000, "lite": 350_000_000}
"""Most that the unpacked folder may have."""

DECODERS: Final = (
    "_CharLS",
    "_gdcm._gdcmswig",
    "_openjpeg",
    "gdcm",
    "jpeg_ls",
    "openjpeg",
    "openvino",
    "pylibjpeg",
)
"""Modules that pydicom and the engine's backends find by name, which no analysis of imports can see."""

COLLECTED: Final = ("brainsr_desktop", "pydicom.pixels", "reportlab.pdfbase")
"""Packages of which every module is taken: children, backends, networks and readers are named by text."""

FOLDERS: Final = ("resources", "models", "docs", "brainsr_desktop/train/configs")
"""Data folders, at the same place in the bundle as in the source tree."""

TORCH_UNUSED: Final = (
    "functorch",
    "jinja2",
    "mpmath",
    "networkx",
    "setuptools",
    "sympy",
    "torch._dynamo",
    "torch._inductor",
    "torch.distributed._tools",
    "torch.distributed.elastic",
    "torch.distributed.launcher",
    "torch.onnx",
    "torch.testing._internal",
    "torch.utils.benchmark",
    "torch.utils.bottleneck",
    "torch.utils.tensorboard",
)
"""Compilers, exporters and test helpers of torch: running a network in the ordinary way needs none of them."""

NEVER: Final = (
    "PIL._avif",
    "_hashlib",  # Python has the same digests of its own, without OpenSSL
    "_gdbm",  # the GNU libraries behind these two are under the GPL
    "readline",
    "_sqlite3",
    "_ssl",  # nothing here talks to a network
    "openvino_telemetry",
    "numpy.f2py",
    "numpy.testing",
    "tkinter",
    "tqdm.rich",
    *(f"PySide6.Qt{name}" for name in ("Designer", "Help", "Qml", "Quick", "Sql", "UiTools", "Xml")),
)
"""Modules that nothing here needs, though the packages that ship have them or ask for them."""

OPENVINO_LIBRARIES: Final = (
    "*.dll",
    "*.dylib",
    "*_cpu_plugin.so",
    "*_gpu_plugin.so",
    "*_auto_plugin.so",
    "*_ir_frontend.so.*",
    "*_onnx_frontend.so.*",
    "libtbb*.so.*",
)
"""What OpenVINO loads by name. No plugin for units that the program does not offer."""

UNUSED_FILES: Final = (
    # Headers, tests, tools and stubs.
    "*.h",
    "*.hpp",
    "*.pyi",
    "*.a",
    "*.lib",
    "*.cmake",
    "*/tests/*",
    "torch/bin/*",
    "torch/include/*",
    "torch/share/*",
    "torch/test/*",
    "torch/lib/*test*.so",
    "torch/lib/libbackend_with_compiler.so",
    "*.dist-info/sboms/*",
    "openvino/frontend/jax/*",
    "openvino/frontend/paddle/*",
    "openvino/frontend/pytorch/*",
    "openvino/frontend/tensorflow/*",
    "openvino/libs/cache.json",
    "openvino/libs/*npu*",
    "openvino/libs/*tensorflow*",
    "openvino/libs/*paddle*",
    "openvino/libs/*jax*",
    "openvino/libs/*gguf*",
    "openvino/libs/*pytorch_frontend*",
    "numpy/_core/_*_tests.*",
    "pydicom/data/test_files/*",
    "pydicom/data/charset_files/*",
    "pyqtgraph/examples/*",
    "pyqtgraph/icons/peegee/*",
    # What Qt would need for screens and pictures that the program never meets.
    "PySide6/Qt/qml/*",
    "PySide6/Qt/translations/qt_help_*",
    "PySide6/Qt/translations/*_[!d]?.qm",
    "PySide6/Qt/translations/*_d[!e].qm",
    "PySide6/Qt/translations/*_??_??.qm",
    "PySide6/Qt/plugins/egldeviceintegrations/*",
    "PySide6/Qt/plugins/platforms/libqeglfs.so",
    "PySide6/Qt/plugins/platforms/libqlinuxfb.so",
    "PySide6/Qt/plugins/printsupport/*",
    "PySide6/Qt/plugins/platforms/libqminimalegl.so",
    "PySide6/Qt/plugins/platforms/libqvkkhrdisplay.so",
    "PySide6/Qt/plugins/platforms/libqvnc.so",
    "PySide6/Qt/plugins/platformthemes/libqgtk3.so",
    "PySide6/Qt/plugins/generic/*",
    "PySide6/Qt/plugins/imageformats/libqicns.so",
    "PySide6/Qt/plugins/imageformats/libqtga.so",
    "PySide6/Qt/plugins/imageformats/libqtiff.so",
    "PySide6/Qt/plugins/imageformats/libqwbmp.so",
    "PySide6/Qt/plugins/imageformats/libqwebp.so",
    "PySide6/Qt/plugins/networkinformation/*",
    "PySide6/Qt/plugins/tls/*",
    "PySide6/Qt/lib/libQt6Qml*",
    "PySide6/Qt/lib/libQt6Quick*",
    "PySide6/Qt/lib/libQt6VirtualKeyboard*",
    "PySide6/Qt/lib/libQt6EglFS*",
    "PySide6/Qt/lib/libQt6EglFs*",
    "pillow.libs/libavif-*",
    # Facts about the machine that built it.
    "*.dist-info/RECORD",
    "*.dist-info/INSTALLER",
    "*.dist-info/REQUESTED",
    "*.dist-info/direct_url.json",
    "*.dist-info/uv_*.json",
)

BUNDLED_OF_THE_SYSTEM: Final = (
    # Qt's way to the screen: small, and not every desktop has all of them.
    "libxcb-*.so.*",
    "libxkbcommon*.so.*",
    # What Python's own modules are linked to.
    "libbz2.so.*",
    "libffi.so.*",
    "liblzma.so.*",
    "libz.so.*",
)
"""Libraries of the building system that travel along, on Linux. All others are those of the machine it runs on, whose
graphics drivers and themes would not bear older copies."""


def openvino_libraries(flavour: Flavour) -> list[str]:
    """Patterns of the libraries of OpenVINO that go in. The lite flavour does without graphics units: 40 MB."""
    return [pattern for pattern in OPENVINO_LIBRARIES if flavour == "full" or "gpu" not in pattern]


def excluded_modules(flavour: Flavour) -> list[str]:
    """Modules that PyInstaller is to leave out."""
    return [*NEVER, *TORCH_UNUSED, *(("torch",) if flavour == "lite" else ())]


def is_wanted(place: str) -> bool:
    """Whether a file belongs into the bundle; ``place`` is its path there, with forward or backward slashes."""
    path = place.replace("\\", "/")
    return not any(fnmatch(path, pattern) for pattern in UNUSED_FILES)


def is_wanted_of_the_system(name: str) -> bool:
    """Whether a library of the system travels along; ``name`` without its folder."""
    return any(fnmatch(name, pattern) for pattern in BUNDLED_OF_THE_SYSTEM)
