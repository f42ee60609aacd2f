"""Codestreams → pixels, each transfer syntax by the decoder that was measured to give the right values.

To be called in the decoder process alone: some decoders end their process on damaged input.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydicom.encaps import encapsulate
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import UID

from brainsr_desktop.io.codestream import PixelFormat, bits_of
from brainsr_desktop.ipc.shared_array import scratch_file

JPEG_EXTENDED: Final = "1.2.840.10008.1.2.4.51"
_PLUGINS: Final[dict[str, tuple[str, ...]]] = {
    "1.2.840.10008.1.2.5": ("pydicom",),
    "1.2.840.10008.1.2.4.50": ("pillow", "gdcm"),
    JPEG_EXTENDED: ("pillow", "gdcm"),
    "1.2.840.10008.1.2.4.57": ("gdcm",),
    "1.2.840.10008.1.2.4.70": ("gdcm",),
    "1.2.840.10008.1.2.4.80": ("pyjpegls",),
    "1.2.840.10008.1.2.4.81": ("pyjpegls",),
    "1.2.840.10008.1.2.4.90": ("pylibjpeg", "pillow"),
    "1.2.840.10008.1.2.4.91": ("pylibjpeg", "pillow"),
    "1.2.840.10008.1.2.4.201": ("pylibjpeg",),
    "1.2.840.10008.1.2.4.202": ("pylibjpeg",),
    "1.2.840.10008.1.2.4.203": ("pylibjpeg",),
}
"""Decoders by transfer syntax, first choice first. gdcm is never asked for JPEG-LS: it returns wrong pictures."""


def decode(stream: bytes, form: PixelFormat) -> NDArray[Any]:
    """One picture (rows, columns[, 3]): stored values, colour as RGB.

    Raises whatever the decoders raise; the caller runs in a process of its own and answers for it.
    """
    if form.syntax == JPEG_EXTENDED and bits_of(stream) > 8:
        return _gdcm_directly(stream, form)
    failures: list[Exception] = []
    for plugin in _PLUGINS[form.syntax]:
        try:
            return _by_plugin(stream, form, plugin)
        except Exception as error:  # noqa: BLE001 - every decoder has errors of its own; the next one may do
            failures.append(error)
    raise failures[0]


def _by_plugin(stream: bytes, form: PixelFormat, plugin: str) -> NDArray[Any]:
    options: Any = {
        "rows": form.rows,
        "columns": form.columns,
        "samples_per_pixel": form.samples,
        "photometric_interpretation": form.photometric,
        "bits_allocated": form.bits_allocated,
        "bits_stored": form.bits_stored,
        "pixel_representation": int(form.signed),
        "planar_configuration": form.planar,
        "number_of_frames": 1,
        "pixel_keyword": "PixelData",
    }
    decoder = get_decoder(UID(form.syntax))
    pixels, _ = decoder.as_array(
        encapsulate([stream]), index=0, decoding_plugin=plugin, raw=form.samples == 1, **options
    )
    return pixels


def _gdcm_directly(stream: bytes, form: PixelFormat) -> NDArray[Any]:
    """12-bit JPEG extended, which pydicom's plugins refuse: a small file in memory for gdcm's own reader."""
    import gdcm
    from pydicom.dataset import Dataset, FileMetaDataset

    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = UID(form.syntax)
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = UID("1.2.840.10008.5.1.4.1.1.4")
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = UID("2.25.1")
    dataset.Rows, dataset.Columns = form.rows, form.columns
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = form.samples, form.photometric
    dataset.BitsAllocated, dataset.BitsStored = form.bits_allocated, form.bits_stored
    dataset.HighBit = form.bits_stored - 1
    dataset.PixelRepresentation = int(form.signed)
    dataset.PixelData = encapsulate([stream])
    dataset["PixelData"].VR = "OB"
    with scratch_file() as path:
        dataset.save_as(path, enforce_file_format=True)
        reader = gdcm.ImageReader()
        reader.SetFileName(str(path))
        if not reader.Read():
            raise ValueError("gdcm could not read the picture")
        data = reader.GetImage().GetBuffer().encode("utf-8", "surrogateescape")
    kind = np.dtype(f"{'i' if form.signed else 'u'}{form.bits_allocated // 8}")
    shape = (form.rows, form.columns) if form.samples == 1 else (form.rows, form.columns, form.samples)
    return np.frombuffer(data, kind).reshape(shape)
