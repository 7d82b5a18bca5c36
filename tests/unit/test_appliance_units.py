"""What the units and the package's scripts promise, read from the files that are installed."""

import configparser
import re
from pathlib import Path

import pytest

DEPLOY = Path(__file__).parents[2] / "deploy"
UNITS = DEPLOY / "systemd"
OURS = ("guard", "belt", "stopper", "kiosk")


class Many(dict):
    """systemd lets a key stand several times: all are kept."""

    def __setitem__(self, key, value):
        if key in self and isinstance(value, list) and isinstance(self[key], list):
            self[key].extend(value)
        else:
            super().__setitem__(key, value)


def unit(name):
    read = configparser.RawConfigParser(strict=False, dict_type=Many, delimiters=("=",))
    read.optionxform = str
    read.read(UNITS / name)
    return {section: {k: v.split("\n") for k, v in read[section].items()} for section in read.sections()}


def service(name):
    return unit(f"retrowalk-{name}.service")["Service"]


@pytest.mark.parametrize("name", OURS)
def test_whatever_ends_is_started_again_also_after_a_good_end(name):
    assert service(name)["Restart"] == ["always"]  # Rebind ends guard and belt with 0


@pytest.mark.parametrize("name", ["guard", "belt", "stopper"])
def test_the_safety_processes_are_never_given_up(name):
    assert unit(f"retrowalk-{name}.service")["Unit"]["StartLimitIntervalSec"] == ["0"]


@pytest.mark.parametrize("name", OURS)
def test_each_has_a_watchdog_that_only_its_own_process_can_feed(name):
    found = service(name)
    assert found["Type"] == ["notify"]
    assert found["NotifyAccess"] == ["main"]
    assert "WatchdogSec" in found


@pytest.mark.parametrize("name", ["guard", "belt"])
def test_a_guard_or_belt_that_was_killed_is_followed_by_the_stopper(name):
    assert any("retrowalk-stopper --once" in command for command in service(name)["ExecStopPost"])


@pytest.mark.parametrize("name", ["guard", "belt", "stopper"])
def test_those_that_move_or_stop_the_belt_do_not_see_the_record(name):
    found = service(name)
    assert found["TemporaryFileSystem"] == ["/var/lib/retrowalk:ro"]
    seen = found["BindReadOnlyPaths"][0].split()
    assert seen == ["-/var/lib/retrowalk/profiles", "-/var/lib/retrowalk/binding.toml"]
    assert found["PrivateNetwork"] == ["yes"]
    assert found["RestrictAddressFamilies"] == ["AF_UNIX"]


@pytest.mark.parametrize("name", OURS)
def test_none_of_the_four_has_a_capability_or_is_root(name):
    found = service(name)
    assert found["CapabilityBoundingSet"] == [""]
    assert found["NoNewPrivileges"] == ["yes"]
    assert found["User"][0].startswith("retrowalk")


def test_the_pins_belong_to_the_guard_alone():
    users = [name for name in OURS if any("gpiochip" in line for line in service(name).get("DeviceAllow", []))]
    assert users == ["guard"]


def test_dpkg_stops_the_guard_first_and_an_update_taken_back_too():
    from kiosk.appliance.update import UNITS as ORDER

    stops = re.search(r"for unit in (.*); do systemctl stop", (DEPLOY / "debian/prerm").read_text()).group(1).split()
    assert stops == list(ORDER)
    assert stops[0] == "guard"


def test_every_unit_that_is_enabled_is_there_and_forgotten_at_a_purge():
    lists = [
        re.search(r'^UNITS="(.*)"$', (DEPLOY / "debian" / name).read_text(), re.MULTILINE).group(1).split()
        for name in ("postinst", "postrm")
    ]
    assert sorted(lists[0]) == sorted(lists[1])
    assert all((UNITS / name).is_file() for name in lists[0])
    installable = {path.name for path in UNITS.iterdir() if "[Install]" in path.read_text()}
    assert installable == set(lists[0])


def test_the_kiosk_can_ask_for_five_things_and_each_has_its_unit_or_command():
    from kiosk.appliance.helper import COMMANDS

    for command in COMMANDS.values():
        named = [word for word in command if word.startswith("retrowalk")]
        assert all((UNITS / name).is_file() for name in named)
    assert "/run/retrowalk-ask" in service("kiosk")["ReadWritePaths"][0]


