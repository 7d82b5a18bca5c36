"""The virtual machine of the system test, from the host: make or find its image, boot it, run a job in it.

The image is cached outside the clone (``$XDG_CACHE_HOME/retrowalk-system``) under a hash of everything that goes into
it, and made again when that changes. Real hardware virtualisation is used where it really works, else emulation.
"""

from __future__ import annotations

import ctypes
import fcntl
import hashlib
import mmap
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).resolve().parent
PROJECT: Final = HERE.parent.parent
EMULATOR: Final = "qemu-system-x86_64"
EMULATOR_PACKAGE: Final = "qemu-system-x86"
KEPT_IMAGES: Final = 2  # so that two branches do not build in turns
PROBE_S: Final = 5.0  # a kernel under working hardware virtualisation prints its first line within one second
UP_S: Final = 240.0  # emulated on a loaded machine; 4 s when idle
CONSOLE_TAIL: Final = 30

RECIPE: Final = (
    HERE / "build.sh",
    HERE / "guest_lock.py",
    HERE / "foreign" / "requirements.lock",
    HERE / "guest" / "packages.txt",
    HERE / "guest" / "initrd-init",
    HERE / "guest" / "first-init",
    PROJECT / "requirements.lock",
    PROJECT / "requirements-dev.lock",
)


class MachineError(Exception):
    """The machine cannot be built or run; the text says why and shows the console's end."""


# ---------------------------------------------------------------------------------------------- the image


def image_key() -> str:
    """What the image is made from, as one short name."""
    digest = hashlib.sha256()
    for path in RECIPE:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def cache_directory() -> Path:
    """Where images are kept."""
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "retrowalk-system"


def ensure_image() -> Path:
    """The directory of a finished image, built now if need be. Raises MachineError."""
    cache = cache_directory()
    cache.mkdir(parents=True, exist_ok=True)
    image = cache / image_key()
    with (cache / "lock").open("w") as lock:  # two runs at once build once
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not image.exists():
            _build(cache, image)
        os.utime(image)
    return image


