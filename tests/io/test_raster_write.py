"""PNG and TIFF hold stored values, not windowed ones."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
import tifffile
from PIL import Image

from brainsr_desktop.io.raster_write import write_png, write_tiff


@pytest.mark.parametrize(("dtype", "offset"), [(np.int16, 32768), (np.uint16, 0)])
def test_that_a_png_holds_all_16_bits_and_says_its_offset(dtype: type[np.int16], offset: int) -> None:
    limits = np.iinfo(dtype)
    pixels = np.linspace(limits.min, limits.max, 35).astype(dtype).reshape(5, 7)
    file = BytesIO()
    write_png(file, pixels, {"Notice": "not for diagnosis"})
    with Image.open(file) as picture:
        assert picture.mode in ("I;16", "I")
        assert picture.info["Offset"] == str(offset)
        assert picture.info["Notice"] == "not for diagnosis"
        np.testing.assert_array_equal(np.asarray(picture).astype(np.int64) - offset, pixels)


@pytest.mark.parametrize("dtype", ["int16", "uint16"])
def test_that_a_tiff_stack_is_one_that_imagej_reads(dtype: str) -> None:
    pixels = np.random.default_rng(0).integers(0, 3000, (3, 5, 7)).astype(dtype)
    file = BytesIO()
    write_tiff(file, iter(pixels), (1, 3, 5, 7), dtype, (1.5, 0.25, 0.5), {"Notice": "derived"})
    with tifffile.TiffFile(BytesIO(file.getvalue())) as found:
        assert found.is_imagej
        assert found.series[0].axes == "ZYX"
        assert found.imagej_metadata is not None
        assert found.imagej_metadata["spacing"] == 1.5
        assert found.imagej_metadata["unit"] == "mm"
        assert found.pages[0].tags["XResolution"].value == (2, 1)  # type: ignore[union-attr]
        assert found.pages[0].tags["YResolution"].value == (4, 1)  # type: ignore[union-attr]
        assert "DateTime" not in found.pages[0].tags  # type: ignore[union-attr]
        np.testing.assert_array_equal(found.asarray(), pixels)


def test_that_volumes_become_the_time_axis() -> None:
    pixels = np.arange(2 * 3 * 5 * 7, dtype=np.uint16).reshape(2, 3, 5, 7)
    file = BytesIO()
    write_tiff(file, iter(pixels.reshape(6, 5, 7)), (2, 3, 5, 7), "uint16", None, {})
    with tifffile.TiffFile(BytesIO(file.getvalue())) as found:
        assert found.series[0].axes == "TZYX"
        np.testing.assert_array_equal(found.asarray(), pixels)


def test_that_the_same_stack_gives_the_same_bytes() -> None:
    files = [BytesIO(), BytesIO()]
    for file in files:
        write_tiff(
            file, iter(np.ones((2, 5, 7), np.int16)), (1, 2, 5, 7), "int16", (1, 1, 1), {"Notice": "x"}
        )
    assert files[0].getvalue() == files[1].getvalue()