def test_a_file_system_on_usb_starts_the_unit_that_mounts_it_and_nothing_else_does():
    rules = [
        line for line in (DEPLOY / "etc/99-retrowalk.rules").read_text().splitlines() if "retrowalk-stick@" in line
    ]
    assert len(rules) == 1
    for word in ('SUBSYSTEM=="block"', 'ENV{ID_BUS}=="usb"', 'ENV{ID_FS_TYPE}=="vfat|exfat|ext4"', 'TAG+="systemd"'):
        assert word in rules[0]
    assert 'ENV{SYSTEMD_WANTS}+="retrowalk-stick@%k.service"' in rules[0]
    stick = unit("retrowalk-stick@.service")
    assert stick["Service"]["ExecStart"] == ["/opt/retrowalk/bin/retrowalk-helper stick %I"]
    assert "Install" not in stick


def test_what_mounts_a_stick_has_no_right_of_its_own_and_asks_systemd():
    stick = service("stick@")
    assert stick["CapabilityBoundingSet"] == [""]
    assert "@mount" in " ".join(stick["SystemCallFilter"])
    assert "~" in stick["SystemCallFilter"][1][:1]
    assert stick["DevicePolicy"] == ["closed"]


def test_the_kiosk_may_write_to_a_stick_that_was_in_before_it_started():
    from kiosk.appliance.stick import MEDIA

    assert f"-{MEDIA}" in service("kiosk")["ReadWritePaths"][0].split()
    assert f"d {MEDIA} 0755 root root -" in (DEPLOY / "etc/tmpfiles.conf").read_text().splitlines()


def test_the_console_stays_a_login_until_setup_has_written_a_configuration():
    from kiosk.cli import TARGET

    script = (DEPLOY / "debian/postinst").read_text()
    assert f'[ "$unit" = {TARGET.name} ] && [ ! -f /etc/retrowalk/retrowalk.toml ]; then continue' in script
    assert f"/etc/systemd/system/multi-user.target.wants/{TARGET.name}" in (DEPLOY / "debian/postrm").read_text()
    assert unit(TARGET.name)["Install"]["WantedBy"] == ["multi-user.target"]


def test_dpkg_does_not_wait_for_the_kiosk_s_first_frame():
    script = (DEPLOY / "debian/postinst").read_text()
    assert "systemctl --no-block start retrowalk.target" in script
    assert "deb-systemd-invoke --no-block" not in script  # it has no such option, and would wait


@pytest.mark.parametrize(("folder", "theirs"), [("journald", 40), ("system", 70)])
def test_what_we_set_for_the_machine_is_read_after_what_raspberry_pi_os_sets(folder, theirs):
    placed = re.search(rf"{folder}\.conf\.d/(\d+)-retrowalk\.conf", (DEPLOY / "build_deb.sh").read_text())
    assert int(placed.group(1)) > theirs


def test_the_journal_outlives_a_power_cut_and_the_hardware_watchdog_fits_the_pi_s_counter():
    assert "Storage=persistent" in (DEPLOY / "etc/journald.conf").read_text().splitlines()
    seconds = dict(re.findall(r"^(\w+)WatchdogSec=(\d+)$", (DEPLOY / "etc/watchdog.conf").read_text(), re.MULTILINE))
    assert 0 < int(seconds["Runtime"]) < 16
    assert int(seconds["Reboot"]) % 16 >= 12  # what a kernel that does not clamp arms the hardware with


def test_no_key_of_a_keyboard_reboots_or_switches_off():
    settings = (DEPLOY / "etc/logind.conf").read_text().splitlines()
    for key in ("Power", "Reboot", "Suspend", "Hibernate"):
        assert f"Handle{key}Key=ignore" in settings
    for key in ("Reboot", "Suspend"):  # what a long press does unless told otherwise
        assert f"Handle{key}KeyLongPress=ignore" in settings
    assert "CtrlAltDelBurstAction=none" in (DEPLOY / "etc/watchdog.conf").read_text().splitlines()
    assert 'ln -s /dev/null "$root/etc/systemd/system/ctrl-alt-del.target"' in (DEPLOY / "build_deb.sh").read_text()


def test_a_note_of_an_update_that_the_power_cut_left_empty_undoes_nothing():
    """Made, not yet written, and so before dpkg began: the version from before is whole."""
    condition = unit("retrowalk-update-undo.service")["Unit"]["ConditionFileNotEmpty"]
    assert condition == ["/var/lib/retrowalk-update/under-way"]
