"""Signed updates: what is refused, each with its sentence; what is installed; what is taken back."""

import importlib.util
import json
import shutil
import sqlite3
import subprocess
from pathlib import Path

import pytest

from kiosk.appliance import bundle, update
from kiosk.appliance.ask import Desk, Verb, answer
from kiosk.appliance.bundle import Manifest, Package, UpdateError

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl (deploy/dev-needs.sh)")


def sign_tool():
    spec = importlib.util.spec_from_file_location("sign_update", ROOT / "deploy/sign_update.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    place = tmp_path_factory.mktemp("keys")
    sign_tool().new_key(place / "ours.pem")
    sign_tool().new_key(place / "theirs.pem")
    return place


def make(place, keys, version="0.2.0", architecture="amd64", signer="ours", name="retrowalk_0.2.0_amd64.deb"):
    """A bundle as deploy/sign_update.py makes it, with a package that is no real one."""
    tool = sign_tool()
    tool.field = lambda package, field: {"Version": version, "Architecture": architecture}[field]
    package = place / name
    package.write_bytes(b"a package of " + version.encode() + bytes(5000))
    return tool.make([package], keys / f"{signer}.pem", place / "stick")


class System:
    """dpkg and systemctl, played."""

    def __init__(self, installed="0.1.0", architecture="amd64", install_fails=(), down_on=()):
        self.installed, self.architecture = installed, architecture
        self.install_fails, self.down_on = set(install_fails), set(down_on)
        self.ran, self.slept, self.status = [], 0.0, "ii "
        self.on_install = lambda version: None

    def run(self, *command):
        self.ran.append(command)
        match command:
            case ["dpkg-query", "-W", "-f=${db:Status-Abbrev}", _]:
                return 0, self.status
            case ["dpkg-query", "-W", *_]:
                return (0, self.installed) if self.installed else (1, "no packages found")
            case ["dpkg", "--print-architecture"]:
                return 0, self.architecture + "\n"
            case ["dpkg", "--install", *_, path]:
                version = "0.1.0" if "0.1.0" in path else "0.2.0"
                self.installed = version
                self.on_install(version)
                if version in self.install_fails:
                    return (
                        1,
                        "Unpacking ...\nThe record could not be brought up to this version; it is as it was.\nE: sub",
                    )
                return 0, ""
            case ["systemctl", "is-active", *_]:
                return (3, "") if self.installed in self.down_on else (0, "")
            case ["systemctl", "is-system-running"]:
                return 0, "running"
            case ["systemctl", *_]:
                return 0, ""
        raise AssertionError(command)

    def sleep(self, seconds):
        self.slept += seconds


@pytest.fixture
def places(tmp_path, keys):
    found = update.Places(
        store=tmp_path / "store",
        data=tmp_path / "data",
        config=tmp_path / "retrowalk.toml",
        key=keys / "ours.pub",
        root=tmp_path / "root",
    )
    found.store.mkdir()
    found.data.mkdir()
    found.config.touch()
    (found.store / "retrowalk_0.1.0.deb").write_bytes(b"the old one")
    return found


def refused(folder, places, system=None):
    with pytest.raises(UpdateError) as caught:
        update.look(folder, places, system or System())
    return str(caught.value)


def test_a_signed_newer_update_for_this_machine_is_found_whole(tmp_path, keys, places):
    version, package, path = update.look(make(tmp_path, keys), places, System())
    assert (version, package.architecture, path.name) == ("0.2.0", "amd64", "retrowalk_0.2.0_amd64.deb")


def test_an_update_signed_by_somebody_else_is_refused(tmp_path, keys, places):
    assert "does not trust" in refused(make(tmp_path, keys, signer="theirs"), places)


def test_one_changed_byte_anywhere_is_refused(tmp_path, keys, places):
    folder = make(tmp_path, keys)
    for name, said in (
        ("manifest.json", "does not fit"),
        ("manifest.json.sig", "does not fit"),
        ("*.deb", "not the file"),
    ):
        path = next(folder.glob(name))
        whole = path.read_bytes()
        path.write_bytes(whole[:10] + bytes([whole[10] ^ 1]) + whole[11:])
        assert said in refused(folder, places)
        path.write_bytes(whole)
    update.look(folder, places, System())


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("manifest.json", "There is no update"),
        ("manifest.json.sig", "not signed"),
        ("retrowalk_0.2.0_amd64.deb", "is missing"),
    ],
)
def test_what_is_missing_is_named(tmp_path, keys, places, name, said):
    folder = make(tmp_path, keys)
    (folder / name).unlink()
    assert said in refused(folder, places)


