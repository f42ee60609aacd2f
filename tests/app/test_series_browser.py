"""The browser: patients, studies, cards; search and filter; what a card says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QModelIndex, QPoint, Qt
from PySide6.QtGui import QContextMenuEvent, QFontMetrics
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from brainsr_desktop.app.series_browser import SeriesBrowser
from brainsr_desktop.app.series_card import (
    MARGIN_PX,
    THUMBNAIL_PX,
    Role,
    badges,
    facts,
    layout_of,
    notes,
    spoken,
    title,
    wrapped,
)
from brainsr_desktop.app.series_tree import STACK_MIME, pixmap_of
from brainsr_desktop.core.errors import Problem
from brainsr_desktop.session.pictures import SliceState
from tests.app.frame_kit import PATIENT, scanned, series_of, stack
from tests.app.viewing import make_stack

NEWER = replace(PATIENT, study_uid="1.3", study_date="20250101", study_description="Head, second time")
OTHER = replace(PATIENT, study_uid="1.4", patient_name="Beispiel^Bernd", patient_id="P-1")


@pytest.fixture
def browser(qtbot: QtBot) -> SeriesBrowser:
    made = SeriesBrowser()
    qtbot.addWidget(made)
    made.resize(300, 700)
    made.show()
    qtbot.waitExposed(made)
    return made


def tree_texts(browser: SeriesBrowser) -> list[tuple[int, str]]:
    """Depth and text of every line, from the top."""
    found: list[tuple[int, str]] = []

    def walk(parent: QModelIndex, depth: int) -> None:
        model = browser.tree.model()
        for row in range(model.rowCount(parent)):
            index = model.index(row, 0, parent)
            card = index.data(Role.STACK)
            found.append((depth, index.data() if card is None else card.id))
            walk(index, depth + 1)

    walk(QModelIndex(), 0)
    return found


def test_that_series_stand_below_their_study_and_patient(browser: SeriesBrowser) -> None:
    browser.add(series_of(stack(7)))
    browser.add(series_of(stack(2)))
    browser.add(series_of(stack(3), study=NEWER))
    browser.add(series_of(stack(4), study=OTHER))
    assert tree_texts(browser) == [
        (0, "Beispiel, Bernd, P-1, born 1960-01-02"),
        (1, "2024-03-05, Head"),
        (2, "4"),
        (0, "Muster, Anna, P-4711, born 1960-01-02"),
        (1, "2025-01-01, Head, second time"),
        (2, "3"),
        (1, "2024-03-05, Head"),
        (2, "2"),
        (2, "7"),
    ]


def test_that_the_same_patient_is_known_in_another_spelling(browser: SeriesBrowser) -> None:
    browser.add(series_of(stack(1)))
    browser.add(series_of(stack(2), study=replace(NEWER, patient_name="MUSTER^ANNA ", patient_id=" P-4711")))
    assert sum(depth == 0 for depth, _ in tree_texts(browser)) == 1


def test_that_another_identifier_is_another_patient(browser: SeriesBrowser) -> None:
    browser.add(series_of(stack(1)))
    browser.add(series_of(stack(2), study=replace(NEWER, patient_id="P-4712")))
    assert sum(depth == 0 for depth, _ in tree_texts(browser)) == 2


def test_that_a_series_without_number_stands_last(browser: SeriesBrowser) -> None:
    browser.add(series_of(replace(stack(1), series_number=None)))
    browser.add(series_of(stack(9)))
    assert [text for depth, text in tree_texts(browser) if depth == 2] == ["9", "1"]


def test_that_a_real_folder_of_a_study_is_listed(browser: SeriesBrowser, project: Path) -> None:
    for series in scanned(project / "resources" / "sample")[0]:
        browser.add(series)
    assert [title(found).split("  ")[0] for found in browser.stacks()] == ["1", "2", "3", "3", "3"]


def test_that_search_finds_description_number_patient_and_date(browser: SeriesBrowser) -> None:
    browser.add(series_of(stack(1, description="t1 mprage")))
    browser.add(series_of(stack(2, description="t2 tse"), study=NEWER))
    browser.add(series_of(stack(3, description="flair"), study=OTHER))
    for words, expected in (
        ("T1", ["1"]),
        ("tse", ["2"]),
        ("bernd", ["3"]),
        ("2025-01", ["2"]),
        ("anna head", ["2", "1"]),
        ("nothing like this", []),
        ("", ["3", "2", "1"]),
    ):
        browser.search.setText(words)
        assert [found.id for found in browser.stacks()] == expected, words


def test_that_search_does_not_find_a_hidden_patient(browser: SeriesBrowser) -> None:
    browser.add(series_of(stack(1)))
    browser.set_hidden(True)
    browser.search.setText("anna")
    assert browser.stacks() == ()
    browser.search.setText("series")
    assert len(browser.stacks()) == 1


def test_that_the_filter_leaves_out_what_is_not_wanted(browser: SeriesBrowser) -> None:
    browser.add(series_of(stack(1)))
    browser.add(series_of(stack(2, badges=("localizer",))))
    browser.add(series_of(stack(3, badges=("derived",))))
    browser.add(series_of(stack(4, why_not="colour image")))
    browser.add(series_of(stack(5, body_part="CSPINE", badges=("localizer", "derived"))))
    browser.add(series_of(stack(6, body_part="BRAIN", badges=("localizer", "derived"))))
    for kind, expected in (
        ("all", "123456"),
        ("suitable", "1236"),
        ("no_localizer", "134"),
        ("no_derived", "124"),
    ):
        browser.kind.setCurrentIndex(browser.kind.findData(kind))
        assert "".join(found.id for found in browser.stacks()) == expected


def test_that_enter_and_double_click_open(browser: SeriesBrowser, qtbot: QtBot) -> None:
    browser.add(series_of(stack(1)))
    model = browser.tree.model()
    index = model.index(0, 0, model.index(0, 0, model.index(0, 0)))
    browser.tree.setCurrentIndex(index)
    with qtbot.waitSignal(browser.opened) as heard:
        QTest.keyClick(browser.tree, Qt.Key.Key_Return)
    assert heard.args[0].id == "1"
    place = browser.tree.visualRect(index).center()
    with qtbot.waitSignal(browser.opened):
        QTest.mouseClick(browser.tree.viewport(), Qt.MouseButton.LeftButton, pos=place)
        QTest.mouseDClick(browser.tree.viewport(), Qt.MouseButton.LeftButton, pos=place)


def test_that_a_click_on_a_heading_folds_it(browser: SeriesBrowser) -> None:
    browser.add(series_of(stack(1)))
    patient = browser.tree.model().index(0, 0)
    assert browser.tree.isExpanded(patient)
    place = browser.tree.visualRect(patient).center()
    QTest.mouseClick(browser.tree.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert not browser.tree.isExpanded(patient)


def test_that_the_context_menu_offers_what_can_be_done(browser: SeriesBrowser, qtbot: QtBot) -> None:
    browser.add(series_of(stack(1)))
    found = browser.stacks()[0]
    menu = browser.menu_for(found)
    for words, signal in (
        ("Open", browser.opened),
        ("Enhance", browser.enhance_asked),
        ("Series details", browser.details_asked),
        ("Show in folder", browser.folder_asked),
        ("Close all", browser.close_asked),
    ):
        action = next(a for a in menu.actions() if words in a.text().replace("&", ""))
        with qtbot.waitSignal(signal):
            action.trigger()


def test_that_export_takes_all_selected_series(browser: SeriesBrowser, qtbot: QtBot) -> None:
    for number in (1, 2, 3):
        browser.add(series_of(stack(number)))
    browser.tree.selectAll()
    menu = browser.menu_for(browser.stacks()[0])
    with qtbot.waitSignal(browser.export_asked) as heard:
        next(action for action in menu.actions() if "xport" in action.text()).trigger()
    assert {found.id for found in heard.args[0]} == {"1", "2", "3"}


def test_that_what_cannot_be_enhanced_says_why_in_its_menu(browser: SeriesBrowser) -> None:
    browser.add(series_of(stack(1, why_not="phase image")))
    menu = browser.menu_for(browser.stacks()[0])
    enhance = next(action for action in menu.actions() if "nhance" in action.text())
    assert not enhance.isEnabled()
    assert "phase image" in enhance.toolTip()


def test_that_a_card_is_dragged_as_its_id(browser: SeriesBrowser) -> None:
    browser.add(series_of(stack(1)))
    model = browser.tree.model()
    card = model.index(0, 0, model.index(0, 0, model.index(0, 0)))
    assert bytes(model.mimeData([card]).data(STACK_MIME).data()) == b"1"
    assert card.flags() & Qt.ItemFlag.ItemIsDragEnabled
    assert not model.index(0, 0).flags() & Qt.ItemFlag.ItemIsDragEnabled


def test_that_thumbnails_of_visible_cards_are_asked_for_once_and_first(
    browser: SeriesBrowser, qtbot: QtBot
) -> None:
    asked: list[str] = []
    browser.thumbnail_wanted.connect(lambda found: asked.append(found.id))
    for number in range(1, 31):
        browser.add(series_of(stack(number)))
    qtbot.waitUntil(lambda: len(asked) >= 4)
    first = list(asked)
    assert first == [str(number) for number in range(1, len(first) + 1)]
    assert len(first) < 12
    browser.tree.scrollToBottom()
    qtbot.waitUntil(lambda: "30" in asked)
    browser.tree.scrollToTop()
    qtbot.wait(50)
    assert len(asked) == len(set(asked))
    assert "15" not in asked


def test_that_a_thumbnail_is_drawn_on_its_card(browser: SeriesBrowser) -> None:
    browser.add(series_of(stack(1)))
    model = browser.tree.model()
    card = model.index(0, 0, model.index(0, 0, model.index(0, 0)))
    where = browser.tree.visualRect(card)
    before = browser.tree.viewport().grab(where).toImage()
    browser.set_thumbnail("1", np.full((64, 96), 255, np.uint8))
    after = browser.tree.viewport().grab(where).toImage()
    assert before.pixelColor(60, 60).lightness() < 30
    assert after.pixelColor(60, 60).lightness() > 220
    browser.set_thumbnail("no such series", np.zeros((8, 8), np.uint8))


@pytest.mark.parametrize("shape", [(96, 96), (200, 100), (40, 41, 3), (1, 1)])
def test_that_a_pixmap_keeps_the_sides_apart(qapp: object, shape: tuple[int, ...]) -> None:
    pixels = np.zeros(shape, np.uint8)
    pixels[0, -1] = 255
    image = pixmap_of(pixels).toImage()
    assert image.width() / image.height() == pytest.approx(shape[1] / shape[0], rel=0.05)
    assert image.pixelColor(image.width() - 1, 0).lightness() > 40
    assert max(image.width(), image.height()) <= 96


def test_that_the_badge_tells_how_much_is_enhanced(browser: SeriesBrowser) -> None:
    browser.add(series_of(stack(1, slices=4)))
    found = browser.stacks()[0]

    def spoken_now() -> str:
        model = browser.tree.model()
        return str(
            model.index(0, 0, model.index(0, 0, model.index(0, 0))).data(Qt.ItemDataRole.AccessibleTextRole)
        )

    assert "enhanced" not in spoken_now()
    browser.set_slice_states(found, {0: SliceState.FULL, 1: SliceState.FAST})
    assert "partly" in spoken_now()
    browser.set_slice_states(found, dict.fromkeys(range(4), SliceState.FULL))
    assert "part" not in spoken_now() and "enhanced" in spoken_now()


def test_that_facts_name_matrix_spacing_step_and_plane() -> None:
    made = make_stack(rows=192, columns=256, spacing_mm=(0.9, 1.25), slices=24, plane="sagittal")
    assert facts(made).replace("\u00a0", " ") == "24 slices, 192 x 256, 0.9 x 1.25 x 5 mm, SAG"
    one = replace(make_stack(slices=1), thickness_mm=3.0)
    assert facts(one).replace("\u00a0", " ") == "1 slice, 40 x 32, 1 x 1 x 3 mm, AX"


def test_that_facts_do_not_claim_what_the_file_does_not_say() -> None:
    unknown = replace(make_stack(volumes=3), has_spacing=False, has_position=False)
    assert facts(unknown).replace("\u00a0", " ") == "24 slices x 3 volumes, 40 x 32"


def test_that_badges_put_what_matters_first() -> None:
    made = stack(1, badges=("derived",), why_not="phase image", problems=(Problem("a", "GAP", "b"),) * 2)
    assert [badge.words for badge in badges(made, "part")] == [
        "✓ partly",
        "! 2 problems",
        "view only",
        "derived",
    ]


def test_that_a_card_can_be_heard_as_one_sentence() -> None:
    made = stack(5, description="field map", split_reason="echo 2 of 3", order_note="order from instance numbers",
                 why_not="phase image")  # fmt: skip
    assert spoken(made, "") == (
        "5  field map, 8 slices, 40 x 32, 1 x 1 x 5 mm, AX, echo 2 of 3, order from instance numbers, "
        "viewing only: phase image"
    )


def test_that_control_characters_of_a_description_are_replaced() -> None:
    assert title(stack(1, description="a\u202eb\x1b[31m\nc")) == "1  a\ufffdb\ufffd[31m\ufffdc"


def test_that_words_are_wrapped_and_the_rest_is_elided(qapp: object) -> None:
    metrics = QFontMetrics(qapp.font())  # type: ignore[attr-defined]
    width = metrics.horizontalAdvance("one two three")
    assert wrapped("one two three four five", metrics, width, 5) == ["one two three", "four five"]
    assert wrapped("one two three four five six seven", metrics, width, 2)[1].endswith("…")
    assert wrapped("", metrics, width, 2) == []


def test_that_clearing_forgets_everything(browser: SeriesBrowser, qtbot: QtBot) -> None:
    browser.add(series_of(stack(1)))
    browser.set_problems(3)
    browser.clear()
    assert browser.stacks() == ()
    assert not browser.problems.isVisible()
    browser.add(series_of(stack(1)))
    assert len(browser.stacks()) == 1


def test_that_the_problem_line_leads_to_the_list(browser: SeriesBrowser, qtbot: QtBot) -> None:
    assert not browser.problems.isVisible()
    browser.set_problems(3)
    assert browser.problems.text() == "!  3 problems"
    with qtbot.waitSignal(browser.problems_asked):
        browser.problems.click()


def test_that_the_series_in_the_panes_is_marked_and_in_view(browser: SeriesBrowser) -> None:
    for number in range(1, 31):
        browser.add(series_of(stack(number)))
    last = browser.stacks()[-1]
    browser.set_open(last)
    index = browser.tree.currentIndex()
    assert index.data(Role.STACK).id == last.id
    assert index.data(Role.IS_OPEN)
    assert browser.tree.viewport().rect().contains(browser.tree.visualRect(index).center())
    browser.set_open(None)
    assert not index.data(Role.IS_OPEN)


@pytest.mark.parametrize("reason", [QContextMenuEvent.Reason.Keyboard, QContextMenuEvent.Reason.Mouse])
def test_that_key_and_right_click_open_the_menu_of_the_card(
    browser: SeriesBrowser, monkeypatch: pytest.MonkeyPatch, reason: QContextMenuEvent.Reason
) -> None:
    opened: list[QPoint] = []
    monkeypatch.setattr(QMenu, "popup", lambda _menu, place: opened.append(place))
    browser.add(series_of(stack(1)))
    model = browser.tree.model()
    card = model.index(0, 0, model.index(0, 0, model.index(0, 0)))
    browser.tree.setCurrentIndex(card)
    place = browser.tree.viewport().mapToGlobal(browser.tree.visualRect(card).center())
    QApplication.sendEvent(browser, QContextMenuEvent(reason, QPoint(5, 5), place))
    assert len(opened) == 1


def test_that_series_of_one_number_stand_by_time_then_by_uid(browser: SeriesBrowser) -> None:
    def of(stack_id: str, uid: str, made_s: float | None) -> None:
        browser.add(series_of(replace(stack(5), id=stack_id, series_uid=uid, made_s=made_s, digest=stack_id)))

    of("1", "1.9", None)
    of("2", "1.5", 50.0)
    of("3", "1.8", 40.0)
    of("4", "1.4", 50.0)
    assert [found.id for found in browser.stacks()] == ["3", "4", "2", "1"]


def test_that_parts_of_a_series_stand_as_they_were_found(browser: SeriesBrowser) -> None:
    parts = tuple(
        replace(stack(5), id=f"2.{number}", made_s=90.0 - number, digest=str(number))
        for number in range(1, 12)
    )
    browser.add(series_of(*parts))
    assert [found.id for found in browser.stacks()] == [f"2.{number}" for number in range(1, 12)]


@pytest.mark.parametrize(
    ("name", "number", "hint"),
    [
        ("Other^One", "P-4711", "another patient here has the same ID"),
        ("MUSTER^anna^^", "P-9", "another patient here has the same name"),
        ("Other^One", "P-9", ""),
    ],
)
def test_that_patients_that_differ_in_one_thing_only_get_a_hint(
    browser: SeriesBrowser, name: str, number: str, hint: str
) -> None:
    browser.add(series_of(stack(1)))
    browser.add(series_of(stack(2), study=replace(NEWER, patient_name=name, patient_id=number)))
    headings = [text for depth, text in tree_texts(browser) if depth == 0]
    assert len(headings) == 2
    assert all((hint in heading) if hint else "another patient" not in heading for heading in headings)


def test_that_badges_that_have_no_room_are_counted(browser: SeriesBrowser) -> None:
    many = ("localizer", "derived", "no UID", "no DICOM", "AI-made", "map")
    browser.add(series_of(stack(1, badges=many)))
    model = browser.tree.model()
    card = model.index(0, 0, model.index(0, 0, model.index(0, 0)))
    assert all(badge in card.data(Qt.ItemDataRole.ToolTipRole) for badge in many)
    where = browser.tree.visualRect(card)
    full = browser.tree.viewport().grab(where).toImage()
    browser.add(series_of(stack(1, badges=many[:1])))
    assert browser.tree.viewport().grab(where).toImage() != full


@pytest.mark.parametrize("points", [10, 13, 20])
@pytest.mark.parametrize("width", [230, 300, 420])
def test_that_no_word_of_a_card_is_cut_off(browser: SeriesBrowser, points: int, width: int) -> None:
    found = stack(
        1, description="t1 mprage sagittal", badges=("localizer", "no UID"), split_reason="echo 2 of 3"
    )
    font = browser.font()
    font.setPointSize(points)
    laid = layout_of(found, badges(found, "part", degraded=True), font, width - 30)
    for lines, text in ((laid.title, title(found)), (laid.facts, facts(found)), (laid.notes, notes(found))):
        assert "".join(lines).replace(" ", "").replace("\u00a0", "") == text.replace(" ", "").replace(
            "\u00a0", ""
        )
    assert laid.left_over == 0
    room = width - 30 - 2 * MARGIN_PX - (0 if laid.badges_below else THUMBNAIL_PX + MARGIN_PX)
    widest = max(QFontMetrics(font).horizontalAdvance(badge.words) for row in laid.badges for badge in row)
    assert widest + 12 <= room


def test_that_a_narrow_browser_gives_its_cards_more_height(browser: SeriesBrowser, qtbot: QtBot) -> None:
    browser.add(
        series_of(stack(1, description="a rather long description of a series", badges=("localizer",)))
    )
    model = browser.tree.model()
    card = model.index(0, 0, model.index(0, 0, model.index(0, 0)))
    browser.resize(420, 700)
    qtbot.waitUntil(lambda: browser.tree.visualRect(card).width() > 350)
    wide = browser.tree.visualRect(card).height()
    browser.resize(230, 700)
    qtbot.waitUntil(lambda: browser.tree.visualRect(card).height() > wide)


def test_that_words_of_the_files_room_are_translated_where_they_are_shown() -> None:
    made = replace(
        stack(1, badges=("phase", "3 volumes")),
        split_reason="localizer: sagittal",
        order_note="order from times",
    )
    assert notes(made) == "localizer: sagittal, order from times"
    assert [badge.text for badge in badges(made, "", degraded=True)] == ["degraded", "phase", "3 volumes"]


def test_that_ctrl_and_shift_select_several(browser: SeriesBrowser) -> None:
    for number in (1, 2, 3, 4):
        browser.add(series_of(stack(number)))
    model = browser.tree.model()
    study = model.index(0, 0, model.index(0, 0))

    def click(row: int, modifier: Qt.KeyboardModifier) -> None:
        place = browser.tree.visualRect(model.index(row, 0, study)).center()
        QTest.mouseClick(browser.tree.viewport(), Qt.MouseButton.LeftButton, modifier, place)

    browser.resize(300, 900)
    click(0, Qt.KeyboardModifier.NoModifier)
    click(2, Qt.KeyboardModifier.ControlModifier)
    assert {found.id for found in browser.selected()} == {"1", "3"}
    click(0, Qt.KeyboardModifier.NoModifier)
    click(2, Qt.KeyboardModifier.ShiftModifier)
    assert {found.id for found in browser.selected()} == {"1", "2", "3"}


def test_that_everything_can_be_done_with_keys_alone(browser: SeriesBrowser, qtbot: QtBot) -> None:
    for number in (1, 2):
        browser.add(series_of(stack(number)))
    browser.tree.setFocus()
    for _ in range(3):
        QTest.keyClick(browser.tree, Qt.Key.Key_Down)
    with qtbot.waitSignal(browser.opened) as heard:
        QTest.keyClick(browser.tree, Qt.Key.Key_Return)
    first = heard.args[0].id
    QTest.keyClick(browser.tree, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert len(browser.selected()) >= 1 and first in {"1", "2"}
    while browser.tree.currentIndex().parent().isValid():
        QTest.keyClick(browser.tree, Qt.Key.Key_Left)
    QTest.keyClick(browser.tree, Qt.Key.Key_Left)
    assert not browser.tree.isExpanded(browser.tree.currentIndex())
    QTest.keyClick(browser.tree, Qt.Key.Key_Right)
    assert browser.tree.isExpanded(browser.tree.currentIndex())
