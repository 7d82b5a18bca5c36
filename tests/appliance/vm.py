"""The appliance in a virtual machine: boots an image to the kiosk on KMSDRM and goes through the parts asked for.

    python -m tests.appliance.vm IMAGE_DIRECTORY OUT PART... [--gpu bochs|virtio]

IMAGE_DIRECTORY holds vmlinuz, initrd, disk.img and the sticks (tests/appliance/vm_image.sh makes them); OUT gets the
pictures, what the guest printed, its journal and its console. The parts are guest/PART.sh; lines and walk want a boot
of their own. Emulated: times are many times those of a Pi, and are printed as such. The part walk is not in run.sh:
on two emulated processors a frame takes longer than the guard lets a screen stand still: it ends the walk, rightly.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

os.environ["SDL_VIDEODRIVER"] = "dummy"
os.environ["PYGAME_HIDE_SUPPORT_PROMPT"] = "1"

import pygame  # the driver is chosen before

from kiosk import screens
from kiosk.gallery.pictures import catalogue, open_ui, panel
from kiosk.session.view import LEGEND
from tests.system.vm import tsc_khz

HERE = Path(__file__).parent
PARTS = ("lines", "screen", "walk", "stick", "update", "cage")
RUN_S = 3600.0
SIZE = (1280, 800)
WALK_SIZE = (800, 480)
"""With OpenGL in an emulated processor a frame of SIZE takes a quarter of a second: the guard lets nobody walk in
front of a screen that slow."""
NEAR = 24
STICKS = ("gym", "good", "broken")
ALL, INK = 0.95, 0.85
"""So much of a picture must be within NEAR (of 255, each colour) of the gallery's, and so much of what is drawn in
it, its ground left out. The figure walks, so neither is 1."""
KEYS = (
    *("alt-sysrq-b", "alt-sysrq-o", "ctrl-alt-f2", "ctrl-alt-f1", "alt-f3", "alt-right"),
    *("ctrl-alt-delete", "ctrl-c", "esc", "alt-f4"),
)


class Guest:
    """The machine while it runs."""

    def __init__(self, image: Path, out: Path, parts: Sequence[str], gpu: str, size: tuple[int, int]) -> None:
        self.out = out
        out.mkdir(parents=True, exist_ok=True)
        share = out / "host"
        shutil.rmtree(share, ignore_errors=True)
        share.mkdir()
        self.share = share
        shutil.copytree(HERE / "guest", share / "guest")
        (share / "parts").write_text(" ".join(parts), "utf-8")
        self._asked = 0
        self.pictures: list[Path] = []
        self.monitor = out / "monitor"
        self.monitor.unlink(missing_ok=True)
        name = {"bochs": "bochs-display", "virtio": "virtio-gpu-pci"}[gpu]
        device = ("-device", f"{name},xres={size[0]},yres={size[1]}")
        words = (
            "root=/dev/vda rw console=tty1 console=ttyS0 loglevel=4 panic=-1 mitigations=off audit=0 apparmor=0",
            f"net.ifnames=0 tsc=reliable tsc_early_khz={tsc_khz()} systemd.show_status=no",
        )
        if "lines" in parts:  # its own boot: the kiosk would only take the processor from the guard
            words = (*words, "systemd.mask=retrowalk-kiosk.service")
        command = [
            *("qemu-system-x86_64", "-M", "q35,vmport=off", "-accel", "tcg,thread=multi,tb-size=512", "-cpu", "max"),
            *("-smp", "2", "-m", "2048", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", *device),
            *("-device", "qemu-xhci,id=usb", "-device", "usb-kbd", "-device", "usb-tablet"),
            *("-kernel", str(image / "vmlinuz"), "-initrd", str(image / "initrd"), "-append", " ".join(words)),
            *("-drive", f"if=none,id=disk,file={image / 'disk.img'},format=raw,snapshot=on"),
            *("-device", "virtio-blk-pci,drive=disk", "-serial", f"file:{out / 'console'}"),
            *(
                "-fsdev",
                f"local,id=host,path={share},security_model=none",
                "-device",
                "virtio-9p-pci,fsdev=host,mount_tag=host",
            ),
            *("-monitor", f"unix:{self.monitor},server,nowait"),
        ]
        for name in STICKS:  # a stick that is written to is written to in a copy
            shutil.copy(image / f"{name}.img", out / f"{name}.img")
            command += ["-blockdev", f"driver=file,node-name={name}-file,filename={out / name}.img"]
            command += ["-blockdev", f"driver=raw,node-name={name},file={name}-file"]
        self.started_s = time.monotonic()
        self._complaints = (out / "qemu").open("wb")
        self._qemu = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=self._complaints, stderr=subprocess.STDOUT
        )

    @property
    def running(self) -> bool:
        return self._qemu.poll() is None

    def serve(self) -> None:
        """Do what the guest asks next, if it has asked."""
        ask = self.share / f"ask-{self._asked + 1}"
        if not ask.exists():
            return
        self._asked += 1
        match ask.read_text("utf-8").split():
            case ["picture", name]:
                self.picture(name)
            case ["keys"]:
                self.say(*(f"sendkey {key}" for key in KEYS))
            case ["plug", name]:
                self.say(f"device_add usb-storage,id={name},drive={name},bus=usb.0,removable=on")
            case ["pull", name]:
                self.say(f"device_del {name}")
            case unknown:
                raise SystemExit(f"The guest asked for {unknown}.")
        (self.share / f"did-{self._asked}").touch()

    def say(self, *lines: str) -> None:
        """To qemu's monitor."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.connect(str(self.monitor))
            for line in lines:
                sock.sendall(line.encode() + b"\n")
                time.sleep(0.3)

    def picture(self, name: str) -> None:
        """What the virtual display shows, as PPM and PNG."""
        ppm = self.out / f"{name}.ppm"
        ppm.unlink(missing_ok=True)
        self.say(f"screendump {ppm}")
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and not (ppm.exists() and ppm.stat().st_size > 1000):
            time.sleep(0.5)
        time.sleep(1)
        png(ppm)
        self.pictures.append(ppm)

    def stop(self) -> None:
        """Switch off; idempotent."""
        if self.running:
            self._qemu.kill()
        self._qemu.wait()
        self._complaints.close()


