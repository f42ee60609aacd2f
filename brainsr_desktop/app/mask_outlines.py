"""Outlines of the masks that files bring: asked for when a slice is in view, kept for the last ones."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject
from PySide6.QtGui import QPainterPath

from brainsr_desktop.app.controller import Controller
from brainsr_desktop.app.store import Store
from brainsr_desktop.app.viewport_pair import ViewportPair
from brainsr_desktop.core.series import StackInfo
from brainsr_desktop.session.pictures import stack_name
from brainsr_desktop.session.state import ViewState

KEPT: Final = 64


class MaskOutlines(QObject):
    """Follows the state and hands the panes the outline of the slice in view."""

    def __init__(self, store: Store, controller: Controller, pair: ViewportPair, parent: QObject) -> None:
        super().__init__(parent)
        self._store = store
        self._controller = controller
        self._pair = pair
        self._paths: OrderedDict[tuple[str, int], QPainterPath] = OrderedDict()
        self._asked: set[tuple[str, int]] = set()
        controller.mask_ready.connect(self._on_mask)
        controller.closed.connect(self._forget)
        store.changed.connect(lambda _before, after: self._look(after))

    def _look(self, state: ViewState) -> None:
        stack, index = state.stack, state.frame_index
        if stack is None or not stack.has_masks or not state.show_masks or state.overlays == "none":
            return
        key = stack_name(stack), index
        if key in self._paths:
            self._paths.move_to_end(key)
            self._pair.set_outline(stack, index, self._paths[key])
        elif key not in self._asked:
            self._asked.add(key)
            self._controller.request_mask(stack, index)

    def _on_mask(self, stack: StackInfo, index: int, pieces: NDArray[np.int32]) -> None:
        key = stack_name(stack), index
        self._asked.discard(key)
        self._paths[key] = path_of(stack, pieces)
        while len(self._paths) > KEPT:
            self._paths.popitem(last=False)
        self._look(self._store.state)

    def _forget(self) -> None:
        self._paths.clear()
        self._asked.clear()


def path_of(stack: StackInfo, pieces: NDArray[np.int32]) -> QPainterPath:
    """Pieces along pixel edges (rows and columns, see `io.messages.MaskRead`) as a path in mm of the slice's plane."""
    row_mm, column_mm = stack.geometry.spacing_mm
    path = QPainterPath()
    for row, column, end_row, end_column in (pieces * (row_mm, column_mm, row_mm, column_mm)).tolist():
        path.moveTo(column, row)
        path.lineTo(end_column, end_row)
    return path
