"""Every frame and message between the processes, typed. The one place where a message is defined.

A packet is one ``Frame``: version, sequence number, monotonic time of sending, body. Bodies are positional
(array-like) tagged structs: small, and a peer of another version fails to decode instead of half-decoding.
Speeds 0.01 km/h, inclines 0.1 %, times seconds on the sender's monotonic clock (one clock on one machine).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final, Generic, TypeVar

import msgspec
from msgspec import Meta

VERSION: Final = 1

Ckmh = Annotated[int, Meta(ge=0, le=65535)]
Dpct = Annotated[int, Meta(ge=-32768, le=32767)]
Epoch = Annotated[int, Meta(ge=0)]
Text = Annotated[str, Meta(max_length=400)]
SessionId = Annotated[str, Meta(max_length=40)]


class Body(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """What a frame carries."""


B = TypeVar("B")


class Frame(msgspec.Struct, Generic[B], frozen=True, array_like=True):
    """One packet."""

    version: int
    seq: int
    t_s: float
    body: B


# ---------------------------------------------------------------------------------------- guard <-> belt


class WishMode(StrEnum):
    """What the guard wants of the belt, level-triggered."""

    STOP = "stop"  # bring it to rest by the stop ladder
    HOLD = "hold"  # write nothing that moves or changes it
    RUN = "run"  # start it once in this epoch if at rest, then follow the target


class StopBy(StrEnum):
    """How a STOP begins. All but LADDER are soft stops of commissioning on an empty belt; the ladder follows each."""

    LADDER = "ladder"
    PAUSE = "pause"  # `08 02` first, to learn whether this machine can pause
    UNLINK = "unlink"  # the link is dropped on purpose, to learn what the machine does then


class Wish(Body, frozen=True, array_like=True, tag=True):
    """Guard to belt, every tick. Only the newest counts. A STOP raises the epoch and kills older targets."""

    epoch: Epoch
    mode: WishMode
    speed_ckmh: Ckmh
    incline_dpct: Dpct
    stop_by: StopBy = StopBy.LADDER
    control: bool = True  # False: a treadmill without a profile is read-only, not even `00` is written
    scan: bool = False  # at rest: look what advertises, and tell it in `found`
    leave: bool = False  # at rest: end in good order, to be started anew with the configuration as it is then


class LinkState(StrEnum):
    """How far the belt process has come with the treadmill."""

    OFF = "off"  # no adapter, no bluetoothd, or no treadmill bound
    SEARCHING = "searching"
    CONNECTING = "connecting"
    READ_ONLY = "read_only"  # connected, data flows, control not taken
    READY = "ready"  # connected, data flows, control held, control point idle or working
    LOST = "lost"


class StopOutcome(StrEnum):
    """What the stop ladder has reached in this epoch."""

    NONE = "none"  # no stop asked for
    WRITING = "writing"
    ACCEPTED = "accepted"  # 80 08 01: says nothing of the belt
    REFUSED = "refused"
    UNANSWERED = "unanswered"
    AT_REST = "at_rest"


class StatusEvent(StrEnum):
    """Fitness Machine Status (2ADA) that matters to safety."""

    SAFETY_KEY = "safety_key"
    CONTROL_LOST = "control_lost"
    STOPPED_BY_USER = "stopped_by_user"
    STARTED_BY_USER = "started_by_user"
    RESET = "reset"


class TreadmillFacts(msgspec.Struct, frozen=True, array_like=True):
    """What the connected treadmill says of itself (2ACC, 2AD4, 2AD5, device information)."""

    address: str
    name: str
    model: str
    firmware: str
    min_ckmh: Ckmh
    max_ckmh: Ckmh
    increment_ckmh: Ckmh
    min_dpct: Dpct
    max_dpct: Dpct
    increment_dpct: Dpct
    can_speed: bool
    can_incline: bool
    profile: str
    commissioned: bool
    ckmh_per_told: float | None = None  # by which the speeds were scaled, as the belt process knows its profile


class Found(msgspec.Struct, frozen=True, array_like=True):
    """One FTMS treadmill that a scan has seen."""

    address: str
    name: str
    rssi: int | None  # dBm; None where it is connected and does not advertise
    connected: bool  # to this machine


class Belt(Body, frozen=True, array_like=True, tag=True):
    """Belt to guard, every tick: newest reading with its age, link, outcome, last bytes."""

    link: LinkState
    generation: int  # counts connections of this process
    adopted: bool  # the link was found already up
    wish_epoch: Epoch  # newest epoch acted on
    reading_seq: int  # counts complete 2ACD records; 0 = none yet
    speed_ckmh: Ckmh | None
    incline_dpct: Dpct | None
    reading_age_s: float | None
    previous_ckmh: Ckmh | None  # the reading before, for "two readings at 0.00"
    started_at_s: float | None  # when `07` was last written in this lease
    stop_outcome: StopOutcome
    stop_written_at_s: float | None
    event: StatusEvent | None
    event_seq: int  # counts events; the newest is in `event`
    anomalies: int  # malformed or truncated bytes, counted
    last_write: bytes
    last_write_seq: int
    facts: TreadmillFacts | None
    trouble: Text  # a plain sentence, empty when all is well
    control_answered: bool | None = None  # the newest Request Control; None: not asked on this link, or still open
    pause_works: bool | None = None  # what the newest StopBy.PAUSE has shown
    found: tuple[Found, ...] = ()  # while the Wish says scan
    scans: int = 0  # counts finished scans of this process


# ---------------------------------------------------------------------------------------- kiosk -> guard


class Purpose(StrEnum):
    """Why the belt is to be armed."""

    SESSION = "session"
    OPENING_CHECK = "opening_check"  # staff, empty belt: one brake test
    COMMISSIONING = "commissioning"  # staff, empty belt: rising speeds, each stopped, above the uncommissioned cap
    FOLLOW = "follow"  # no control point: the member sets the pace at the console; the permit alone can stop


class ResetBy(StrEnum):
    """Who may clear a latched stop."""

    MEMBER = "member"
    STAFF = "staff"


class Envelope(msgspec.Struct, frozen=True, array_like=True):
    """What a session may ask for at most; the guard applies it below its own hard limits."""

    cap_ckmh: Ckmh
    max_dpct: Dpct


class Alive(Body, frozen=True, array_like=True, tag=True):
    """Ten a second, sent from the drawn-frame path: a frozen screen cannot send it. *drawn* counts frames."""

    drawn: int


class Arm(Body, frozen=True, array_like=True, tag=True):
    """A session wants to begin: watch for the clip proof and the consent edge."""

    envelope: Envelope
    session: SessionId
    purpose: Purpose


class Start(Body, frozen=True, array_like=True, tag=True):
    """Start the belt at its minimum. Needs ARMED and a fresh consent edge."""


class Target(Body, frozen=True, array_like=True, tag=True):
    """The speed and incline the session is at now; clamped, ramped and spaced by the guard."""

    speed_ckmh: Ckmh
    incline_dpct: Dpct


class Ease(Body, frozen=True, array_like=True, tag=True):
    """Slow down to the machine's minimum and stay there. Never raises."""


