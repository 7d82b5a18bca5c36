"""The doctor's looks, each on a machine made of files: what is found, and that there are words for it everywhere."""

from __future__ import annotations

import ast
import os
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from hardware.config import Config, ConfigError, PinsKind, Treadmill, Wiring, load_config
from hardware.config.files import save_profile
from hardware.config.profiles import Profile, profile_path
from hardware.link.messages import LinkState, Opening, ResetBy, TreadmillFacts
from kiosk.assets import assets_directory
from kiosk.gallery import STATUS
from kiosk.locale import load_catalogues
from kiosk.staff import health
from kiosk.staff.health import beacon, computer, house, record
from kiosk.staff.health.finding import Finding, Level, blind, do_words, exit_code, fine, found_words, todo
from kiosk.staff.health.machine import Answer, Machine
from kiosk.store.kinds import Severity
from kiosk.store.moment import DAY_MS, Moment, stamp
from kiosk.store.records import EventIn
from kiosk.store.repositories import service
from tests.support.record import moment, opened, walk

ADDRESS = "C0:FF:EE:00:00:42"
REAL = Config(treadmill=Treadmill(address=ADDRESS))


def machine(root: Path, files: dict[str, str] | None = None, answers: dict[str, Answer] | None = None) -> Machine:
    for name, text in (files or {}).items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def run(words: Sequence[str]) -> Answer | None:
        return (answers or {}).get(words[0])

    return Machine(root, run, {})


def told(finding: Finding) -> tuple[str, Level]:
    return finding.key, finding.level


RFKILL = {"sys/class/bluetooth/hci0/address": "x", "sys/class/rfkill/rfkill0/type": "bluetooth\n"}
TOUCH = (
    'I: Bus=0003 Vendor=222a\nN: Name="ILITEK Multi-Touch"\nH: Handlers=mouse0 event2\nB: PROP=2\nB: EV=1b\n\n'
    'N: Name="Optical Mouse"\nH: Handlers=mouse1 event3\nB: PROP=0\n'
)
CARDS = " 0 [vc4hdmi0       ]: vc4-hdmi - vc4-hdmi-0\n                      vc4-hdmi-0\n"


