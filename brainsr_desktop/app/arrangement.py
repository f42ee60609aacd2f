"""How the areas stand: folded, hidden, full screen, remembered; and the way of the focus between them."""

from __future__ import annotations

from typing import Any, Final

from PySide6.QtCore import QEvent, QObject, QRect, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QApplication, QMainWindow, QToolBar, QWidget

from brainsr_desktop.app.actions import Actions
from brainsr_desktop.app.areas import BROWSER_LEAST_PX, FIRST_SIZES, Areas
from brainsr_desktop.app.menus import fit_words, sign_size
from brainsr_desktop.app.panels.forms import NORMAL_PT
from brainsr_desktop.app.window_memory import corrected_place, least_size, screens
from brainsr_desktop.settings import WindowLayout

FOLD_PANEL_BELOW_PX: Final = 1100
FOLD_BROWSER_BELOW_PX: Final = 960
STATUS_WITH_MEMORY: Final = 150
STATUS_WITH_VIEW: Final = 100
"""Characters of the window's width from which the status bar has room for the memory, and for window and zoom."""


class Arrangement(QObject):
    """Follows the size of the window and the actions that show and hide areas."""

    def __init__(self, window: QMainWindow, areas: Areas, actions: Actions, tools: QToolBar) -> None:
        super().__init__(window)
        self._window = window
        self._areas = areas
        self._actions = actions
        self._tools = tools
        self._unfolded_by_hand = False
        self._normal = QRect(window.geometry())
        self._sizes: tuple[int, ...] = FIRST_SIZES
        for name, area in (("browser", areas.browser), ("panel", areas.panel)):
            actions[name].triggered.connect(lambda on, area=area: area.setVisible(on))
        actions["full_screen"].triggered.connect(self._set_full_screen)
        actions["next_area"].triggered.connect(lambda: self._step_area(1))
        actions["previous_area"].triggered.connect(lambda: self._step_area(-1))
        actions["metrics"].triggered.connect(lambda: self.reveal("metrics"))
        areas.panel.unfold_asked.connect(self._unfold_panel)
        window.installEventFilter(self)

    # --- remembered

    def restore(self, layout: WindowLayout) -> None:
        """Stand as the last time, corrected to the screens that there are."""
        places = screens()
        self._window.setMinimumSize(*least_size(places[0]))
        self._window.setGeometry(corrected_place(layout.place, places))
        self._normal = QRect(self._window.geometry())
        if layout.maximised:
            self._window.setWindowState(Qt.WindowState.WindowMaximized)
        if len(layout.splitter) == len(FIRST_SIZES):
            self._sizes = layout.splitter
        self._areas.splitter.setSizes(list(self._sizes))
        self._areas.panel.set_open_sections(layout.open_sections)
        for name, area, on in (
            ("browser", self._areas.browser, layout.browser),
            ("panel", self._areas.panel, layout.panel),
        ):
            self._actions[name].setChecked(on)
            area.setVisible(on)

    def layout(self) -> dict[str, Any]:
        """Values of `settings.WindowLayout` for how it stands now."""
        sizes = tuple(self._areas.splitter.sizes())
        if all(sizes) and not self._areas.panel.folded:
            self._sizes = sizes
        normal = self._normal
        return {
            "place": (normal.x(), normal.y(), normal.width(), normal.height()),
            "maximised": self._window.isMaximized(),
            "splitter": self._sizes,
            "browser": self._actions["browser"].isChecked(),
            "panel": self._actions["panel"].isChecked(),
            "open_sections": self._areas.panel.open_sections,
        }

    # --- room

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Qt calls it for the window."""
        if isinstance(event, QResizeEvent):
            self._fold(event.size().width())
            self._fit(event.size().width())
        elif event.type() == QEvent.Type.FontChange:
            self._fold(self._window.width())
            self._fit(self._window.width())
        moved = event.type() in (QEvent.Type.Resize, QEvent.Type.Move)
        if moved and not self._window.isMaximized() and not self._window.isFullScreen():
            self._normal = QRect(self._window.geometry())
        return False

    def _fold(self, width: int) -> None:
        narrow = width < FOLD_PANEL_BELOW_PX * _room_for_text()
        if not narrow:
            self._unfolded_by_hand = False
        if not self._unfolded_by_hand:
            self._areas.fold_panel(narrow)
        if not self._window.isFullScreen():
            wanted = self._actions["browser"].isChecked() and width >= FOLD_BROWSER_BELOW_PX * _room_for_text(
                0.3
            )
            self._areas.browser.setVisible(wanted)

    def _fit(self, width: int) -> None:
        """Leave out words that have no room: those of the tool bar, then what the status bar shows besides."""
        self._tools.setIconSize(sign_size(self._tools))
        fit_words(self._tools, width)
        areas = self._areas
        areas.browser.setMinimumWidth(round(BROWSER_LEAST_PX * _room_for_text()))
        em = areas.view.fontMetrics().averageCharWidth()
        areas.memory.setVisible(width >= STATUS_WITH_MEMORY * em)
        areas.view.setVisible(width >= STATUS_WITH_VIEW * em)

    def _unfold_panel(self) -> None:
        self._unfolded_by_hand = True
        self._areas.fold_panel(False)

    def _set_full_screen(self, on: bool) -> None:
        areas, window = self._areas, self._window
        for widget in (window.menuBar(), self._tools, window.statusBar()):
            widget.setVisible(not on)
        areas.browser.setVisible(not on and self._actions["browser"].isChecked())
        areas.panel.setVisible(not on and self._actions["panel"].isChecked())
        for area in (areas.slider, areas.compare):
            area.setVisible(not on and areas.pages.currentWidget() is areas.pair)
        window.setWindowState(window.windowState() ^ Qt.WindowState.WindowFullScreen)

    # --- focus

    def reveal(self, section: str) -> None:
        """Show a section of the side panel, wherever it is hidden, and give it the focus."""
        self._areas.panel.show()
        self._actions["panel"].setChecked(True)
        self._areas.panel.reveal(section)

    def _step_area(self, by: int) -> None:
        areas = [widget for widget in self._areas.tab_areas() if widget.isVisible()]
        focus = QApplication.focusWidget()
        here = next((n for n, area in enumerate(areas) if _within(focus, area)), -1 if by > 0 else 0)
        areas[(here + by) % len(areas)].setFocus(Qt.FocusReason.ShortcutFocusReason)


def _room_for_text(part: float = 0.6) -> float:
    """How much more room something needs for larger text: 1 at 10 pt, 1 + ``part`` at 20 pt."""
    return 1.0 + part * max(QApplication.font().pointSizeF() / NORMAL_PT - 1.0, 0.0)


def _within(widget: QWidget | None, area: QWidget) -> bool:
    return widget is not None and (widget is area or area.isAncestorOf(widget))
