"""Treadmills as data: the demo machine, and real ones from the facts in treadmills.md (sections 2, 3 and 6).

A machine is its identity and its ``Habits``. The default of every habit is what FTMS says; a machine lists where it
departs from it, with the source beside it (``QZ#n`` = issue n of cagnulein/qdomyos-zwift, others: treadmills.md).
A value without a source is marked *assumed*: chosen so that the machine can be simulated at all.
Speeds 0.01 km/h, inclines 0.1 %, times seconds, rates per second.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Literal

KMH_PER_MILE: Final = 1.609344


class Start(StrEnum):
    """What `07` does."""

    SPEC = "spec"  # starts a resting belt, refused (04) while it runs
    TOGGLE = "toggle"  # while running: ramps to 0 (QZ#5100)
    IGNORED = "ignored"  # answered, nothing happens
    LOOPS = "loops"  # again during the countdown: the countdown begins anew (QZ#4066)
    NEEDS_HAND = "needs_hand"  # waits for a person to press start at the console (QZ#571)
    SPEED_STARTS = "speed_starts"  # `07` first is refused; a target speed starts the belt (QZ#4702)


class Stop(StrEnum):
    """What `08 01` does."""

    SPEC = "spec"
    IGNORED = "ignored"  # answered 01, the belt goes on (QZ#923)
    TOGGLE = "toggle"  # at rest: starts the belt (QZ#470)
    NEEDS_MINIMUM = "needs_minimum"  # acts only once the belt is at its minimum (QZ PR#4916: speed down, then stop)


class Pause(StrEnum):
    """What `08 02` does."""

    SPEC = "spec"
    UNSUPPORTED = "unsupported"  # result 03 (QZ#1255)
    TOGGLE = "toggle"  # at rest: starts the belt
    SLOWS = "slows"  # down to 1 mph and on (QZ#1850)
    IGNORED = "ignored"
    COASTS = "coasts"  # power off: it rolls out


class LinkLoss(StrEnum):
    """What the belt does when the link is lost."""

    CONTINUES = "continues"  # most (safety.md 2.6)
    STOPS = "stops"  # comes to rest on its ordinary ramp
    COASTS = "coasts"  # power off: it rolls out


class Speed(StrEnum):
    """What `02` does."""

    SPEC = "spec"
    IGNORED = "ignored"  # answered 01, no effect (QZ#2385, hassio-ftms#26)
    UNSUPPORTED = "unsupported"  # result 02
    AFTER_HAND_START = "after_hand_start"  # only once a person has started the belt at the console (QZ#429)


class Answers(StrEnum):
    """How the control point answers."""

    SPEC = "spec"
    LOST = "lost"  # the write is acknowledged, no indication follows (bluez.md F5)
    SUCCESS = "success"  # 01 whatever is asked (QZ#5100)
    REFUSED = "refused"  # 05 whatever is asked
    FAILED = "failed"  # 04 whatever is asked
    ATT_SILENT = "att_silent"  # not even the write is acknowledged (bluez.md F4)
    ATT_ERROR = "att_error"  # the write is refused with ATT 0x80


class Telemetry(StrEnum):
    """What Treadmill Data does."""

    SPEC = "spec"
    SILENT = "silent"  # no record at all
    STUCK = "stuck"  # the same record again and again
    GARBAGE = "garbage"  # bytes that promise more than they hold


class Ranges(StrEnum):
    """What 2AD4 and 2AD5 say."""

    SPEC = "spec"
    ZERO = "zero"
    MISSING = "missing"  # the characteristic is not there (pyftms drops the speed setting then)


class Training(StrEnum):
    """What 2AD3 says."""

    SPEC = "spec"
    EMPTY = "empty"  # no byte at all (pyftms#17)
    RESERVED = "reserved"  # status 10 and 11 (hassio-ftms PR#52)


class Advert(StrEnum):
    """How it advertises."""

    SPEC = "spec"
    NO_NAME = "no_name"  # Omega Z
    NO_SERVICE_DATA = "no_service_data"  # pyftms PR#49
    SHORT = "short"  # one byte of service data
    SWAPPED = "swapped"  # type bytes in the wrong order
    ABSENT = "absent"  # off, out of range, or only on for two minutes (Mobvoi)
    IN_USE = "in_use"  # another phone holds the one link: silent, and a connection attempt fails


class Bluetooth(StrEnum):
    """What the host's own Bluetooth service does (bluez.md F11, F14)."""

    UP = "up"
    HUNG = "hung"  # nothing in, nothing out; all of it late when it wakes
    KILLED = "killed"  # nobody is told; the kernel drops the link 2 s later


