"""The composed house with the real kiosk in it: session, screens' snapshots, record; on the virtual clock."""

from __future__ import annotations

from collections import deque
from pathlib import Path

from hardware.config import WiringLevel
from hardware.link.endpoint import Counters, memory_pair
from hardware.link.mailbox import Mailbox
from hardware.link.messages import GuardToKiosk, KioskToGuard, Status, WorldHand, WorldMischief
from kiosk.app import Kiosk, Simulation
from kiosk.archive import StoreArchive
from kiosk.autopilot import Autopilot
from kiosk.intents import Intent, IntentKind, ScreenId, TileState
from kiosk.screens import intent_at, targets
from kiosk.snapshot import Snapshot
from kiosk.sound import Silence
from kiosk.stage import BlindStage, Key
from kiosk.store.moment import SimulatedWallClock
from kiosk.store.store import Store, open_store
from kiosk.ui.canvas import Ui
from tests.support.composed import START_S, Composed
from tests.support.desk import SCREENING, make_setup

BEGAN_MS = 1_783_760_400_000  # 2026-07-11 09:00 UTC


class ScriptedStage(BlindStage):
    """Touches come from a script; a screen that was frozen draws nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.touches: deque[Intent] = deque()

    def poll(self, shown: Snapshot | None, now_s: float) -> list[Intent | Key]:
        """What the script wants, one thing a turn."""
        return [self.touches.popleft()] if self.touches else []


class WorldControl:
    """The world's control door, within one process."""

    closed = False

    def __init__(self, house: KioskHouse) -> None:
        self._house = house
        self.counters = Counters()

    def send(self, body: object, now_s: float) -> None:
        """A hand or a mischief, at once."""
        if isinstance(body, WorldHand):
            self._house.hand(body.what, body.closed)
        elif isinstance(body, WorldMischief):
            self._house.mischief(body.name, body.on)

    def drain(self, now_s: float) -> list[object]:
        """It tells nothing."""
        return []

    def fileno(self) -> int:
        """There is no descriptor."""
        return -1

    def close(self) -> None:
        """Nothing to close."""


class ButtonStage(ScriptedStage):
    """Draws nothing, but only what the screens really offer can be touched, where they offer it."""

    def __init__(self, ui: Ui) -> None:
        super().__init__()
        self._ui = ui

    def touch(self, intent: Intent, shown: Snapshot) -> Intent | None:
        """The middle of the button, if there is one."""
        for rect, found in targets(self._ui, shown):
            if found == intent:
                return intent_at(self._ui, shown, rect.center)
        return None


class RealKiosk:
    """Takes the place of the scripted kiosk in a Composed house."""

    def __init__(
        self, house: KioskHouse, data: Path, autopilot: Autopilot | None = None, stage: ScriptedStage | None = None
    ) -> None:
        self._house = house
        self.frozen = False
        self.stage = stage or ScriptedStage()
        self.refused: list[object] = []
        wall = SimulatedWallClock(BEGAN_MS, START_S)
        self.store: Store = open_store(data, wall.moment(house.now_s), threaded=False)
        self.archive = StoreArchive(self.store, wall, SCREENING, threaded=False, wants_owner=False)
        config = house.config

        def dial():
            if house.guard is None:
                return None
            mine, theirs = memory_pair(GuardToKiosk, KioskToGuard)
            house.kiosk_seat.take(theirs)
            return mine

        self.kiosk = Kiosk(
            setup=make_setup(
                config_cap_ckmh=config.limits.cap_ckmh,
                config_max_dpct=round(config.limits.max_incline_percent * 10),
                simulated=True,
                supervised=config.wiring.level is WiringLevel.H0,
                puller=config.wiring.level is WiringLevel.H1,
                new_id=lambda: self.archive.new_id(house.now_s),
                today=lambda: self.archive.today(house.now_s),
            ),
            guard=Mailbox(dial),
            archive=self.archive,
            stage=self.stage,
            sound=Silence(),
            lockstep=True,
            simulation=Simulation(Mailbox(lambda: WorldControl(house))),
            autopilot=autopilot,
        )

    @property
    def status(self) -> Status | None:
        """What the guard said last."""
        return self.kiosk.state.status

    def turn(self, now_s: float) -> None:
        """One quantum."""
        if not self.frozen:
            self.kiosk.step(now_s)


class KioskHouse(Composed):
    """World, guard, belt and the real kiosk, with hands and touches by script."""

    def __init__(
        self,
        data: Path,
        *,
        autopilot: Autopilot | None = None,
        stage: ScriptedStage | None = None,
        **options: object,
    ) -> None:
        super().__init__(**options)  # type: ignore[arg-type]
        self.kiosk.endpoint.close()
        self.kiosk_seat.drain(self.now_s)
        self.kiosk = RealKiosk(self, data, autopilot, stage)  # type: ignore[assignment]

    def close(self) -> None:
        """Let go of the record, too."""
        if isinstance(self.kiosk, RealKiosk):
            self.kiosk.kiosk.close()
        super().close()

    @property
    def screen(self) -> ScreenId:
        """What is shown."""
        return self.kiosk.kiosk.state.screen

    @property
    def shown(self) -> Snapshot:
        """The frame that is shown."""
        shown = self.kiosk.kiosk.shown
        assert shown is not None
        return shown

    def touch(self, kind: str, value: int = 0) -> None:
        """A touch, as soon as the screen takes one."""
        self.run(0.5)
        self.kiosk.stage.touches.append(Intent(IntentKind(kind), value))
        self.run(0.2)

    def at(self, *screens: ScreenId, within_s: float = 60.0) -> None:
        """Let time pass until one of *screens* is up."""
        self.until(lambda: self.screen in screens, within_s)

    def to_check(self, *, consent: str = "yes") -> None:
        """A guest goes as far as the safety check."""
        self.until(lambda: self.kiosk.kiosk.shown is not None and self.shown.belt_free, 30.0)
        self.touch("wake")
        self.touch("guest")
        self.touch(consent)
        while self.screen is ScreenId.SCREENING:
            self.touch(*(("score", 0) if self.shown.question_scale else ("no",)))
        self.touch("choose", 0)
        self.touch("next")
        self.at(ScreenId.CHECK)

    def prove(self, then: ScreenId = ScreenId.STRADDLE) -> None:
        """Tap what a person sees, then pull the clip and put it back."""
        for _ in range(40):
            active = next((i for i, tile in enumerate(self.shown.tiles) if tile.state is TileState.ACTIVE), None)
            key = self.shown.tiles[active].key if active is not None else ""
            if key == "check.clip_pull":
                break
            if key == "check.key" and active is not None and self.shown.tiles[active].tap:
                self.hand("key", True)
            if active is not None and self.shown.tiles[active].tap:
                self.touch("tick", active)
            self.run(0.2)
        self.hand("clip", False)
        self.run(0.6)
        self.hand("clip", True)
        self.at(then, within_s=3)

    def to_walk(self) -> None:
        """On to the walk, by the clip alone."""
        self.to_check()
        self.prove()
        self.at(ScreenId.WALK)
