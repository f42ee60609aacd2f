"""A picture in a pane: its pixels placed in mm, the part of the pane that it may fill, and what a lens shows of it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QImage, QPainter, QRegion, QTransform

from brainsr_desktop.app.colour_tables import Table, difference_table, extent_table, table_named
from brainsr_desktop.app.cubic_pictures import CubicPictures
from brainsr_desktop.app.slice_pixels import (
    Grey,
    Part,
    Reductions,
    SlicePixels,
    grey_of,
    part_mm,
    visible_part,
)
from brainsr_desktop.app.view_field import Field, SizePx
from brainsr_desktop.session.pictures import Picture
from brainsr_desktop.session.state import ColourMap, RectMm, WindowLevel

Sampling = Literal["nearest", "linear", "cubic"]
Manner = Literal["nearest", "linear", "cubic", "enhanced"]
"""How a pane wants its picture drawn; "enhanced" shows single pixels only where they are large enough to be seen."""
NEAREST_FROM: Final = 2.0
"""The enhanced pane shows single pixels from 200 % of its own pixels on."""

Pixels = np.ndarray[Any, np.dtype[np.uint8]]


@dataclass(frozen=True, slots=True)
class Look:
    """How a picture is drawn: shared by both panes."""

    field: Field
    window: WindowLevel
    inverted: bool = False
    flip_h: bool = False
    flip_v: bool = False
    colours: ColourMap = "grey"


def sampling_of(picture: Picture, manner: Manner, device_px_per_pixel: float) -> Sampling:
    """How the screen draws a picture: below 100 % always linear, previews always linear, else as wanted."""
    if picture.smooth or device_px_per_pixel < 1.0:
        return "linear"
    if manner == "enhanced":
        return "nearest" if device_px_per_pixel >= NEAREST_FROM else "linear"
    return "linear" if manner == "cubic" and picture.pixels.ndim != 2 else manner


def table_of(picture: Picture, colours: ColourMap) -> Table | None:
    """The colours of a picture's 8-bit values; None for grey."""
    padded = picture.padding is not None
    if picture.span is not None:
        return difference_table(padded=padded) if picture.lowest is None else extent_table(padded=padded)
    return None if picture.pixels.ndim == 3 else table_named(colours, padded=padded)


class SliceItem(pg.ImageItem):  # type: ignore[misc]  # pyqtgraph has no types
    """Ready 8-bit pixels in a rectangle of the plane; nearest or smooth, cut to the picture's own edge."""

    qimage: QImage

    def __init__(self) -> None:
        super().__init__(axisOrder="row-major")
        self.smooth = False
        self.region: QRegion | None = None
        self._cut = QRectF()

    def show_pixels(self, pixels: Pixels, place: RectMm, cut: QRectF, table: Table | None) -> None:
        """Draw ``pixels`` over ``place``; nothing outside ``cut`` (both mm)."""
        self.setLookupTable(table, update=False)
        self.setImage(pixels, autoLevels=False, levels=None)
        self.setRect(place.x, place.y, place.width, place.height)
        self._cut = self.mapRectFromParent(cut)

    def render(self) -> None:
        """Qt draws 32-bit pixels about three times as fast as grey ones."""
        super().render()
        self.qimage = self.qimage.convertToFormat(QImage.Format.Format_RGB32)

    def paint(self, painter: QPainter, *args: object) -> None:
        """Qt calls it."""
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self.smooth)
        if self.region is not None:
            there = painter.worldTransform()
            painter.resetTransform()
            painter.setClipRegion(self.region, Qt.ClipOperation.IntersectClip)
            painter.setWorldTransform(there)
        painter.setClipRect(self._cut, Qt.ClipOperation.IntersectClip)
        super().paint(painter, *args)


