"""Five hints beside the real controls, for the first time and from the Help menu."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QToolBar, QVBoxLayout, QWidget

from brainsr_desktop.app.actions import Actions
from brainsr_desktop.app.areas import Areas
from brainsr_desktop.language import tr

WIDTH_PX: Final = 320
GAP_PX: Final = 10


@dataclass(frozen=True, slots=True)
class Step:
    """A hint; ``target`` is asked when it is shown, as tool buttons may come and go."""

    target: Callable[[], QWidget | None]
    title: str
    text: str


def tour_steps(areas: Areas, tools: QToolBar, actions: Actions) -> tuple[Step, ...]:
    """What a newcomer should know first."""
    test, export = (partial(tools.widgetForAction, actions[name]) for name in ("test_mode", "export"))
    return (
        Step(
            lambda: areas.slider,
            tr("Go through the slices"),
            tr(
                "Turn the wheel over the pictures, use the arrow keys, or drag here. "
                "The marks tell which slices are enhanced."
            ),
        ),
        Step(
            lambda: areas.pair.left,
            tr("Brightness"),
            tr(
                "Drag with the left button: right is wider, up is brighter. "
                "0 brings the automatic window back, R the whole slice."
            ),
        ),
        Step(
            lambda: areas.pair.right,
            tr("Original and enhanced"),
            tr("Hold Space to see the original in this pane. The bar above always says what the picture is."),
        ),
        Step(
            test,
            tr("Put a network to the test"),
            tr(
                "Test mode makes the slice worse on purpose and measures how near the network comes to the truth."
            ),
        ),
        Step(
            export,
            tr("Export"),
            tr("Writes the enhanced series as DICOM, NIfTI or pictures. Your own files are never changed."),
        ),
    )


class Tour(QFrame):
    """A bubble that goes from control to control. The controls can be used meanwhile."""

    def __init__(self, window: QWidget, steps: Sequence[Step]) -> None:
        super().__init__(window)
        self._window = window
        self._steps = tuple(steps)
        self._place = 0
        self.setObjectName("tour")
        self.setAccessibleName(tr("Short tour"))
        self.setFixedWidth(WIDTH_PX)
        self.title, self.text, self.count = QLabel(), QLabel(), QLabel()
        for label in (self.title, self.text, self.count):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
        self.title.setObjectName("emphasis")
        self.count.setObjectName("quiet")
        self.skip, self.next = QPushButton(tr("&Skip")), QPushButton(tr("&Next"))
        self.next.setObjectName("primary")
        self.skip.clicked.connect(self.end)
        self.next.clicked.connect(self.go_on)
        buttons = QHBoxLayout()
        buttons.addWidget(self.count, 1)
        buttons.addWidget(self.skip)
        buttons.addWidget(self.next)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 12, 14, 12)
        layout.addWidget(self.title)
        layout.addWidget(self.text)
        layout.addLayout(buttons)
        self.mark = QFrame(window)
        self.mark.setObjectName("tour_mark")
        self.mark.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.mark.hide()
        self.hide()
        window.installEventFilter(self)

    @property
    def place(self) -> int:
        """Number of the hint that is shown, from 0."""
        return self._place

    def start(self) -> None:
        """Show the first hint."""
        self._place = 0
        self._draw()

    def go_on(self) -> None:
        """Show the next hint; after the last one the tour ends."""
        self._place += 1
        if self._place >= len(self._steps):
            self.end()
        else:
            self._draw()

    def end(self) -> None:
        """Put the bubble away."""
        self.hide()
        self.mark.hide()

    def _draw(self) -> None:
        step = self._steps[self._place]
        self.title.setText(step.title)
        self.text.setText(step.text)
        self.count.setText(tr("{place} of {count}", place=self._place + 1, count=len(self._steps)))
        self.next.setText(tr("&Done") if self._place == len(self._steps) - 1 else tr("&Next"))
        self.adjustSize()
        self.show()
        self._put()
        self.next.setFocus(Qt.FocusReason.PopupFocusReason)

    def _put(self) -> None:
        target = self._steps[self._place].target()
        area = self._window.rect()
        if target is None or not target.isVisible():
            self.mark.hide()
            self.move(area.center() - self.rect().center())
        else:
            around = QRect(target.mapTo(self._window, QPoint(0, 0)), target.size())
            self.mark.setGeometry(around.adjusted(-3, -3, 3, 3))
            self.mark.show()
            self.mark.raise_()
            self.move(beside(around, self.size().width(), self.size().height(), area))
        self.raise_()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Qt calls it; Esc ends the tour."""
        if event.key() == Qt.Key.Key_Escape:
            self.end()
            return
        super().keyPressEvent(event)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Qt calls it; the bubble follows when the window gets another size."""
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self._put()
        return False


def beside(target: QRect, width: int, height: int, area: QRect) -> QPoint:
    """Where a bubble goes: below its target, else above, else over its middle; always inside the area."""
    x = target.center().x() - width // 2
    if target.bottom() + GAP_PX + height <= area.bottom():
        y = target.bottom() + GAP_PX
    elif target.top() - GAP_PX - height >= area.top():
        y = target.top() - GAP_PX - height
    else:
        y = target.center().y() - height // 2
    return QPoint(
        min(max(x, area.left() + GAP_PX), area.right() - GAP_PX - width),
        min(max(y, area.top() + GAP_PX), area.bottom() - GAP_PX - height),
    )
