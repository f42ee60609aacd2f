"""Which variables of the environment this program and its children need. The others, secrets among them, are dropped.

A child inherits the environment of its parent, and one that reads foreign files should hold nothing worth
stealing. It is done once, at the program's start: later, other threads may read the environment while it
changes.
"""

from __future__ import annotations

import os
import re
from typing import Final

_NAMES: Final = frozenset(
    [
        "PATH",
        "HOME",
        "USER",
        "LOGNAME",
        "SHELL",
        "LANG",
        "LANGUAGE",
        "TZ",
        "TMPDIR",
        "TEMP",
        "TMP",
        "TERM",
        "COLORTERM",
        "NO_COLOR",
        "COLUMNS",
        "LINES",
        "CI",
        "DISPLAY",
        "WAYLAND_DISPLAY",
        "XAUTHORITY",
        "DBUS_SESSION_BUS_ADDRESS",
        "DESKTOP_SESSION",
        "LD_LIBRARY_PATH",
        "LD_PRELOAD",
        "DYLD_LIBRARY_PATH",
        "DYLD_FALLBACK_LIBRARY_PATH",
        "VIRTUAL_ENV",
        "SSL_CERT_FILE",
        "RANK",
        "WORLD_SIZE",
        "LOCAL_RANK",
        "LOCAL_WORLD_SIZE",
        "GROUP_RANK",
        "MASTER_ADDR",
        "MASTER_PORT",
        "SYSTEMROOT",
        "SYSTEMDRIVE",
        "WINDIR",
        "COMSPEC",
        "PATHEXT",
        "USERPROFILE",
        "USERNAME",
        "USERDOMAIN",
        "HOMEDRIVE",
        "HOMEPATH",
        "APPDATA",
        "LOCALAPPDATA",
        "PROGRAMDATA",
        "PROGRAMFILES",
        "PROGRAMFILES(X86)",
        "COMMONPROGRAMFILES",
        "PUBLIC",
        "ALLUSERSPROFILE",
        "COMPUTERNAME",
        "NUMBER_OF_PROCESSORS",
        "OS",
        "__CF_USER_TEXT_ENCODING",
        "__PYVENV_LAUNCHER__",
    ]
)
_BEGINNINGS: Final = (
    *(
        "LC_",
        "XDG_",
        "QT_",
        "QML_",
        "KDE_",
        "GTK_",
        "GNOME_",
        "FONTCONFIG_",
        "XKB_",
        "LIBGL_",
        "MESA_",
        "PROCESSOR_",
    ),
    *(
        "BRAINSR_",
        "PYTHON",
        "_MEIPASS",
        "_PYI",
        "OMP_",
        "KMP_",
        "MKL_",
        "OPENBLAS_",
        "GOMP_",
        "TBB_",
        "MALLOC_",
    ),
    *(
        "CUDA_",
        "NVIDIA_",
        "TORCH",
        "PYTORCH_",
        "NCCL_",
        "GLOO_",
        "OPENVINO_",
        "OV_",
        "ONEDNN_",
        "DNNL_",
        "ZE_",
    ),
    *("SYCL_", "ONEAPI_", "HIP_", "HSA_", "ROCR_"),
)
_SECRET: Final = re.compile(r"TOKEN|SECRET|PASS(WORD|WD|PHRASE)|CREDENTIAL|API_?KEY|PRIVATE|COOKIE")


def is_needed(name: str) -> bool:
    """Whether a variable stays: it is on the list, and is not called like a secret."""
    upper = name.upper()
    return (upper in _NAMES or upper.startswith(_BEGINNINGS)) and not _SECRET.search(upper)


def keep_needed() -> None:
    """Drop every other variable from this process's environment. To be called before any thread is started."""
    for name in [name for name in os.environ if not is_needed(name)]:
        del os.environ[name]