def _build(cache: Path, image: Path) -> None:
    for stale in cache.glob("building-*"):
        shutil.rmtree(stale)
    building = Path(tempfile.mkdtemp(prefix="building-", dir=cache))
    command = [str(HERE / "build.sh"), str(building), sys.executable]
    ended = subprocess.run(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    if ended.returncode:
        shutil.rmtree(building)
        raise MachineError(ended.stderr.strip() or f"build.sh ended with code {ended.returncode}.")
    building.rename(image)
    images = [path for path in cache.iterdir() if path.is_dir() and not path.name.startswith("building-")]
    for old in sorted(images, key=lambda path: path.stat().st_mtime)[:-KEPT_IMAGES]:
        shutil.rmtree(old)


def ensure_emulator() -> None:
    """Install qemu where that is ours to do. Raises MachineError with the one line to run where it is not."""
    if shutil.which(EMULATOR):
        return
    line = f"apt-get install -y --no-install-recommends {EMULATOR_PACKAGE}"
    if os.geteuid() != 0:
        raise MachineError(f"The virtual machine needs {EMULATOR}. Run:  sudo {line}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in ("apt-get update -qq", line):
        ended = subprocess.run(command.split(), env=environment, capture_output=True, text=True, check=False)
        if ended.returncode:
            raise MachineError(f"`{command}` failed: {ended.stderr.strip() or ended.stdout[-500:]}")


# ---------------------------------------------------------------------------------------------- running


def tsc_khz() -> int:
    """The rate of this machine's time-stamp counter.

    An emulated guest reads the host's counter but must calibrate it against an emulated timer, which on a loaded host
    gave clocks that ran twice too fast (bluez.md, pitfalls); so it is told.
    """
    page = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(bytes.fromhex("0f31 48c1e220 4809d0 c3"))  # rdtsc; shl rdx, 32; or rax, rdx; ret
    buffer = ctypes.c_char.from_buffer(page)
    rdtsc = ctypes.CFUNCTYPE(ctypes.c_uint64)(ctypes.addressof(buffer))
    best = (float("inf"), 0.0)
    for _ in range(5):
        before_ns = time.monotonic_ns()
        first = rdtsc()
        time.sleep(0.04)
        after_ns = time.monotonic_ns()
        second = rdtsc()
        gap_ns = time.monotonic_ns() - after_ns  # the least disturbed measurement counts
        best = min(best, (gap_ns, (second - first) / (after_ns - before_ns) * 1e6))
    del buffer
    page.close()
    return round(best[1])


class VirtualMachine:
    """One boot. The image is read-only, all that is written is in memory: every boot starts pristine."""

    def __init__(
        self, image: Path, directory: Path, job: str, *, memory_mb: int = 1536, disk: Path | None = None
    ) -> None:
        """*disk* is a second disk, /dev/vdb in the guest, whose content outlives the boot (power cuts)."""
        self.image: Final = image
        self._disk: Final = disk
        self.directory: Final = directory
        self.console: Final = directory / "console"
        self.output: Final = directory / "output"
        self.accelerator = ""
        self._memory_mb: Final = memory_mb
        self._qemu: subprocess.Popen[bytes] | None = None
        self._complaints: Final = directory / "qemu"
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "job").write_text(job, encoding="utf-8")

    def _start(self, accelerator: str, *append: str) -> subprocess.Popen[bytes]:
        for name in ("up", "exit_code", "console", "output"):
            (self.directory / name).unlink(missing_ok=True)
        words = (
            "console=ttyS0 quiet loglevel=4 panic=-1 mitigations=off nokaslr audit=0 apparmor=0 init_on_alloc=0",
            "random.trust_cpu=on cryptomgr.notests 8250.nr_uarts=1 net.ifnames=0 rcupdate.rcu_expedited=1",
            *append,
        )
        command = [
            *(EMULATOR, "-M", "q35,usb=off,vmport=off,smm=off", "-accel", accelerator, "-cpu", "max"),
            *("-smp", "2", "-m", str(self._memory_mb), "-rtc", "base=utc,clock=host"),
            *("-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"),
            *("-kernel", str(self.image / "vmlinuz"), "-initrd", str(self.image / "initrd.cpio")),
            *("-append", " ".join(words)),
            *("-drive", f"if=none,id=disk,file={self.image / 'root.ext2'},format=raw,readonly=on"),
            *("-device", "virtio-blk-pci,drive=disk"),
            *("-chardev", f"file,id=console,path={self.console}", "-serial", "chardev:console"),
            *("-fsdev", f"local,id=host,path={self.directory},security_model=none"),
            *("-device", "virtio-9p-pci,fsdev=host,mount_tag=host"),
            *("-fsdev", f"local,id=src,path={PROJECT},security_model=none,readonly=on"),
            *("-device", "virtio-9p-pci,fsdev=src,mount_tag=src"),
        ]
        if self._disk is not None:
            # What the guest has not flushed is in the guest's memory: killing qemu loses it as a power cut does.
            command += ["-drive", f"if=none,id=data,file={self._disk},format=raw,cache=writeback"]
            command += ["-device", "virtio-blk-pci,drive=data"]
        with self._complaints.open("wb") as complaints:
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=complaints, stderr=complaints)

    def boot(self) -> None:
        """Boot until the guest is up. Raises MachineError."""
        if self._virtualisation_works():
            self.accelerator = "kvm"
            self._qemu = self._start("kvm")
            if self._wait_up(UP_S / 4):
                return
            self.stop()
        self.accelerator = "tcg"
        self._qemu = self._start("tcg,thread=multi", "tsc=reliable", f"tsc_early_khz={tsc_khz()}")
        if not self._wait_up(UP_S):
            raise self.error(f"The virtual machine did not come up within {UP_S:.0f} s.")

    def _virtualisation_works(self) -> bool:
        # /dev/kvm may be there, open, make a machine, and then run it a thousand times too slowly (seen on one of our
        # own machines): only a kernel that says hello tells.
        if not os.access("/dev/kvm", os.R_OK | os.W_OK):
            return False
        self._qemu = self._start("kvm", "earlyprintk=serial,ttyS0")
        try:
            deadline = time.monotonic() + PROBE_S
            while time.monotonic() < deadline and self._qemu.poll() is None:
                if self.console.exists() and b"Linux version" in self.console.read_bytes():
                    return True
                time.sleep(0.05)
            return False
        finally:
            self.stop()

    def _wait_up(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.running:
            if (self.directory / "up").exists():
                return True
            time.sleep(0.05)
        return False

    @property
    def running(self) -> bool:
        """True until the guest powered off or qemu ended."""
        return self._qemu is not None and self._qemu.poll() is None

    @property
    def exit_code(self) -> int | None:
        """Of the job; None until it has ended."""
        try:
            return int((self.directory / "exit_code").read_text())
        except FileNotFoundError:
            return None

    def error(self, sentence: str) -> MachineError:
        """*sentence* with the ends of what the guest's job, its console and qemu have printed."""
        code = self._qemu.poll() if self._qemu is not None else None
        parts = [sentence if code is None else f"{sentence} {EMULATOR} ended with code {code}."]
        for title, path in (("job", self.output), ("console", self.console), ("qemu", self._complaints)):
            lines = path.read_text("utf-8", "replace").splitlines()[-CONSOLE_TAIL:] if path.exists() else []
            if lines:
                parts.append(f"--- {title}, its last {len(lines)} lines:")
                parts += lines
        return MachineError("\n".join(parts))

    def stop(self) -> None:
        """Switch off; idempotent."""
        if self._qemu is not None:
            if self._qemu.poll() is None:
                self._qemu.kill()
            self._qemu.wait()
            self._qemu = None


@contextmanager
def booted(directory: Path, job: str) -> Iterator[VirtualMachine]:
    """A machine that has come up and runs *job* (a bash script). Raises MachineError."""
    ensure_emulator()
    machine = VirtualMachine(ensure_image(), directory, job)
    try:
        machine.boot()
        yield machine
    finally:
        machine.stop()


def main() -> int:
    """``python -m tests.system.vm 'COMMAND'``: run one command in the guest and show what it prints."""
    with tempfile.TemporaryDirectory(prefix="retrowalk-vm-") as directory:
        try:
            with booted(Path(directory), " ".join(sys.argv[1:])) as machine:
                shown = 0
                while True:
                    running = machine.running
                    if machine.output.exists():
                        with machine.output.open("rb") as output:
                            output.seek(shown)
                            news = output.read()
                        shown += len(news)
                        sys.stdout.buffer.write(news)
                        sys.stdout.flush()
                    if not running:
                        break
                    time.sleep(0.1)
                code = machine.exit_code
                if code is None:
                    raise machine.error("The virtual machine ended before its job did.")
                return code
        except MachineError as error:
            print(error, file=sys.stderr)
            return 125


if __name__ == "__main__":
    sys.exit(main())
