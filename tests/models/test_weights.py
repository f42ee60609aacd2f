from __future__ import annotations

import io
import json
import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save

from brainsr_desktop.core.errors import ModelError, WeightsChanged
from brainsr_desktop.models.card import WEIGHTS_FILE, read_card
from brainsr_desktop.models.weights import load_weights, parse_safetensors, verified_bytes
from tests.models.cards import WEIGHTS, put_file, write_model

GOOD = save(WEIGHTS)


def safetensors(header: object, data: bytes = b"", length: int | None = None) -> bytes:
    """A file with any header, also one that lies."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return (len(text) if length is None else length).to_bytes(8, "little") + text + data


def entry(start: int, stop: int, shape: list[Any], dtype: str = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, stop]}


def test_that_sound_weights_are_read(tmp_path: Path) -> None:
    found = load_weights(read_card(write_model(tmp_path)))
    assert found.keys() == WEIGHTS.keys()
    for name, array in WEIGHTS.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


@pytest.mark.parametrize("at", [0, 20, len(GOOD) - 1])
def test_that_one_flipped_byte_is_noticed(tmp_path: Path, at: int) -> None:
    folder = write_model(tmp_path)
    spoilt = bytearray(GOOD)
    spoilt[at] ^= 1
    (folder / WEIGHTS_FILE).write_bytes(spoilt)
    with pytest.raises(WeightsChanged, match="differs from its card"):
        load_weights(read_card(folder))


def test_that_a_cut_file_is_noticed(tmp_path: Path) -> None:
    folder = write_model(tmp_path)
    (folder / WEIGHTS_FILE).write_bytes(GOOD[:-1])
    with pytest.raises(WeightsChanged):
        load_weights(read_card(folder))


def test_that_missing_weights_are_named(tmp_path: Path) -> None:
    folder = write_model(tmp_path)
    (folder / WEIGHTS_FILE).unlink()
    with pytest.raises(WeightsChanged, match=WEIGHTS_FILE) as caught:
        load_weights(read_card(folder))
    assert caught.value.path == folder / WEIGHTS_FILE


def test_that_a_file_the_card_does_not_name_is_not_read(tmp_path: Path) -> None:
    folder = write_model(tmp_path)
    put_file(folder, "extra.bin", b"x")
    with pytest.raises(WeightsChanged, match="does not name"):
        verified_bytes(read_card(folder), "extra.bin")


class WritesAFile:
    """What a hostile pickle does when it is opened."""

    def __init__(self, target: Path) -> None:
        self._target = target

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self._target),)


def pickles(target: Path) -> dict[str, bytes]:
    found = {f"protocol {p}": pickle.dumps(WritesAFile(target), protocol=p) for p in range(6)}
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("archive/data.pkl", found["protocol 2"])
    return {**found, "torch archive": archive.getvalue()}


@pytest.mark.parametrize("kind", [*(f"protocol {p}" for p in range(6)), "torch archive"])
def test_that_a_pickle_is_refused_by_its_content_and_does_nothing(tmp_path: Path, kind: str) -> None:
    trap = tmp_path / "trap"
    folder = write_model(tmp_path / "models")
    digest = put_file(folder, WEIGHTS_FILE, pickles(trap)[kind])
    write_model(tmp_path / "again", files={WEIGHTS_FILE: digest})
    put_file(tmp_path / "again" / "model-x4", WEIGHTS_FILE, pickles(trap)[kind])
    card = read_card(tmp_path / "again" / "model-x4")
    with pytest.raises(ModelError):
        load_weights(card)
    assert not trap.exists()


@pytest.mark.parametrize("length", [0x280, 0x380, 0x480, 0x580])
def test_that_a_header_whose_length_begins_like_a_pickle_is_read(length: int) -> None:
    """Header lengths such as 640 are written as the bytes that a pickle of protocol 2 begins with."""
    text = json.dumps({"a": entry(0, 4, [1])}).encode().ljust(length)
    content = safetensors(text, np.float32(3.5).tobytes())
    assert content.startswith(b"\x80" + bytes([length >> 8]))
    np.testing.assert_array_equal(parse_safetensors(content, "model")["a"], [3.5])


def test_that_a_pickle_is_called_one(tmp_path: Path) -> None:
    for content in (pickle.dumps([1], protocol=4), pickles(tmp_path / "x")["torch archive"]):
        with pytest.raises(ModelError, match="pickle"):
            parse_safetensors(content, "model")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00" * 7,
        b"\x00" * 8,
        safetensors({}, length=2**60),
        safetensors({}, length=2**63),
        safetensors({}, length=3),
        safetensors(b"not json"),
        safetensors(b"\xff\xff"),
        safetensors(b"[" * 100_000),
        safetensors([1]),
        safetensors({"a": 3}),
        safetensors({"a": {}}),
        safetensors({"a": entry(0, 8, [2])}, b"\0" * 7),
        safetensors({"a": entry(0, 8, [2])}, b"\0" * 9),
        safetensors({"a": entry(0, 2**60, [2**58])}, b"\0" * 8),
        safetensors({"a": entry(-8, 0, [2])}, b"\0" * 8),
        safetensors({"a": entry(8, 0, [2])}, b"\0" * 8),
        safetensors({"a": entry(4, 12, [2])}, b"\0" * 12),
        safetensors({"a": entry(0, 8, [2]), "b": entry(0, 8, [2])}, b"\0" * 8),
        safetensors({"a": entry(0, 8, [2]), "b": entry(4, 12, [2])}, b"\0" * 12),
        safetensors({"a": entry(0, 8, [3])}, b"\0" * 8),
        safetensors({"a": entry(0, 8, [-1, -2])}, b"\0" * 8),
        safetensors({"a": entry(0, 8, [2.0])}, b"\0" * 8),
        safetensors({"a": entry(0, 8, [True, 2])}, b"\0" * 8),
        safetensors({"a": entry(0, 0, [0, 2**62])}),
        safetensors({"a": entry(0, 8, [1] * 70 + [2])}, b"\0" * 8),
        safetensors({"a": entry(0, 8, [1], "I64")}, b"\0" * 8),
        safetensors({"a": entry(0, 8, [8], "U8")}, b"\0" * 8),
        safetensors({"a": entry(0, 4, [1])}, np.float32(np.nan).tobytes()),
        safetensors({"a": entry(0, 4, [1])}, np.float32(np.inf).tobytes()),
    ],
)
def test_that_a_header_that_lies_is_refused(content: bytes) -> None:
    with pytest.raises(ModelError, match="damaged"):
        parse_safetensors(content, "model")


@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255))
@settings(max_examples=300)
def test_that_no_changed_byte_does_more_than_change_values(at: int, bits: int) -> None:
    spoilt = bytearray(GOOD)
    spoilt[at] ^= bits
    try:
        found = parse_safetensors(bytes(spoilt), "model")
    except ModelError:
        return
    assert sum(array.nbytes for array in found.values()) == sum(array.nbytes for array in WEIGHTS.values())