@pytest.mark.parametrize(
    ("look", "files", "answers", "found"),
    [
        (computer.clock, {"sys/class/rtc/rtc0/since_epoch": "1784000000\n"}, {}, ("rtc", Level.FINE)),
        # A Pi 5 without its battery: the clock is there, and has counted from 1970 since the plug went in.
        (computer.clock, {"sys/class/rtc/rtc0/since_epoch": "312\n"}, {}, ("unset", Level.DO)),
        (computer.clock, {"run/systemd/timesync/synchronized": ""}, {}, ("synchronised", Level.FINE)),
        (computer.clock, {}, {"timedatectl": Answer(0, "yes\n")}, ("synchronised", Level.FINE)),
        (computer.clock, {}, {"timedatectl": Answer(0, "no\n")}, ("unset", Level.DO)),
        (computer.heat, {"sys/class/thermal/thermal_zone0/temp": "45123\n"}, {}, ("fine", Level.FINE)),
        (computer.heat, {"sys/class/thermal/thermal_zone0/temp": "72000\n"}, {}, ("warm", Level.FINE)),
        (computer.heat, {"sys/class/thermal/thermal_zone0/temp": "80000\n"}, {}, ("hot", Level.DO)),
        (computer.heat, {}, {}, ("none", Level.FINE)),
        (computer.power, {}, {"vcgencmd": Answer(0, "throttled=0x0\n")}, ("fine", Level.FINE)),
        (computer.power, {}, {"vcgencmd": Answer(0, "throttled=0x50005\n")}, ("low_now", Level.DO)),
        (computer.power, {}, {"vcgencmd": Answer(0, "throttled=0x4\n")}, ("throttled", Level.DO)),
        (computer.power, {}, {"vcgencmd": Answer(0, "throttled=0x50000\n")}, ("low_seen", Level.DO)),
        (computer.power, {}, {"vcgencmd": Answer(0, "throttled=0x40000\n")}, ("throttled_seen", Level.FINE)),
        (computer.power, {"sys/class/hwmon/hwmon1/in0_lcrit_alarm": "1"}, {}, ("low_now", Level.DO)),
        (computer.power, {"sys/devices/platform/soc/soc:firmware/get_throttled": "0"}, {}, ("fine", Level.FINE)),
        (computer.power, {}, {}, ("none", Level.FINE)),
        (computer.display, {}, {}, ("no_card", Level.DO)),
        (
            computer.display,
            {"sys/class/drm/card1-HDMI-A-1/status": "disconnected"},
            {},
            ("unplugged", Level.DO),
        ),
        (
            computer.display,
            {
                "sys/class/drm/card1-HDMI-A-1/status": "connected\n",
                "sys/class/drm/card1-HDMI-A-1/modes": "1920x1080\n",
            },
            {},
            ("kms", Level.FINE),
        ),
        (computer.touch, {"proc/bus/input/devices": TOUCH}, {}, ("fine", Level.FINE)),
        (computer.touch, {"proc/bus/input/devices": TOUCH.partition("\n\n")[2]}, {}, ("mouse", Level.FINE)),
        (computer.touch, {}, {}, ("none", Level.DO)),
        (computer.sound, {"proc/asound/cards": CARDS}, {}, ("fine", Level.FINE)),
        (computer.sound, {"proc/asound/cards": "--- no soundcards ---\n"}, {}, ("none", Level.DO)),
        (computer.services, {}, {}, ("none", Level.FINE)),
        (
            computer.services,
            {"usr/lib/systemd/system/retrowalk-guard.service": ""},
            {"systemctl": Answer(0, "ActiveState=active\nNRestarts=0\n")},
            ("fine", Level.FINE),
        ),
        (
            computer.services,
            {"usr/lib/systemd/system/retrowalk-guard.service": ""},
            {"systemctl": Answer(0, "ActiveState=failed\nNRestarts=9\n")},
            ("down", Level.DO),
        ),
        (computer.services, {"usr/lib/systemd/system/retrowalk-guard.service": ""}, {}, ("silent", Level.BLIND)),
    ],
)
def test_each_state_of_the_machine_is_told_apart(tmp_path, look, files, answers, found):
    assert told(look(machine(tmp_path, files, answers))) == found


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("dtparam=strict_gpiod", ["fine"]),
        ("dtparam=audio=on, strict_gpiod=on", ["fine"]),
        ("#dtparam=strict_gpiod", ["kept"]),
        ("dtparam=strict_gpiod=off", ["kept"]),
        ("", ["kept"]),
    ],
)
def test_a_pi_that_keeps_the_level_of_a_pin_is_told_of_and_another_machine_is_not(tmp_path, line, found):
    files = {"boot/firmware/config.txt": f"[all]\n{line}\n"}
    assert computer.pins(machine(tmp_path, files)) == ()
    pi = machine(tmp_path, {"proc/device-tree/model": "Raspberry Pi 5 Model B Rev 1.0\0"})
    assert [one.key for one in computer.pins(pi)] == found


@pytest.mark.parametrize(
    ("files", "trouble", "found"),
    [
        ({}, "", "no_adapter"),
        (RFKILL | {"sys/class/rfkill/rfkill0/soft": "1"}, "", "soft_blocked"),
        (RFKILL | {"sys/class/rfkill/rfkill0/hard": "1", "sys/class/rfkill/rfkill0/soft": "1"}, "", "hard_blocked"),
        (RFKILL, "It is off.", "trouble"),
        (RFKILL, None, "no_service"),
        (RFKILL | {"proc/811/comm": "bluetoothd\n"}, None, "fine"),
        (RFKILL, "", "fine"),
    ],
)
def test_bluetooth_is_missing_blocked_off_without_its_service_or_fine(tmp_path, files, trouble, found):
    assert computer.bluetooth(machine(tmp_path, files), trouble).key == found


