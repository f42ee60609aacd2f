"""One pane's picture: pixels placed by their extent in mm, drawn with the shared window, field and flips."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, QRectF, QSizeF, Qt, Signal
from PySide6.QtGui import (
    QEnterEvent,
    QFocusEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QPainterPath,
    QResizeEvent,
    QTransform,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from brainsr_desktop.app.measure_paint import Mark, paint_marks
from brainsr_desktop.app.slice_pixels import (
    Grey,
    Part,
    Reductions,
    SlicePixels,
    grey_of,
    part_mm,
    visible_part,
)
from brainsr_desktop.app.theme import IMAGE
from brainsr_desktop.app.view_field import Field, PointMm, SizePx
from brainsr_desktop.app.viewport_mouse import MouseMap
from brainsr_desktop.app.viewport_overlays import (
    Content,
    OverlayLayer,
    paint_cross,
    paint_outline,
    paint_rubber,
)
from brainsr_desktop.session.pictures import Picture
from brainsr_desktop.session.state import RectMm, WindowLevel

Sampling = Literal["nearest", "linear"]
NEAREST_FROM: Final = 2.0
"""The enhanced pane shows single pixels from 200 % of its own pixels on."""


def sampling_of(picture: Picture, wanted: Sampling, device_px_per_pixel: float) -> Sampling:
    """How the screen draws a picture: below 100 % always linear, previews always linear, else as ``wanted``."""
    return "linear" if picture.smooth or device_px_per_pixel < 1.0 else wanted


@dataclass(frozen=True, slots=True)
class Look:
    """How a picture is drawn: shared by both panes."""

    field: Field
    window: WindowLevel
    inverted: bool = False
    flip_h: bool = False
    flip_v: bool = False


class SliceItem(pg.ImageItem):  # type: ignore[misc]
    """Ready 8-bit pixels in a rectangle of the plane; nearest or smooth, cut to the picture's own edge."""

    qimage: QImage

    def __init__(self) -> None:
        super().__init__(axisOrder="row-major")
        self.smooth = False
        self._cut = QRectF()

    def show_pixels(self, pixels: np.ndarray[Any, np.dtype[np.uint8]], place: RectMm, cut: QRectF) -> None:
        """Draw ``pixels`` over ``place``; nothing outside ``cut`` (both mm)."""
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
        painter.setClipRect(self._cut, Qt.ClipOperation.IntersectClip)
        super().paint(painter, *args)


