"""One pane's picture: pixels placed by their extent in mm, drawn with the shared window, field and flips."""

from __future__ import annotations

import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, QRectF, QSizeF, Signal
from PySide6.QtGui import (
    QColor,
    QEnterEvent,
    QFocusEvent,
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

from brainsr_desktop.app.compare_paint import Signs, lens_area, paint_signs
from brainsr_desktop.app.compare_split import regions_of
from brainsr_desktop.app.cubic_pictures import CubicPictures
from brainsr_desktop.app.measure_paint import Mark, paint_marks
from brainsr_desktop.app.slice_pixels import Reductions
from brainsr_desktop.app.theme import IMAGE
from brainsr_desktop.app.view_field import PointMm, SizePx
from brainsr_desktop.app.viewport_layer import Look, Manner, PictureLayer, Sampling, lens_rect
from brainsr_desktop.app.viewport_mouse import MouseMap
from brainsr_desktop.app.viewport_overlays import (
    Content,
    OverlayLayer,
    paint_cross,
    paint_outline,
    paint_rubber,
)
from brainsr_desktop.session.pictures import Picture
from brainsr_desktop.session.state import RectMm


class Viewport(pg.GraphicsView):  # type: ignore[misc]  # pyqtgraph has no types
    """Draws one slice. It decides nothing: the pair says what to show, the mouse map tells the pair what is wanted."""

    resized = Signal()
    sharpened = Signal()
    """A picture that was drawn linearly is there in cubic interpolation."""
    focused = Signal()
    _look: Look | None = None  # asked for by the first resize, inside the constructor of the base

    def __init__(self, name: str, reductions: Reductions, parent: QWidget | None = None) -> None:
        super().__init__(parent, background=IMAGE.back)
        self.setAccessibleName(name)
        # What is dropped goes to the window.
        self.setAcceptDrops(False)
        self.viewport().setAcceptDrops(False)
        self._box = pg.ViewBox(
            enableMouse=False, enableMenu=False, invertY=True, lockAspect=1.0, defaultPadding=0.0
        )
        self._cubics = CubicPictures(self)
        self._cubics.ready.connect(self._on_sharper)
        self._base = PictureLayer(self._box, reductions, self._cubics)
        self._second = PictureLayer(self._box, reductions, self._cubics)
        self.setCentralItem(self._box)
        self._signs = Signs()
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
        return self._base.picture

    @property
    def second(self) -> Picture | None:
        """The other picture, which is drawn in its part of a parted pane."""
        return self._second.picture

    @property
    def size_px(self) -> SizePx:
        """Width and height of the image area in logical pixels."""
        return float(self.viewport().width()), float(self.viewport().height())

    def set_pictures(
        self,
        picture: Picture | None,
        manner: Manner,
        second: Picture | None = None,
        second_manner: Manner = "nearest",
    ) -> None:
        """Take other pictures; None clears at once. The second is drawn where the signs part the pane."""
        if picture is None and second is None:
            self._cubics.clear()
        changed = self._base.set_picture(picture, manner)
        if self._second.set_picture(second, second_manner) or changed:
            self._draw()

    def set_signs(self, signs: Signs) -> None:
        """Take what comparing writes over the picture, and how it parts the pane."""
        if signs == self._signs:
            return
        self._signs = signs
        self._part()
        self.viewport().update()

    @property
    def signs(self) -> Signs:
        """What comparing writes over the picture."""
        return self._signs

    def set_look(self, look: Look) -> None:
        """Take field, flips and window."""
        if look == self._look:
            return
        self._look = look
        self._draw()

    def set_content(self, content: Content) -> None:
        """Take the text over the picture."""
        if content != self._content:
            self._content = content
            self.viewport().update()

    @property
    def content(self) -> Content:
        """The text over the picture."""
        return self._content

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
        return (
            1.0
            if self._look is None
            else self._base.device_px_per_pixel(self._look, self.devicePixelRatioF())
        )

    @property
    def sampling(self) -> Sampling:
        """How the screen enlarges the picture now."""
        return "nearest" if self._look is None else self._base.sampling(self._look, self.devicePixelRatioF())

    def _on_sharper(self) -> None:
        self._draw()
        self.viewport().update()
        self.sharpened.emit()

    def _draw(self) -> None:
        if self._look is not None:
            self._place(self._look)
        self._part()
        for layer in (self._base, self._second):
            layer.draw(self._look, self.size_px, self.devicePixelRatioF())

    def _part(self) -> None:
        split = self._signs.split
        left, right = (None, None) if split is None else regions_of(split, self.size_px)
        self._second.set_region(left)
        self._base.set_region(right)

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
        has_picture = self._base.picture is not None or self._second.picture is not None
        if self._outline is not None and has_picture:
            paint_outline(painter, self._outline, self._mm_to_px())
        if self._signs.outline is not None and has_picture:
            paint_outline(painter, self._signs.outline.path, self._mm_to_px(), self._signs.outline.colour)
        if self._signs.lens is not None and self._look is not None:
            self._paint_lens(painter, self._look)
        self._layer.paint(painter, QSizeF(*self.size_px), self.font(), self._content)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if has_picture:
            painter.setFont(self.font())
            paint_marks(painter, self._marks, self.to_px, QSizeF(*self.size_px))
        if self._cross is not None and has_picture:
            paint_cross(painter, self.to_px(self._cross))
        paint_signs(painter, QSizeF(*self.size_px), self.font(), self._signs, self.to_px)
        if self._rubber is not None:
            r = self._rubber
            corners = self.to_px((r.x, r.y)), self.to_px((r.x + r.width, r.y + r.height))
            paint_rubber(painter, QRectF(*corners).normalized())
        painter.restore()

    def _paint_lens(self, painter: QPainter, look: Look) -> None:
        lens = self._signs.lens
        if lens is None:
            return
        at = self.to_px(lens.at)
        zoom = QTransform(
            lens.factor, 0, 0, lens.factor, at.x() * (1 - lens.factor), at.y() * (1 - lens.factor)
        )
        to_px = self._mm_to_px() * zoom
        area = lens_area(at)
        painter.save()
        circle = QPainterPath()
        circle.addEllipse(area)
        painter.setClipPath(circle)
        painter.fillRect(area, QColor(IMAGE.back))
        around = lens_rect(at, area.width() / 2, to_px)
        for layer in (self._base, self._second):
            layer.paint_lens(painter, look, around, to_px, lens.factor, self.devicePixelRatioF())
        painter.restore()

    def _mm_to_px(self) -> QTransform:
        start, end = self.to_px((0.0, 0.0)), self.to_px((1.0, 1.0))
        return QTransform(end.x() - start.x(), 0, 0, end.y() - start.y(), start.x(), start.y())

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Qt calls it; the pair works out the field anew."""
        super().resizeEvent(event)
        # The field may stay as it is while a pane grows: then nobody else says that there is more to show.
        if self._look is not None:
            self._draw()
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
