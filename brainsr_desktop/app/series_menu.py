"""The context menus of the series browser: of a series, and of a patient."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from brainsr_desktop.app.plain_text import tool_tip
from brainsr_desktop.app.series_card import viewing_only
from brainsr_desktop.core.series import StackInfo
from brainsr_desktop.language import tr, trn
from brainsr_desktop.session.arranging import FIELD_NAMES

if TYPE_CHECKING:
    from brainsr_desktop.app.series_browser import SeriesBrowser


def series_menu(browser: SeriesBrowser, stack: StackInfo, chosen: tuple[StackInfo, ...]) -> QMenu:
    """What can be done with a series; ``chosen`` are all that are selected, this one among them."""
    menu = _menu(browser)
    able = tuple(one for one in chosen if one.supported)
    _entry(menu, tr("&Open"), lambda: browser.opened.emit(stack))
    enhance = _entry(
        menu,
        trn("E&nhance", "E&nhance {count} series", max(len(able), 1)),
        lambda: browser.enhance_asked.emit(able),
    )
    export = _entry(
        menu,
        trn("&Export...", "&Export {count} series...", max(len(able), 1)),
        lambda: browser.export_asked.emit(able),
    )
    for action in (enhance, export):
        action.setEnabled(bool(able))
        if stack.why_not:
            action.setToolTip(tool_tip(viewing_only(stack)))
    menu.addSeparator()
    _entry(menu, tr("Series &details..."), lambda: browser.details_asked.emit(stack))
    _entry(menu, tr("Show in &folder"), lambda: browser.folder_asked.emit(stack))
    menu.addSeparator()
    _add_arranging(menu, browser, stack)
    menu.addSeparator()
    _entry(menu, tr("Close &patient"), partial(browser.close_patient, stack))
    _entry(menu, tr("&Close all"), browser.close_asked.emit)
    return menu


def patient_menu(browser: SeriesBrowser, stack: StackInfo) -> QMenu:
    """What can be done with the patient whose stack this is."""
    menu = _menu(browser)
    _entry(menu, tr("Close &patient"), partial(browser.close_patient, stack))
    _entry(menu, tr("&Close all"), browser.close_asked.emit)
    return menu


def _add_arranging(menu: QMenu, browser: SeriesBrowser, stack: StackInfo) -> None:
    possible = browser.possible_for(stack)
    split = menu.addMenu(tr("&Split by"))
    split.setToolTipsVisible(True)
    for field in possible.fields:
        _entry(split, tr(FIELD_NAMES[field]), partial(browser.split_asked.emit, stack, field))
    if possible.merged:
        _entry(split, tr("The parts that were found"), partial(browser.split_asked.emit, stack, ""))
    split.menuAction().setEnabled(not split.isEmpty())
    if split.isEmpty():
        split.menuAction().setToolTip(tool_tip(tr("Its slices differ in nothing but their place.")))
    merge = _entry(menu, tr("&Merge the parts of this series"), lambda: browser.merge_asked.emit(stack))
    merge.setEnabled(not possible.why_not_merge)
    merge.setToolTip(tool_tip(possible.why_not_merge))


def _menu(browser: SeriesBrowser) -> QMenu:
    menu = QMenu(browser)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    menu.setToolTipsVisible(True)
    return menu


def _entry(menu: QMenu, text: str, done: Callable[[], object]) -> QAction:
    action = menu.addAction(text)
    action.triggered.connect(lambda _=False: done())
    return action
