"""What is written over a pane and told to screen readers, from the state and the picture that is drawn."""

from __future__ import annotations

from typing import Final

from PySide6.QtGui import QFontInfo

from brainsr_desktop.app.view_field import Field
from brainsr_desktop.app.viewport import Viewport
from brainsr_desktop.app.viewport_overlays import (
    Content,
    bar_of,
    corners_of,
    is_small,
    letters_on_screen,
)
from brainsr_desktop.core.series import StudyInfo
from brainsr_desktop.language import mark, tr
from brainsr_desktop.session.state import ViewState, WindowLevel

INVITATION: Final = mark("Open a folder of MR images, or drop it here.")


def content_of(
    view: Viewport,
    state: ViewState,
    study: StudyInfo | None,
    window: WindowLevel,
    field: Field,
    *,
    status: str,
    invites: bool,
) -> Content:
    """Letters, corners and scale bar; without a picture the ``status``, or the invitation where nothing is open."""
    stack, picture = state.stack, view.picture or view.second
    if stack is None or picture is None:
        return Content(message=tr(INVITATION) if stack is None and invites else status)
    if state.overlays == "none":
        return Content()
    small = is_small(view.size_px, QFontInfo(view.font()).pointSizeF())
    return Content(
        letters_on_screen(stack, state.flip_h, state.flip_v),
        corners_of(
            state,
            study,
            picture,
            window,
            px_per_mm=view.devicePixelRatioF() / field.mm_per_px,
            interpolation=view.sampling,
            small=small,
        ),
        bar_of(1.0 / field.mm_per_px) if stack.has_spacing and not small else None,
    )


def description_of(state: ViewState, labels: list[str]) -> str:
    """What a screen reader says of a pane: which slice, and what its pictures are."""
    label = ", ".join(labels)
    if state.stack is None or state.stack.reading:
        return label
    return tr(
        "slice {number} of {count}, {label}",
        number=state.slice_index + 1,
        count=state.stack.slices,
        label=label,
    )