class StopWhy(StrEnum):
    """Why the kiosk asks for a stop."""

    MEMBER = "member"
    PLAN_DONE = "plan_done"
    STAFF = "staff"
    PAUSE_TEST = "pause_test"  # commissioning, running: StopBy.PAUSE; anywhere else an ordinary stop by staff
    LINK_TEST = "link_test"  # commissioning, running at the machine's minimum: StopBy.UNLINK
    LEFT_OPEN = "left_open"  # after a boot: by the record a session is open, so a belt that moves is ours


class Stop(Body, frozen=True, array_like=True, tag=True):
    """Bring the belt to rest softly."""

    why: StopWhy


class Reset(Body, frozen=True, array_like=True, tag=True):
    """Clear the latch. The guard decides whether *who* is enough and the cause is gone; it never moves a belt."""

    who: ResetBy


class Disarm(Body, frozen=True, array_like=True, tag=True):
    """The session is off; back to IDLE from PROOF or ARMED."""


class LowerCap(Body, frozen=True, array_like=True, tag=True):
    """Staff lowered a cap in mid-walk: the envelope shrinks at once. A raise is refused."""

    cap_ckmh: Ckmh


class Scan(Body, frozen=True, array_like=True, tag=True):
    """Look for treadmills, or no longer. Only with the belt at rest and nothing armed; writes nothing to any."""

    on: bool


class BeginCheck(Body, frozen=True, array_like=True, tag=True):
    """The opening check begins: every proof of it starts anew."""


class SoundAlarm(Body, frozen=True, array_like=True, tag=True):
    """Opening check, nothing armed: the alarm output on for a moment, so that staff can hear it."""


class Heard(Body, frozen=True, array_like=True, tag=True):
    """Opening check: staff heard the alarm, and the voice from the speaker."""

    alarm: bool
    sound: bool


class Rebind(Body, frozen=True, array_like=True, tag=True):
    """Guard and belt end in good order and are started anew: binding or profile has changed. Only at rest."""


# ---------------------------------------------------------------------------------------- guard -> kiosk