def test_what_is_cut_short_is_refused(tmp_path, keys, places):
    folder = make(tmp_path, keys)
    for name, said in (
        ("manifest.json", "does not fit"),
        ("manifest.json.sig", "does not fit"),
        ("*.deb", "cut short"),
    ):
        path = next(folder.glob(name))
        whole = path.read_bytes()
        path.write_bytes(whole[:-7])
        assert said in refused(folder, places)
        path.write_bytes(b"")
        assert refused(folder, places)
        path.write_bytes(whole)


@pytest.mark.parametrize(
    ("installed", "said"), [("0.2.0", "installed already"), ("0.2.0.0", "already"), ("0.10", "older than")]
)
def test_the_same_and_older_versions_are_refused(tmp_path, keys, places, installed, said):
    assert said in refused(make(tmp_path, keys), places, System(installed=installed))


def test_an_update_for_another_machine_is_refused_by_name(tmp_path, keys, places):
    said = refused(make(tmp_path, keys), places, System(architecture="arm64"))
    assert "for amd64" in said
    assert "arm64" in said


def test_a_kiosk_without_a_key_or_with_a_wrong_one_says_what_to_do(tmp_path, keys, places):
    folder = make(tmp_path, keys)
    none = update.Places(key=tmp_path / "none.pub")
    assert "retrowalk update trust" in refused(folder, none)
    (tmp_path / "none.pub").write_text("a letter")
    assert "not an Ed25519" in refused(folder, none)


def test_a_private_key_is_never_taken_for_its_public_half(tmp_path, keys):
    from typer.testing import CliRunner

    from kiosk.appliance import cli

    kept = tmp_path / "update.pub"
    done = CliRunner().invoke(cli.app, ["update", "trust", str(keys / "ours.pem"), "--to", str(kept)])
    assert done.exit_code == 2
    assert "private key" in done.output
    assert not kept.exists()  # it would lie on the kiosk for every user to read


@pytest.mark.parametrize("named", ["nowhere", "a folder"])
def test_a_key_that_is_not_there_is_named(tmp_path, named):
    from typer.testing import CliRunner

    from kiosk.appliance import cli

    (tmp_path / "a folder").mkdir()
    done = CliRunner().invoke(cli.app, ["update", "trust", str(tmp_path / named), "--to", str(tmp_path / "kept")])
    assert done.exit_code == 2
    assert f"There is no file {tmp_path / named}" in done.output.replace("\n", "")


def test_signing_with_a_key_or_a_package_that_is_not_there_is_one_sentence(tmp_path, keys):
    tool = sign_tool()
    with pytest.raises(SystemExit, match="There is no key"):
        tool.make([], tmp_path / "none.pem", tmp_path)
    with pytest.raises(SystemExit, match="no package of ours"):
        tool.make([tmp_path / "none.deb"], keys / "ours.pem", tmp_path)


