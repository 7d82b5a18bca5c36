"""The desk as the painters may know it. Pure."""

from __future__ import annotations

from kiosk.staff.desk.model import IDLE_S, Here
from kiosk.staff.desk.turn import Desk
from kiosk.staff.desk.views import StaffView


def staff_view(desk: Desk, here: Here) -> StaffView:
    """One frame's worth."""
    left_s = max(0.0, IDLE_S - (here.now_s - desk.active_s))
    return StaffView(desk.who.name, int(left_s + 0.999), desk.page.view(here))