class State(StrEnum):
    """The guard's states (safety.md section 4)."""

    LATCHED = "latched"
    IDLE = "idle"
    PROOF = "proof"
    ARMED = "armed"
    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"


class Cause(StrEnum):
    """Why the guard stopped or is latched. The first hard cause is kept."""

    BOOT = "boot"
    RESTART_MOVING = "restart_moving"  # a guard restarted with an open lease
    CLIP = "clip"
    RED_BUTTON = "red_button"
    MEMBER_STOP = "member_stop"
    PLAN_DONE = "plan_done"
    STAFF_STOP = "staff_stop"
    ARM_EXPIRED = "arm_expired"
    LINK_LOST = "link_lost"
    TELEMETRY_STALE = "telemetry_stale"
    BELT_PROCESS = "belt_process"
    SCREEN_FROZEN = "screen_frozen"
    OVERSPEED = "overspeed"
    DEVIATION = "deviation"
    START_TIMEOUT = "start_timeout"
    UNEXPECTED_MOTION = "unexpected_motion"
    BELT_STOPPED_ITSELF = "belt_stopped_itself"
    SAFETY_KEY = "safety_key"
    CONTROL_LOST = "control_lost"
    STOP_NOT_CONFIRMED = "stop_not_confirmed"
    TICK_LATE = "tick_late"
    INPUT_FAULT = "input_fault"
    PERMIT_FAULT = "permit_fault"
    OFF_DECK = "off_deck"  # the walker stayed outside the safe stretch of the deck
    PICKUP = "pickup"  # the belt pick-up contradicts the reported speed
    STOP_TEST = "stop_test"  # commissioning: StopWhy.PAUSE_TEST or LINK_TEST


class Missing(StrEnum):
    """What still stands in the way of Arm, Start or Reset."""

    LATCHED = "latched"
    CLIP_OPEN = "clip_open"
    RED_PRESSED = "red_pressed"
    LINK = "link"
    CONTROL = "control"
    TELEMETRY = "telemetry"
    BELT_MOVING = "belt_moving"
    INCLINE = "incline"
    SCREEN = "screen"
    BELT_PROCESS = "belt_process"
    MIN_ABOVE_CAP = "min_above_cap"
    PERMIT = "permit"
    CLIP_PULL = "clip_pull"  # proof: the clip has not been pulled since Arm
    CLIP_CLOSE = "clip_close"  # proof: pulled, not yet back on
    CONSENT = "consent"
    NOT_ARMED = "not_armed"
    ALREADY_ARMED = "already_armed"
    STAFF = "staff"
    WIRING = "wiring"  # a wire cannot be read or contradicts another
    RESET_HELD = "reset_held"  # the same press, held or repeated: let go, then press again
    NOT_COMMISSIONED = "not_commissioned"  # no profile, or other firmware than measured: read-only
    OPENING_CHECK = "opening_check"  # none in the last 18 h, or of another treadmill


class Proof(StrEnum):
    """What the opening check wants to have seen (safety.md, Proofs)."""

    RED_BUTTON = "red_button"
    CLIP = "clip"
    ALARM = "alarm"
    SOUND = "sound"
    BRAKE = "brake"


class Opening(msgspec.Struct, frozen=True, array_like=True):
    """The opening check as the guard knows it."""

    under_way: bool = False
    missing: tuple[Proof, ...] = ()
    valid_left_s: float | None = None  # None: there is none that counts
    needed: bool = True  # False only where the configuration of a simulated world says so


class Deck(StrEnum):
    """Where the walker is, as the distance sensor says (facing the open end)."""

    SAFE = "safe"
    OPEN_END = "open_end"  # too near the end where one comes off
    MOTOR_END = "motor_end"  # too near the hood and the console


class Contact(StrEnum):
    """A normally closed loop (clip, red button) as its samples have it."""

    OPEN = "open"  # two open samples in a row, or chatter
    SETTLING = "settling"  # closed, but not yet for 500 ms
    CLOSED = "closed"


class Switches(msgspec.Struct, frozen=True, array_like=True):
    """What the wires say now, as the guard's machine gets it."""

    clip: Contact
    red: Contact
    amber_pressed: bool | None  # None = not fitted
    permit_readback: bool | None  # True = the relay has picked up; None = not fitted
    fault: Text  # a sentence; empty when every wire could be read
    deck: Deck | None = None  # None = not fitted
    pickup_ckmh: Ckmh | None = None  # the belt's own speed; None = not fitted, or not known yet
    pulses: int = 0  # of the belt pick-up, counted since the guard started


