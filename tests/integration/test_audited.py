"""Every action of staff has its entry in the audit: who, when, what, before, after (issue 6).

The actions are found, not listed: whatever the desk can have done, and every command of the shell. One that is new
fails here until it says what entry it makes, or that it only looks.
"""

import importlib
import json
import pkgutil
from decimal import Decimal
from types import SimpleNamespace

import msgspec
import pytest
import typer
from typer.testing import CliRunner

from hardware.config.profiles import Profile
from hardware.link.messages import Cause
from kiosk.appliance import ask
from kiosk.cli import app
from kiosk.intents import ScreenId
from kiosk.staff import audit, desk, pin
from kiosk.staff.commands import treadmill
from kiosk.staff.commissioning.findings import Findings, Identity
from kiosk.staff.desk import (
    accounts,
    bound,
    box,
    caps,
    diagnostics,
    faults,
    granted,
    new_account,
    noted,
    places,
    procedure,
    system,
)
from kiosk.staff.desk import member_record as members
from kiosk.staff.desk import treadmill as treadmill_page
from kiosk.staff.desk.errands import Job, Run, Write
from kiosk.staff.health import beacon
from kiosk.store.commands import reading
from kiosk.store.kinds import CapScope, Role
from kiosk.store.records import EventIn, Severity
from kiosk.store.repositories import members as rows
from kiosk.store.repositories import service
from tests.support.at_desk import ADDRESS, FACTS, NOW_MS, PINS, Staffed, furnish
from tests.support.desk import TO_CHECK, Desk, gated, red
from tests.support.record import moment, opened

CODE, OTHER, NAME = "417926", "528037", "Quentina"

# ------------------------------------------------------------------------------------------------------- the desk

LOOKS = {
    box.ReadBox,
    diagnostics.LookAround,
    places.FindPlaces,
    procedure.ReadKept,
    procedure.ReadResult,
    system.ReadState,
    treadmill_page.ReadProfile,
}
"""They change nothing and take nothing away."""


def cap(who, speed=240):
    return caps.SetCap(caps.Subject(CapScope.GYM), speed, None, "assessed", (who,), None)


def put_back(house, who):
    return caps.PutBack(house.done(cap(who, 200)), (who,), None)


def held(house):
    """Three faults of a kind."""
    told = EventIn("trip", Severity.FAULT, cause=Cause.LINK_LOST)
    for _ in range(service.LIMIT):
        house.store.writer.event(told, house.at)
    house.write(lambda c: service.consider(c, house.store.ids, Cause.LINK_LOST.value, house.at))


def found(house, who):
    identity = Identity(address=ADDRESS, model="M1", firmware="1.0")
    return procedure.KeepFound(ADDRESS, who.name, identity, Findings(), Profile(address=ADDRESS, name="Belt"))


ACTIONS = {
    accounts.NewPin: (lambda h, who: accounts.NewPin(h.staff("Kim"), "719384", who), "pin changed", "staff Kim"),
    accounts.Retire: (lambda h, who: accounts.Retire(h.staff("Pia"), who), "account retired", "staff Pia"),
    caps.SetCap: (lambda h, who: cap(who), "cap set", "cap gym"),
    caps.PutBack: (put_back, "cap raised", "cap gym"),
    faults.BackInService: (lambda h, who: (held(h), faults.BackInService(who))[1], "back in service", "treadmill"),
    granted.NoteOverride: (
        lambda h, who: granted.NoteOverride(who.name, h.anna, "letter"), "override", "member {anna}",
    ),
    members.Add: (lambda h, who: members.Add("Zoe", who), "member added", None),
    members.Balance: (lambda h, who: members.Balance(h.anna, 182, who), "balance checked", "member {anna}"),
    members.Erase: (lambda h, who: members.Erase(h.anna, "asked", who), "member erased", "member {anna}"),
    members.Fast: (
        lambda h, who: members.Fast(h.anna, Decimal("1.2"), 180, "progress", who), "fast track", "member {anna}",
    ),
    members.Merge: (lambda h, who: members.Merge(h.anna, h.other, who), "members merged", "member {anna}"),
    members.Rename: (lambda h, who: members.Rename(h.anna, "Zoe", who), "member renamed", "member {anna}"),
    members.Unlock: (lambda h, who: members.Unlock(h.anna, who), "clinician unlocked", "member {anna}"),
    new_account.AddAccount: (
        lambda h, who: new_account.AddAccount("Bo", Role.STAFF, "902715", who), "account added", "staff Bo",
    ),
    noted.Note: (lambda h, who: noted.signed_out(who.name), "signed out", "kiosk"),
    places.WriteMember: (lambda h, who: places.WriteMember(h.anna, "", who), "exported", "member {anna}"),
    places.WriteSessions: (lambda h, who: places.WriteSessions(0, NOW_MS, "", who), "exported", "0 sessions"),
    procedure.KeepFound: (found, "profile kept", f"treadmill {ADDRESS}"),
    system.AskMachine: (lambda h, who: system.AskMachine(ask.Verb.REBOOT, who.name), "machine: reboot", "machine"),
    treadmill_page.AllowFollow: (
        lambda h, who: treadmill_page.AllowFollow(FACTS, True, who.name), "follow mode", f"treadmill {ADDRESS}",
    ),
    bound.GiveBack: (lambda h, who: bound.GiveBack(ADDRESS, None, who.name), "treadmill not proved", "treadmill"),
    treadmill_page.Bind: (
        lambda h, who: treadmill_page.Bind(ADDRESS, "Treadmill 4", who.name, ""), "treadmill bound", "treadmill",
    ),
}  # fmt: skip