Field = Literal[
    "speed",
    "average",
    "distance",
    "incline",
    "elevation",
    "pace",
    "average_pace",
    "energy",
    "heart_rate",
    "met",
    "elapsed",
    "remaining",
    "force",
    "steps",
]

FIELD_BITS: Final[dict[Field, int]] = {
    "speed": 0,  # inverse: present when the bit is 0
    "average": 1,
    "distance": 2,
    "incline": 3,
    "elevation": 4,
    "pace": 5,
    "average_pace": 6,
    "energy": 7,
    "heart_rate": 8,
    "met": 9,
    "elapsed": 10,
    "remaining": 11,
    "force": 12,
    "steps": 13,  # not in the specification: step count, three bytes (Urevo, FitShow, KingSmith)
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How a machine behaves. Each default is the specification's way, or the usual figure."""

    # belt and deck
    start_latency_s: float = 2.5
    accel_ckmh_s: float = 50.0
    decel_ckmh_s: float = 100.0  # 0.28 m/s2, the peer simulator's calibration (safety.md 5.2)
    stop_decel_ckmh_s: float = 100.0
    key_decel_ckmh_s: float = 500.0  # 1.4 m/s2 (safety.md 5.2, to be measured)
    coast_decel_ckmh_s: float = 30.0  # power off, somebody's weight on the belt (assumed)
    incline_rate_dpct_s: float = 5.0
    react_s: float = 0.225  # write to first change (Urevo pcap)
    write_scale: float = 1.0  # true speed = written x this
    report_scale: float = 1.0  # reported = true speed x this
    runaway_ckmh: int | None = None  # speeds up by itself to this (QZ#3500)
    falls_back_after_s: float | None = None  # to its minimum, some time after it started (QZ#2630)
    stops_itself_after_s: float | None = None  # QZ#4019, QZ#3797
    starts_itself_after_s: float | None = None  # after connecting (QZ#923)

    # control point
    start: Start = Start.SPEC
    stop: Stop = Stop.SPEC
    pause: Pause = Pause.SPEC
    speed: Speed = Speed.SPEC
    countdown_deaf: bool = False  # a stop during the countdown is answered and forgotten
    resumes_at_last_speed: bool = False
    drops_link_on_early_speed: bool = False  # KingSmith: a speed during spin-up
    incline_success_without_deck: bool = False  # Urevo: 03 answers 01 though there is no incline
    clamps_silently: bool = False  # out of range: 01, and the nearest limit (TMIW#470)
    command_gap_s: float = 0.0  # a command sooner after the one before is answered and dropped (QZ#470)
    answers: Answers = Answers.SPEC
    answers_control: bool = True  # False: `00` is obeyed and never answered (Omega Z)
    grants_control: bool = True  # False: 05 to `00`
    answer_s: float = 0.045  # write to indication (Urevo pcap)
    takes_write_command: bool = True  # obeys 2AD9 written without response (Urevo pcap)
    needs_pairing: bool = False  # ATT 0x0F on 2AD9 (FTMS table 4.1 asks for encryption)
    pairs_s: float | None = (
        None  # pairs when asked, in this time, and keeps the bond; None: not until its menu is opened
    )
    cccd_gap_s: float = 0.0  # a CCCD write sooner after the one before has no effect (walkingpad-controller)

    # data and status
    period_s: float = 1.0
    records: tuple[tuple[Field, ...], ...] = (("speed", "distance", "incline", "elapsed"),)
    truncate_at: int | None = None  # longest packet (Matrix: 20, from ATT_MTU 23)
    no_elevation: int = 0x7FFF  # what stands for "no elevation" on the wire
    telemetry: Telemetry = Telemetry.SPEC
    zero_every: int = 0  # every n-th record says 0.00 while running (Merach, HZN:2885)
    reports_target: bool = False  # the target, not 0, while paused or stopped (QZ#637, #509, #2781)
    silent_at_rest: bool = False
    report_step_ckmh: int = 1
    distance_step_m: int = 1
    odometer_m: int = 0  # distance counts from here and is not reset (Technogym)
    echoes_status: bool = True  # 2ADA also for a change that came through the control point, as most machines do
    status_extra: bool = False  # 04 00 00, 02 02 00 (Urevo pcap)
    status_after_ramp: bool = False  # 02 comes once the belt stands (Urevo pcap)
    stale_status: bool = False  # 02 01 at every subscription (walkingpad-controller)
    repeats_speed_status: bool = False  # 05 while ramping (Urevo pcap)
    training: Training = Training.SPEC
    speed_range: Ranges = Ranges.SPEC
    incline_range: Ranges = Ranges.SPEC

    # radio and link
    advert: Advert = Advert.SPEC
    twin: bool = False  # a second machine with the same name is near
    scan_s: float = 0.3
    connect_s: float = 0.4  # bluez.md: 0.37 s on UML
    connects_failing: int = 0  # this many attempts fail first (bluez.md F19)
    air_s: float = 0.030  # one way: one connection interval of Linux's default
    supervision_s: float = 0.42  # Linux's default; a peripheral may ask for up to 20 s (bluez.md F2)
    radio_silent: bool = False
    drops_link_after_s: float | None = None
    link_loss_stop_s: float | None = None  # None: the belt goes on when the link is lost
    link_loss_coasts: bool = False  # it rolls out then
    bluetooth: Bluetooth = Bluetooth.UP


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """One treadmill."""

    key: str
    name: str  # as advertised
    maker: str = "Retro Walk"
    model: str
    firmware: str
    address: str = "C0:FF:EE:00:00:42"
    min_ckmh: int
    max_ckmh: int
    increment_ckmh: int
    min_dpct: int = 0
    max_dpct: int = 0  # 0 with min 0: no incline
    increment_dpct: int = 0
    can_speed: bool = True  # offers speed control in 2ACC
    can_incline: bool = False
    has_control_point: bool = True
    habits: Habits = field(default_factory=Habits)

    @property
    def has_incline(self) -> bool:
        """True if the deck can tilt."""
        return self.max_dpct > self.min_dpct

    @property
    def link_loss(self) -> LinkLoss:
        """What it does without a link."""
        if self.habits.link_loss_stop_s is None:
            return LinkLoss.CONTINUES
        return LinkLoss.COASTS if self.habits.link_loss_coasts else LinkLoss.STOPS


SIMULATED_S1: Final = Machine(
    key="simulated-s1",
    name="Simulated S1",
    model="S1",
    firmware="1.0",
    min_ckmh=80,
    max_ckmh=1600,
    increment_ckmh=10,
    max_dpct=100,
    increment_dpct=5,
    can_incline=True,
)

BENCH: Final = Machine(
    key="bench",
    name="Simulated bench",
    model="bench",
    firmware="1.0",
    min_ckmh=80,
    max_ckmh=1600,
    increment_ckmh=10,
    habits=Habits(  # as quick as rest and proof allow: for tests.bench, where the waiting is not what is measured
        start_latency_s=0.2,
        accel_ckmh_s=400.0,
        decel_ckmh_s=400.0,
        stop_decel_ckmh_s=400.0,
        react_s=0.05,
        period_s=0.1,
        scan_s=0.1,
        connect_s=0.1,
    ),
)

_REAL: Final = (
    Machine(
        key="urevo-e1l",
        name="URTM024",  # assumed
        maker="UREVO",
        model="E1L",
        firmware="1.0",  # assumed
        address="C0:FF:EE:00:01:01",
        min_ckmh=96,  # 0.96 to 6.43 by 0.32: an mph belt in disguise (quirk 18)
        max_ckmh=643,
        increment_ckmh=32,
        habits=Habits(
            start_latency_s=3.5,  # assumed: a 3-2-1
            accel_ckmh_s=53,  # 0.16 km/h per 300 ms
            decel_ckmh_s=53,
            stop_decel_ckmh_s=56,  # 2.25 km/h to 0 in about 4 s (quirk 10)
            period_s=0.3,
            records=(("speed", "distance", "energy", "heart_rate", "elapsed", "steps"),),  # flags 0x2584
            report_step_ckmh=1,
            distance_step_m=10,
            incline_range=Ranges.ZERO,  # quirk 21
            incline_success_without_deck=True,
            status_extra=True,  # quirk 25
            status_after_ramp=True,  # quirk 11
            repeats_speed_status=True,
            training=Training.RESERVED,  # quirk 26
        ),
    ),
    Machine(
        key="omega-z",
        name="",  # quirk 1: advertises no name
        maker="Horizon Fitness",
        model="Omega Z",
        firmware="1.0",  # assumed
        address="C0:FF:EE:00:01:02",
        min_ckmh=80,  # 0.8 to 20 (quirk 17)
        max_ckmh=2000,
        increment_ckmh=10,
        max_dpct=150,  # assumed
        increment_dpct=5,
        can_incline=True,
        habits=Habits(
            answers_control=False,  # quirk 1
            advert=Advert.NO_NAME,
            start_latency_s=5.3,  # 4.4 to 6.2 s (quirk 9)
            react_s=1.0,  # speed and incline seen after 1.43 s
            stop_decel_ckmh_s=60,  # 1.8 to 4.0 s (quirk 10)
        ),
    ),
    Machine(
        key="fitshow-fs",
        name="FS-BT-T4",
        maker="FitShow",
        model="FS-BT-T4",
        firmware="1.0",  # assumed
        address="C0:FF:EE:00:01:03",
        min_ckmh=100,  # 1 to 14 by 0.1, incline 0 to 12 by 1 (quirk 17)
        max_ckmh=1400,
        increment_ckmh=10,
        max_dpct=120,
        increment_dpct=10,
        can_incline=True,
        habits=Habits(
            start=Start.SPEED_STARTS,  # quirk 2
            start_latency_s=3.5,  # assumed
            # bit 13: quirk 27
            records=(("speed", "distance", "incline", "energy", "heart_rate", "elapsed", "steps"),),
        ),
    ),
    Machine(
        key="horizon-7-4",
        name="HORIZON_7.4AT",
        maker="Horizon Fitness",
        model="7.4AT",
        firmware="1.0",  # assumed
        address="C0:FF:EE:00:01:04",
        min_ckmh=80,  # assumed
        max_ckmh=2000,
        increment_ckmh=10,
        max_dpct=150,
        increment_dpct=5,
        can_incline=True,
        habits=Habits(
            stop=Stop.IGNORED,  # quirk 13: stop does nothing, the belt keeps its last speed
            start_latency_s=3.5,  # assumed
            records=(("speed", "distance", "energy", "elapsed"),),  # flags 0x0484 (QZ#175)
        ),
    ),
    Machine(
        key="kingsmith-ks-hd-z1d",
        name="KS-HD-Z1D",
        maker="KingSmith",
        model="KS-HD-Z1D",
        firmware="1.0",  # assumed
        address="C0:FF:EE:00:01:05",
        min_ckmh=50,  # assumed
        max_ckmh=600,
        increment_ckmh=10,
        habits=Habits(
            drops_link_on_early_speed=True,  # quirk 4
            start_latency_s=5.0,  # assumed; its driver waits up to 15 s
            answers=Answers.LOST,  # indications absent, 2ADA only (safety.md 1b)
            stale_status=True,  # safety.md 1b
            cccd_gap_s=0.1,  # safety.md 1b: dropped if closer than 100 to 300 ms
            records=(("speed", "distance", "energy", "elapsed", "steps"),),
        ),
    ),
    Machine(
        key="kingsmith-k12",
        name="KS-ST-K12PRO",
        maker="KingSmith",
        model="K12",
        firmware="1.0",  # assumed
        address="C0:FF:EE:00:01:06",
        min_ckmh=50,  # assumed
        max_ckmh=1200,
        increment_ckmh=10,
        habits=Habits(
            stop=Stop.TOGGLE,  # QZ#470: a stop after a pause starts the belt
            pause=Pause.TOGGLE,
            command_gap_s=0.3,  # QZ#470: one of three quick presses is applied
            link_loss_stop_s=3.0,  # assumed: one machine of the other class
        ),
    ),
    Machine(
        key="mobvoi",
        name="Mobvoi Treadmill",
        maker="Mobvoi",
        model="Home Treadmill",
        firmware="1.0",  # assumed
        address="C0:FF:EE:00:01:07",
        min_ckmh=100,  # not under 1 km/h (quirk 17)
        max_ckmh=1200,
        increment_ckmh=10,
        habits=Habits(
            reports_target=True,  # quirk 16
            start_latency_s=3.5,  # assumed
        ),
    ),
    Machine(
        key="technogym-myrun",
        name="MYRUN TECHNOGYM",
        maker="Technogym",
        model="MyRun",
        firmware="1.0",  # assumed
        address="C0:FF:EE:00:01:08",
        min_ckmh=80,  # assumed
        max_ckmh=2000,
        increment_ckmh=10,
        max_dpct=120,
        increment_dpct=5,
        can_incline=True,
        habits=Habits(
            start=Start.NEEDS_HAND,  # quirk 6: the green button
            records=(  # quirk 28: two records in turn, as in the vectors
                ("average", "distance", "incline", "elevation"),
                ("speed", "energy", "met", "elapsed"),
            ),
            odometer_m=1_234_560,  # a lifetime odometer; the figure is ours
            period_s=0.5,  # assumed
        ),
    ),
    Machine(
        key="tunturi-t80",
        name="TUNTURI T80",
        maker="Tunturi",
        model="T80",
        firmware="1.0",  # assumed
        address="C0:FF:EE:00:01:09",
        min_ckmh=80,  # assumed
        max_ckmh=1800,
        increment_ckmh=10,
        max_dpct=120,
        increment_dpct=10,
        can_incline=True,
        habits=Habits(start=Start.LOOPS, start_latency_s=4.0),  # quirk 3; latency assumed
    ),
    Machine(
        key="sole-f85",
        name="F85",
        maker="Sole",
        model="F85",
        firmware="1.0",  # assumed
        address="C0:FF:EE:00:01:0A",
        min_ckmh=80,  # assumed
        max_ckmh=1930,
        increment_ckmh=16,
        max_dpct=150,
        increment_dpct=10,  # no 0.5 % (quirk 22)
        can_incline=True,
        habits=Habits(speed=Speed.AFTER_HAND_START, start=Start.NEEDS_HAND),  # quirks 5, 23
    ),
    Machine(
        key="matrix",
        name="MATRIX TF30",
        maker="Matrix",
        model="TF30",
        firmware="1.0",  # assumed
        address="C0:FF:EE:00:01:0B",
        min_ckmh=80,  # 0.8 seen in the vectors as 0.81
        max_ckmh=2000,
        increment_ckmh=10,
        max_dpct=150,
        increment_dpct=5,
        can_incline=True,
        habits=Habits(
            records=(
                (
                    "speed",
                    "average",
                    "distance",
                    "incline",
                    "elevation",
                    "energy",
                    "heart_rate",
                    "met",
                    "remaining",
                    "force",
                ),
            ),  # flags 0x1b9e
            truncate_at=20,  # quirk 24
            no_elevation=0xFFFF,
        ),
    ),
    Machine(
        key="matrix-pair",
        name="MATRIX TF50",
        maker="Matrix",
        model="TF50",
        firmware="1.0",  # assumed
        address="C0:FF:EE:00:01:0C",
        min_ckmh=80,  # assumed
        max_ckmh=2000,
        increment_ckmh=10,
        max_dpct=150,
        increment_dpct=5,
        can_incline=True,
        habits=Habits(
            records=(  # flags 0x009f then 0x1f00, as in the vectors
                ("average", "distance", "incline", "elevation", "energy"),
                ("speed", "heart_rate", "met", "elapsed", "remaining", "force"),
            ),
            no_elevation=0xFFFF,
        ),
    ),
    Machine(
        key="domyos",
        name="Domyos-TC-1234",
        maker="Domyos",
        model="TC",
        firmware="1.0",  # assumed
        address="C0:FF:EE:00:01:0D",
        min_ckmh=100,  # assumed
        max_ckmh=1600,
        increment_ckmh=10,
        can_speed=False,
        has_control_point=False,  # quirk 29: presents FTMS, does not take commands by it
        habits=Habits(training=Training.EMPTY, records=(("speed", "distance", "elapsed"),)),  # quirk 26
    ),
    Machine(
        key="tm11gy",
        name="TM11GY",
        maker="unknown",
        model="TM11GY",
        firmware="1.0",  # assumed
        address="C0:FF:EE:00:01:0E",
        min_ckmh=60,  # in its own mph, labelled km/h
        max_ckmh=800,
        increment_ckmh=10,
        habits=Habits(
            start=Start.TOGGLE,  # QZ#5100
            answers=Answers.SUCCESS,
            write_scale=KMH_PER_MILE,  # 02 64 00 gives 1.61 km/h
            report_scale=1 / KMH_PER_MILE,
        ),
    ),
    Machine(
        key="merach",
        name="MRK-T11",  # assumed
        maker="Merach",
        model="T11",
        firmware="1.0",  # assumed
        address="C0:FF:EE:00:01:0F",
        min_ckmh=80,  # assumed
        max_ckmh=1200,
        increment_ckmh=10,
        habits=Habits(zero_every=7),  # quirk 16: zero frames while running
    ),
    Machine(
        key="precor",
        name="PRECOR TRM",  # assumed
        maker="Precor",
        model="9.3x",
        firmware="1.0",  # assumed
        address="C0:FF:EE:00:01:10",
        min_ckmh=80,  # 0.8 to 19.3 by 0.16 (quirk 17)
        max_ckmh=1930,
        increment_ckmh=16,
        max_dpct=150,
        increment_dpct=5,
        can_incline=True,
        habits=Habits(link_loss_stop_s=4.0),  # PRE: the safety daemon's 4 s heartbeat
    ),
    Machine(
        key="winfita",
        name="WINFITA W10",  # assumed
        maker="Winfita",
        model="W10",
        firmware="1.0",  # assumed
        address="C0:FF:EE:00:01:11",
        min_ckmh=100,  # assumed
        max_ckmh=1200,
        increment_ckmh=10,
        habits=Habits(
            pause=Pause.UNSUPPORTED,  # quirk 12
            period_s=0.25,  # assumed: the quick end
            records=(("speed", "distance", "elapsed"),),
        ),
    ),
    Machine(
        key="sperax",
        name="SPERAX_RM01",
        maker="Sperax",
        model="RM01",
        firmware="1.0",  # assumed
        address="C0:FF:EE:00:01:12",
        min_ckmh=100,  # assumed
        max_ckmh=600,
        increment_ckmh=10,
        habits=Habits(
            speed=Speed.IGNORED,  # quirk 23: obeys start and stop, ignores speed
            pause=Pause.COASTS,  # assumed
            link_loss_stop_s=1.0,  # assumed: one machine of this class
            link_loss_coasts=True,
        ),
    ),
    Machine(
        key="medisoft-870",
        name="MEDISOFT 870",
        maker="Medisoft",
        model="870",
        firmware="1.0",  # assumed
        address="C0:FF:EE:00:01:13",
        min_ckmh=20,  # assumed: medical machines creep
        max_ckmh=1600,
        increment_ckmh=10,
        max_dpct=200,
        increment_dpct=5,
        can_incline=True,
        habits=Habits(
            link_loss_stop_s=0.5,  # safety.md 1: Communication Disconnect Stop
            needs_pairing=True,  # FTMS table 4.1: encryption
            pairs_s=1.5,  # assumed
            period_s=0.5,  # assumed
        ),
    ),
)

MACHINES: Final[dict[str, Machine]] = {machine.key: machine for machine in (SIMULATED_S1, BENCH, *_REAL)}