def read_ppm(path: Path) -> tuple[int, int, bytes]:
    """Width, height, RGB."""
    raw = path.read_bytes()
    fields, at = [], 0
    while len(fields) < 4:
        end = at
        while raw[end : end + 1] not in (b" ", b"\n"):
            end += 1
        fields.append(raw[at:end])
        at = end + 1
    return int(fields[1]), int(fields[2]), raw[at:]


def surface(path: Path) -> pygame.Surface:
    """A PPM or PNG, without a display."""
    if path.suffix == ".ppm":
        width, height, rgb = read_ppm(path)
        return pygame.image.frombuffer(rgb[: width * height * 3], (width, height), "RGB")
    loaded = pygame.image.load(str(path))
    plain = pygame.Surface(loaded.get_size(), depth=24)
    plain.blit(loaded, (0, 0))
    return plain


def png(path: Path) -> None:
    """The same picture as PNG, to look at."""
    pygame.image.save(surface(path), str(path.with_suffix(".png")))


def likeness(shown: Path, wanted: Path) -> tuple[float, float]:
    """How much of *shown* is near *wanted*: of all, and of what is drawn there."""
    a, b = surface(shown), surface(wanted)
    if a.get_size() != b.get_size():
        return 0.0, 0.0
    near = pygame.mask.from_threshold(a, (0, 0, 0), (NEAR, NEAR, NEAR, 255), b)
    ink = pygame.mask.from_threshold(b, b.get_at((2, 2)), (2, 2, 2, 255))  # the ground, first
    ink.invert()
    width, height = a.get_size()
    return near.count() / (width * height), near.overlap_area(ink, (0, 0)) / max(ink.count(), 1)


def make_gallery(out: Path, size: tuple[int, int]) -> Path:
    """The gallery's pictures, in the size of the virtual display, with the strip of a simulated treadmill."""
    directory = out / f"gallery-{size[0]}x{size[1]}"
    if directory.is_dir():
        return directory  # of the boot before
    directory.mkdir(parents=True)
    pygame.display.init()
    pygame.font.init()
    ui = open_ui(size, panel(size))
    legend = tuple(ui.catalogues["en"](key) for key in LEGEND)
    drawn = pygame.Surface(size)
    for entry in catalogue("en"):
        screens.draw(drawn, ui, replace(entry.snapshot, simulated=True, legend=legend))
        pygame.image.save(drawn, str(directory / f"{entry.name}.png"))
    return directory


def like_the_gallery(shown: Path, gallery: Path) -> bool:
    """Whether *shown* is the gallery's screen of that name, in any of its states; says so.

    A walk shows its own speed and time: it has only to be more like a walk than like anything else.
    """
    screen = shown.stem.partition("-")[0]
    found = [(*likeness(shown, wanted), wanted.name) for wanted in sorted(gallery.glob("*.png"))]
    whole, ink, name = max(found, key=lambda one: one[0] + one[1])
    good = f"-{screen}" in name and (screen == "walk" or (whole >= ALL and ink >= INK))
    print(
        f"  {'ok  ' if good else 'FAIL'}  {shown.stem} is {name}: {whole:.1%} of the picture, {ink:.1%} of what is "
        f"drawn, within {NEAR} of 255 (at least {ALL:.0%} and {INK:.0%}, but for a walk)"
    )
    return good


def main() -> int:
    """Command line: see the top of this file."""
    parser = argparse.ArgumentParser()
    parser.add_argument("image", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("parts", nargs="+", metavar="PART", help=f"some of: {' '.join(PARTS)}")
    parser.add_argument("--gpu", default="bochs", choices=("bochs", "virtio"))
    options = parser.parse_args()
    size = WALK_SIZE if "walk" in options.parts else SIZE
    gallery = make_gallery(options.out, size)
    guest = Guest(options.image, options.out, options.parts, options.gpu, size)
    output, shown = guest.share / "output", 0
    try:
        while guest.running and time.monotonic() - guest.started_s < RUN_S:
            time.sleep(0.3)
            guest.serve()
            text = output.read_text("utf-8", "replace") if output.exists() else ""
            print(text[shown:], end="", flush=True)
            shown = len(text)
        off = not guest.running
    finally:
        guest.stop()
    text = output.read_text("utf-8", "replace") if output.exists() else ""
    print(text[shown:], end="")
    print(f"  {time.monotonic() - guest.started_s:.0f} s from power on to off, of the host's clock")
    good = [like_the_gallery(one, gallery) for one in guest.pictures]
    whole = off and "== the end" in text and "  FAIL  " not in text
    if not whole:
        print("  FAIL  the guest's own checks, or it did not come to its end and switch off; the console's end:")
        console = options.out / "console"
        print("\n".join(console.read_text("utf-8", "replace").splitlines()[-20:]) if console.exists() else "(none)")
    return 0 if whole and all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