def test_a_running_guard_is_seen_and_an_editor_of_its_source_is_not(tmp_path):
    assert not computer.guard_runs(machine(tmp_path, {"proc/7/cmdline": "vim\0hardware/guard/loop.py"}))
    assert computer.guard_runs(machine(tmp_path, {"proc/8/cmdline": "python\0-m\0hardware.guard\0--config"}))
    (tmp_path / "proc/8/cmdline").write_text("/usr/bin/python3\0/opt/retrowalk/bin/retrowalk-guard")
    assert computer.guard_runs(machine(tmp_path))


def test_a_display_that_nobody_sees_is_no_display(tmp_path):
    assert told(computer.display(machine(tmp_path), "offscreen")) == ("unreal", Level.DO)
    assert told(computer.display(machine(tmp_path), "KMSDRM")) == ("drawing", Level.FINE)


def test_the_record_is_missing_whole_or_damaged(tmp_path):
    assert told(record.record(tmp_path)) == ("none", Level.FINE)
    with opened(tmp_path) as store:
        walk(store)
    whole = record.record(tmp_path)
    assert told(whole) == ("fine", Level.FINE)
    assert whole.values["sessions"] == 1
    with sqlite3.connect(tmp_path / "retrowalk.db") as raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
    assert record.record(tmp_path).key == "newer"
    (tmp_path / "retrowalk.db").write_bytes(b"this is no database at all, by no means" * 100)
    assert told(record.record(tmp_path)) == ("broken", Level.DO)


def test_a_record_that_was_set_aside_is_told_until_somebody_takes_it_away(tmp_path):
    with opened(tmp_path):
        pass
    aside = tmp_path / "retrowalk.db.broken-20260701T080000Z"
    aside.touch()
    assert told(record.record(tmp_path)) == ("set_aside", Level.DO)
    aside.unlink()
    assert told(record.record(tmp_path)) == ("fine", Level.FINE)


def test_a_treadmill_out_of_service_is_told(tmp_path):
    assert record.service(tmp_path).level is Level.FINE
    with opened(tmp_path) as store:
        for _ in range(service.LIMIT):
            store.writer.event(EventIn("trip", Severity.STOP, cause="link_lost"), moment())
            store.writer.run(lambda c: service.consider(c, store.ids, "link_lost", moment())).result()
    found = record.service(tmp_path)
    assert told(found) == ("held", Level.DO)
    assert found.values == {"cause": "link_lost"}


def test_a_backup_is_missing_old_or_fresh(tmp_path):
    at = moment()
    assert record.backups(tmp_path, at).key == "no_record"
    with opened(tmp_path):
        pass
    assert told(record.backups(tmp_path, at)) == ("none", Level.DO)
    (tmp_path / "backups").mkdir()
    (tmp_path / "backups" / f"retrowalk-{stamp(at.utc_ms - 9 * DAY_MS)}.db").touch()
    assert told(record.backups(tmp_path, at)) == ("old", Level.DO)
    assert record.backups(tmp_path, Moment(at.now_s, at.utc_ms, trusted=False)).key == "fine"  # who knows the date?
    (tmp_path / "backups" / f"retrowalk-{stamp(at.utc_ms - DAY_MS)}.db").touch()
    assert told(record.backups(tmp_path, at)) == ("fine", Level.FINE)


def test_a_full_disk_is_told(tmp_path, monkeypatch):
    assert record.disk(tmp_path / "not" / "made" / "yet").level is Level.FINE
    monkeypatch.setattr(record, "DISK_LOW_BYTES", 1 << 60)
    assert told(record.disk(tmp_path)) == ("low", Level.DO)


def test_the_configuration_is_missing_bad_or_good(tmp_path):
    path = tmp_path / "retrowalk.toml"
    assert house.configuration(path)[0].key == "missing"
    path.write_text("[limits]\ncap_kmh = 99\n")
    found, config = house.configuration(path)
    assert (found.key, config) == ("bad", None)
    assert "limits.cap_kmh" in found.detail
    path.write_text("[gym]\nname = 'Riverside'\n")
    assert house.configuration(path)[0].key == "fine"