class PictureLayer:
    """Draws one picture into the box of a pane."""

    def __init__(self, box: pg.ViewBox, reductions: Reductions, cubics: CubicPictures) -> None:
        self._item = SliceItem()
        self._item.setVisible(False)
        box.addItem(self._item, ignoreBounds=True)
        self._pixels = SlicePixels(reductions)
        self._lens_pixels = SlicePixels(reductions)
        self._cubics = cubics
        self._picture: Picture | None = None
        self._manner: Manner = "nearest"
        self._drawn: tuple[Picture, Part, Grey, ColourMap] | None = None

    @property
    def picture(self) -> Picture | None:
        """What is drawn now."""
        return self._picture

    @property
    def region(self) -> QRegion | None:
        """The part of the pane that it fills, logical pixels; None: all of it."""
        return self._item.region

    def set_picture(self, picture: Picture | None, manner: Manner) -> bool:
        """Take another picture, or draw it in another manner; whether anything changed."""
        if picture is self._picture and manner == self._manner:
            return False
        if picture is not self._picture:
            self._picture, self._drawn = picture, None
        self._manner = manner
        return True

    def set_region(self, region: QRegion | None) -> None:
        """Fill only a part of the pane."""
        if region != self._item.region:
            self._item.region = region
            self._item.update()

    def device_px_per_pixel(self, look: Look, ratio: float) -> float:
        """Screen pixels of the device along one of the picture's own pixels; 1 is 100 %. The larger of both sides."""
        if self._picture is None:
            return 1.0
        rows, columns = self._picture.pixels.shape[:2]
        side = max(self._picture.extent_mm[0] / rows, self._picture.extent_mm[1] / columns)
        return float(side / look.field.mm_per_px * ratio)

    def draw(self, look: Look | None, size: SizePx, ratio: float) -> None:
        """Draw what is seen of the picture on a screen of ``ratio`` device pixels per logical one."""
        picture = self._picture
        if picture is None or look is None:
            self._item.setVisible(False)
            self._item.clear()
            return
        picture, smooth = self._sampled(picture, self.device_px_per_pixel(look, ratio))
        if smooth != self._item.smooth:
            self._item.smooth = smooth
            self._item.update()
        part = visible_part(picture, look.field.rect(size), ratio / look.field.mm_per_px)
        self._item.setVisible(part is not None)
        if part is None:
            return
        wanted = picture, part, _grey_of(picture, look), look.colours
        if wanted == self._drawn:
            return
        self._drawn = wanted
        height, width = picture.extent_mm
        self._item.show_pixels(
            self._pixels.drawn(*wanted[:3]),
            part_mm(picture, part),
            QRectF(0, 0, width, height),
            table_of(picture, look.colours),
        )

    def sampling(self, look: Look, ratio: float) -> Sampling:
        """How the screen enlarges the picture now; linearly while a cubic one is being made."""
        if self._picture is None:
            return "nearest"
        zoom = self.device_px_per_pixel(look, ratio)
        sampling = sampling_of(self._picture, self._manner, zoom)
        return "linear" if sampling == "cubic" and self._cubics.of(self._picture, zoom) is None else sampling

    def _sampled(self, picture: Picture, device_px_per_pixel: float) -> tuple[Picture, bool]:
        """The pixels to draw, and whether smoothly."""
        sampling = sampling_of(picture, self._manner, device_px_per_pixel)
        enlarged = self._cubics.of(picture, device_px_per_pixel) if sampling == "cubic" else None
        return enlarged or picture, sampling != "nearest"

    def paint_lens(
        self, painter: QPainter, look: Look, around: RectMm, to_px: QTransform, factor: float, ratio: float
    ) -> None:
        """Paint the part ``around`` a place, ``factor`` times as large; ``to_px`` turns mm into logical pixels there.

        The caller has set the clip of the lens.
        """
        picture = self._picture
        if picture is None:
            return
        closer = replace(look, field=replace(look.field, mm_per_px=look.field.mm_per_px / factor))
        picture, smooth = self._sampled(picture, self.device_px_per_pixel(closer, ratio))
        part = visible_part(picture, around, ratio / closer.field.mm_per_px)
        if part is None:
            return
        pixels = self._lens_pixels.drawn(picture, part, _grey_of(picture, look))
        place, (height, width) = part_mm(picture, part), picture.extent_mm
        painter.save()
        if self._item.region is not None:
            painter.setClipRegion(self._item.region, Qt.ClipOperation.IntersectClip)
        painter.setTransform(to_px, True)
        painter.setClipRect(QRectF(0, 0, width, height), Qt.ClipOperation.IntersectClip)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
        painter.drawImage(
            QRectF(place.x, place.y, place.width, place.height),
            _image_of(pixels, table_of(picture, look.colours)),
        )
        painter.restore()


def lens_rect(at: QPointF, radius_px: float, to_px: QTransform) -> RectMm:
    """The part of the plane that a lens of that radius at a place shows; ``to_px`` is the lens's own."""
    back, _ = to_px.inverted()
    corners = back.mapRect(QRectF(at.x() - radius_px, at.y() - radius_px, 2 * radius_px, 2 * radius_px))
    return RectMm(corners.x(), corners.y(), corners.width(), corners.height())


def _grey_of(picture: Picture, look: Look) -> Grey:
    if picture.span is None:
        return grey_of(picture, look.window, inverted=look.inverted)
    # Whatever the grey window is: zero in the middle, or the lowest value at the end.
    lowest = -picture.span if picture.lowest is None else picture.lowest
    window = WindowLevel((lowest + picture.span) / 2.0, picture.span - lowest)
    return grey_of(picture, window, inverted=False)


def _image_of(pixels: Pixels, table: Table | None) -> QImage:
    if table is not None and pixels.ndim == 2:
        pixels = table[pixels]
    rows, columns = pixels.shape[:2]
    grey = pixels.ndim == 2
    kind = QImage.Format.Format_Grayscale8 if grey else QImage.Format.Format_RGB888
    data = np.ascontiguousarray(pixels)
    # The copy owns its pixels: Qt may draw after the buffer was used again.
    return QImage(data.data, columns, rows, math.prod(data.shape[1:]), kind).copy()
