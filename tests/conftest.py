"""What all tests share: real data beside the project, and a user's folders that no test can spoil."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from brainsr_desktop.io.decode_process import shared_decoder

pytest.register_assert_rewrite("tests.app.controlling")

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
if "PYTEST_XDIST_WORKER" in os.environ:
    # There are as many workers as cores: more threads of torch would only wait for each other, and spin.
    os.environ.setdefault("OMP_NUM_THREADS", "1")

settings.register_profile("project", deadline=None)  # machines are busy: no timings in tests
settings.load_profile("project")

PROJECT = Path(__file__).resolve().parent.parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files of the slow tests, so that none is left to one worker at the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session")
def project() -> Path:
    """The source tree."""
    return PROJECT


@pytest.fixture(scope="session")
def shared() -> Path:
    """Real data: the folder that BRAINSR_SHARED names, else ``shared`` beside the project.

    A plain clone has none and skips; where the checks decide (CI is set) its absence is a failure.
    """
    folder = Path(os.environ.get("BRAINSR_SHARED", PROJECT.parent / "shared"))
    if folder.is_dir():
        return folder
    message = f"There is no folder of real data at {folder}; BRAINSR_SHARED can name one."
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="session")
def data() -> Path:
    """The small real files that come with the source tree."""
    return PROJECT / "tests" / "data"


@pytest.fixture(scope="module", autouse=True)
def no_decoder_left() -> Iterator[None]:
    """End the decoder that reading files here may have started: the next module looks for children left behind."""
    yield
    shared_decoder().stop()