class Inputs(msgspec.Struct, frozen=True, array_like=True):
    """The switches as the guard counts them (after the 500 ms rule for closing)."""

    clip_closed: bool
    red_closed: bool  # True = released
    amber_pressed: bool | None  # None = not fitted
    permit_readback: bool | None
    fault: Text
    deck: Deck | None = None
    pickup_ckmh: Ckmh | None = None


class Status(Body, frozen=True, array_like=True, tag=True):
    """Guard to kiosk, ten a second and at every change."""

    state: State
    cause: Cause | None
    hard: bool
    stopping_s: float  # how long this stop has lasted
    reset_by: ResetBy | None  # who may reset, None when nothing is latched
    reset_missing: tuple[Missing, ...]
    arm_missing: tuple[Missing, ...]
    start_missing: tuple[Missing, ...]
    inputs: Inputs
    link: LinkState
    measured_ckmh: Ckmh | None  # None when stale
    measured_age_s: float | None
    incline_dpct: Dpct | None
    commanded_ckmh: Ckmh
    commanded_dpct: Dpct
    wish: WishMode
    epoch: Epoch
    cap_ckmh: Ckmh  # what holds now: machine, profile, config, envelope
    min_ckmh: Ckmh
    start_latency_s: float
    at_rest: bool
    consent_left_s: float | None
    session: SessionId | None
    permit: bool
    alarm: bool
    in_use_by_other: bool  # the belt moves and no lease is ours
    facts: TreadmillFacts | None
    trouble: Text
    ticks_late: int
    purpose: Purpose | None = None  # of what is armed or under way
    opening: Opening = Opening()
    reading_seq: int = 0  # counts Treadmill Data records; one arrived `measured_age_s` before this frame was sent
    started_at_s: float | None = None  # when `07` was last written in this lease
    stop_written_at_s: float | None = None
    stop_outcome: StopOutcome = StopOutcome.NONE
    control_answered: bool | None = None
    pause_works: bool | None = None
    stop_budget_s: float = 0.0
    found: tuple[Found, ...] = ()
    scans: int = 0
    follow: bool = False  # this treadmill can only be followed, and staff allow it: Arm(FOLLOW) is the way
    keys: int = 0  # how often the treadmill said that its own safety key was pulled, since the guard started


class Refused(Body, frozen=True, array_like=True, tag=True):
    """The guard did not do *what*; *why* names what is missing."""

    what: str
    why: tuple[Missing, ...]


class SafetyEvent(Body, frozen=True, array_like=True, tag=True):
    """For the record: a trip, a stop, a reset, a start. *id* counts up in this guard's life."""

    id: int
    at_s: float
    kind: str  # "trip", "stop", "rest", "reset", "arm", "start", "escalation"
    cause: Cause | None
    state: State
    speed_ckmh: Ckmh | None
    detail: Text


class BlackBoxAck(Body, frozen=True, array_like=True, tag=True):
    """Kiosk to guard: I hold the first *have* chunks of the box of event *id*; send the next. All held: forget it."""

    id: int
    have: Annotated[int, Meta(ge=0)]


class BlackBoxChunk(Body, frozen=True, array_like=True, tag=True):
    """Guard to kiosk: chunk *index* of *count*. A *count* of 0: there is no such box (not yet, or no longer)."""

    id: int
    index: int
    count: int
    data: bytes


class Complaint(Body, frozen=True, array_like=True, tag=True):
    """The answer to bytes that did not decode, or to a peer that is not welcome."""

    reason: Text


# ---------------------------------------------------------------------------------------- the stopper


class Sentry(Body, frozen=True, array_like=True, tag=True):
    """Guard and belt to the stopper, ten a second: who I am, may the belt move under our lease, is help needed."""

    role: Annotated[str, Meta(pattern="^(guard|belt)$")]
    lease: bool
    stop_now: bool
    at_rest: bool
    address: str | None


# ---------------------------------------------------------------------------------------- the simulated world


class PinLevels(Body, frozen=True, array_like=True, tag=True):
    """World to guard: electrical levels of the input pins (1 = high)."""

    levels: tuple[tuple[int, int], ...]


class PinDrive(Body, frozen=True, array_like=True, tag=True):
    """Guard to world: an output pin was driven."""

    pin: int
    level: int


class GattScan(Body, frozen=True, array_like=True, tag=True):
    """Belt to world: what advertises?"""

    id: int


class GattConnect(Body, frozen=True, array_like=True, tag=True):
    """Connect to *address*."""

    id: int
    address: str


class GattDisconnect(Body, frozen=True, array_like=True, tag=True):
    """Drop the link."""

    id: int


