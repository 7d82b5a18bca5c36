"""The belt process: newest Wish in, at most one write out, one Belt frame a tick.

``turn`` is the whole of it: take in what arrived, see what the belt does, ask the planner that counts now (the stop
ladder, or the drive), have the whitelist look at the bytes, hand them to the control point. It is called every tick
and whenever something arrives, so a STOP goes out in the same moment it comes in.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Final, Protocol

from hardware.belt import drive, stop, trial, trouble, whitelist
from hardware.belt.drive import Drive, Order, View
from hardware.belt.ftms.client import FtmsClient
from hardware.belt.ftms.codec import REQUEST_CONTROL, STOP, UnsafeValueError, encode_target_speed
from hardware.belt.link import GattLink
from hardware.belt.orders import Orders
from hardware.belt.scanner import Scanner
from hardware.belt.stop import Ladder, Rungs, Sight
from hardware.belt.treadmill import Motion, Report, motion
from hardware.belt.trial import Trial
from hardware.belt.whitelist import Scene
from hardware.config.profiles import Profile
from hardware.constants import CAP_MAX_CKMH, COMMAND_DEADLINE_S, REST_START_MARGIN_S, SENTRY_S, TICK_S
from hardware.link.clock import Clock
from hardware.link.mailbox import Mailbox
from hardware.link.messages import Belt, Complaint, Sentry, StatusEvent, StopBy, StopOutcome, Wish, WishMode
from hardware.link.wake import Wake
from hardware.units import kmh_from_ckmh

EVENT_TICKS: Final = 3  # each status event stands in three frames: the guard takes only the newest of a drain


class LeaseView(Protocol):
    """Whether a moving belt is ours."""

    @property
    def active(self) -> bool:
        """True while it is."""


class BeltProcess:
    """All of the belt process but its sockets and signals. Works on any clock and over any GATT link."""

    def __init__(
        self,
        *,
        link: GattLink,
        profile: Profile,
        address: str | None,
        cap_ckmh: int,
        guard: Mailbox[Belt, Wish],
        stopper: Mailbox[Sentry, Complaint],
        lease: LeaseView,
        clock: Clock,
        healthy: Callable[[float], None] = lambda _: None,
    ) -> None:
        self._link: Final = link
        self._profile: Final = profile
        self._address: Final = address
        self._cap_ckmh: Final = min(cap_ckmh, profile.cap_ckmh)
        self._guard: Final = guard
        self._stopper: Final = stopper
        self._lease: Final = lease
        self._clock: Final = clock
        self._healthy: Final = healthy
        self._wake: Final = Wake()
        self._orders: Final = Orders()
        link.on_event(self._wake.set)
        self.client: Final = FtmsClient(link, profile, address, clock, self._wake.set)
        self._scanner: Final = Scanner(link, self._wake.set)
        self._guards = 0
        self._ladder: Ladder | None = None
        self._trial: Trial | None = None
        self._pause_works: bool | None = None
        self._rested_since_stop = False
        self._toggles = False  # learned in this process's life, of its one address: after a stop it moved again
        self._stop_outcome = StopOutcome.NONE
        self._ladder_writes = False
        self._drive = Drive()
        self._motion = Motion.UNKNOWN
        self._started_at_s: float | None = None
        self._doubt_since_s: float | None = clock.now() if lease.active else None
        self._deck_ours = lease.active
        self._stop_written_at_s: float | None = None
        self._event: StatusEvent | None = None
        self._event_seq = 0
        self._event_ticks = 0
        self._sentry_due_s = clock.now()
        self._told_rest = False
        self._leaving_s: float | None = None
        self._done = False
        self.refusals: list[str] = []  # what the whitelist held back: each one a fault of ours

    # ---------------------------------------------------------------------------------------- life

    async def run(self) -> bool:
        """Until ``leave`` has done its work. True: the belt is at rest, or was never ours."""
        keeper = asyncio.ensure_future(self.client.keep())
        next_s = self._clock.now()
        try:
            while not self._done:
                now_s = self.turn()
                if now_s >= next_s - 1e-6:
                    self._report(now_s)
                    next_s = now_s + TICK_S if now_s >= next_s + TICK_S else next_s + TICK_S
                    self._healthy(now_s)
                self._wake.watch((self._guard, *self._link.watch()))
                await self._wake.wait(next_s - now_s)
        finally:
            self._wake.close()
            keeper.cancel()
            await asyncio.wait({keeper}, timeout=1.0)
            await self._close()
        return self._motion is Motion.REST or not self._ours

    async def _close(self) -> None:
        safe = self._motion is Motion.REST or not self._ours
        await self._scanner.close()
        await self.client.control_point.close()
        await self._link.close(drop=safe)
        self._guard.close()
        self._stopper.close()

    def leave(self) -> None:
        """Asked to end: stop the belt first, then go. Bounded by the stop budget."""
        if self._leaving_s is None:
            self._leaving_s = self._clock.now()
            self._wake.set()

    def end(self) -> None:
        """End now: the world that we belonged to is gone."""
        self._done = True
        self._wake.set()

    # ---------------------------------------------------------------------------------------- one turn

    def turn(self) -> float:
        """Everything between what has arrived and what is written; gives the time it was done at. Never blocks."""
        reports = self.client.absorb(self._clock.now())
        now_s = self._clock.now()  # after what was absorbed, whose time-stamps must not lie ahead
        self._hear(now_s)
        client = self.client
        self._motion = motion(client.readings, self._profile, self._started_at_s, now_s, self._doubt_since_s)
        if self._motion is Motion.REST and not self._lease.active:
            self._started_at_s = self._doubt_since_s = None
        self._learn(now_s)
        mode = self._mode(now_s)
        self._drive = drive.fold(self._drive, reports, now_s)
        if mode is WishMode.STOP and self._ours:
            self._stop(now_s, reports)
        else:
            if self._trial is not None and trial.paused(self._trial, self._sight(now_s)):
                self._pause_works = True  # the guard was the first to know that it rests
            if self._trial is not None:
                client.come_back()
            self._ladder = self._trial = None
            if mode is WishMode.RUN:
                self._run(now_s)
            if not client.control_point.in_flight and not self._read_only:
                self._at_leisure(now_s, mode)
        if not self._ours:
            client.relink_if_silent(now_s)
        self._scanner.want(self._asks_scan(now_s, mode))
        self._may_go(now_s)
        return now_s

    @property
    def _ours(self) -> bool:
        """A belt that may move belongs to us: by the lease, or by a start of our own that is not yet at rest."""
        return self._lease.active or self._started_at_s is not None

    @property
    def _read_only(self) -> bool:
        """The guard denies control: nobody has measured this treadmill, or not with this firmware."""
        wish = self._orders.wish
        return wish is not None and not wish.control

    def _asks_scan(self, now_s: float, mode: WishMode) -> bool:
        wish = self._orders.wish
        if wish is None or not wish.scan or self._ours or mode is WishMode.RUN:
            return False
        return self._orders.fresh(now_s, connected=self._guard.open)

    def _hear(self, now_s: float) -> None:
        self._guard.tend(now_s)
        self._stopper.tend(now_s)
        self._stopper.drain(now_s)
        if self._guard.connections != self._guards:
            self._guards = self._guard.connections
            self._orders.new_guard()
        self._orders.hear(self._guard.drain(now_s), now_s)

    def _mode(self, now_s: float) -> WishMode:
        mode = self._orders.mode(now_s, connected=self._guard.open)
        return WishMode.STOP if self._leaving_s is not None else mode

    # ---------------------------------------------------------------------------------------- stop

    def _stop(self, now_s: float, reports: Iterable[Report]) -> None:
        client, sight = self.client, self._sight(now_s)
        if self._ladder is None and self._on_trial(now_s, sight, reports):
            return
        if self._ladder is None:
            self._ladder = stop.begin(now_s, client.generation, toggles=self._toggles)
            self._ladder_writes = False
            sight = self._sight(now_s)
        step = stop.step(self._ladder, now_s, sight, self._rungs(), reports)
        self._ladder, self._stop_outcome = step.ladder, step.outcome
        if step.payload and self._write(step.payload, now_s, stop.deadline_s(step.payload)):
            self._ladder_writes = True
            if step.payload == STOP:
                self._stop_written_at_s = now_s
                self._rested_since_stop = False
        if step.relink:
            client.drop()
        if self._motion is Motion.REST and not client.control_point.in_flight and not self._read_only:
            self._flatten(now_s)

    def _learn(self, now_s: float) -> None:
        """A belt that rested after a stop and soon moves again, with no start of ours or a hand: by that stop."""
        stopped_s, started_s = self._stop_written_at_s, self._started_at_s
        if self._ladder is not None and self._ladder.toggles:
            self._toggles = True
        if stopped_s is None or (started_s is not None and started_s > stopped_s):
            return
        hand_s = self.client.started_by_user_s
        if hand_s is not None and hand_s > stopped_s:
            return
        if self._motion is Motion.REST:
            self._rested_since_stop = True
        soon = now_s - stopped_s <= self._profile.start_latency_s + REST_START_MARGIN_S
        if self._motion is Motion.MOVING and self._rested_since_stop and soon:
            self._toggles = True

    def _sight(self, now_s: float) -> Sight:
        client = self.client
        return Sight(
            motion=self._motion,
            speed_ckmh=client.readings.speed_ckmh if client.flowing(now_s) else None,
            reading_at_s=client.readings.at_s,
            linked=client.linked,
            busy=self._ladder_writes and bool(client.control_point.in_flight),
            control=client.control.held,
            generation=client.generation,
        )

    def _on_trial(self, now_s: float, sight: Sight, reports: Iterable[Report]) -> bool:
        """True while what the guard asks to learn first holds the ladder back."""
        by, epoch = self._stop_by(now_s)
        one = self._trial
        if one is None and by is not StopBy.LADDER:
            one = trial.begin(by, epoch, now_s, sight.generation)
        if one is None or one.over:
            return False
        if one.by is by and one.epoch == epoch:
            act = trial.step(one, now_s, sight, reports)
        else:
            act = trial.Act(trial.ended(one))
        self._trial = act.trial
        self._stop_outcome = act.trial.outcome
        if act.payload and self._write(act.payload, now_s, stop.deadline_s(act.payload)):
            self._stop_written_at_s = now_s
        if act.cut:
            self.client.drop(trial.AWAY_S)
        if act.trial.over:
            self._pause_works = act.trial.pause_works if by is StopBy.PAUSE else self._pause_works
            self.client.come_back()
        return not act.trial.over

    def _stop_by(self, now_s: float) -> tuple[StopBy, int]:
        """How the guard wants this stop to begin: its newest word, as long as it is there and we are not leaving."""
        wish = self._orders.wish
        asked = wish is not None and wish.mode is WishMode.STOP and self._leaving_s is None
        if wish is None or not asked or not self._orders.fresh(now_s, connected=self._guard.open):
            return StopBy.LADDER, 0
        return wish.stop_by, wish.epoch

    def _rungs(self) -> Rungs:
        speed = self.client.machine.speed
        if speed is None or not 0 < speed.minimum <= CAP_MAX_CKMH:
            return stop.rungs(self._profile.quirks, None, b"")
        slowest_ckmh = self.client.scale.ckmh(speed.minimum)
        return stop.rungs(self._profile.quirks, slowest_ckmh, encode_target_speed(speed.minimum))

    # ---------------------------------------------------------------------------------------- run, hold

    def _view(self, now_s: float) -> View:
        client = self.client
        flowing = client.flowing(now_s)
        return View(
            motion=self._motion,
            speed_wire=client.speed_wire if flowing else None,
            incline_dpct=client.readings.incline_dpct if flowing else None,
            ready=client.linked and client.control.held and not client.control_point.in_flight,
            lease=self._lease.active,
        )

    def _run(self, now_s: float) -> None:
        wish = self._orders.wish
        if wish is None:
            return
        order = Order(wish.epoch, self.client.scale.wire(wish.speed_ckmh), wish.incline_dpct)
        try:
            planned, payload = drive.run(self._drive, now_s, order, self.client.machine, self._view(now_s))
        except UnsafeValueError as error:
            self.refusals.append(str(error))
            self._orders.kill()
            return
        if payload:
            starts = planned.epoch != self._drive.epoch
            self._write(payload, now_s, COMMAND_DEADLINE_S, starts=starts)
            self._deck_ours = self._deck_ours or payload[0] == drive.INCLINE_OP
        self._drive = planned

    def _at_leisure(self, now_s: float, mode: WishMode) -> None:
        """Nothing to stop and nothing to follow: take control of a belt that stands still, bring the deck back."""
        client = self.client
        still = self._motion in (Motion.ZERO, Motion.REST)
        guarded = self._orders.fresh(now_s, connected=self._guard.open)
        if still and guarded and client.linked and mode is not WishMode.RUN and client.control.due(now_s):
            self._write(REQUEST_CONTROL, now_s, COMMAND_DEADLINE_S)
        elif mode is not WishMode.RUN:
            self._flatten(now_s)

    def _flatten(self, now_s: float) -> None:
        view = self._view(now_s)
        if self._motion is Motion.REST and view.incline_dpct is not None and view.incline_dpct <= 0:
            self._deck_ours = False
        self._drive, payload = drive.flatten(self._drive, now_s, self.client.machine, view, ours=self._deck_ours)
        if payload:
            self._write(payload, now_s, COMMAND_DEADLINE_S)

    # ---------------------------------------------------------------------------------------- the one way out

    def _write(self, payload: bytes, now_s: float, deadline_s: float, *, starts: bool = False) -> bool:
        why = whitelist.refusal(payload, self._scene(now_s))
        if why is not None:
            if len(self.refusals) < 100:
                self.refusals.append(f"{payload.hex()}: {why}")
            return False
        if starts:
            self._started_at_s = now_s
        response = not self._profile.quirks.write_without_response
        self.client.control_point.write(payload, deadline_s=deadline_s, response=response)
        self._ladder_writes = False
        return True

    def _scene(self, now_s: float) -> Scene:
        client, wish, quirks = self.client, self._orders.wish, self._profile.quirks
        view = self._view(now_s)
        inclines = [level for level in (view.incline_dpct, self._drive.incline_dpct) if level is not None]
        return Scene(
            mode=self._mode(now_s),
            guarded=self._orders.fresh(now_s, connected=self._guard.open),
            ours=self._ours,
            motion=self._motion,
            speed_wire=view.speed_wire,
            ceiling_wire=0 if wish is None else client.scale.wire(wish.speed_ckmh),
            ceiling_dpct=0 if wish is None else wish.incline_dpct,
            incline_dpct=max(inclines, default=None),
            flatten=self._deck_ours,
            start_spent=wish is not None and self._drive.epoch == wish.epoch,
            lease=self._lease.active,
            pause_is_rung=not quirks.pause_unsupported and not quirks.toggle_stop,
            starts_by_speed=not quirks.start_before_speed,
            speed_while_starting=not quirks.no_speed_while_starting,
            read_only=self._read_only,
            pause_asked=self._stop_by(now_s)[0] is StopBy.PAUSE,
        )

    # ---------------------------------------------------------------------------------------- what is told

    def _report(self, now_s: float) -> None:
        self._next_event()
        self._guard.send(self._frame(now_s), now_s)
        rest = self._motion is Motion.REST
        if now_s >= self._sentry_due_s - 1e-6 or rest is not self._told_rest:
            self._sentry_due_s = now_s + SENTRY_S
            self._told_rest = rest
            self._stopper.send(Sentry("belt", self._lease.active, False, rest, self._address), now_s)

    def _next_event(self) -> None:
        self._event_ticks += 1
        if self.client.events and self._event_ticks >= EVENT_TICKS:
            self._event_seq, self._event = self.client.events.popleft()
            self._event_ticks = 0

    def _frame(self, now_s: float) -> Belt:
        client, wish = self.client, self._orders.wish
        readings = client.readings
        return Belt(
            link=client.state(now_s),
            generation=client.generation,
            adopted=client.adopted,
            wish_epoch=0 if wish is None else wish.epoch,
            reading_seq=readings.seq,
            speed_ckmh=readings.speed_ckmh,
            incline_dpct=readings.incline_dpct,
            reading_age_s=readings.age_s(now_s),
            previous_ckmh=readings.previous_ckmh,
            started_at_s=self._started_at_s,
            stop_outcome=self._outcome(),
            stop_written_at_s=self._stop_written_at_s,
            event=self._event,
            event_seq=self._event_seq,
            anomalies=client.anomalies,
            last_write=client.control_point.last_write,
            last_write_seq=client.control_point.last_write_seq,
            facts=client.facts,
            trouble=self._trouble(now_s),
            control_answered=client.control.answered,
            pause_works=self._pause_works,
            found=self._scanner.found,
            scans=self._scanner.scans,
        )

    def _outcome(self) -> StopOutcome:
        if self._ladder is not None or self._trial is not None:
            return self._stop_outcome
        stopping = self._orders.wish is not None and self._orders.wish.mode is WishMode.STOP
        return StopOutcome.AT_REST if stopping and self._motion is Motion.REST else StopOutcome.NONE

    def _trouble(self, now_s: float) -> str:
        client = self.client
        text = self._scanner.trouble or client.trouble(now_s)
        if text and not (text == trouble.NO_CONTROL_POINT and self._followed):
            return text
        if self._motion is Motion.MOVING and not self._ours:
            return trouble.IN_USE
        if self._read_only and client.linked and not self._followed:
            return self._why_read_only()
        if self._toggles and not self._profile.quirks.toggle_stop:
            return trouble.MOVED_AFTER_STOP
        facts = client.facts
        if facts is not None and facts.can_speed and facts.min_ckmh > self._cap_ckmh:
            return trouble.minimum_above_cap(kmh_from_ckmh(facts.min_ckmh), kmh_from_ckmh(self._cap_ckmh))
        return ""

    @property
    def _followed(self) -> bool:
        """Staff allow walks that follow this very machine's console: that it takes no commands is as it should be."""
        profile, facts = self._profile, self.client.facts
        if not profile.follow_allowed or facts is None or facts.can_speed:
            return False
        return (profile.model or "", profile.firmware or "") == (facts.model, facts.firmware)

    def _why_read_only(self) -> str:
        profile, facts = self._profile, self.client.facts
        if not profile.commissioned or facts is None or facts.commissioned:
            return trouble.NOT_MEASURED
        measured = " ".join(part for part in (profile.model, profile.firmware) if part)
        return trouble.firmware_changed(f"{facts.model} {facts.firmware}".strip(), measured)

    # ---------------------------------------------------------------------------------------- the end

    def _may_go(self, now_s: float) -> None:
        wish = self._orders.wish
        if wish is not None and wish.leave and self._orders.fresh(now_s, connected=self._guard.open):
            self._done = self._done or not self._ours
        if self._leaving_s is None:
            return
        late = now_s - self._leaving_s > self._profile.stop_budget_s
        self._done = late or self._motion is Motion.REST or not self._ours
