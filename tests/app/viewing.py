"""What the tests of the panes share: stacks in every plane, pictures with a dot, a pair on the screen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from brainsr_desktop.app.store import Store
from brainsr_desktop.app.theme import IMAGE
from brainsr_desktop.app.viewport import Viewport
from brainsr_desktop.app.viewport_pair import ViewportPair
from brainsr_desktop.core.geometry import Geometry, Vec3
from brainsr_desktop.core.series import StackInfo, StudyInfo
from brainsr_desktop.session.pictures import PaneState, PaneStatus, Picture
from brainsr_desktop.session.state import ViewState, WindowLevel

PLANES: Final[dict[str, tuple[Vec3, Vec3]]] = {
    "axial": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)),
    "coronal": ((1.0, 0.0, 0.0), (0.0, 0.0, -1.0)),
    "sagittal": ((0.0, 1.0, 0.0), (0.0, 0.0, -1.0)),
}
STUDY: Final = StudyInfo("1.2", "Muster^Anna", "P-4711", "19600102", "20240305", "Head", "General Hospital")
ORIGINAL: Final = PaneStatus(PaneState.ORIGINAL, "Original")
FULL: Final = PaneStatus(PaneState.FULL, "Network BrainSR x4 - CPU, 1.8 s")
WINDOW: Final = WindowLevel(500.0, 1000.0)


def make_stack(
    rows: int = 40,
    columns: int = 32,
    spacing_mm: tuple[float, float] = (1.0, 1.0),
    plane: str = "axial",
    slices: int = 24,
    volumes: int = 1,
    **changes: Any,
) -> StackInfo:
    """A stack in one of the three planes, slices 5 mm apart."""
    row, column = PLANES[plane]
    normal = np.cross(row, column)
    positions = [tuple(float(part) for part in normal * 5.0 * index) for index in range(slices)]
    geometry = Geometry(rows, columns, spacing_mm, row, column, tuple(positions))  # type: ignore[arg-type]
    stack = StackInfo(
        id="1",
        kind="dicom",
        series_uid="1.2.3",
        study_uid="1.2",
        description="t1_mprage",
        series_number=4,
        modality="MR",
        vendor="",
        model="",
        geometry=geometry,
        frames=(None,) * (slices * volumes),
        volumes=volumes,
        volume_labels=tuple(f"b-value {1000 * volume}" for volume in range(volumes)),
        volume_unsuitable=(None,) * volumes,
    )
    return replace(stack, **changes)


def make_state(stack: StackInfo | None = None, **changes: Any) -> ViewState:
    """A state that shows a stack's first slice with a fixed window and without text."""
    values: dict[str, Any] = {"stack": stack or make_stack(), "window": WINDOW, "overlays": "none"}
    return replace(ViewState(), **{**values, **changes})


def picture_of(stack: StackInfo, pixels: NDArray[Any], **changes: Any) -> Picture:
    """Pixels over a whole slice of a stack."""
    return Picture(pixels, stack.geometry.extent_mm, **changes)


def show_pair(
    qtbot: QtBot, state: ViewState, size: tuple[int, int] = (861, 480)
) -> tuple[ViewportPair, Store]:
    """A pair on the (off-)screen, two panes of one size."""
    store = Store(state)
    pair = ViewportPair(store)
    show(qtbot, pair, size)
    return pair, store


def show(qtbot: QtBot, widget: QWidget, size: tuple[int, int]) -> None:
    """Put a widget on the screen and wait for it."""
    qtbot.addWidget(widget)
    widget.resize(*size)
    with qtbot.waitExposed(widget):
        widget.show()
    QApplication.processEvents()


def drawn(view: Viewport) -> NDArray[np.uint8]:
    """What a pane draws: (rows, columns, 3), device pixels."""
    image = view.viewport().grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    lines = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return lines[:, : image.width() * 3].reshape(image.height(), image.width(), 3).copy()


def centre_of_light(view: Viewport) -> QPointF:
    """Centre of gravity of what is bright in a pane, logical pixels."""
    light = drawn(view)[..., 0].astype(np.float64)
    assert light.max() > 0, "nothing is drawn"
    y, x = np.indices(light.shape) + 0.5
    ratio = view.devicePixelRatioF()
    return QPointF(
        float((x * light).sum() / light.sum() / ratio), float((y * light).sum() / light.sum() / ratio)
    )


def outlined(view: Viewport) -> NDArray[np.bool_]:
    """Which device pixels of a pane have the outline's colour."""
    colour = QColor(IMAGE.mask)
    wanted = np.array([colour.red(), colour.green(), colour.blue()])
    return np.asarray(np.abs(drawn(view).astype(int) - wanted).max(axis=-1) < 24)


def frame_of(view: Viewport) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of the outline, logical pixels; middle of the line."""
    rows, columns = np.nonzero(outlined(view))
    assert rows.size, "no outline is drawn"
    ratio = view.devicePixelRatioF()
    edges = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
    left, top, right, bottom = (float(edge) / ratio for edge in edges)
    return left, top, right, bottom


def move(view: Viewport, at: QPointF, buttons: Qt.MouseButton = Qt.MouseButton.NoButton, **keys: Any) -> None:
    """Move the mouse over a pane."""
    _mouse(view, QEvent.Type.MouseMove, at, Qt.MouseButton.NoButton, buttons, **keys)


def drag(
    view: Viewport,
    start: QPointF,
    end: QPointF,
    button: Qt.MouseButton = Qt.MouseButton.LeftButton,
    *,
    modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier,
    later: Qt.KeyboardModifier | None = None,
    steps: int = 8,
    release: bool = True,
) -> None:
    """Press, move in steps, release. ``later``: the keys held while moving, if others than at the start."""
    held = modifiers if later is None else later
    _mouse(view, QEvent.Type.MouseButtonPress, start, button, button, modifiers=modifiers)
    for step in range(1, steps + 1):
        at = start + (end - start) * (step / steps)
        _mouse(view, QEvent.Type.MouseMove, at, Qt.MouseButton.NoButton, button, modifiers=held)
    if release:
        _mouse(view, QEvent.Type.MouseButtonRelease, end, button, Qt.MouseButton.NoButton, modifiers=held)


def turn(
    widget: QWidget,
    delta: int,
    at: QPointF | None = None,
    modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier,
) -> None:
    """Turn the wheel; 120 is a notch, positive away from the user."""
    target = widget.viewport() if isinstance(widget, Viewport) else widget
    at = QPointF(target.rect().center()) if at is None else at
    event = QWheelEvent(
        at,
        QPointF(target.mapToGlobal(at.toPoint())),
        QPoint(),
        QPoint(0, delta),
        Qt.MouseButton.NoButton,
        modifiers,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(target, event)


def double_click(view: Viewport) -> None:
    """Double click into the middle of a pane."""
    at = QPointF(view.viewport().rect().center())
    _mouse(view, QEvent.Type.MouseButtonDblClick, at, Qt.MouseButton.LeftButton, Qt.MouseButton.LeftButton)


def leave(view: Viewport) -> None:
    """Take the mouse away from a pane."""
    QApplication.sendEvent(view, QEvent(QEvent.Type.Leave))


def _mouse(
    view: Viewport,
    kind: QEvent.Type,
    at: QPointF,
    button: Qt.MouseButton,
    buttons: Qt.MouseButton,
    modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier,
) -> None:
    port = view.viewport()
    QApplication.sendEvent(port, QMouseEvent(kind, at, port.mapToGlobal(at), button, buttons, modifiers))
