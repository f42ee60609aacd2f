"""The side panel: what its sections edit, what they show, what they refuse."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from brainsr_desktop.app.panels.display import DisplayPanel, decimals_for
from brainsr_desktop.app.panels.forms import NoWheelSpinBox, SliderRow
from brainsr_desktop.app.panels.side_panel import SidePanel
from brainsr_desktop.app.panels.test import PRESETS, TRAINED, TestPanel
from brainsr_desktop.app.panels.window_presets import possible, preset, relative
from brainsr_desktop.app.store import Store
from brainsr_desktop.core.degrade import Degradation
from brainsr_desktop.session import intents
from brainsr_desktop.session.state import ViewState, WindowLevel
from tests.app.frame_kit import RANGE, Rig, series_of, stack


@pytest.fixture
def store() -> Store:
    return Store(intents.choose_model(ViewState(), "brainsr-x4", 4, "espcn-x4"))


# Display


def test_that_typed_numbers_set_the_window(store: Store, qtbot: QtBot) -> None:
    store.apply(lambda s: intents.open_stack(s, stack(1), WindowLevel(400.0, 800.0)))
    panel = DisplayPanel(store)
    qtbot.addWidget(panel)
    assert (panel.level.value(), panel.width_.value()) == (400.0, 800.0)
    panel.width_.selectAll()
    QTest.keyClicks(panel.width_, "300")
    assert store.state.window == WindowLevel(400.0, 800.0)  # not before the number is finished
    QTest.keyClick(panel.width_, Qt.Key.Key_Return)
    assert store.state.window == WindowLevel(400.0, 300.0)
    store.undo()
    assert panel.width_.value() == 800.0


def test_that_a_narrow_window_gets_its_digits(store: Store, qtbot: QtBot) -> None:
    store.apply(lambda s: intents.open_stack(s, stack(1), WindowLevel(0.0123, 0.004)))
    panel = DisplayPanel(store)
    qtbot.addWidget(panel)
    assert panel.level.value() == pytest.approx(0.0123)
    assert [decimals_for(width) for width in (2000.0, 50.0, 0.5, 0.001)] == [0, 1, 3, 6]


def test_that_impossible_presets_are_greyed_with_a_reason(store: Store, qtbot: QtBot) -> None:
    panel = DisplayPanel(store)
    qtbot.addWidget(panel)
    panel.set_presets_possible(possible(RANGE, (0.5, 1.0)))
    model = panel.presets.model()
    second = model.index(panel.presets.findData(2), 0)
    assert not model.flags(second) & Qt.ItemFlag.ItemIsEnabled
    assert "no such window" in second.data(Qt.ItemDataRole.ToolTipRole)
    assert model.flags(model.index(panel.presets.findData(3), 0)) & Qt.ItemFlag.ItemIsEnabled


def test_that_a_preset_of_the_list_is_taken(rig: Rig) -> None:
    rig.open(series_of(stack(1)))
    panel = rig.window.areas.display
    panel.presets.setCurrentIndex(panel.presets.findData(3))
    panel.presets.activated.emit(panel.presets.currentIndex())
    assert rig.store.state.window == RANGE.full
    assert panel.presets.currentData() == -1


def test_that_colour_pictures_have_no_grey_window(store: Store, qtbot: QtBot) -> None:
    panel = DisplayPanel(store)
    qtbot.addWidget(panel)
    store.apply(lambda s: intents.open_stack(s, stack(1, samples=3)))
    assert not panel.level.isEnabled() and not panel.auto.isEnabled()


@pytest.mark.parametrize("key", sorted(possible(RANGE, (0.5, 1.0))))
def test_that_every_window_of_a_key_has_a_width(key: int) -> None:
    window = preset(key, RANGE, (0.5, 1.0))
    assert window is not None and window.width > 0


def test_that_the_own_window_fits_another_series() -> None:
    own = relative(WindowLevel(250.0, 100.0), RANGE)
    assert own == (0.25, 0.1)
    twice = replace(RANGE, robust_high=2000.0)
    assert preset(9, twice, own) == WindowLevel(500.0, 200.0)
    assert relative(WindowLevel(1.0, 1.0), replace(RANGE, robust_high=0.0)) is None


# Test mode


def test_that_the_sliders_of_test_mode_degrade_the_input(rig: Rig) -> None:
    rig.open(series_of(stack(1)))
    rig.key(Qt.Key.Key_T, Qt.KeyboardModifier.ControlModifier)
    panel = rig.window.areas.test
    assert rig.store.state.test_mode and panel.controls.isVisible()
    panel.noise.slider.setFocus()
    for _ in range(4):
        QTest.keyClick(panel.noise.slider, Qt.Key.Key_Right)
    QTest.keyClick(panel.blur.slider, Qt.Key.Key_Right)
    degradation = rig.store.state.degradation
    assert degradation.noise_percent == 2.0
    assert degradation.blur_px == 0.1
    assert rig.store.state.active_recipe.degradation == degradation
    rig.key(Qt.Key.Key_T, Qt.KeyboardModifier.ControlModifier)
    assert rig.store.state.active_recipe.degradation is None
    assert not panel.controls.isVisible()


def test_that_a_slider_row_keeps_slider_field_and_reset_together(qtbot: QtBot) -> None:
    row = SliderRow("Noise", 0.0, 20.0, 0.5, unit="%")
    qtbot.addWidget(row)
    heard: list[tuple[float, int]] = []
    row.changed.connect(lambda value, gesture: heard.append((value, gesture)))
    row.field.setValue(7.5)
    assert row.slider.value() == 15
    assert row.reset.isEnabled()
    row.reset.click()
    assert row.value == 0.0 and not row.reset.isEnabled()
    assert [value for value, _ in heard] == [7.5, 0.0]
    assert heard[0][1] != heard[1][1]


def test_that_one_drag_is_one_gesture_and_the_next_another(qtbot: QtBot) -> None:
    row = SliderRow("Blur", 0.0, 3.0, 0.1)
    qtbot.addWidget(row)
    gestures: list[int] = []
    row.changed.connect(lambda _value, gesture: gestures.append(gesture))
    for start in (2, 10):
        row.slider.setSliderDown(True)
        for value in range(start, start + 4):
            row.slider.setSliderPosition(value)
        row.slider.setSliderDown(False)
    assert len(gestures) == 8
    assert len(set(gestures[:4])) == len(set(gestures[4:])) == 1
    assert gestures[0] != gestures[4]


def test_that_the_wheel_over_a_field_scrolls_the_panel(qtbot: QtBot) -> None:
    field = NoWheelSpinBox()
    qtbot.addWidget(field)
    field.setRange(0, 10)
    event = QWheelEvent(QPointF(5, 5), QPointF(5, 5), QPoint(), QPoint(0, 120), Qt.MouseButton.NoButton,
                        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False)  # fmt: skip
    QApplication.sendEvent(field, event)
    assert field.value() == 0
    assert not event.isAccepted()


@pytest.mark.parametrize("name", list(PRESETS))
def test_that_a_preset_degrades_to_the_models_scale(store: Store, qtbot: QtBot, name: str) -> None:
    panel = TestPanel(store)
    qtbot.addWidget(panel)
    panel.presets[name].click()
    degradation = store.state.degradation
    assert (degradation.noise_percent, degradation.blur_px) == PRESETS[name]
    assert degradation.reduction == store.state.recipe.scale
    store.undo()
    assert store.state.degradation.noise_percent == 0.0


def test_that_the_degradation_of_training_is_one_undo_step(store: Store, qtbot: QtBot) -> None:
    panel = TestPanel(store)
    qtbot.addWidget(panel)
    panel.kind.button("gaussian").click()
    panel.bias.field.setValue(20.0)
    panel.method.button("bicubic").click()
    before = store.state.degradation
    assert (before.noise, before.bias_percent, before.method) == ("gaussian", 20.0, "bicubic")
    panel.match.click()
    assert store.state.degradation == Degradation(*TRAINED, store.state.recipe.scale)
    store.undo()
    assert store.state.degradation == before


def test_that_one_drag_of_the_bias_is_one_undo_step(store: Store, qtbot: QtBot) -> None:
    panel = TestPanel(store)
    qtbot.addWidget(panel)
    panel.bias.slider.sliderPressed.emit()
    panel.bias.slider.setSliderDown(True)
    for percent in (5, 12, 30):
        panel.bias.slider.setValue(percent)
    panel.bias.slider.setSliderDown(False)
    assert store.state.degradation.bias_percent == 30.0
    store.undo()
    assert store.state.degradation.bias_percent == 0.0


def test_that_new_noise_is_another_seed_and_can_be_undone(store: Store, qtbot: QtBot) -> None:
    panel = TestPanel(store)
    qtbot.addWidget(panel)
    seeds = set()
    for _ in range(3):
        panel.new_noise.click()
        seeds.add(store.state.degradation.seed)
        assert panel.seed.value() == store.state.degradation.seed
    assert len(seeds) == 3
    for _ in range(3):
        store.undo()
    assert store.state.degradation.seed == 0


def test_that_a_reduction_that_differs_from_the_scale_is_told(store: Store, qtbot: QtBot) -> None:
    panel = TestPanel(store)
    qtbot.addWidget(panel)
    panel.set_on(True)
    panel.show()
    assert not panel.mismatch.isVisible()
    panel.reduction.button(2).click()
    assert panel.mismatch.isVisible()
    assert "no scores" in panel.mismatch.text()
    panel.method.button("bicubic").click()
    assert store.state.degradation.method == "bicubic"


def test_that_the_truth_is_shown_by_key_in_test_mode_only(rig: Rig) -> None:
    rig.open(series_of(stack(1)))
    rig.focus_images()
    rig.key(Qt.Key.Key_O)
    assert not rig.store.state.show_reference
    rig.window.actions_["test_mode"].trigger()
    rig.focus_images()
    rig.key(Qt.Key.Key_O)
    assert rig.store.state.show_reference
    assert rig.window.areas.test.truth.isChecked()
    rig.window.actions_["test_mode"].trigger()
    assert not rig.store.state.show_reference


# The panel itself


def test_that_sections_fold_and_say_so(rig: Rig, qtbot: QtBot) -> None:
    panel = rig.window.areas.panel
    section = panel.section("device")
    panel.set_open_sections(())
    assert not rig.window.areas.device.isVisible()
    assert section.heading.accessibleName() == "Device, folded"
    with qtbot.waitSignal(panel.sections_changed) as heard:
        QTest.keyClick(section.heading, Qt.Key.Key_Space)
    assert heard.args[0] == ("device",)
    assert rig.window.areas.device.isVisible()
    assert section.heading.accessibleName() == "Device, open"


def test_that_nothing_is_cut_off_at_the_right(rig: Rig, qtbot: QtBot) -> None:
    rig.open(series_of(stack(1)))
    panel: SidePanel = rig.window.areas.panel
    panel.set_open_sections(("model", "device", "display", "test", "metrics"))
    rig.window.actions_["test_mode"].trigger()
    rig.window.areas.splitter.setSizes([300, 1000, 10])
    qtbot.wait(50)
    for content in (rig.window.areas.model, rig.window.areas.display, rig.window.areas.test):
        right = content.mapTo(panel, QPoint(content.width(), 0)).x()
        assert content.width() >= content.minimumSizeHint().width()
        assert right <= panel.width()


def test_that_test_mode_brings_its_section_into_view(rig: Rig, qtbot: QtBot) -> None:
    rig.open(series_of(stack(1)))
    rig.window.areas.panel.set_open_sections(("model", "device", "display"))
    rig.window.actions_["test_mode"].trigger()
    test = rig.window.areas.test

    def in_view() -> bool:
        top = test.mapTo(rig.window.areas.panel, QPoint(0, 0)).y()
        return 0 <= top < rig.window.areas.panel.height() - 100

    qtbot.waitUntil(in_view)


def test_that_state_changes_of_others_do_not_come_back_as_choices(rig: Rig) -> None:
    """Panels draw what the store says without answering: no undo step appears by itself."""
    rig.open(series_of(stack(1)))
    rig.store.apply(lambda s: intents.choose_model(s, "brainsr-x2", 2))
    rig.store.apply(lambda s: intents.set_window(s, WindowLevel(123.0, 45.0)))
    rig.store.apply(lambda s: intents.set_degradation(s, replace(s.degradation, noise_percent=3.3)))
    assert rig.store.undo_name == ""
    assert rig.store.state.degradation.noise_percent == 3.3
    assert rig.store.state.window == WindowLevel(123.0, 45.0)
    QApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest.value)
    assert rig.store.undo_name == ""
