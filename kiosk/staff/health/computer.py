"""The computer: clock, heat, power, Bluetooth, display, touch, sound, services, versions."""

from __future__ import annotations

import platform
import re
import sqlite3
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from kiosk.staff.health.finding import Finding, blind, fine, todo
from kiosk.staff.health.machine import Machine
from kiosk.store.moment import rtc_is_set

HOT_C: Final = 80.0
"""A Pi throttles itself from 80 degrees on."""

WARM_C: Final = 70.0

UNDERVOLTAGE_NOW, THROTTLED_NOW, UNDERVOLTAGE_SEEN, THROTTLED_SEEN = 1 << 0, 1 << 2, 1 << 16, 1 << 18
"""Bits of the firmware's ``get_throttled``: now, and since the start."""

UNITS: Final = ("retrowalk-guard", "retrowalk-belt", "retrowalk-stopper", "retrowalk-kiosk")

_PROPERTY_DIRECT: Final = 1 << 1  # INPUT_PROP_DIRECT: a screen that is touched, not a pad beside one


def clock(machine: Machine) -> Finding:
    """Whether the wall clock can be believed: rest days, locks and the log need it."""
    if rtc_is_set(machine.read("sys/class/rtc/rtc0/since_epoch")):
        return fine("clock", "rtc")
    if machine.exists("run/systemd/timesync/synchronized"):
        return fine("clock", "synchronised")
    told = machine.run(["timedatectl", "show", "-p", "NTPSynchronized", "--value"])
    if told is not None and told.out.strip() == "yes":
        return fine("clock", "synchronised")
    return todo("clock", "unset")


def heat(machine: Machine) -> Finding:
    """The processor's temperature."""
    raw = machine.read("sys/class/thermal/thermal_zone0/temp")
    try:
        degrees = int(raw or "") / 1000
    except ValueError:
        return fine("heat", "none")
    if degrees >= HOT_C:
        return todo("heat", "hot", degrees=f"{degrees:.0f}")
    return fine("heat", "warm" if degrees >= WARM_C else "fine", degrees=f"{degrees:.0f}")


def power(machine: Machine) -> Finding:
    """Undervoltage and throttling, as a Pi's firmware tells them; other machines do not."""
    bits = _throttled(machine)
    if bits is None:
        alarms = [
            machine.read(f"sys/class/hwmon/{name}/in0_lcrit_alarm") for name in machine.names("sys/class/hwmon")
        ]
        if "1" in alarms:
            return todo("power", "low_now")
        return fine("power", "fine" if "0" in alarms else "none")
    if bits & UNDERVOLTAGE_NOW:
        return todo("power", "low_now")
    if bits & THROTTLED_NOW:
        return todo("power", "throttled")
    if bits & UNDERVOLTAGE_SEEN:
        return todo("power", "low_seen")
    return fine("power", "throttled_seen" if bits & THROTTLED_SEEN else "fine")


def _throttled(machine: Machine) -> int | None:
    raw = machine.read("sys/devices/platform/soc/soc:firmware/get_throttled")
    if raw is None:
        told = machine.run(["vcgencmd", "get_throttled"])
        raw = None if told is None or told.code != 0 else told.out.strip().partition("=")[2]
    try:
        return int(raw or "", 16)
    except ValueError:
        return None


def pins(machine: Machine) -> tuple[Finding, ...]:
    """Whether a Pi lets a pin go when its process ends; its kernel keeps a freed output's level (safety.md 2.2)."""
    if "Raspberry Pi" not in (machine.read("proc/device-tree/model") or ""):
        return ()
    asked = machine.read("boot/firmware/config.txt") or ""
    lines = [line.partition("#")[0].replace(" ", "") for line in asked.splitlines()]
    if any(re.fullmatch(r"dtparam=(.*,)?strict_gpiod(=on)?(,.*)?", line) for line in lines):
        return (fine("pins", "fine"),)
    return (todo("pins", "kept"),)


def bluetooth(machine: Machine, trouble: str | None) -> Finding:
    """The radio. *trouble* is what the belt's own code has met when it asked BlueZ: a sentence, '' for none, None
    where nobody asked.
    """
    adapters = machine.names("sys/class/bluetooth", "hci*")
    adapters = [name for name in adapters if ":" not in name]
    if not adapters:
        return todo("bluetooth", "no_adapter")
    for name in machine.names("sys/class/rfkill"):
        if machine.read(f"sys/class/rfkill/{name}/type") != "bluetooth":
            continue
        if machine.read(f"sys/class/rfkill/{name}/hard") == "1":
            return todo("bluetooth", "hard_blocked")
        if machine.read(f"sys/class/rfkill/{name}/soft") == "1":
            return todo("bluetooth", "soft_blocked")
    if trouble:
        return todo("bluetooth", "trouble", detail=trouble)
    if trouble is None and not _bluetoothd(machine):
        return todo("bluetooth", "no_service")
    return fine("bluetooth", "fine", adapters=", ".join(adapters))


