"""The context menus of the series browser: of a series, and of a patient."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QWidget

from brainsr_desktop.app.plain_text import tool_tip
from brainsr_desktop.app.series_arranger import Possible
from brainsr_desktop.app.series_card import viewing_only
from brainsr_desktop.core.series import StackInfo
from brainsr_desktop.language import tr, trn
from brainsr_desktop.session.arranging import FIELD_NAMES


@dataclass(frozen=True, slots=True)
class SeriesDeeds:
    """What the entries do. ``split`` takes a field; empty: into the parts that were found."""

    open: Callable[[StackInfo], object]
    enhance: Callable[[tuple[StackInfo, ...]], object]
    export: Callable[[tuple[StackInfo, ...]], object]
    details: Callable[[StackInfo], object]
    show_folder: Callable[[StackInfo], object]
    split: Callable[[StackInfo, str], object]
    merge: Callable[[StackInfo], object]
    close_patient: Callable[[StackInfo], object]
    close_all: Callable[[], object]


def series_menu(
    owner: QWidget, do: SeriesDeeds, stack: StackInfo, chosen: tuple[StackInfo, ...], possible: Possible
) -> QMenu:
    """What can be done with a series; ``chosen`` are all that are selected, this one among them."""
    menu = _menu(owner)
    able = tuple(one for one in chosen if one.supported)
    _entry(menu, tr("&Open"), partial(do.open, stack))
    enhance = _entry(
        menu,
        trn("E&nhance", "E&nhance {count} series", max(len(able), 1)),
        partial(do.enhance, able),
    )
    export = _entry(
        menu,
        trn("&Export...", "&Export {count} series...", max(len(able), 1)),
        partial(do.export, able),
    )
    for action in (enhance, export):
        action.setEnabled(bool(able))
        if stack.why_not:
            action.setToolTip(tool_tip(viewing_only(stack)))
    menu.addSeparator()
    _entry(menu, tr("Series &details..."), partial(do.details, stack))
    _entry(menu, tr("Show in &folder"), partial(do.show_folder, stack))
    menu.addSeparator()
    _add_arranging(menu, do, stack, possible)
    menu.addSeparator()
    _entry(menu, tr("Close &patient"), partial(do.close_patient, stack))
    _entry(menu, tr("&Close all"), do.close_all)
    return menu


def patient_menu(owner: QWidget, do: SeriesDeeds, stack: StackInfo) -> QMenu:
    """What can be done with the patient whose stack this is."""
    menu = _menu(owner)
    _entry(menu, tr("Close &patient"), partial(do.close_patient, stack))
    _entry(menu, tr("&Close all"), do.close_all)
    return menu


def _add_arranging(menu: QMenu, do: SeriesDeeds, stack: StackInfo, possible: Possible) -> None:
    split = menu.addMenu(tr("&Split by"))
    split.setToolTipsVisible(True)
    for field in possible.fields:
        _entry(split, tr(FIELD_NAMES[field]), partial(do.split, stack, field))
    if possible.merged:
        _entry(split, tr("The parts that were found"), partial(do.split, stack, ""))
    split.menuAction().setEnabled(not split.isEmpty())
    if split.isEmpty():
        split.menuAction().setToolTip(tool_tip(tr("Its slices differ in nothing but their place.")))
    merge = _entry(menu, tr("&Merge the parts of this series"), partial(do.merge, stack))
    merge.setEnabled(not possible.why_not_merge)
    merge.setToolTip(tool_tip(possible.why_not_merge))


def _menu(owner: QWidget) -> QMenu:
    menu = QMenu(owner)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    menu.setToolTipsVisible(True)
    return menu


def _entry(menu: QMenu, text: str, done: Callable[[], object]) -> QAction:
    action = menu.addAction(text)
    action.triggered.connect(lambda _=False: done())
    return action
