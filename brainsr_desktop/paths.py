"""Where things lie: what ships with the program, and the user's own folders. The only place that knows."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import platformdirs

PROGRAM: Final = "brainsr-desktop"
_PACKAGE: Final = Path(__file__).resolve().parent


def resources_dir() -> Path:
    """Icons, sample study and licence texts, as shipped."""
    return _shipped("resources")


def models_dir() -> Path:
    """The shipped models, one folder each."""
    return _shipped("models")


def manual_dir() -> Path:
    """The pages of the manual."""
    return _shipped("docs")


def sample_dir() -> Path:
    """The sample study that is built in."""
    return resources_dir() / "sample"


def is_packaged() -> bool:
    """Whether this is the packaged program, which brings its own Python."""
    return getattr(sys, "_MEIPASS", None) is not None


def user_models_dir() -> Path:
    """Models that the user added. Like every folder of the user it may not exist yet."""
    return Path(platformdirs.user_data_path(PROGRAM, appauthor=False)) / "models"


def settings_path() -> Path:
    """The settings file."""
    return Path(platformdirs.user_config_path(PROGRAM, appauthor=False, roaming=True)) / "settings.toml"


def cache_dir() -> Path:
    """What can be made again."""
    return Path(platformdirs.user_cache_path(PROGRAM, appauthor=False))


def log_dir() -> Path:
    """Rotating log files."""
    return Path(platformdirs.user_log_path(PROGRAM, appauthor=False))


def _shipped(name: str) -> Path:
    """A shipped folder: in the frozen bundle, else inside the installed wheel, else beside the package."""
    places = [_PACKAGE / "_data" / name, _PACKAGE.parent / name]
    bundle = getattr(sys, "_MEIPASS", None)
    if bundle is not None:
        places.insert(0, Path(bundle) / name)
    return next((place for place in places if place.is_dir()), places[-1])
