from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from brainsr_desktop.core.errors import Problem
from brainsr_desktop.ipc.shared_array import SharedArray
from brainsr_desktop.session.open_stack import OpenStack
from tests.session.making import stack


def test_that_frames_come_one_by_one_and_stay_the_same_view() -> None:
    opened = OpenStack(stack())
    assert opened.ref is None
    assert opened.missing() == tuple(range(7))
    block = SharedArray.create(opened.stack.shape, "int16")
    opened.take_block(block)
    opened.frame_loaded(3, None)
    assert opened.has(3)
    assert opened.pixels(3) is opened.pixels(3)
    assert opened.pixels(2) is None
    assert opened.loaded(0) == (3,)
    assert opened.missing() == (0, 1, 2, 4, 5, 6)
    opened.close()


def test_that_closing_unlinks_and_leaves_shown_pixels_readable() -> None:
    opened = OpenStack(stack())
    block = SharedArray.create(opened.stack.shape, "int16")
    block.array[1] = 5
    opened.take_block(block)
    opened.frame_loaded(1, None)
    shown = opened.pixels(1)
    opened.close()
    opened.close()
    assert not Path(block.ref.block).exists()
    assert shown is not None
    assert int(shown[0, 0]) == 5
    assert not opened.has(1)


def test_that_a_missing_picture_and_a_broken_one_say_why() -> None:
    made = stack()
    made = replace(made, frames=(None, *made.frames[1:]))
    opened = OpenStack(made)
    opened.frame_loaded(1, Problem("IM1", "TRUNCATED_PIXELS", "IM1 ends early."))
    opened.frame_loaded(0, None)
    assert not opened.has(0)
    assert "no picture" in opened.why_missing(0)
    assert opened.why_missing(1) == "IM1 ends early."
    assert opened.why_missing(2) == ""
    opened.trouble = "The disk is gone."
    assert opened.why_missing(2) == "The disk is gone."
    assert opened.missing() == (2, 3, 4, 5, 6)


def test_that_a_cut_picture_can_be_shown_and_not_enhanced() -> None:
    opened = OpenStack(stack())
    opened.take_block(SharedArray.create(opened.stack.shape, opened.stack.dtype))
    opened.frame_loaded(1, Problem("IM1", "TRUNCATED_PIXELS", "IM1 ends early."))
    opened.frame_loaded(2, Problem("IM2", "DECODE_FAILED", "IM2 is damaged."))
    assert opened.cut_pixels(1) is not None and opened.pixels(1) is None and not opened.has(1)
    assert opened.cut_pixels(2) is None
    opened.frame_loaded(1, None)
    assert opened.cut_pixels(1) is None and opened.has(1)
    opened.close()


def test_that_volumes_are_loaded_apart() -> None:
    opened = OpenStack(stack(3, volumes=2))
    opened.take_block(SharedArray.create(opened.stack.shape, "int16"))
    for index in (1, 4, 5):
        opened.frame_loaded(index, None)
    assert opened.loaded(0) == (1,)
    assert opened.loaded(1) == (4, 5)
    opened.close()


def test_that_a_stack_is_complete_when_its_digest_is_known() -> None:
    opened = OpenStack(stack())
    assert not opened.complete
    known = OpenStack(stack())
    known.digest = "known"
    assert known.complete


def test_that_the_padding_of_a_frame_is_looked_for_once() -> None:
    made = stack()
    frames = tuple(replace(frame, padding=(0.0, 0.0)) for frame in made.frames if frame is not None)
    opened = OpenStack(replace(made, frames=frames))
    assert opened.padding(0) is None
    block = SharedArray.create(made.shape, made.dtype)
    opened.take_block(block)
    block.array[0] = 1
    block.array[1] = 0
    for index in (0, 1):
        opened.frame_loaded(index, None)
    assert opened.padding(0) is None
    found = opened.padding(1)
    assert found is not None and found is opened.padding(1) and found.mask.all()
    opened.close()
    assert opened.padding(1) is None