class Viewport(pg.GraphicsView):  # type: ignore[misc]
    """Draws one slice. It decides nothing: the pair says what to show, the mouse map tells the pair what is wanted."""

    resized = Signal()
    focused = Signal()

    def __init__(self, name: str, reductions: Reductions, parent: QWidget | None = None) -> None:
        super().__init__(parent, background=IMAGE.back)
        self.setAccessibleName(name)
        # What is dropped goes to the window.
        self.setAcceptDrops(False)
        self.viewport().setAcceptDrops(False)
        self._box = pg.ViewBox(
            enableMouse=False, enableMenu=False, invertY=True, lockAspect=1.0, defaultPadding=0.0
        )
        self._item = SliceItem()
        self._item.setVisible(False)
        self._box.addItem(self._item, ignoreBounds=True)
        self.setCentralItem(self._box)
        self._pixels = SlicePixels(reductions)
        self._picture: Picture | None = None
        self._drawn: tuple[Part, Grey] | None = None
        self._look: Look | None = None
        self._layer = OverlayLayer()
        self._content = Content()
        self._cross: PointMm | None = None
        self._rubber: RectMm | None = None
        self._outline: QPainterPath | None = None
        self._marks: tuple[Mark, ...] = ()
        self.mouse: MouseMap | None = None

    @property
    def picture(self) -> Picture | None:
        """What is drawn now."""
        return self._picture

    @property
    def size_px(self) -> SizePx:
        """Width and height of the image area in logical pixels."""
        return float(self.viewport().width()), float(self.viewport().height())

    def set_picture(self, picture: Picture | None) -> None:
        """Take another picture; None clears the pane at once."""
        if picture is self._picture:
            return
        self._picture, self._drawn = picture, None
        self._draw()

    def set_look(self, look: Look) -> None:
        """Take field, flips and window."""
        if look == self._look:
            return
        self._look = look
        self._draw()

    def set_smooth(self, smooth: bool) -> None:
        """Draw linear instead of nearest."""
        if smooth != self._item.smooth:
            self._item.smooth = smooth
            self._item.update()

    def set_content(self, content: Content) -> None:
        """Take the text over the picture."""
        if content != self._content:
            self._content = content
            self.viewport().update()

    def set_cross(self, at: PointMm | None) -> None:
        """Show the other pane's cursor at a place of the plane."""
        if at != self._cross:
            self._cross = at
            self.viewport().update()

    def set_rubber(self, rect: RectMm | None) -> None:
        """Show the rectangle that is being drawn."""
        if rect != self._rubber:
            self._rubber = rect
            self.viewport().update()

    def set_outline(self, path: QPainterPath | None) -> None:
        """Draw a mask's outline, a path in mm of the plane."""
        if path is not self._outline:
            self._outline = path
            self.viewport().update()

    def set_marks(self, marks: tuple[Mark, ...]) -> None:
        """Draw measurements."""
        if marks != self._marks:
            self._marks = marks
            self.viewport().update()

    @property
    def marks(self) -> tuple[Mark, ...]:
        """The measurements that are drawn."""
        return self._marks

    def to_mm(self, at: QPointF) -> PointMm:
        """The place of the plane under a point of the image area (logical pixels)."""
        found = self._box.mapSceneToView(at)
        return float(found.x()), float(found.y())

    def to_px(self, at: PointMm) -> QPointF:
        """Where a place of the plane is seen, logical pixels."""
        return QPointF(self._box.mapViewToScene(QPointF(*at)))

    def device_px_per_pixel(self) -> float:
        """Screen pixels of the device along one of the picture's own pixels; 1 is 100 %. The larger of both sides."""
        if self._picture is None or self._look is None:
            return 1.0
        rows, columns = self._picture.pixels.shape[:2]
        side = max(self._picture.extent_mm[0] / rows, self._picture.extent_mm[1] / columns)
        return float(side / self._look.field.mm_per_px * self.devicePixelRatioF())

    def _draw(self) -> None:
        if self._look is not None:
            self._place(self._look)
        if self._picture is None or self._look is None:
            self._item.setVisible(False)
            self._item.clear()
            return
        visible = self._look.field.rect(self.size_px)
        part = visible_part(self._picture, visible, self.devicePixelRatioF() / self._look.field.mm_per_px)
        self._item.setVisible(part is not None)
        if part is None:
            return
        wanted = part, grey_of(self._picture, self._look.window, inverted=self._look.inverted)
        if wanted == self._drawn:
            return
        self._drawn = wanted
        height, width = self._picture.extent_mm
        self._item.show_pixels(
            self._pixels.drawn(self._picture, *wanted),
            part_mm(self._picture, part),
            QRectF(0, 0, width, height),
        )

    def _place(self, look: Look) -> None:
        rect = look.field.rect(self.size_px)
        if rect.width <= 0 or rect.height <= 0:
            return
        self._box.invertX(look.flip_h)
        self._box.invertY(not look.flip_v)
        self._box.setRange(QRectF(rect.x, rect.y, rect.width, rect.height), padding=0)
        self.viewport().update()

    def drawForeground(self, painter: QPainter, _rect: QRectF) -> None:
        """Qt calls it: text and cursors over the picture."""
        painter.save()
        painter.resetTransform()
        if self._outline is not None and self._picture is not None:
            paint_outline(painter, self._outline, self._mm_to_px())
        self._layer.paint(painter, QSizeF(*self.size_px), self.font(), self._content)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._picture is not None:
            painter.setFont(self.font())
            paint_marks(painter, self._marks, self.to_px, QSizeF(*self.size_px))
        if self._cross is not None and self._picture is not None:
            paint_cross(painter, self.to_px(self._cross))
        if self._rubber is not None:
            r = self._rubber
            corners = self.to_px((r.x, r.y)), self.to_px((r.x + r.width, r.y + r.height))
            paint_rubber(painter, QRectF(*corners).normalized())
        painter.restore()

    def _mm_to_px(self) -> QTransform:
        start, end = self.to_px((0.0, 0.0)), self.to_px((1.0, 1.0))
        return QTransform(end.x() - start.x(), 0, 0, end.y() - start.y(), start.x(), start.y())

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Qt calls it; the pair works out the field anew."""
        super().resizeEvent(event)
        self.resized.emit()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Qt calls it; the pane with the focus is the active one."""
        super().focusInEvent(event)
        self.focused.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keys belong to the window's actions."""
        event.ignore()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Qt calls it."""
        if self.mouse is not None:
            self.mouse.press(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Qt calls it."""
        if self.mouse is not None:
            self.mouse.move(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Qt calls it."""
        if self.mouse is not None:
            self.mouse.release(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Qt calls it."""
        if self.mouse is not None:
            self.mouse.double_click(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Qt calls it."""
        if self.mouse is not None:
            self.mouse.wheel(event)

    def enterEvent(self, _event: QEnterEvent) -> None:
        """Qt calls it; nothing to do, the scene need not know."""

    def leaveEvent(self, _event: QEvent) -> None:
        """Qt calls it."""
        if self.mouse is not None:
            self.mouse.leave()

    def contextMenuEvent(self, event: QEvent) -> None:
        """The menu comes on release of the right button, if it was not a drag; the menu key works here."""
        if self.mouse is not None:
            self.mouse.context_menu(event)

    def viewportEvent(self, event: QEvent) -> bool:
        """Qt calls it; pinch gestures arrive here."""
        if isinstance(event, QNativeGestureEvent) and self.mouse is not None and self.mouse.gesture(event):
            return True
        return bool(super().viewportEvent(event))
