"""The main window: its areas, who tells whom, and how it stood the last time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from PySide6.QtGui import QCloseEvent, QShowEvent
from PySide6.QtWidgets import QApplication, QMainWindow

from brainsr_desktop import paths
from brainsr_desktop.app import icons
from brainsr_desktop.app.actions import Actions
from brainsr_desktop.app.areas import Areas
from brainsr_desktop.app.arrangement import Arrangement
from brainsr_desktop.app.closing import CloseQuestion
from brainsr_desktop.app.commands import Commands
from brainsr_desktop.app.compare_tools import CompareTools
from brainsr_desktop.app.controller import Controller
from brainsr_desktop.app.crash_question import CrashQuestion
from brainsr_desktop.app.dialog_desk import DialogDesk
from brainsr_desktop.app.dialogs.notice import notice_version
from brainsr_desktop.app.drop_target import DropTarget
from brainsr_desktop.app.frame_style import frame_sheet
from brainsr_desktop.app.grey_memory import GreyMemory
from brainsr_desktop.app.grey_presets import GreyPresets
from brainsr_desktop.app.held_key import OriginalKey
from brainsr_desktop.app.last_run import LastRun
from brainsr_desktop.app.mask_outlines import MaskOutlines
from brainsr_desktop.app.measure_tools import MeasureTools
from brainsr_desktop.app.menus import fill_menu_bar, tool_bar
from brainsr_desktop.app.model_import import ask_for_model
from brainsr_desktop.app.opening import Opening, counted
from brainsr_desktop.app.pane_pictures import PanePictures
from brainsr_desktop.app.plain_text import HIDDEN, person, shown
from brainsr_desktop.app.preferences import Preferences
from brainsr_desktop.app.recent import RecentFolders, RecentMenu
from brainsr_desktop.app.series_arranger import SeriesArranger
from brainsr_desktop.app.series_commands import SeriesCommands
from brainsr_desktop.app.series_reading import SeriesReading
from brainsr_desktop.app.slice_commands import SliceCommands
from brainsr_desktop.app.slice_windows import SliceWindows
from brainsr_desktop.app.store import Store
from brainsr_desktop.app.suitability import SuitabilityDesk
from brainsr_desktop.app.sweep_desk import SweepDesk
from brainsr_desktop.app.theme import Theme
from brainsr_desktop.app.tour import Tour, tour_steps
from brainsr_desktop.app.trust_places import TrustPlaces
from brainsr_desktop.app.window_memory import first_state, mouse_habits, with_choices
from brainsr_desktop.core.series import SeriesInfo, StackInfo
from brainsr_desktop.session import intents
from brainsr_desktop.session.pictures import PaneStatus, Picture, SliceState
from brainsr_desktop.session.reports import Notice
from brainsr_desktop.session.state import ViewState
from brainsr_desktop.settings import Settings, WindowLayout

PROGRAM: Final = "BrainSR Desktop"
STATUS_MS: Final = 15_000


class MainWindow(QMainWindow):
    """Puts the parts together. ``settings_path`` is where the settings are kept (default: the user's folder)."""

    def __init__(
        self,
        store: Store,
        controller: Controller,
        settings: Settings,
        *,
        settings_path: Path | None = None,
        runs_folder: Path | None = None,
        theme: Theme | None = None,
    ) -> None:
        super().__init__()
        self.setObjectName("window")
        self.setWindowIcon(icons.window_icon())
        self.store = store
        self.controller = controller
        self.preferences = Preferences(settings, settings_path or paths.settings_path(), self)
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        self.theme = theme or Theme(app)
        store.apply(lambda state: first_state(state, settings, controller.catalog))
        self._last_run = LastRun(runs_folder or paths.cache_dir() / "runs")
        app.aboutToQuit.connect(self._last_run.end)
        self._summary = ""
        self._shown_before = False
        # Before there are widgets: each is polished once, when it is shown.
        self.theme.apply(settings.general.theme, settings.general.text_percent)
        self.setStyleSheet(frame_sheet(self.theme.colours))
        self._build()
        self._connect_controller()
        self._connect_areas()
        self._connect_actions()
        self.actions_[f"theme_{settings.general.theme}"].setChecked(True)
        self.areas.pair.set_habits(mouse_habits(settings))
        self.arrangement.restore(settings.window)
        self._show_state(store.state)

    # --- building

    def _build(self) -> None:
        self.areas = Areas(self, self.store, self.controller)
        areas = self.areas
        self.setCentralWidget(areas.splitter)
        areas.fill_status_bar(self.statusBar())
        self.actions_ = Actions(
            self, (areas.pair, areas.slider.track, areas.slider.volumes), self.preferences.settings.keys
        )
        self.recent = RecentMenu(self)
        fill_menu_bar(self.menuBar(), self.actions_, {">Recent": self.recent})
        self.tools = tool_bar(self.actions_)
        self.addToolBar(self.tools)
        self.commands = Commands(
            self.actions_, self.store, self.controller, areas.pair, areas.slider, self.preferences, self
        )
        self.commands.connect_panels(areas.model, areas.test)
        self.slice_commands = SliceCommands(self.actions_, self.store, areas.slider, self)
        areas.slider.seconds_of = self.controller.seconds_of
        self.arranger = SeriesArranger(
            self.store, self.controller, self.preferences.path.with_name("series.json"), self
        )
        self.opening = Opening(self.controller, self.arranger, self.store, self.preferences, self)
        self.series_commands = SeriesCommands(self.store, self.controller, areas.browser, self.arranger, self)
        self.reading = SeriesReading(self.store, self.controller, areas.browser, self.arranger, self)
        self.reading.begun.connect(self.opening.preview)
        self.dialogs = DialogDesk(self.store, self.controller, self.preferences, self)
        self.close_question = CloseQuestion(areas.jobs, self)
        self.tour = Tour(self, tour_steps(areas, self.tools, self.actions_))
        self.arrangement = Arrangement(self, areas, self.actions_, self.tools)
        self.masks = MaskOutlines(self.store, self.controller, areas.pair, self)
        self.pictures = PanePictures(areas.pair, self.actions_, self)
        self.greys = GreyPresets(
            self.actions_, self.store, self.controller, areas.display, self.preferences, self
        )
        self.slice_windows = SliceWindows(self.store, areas.pair, self)
        self.grey_memory = GreyMemory(
            self.store,
            self.controller,
            self.preferences,
            self.preferences.path.with_name("windows.json"),
            self,
        )
        self.measures = MeasureTools(
            self.store, self.controller, areas.pair, areas.measure, self.actions_, self
        )
        self.sweeps = SweepDesk(self.actions_, self.store, self.controller, areas.test, self)
        self.comparing = CompareTools(
            self.actions_, self.store, self.controller, areas.pair, areas.compare, self
        )
        self.suitability = SuitabilityDesk(self.store, self.controller, areas.pair, self)
        self.suitability.model_asked.connect(lambda: self.arrangement.reveal("model"))
        self.trust_places = TrustPlaces(self.store, self.controller, areas.pair, self)
        areas.trust.place_asked.connect(self.trust_places.step)
        self.trust_places.said.connect(self._say)
        self.original_key = OriginalKey(self.store, self)
        self.original_key.watch(areas.pair)
        for slider in (areas.slider.track, areas.slider.volumes):
            self.original_key.watch(slider)
        self.setTabOrder(areas.browser.search, areas.browser.kind)
        self.setTabOrder(areas.browser.kind, areas.browser.tree)

    def _connect_controller(self) -> None:
        controller, areas = self.controller, self.areas
        self.arranger.found.connect(self._on_series_found)
        controller.closed.connect(areas.browser.clear)
        controller.closed.connect(lambda: self._show_state(self.store.state))
        controller.thumbnail_ready.connect(areas.browser.set_thumbnail)
        controller.left_changed.connect(areas.pair.set_left)
        areas.pair.pictures_changed.connect(areas.show_view)
        controller.right_changed.connect(areas.pair.set_right)
        controller.map_changed.connect(areas.pair.set_map)
        controller.right_changed.connect(self._on_right)
        controller.slice_states_changed.connect(self._on_slice_states)
        controller.devices_found.connect(areas.device.set_devices)
        controller.scores_changed.connect(areas.metrics.set_scores)
        controller.means_changed.connect(areas.metrics.set_means)
        controller.job_changed.connect(areas.jobs.update_job)
        controller.notice.connect(areas.notifier.show_notice)
        controller.memory_changed.connect(areas.show_memory)
        self.store.changed.connect(self._on_changed)

    def _connect_areas(self) -> None:
        areas, controller, opening = self.areas, self.controller, self.opening
        areas.jobs.cancel_asked.connect(controller.cancel_job)
        areas.jobs.pause_asked.connect(controller.pause_job)
        controller.export_opened.connect(lambda folder: opening.open([folder]))
        areas.model.card_asked.connect(self.dialogs.show_card)
        areas.model.import_asked.connect(
            lambda: ask_for_model(self).fileSelected.connect(controller.import_model)
        )
        for panel in (areas.model, areas.device, areas.metrics):
            controller.catalog_changed.connect(panel.set_catalog)
        areas.empty.open_asked.connect(opening.ask_folder)
        areas.empty.sample_asked.connect(opening.open_sample)
        areas.empty.tour_asked.connect(self._start_tour)
        self.greys.said.connect(self._say)
        controller.range_changed.connect(areas.display.histogram.set_range)
        areas.pair.cursor_moved.connect(
            lambda at: self.statusBar().clearMessage() if at is not None else None
        )
        areas.pair.details_requested.connect(self.dialogs.show_failure)
        areas.pair.retry_requested.connect(lambda: controller.retry(on_cpu=True))
        browser = areas.browser
        browser.opened.connect(self._open_stack)
        browser.thumbnail_wanted.connect(controller.request_thumbnail)
        browser.export_asked.connect(self.dialogs.show_export)
        self.dialogs.found, self.dialogs.study_of = browser.stacks, browser.study_of
        self.dialogs.save_panes = self.pictures.save
        browser.details_asked.connect(self.dialogs.show_header)
        browser.folder_asked.connect(self.dialogs.show_in_folder)
        browser.close_asked.connect(controller.close_all)
        browser.problems_asked.connect(self._show_problems)
        for source in (opening, self.comparing, self.series_commands, self.pictures, self.measures):
            source.noticed.connect(areas.notifier.show_notice)
            source.said.connect(self._say)
        opening.problems_changed.connect(lambda problems: browser.set_problems(counted(problems)))
        opening.problems_changed.connect(self.series_commands.show_problems)
        opening.show_problems = self._show_problems
        self.dialogs.problems.folder_asked.connect(opening.show_in_folder)
        self.dialogs.problems.header_asked.connect(opening.find_file)
        opening.file_found.connect(self.dialogs.show_file_header)
        opening.opened.connect(self._last_run.note)
        self.recent.chosen.connect(lambda path: opening.open([path]))
        RecentFolders(self.recent, areas.empty.recent, self.preferences)
        self.preferences.changed.connect(self._on_settings)
        self.preferences.save_failed.connect(lambda text: areas.notifier.show_notice(Notice("warning", text)))
        self.close_question.decided.connect(self.close)
        self.theme.changed.connect(self._on_theme)
        everywhere = DropTarget(self, stacks=False)
        everywhere.paths_dropped.connect(opening.open)
        for page in (areas.pair, areas.empty):
            target = DropTarget(page, stacks=True)
            target.paths_dropped.connect(opening.open)
            target.stack_dropped.connect(self._on_stack_dropped)

    def _connect_actions(self) -> None:
        dialogs, opening = self.dialogs, self.opening
        for name, done in {
            "open_folder": opening.ask_folder,
            "open_files": opening.ask_files,
            "open_sample": opening.open_sample,
            "close_all": self.controller.close_all,
            "export": dialogs.show_export,
            "settings": dialogs.show_settings,
            "quit": self.close,
            "previous_series": lambda: self._step_series(-1),
            "next_series": lambda: self._step_series(1),
            "manual": dialogs.show_manual,
            "keys": dialogs.show_keys,
            "tour": self._start_tour,
            "research_notice": dialogs.show_research_notice,
            "open_log": dialogs.open_log_folder,
            "about": dialogs.show_about,
        }.items():
            self.actions_[name].triggered.connect(lambda _=False, done=done: done())
        for choice in ("system", "light", "dark", "contrast"):
            self.actions_[f"theme_{choice}"].triggered.connect(
                lambda _=False, choice=choice: self.preferences.update("general", theme=choice)
            )

    # --- what the window shows of the state

    def _on_changed(self, before: ViewState, after: ViewState) -> None:
        if (before.stack, before.hide_patient) != (after.stack, after.hide_patient):
            self._show_state(after)
        if (before.window, before.rect_mm, before.stack) != (after.window, after.rect_mm, after.stack):
            self.areas.show_view()
        if before.test_mode != after.test_mode and after.test_mode:
            self.areas.panel.section("metrics").set_open(True)
            self.areas.panel.show_section("test")
        if not after.test_mode and before.test_mode:
            self.areas.metrics.set_scores({})
        self.preferences.set(with_choices(self.preferences.settings, after))

    def _on_series_found(self, series: SeriesInfo) -> None:
        # The first series is opened before the browser has it: only now its patient is known.
        state = self.store.state
        if any(stack is state.stack for stack in series.stacks):
            self._show_state(state)

    def _show_state(self, state: ViewState) -> None:
        areas = self.areas
        began = areas.empty.isVisible()
        areas.show_pictures(state.stack is not None or bool(areas.browser.stacks()))
        if began and state.stack is not None:
            areas.pair.set_active("left")  # keys act on the images from the first one on
        areas.browser.set_open(state.stack)
        areas.browser.set_hidden(state.hide_patient)
        areas.show_lock(state.hide_patient)
        areas.notifier.set_hidden(state.hide_patient)
        self.recent.set_hidden(state.hide_patient)
        areas.pair.set_study(areas.browser.study_of(state.stack) if state.stack is not None else None)
        self.setWindowTitle(self._title(state))

    def _title(self, state: ViewState) -> str:
        if state.stack is None:
            return PROGRAM
        study = self.areas.browser.study_of(state.stack)
        name = person(study.patient_name) or study.patient_id if study is not None else ""
        parts = [
            shown(state.stack.description, 60),
            HIDDEN if state.hide_patient else shown(name, 60),
            PROGRAM,
        ]
        return " - ".join(part for part in parts if part)

    def _on_right(self, _picture: Picture | None, status: PaneStatus) -> None:
        if status.seconds is not None and self.store.state.right.kind == "current":
            self.areas.model.set_seconds(status.seconds)

    def _on_slice_states(self, states: Mapping[int, SliceState]) -> None:
        self.areas.slider.set_slice_states(states)
        stack = self.store.state.stack
        if stack is not None and not self.store.state.test_mode:
            self.areas.browser.set_slice_states(stack, states)

    def _say(self, text: str) -> None:
        self._summary = text
        self.statusBar().showMessage(text, STATUS_MS)

    def _on_settings(self, before: Settings, after: Settings) -> None:
        if (before.general.theme, before.general.text_percent) != (
            after.general.theme,
            after.general.text_percent,
        ):
            self._apply_theme(after)
        if before.keys != after.keys:
            self.actions_.set_keys(after.keys)
        if (before.networks, before.viewing) != (after.networks, after.viewing):
            self.areas.pair.set_habits(mouse_habits(after))
            self.controller.set_disk_store(after.networks.disk_store_mib << 20)
            hidden = self.store.state.hide_patient
            wanted = first_state(self.store.state, after, self.controller.catalog)
            self.store.apply(lambda _: replace(wanted, hide_patient=hidden))

    def _apply_theme(self, settings: Settings) -> None:
        self.theme.apply(settings.general.theme, settings.general.text_percent)
        self.actions_[f"theme_{settings.general.theme}"].setChecked(True)
        self._on_theme()

    def _on_theme(self) -> None:
        self.setStyleSheet(frame_sheet(self.theme.colours))
        self.areas.show_lock(self.store.state.hide_patient)

    # --- series

    def open_paths(self, chosen: list[str]) -> None:
        """Open files and folders, as from the command line or another start of the program."""
        self.opening.open(chosen)

    def _open_stack(self, stack: StackInfo) -> None:
        self.opening.leave_view()
        self.controller.open_stack(stack)
        self.areas.pair.set_active("left")

    def _on_stack_dropped(self, name: str) -> None:
        stack = self.areas.browser.stack(name)
        if stack is not None:
            self._open_stack(stack)

    def _step_series(self, by: int) -> None:
        stack = self.areas.browser.neighbour(self.store.state.stack, by)
        if stack is not None:
            self.opening.leave_view()
            self.controller.open_stack(stack)

    def _show_problems(self) -> None:
        self.dialogs.show_problems(self.opening.problems, self._summary)

    # --- first use

    def _start_tour(self) -> None:
        if self.store.state.stack is None:
            self.opening.open_sample()
        self.tour.start()

    # --- start and end

    def showEvent(self, event: QShowEvent) -> None:
        """Qt calls it; at the first start the research notice comes up."""
        super().showEvent(event)
        if not self._shown_before:
            self._shown_before = True
            self._ask_after_crash()
        if self.preferences.settings.general.accepted_notice != notice_version():
            self.dialogs.show_research_notice()

    def _ask_after_crash(self) -> None:
        left = self._last_run.begin()
        if left is None:
            return
        CrashQuestion(left, lambda: self.opening.open(left), self._be_safe, self).show()

    def _be_safe(self) -> None:
        self.store.apply(lambda state: intents.set_device(state, "cpu"))
        self.arrangement.restore(WindowLayout())

    def closeEvent(self, event: QCloseEvent) -> None:
        """Qt calls it; while an export runs the user is asked."""
        if not self.close_question.may_close:
            event.ignore()
            self.close_question.ask()
            return
        self.preferences.update("window", **self.arrangement.layout())
        self.preferences.finish()
        self.grey_memory.finish()
        self._last_run.end()
        super().closeEvent(event)
