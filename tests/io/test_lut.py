"""Modality LUT and VOI LUT of real files, against pydicom's own functions as the other implementation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_modality_lut, apply_voi_lut
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from brainsr_desktop.core.series import StackInfo
from brainsr_desktop.io.lut import CURVE_STEPS, Lut
from brainsr_desktop.session.windows import header_window
from tests import phantom
from tests.io.export_kit import export, files_of, load, open_request, stack_of

SYNTAXES = [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian]
SHAPE = (24, 20)


def lut_item(
    table: NDArray[Any], first: int, bits: int, *, signed: bool = False, form: str = "US"
) -> Dataset:
    """An item of a LUT sequence; ``form`` "US" or "OW" gives words, "OB" bytes in words (PS3.3 C.11.1.1.1)."""
    item = Dataset()
    entries = table.size % 65536
    item.add(DataElement("LUTDescriptor", "SS" if signed else "US", [entries, first, bits]))
    if form == "US":
        item.add(DataElement("LUTData", "US", [int(value) for value in table]))
    elif form == "OW":
        item.add(DataElement("LUTData", "OW", table.astype("<u2").tobytes()))
    else:
        item.add(DataElement("LUTData", "OW", table.astype(np.uint8).tobytes()))
    return item


def curved(entries: int, bits: int) -> NDArray[np.uint16]:
    """A root: rises all the way, steeper at first."""
    return np.asarray(np.rint(np.sqrt(np.linspace(0, 1, entries)) * ((1 << bits) - 1)), np.uint16)


def write(folder: Path, pixels: NDArray[Any], syntax: str = ExplicitVRLittleEndian, **sequences: Any) -> None:
    """Three equal slices; ``sequences`` are sequences by keyword, or plain values."""

    def edit(dataset: Dataset, _: int) -> None:
        for name in ("WindowCenter", "WindowWidth"):
            if name in dataset and name not in sequences:
                delattr(dataset, name)
        for keyword, value in sequences.items():
            setattr(dataset, keyword, [value] if isinstance(value, Dataset) else value)

    phantom.classic(folder, pixels=np.stack([pixels] * 3), edit=edit, syntax=syntax)


def unsigned() -> NDArray[np.uint16]:
    return (np.arange(np.prod(SHAPE)) * 3).reshape(SHAPE).astype(np.uint16)


def original(folder: Path) -> Dataset:
    """The first file as pydicom reads it."""
    return pydicom.dcmread(min(folder.glob("*.dcm")))


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("bits", [8, 12, 16])
def test_that_pixels_are_read_through_the_modality_lut(tmp_path: Path, syntax: str, bits: int) -> None:
    write(tmp_path, unsigned(), syntax, ModalityLUTSequence=lut_item(curved(1000, bits), 200, bits))
    loaded = load(stack_of(tmp_path))
    data = original(tmp_path)
    assert loaded.stack.dtype == "uint16"
    wanted = curved(1000, bits)[np.clip(data.pixel_array.astype(int) - 200, 0, 999)]
    np.testing.assert_array_equal(loaded.pixels[0], wanted)
    if bits == 16:  # pydicom knows no tables of 12 bits
        np.testing.assert_array_equal(loaded.pixels[0], apply_modality_lut(data.pixel_array, data))


@pytest.mark.parametrize("form", ["OW", "OB"])
def test_that_lut_data_may_be_words_or_bytes(tmp_path: Path, form: str) -> None:
    table = curved(501 if form == "OW" else 500, 8)
    write(tmp_path, unsigned(), ModalityLUTSequence=lut_item(table, 100, 8, form=form))
    wanted = table[np.clip(unsigned().astype(int) - 100, 0, table.size - 1)]
    np.testing.assert_array_equal(load(stack_of(tmp_path)).pixels[1], wanted)


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_that_signed_values_meet_a_lut_that_begins_below_zero(tmp_path: Path, syntax: str) -> None:
    pixels = (unsigned().astype(np.int16) - 700).astype(np.int16)
    item = lut_item(curved(900, 12), -500, 12, signed=True)
    write(tmp_path, pixels, syntax, ModalityLUTSequence=item, PixelRepresentation=1)
    wanted = curved(900, 12)[np.clip(pixels.astype(int) + 500, 0, 899)]
    np.testing.assert_array_equal(load(stack_of(tmp_path)).pixels[0], wanted)


def test_that_a_lut_goes_before_a_rescale_and_names_the_unit(tmp_path: Path) -> None:
    item = lut_item(curved(1000, 12), 0, 12)
    item.ModalityLUTType = "HU"
    write(tmp_path, unsigned(), ModalityLUTSequence=item, RescaleSlope="3", RescaleIntercept="-7")
    stack = stack_of(tmp_path)
    frame = stack.frames[0]
    assert frame is not None and (frame.slope, frame.intercept, stack.unit) == (1.0, 0.0, "HU")


@pytest.mark.parametrize("broken", ["short", "bits", "descriptor"])
def test_that_a_lut_that_cannot_be_used_is_left_out(tmp_path: Path, broken: str) -> None:
    item = lut_item(curved(100, 12)[: 50 if broken == "short" else 100], 0, 7 if broken == "bits" else 12)
    if broken == "short":
        item.LUTDescriptor = [100, 0, 12]
    if broken == "descriptor":
        item.LUTDescriptor = [100, 0]
    write(tmp_path, unsigned(), ModalityLUTSequence=item)
    np.testing.assert_array_equal(load(stack_of(tmp_path)).pixels[0], unsigned())


def test_that_padding_is_known_behind_a_lut_as_long_as_no_tissue_has_its_value(tmp_path: Path) -> None:
    pixels = unsigned() + 1
    pixels[:3] = 0
    rising = np.arange(40, 1540, dtype=np.uint16)
    write(tmp_path / "a", pixels, ModalityLUTSequence=lut_item(rising, 0, 16), PixelPaddingValue=0)
    write(tmp_path / "b", pixels, ModalityLUTSequence=lut_item(rising // 4, 0, 16), PixelPaddingValue=0)
    found = [stack_of(tmp_path / name).frames[0] for name in "ab"]
    assert [frame and frame.padding for frame in found] == [(40.0, 40.0), None]


@given(
    st.lists(st.integers(0, 20), min_size=1, max_size=12),
    st.integers(-5, 5),
    st.integers(-9, 9),
    st.integers(0, 6),
)
def test_that_the_padding_of_a_lut_is_that_of_its_inputs(
    table: list[int], first: int, low: int, more: int
) -> None:
    lut = Lut(first, np.array(table, np.uint16), 16)
    inputs = np.arange(min(low, first), max(low + more, first + len(table) - 1) + 1)
    found = lut.range_of(low, low + more)
    padded = (inputs >= low) & (inputs <= low + more)
    outputs = lut.of(inputs)
    least, most = outputs[padded].min(), outputs[padded].max()
    same = np.array_equal((outputs >= least) & (outputs <= most), padded)
    assert found == ((float(least), float(most)) if same else None)


def test_that_an_export_holds_the_luts_outputs_and_no_rescale(tmp_path: Path) -> None:
    item = lut_item(curved(1440, 12), 0, 12)
    write(tmp_path / "in", unsigned(), ModalityLUTSequence=item, RescaleSlope="3", RescaleIntercept="-7")
    loaded = load(stack_of(tmp_path / "in"))
    export(loaded, open_request(loaded, tmp_path / "out"))
    (folder,) = [path for path in (tmp_path / "out").rglob("*") if path.is_dir() and files_of(path)] or [
        tmp_path / "out"
    ]
    written = pydicom.dcmread(files_of(folder)[0])
    assert not {"ModalityLUTSequence", "RescaleSlope", "RescaleIntercept"} & {e.keyword for e in written}
    middle = written.pixel_array[2::4, 2::4].astype(float)
    assert np.abs(middle - loaded.pixels[0]).max() < 120 < loaded.pixels[0].max() / 10


# VOI LUT


def first_window(stack: StackInfo) -> tuple[NDArray[np.uint8], float, float]:
    """Curve, low end and width of the first window."""
    window = header_window(stack, 0)
    assert window is not None
    return np.frombuffer(window.curve, np.uint8), window.low, window.width


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("bits", [8, 12, 16])
def test_that_a_voi_lut_is_the_first_window(tmp_path: Path, syntax: str, bits: int) -> None:
    item = lut_item(curved(1000, bits), 200, bits)
    write(tmp_path, unsigned(), syntax, VOILUTSequence=item, WindowCenter="300", WindowWidth="90")
    stack = stack_of(tmp_path)
    data = original(tmp_path)
    curve, low, width = first_window(stack)
    part = np.floor((unsigned() - low) / width * curve.size).astype(int)
    outputs = curved(1000, bits)[np.clip(unsigned().astype(int) - 200, 0, 999)]
    if bits > 8:  # pydicom takes no more than 256 entries then
        np.testing.assert_array_equal(outputs, apply_voi_lut(data.pixel_array, data))
    wanted = outputs / ((1 << bits) - 1) * 255.0
    np.testing.assert_allclose(curve[np.clip(part, 0, curve.size - 1)], wanted, atol=0.5)
    np.testing.assert_array_equal(load(stack).pixels[0], unsigned())
    second = header_window(stack, 0, second=True)
    assert second is not None and (second.center, second.width, second.curve) == (300.0, 90.0, b"")


def test_that_a_voi_lut_follows_the_modality_lut(tmp_path: Path) -> None:
    pixels = (unsigned().astype(np.int16) - 700).astype(np.int16)
    write(
        tmp_path,
        pixels,
        PixelRepresentation=1,
        ModalityLUTSequence=lut_item(curved(900, 16), -500, 16, signed=True),
        VOILUTSequence=lut_item(curved(20000, 12), 40000, 12),
    )
    _, low, width = first_window(stack_of(tmp_path))
    assert (low, width) == (39999.5, 20000.0), "outputs of a modality LUT are never below 0"


def test_that_a_long_voi_lut_is_thinned_out(tmp_path: Path) -> None:
    write(tmp_path, unsigned(), VOILUTSequence=lut_item(curved(65536, 16), 0, 16))
    curve, low, width = first_window(stack_of(tmp_path))
    assert (curve.size, low, width) == (CURVE_STEPS, -0.5, 65536.0)
    wanted = np.sqrt((np.arange(CURVE_STEPS) + 0.5) / CURVE_STEPS) * 255.0
    np.testing.assert_allclose(curve, wanted, atol=0.6)


def test_that_equal_luts_of_a_series_are_one_object(tmp_path: Path) -> None:
    write(tmp_path, unsigned(), VOILUTSequence=lut_item(curved(1000, 12), 0, 12))
    curves = [frame.curve for frame in stack_of(tmp_path).frames if frame is not None]
    assert len(curves) == 3 and len({id(curve) for curve in curves}) == 1