def every(kind):
    """The names of all that the desk can have done of *kind*, in every module of it."""
    for module in pkgutil.iter_modules(desk.__path__):
        importlib.import_module(f"{desk.__name__}.{module.name}")
    under = {one for one in kind.__subclasses__() if one.__module__.startswith("kiosk.")}
    return {one.__qualname__ for one in under}.union(*(every(one) for one in under))


def test_every_errand_of_the_desk_that_may_change_something_is_known_here():
    assert every(Write) | every(Job) == {one.__qualname__ for one in set(ACTIONS) | LOOKS}


class House(Staffed):
    """Olga at the desk; a new member for every errand, and the answer to it."""

    def __init__(self, directory, furnished):
        super().__init__(directory, "Olga", furnished=furnished)
        self.fresh()

    def fresh(self):
        at = self.store.ids.new(NOW_MS)
        self.anna, self.other = at, self.write(lambda c: rows.add(c, self.store.ids.new(NOW_MS), self.at)).code
        self.write(lambda c: rows.add(c, at, self.at, name=NAME))
        self.write(lambda c: rows.give_consent(c, at, NOW_MS - 1))
        self.code = self.read(lambda c: rows.by_id(c, at)).code

    def staff(self, name):
        return self.read(lambda c: pin.by_name(c, name))

    def done(self, errand):
        self.clerk.run(errand, self.at)
        (answer,) = self.clerk.poll()
        assert answer.refused == ""
        self.store.writer.drain()
        return answer.result


pytestmark = pytest.mark.usefixtures("cheap_pins")


@pytest.fixture(scope="module")
def furnished(tmp_path_factory):
    return furnish(tmp_path_factory.mktemp("furnished"))


@pytest.fixture(scope="module")
def house(tmp_path_factory, furnished):
    made = House(tmp_path_factory.mktemp("house") / "data", furnished)
    yield made
    made.close()


@pytest.mark.parametrize("kind", ACTIONS, ids=lambda kind: kind.__name__)
def test_an_errand_that_changes_something_says_who_did_what_to_what(kind, house, monkeypatch):
    monkeypatch.setattr(ask, "available", lambda: True)
    monkeypatch.setattr(ask, "ask", lambda verb: None)
    house.fresh()
    make, action, subject = ACTIONS[kind]
    errand = make(house, house.desk.who)
    before = {entry.id for entry in house.audit()}
    house.done(errand)
    (entry,) = (entry for entry in house.audit() if entry.id not in before)
    assert (entry.who, entry.action, entry.at_ms) == ("Olga", action, NOW_MS)
    assert subject is None or entry.subject == subject.format(anna=house.anna)
    told = " ".join((entry.subject, entry.before, entry.after, entry.reason))
    assert not [secret for secret in (NAME, house.code, house.other, "Zoe", "719384", "902715") if secret in told]


# ---------------------------------------------------------------------------------------------- signing in and out


def test_signing_in_out_and_wrong_pins_are_in_the_audit_and_no_pin_is(tmp_path, furnished):
    house = House(tmp_path / "house", furnished)
    try:
        for typed in ("604276", "604277", PINS["Kim"], *(f"60428{n}" for n in range(5))):
            house.now_ms += 1
            house.pins.sign_in(typed, house.at).result()
        newest = [(entry.who, entry.action, entry.before, entry.after) for entry in reversed(house.audit()[:8])]
        assert newest == [
            ("", "wrong pin", "1 in a row", ""),
            ("", "wrong pin", "2 in a row", ""),
            ("Kim", "signed in", "", ""),
            *(("", "wrong pin", f"{n} in a row", "") for n in range(1, 5)),
            ("", "pin locked", "5 in a row", "60 s"),
        ]
        assert "60427" not in repr(house.audit())
        house.touch("sign_out")
        assert [(e.who, e.action, e.after) for e in house.audit()[:1]] == [("Olga", "signed out", "")]
    finally:
        house.close()