def test_a_full_card_is_told_to_the_kiosk_and_a_half_copy_is_never_gone_back_to(tmp_path, keys, places, monkeypatch):
    desk = Desk(tmp_path / "asks", tmp_path / "answers")
    desk.answers.mkdir()

    def full(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(update, "stick", full)
    assert update.from_stick(Verb.UPDATE, desk, lambda: False) == 1
    told = answer(Verb.UPDATE, desk)
    assert (told.done, told.ok) == (True, False)
    assert "No space left" in told.sentence
    folder = make(tmp_path, keys)
    monkeypatch.setattr(update.shutil, "copyfile", full)
    assert "0.2.0 is installed" in update.apply(folder, places, System(), lambda: False)
    assert not list(places.store.glob("*0.2.0*"))


def test_a_signed_manifest_cannot_name_a_file_outside_its_folder(tmp_path, keys, places):
    folder = make(tmp_path, keys)
    told = json.loads((folder / "manifest.json").read_text())
    told["packages"][0]["file"] = "../retrowalk_0.2.0_amd64.deb"
    (folder / "manifest.json").write_text(json.dumps(told))
    sign = [
        "openssl",
        "pkeyutl",
        "-sign",
        "-rawin",
        "-inkey",
        str(keys / "ours.pem"),
        "-in",
        str(folder / "manifest.json"),
    ]
    subprocess.run([*sign, "-out", str(folder / "manifest.json.sig")], check=True)
    assert "cannot be read" in refused(folder, places)


def test_links_on_the_stick_are_not_followed(tmp_path, keys, places):
    folder = make(tmp_path, keys)
    (folder / "manifest.json").rename(tmp_path / "m")
    (folder / "manifest.json").symlink_to(tmp_path / "m")
    assert "There is no update" in refused(bundle.fetch(folder, tmp_path / "staging"), places)


@pytest.mark.parametrize("text", ["", "1.2-beta", "1..2", "1.2\n", "9" * 9, "-1", "1.2.3.4.5"])
def test_what_is_no_version_is_refused(text):
    with pytest.raises(UpdateError, match="no version"):
        bundle.choose(Manifest("retrowalk", text, []), "0.1.0", "amd64")


def test_versions_compare_as_figures_not_as_text():
    package = Package("a.deb", "amd64", 1, "0" * 64)
    assert bundle.choose(Manifest("retrowalk", "0.10.0", [package]), "0.9.9", "amd64") is package


def test_it_is_installed_and_the_old_one_kept_to_go_back_to(tmp_path, keys, places):
    system = System()
    said = update.apply(make(tmp_path, keys), places, system, lambda: False)
    assert said == "Version 0.2.0 is installed. It was 0.1.0."
    assert {path.name for path in places.store.glob("*.deb")} == {"retrowalk_0.1.0.deb", "retrowalk_0.2.0.deb"}


def test_nothing_is_installed_while_the_belt_moves(tmp_path, keys, places):
    system = System()
    with pytest.raises(UpdateError, match="belt is moving"):
        update.apply(make(tmp_path, keys), places, system, lambda: True)
    assert not [command for command in system.ran if command[:2] == ("dpkg", "--install")]


def test_a_version_that_cannot_be_installed_is_taken_back_and_the_reason_told(tmp_path, keys, places):
    system = System(install_fails=["0.2.0"])
    with pytest.raises(
        UpdateError, match=r"taken back, 0\.1\.0 runs again: .*could not be brought up.* The record is as"
    ):
        update.apply(make(tmp_path, keys), places, system, lambda: False)
    assert system.installed == "0.1.0"


def test_a_version_that_does_not_start_is_taken_back_with_the_guard_stopped_first(tmp_path, keys, places):
    system = System(down_on=["0.2.0"])
    with pytest.raises(UpdateError, match=r"taken back.*does not start"):
        update.apply(make(tmp_path, keys), places, system, lambda: False)
    stopped = [command[2] for command in system.ran if command[:2] == ("systemctl", "stop")]
    assert stopped[0] == "retrowalk-guard.service"
    assert system.slept >= update.HEALTHY_S
    assert system.installed == "0.1.0"


def test_a_version_that_was_broken_off_in_the_middle_can_be_installed_again(tmp_path, keys, places):
    system = System(installed="0.2.0")
    system.status = "iF "
    assert update.look(make(tmp_path, keys), places, system)[0] == "0.2.0"


def test_while_it_is_under_way_a_power_cut_finds_the_package_to_go_back_to(tmp_path, keys, places):
    seen = []
    for system in (System(), System(down_on=["0.2.0"])):
        system.on_install = lambda version: seen.append((places.store / update.UNDER_WAY).read_text().strip())
        try:
            update.apply(make(tmp_path, keys), places, system, lambda: False)
        except UpdateError:
            seen.append("taken back")
        assert not (places.store / update.UNDER_WAY).exists()
    back = str(places.store / "retrowalk_0.1.0.deb")
    assert seen == [back, back, back, "taken back"]
    unit = (ROOT / "deploy/systemd/retrowalk-update-undo.service").read_text()
    assert f"ConditionFileNotEmpty=/var/lib/retrowalk-update/{update.UNDER_WAY}" in unit


def test_after_a_power_cut_a_record_migrated_too_early_gives_way_to_its_backup(tmp_path, monkeypatch, capsys):
    from kiosk.appliance import helper
    from kiosk.store.commands import for_command
    from kiosk.store.database import SCHEMA
    from kiosk.store.moment import Moment

    at = Moment(1.0, 1_780_000_000_000)
    with for_command(tmp_path, at, create=True):
        pass
    assert helper.upgrade_record(tmp_path, "0.1.0") == 0
    with sqlite3.connect(tmp_path / "retrowalk.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    assert helper.upgrade_record(tmp_path, "0.2.0") == 1
    assert update.schema_of(tmp_path) == "9999"  # only an update that was broken off puts a record back by itself
    assert helper.upgrade_record(tmp_path, "0.2.0", undo=True) == 0
    assert update.schema_of(tmp_path) == SCHEMA
    assert (tmp_path / "retrowalk.db.failed-update").exists()


def test_a_record_that_a_power_cut_left_empty_keeps_nobody_from_upgrading(tmp_path):
    from kiosk.appliance import helper

    (tmp_path / "retrowalk.db").touch()
    assert helper.upgrade_record(tmp_path, "0.1.0") == 0
    assert not (tmp_path / "backups").exists()


def test_a_migration_that_fails_leaves_the_record_as_it_was_beside_its_backup(tmp_path, monkeypatch, capsys):
    from kiosk.appliance import helper
    from kiosk.store import database
    from kiosk.store.commands import for_command
    from kiosk.store.moment import Moment
    from kiosk.store.records import StoreError

    with for_command(tmp_path, Moment(1.0, 1_780_000_000_000), create=True):
        pass

    def fails(engine, at):
        raise StoreError("It broke.")

    monkeypatch.setattr(database, "migrate", fails)
    before = (tmp_path / "retrowalk.db").read_bytes()
    assert helper.upgrade_record(tmp_path, "0.1.0") == 1
    assert "it is as it was. It broke." in capsys.readouterr().err
    assert (tmp_path / "retrowalk.db").read_bytes() == before
    assert [path.name for path in (tmp_path / "backups").glob("*-before-0-1-0.db")]


def record(path, schema):
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
        connection.execute("INSERT INTO alembic_version VALUES (?)", (schema,))
        connection.execute("CREATE TABLE walks (n)")
        connection.execute("INSERT INTO walks VALUES (417)")
    connection.close()


def test_a_migrated_record_goes_back_with_the_version_and_the_failed_one_is_kept_aside(tmp_path, keys, places):
    database = places.data / "retrowalk.db"
    record(database, "0003")
    system = System(down_on=["0.2.0"])

    def migrate(version):
        if version == "0.2.0":
            (places.data / "backups").mkdir()
            shutil.copy(database, places.data / "backups" / "retrowalk-20260711T081500Z-before-0-1-0.db")
            with sqlite3.connect(database) as connection:
                connection.execute("UPDATE alembic_version SET version_num = '0004'")
            connection.close()

    system.on_install = migrate
    with pytest.raises(UpdateError, match="put back from retrowalk-20260711T081500Z-before-0-1-0"):
        update.apply(make(tmp_path, keys), places, system, lambda: False)
    assert update.schema_of(places.data) == "0003"
    assert (places.data / "retrowalk.db.failed-update").exists()


def test_an_old_version_that_cannot_be_put_back_is_a_call_for_the_technician(tmp_path, keys, places):
    system = System(install_fails=["0.2.0", "0.1.0"])
    with pytest.raises(UpdateError, match="Call the technician: sudo dpkg --install"):
        update.apply(make(tmp_path, keys), places, system, lambda: False)


def test_without_a_stick_or_without_the_folder_on_it_one_sentence_says_so(tmp_path):
    class Mounts:
        def __init__(self, code):
            self.code = code

        def run(self, *command):
            return self.code, ""

    with pytest.raises(UpdateError, match="No USB stick"):
        update.stick(Mounts(0), [], tmp_path / "m")
    with pytest.raises(UpdateError, match="No USB stick"):
        update.stick(Mounts(32), [Path("/dev/sda1")], tmp_path / "m")
    with pytest.raises(UpdateError, match='no folder "retrowalk-update"'):
        update.stick(Mounts(0), [Path("/dev/sda1")], tmp_path / "m")


def test_partitions_are_looked_at_before_whole_disks(tmp_path):
    for name in ("usb-Stick_1-0:0", "usb-Stick_1-0:0-part1", "ata-disk"):
        (tmp_path / name).touch()
    assert [path.name for path in update.partitions(tmp_path)] == ["usb-Stick_1-0:0-part1", "usb-Stick_1-0:0"]
    assert update.partitions(tmp_path / "none") == []


def test_a_key_is_never_overwritten(keys):
    with pytest.raises(SystemExit, match="not overwritten"):
        sign_tool().new_key(keys / "ours.pem")


def test_the_command_says_what_it_found_and_fails_with_a_sentence(tmp_path, keys, places, monkeypatch, capsys):
    from typer.testing import CliRunner

    from kiosk.appliance import cli

    monkeypatch.setattr(update, "Machine", System)
    run = CliRunner().invoke
    done = run(cli.app, ["update", "check", str(make(tmp_path, keys).parent), "--key", str(keys / "ours.pub")])
    assert done.exit_code == 0, done.output
    assert "can be installed: whole and signed" in done.output
    done = run(cli.app, ["update", "check", str(tmp_path), "--key", str(keys / "theirs.pub")])
    assert done.exit_code == 2
    done = run(cli.app, ["update", "trust", str(keys / "ours.pub"), "--to", str(tmp_path / "etc" / "update.pub")])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "etc" / "update.pub").read_bytes() == (keys / "ours.pub").read_bytes()
