"""The kinds of things that the record knows, and the widest values it takes. Without SQL: cheap to import."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class SessionState(StrEnum):
    """How a session stands."""

    OPEN = "open"
    COMPLETED = "completed"
    STOPPED = "stopped"  # ended before its plan: clip, button, member, fault
    INTERRUPTED = "interrupted"  # the kiosk went away; closed at the next start with what there was


class Verdict(StrEnum):
    """What the coach made of a session (coaching.md section 3)."""

    CLEAN = "clean"
    HOLD = "hold"
    AMBER = "amber"
    RED = "red"


class Screened(StrEnum):
    """What a screening came to. The answers behind it are not kept."""

    CLEAR = "clear"
    LIMIT = "limit"
    GATE = "gate"
    FORBID = "forbid"


class AgeBand(StrEnum):
    """All that is known of a member's age."""

    TEEN = "16-17"
    ADULT = "18-64"
    OLDER = "65+"


class Role(StrEnum):
    """What a staff account may do; physio may besides sign clinician programs."""

    STAFF = "staff"
    OWNER = "owner"
    PHYSIO = "physio"


class CapScope(StrEnum):
    """What a cap row is about; ``cap.key`` says which one."""

    GYM = "gym"  # key ''
    TREADMILL = "treadmill"  # key: Bluetooth address
    PROGRAM = "program"  # key: program id
    VISITS = "visits"  # key: the last visit it holds for, "4"
    AGE = "age"  # key: an AgeBand
    GUEST = "guest"  # key ''
    MEMBER = "member"  # key: member id
    INCLINE = "incline"  # key: slope in 0.1 % from which it holds


class Severity(StrEnum):
    """How an event is shown in the log."""

    INFO = "info"
    NOTICE = "notice"
    STOP = "stop"
    FAULT = "fault"


MAX_CAP_CKMH: Final = 563  # 3.5 mph; hardware.config.MAX_CAP_KMH (a test holds the two together)
MIN_CAP_CKMH: Final = 50
MAX_INCLINE_DPCT: Final = 50