def test_who_leaves_the_screen_is_signed_out_in_the_audit_too(tmp_path, furnished):
    house = House(tmp_path / "house", furnished)
    try:
        house.run(70)
        assert house.desk.over
        assert [(e.who, e.action, e.after) for e in house.audit()[:1]] == [("Olga", "signed out", "idle")]
    finally:
        house.close()


def notes(shown):
    return [(a.errand.who, a.errand.action, a.errand.before) for a in shown.actions
            if isinstance(a, Run) and isinstance(a.errand, noted.Note)]  # fmt: skip


@pytest.mark.parametrize("left", [("choose", 0), ("back", 0), None])
def test_whoever_signs_in_for_an_override_is_signed_out_again(left):
    shown = Desk().follow(("attract", "wake"), ("who", "guest"), ("screening", gated), ("talk_to_staff", "staff"))
    shown.code("246810")
    assert shown.screen is ScreenId.OVERRIDE
    if left is None:
        shown.until(ScreenId.ATTRACT, within_s=90)
    else:
        shown.touch(*left)
    shown.until(ScreenId.ATTRACT, within_s=200)
    assert notes(shown) == [("Kim", "signed out", "")]


def test_a_reset_by_staff_names_who_and_what_had_stopped_it():
    shown = Desk().follow(*TO_CHECK, ("check", red), ("out_of_service", "staff"))
    shown.code("246810")
    assert shown.screen is ScreenId.RESET
    shown.guard.red = True
    shown.run(0.5)
    shown.guard.red = False
    shown.run(0.5)
    shown.guard.red = True
    shown.run(0.5)
    shown.guard.clip = False
    shown.run(0.5)
    shown.guard.clip = True
    shown.run(0.5)
    for item in (0, 1):
        shown.touch("tick", item)
    shown.touch("confirm")
    shown.run(1.0)
    assert notes(shown) == [("Kim", "reset", "latched: red_button"), ("Kim", "signed out", "")]


# ------------------------------------------------------------------------------------------------------ the shell

LOOKING = {
    "blackbox list", "blackbox replay", "blackbox show", "caps show", "decode", "doctor", "events", "gallery",
    "members list", "members show", "programs list", "programs show", "programs verify", "report", "scan", "sessions",
    "staff audit", "staff list", "staff service show", "treadmill list", "treadmill profile", "treadmill simulate",
    "update check",
}  # fmt: skip
"""They change nothing of the gym's, and what they write of it names nobody."""

SIGNED = {"treadmill profile"}
"""... except where it is asked to, for a PIN: test_leave_to_follow_a_treadmill_is_signed."""

OF_THE_MACHINE = {"demo", "guard", "run", "setup", "update apply", "update trust"}
"""Whoever may do this has the machine: the system's journal knows. As root they may not write into the record."""

AT_THE_BELT = {"commission", "opening-check"}

OLGA = "394817"
COMMANDS = {
    "backup": ("", "backed up"),
    "caps clear": ("--program P3 --reason r", "cap raised"),
    "caps set": ("2.5 --program P2 --reason r", "cap set"),
    "export": ("{tmp}", "exported"),
    "members add": ("--name Zoe", "member added"),
    "members erase": ("417926 --yes", "member erased"),
    "members merge": ("417926 528037 --yes", "members merged"),
    "members set": ("417926 --language de --name Zoe", "member changed"),
    "restore": ("{backup} --yes --reason r", "restored"),
    "staff add": ("Bo --pin-stdin|394817|902715", "account added"),
    "staff pin": ("Olga --pin-stdin|394817|719384", "pin changed"),
    "staff retire": ("Kim --pin-stdin|394817", "account retired"),
    "staff service clear": ("--reason r --pin-stdin|394817", "back in service"),
    "staff unlock": ("", "pin unlocked"),
    "treadmill bind": ("C0:FF:EE:00:00:42 --reason r --pin-stdin|394817", "bound"),
    "treadmill unbind": ("--pin-stdin|394817", "unbound"),
}


def leaves(group, path=()):
    """(command, its options) of them all."""
    for name, one in group.commands.items():
        if hasattr(one, "commands"):
            yield from leaves(one, (*path, name))
        else:
            yield " ".join((*path, name)), {option for param in one.params for option in param.opts}


def test_every_command_of_the_shell_is_known_here():
    known = [LOOKING, OF_THE_MACHINE, AT_THE_BELT, set(COMMANDS)]
    found = dict(leaves(typer.main.get_command(app)))
    assert set(found) == set().union(*known)
    assert sum(map(len, known)) == len(set().union(*known))
    assert {command for command in LOOKING if "--pin-stdin" in found[command]} == SIGNED


