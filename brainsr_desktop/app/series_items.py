"""What the series browser lists: patients, studies, series, other objects; and the words of each line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePath
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QByteArray, QMimeData, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QStandardItem, QStandardItemModel

from brainsr_desktop.app.plain_text import HIDDEN, day, person, shown, tool_tip
from brainsr_desktop.app.series_card import (
    Enhanced,
    Role,
    badges,
    facts,
    notes,
    spoken,
    title,
    viewing_only,
)
from brainsr_desktop.app.series_tree import STACK_MIME, newest_first, pixmap_of, stack_order
from brainsr_desktop.app.series_words import (
    PatientKey,
    patient_hint,
    patient_key,
    patient_words,
    study_words,
)
from brainsr_desktop.core.errors import Problem
from brainsr_desktop.core.series import SeriesInfo, StackInfo, StudyInfo
from brainsr_desktop.language import tr
from brainsr_desktop.session.pictures import SliceState

PROBLEMS_TOLD: Final = 3
LAST: Final = "\U0010ffff"
"""Comes after every name."""
AnyIndex = QModelIndex | QPersistentModelIndex


class SeriesItems(QStandardItemModel):
    """Patient, study, series. A series can be dragged as its stack's id."""

    study_began = Signal(object)  # QStandardItem: its first series came

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._stacks: dict[str, QStandardItem] = {}
        self._studies: dict[tuple[PatientKey, str], QStandardItem] = {}
        self._patients: dict[PatientKey, QStandardItem] = {}
        self._others: QStandardItem | None = None
        self._hidden = False
        self._open_id = ""

    def mimeTypes(self) -> list[str]:
        return [STACK_MIME]

    def mimeData(self, indexes: list[AnyIndex]) -> QMimeData:  # type: ignore[override]  # a sequence for Qt, a list in its stubs
        data = QMimeData()
        stacks = [stack for index in indexes if (stack := index.data(Role.STACK)) is not None]
        if stacks:
            data.setData(STACK_MIME, QByteArray(stacks[0].id.encode()))
        return data

    # --- what is there

    def add(self, series: SeriesInfo) -> None:
        """Show a series as soon as it is known; one that is known already is renewed."""
        made_s = min((stack.made_s for stack in series.stacks if stack.made_s is not None), default=None)
        for stack in series.stacks:
            if stack.id in self._stacks:
                self._stacks[stack.id].setData(stack, Role.STACK)
                self._describe_stack(self._stacks[stack.id])
                continue
            item = QStandardItem()
            item.setData(stack, Role.STACK)
            item.setData(stack_order(stack, made_s), Role.SORT)
            self._stacks[stack.id] = item
            study = self._study_item(series.study)
            study.appendRow(item)
            self._describe_stack(item)
            if study.rowCount() == 1:
                self.study_began.emit(study)

    def remove(self, stacks: Iterable[StackInfo]) -> None:
        """Take series away, and studies and patients that have none left."""
        for stack in stacks:
            item = self._stacks.pop(stack.id, None)
            if item is None:
                continue
            study = item.parent()
            study.removeRow(item.row())
            if not study.hasChildren():
                self._remove_study(study)
        for patient in self._patients.values():
            self._describe_patient(patient)

    def _remove_study(self, study: QStandardItem) -> None:
        patient = study.parent()
        del self._studies[_study_key(study.data(Role.STUDY))]
        patient.removeRow(study.row())
        if not patient.hasChildren():
            del self._patients[patient_key(patient.data(Role.STUDY))]
            self.removeRow(patient.row())

    def replace(self, gone: Iterable[StackInfo], series: SeriesInfo) -> None:
        """Show a series in other parts than before; its study stays as it is folded."""
        # The new ones first, so that study and patient stay.
        self.add(series)
        self.remove(gone)

    def set_others(self, problems: Sequence[Problem]) -> None:
        """List what is DICOM but no image, below all patients."""
        if self._others is not None:
            self.removeRow(self._others.row())
            self._others = None
        if not problems:
            return
        self._others = QStandardItem()
        self._others.setData((LAST, ""), Role.SORT)
        self._others.setDragEnabled(False)
        for number, problem in enumerate(problems):
            child = QStandardItem()
            child.setData(number, Role.SORT)
            child.setData(problem, Role.OTHER)
            child.setDragEnabled(False)
            self._others.appendRow(child)
        self._describe_others()
        self.appendRow(self._others)

    def forget_all(self) -> None:
        """Forget everything."""
        self.clear()
        self._others = None
        for known in (self._stacks, self._studies, self._patients):
            known.clear()
        self._open_id = ""

    def stack(self, stack_id: str) -> StackInfo | None:
        """The stack with this id."""
        item = self._stacks.get(stack_id)
        return None if item is None else item.data(Role.STACK)

    def study_of(self, stack: StackInfo) -> StudyInfo | None:
        """Patient and study of a stack that is listed."""
        item = self._stacks.get(stack.id)
        return None if item is None else item.parent().data(Role.STUDY)

    def line(self, stack_id: str) -> QStandardItem | None:
        """The line of a stack."""
        return self._stacks.get(stack_id)

    def of_patient(self, stack: StackInfo) -> tuple[StackInfo, ...]:
        """Every series of a stack's patient, filtered out or not."""
        item = self._stacks.get(stack.id)
        patient = None if item is None else item.parent().parent()
        return tuple(
            other.data(Role.STACK)
            for other in self._stacks.values()
            if patient is not None and other.parent().parent() is patient
        )

    # --- what changes

    def set_open(self, stack: StackInfo | None) -> None:
        """Mark the series that is shown in the panes."""
        for stack_id in (self._open_id, stack.id if stack is not None else ""):
            if stack_id in self._stacks:
                self._stacks[stack_id].setData(stack is not None and stack_id == stack.id, Role.IS_OPEN)
        self._open_id = stack.id if stack is not None else ""

    def set_slice_states(self, stack: StackInfo, states: Mapping[int, SliceState]) -> None:
        """Badge of a series: enhanced in part or all of it."""
        item = self._stacks.get(stack.id)
        if item is None:
            return
        full = sum(state is SliceState.FULL for state in states.values())
        enhanced: Enhanced = "" if full == 0 else "all" if full >= stack.slices else "part"
        if item.data(Role.ENHANCED) != enhanced:
            item.setData(enhanced, Role.ENHANCED)
            self._describe_stack(item)

    def set_degraded(self, stack: StackInfo | None) -> None:
        """Badge of the series that test mode shows worse than it is; None: there is none."""
        for item in self._stacks.values():
            degraded = stack is not None and item.data(Role.STACK).id == stack.id
            if bool(item.data(Role.DEGRADED)) != degraded:
                item.setData(degraded, Role.DEGRADED)
                self._describe_stack(item)

    def set_thumbnail(self, stack_id: str, pixels: NDArray[np.uint8]) -> None:
        """Show a small picture, (rows, columns) grey or (rows, columns, 3) colour, uint8."""
        item = self._stacks.get(stack_id)
        if item is not None:
            item.setData(pixmap_of(pixels), Role.THUMBNAIL)

    def set_hidden(self, hidden: bool) -> None:
        """Show or hide who the patient is."""
        self._hidden = hidden
        for patient in self._patients.values():
            self._describe_patient(patient)
        for study in self._studies.values():
            self._describe_study(study)
        for item in self._stacks.values():
            self._describe_stack(item)
        self._describe_others()

    # --- words

    def _study_item(self, study: StudyInfo) -> QStandardItem:
        item = self._studies.get(_study_key(study))
        if item is None:
            item = self._studies[_study_key(study)] = QStandardItem()
            item.setData(study, Role.STUDY)
            item.setData((newest_first(study.study_date), study.study_uid), Role.SORT)
            item.setDragEnabled(False)
            self._describe_study(item)
            self._patient_item(study).appendRow(item)
        return item

    def _patient_item(self, study: StudyInfo) -> QStandardItem:
        key = patient_key(study)
        item = self._patients.get(key)
        if item is None:
            item = self._patients[key] = QStandardItem()
            item.setData(study, Role.STUDY)
            item.setData(key, Role.SORT)
            item.setDragEnabled(False)
            self.appendRow(item)
            for patient in self._patients.values():
                self._describe_patient(patient)
        return item

    def _describe_patient(self, item: QStandardItem) -> None:
        study: StudyInfo = item.data(Role.STUDY)
        hint = patient_hint(patient_key(study), self._patients)
        words = patient_words(study, hidden=self._hidden)
        self._set_heading(item, f"{words} (! {hint})" if hint else words, bold=True)

    def _describe_study(self, item: QStandardItem) -> None:
        self._set_heading(item, study_words(item.data(Role.STUDY), hidden=self._hidden))

    def _describe_others(self) -> None:
        others = self._others
        if others is None:
            return
        self._set_heading(others, tr("Other objects ({count})", count=others.rowCount()), bold=True)
        for row in range(others.rowCount()):
            problem: Problem = others.child(row).data(Role.OTHER)
            name = tr(HIDDEN) if self._hidden else PurePath(problem.path).name
            words = f"{name}: {problem.reason}"
            self._set_heading(others.child(row), words)
            others.child(row).setData(words, Role.SEARCH)

    def _set_heading(self, item: QStandardItem, text: str, *, bold: bool = False) -> None:
        item.setText(shown(text))
        item.setToolTip(tool_tip(text))
        font = item.font()
        font.setBold(bold)
        item.setFont(font)

    def _describe_stack(self, item: QStandardItem) -> None:
        stack: StackInfo = item.data(Role.STACK)
        study: StudyInfo = item.parent().data(Role.STUDY)
        enhanced: Enhanced = item.data(Role.ENHANCED) or ""
        degraded = bool(item.data(Role.DEGRADED))
        words = spoken(stack, enhanced, degraded=degraded)
        item.setData(words, Qt.ItemDataRole.AccessibleTextRole)
        marks = ", ".join(badge.text for badge in badges(stack, enhanced, degraded=degraded))
        told = () if self._hidden else tuple(problem.reason for problem in stack.problems[:PROBLEMS_TOLD])
        item.setToolTip(tool_tip(title(stack), facts(stack), notes(stack), viewing_only(stack), marks, *told))
        who = (
            "" if self._hidden else f"{person(study.patient_name)} {study.patient_id} {day(study.study_date)}"
        )
        item.setData(f"{words} {study.study_description} {who}", Role.SEARCH)


def _study_key(study: StudyInfo) -> tuple[PatientKey, str]:
    return patient_key(study), study.study_uid