class GattRead(Body, frozen=True, array_like=True, tag=True):
    """Read characteristic *char* (16-bit UUID)."""

    id: int
    char: int


class GattWrite(Body, frozen=True, array_like=True, tag=True):
    """Write *value* to *char*, with an ATT response or without."""

    id: int
    char: int
    value: bytes
    response: bool


class GattSubscribe(Body, frozen=True, array_like=True, tag=True):
    """Write the CCCD of *char*."""

    id: int
    char: int
    on: bool


class GattAdvert(msgspec.Struct, frozen=True, array_like=True):
    """One advertising report."""

    address: str
    name: str
    rssi: int
    services: tuple[int, ...]
    service_data: bytes  # of 0x1826, empty if not sent


class GattResult(Body, frozen=True, array_like=True, tag=True):
    """World to belt: the answer to request *id*. *att_error* 0 is success; -1 = no link."""

    id: int
    att_error: int
    value: bytes
    adverts: tuple[GattAdvert, ...] = ()
    chars: tuple[int, ...] = ()
    already_connected: bool = False
    connected: tuple[GattAdvert, ...] = ()  # of a scan: what is connected to this machine and does not advertise


class GattNotified(Body, frozen=True, array_like=True, tag=True):
    """World to belt: a notification or indication."""

    char: int
    value: bytes


class GattDropped(Body, frozen=True, array_like=True, tag=True):
    """World to belt: the link is gone (after its supervision time-out, as on a real one)."""

    reason: Text


class WorldHand(Body, frozen=True, array_like=True, tag=True):
    """A hand in the simulated world: *what* it moves, and *closed*, the position that takes.

    deck and deck_motor: closed while the walker is clear of the open end, of the motor end. console: closed presses
    start at the treadmill's own console, open presses stop.
    """

    what: Annotated[str, Meta(pattern="^(clip|red|amber|key|deck|deck_motor|console)$")]
    closed: bool


class WorldMischief(Body, frozen=True, array_like=True, tag=True):
    """Turn one of the treadmill's bad habits on or off (names in hardware.simulated.mischief)."""

    name: str
    on: bool


class WorldAsk(Body, frozen=True, array_like=True, tag=True):
    """Ask for a WorldReport; *log_since* asks for tap entries from that index on."""

    log_since: int | None


class TapEntry(msgspec.Struct, frozen=True, array_like=True):
    """One line of the byte tap."""

    t_s: float
    direction: str  # "write", "notify", "indicate", "read", "link"
    char: int
    value: bytes
    note: str


class WorldReport(Body, frozen=True, array_like=True, tag=True):
    """The truth, for the demo, tests and benches; never for guard, belt or the walk screen."""

    now_s: float
    belt_ckmh: Ckmh
    belt_dpct: Dpct
    clip_closed: bool
    red_closed: bool
    amber_pressed: bool
    permit: bool
    alarm: bool
    connected: bool
    tap_max_ckmh: Ckmh  # fastest speed seen in 2ACD bytes
    tap_writes: int
    tap_motion_writes: int
    violations: tuple[str, ...]  # promise P3: motion bytes with an interlock open
    mischief: tuple[str, ...]
    mischief_known: tuple[str, ...]
    log: tuple[TapEntry, ...]
    log_next: int


class Join(Body, frozen=True, array_like=True, tag=True):
    """A process joins the lock-step barrier as *role*."""

    role: Annotated[str, Meta(pattern="^(guard|belt|stopper|kiosk)$")]


class Quantum(Body, frozen=True, array_like=True, tag=True):
    """It is *now_s*; do your 20 ms."""

    now_s: float


class Done(Body, frozen=True, array_like=True, tag=True):
    """The quantum is done and the mailbox drained."""


BeltToGuard = Belt
GuardToBelt = Wish
KioskToGuard = (
    Alive
    | Arm
    | Start
    | Target
    | Ease
    | Stop
    | Reset
    | Disarm
    | LowerCap
    | Scan
    | BeginCheck
    | SoundAlarm
    | Heard
    | Rebind
    | BlackBoxAck
)
GuardToKiosk = Status | Refused | SafetyEvent | BlackBoxChunk | Complaint
ToStopper = Sentry
GuardToPins = PinDrive
PinsToGuard = PinLevels
BeltToWorld = GattScan | GattConnect | GattDisconnect | GattRead | GattWrite | GattSubscribe
WorldToBelt = GattResult | GattNotified | GattDropped
ControlToWorld = WorldHand | WorldMischief | WorldAsk
WorldToControl = WorldReport | Complaint
ToClock = Join | Done
FromClock = Quantum
