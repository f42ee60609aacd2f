"""The areas of the window and how they stand: browser, panes with slider, side panel, status bar."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QSplitter, QStackedWidget, QStatusBar, QVBoxLayout, QWidget

from brainsr_desktop.app import icons
from brainsr_desktop.app.compare_bar import CompareBar
from brainsr_desktop.app.controller import Controller
from brainsr_desktop.app.empty_state import EmptyState
from brainsr_desktop.app.job_list import JobButton, JobList
from brainsr_desktop.app.measure_values import MeasureValues
from brainsr_desktop.app.notifier import Notifier
from brainsr_desktop.app.panels.device import DevicePanel
from brainsr_desktop.app.panels.display import DisplayPanel
from brainsr_desktop.app.panels.measure import MeasurePanel
from brainsr_desktop.app.panels.metrics import MetricsPanel
from brainsr_desktop.app.panels.model import ModelPanel
from brainsr_desktop.app.panels.side_panel import BAR_WIDTH_PX, SidePanel
from brainsr_desktop.app.panels.test import TestPanel
from brainsr_desktop.app.panels.trust import TrustPanel
from brainsr_desktop.app.plain_text import size_text
from brainsr_desktop.app.series_browser import SeriesBrowser
from brainsr_desktop.app.slice_slider import SliceSlider
from brainsr_desktop.app.status_readout import StatusReadout
from brainsr_desktop.app.store import Store
from brainsr_desktop.app.viewport_pair import ViewportPair
from brainsr_desktop.language import tr

FIRST_SIZES: Final = (300, 670, 310)
BROWSER_LEAST_PX: Final = 230


class Areas:
    """Makes the widgets. What they do is connected by the window."""

    def __init__(self, window: QWidget, store: Store, controller: Controller) -> None:
        self.browser = SeriesBrowser()
        self.browser.setMinimumWidth(BROWSER_LEAST_PX)
        self.pair = ViewportPair(store)
        self.compare = CompareBar(store, lambda: controller.catalog)
        self.slider = SliceSlider(store)
        self.empty = EmptyState()
        self.notifier = Notifier()
        self.model = ModelPanel(store, controller.catalog)
        self.device = DevicePanel(store, controller.catalog)
        self.display = DisplayPanel(store)
        self.display.histogram.watch(self.pair)
        self.measure = MeasurePanel(store, MeasureValues(store, self.pair, self.pair))
        self.trust = TrustPanel(store, controller.trust)
        self.test = TestPanel(store)
        self.metrics = MetricsPanel(store, controller.catalog)
        self.panel = SidePanel()
        self._panel_px = FIRST_SIZES[2]
        for key, title, content, icon in (
            ("model", tr("Model"), self.model, "model"),
            ("device", tr("Device"), self.device, "device"),
            ("display", tr("Display"), self.display, "display"),
            ("measure", tr("Measure"), self.measure, "measure"),
            ("trust", tr("Trust"), self.trust, "trust"),
            ("test", tr("Test"), self.test, "test"),
            ("metrics", tr("Metrics"), self.metrics, "metrics"),
        ):
            self.panel.add(key, title, content, icon)
        self.trust.warned.connect(lambda words: self.panel.warn("trust", words))
        self.jobs = JobList(window)
        self.job_button = JobButton(self.jobs)
        self.memory = QLabel()
        self.memory.setToolTip(tr("Memory that the results take"))
        self.view = QLabel()
        self.view.setAccessibleName(tr("Grey window and zoom"))
        self.view.setToolTip(
            tr("Window and level; zoom in screen pixels per mm and in percent of the original's pixels")
        )
        self.lock = QLabel()
        self.lock.setToolTip(tr("Patient data are hidden; text burned into pixels is not"))
        self.lock.setAccessibleName(tr("Patient data are hidden"))
        self.lock.hide()
        self.readout = StatusReadout(store, self.pair)
        self.splitter = self._split()

    def _split(self) -> QSplitter:
        self.pages = QStackedWidget()
        self.pages.addWidget(self.empty)
        self.pages.addWidget(self.pair)
        self.centre = QWidget()
        column = QVBoxLayout(self.centre)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.notifier)
        column.addWidget(self.compare)
        column.addWidget(self.pages, 1)
        column.addWidget(self.slider)
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.setChildrenCollapsible(False)
        splitter.setHandleWidth(5)
        for widget in (self.browser, self.centre, self.panel):
            splitter.addWidget(widget)
        for place, stretch in enumerate((0, 1, 0)):
            splitter.setStretchFactor(place, stretch)
        splitter.setSizes(list(FIRST_SIZES))
        return splitter

    def fill_status_bar(self, bar: QStatusBar) -> None:
        """Read-out on the left; jobs, memory and lock on the right."""
        bar.setSizeGripEnabled(True)
        bar.addWidget(self.readout, 1)
        for widget in (self.lock, self.view, self.memory, self.job_button):
            bar.addPermanentWidget(widget)

    def fold_panel(self, folded: bool) -> None:
        """The side panel as a bar of buttons, or as wide as before; the panes take or give the room."""
        if folded == self.panel.folded:
            return
        browser, centre, panel = self.splitter.sizes()
        if folded:
            self._panel_px = panel
        self.panel.set_folded(folded)
        width = BAR_WIDTH_PX if folded else max(self._panel_px, self.panel.minimumSizeHint().width())
        self.splitter.setSizes([browser, centre + panel - width, width])

    def show_view(self) -> None:
        """Window, level and zoom as they are."""
        if self.pair.left_picture is None:
            self.view.clear()
            return
        window, (px_per_mm, percent) = self.pair.grey, self.pair.zoom
        self.view.setText(
            tr(
                "W {width:.4g}  L {center:.4g}   {zoom:.3g} px/mm  {percent:.0f} %",
                width=window.width,
                center=window.center,
                zoom=px_per_mm,
                percent=percent,
            )
        )

    def show_memory(self, used: int, limit: int) -> None:
        """How much of the store for results is taken."""
        self.memory.setText(tr("Results {used} of {limit}", used=size_text(used), limit=size_text(limit)))

    def show_lock(self, hidden: bool) -> None:
        """The sign that patient data are hidden."""
        colour = self.lock.palette().text().color().name()
        self.lock.setPixmap(icons.pixmap("lock", 18, colour, self.lock.devicePixelRatioF()))
        self.lock.setVisible(hidden)

    def show_pictures(self, has_series: bool) -> None:
        """The panes, or the three ways to begin."""
        self.pages.setCurrentWidget(self.pair if has_series else self.empty)
        self.slider.setVisible(has_series)
        self.compare.setVisible(has_series)

    def tab_areas(self) -> list[QWidget]:
        """What F6 goes through, with the widget that takes the focus."""
        images = self.pair.left.view if self.pages.currentWidget() is self.pair else self.empty.open
        return [self.browser.tree, self.compare.left, images, self.slider, self.panel, self.job_button]
