"""The appliance in a virtual machine: boots an image to the kiosk on KMSDRM, takes its picture, types at it.

    python -m tests.appliance.vm IMAGE_DIRECTORY OUT [--walk] [--gpu bochs|virtio]

IMAGE_DIRECTORY holds vmlinuz, initrd and disk.img (tests/appliance/run.sh makes them); OUT gets the pictures, what
the guest printed and its console. Emulated where there is no usable KVM: then times are many times those of a Pi, and
are printed as such.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

os.environ["SDL_VIDEODRIVER"] = "dummy"
os.environ["PYGAME_HIDE_SUPPORT_PROMPT"] = "1"

import pygame  # the driver is chosen before

from tests.system.vm import tsc_khz

HERE = Path(__file__).parent
BOOT_S = 1800.0
ALIKE = 0.8
KEYS = (
    *("alt-sysrq-b", "alt-sysrq-o", "ctrl-alt-f2", "ctrl-alt-f1", "alt-f3", "alt-right"),
    *("ctrl-alt-delete", "ctrl-c", "esc", "alt-f4"),
)


class Guest:
    """The machine while it runs."""

    def __init__(self, image: Path, out: Path, *, gpu: str, walk: bool) -> None:
        self.out = out
        out.mkdir(parents=True, exist_ok=True)
        share = out / "host"
        shutil.rmtree(share, ignore_errors=True)
        share.mkdir()
        self.share = share
        shutil.copy(HERE / "guest" / "job", share / "job")
        if walk:
            (share / "walk").touch()
        self.monitor = out / "monitor"
        self.monitor.unlink(missing_ok=True)
        device = {
            "bochs": ("-device", "bochs-display,xres=1280,yres=800"),
            "virtio": ("-device", "virtio-gpu-pci,xres=1280,yres=800"),
            "none": (),
        }[gpu]
        words = (
            "root=/dev/vda rw console=tty1 console=ttyS0 loglevel=4 panic=-1 mitigations=off audit=0 apparmor=0",
            f"net.ifnames=0 tsc=reliable tsc_early_khz={tsc_khz()} systemd.show_status=no",
        )
        command = [
            *("qemu-system-x86_64", "-M", "q35,vmport=off", "-accel", "tcg,thread=multi,tb-size=512", "-cpu", "max"),
            *("-smp", "2", "-m", "2048", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", *device),
            *("-device", "qemu-xhci", "-device", "usb-kbd", "-device", "usb-tablet"),
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
        self.started_s = time.monotonic()
        self._complaints = (out / "qemu").open("wb")
        self._qemu = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=self._complaints, stderr=subprocess.STDOUT
        )

    @property
    def running(self) -> bool:
        return self._qemu.poll() is None

    def wait_for(self, name: str, seconds: float) -> bool:
        """Until the guest made the file *name*."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.running:
            if (self.share / name).exists():
                return True
            time.sleep(0.5)
        return (self.share / name).exists()

    def say(self, *lines: str) -> None:
        """To qemu's monitor."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.connect(str(self.monitor))
            for line in lines:
                sock.sendall(line.encode() + b"\n")
                time.sleep(0.3)

    def picture(self, name: str) -> Path:
        """What the virtual display shows, as PPM and PNG."""
        ppm = self.out / f"{name}.ppm"
        ppm.unlink(missing_ok=True)
        self.say(f"screendump {ppm}")
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and not (ppm.exists() and ppm.stat().st_size > 1000):
            time.sleep(0.5)
        time.sleep(1)
        png(ppm)
        return ppm

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


def likeness(shown: Path, wanted: Path) -> tuple[float, int]:
    """The correlation of two pictures' brightness on a coarse grid, and how many shades the first one has."""
    cells = [(x, y) for y in range(40) for x in range(64)]
    pictures = [pygame.transform.smoothscale(surface(path), (64, 40)) for path in (shown, wanted)]
    a, b = ([sum(picture.get_at(cell)[:3]) for cell in cells] for picture in pictures)
    mean_a, mean_b = sum(a) / len(a), sum(b) / len(b)
    over = sum((x - mean_a) * (y - mean_b) for x, y in zip(a, b, strict=True))
    under = (sum((x - mean_a) ** 2 for x in a) * sum((y - mean_b) ** 2 for y in b)) ** 0.5
    return (over / under if under else 0.0), len(set(a))


def like_the_gallery(shown: Path, out: Path) -> bool:
    """Whether *shown* is the attract screen, by the gallery's own pictures of it (any of its states)."""
    gallery = out / "gallery"
    made = [str(Path(sys.executable).parent / "retrowalk"), "gallery", str(gallery), "--size", "1280x800"]
    subprocess.run(made, check=True, capture_output=True)
    best, name, shades = 0.0, "none", 0
    # A kiosk without a staff account asks for one first: that is the attract screen of its first day.
    for wanted in sorted(gallery.glob("*.png")):
        if "attract" not in wanted.name and "setup" not in wanted.name:
            continue
        alike, shades = likeness(shown, wanted)
        if alike > best:
            best, name = alike, wanted.name
    print(f"most like {name}: correlation {best:.2f} (at least {ALIKE}), {shades} shades (a black one has 1)")
    return best >= ALIKE and shades > 20


def main() -> int:
    """Command line: see the top of this file."""
    parser = argparse.ArgumentParser()
    parser.add_argument("image", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--walk", action="store_true")
    parser.add_argument("--gpu", default="bochs", choices=("bochs", "virtio", "none"))
    options = parser.parse_args()
    guest = Guest(options.image, options.out, gpu=options.gpu, walk=options.walk)
    try:
        if guest.wait_for("first-frame", BOOT_S):
            guest.picture("first-frame")
        if not guest.wait_for("shot-wanted", BOOT_S):
            print("The kiosk did not show its first frame; the ends of console and output:", file=sys.stderr)
            for path in (options.out / "console", guest.share / "output", options.out / "qemu"):
                if path.exists():
                    print("\n".join(path.read_text("utf-8", "replace").splitlines()[-30:]), file=sys.stderr)
            guest.picture("failed")
            return 1
        print(f"first frame seen, host clock: {time.monotonic() - guest.started_s:.0f} s after power on", flush=True)
        guest.picture("attract")
        guest.say(*(f"sendkey {key}" for key in KEYS))
        time.sleep(20)
        guest.picture("after-keys")
        (guest.share / "keys-sent").touch()
        if options.walk and guest.wait_for("walk-shot", BOOT_S):
            guest.picture("walking")
        deadline = time.monotonic() + 400
        while guest.running and time.monotonic() < deadline:
            time.sleep(1)
        print((guest.share / "output").read_text("utf-8", "replace"))
        off = not guest.running
        print("switched off when asked" if off else "did not switch off")
        return 0 if like_the_gallery(options.out / "attract.ppm", options.out) and off else 1
    finally:
        guest.stop()


if __name__ == "__main__":
    sys.exit(main())
