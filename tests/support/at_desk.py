"""Staff at the desk: the pure machine with a real record below it, answered at once. No time passes by itself."""

from __future__ import annotations

import shutil

from hardware.link.messages import Inputs, LinkState, State, Status, TreadmillFacts, WishMode
from kiosk.intents import Intent, IntentKind
from kiosk.session.actions import Send, TryPin
from kiosk.staff import audit, pin
from kiosk.staff.desk import machine
from kiosk.staff.desk.clerk import Clerk
from kiosk.staff.desk.errands import Run
from kiosk.staff.desk.model import Here, SecondPin
from kiosk.staff.desk.view import staff_view
from kiosk.store.kinds import Role
from kiosk.store.moment import Moment
from kiosk.store.store import open_store
from tests.support.desk import CONTENT, make_setup

NOW_MS = 1_783_757_700_000
ADDRESS = "C0:FF:EE:00:00:42"
PINS = {"Olga": "394817", "Kim": "604275", "Pia": "815263"}
ROLES = {"Olga": Role.OWNER, "Kim": Role.STAFF, "Pia": Role.PHYSIO}
FACTS = TreadmillFacts(ADDRESS, "Belt", "M1", "1.0", 80, 1600, 1, 0, 150, 5, True, True, "measured", True)


def status(cap_ckmh=563):
    return Status(
        state=State.IDLE, cause=None, hard=False, stopping_s=0.0, reset_by=None, reset_missing=(), arm_missing=(),
        start_missing=(), inputs=Inputs(True, True, None, True, ""), link=LinkState.READY, measured_ckmh=0,
        measured_age_s=0.1, incline_dpct=0, commanded_ckmh=0, commanded_dpct=0, wish=WishMode.HOLD, epoch=1,
        cap_ckmh=cap_ckmh, min_ckmh=80, start_latency_s=2.0, at_rest=True, consent_left_s=None, session=None,
        permit=True, alarm=False, in_use_by_other=False, facts=FACTS, trouble="", ticks_late=0,
    )  # fmt: skip


def furnish(directory):
    """A record with an account of each role."""
    store = open_store(directory, Moment(1000.0, NOW_MS), threaded=False)
    owner = None
    for name, role in ROLES.items():
        values = {"name": name, "role": role, "pin": PINS[name], "by": owner}
        work = store.writer.run(lambda c, v=values: pin.add_account(c, store.ids, Moment(1000.0, NOW_MS), **v))
        owner = owner or work.result()
    store.close()
    return directory


class Staffed:
    """One desk. *who* None: first start. *furnished*: a directory with a record that has everybody's account."""

    def __init__(self, directory, who="Olga", *, cap_ckmh=563, furnished=None):
        self.now_s, self.now_ms = 1000.0, NOW_MS
        if furnished is not None and who is not None:
            shutil.copytree(furnished, directory)
        self.store = open_store(directory, self.at, threaded=False)
        self.clerk, self.pins = Clerk(self.store, threaded=False), pin.PinDesk(self.store, threaded=False)
        self.setup = make_setup(config_cap_ckmh=563, config_max_dpct=50)
        self.status = status(cap_ckmh)
        self.sent, self.actions = [], []
        if who is None:
            self.desk = machine.first_start(self.now_s)
        else:
            self.desk = machine.signed_in(self.read(lambda c: pin.by_name(c, who)), self.now_s)
        self.desk, actions = machine.begin(self.desk, self.here)
        self._carry(actions)

    @property
    def at(self):
        return Moment(self.now_s, self.now_ms)

    @property
    def here(self):
        return Here(
            self.now_s, self.setup, self.status, self.caps, CONTENT.texts["en"], self.desk.who, self.desk.since_s,
            self.now_ms,
        )  # fmt: skip

    @property
    def caps(self):
        if not hasattr(self, "store"):
            return ()
        self.store.reader.look_now()
        return self.store.reader.caps()

    @property
    def screen(self):
        return self.desk.screen.value

    @property
    def view(self):
        return staff_view(self.desk, self.here).page

    def write(self, work):
        """Into the record, past the desk."""
        return self.store.writer.run(work).result()

    def read(self, question):
        return self.store.reader.ask(question).result()

    def audit(self):
        return self.read(lambda c: audit.last(c, 100))

    def step(self, *events):
        self.desk, actions = machine.step(self.desk, events, self.here)
        self._carry(actions)

    def _carry(self, actions):
        self.actions += actions
        for action in actions:
            match action:
                case Run(errand):
                    self.clerk.run(errand, self.at)
                case TryPin(digits):
                    told = self.pins.sign_in(digits, self.at).result()
                    self.step(SecondPin(told.staff, told.wait_s))
                case Send(body):
                    self.sent.append(body)
        for answer in self.clerk.poll():
            if not self.desk.over:
                self.step(answer)

    def run(self, seconds):
        for _ in range(round(seconds * 2)):
            self.now_s += 0.5
            self.now_ms += 500
            if self.desk.over:
                return
            self.step()

    def touch(self, kind, value=0):
        self.run(0.5)
        self.step(Intent(IntentKind(kind), value))
        return self

    def digits(self, text):
        for digit in text:
            self.touch("digit", int(digit))
        return self.touch("submit")

    def letters(self, text):
        from kiosk.staff.desk.asking import LETTERS

        for letter in text.upper():
            self.touch("space") if letter == " " else self.touch("letter", LETTERS.index(letter))
        return self.touch("submit")

    def tile(self, key):
        """Open a tile by its name."""
        from kiosk.staff.desk.menu import allowed

        keys = [tile.key for tile in allowed(self.here)]
        assert self.screen == "staff_menu", self.screen
        return self.touch("open", keys.index(key))

    def action(self, label):
        """Touch a button of a FactsView by its label."""
        found = {button.label: button.intent for button in self.view.actions}
        intent = found[label]
        return self.touch(intent.kind, intent.value)

    def row(self, text):
        """Touch the row whose first cell is *text*."""
        intent = next(row.intent for row in self.view.rows if row.cells[0] == text)
        return self.touch(intent.kind, intent.value)

    def choose(self, text):
        return self.touch("choose", self.view.choices.index(text))

    def lower_limit(self, cap_ckmh):
        self.status = replace_status(self.status, cap_ckmh=cap_ckmh)

    def close(self):
        self.store.close()


def replace_status(old, **changes):
    import msgspec

    return msgspec.structs.replace(old, **changes)


__all__ = ["PINS", "Staffed", "status"]
