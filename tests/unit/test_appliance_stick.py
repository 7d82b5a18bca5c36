"""A USB stick on the appliance: what is mounted for exports, how, and what is left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from kiosk.appliance import stick, update
from kiosk.appliance.bundle import FOLDER

OWNER = (990, 991)
USB = {"ID_BUS": "usb", "ID_FS_TYPE": "vfat", "ID_FS_LABEL": "GYM"}


@pytest.fixture
def system(tmp_path: Path) -> stick.System:
    """A disk sda with two partitions, and a stick without a table, sdb; the machine runs from neither."""
    devices = tmp_path / "devices"
    for path, number in (("sda", "8:0"), ("sda/sda1", "8:1"), ("sda/sda2", "8:2"), ("sdb", "8:16")):
        (devices / path / "holders").mkdir(parents=True)
        (devices / path / "dev").write_text(f"{number}\n")
        if "/" in path:
            (devices / path / "partition").write_text("1\n")
    block = tmp_path / "block"
    block.mkdir()
    for path in ("sda", "sda/sda1", "sda/sda2", "sdb"):
        (block / Path(path).name).symlink_to(devices / path)
    made = stick.System(block, tmp_path / "mountinfo", tmp_path / "swaps", tmp_path / "media")
    made.mounts.write_text("22 1 179:2 / / rw - ext4 /dev/mmcblk0p2 rw\n")
    made.swaps.write_text("Filename Type Size Used Priority\n")
    made.media.mkdir()
    return made


@pytest.mark.parametrize("kind", ["vfat", "exfat", "ext4"])
def test_nothing_on_a_stick_is_run_or_followed_and_what_is_written_is_on_it(system, kind):
    found = stick.command("sda1", {**USB, "ID_FS_TYPE": kind}, *OWNER, system)
    options = next(word for word in found if word.startswith("--options=")).removeprefix("--options=").split(",")
    assert {"nosuid", "nodev", "noexec", "nosymfollow", "sync", "x-systemd.device-bound=yes"} <= set(options)
    assert {"uid=990", "gid=991"} <= set(options) or {"X-mount.owner=990", "X-mount.group=991"} <= set(options)
    assert f"--type={kind}" in found
    assert found[-2:] == ("/dev/sda1", str(system.media / "GYM"))


@pytest.mark.parametrize(
    "told", [{}, {**USB, "ID_BUS": "ata"}, {**USB, "ID_FS_TYPE": "ntfs"}, {**USB, "ID_FS_TYPE": "swap"}]
)
def test_what_is_no_stick_is_left_alone(system, told):
    assert stick.command("sda1", told, *OWNER, system) == ()


@pytest.mark.parametrize("device", ["sda1", "sda2", "sda"])
@pytest.mark.parametrize("number", ["8:0", "8:1", "8:2"])
def test_the_disk_that_the_machine_runs_from_is_never_touched_not_even_its_other_parts(system, device, number):
    system.mounts.write_text(f"22 1 {number} / / rw - ext4 /dev/root rw\n")
    assert stick.command(device, USB, *OWNER, system) == ()
    assert stick.command("sdb", USB, *OWNER, system) != ()


def test_a_disk_that_is_swapped_to_or_carries_another_device_is_left_alone(system):
    system.swaps.write_text("Filename Type Size Used Priority\n/dev/sda2 partition 1 0 -2\n")
    (system.block / "sdb" / "holders" / "dm-0").mkdir()
    assert stick.command("sda1", USB, *OWNER, system) == ()
    assert stick.command("sdb", USB, *OWNER, system) == ()


@pytest.mark.parametrize("label", ["", "../etc", "a/b", ".", "-o", "My\\x20Stick", "x" * 33, "Ü"])
def test_a_label_that_is_no_plain_word_names_nothing(system, label):
    assert stick.name("sda1", label, system.media) == "sda1"


def test_two_sticks_of_one_label_have_two_folders(system, monkeypatch):
    monkeypatch.setattr(Path, "is_mount", lambda self: self.name == "GYM")
    assert stick.name("sdb", "GYM", system.media) == "GYM-sdb"


def test_the_journal_is_told_what_came_of_it(system):
    def run(command):
        if command[0] == "udevadm":
            assert command[-1] == f"--path={system.block}/sda1"
            return 0, "ID_BUS=usb\nID_FS_TYPE=vfat\nID_FS_LABEL=GYM\n"
        return code, "no such thing\n"

    code = 0
    assert stick.take("sda1", OWNER, system, run) == (0, f"sda1 is at {system.media}/GYM.")
    code = 32
    assert stick.take("sda1", OWNER, system, run) == (1, "sda1 could not be mounted: no such thing")
    (system.block / "sda1" / "dev").unlink()
    assert stick.take("sda1", OWNER, system, run)[1].startswith("sda1 has gone again")
    assert stick.take("../sda1", OWNER, system, run)[0] == 2


def test_an_update_is_also_found_on_a_stick_that_is_mounted_for_exports(tmp_path):
    (tmp_path / "m" / FOLDER).mkdir(parents=True)
    asked = []

    class Mounted:
        def run(self, *command):
            asked.append(command)
            if command[0] == "findmnt":
                return 0, "/run/media/retrowalk/GYM\n"
            return (0, "") if "--bind" in command else (32, "already mounted")

    assert update.stick(Mounted(), [Path("/dev/sda1")], tmp_path / "m") == tmp_path / "m" / FOLDER
    assert asked[-1][-2:] == ("/run/media/retrowalk/GYM", str(tmp_path / "m"))
    assert "ro,nosuid,nodev,noexec" in asked[-1]


def test_a_disk_mounted_elsewhere_is_not_searched_for_an_update(tmp_path):
    (tmp_path / "m" / FOLDER).mkdir(parents=True)

    class Elsewhere:
        def run(self, *command):
            return (0, "/boot/firmware\n") if command[0] == "findmnt" else (int("--bind" not in command), "")

    with pytest.raises(update.UpdateError, match="No USB stick"):
        update.stick(Elsewhere(), [Path("/dev/sda1")], tmp_path / "m")
