"""The desk's painters: one for each kind of view (kiosk/staff/desk/views.py), which together serve every page."""

from __future__ import annotations

from kiosk.screens.staff import asking, box, charts, facts, lists, menu, stepper, steps, touch
from kiosk.staff.desk.views import (
    BoxView,
    ChartsView,
    ConfirmView,
    FactsView,
    ListView,
    MenuView,
    NoteView,
    PadView,
    PickView,
    StepperView,
    StepsView,
    TouchView,
    TypeView,
)
from kiosk.ui.canvas import Canvas


def paint(c: Canvas) -> None:
    """Draw and note targets."""
    staff = c.snapshot.staff
    if staff is None:
        return
    match staff.page:
        case MenuView() as view:
            menu.paint(c, view)
        case ListView() as view:
            lists.paint(c, view)
        case FactsView() as view:
            facts.paint(c, view)
        case StepsView() as view:
            steps.paint(c, view)
        case StepperView() as view:
            stepper.paint(c, view)
        case ChartsView() as view:
            charts.paint(c, view)
        case BoxView() as view:
            box.paint(c, view)
        case TouchView() as view:
            touch.paint(c, view)
        case PadView() as view:
            asking.pad(c, view)
        case TypeView() as view:
            asking.letters(c, view)
        case PickView() as view:
            asking.pick(c, view)
        case ConfirmView() as view:
            asking.confirm(c, view)
        case NoteView() as view:
            asking.note(c, view)
