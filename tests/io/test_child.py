"""The files process as the window sees it: requests in, answers out, whatever the files do."""

from __future__ import annotations

import io
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from brainsr_desktop.core.errors import ReadError
from brainsr_desktop.core.series import StackInfo
from brainsr_desktop.io import messages
from brainsr_desktop.ipc.client import BlockingClient
from brainsr_desktop.ipc.shared_array import SharedArray
from tests import phantom


@pytest.fixture(scope="module")
def files() -> Iterator[BlockingClient]:
    """A running files process."""
    with BlockingClient("brainsr_desktop.io.child:main", name="files") as client:
        yield client


def scanned(files: BlockingClient, *paths: Path) -> tuple[list[StackInfo], messages.ScanDone]:
    """What a scan answers."""
    answers: list[object] = []
    done = files.call(lambda job: messages.ScanSources(job, tuple(map(str, paths))), answers.append)
    assert isinstance(done, messages.ScanDone)
    found = [answer.series for answer in answers if isinstance(answer, messages.SeriesFound)]
    return [stack for series in found for stack in series.stacks], done


def test_that_a_folder_is_scanned_and_a_stack_loaded_into_the_block(
    files: BlockingClient, tmp_path: Path
) -> None:
    phantom.classic(tmp_path)
    (stack,), done = scanned(files, tmp_path)
    assert (done.summary.seen, done.summary.used) == (6, 6)
    block = SharedArray.create(stack.shape, np.dtype(stack.dtype))
    try:
        answers: list[object] = []
        loaded = files.call(lambda job: messages.LoadStack(job, stack, block.ref), answers.append)
        assert isinstance(loaded, messages.StackLoaded)
        assert np.array_equal(block.array, phantom.head())
        frames = [answer.index for answer in answers if isinstance(answer, messages.FrameLoaded)]
        assert sorted(frames) == list(range(6)) and frames[0] in (2, 3)
        assert loaded.problems == () and len(loaded.digest) == 64
    finally:
        block.close()


def test_that_a_thumbnail_and_the_header_travel(files: BlockingClient, tmp_path: Path) -> None:
    phantom.classic(tmp_path)
    (stack,), _ = scanned(files, tmp_path)
    made = files.call(lambda job: messages.MakeThumbnail(job, stack, 48))
    assert isinstance(made, messages.ThumbnailMade)
    assert len(made.pixels) == made.rows * made.columns * made.samples == 48 * 33
    header = files.call(lambda job: messages.ReadHeader(job, stack, 0))
    assert isinstance(header, messages.HeaderRead)
    assert ("(0010,0020)", "PatientID", "LO", "P1") in header.rows


def test_that_an_error_comes_back_as_itself(files: BlockingClient, tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="does not exist"):
        scanned(files, tmp_path / "nowhere")


def test_that_damaged_pictures_leave_the_process_alive(files: BlockingClient, tmp_path: Path) -> None:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray((phantom.head(slices=1)[0] // 5).astype(np.uint8)).save(buffer, "JPEG")
    generator = np.random.default_rng(21)
    for number in range(12):
        stream = bytearray(buffer.getvalue())
        for position in generator.integers(160, len(stream), 8):
            stream[position] = generator.integers(0, 256)
        dataset = phantom.slice_dataset((phantom.head(slices=1)[0] // 5).astype(np.uint8), number=number + 1)
        dataset.ImagePositionPatient, dataset.ImageOrientationPatient = (
            [0, 0, 4 * number],
            list(phantom.AXIAL),
        )
        dataset.PixelSpacing = [1, 1]
        phantom.compressed(dataset, [bytes(stream)])
        phantom.save(dataset, tmp_path / f"{number}.dcm", "1.2.840.10008.1.2.4.50")
    (stack,), _ = scanned(files, tmp_path)
    block = SharedArray.create(stack.shape, np.dtype(stack.dtype))
    try:
        loaded = files.call(lambda job: messages.LoadStack(job, stack, block.ref))
        assert isinstance(loaded, messages.StackLoaded)
        assert len(loaded.problems) <= 12
    finally:
        block.close()
    assert scanned(files, tmp_path)[1].summary.used == 12


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_that_the_decoder_ends_with_the_files_process(data: Path) -> None:
    with BlockingClient("brainsr_desktop.io.child:main", name="files") as client:
        (stack,), _ = scanned(client, data / "siemens_transfer_syntaxes")
        block = SharedArray.create(stack.shape, np.dtype(stack.dtype))
        client.call(lambda job: messages.LoadStack(job, stack, block.ref))
        block.close()
        children = psutil.Process().children()
        decoders = [grandchild for child in children for grandchild in child.children()]
        assert decoders
        for child in children:
            if child.children():
                child.send_signal(signal.SIGKILL)
    gone, alive = psutil.wait_procs(decoders, timeout=10)
    assert not alive and len(gone) == len(decoders)