@pytest.fixture(scope="module")
def gym(tmp_path_factory):
    """A record with an owner, staff, two members, a hold and a backup."""
    directory = tmp_path_factory.mktemp("gym")
    furnish(directory)
    with opened(directory) as store:
        for code in (CODE, OTHER):
            store.writer.run(lambda c, code=code: rows.add(c, store.ids.new(0), moment(), code=code)).result()
        for _ in range(service.LIMIT):
            store.writer.event(EventIn("trip", Severity.FAULT, cause=Cause.LINK_LOST), moment())
        store.writer.run(lambda c: service.consider(c, store.ids, Cause.LINK_LOST.value, moment())).result()
    return directory


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_that_changes_something_says_who_did_what(command, gym, tmp_path):
    import shutil

    directory = tmp_path / "data"
    shutil.copytree(gym, directory)

    def run(words, typed=""):
        return CliRunner().invoke(app, [*words, "--data", str(directory)], input=typed)

    text, action = COMMANDS[command]
    line, *pins = text.split("|")
    if command == "restore":
        run(["backup", str(tmp_path / "copies")])
        (copy,) = (tmp_path / "copies").glob("*.db")
        line = line.format(backup=copy)
    if command == "caps clear":
        run(["caps", "set", "2", "--program", "P3"])
    if command == "treadmill unbind":
        run(["treadmill", "bind", ADDRESS, "--pin-stdin"], f"{OLGA}\n")
    with reading(directory) as connection:
        before = {entry.id for entry in audit.last(connection, 100)}
    done = run([*command.split(), *line.format(tmp=tmp_path).split()], "".join(f"{one}\n" for one in pins))
    assert done.exit_code == 0, done.output
    with reading(directory) as connection:
        new = [entry for entry in audit.last(connection, 100) if entry.id not in before]
    made = [entry for entry in new if entry.action == action]
    assert len(made) == 1, [entry.action for entry in new]
    assert made[0].who == ("Olga" if pins else made[0].who)
    assert made[0].who.startswith("shell (") or pins
    assert made[0].reason == ("r" if "--reason r" in line else "")
    assert {entry.action for entry in new} - {action, "signed in"} == set()
    told = json.dumps([(entry.subject, entry.before, entry.after) for entry in new])
    assert not [secret for secret in (CODE, OTHER, "Zoe", OLGA, "902715", "719384") if secret in told]


@pytest.mark.parametrize(
    ("command", "good", "actions"),
    [
        ("commission", False, ["commissioning begun"]),
        ("opening-check", True, ["opening check"]),
        ("opening-check", False, ["opening check broken off"]),
    ],
)
def test_what_is_done_at_the_belt_is_signed(command, good, actions, gym, tmp_path, monkeypatch):
    import shutil

    directory = tmp_path / "data"
    shutil.copytree(gym, directory)
    config = SimpleNamespace(treadmill=SimpleNamespace(address=ADDRESS), sound=None, gym=None)
    place = SimpleNamespace(config=config, directory=directory, simulated=False, now=lambda: 0.0)
    monkeypatch.setattr(treadmill, "_Place", lambda *_: place)
    monkeypatch.setattr(treadmill, "_lead", lambda *_, **__: good)
    monkeypatch.setattr(treadmill, "_voice", lambda *_, **__: None)
    CliRunner().invoke(app, [command, "--pin-stdin"], input=f"{OLGA}\n")
    with reading(directory) as connection:
        found = [entry for entry in reversed(audit.last(connection, 100)) if entry.subject == f"treadmill {ADDRESS}"]
    assert [(entry.who, entry.action) for entry in found] == [("Olga", action) for action in actions]


def test_leave_to_follow_a_treadmill_is_signed(gym, tmp_path, monkeypatch):
    import shutil

    directory = tmp_path / "data"
    shutil.copytree(gym, directory)
    facts = msgspec.structs.replace(FACTS, can_speed=False)
    word = SimpleNamespace(status=SimpleNamespace(facts=facts))
    monkeypatch.setattr(beacon, "read", lambda *_: word)
    config = tmp_path / "kiosk.toml"
    wiring = '[wiring]\nlevel = "H1"\npermit = 5\npermit_readback = 6\n'
    config.write_text(f'{wiring}[treadmill]\naddress = "{ADDRESS}"\n')
    words = ["treadmill", "profile", "--follow", "--pin-stdin", "--data", str(directory), "--config", str(config)]
    done = CliRunner().invoke(app, [*words, "--runtime", str(tmp_path / "run")], input=f"{OLGA}\n")
    assert done.exit_code == 0, done.output
    with reading(directory) as connection:
        (entry,) = (entry for entry in audit.last(connection, 100) if entry.action == "follow mode")
    assert (entry.who, entry.before, entry.after) == ("Olga", "not allowed", "allowed")
