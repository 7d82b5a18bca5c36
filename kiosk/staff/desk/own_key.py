"""A treadmill proves which one it is by its own safety key: staff pull it, and it says so. Nothing is written to it.

What says so is 2ADA 03 ("stopped by safety key"), counted by the guard at rest (Status.keys). A treadmill that is not
the bound one is bound for the meantime, unproved: belt and guard begin anew, connect, listen and arm nothing. Proved,
the binding is kept and they begin anew once more; left without, the binding of before is given back.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Final

from hardware.config.binding import Binding, Proof
from hardware.link.messages import Cause, LinkState, Rebind, Refused, Reset, ResetBy, SafetyEvent, State, Status
from kiosk.intents import Intent, IntentKind, ScreenId, TileState
from kiosk.staff.desk.asking import words
from kiosk.staff.desk.bound import Bind, GiveBack, last_four, quiet
from kiosk.staff.desk.errands import Answered
from kiosk.staff.desk.model import Here
from kiosk.staff.desk.turn import DeskTurn, Page
from kiosk.staff.desk.typing import STICKER, KeysPage
from kiosk.staff.desk.views import Button, StepsView, Tone

REACH_S: Final = 60.0  # to begin anew and connect
PULL_S: Final = 90.0  # to walk over and pull
RESET_S: Final = 2.0

GOING: Final = ("reach", "pull")
PHASES: Final = ("begin", *GOING, "silent", "away", "refused", "keep")


@dataclass(frozen=True, slots=True)
class OwnKeyPage(Page):
    """Asks for that treadmill's own key, and watches."""

    screen: ClassVar[ScreenId] = ScreenId.STAFF_TREADMILL
    address: str
    name: str
    phase: str = "begin"  # reach, pull; silent, away, refused: the sticker is left; keep
    since_s: float = 0.0
    keys: int = 0  # told before the pull
    before: Binding | None = None
    borrowed: bool = False  # bound for the meantime
    reset_s: float = float("-inf")
    asking: bool = False
    message: str = ""

    # ------------------------------------------------------------------------------------------ begin and end

    def opened(self, t: DeskTurn) -> None:
        """The bound one only has to say it; any other is bound for the meantime."""
        facts = None if t.status is None else t.status.facts
        if not quiet(t.here):
            t.put(replace(self, phase="refused", message="treadmill.key_not_now"))
        elif facts is not None and facts.address == self.address:
            t.put(replace(self, phase="reach", since_s=t.now_s))
        else:
            before = "none" if facts is None else facts.address
            t.put(replace(self, phase="begin", since_s=t.now_s))
            t.run(Bind(self.address, t.setup.treadmill_label, t.here.who.name, before, Proof.NONE))

    def leaving(self, t: DeskTurn) -> None:
        """Without a proof the treadmill of before is the bound one again."""
        if self.borrowed:
            t.run(GiveBack(self.address, self.before, t.here.who.name))
            t.send(Rebind())  # what is kept is on disk long before guard and belt have gone and come again

    def answered(self, t: DeskTurn, answer: Answered) -> None:
        """Bound for the meantime, or for good."""
        errand = answer.errand
        if not isinstance(errand, Bind) or errand.address != self.address or self.phase not in ("begin", "keep"):
            return
        if answer.refused:
            t.put(replace(self, phase="refused", message=answer.refused))
            return
        t.send(Rebind())
        if self.phase == "keep":
            t.put(replace(self, borrowed=False))
            t.play("done")
            t.back("bound")
            return
        before = answer.result if isinstance(answer.result, Binding) else None
        t.put(replace(self, phase="reach", since_s=t.now_s, borrowed=True, before=before))

    def _keep(self, t: DeskTurn, proof: Proof) -> None:
        facts = None if t.status is None else t.status.facts
        before = facts.address if facts is not None and not self.borrowed else ""
        if self.borrowed:
            before = "none" if self.before is None else self.before.address
        t.put(replace(self, phase="keep", asking=False))
        t.run(Bind(self.address, t.setup.treadmill_label, t.here.who.name, before, proof))

    # ------------------------------------------------------------------------------------------ what is seen

    def told(self, t: DeskTurn, body: Status | Refused | SafetyEvent) -> None:
        """The guard's word: whether it is there, and whether its key was pulled."""
        if isinstance(body, Refused) and body.what == "rebind" and self.phase == "reach" and self.borrowed:
            t.put(replace(self, phase="refused", message="treadmill.key_not_now"))
        if not isinstance(body, Status) or self.phase not in GOING:
            return
        t.awake()
        there = body.facts is not None and body.facts.address == self.address
        there = there and body.link in (LinkState.READ_ONLY, LinkState.READY) and body.measured_ckmh is not None
        if self.phase == "reach" and there:
            t.put(replace(self, phase="pull", since_s=t.now_s, keys=body.keys))
        elif self.phase == "pull" and there and body.keys > self.keys:
            self._keep(t, Proof.KEY)
        elif self.phase == "pull" and body.keys < self.keys:
            t.put(replace(self, keys=body.keys))  # the guard was started anew
        elif _only_begun(body) and t.now_s - self.reset_s >= RESET_S:
            t.put(replace(self, reset_s=t.now_s))  # a puller holds no key while the permit is off
            t.send(Reset(ResetBy.STAFF))

    def passing(self, t: DeskTurn) -> None:
        """Nobody waits for ever: the sticker is the other way."""
        waited_s = t.now_s - self.since_s
        if self.phase == "reach" and waited_s > REACH_S:
            t.put(replace(self, phase="away"))
            t.play("caution")
        elif self.phase == "pull" and waited_s > PULL_S:
            t.put(replace(self, phase="silent"))
            t.play("caution")

    # ------------------------------------------------------------------------------------------ what is wanted

    def touched(self, t: DeskTurn, intent: Intent) -> None:
        """Once more, or by the sticker."""
        match intent.kind:
            case IntentKind.CHOOSE if intent.value == 0 and self.phase in ("silent", "away"):
                t.put(replace(self, phase="reach", since_s=t.now_s))
            case IntentKind.CHOOSE if intent.value == 1 and self.phase not in ("begin", "keep", "refused"):
                t.put(replace(self, asking=True, message=""))
                t.open(KeysPage(words("treadmill.sticker"), words("treadmill.sticker_help"), keys=STICKER))

    def returned(self, t: DeskTurn, result: object) -> None:
        """The sticker's number."""
        if not self.asking:
            return
        if result == last_four(self.address).replace(":", ""):
            self._keep(t, Proof.STICKER)
            return
        other = isinstance(result, str)
        message = "treadmill.other_sticker" if other else ""
        t.put(replace(self, asking=False, message=message, since_s=t.now_s))
        if other:
            t.play("caution")

    def view(self, here: Here) -> StepsView:
        """Which treadmill, what to do now, and what was seen of it so far."""
        texts = here.texts
        buttons = []
        if self.phase not in ("begin", "keep", "refused"):
            buttons.append(Button(texts("treadmill.how_sticker"), Intent(IntentKind.CHOOSE, 1)))
        if self.phase in ("silent", "away"):
            buttons.append(Button(texts("treadmill.key_again"), Intent(IntentKind.CHOOSE, 0), tone=Tone.GOOD))
        there, pulled = TileState.WAITING, TileState.WAITING
        if self.phase in ("reach", "away"):
            there = TileState.ACTIVE if self.phase == "reach" else TileState.FAILED
        elif self.phase in ("pull", "silent", "keep"):
            there = TileState.DONE
            pulled = {"pull": TileState.ACTIVE, "silent": TileState.FAILED}.get(self.phase, TileState.DONE)
        return StepsView(
            texts("treadmill.how_title", name=self.name or "–", last=last_four(self.address)),
            texts(f"treadmill.key_{self.phase}"),
            (
                (texts("treadmill.key_there"), there, False),
                (texts("treadmill.key_pulled"), pulled, False),
            ),
            "",
            texts(self.message) if self.message else "",
            Tone.NOTICE,
            tuple(buttons),
        )


def _only_begun(status: Status) -> bool:
    """Latched for nothing but that the guard was started anew."""
    return status.state is State.LATCHED and status.cause is Cause.BOOT and not status.reset_missing