def test_wires_are_told_by_the_guard_where_it_runs_and_by_our_own_look_where_it_does_not():
    look = house.WireLook(("clip",), ("The loop of the clip is not closed.",))
    inputs = msgspec.structs.replace(STATUS.inputs, fault="The clip's wire is broken.")
    assert [f.key for f in house.wires(REAL, STATUS, look)] == ["fine"]
    assert house.wires(REAL, msgspec.structs.replace(STATUS, inputs=inputs), None)[0].detail == inputs.fault
    pressed = msgspec.structs.replace(STATUS.inputs, red_closed=False)
    assert house.wires(REAL, msgspec.structs.replace(STATUS, inputs=pressed), None)[0].key == "red_open"
    assert house.wires(REAL, None, look)[0].detail == look.missing[0]
    assert house.wires(REAL, None, house.WireLook(error="No GPIO device."))[0].key == "no_pins"
    assert house.wires(REAL, None, None)[0].level is Level.BLIND
    assert house.wires(Config(wiring=Wiring(pins=PinsKind.SIMULATED)), None, None)[0].key == "simulated"


def test_a_treadmill_is_unbound_unmeasured_changed_or_fine(tmp_path):
    def keys(config, status=None):
        return [found.key for found in house.treadmill(config, tmp_path, status)]

    assert keys(Config()) == ["unbound"]
    assert keys(REAL) == ["bound", "none"]
    path = profile_path(tmp_path, ADDRESS)
    path.parent.mkdir()
    path.write_text(f'address = "{ADDRESS}"\ncommissioned = true\nmodel = "T"\nfirmware = "1"\ncap_ckmh = 300\n')
    assert keys(REAL) == ["bound", "fine"]
    away = msgspec.structs.replace(STATUS, link=LinkState.SEARCHING, trouble="Not in reach.")
    assert keys(REAL, away) == ["away", "bound", "fine"]
    path.write_text("commissioned = maybe")
    assert keys(REAL) == ["bound", "bad"]


@pytest.mark.parametrize(("firmware", "key"), [("1.0", "follow"), ("0.9", "follow_changed")])
def test_a_treadmill_that_is_followed_lacks_no_commissioning_until_its_firmware_changes(tmp_path, firmware, key):
    known = TreadmillFacts(ADDRESS, "Belt", "M1", "1.0", 0, 0, 0, 0, 0, 0, False, False, "M1", False)
    allowed = Profile(name="Belt", address=ADDRESS, model="M1", firmware=firmware, follow_allowed=True)
    save_profile(tmp_path, allowed)
    same = firmware == "1.0"
    status = msgspec.structs.replace(STATUS, facts=known, link=LinkState.READ_ONLY, follow=same)
    found = house.treadmill(REAL, tmp_path, status)
    assert [one.key for one in found] == ["ready" if same else "read_only", "bound", key]


def test_the_guard_and_the_opening_check_say_what_they_wait_for():
    assert house.guard(None, kiosk_runs=True).level is Level.DO
    assert house.guard(None, kiosk_runs=False).level is Level.FINE
    assert house.guard(None, kiosk_runs=False, alone=True).level is Level.DO
    assert house.guard(msgspec.structs.replace(STATUS, reset_by=ResetBy.STAFF), kiosk_runs=True).key == "latched"
    assert house.opening(msgspec.structs.replace(STATUS, opening=Opening()))[0].key == "due"
    assert house.opening(msgspec.structs.replace(STATUS, opening=Opening(valid_left_s=7200.0)))[0].key == "fine"
    assert house.opening(msgspec.structs.replace(STATUS, opening=Opening(needed=False))) == ()