def _bluetoothd(machine: Machine) -> bool:
    return any(machine.read(f"proc/{name}/comm") == "bluetoothd" for name in machine.names("proc", "[0-9]*"))


def display(machine: Machine, driver: str | None = None) -> Finding:
    """What the kiosk can be shown on. *driver* is what the running kiosk draws with, where one runs."""
    if driver is not None:
        if driver.lower() in ("kmsdrm", "wayland", "x11"):
            return fine("display", "drawing", driver=driver)
        return todo("display", "unreal", driver=driver)
    if machine.environment.get("WAYLAND_DISPLAY"):
        return fine("display", "wayland")
    if machine.environment.get("DISPLAY"):
        return fine("display", "x11")
    cards = machine.names("sys/class/drm", "card*-*")
    if not cards:
        return todo("display", "no_card")
    if not any(machine.read(f"sys/class/drm/{name}/status") == "connected" for name in cards):
        return todo("display", "unplugged", outputs=", ".join(cards))
    plugged = [name for name in cards if machine.read(f"sys/class/drm/{name}/status") == "connected"]
    mode = (machine.read(f"sys/class/drm/{plugged[0]}/modes") or "?").splitlines()[0]
    return fine("display", "kms", output=plugged[0].partition("-")[2], mode=mode)


def touch_devices(machine: Machine) -> tuple[list[str], list[str]]:
    """Names of (touch screens, mice) that the kernel knows."""
    touch, mice = [], []
    for block in (machine.read("proc/bus/input/devices") or "").split("\n\n"):
        name = re.search(r'^N: Name="(.*)"$', block, re.MULTILINE)
        prop = re.search(r"^B: PROP=([0-9a-f]+)$", block, re.MULTILINE)
        handlers = re.search(r"^H: Handlers=(.*)$", block, re.MULTILINE)
        if name is None or handlers is None:
            continue
        if prop is not None and int(prop.group(1), 16) & _PROPERTY_DIRECT:
            touch.append(name.group(1))
        elif "mouse" in handlers.group(1):
            mice.append(name.group(1))
    return touch, mice


def touch(machine: Machine) -> Finding:
    """Something to touch with."""
    screens, mice = touch_devices(machine)
    if screens:
        return fine("touch", "fine", device=screens[0])
    if mice:
        return fine("touch", "mouse", device=mice[0])
    return todo("touch", "none")


def sound(machine: Machine) -> Finding:
    """Something to hear the voice from."""
    cards = re.findall(r"^\s*\d+ \[\S+\s*\]: .*? - (.*)$", machine.read("proc/asound/cards") or "", re.MULTILINE)
    if not cards:
        return todo("sound", "none")
    return fine("sound", "fine", device=cards[0])


def services(machine: Machine) -> Finding:
    """The units of the appliance, where it is one."""
    if not any(
        machine.exists(f"{place}/{UNITS[0]}.service") for place in ("usr/lib/systemd/system", "etc/systemd/system")
    ):
        return fine("services", "none")
    bad, seen = [], False
    for unit in UNITS:
        told = machine.run(["systemctl", "show", f"{unit}.service", "-p", "ActiveState", "-p", "NRestarts"])
        if told is None or told.code != 0:
            continue
        seen = True
        values = dict(line.partition("=")[::2] for line in told.out.splitlines())
        if values.get("ActiveState") != "active":
            bad.append(f"{unit} ({values.get('ActiveState', '?')})")
    if not seen:
        return blind("services", "silent")
    return todo("services", "down", units=", ".join(bad)) if bad else fine("services", "fine")


def guard_runs(machine: Machine) -> bool:
    """Whether a guard holds the pins of this machine: then nobody else may touch them."""
    lines = (machine.read(f"proc/{name}/cmdline") or "" for name in machine.names("proc", "[0-9]*"))
    return any("retrowalk-guard" in line or "hardware.guard" in line.split("\0") for line in lines)


def versions(machine: Machine) -> dict[str, str]:
    """What runs here, for Diagnostics and the bundle."""
    system = re.search(r'^PRETTY_NAME="?(.*?)"?$', machine.read("etc/os-release") or "", re.MULTILINE)
    return {
        "retrowalk": _version("retrowalk"),
        "python": platform.python_version(),
        "pygame": _version("pygame", "pygame-ce"),
        "sqlalchemy": _version("sqlalchemy"),
        "sqlite": sqlite3.sqlite_version,
        "bleak": _version("bleak"),
        "kernel": machine.read("proc/sys/kernel/osrelease") or "?",
        "system": system.group(1) if system is not None else "?",
        "machine": machine.read("proc/device-tree/model") or platform.machine(),
    }


def _version(*names: str) -> str:
    for name in names:
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return "?"