def test_the_beacon_is_believed_while_it_is_fresh_and_its_kiosk_lives(tmp_path):
    lit = beacon.Beacon(
        at_s=100.0,
        pid=os.getpid(),
        screen="attract",
        driver="KMSDRM",
        size=(1920, 1080),
        too_small=False,
        sound="",
        status=STATUS,
    )
    beacon.write(tmp_path, lit)
    assert beacon.read(tmp_path, 101.0) == lit
    assert beacon.read(tmp_path, 100.0 + beacon.FRESH_S + 1) is None
    assert beacon.read(tmp_path, 99.0) is None  # of the boot before
    beacon.write(tmp_path, msgspec.structs.replace(lit, pid=2**22 + 1))  # above pid_max: nobody
    assert beacon.read(tmp_path, 101.0) is None
    (tmp_path / beacon.NAME).write_bytes(b"{}")
    assert beacon.read(tmp_path, time.monotonic()) is None


def no_entry(monkeypatch, path):
    """As for a user who may not enter *path*; the tests may run as root, whom nothing keeps out."""

    def refuse(name, real):
        def call(self, *args, **kwargs):
            if path in self.parents:
                raise PermissionError(13, "Permission denied", str(self))
            return real(self, *args, **kwargs)

        monkeypatch.setattr(Path, name, call)

    for name in ("stat", "exists", "read_bytes", "read_text"):
        refuse(name, getattr(Path, name))


def test_where_a_user_may_not_look_it_says_so_and_names_no_fault(monkeypatch, tmp_path):
    private = tmp_path / "private"
    private.mkdir()
    (tmp_path / "retrowalk.toml").write_text(f'[data]\ndirectory = "{private}"\n')
    no_entry(monkeypatch, private)
    found, config = house.configuration(tmp_path / "retrowalk.toml")
    assert (found.key, found.level, config) == ("hidden", Level.BLIND, None)
    assert record.backups(private, moment()).level is Level.BLIND
    assert record.record(private).level is Level.BLIND
    assert beacon.read(private, 1.0) is None
    with pytest.raises(ConfigError, match="put sudo before"):
        load_config(tmp_path / "retrowalk.toml")


def test_the_exit_code_is_1_for_something_to_do_and_2_where_only_sight_is_missing():
    assert exit_code([fine("disk", "fine")]) == 0
    assert exit_code([fine("disk", "fine"), blind("wires", "not_looked")]) == 2
    assert exit_code([blind("wires", "not_looked"), todo("disk", "low")]) == 1


def findings_in_the_source() -> list[tuple[str, str, str, frozenset[str]]]:
    """(maker, check, key, names of values) of every finding that the code can make with both words spelt out."""
    made = []
    for path in sorted(Path(health.__file__).parent.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
                continue
            if node.func.id in ("fine", "todo", "blind") and len(node.args) >= 2:
                check, key = node.args[0], node.args[1]
                if not isinstance(check, ast.Constant):
                    continue
                keys = [key] if isinstance(key, ast.Constant) else list(ast.walk(key))
                names = frozenset(k.arg for k in node.keywords if k.arg is not None) - {"detail"}
                made += [
                    (node.func.id, check.value, one.value, names)
                    for one in keys
                    if isinstance(one, ast.Constant) and isinstance(one.value, str) and one.value.isidentifier()
                ]
    return made


def test_every_finding_has_its_words_in_every_language_and_every_fault_says_what_to_do():
    made = findings_in_the_source()
    assert len(made) > 60
    for texts in load_catalogues(assets_directory() / "locale").values():
        for maker, check, key, names in made:
            if not texts.has(f"health.{check}.{key}"):
                assert key in ("0", "1"), (texts.language, check, key)  # values that are compared, not keys
                continue
            assert texts.has(f"health.{check}.name")
            assert texts.places(f"health.{check}.{key}") <= names, (check, key)
            finding = Finding(check, Level.FINE if maker == "fine" else Level.DO, key, dict.fromkeys(names, "x"))
            assert found_words(texts, finding)
            assert (maker == "fine") != bool(do_words(texts, finding))
        assert not texts.missed
