"""A virtual X screen whose pixels can be read and which takes clicks and keys: Xvfb and xdotool."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pygame

NEEDS: Final = ("Xvfb", "xdotool")


def missing() -> str:
    """A sentence that says what to install; empty if all is there."""
    absent = [name for name in NEEDS if shutil.which(name) is None]
    return f"There is no {' and no '.join(absent)}. Install them with:  sudo deploy/dev-needs.sh" if absent else ""


class Screen:
    """An X server that shows itself to nobody."""

    def __init__(self, display: str, framebuffer: Path, size: tuple[int, int]) -> None:
        self.display: Final = display
        self.size: Final = size
        self._framebuffer: Final = framebuffer

    @property
    def environment(self) -> dict[str, str]:
        """For a program that is to open its window here."""
        kept = {k: v for k, v in os.environ.items() if k not in ("SDL_VIDEODRIVER", "WAYLAND_DISPLAY")}
        return kept | {
            "DISPLAY": self.display,
            "SDL_VIDEODRIVER": "x11",
            "SDL_AUDIODRIVER": "dummy",
            "SDL_FRAMEBUFFER_ACCELERATION": "0",  # flip in 0.4 ms and not in 15 (screens A1)
        }

    def click(self, at: tuple[int, int]) -> None:
        """One touch, as a mouse makes it."""
        self._do("mousemove", str(at[0]), str(at[1]))
        self._do("click", "1")

    def key(self, name: str, held_s: float = 0.15) -> None:
        """Press a key for a while."""
        self._do("keydown", name)
        time.sleep(held_s)
        self._do("keyup", name)

    def _do(self, *what: str) -> None:
        subprocess.run(["xdotool", *what], env=self.environment, check=True, timeout=20, capture_output=True)

    def picture(self) -> pygame.Surface:
        """What a person would see now, from the server's own memory (an XWD file, X11/XWDFile.h)."""
        data = self._framebuffer.read_bytes()
        header = struct.unpack(">25I", data[:100])
        size, width, height, pitch, colours = header[0], header[4], header[5], header[12], header[19]
        start = size + 12 * colours
        rows = [data[start + y * pitch : start + y * pitch + 4 * width] for y in range(height)]
        return pygame.image.frombuffer(b"".join(rows), (width, height), "BGRA").convert(24)

    def colour(self, at: tuple[int, int]) -> tuple[int, int, int]:
        """One pixel."""
        red, green, blue, *_ = self.picture().get_at(at)
        return red, green, blue


@contextmanager
def virtual_screen(directory: Path, size: tuple[int, int]) -> Iterator[Screen]:
    """An X server on a free display, ended with the block."""
    reading, writing = os.pipe()
    with (directory / "xvfb.log").open("wb") as log:
        server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(writing), "-screen", "0", f"{size[0]}x{size[1]}x24", "-fbdir", str(directory),
             "-nolisten", "tcp", "-noreset"],
            pass_fds=(writing,),
            stdout=log,
            stderr=log,
        )  # fmt: skip
    os.close(writing)
    try:
        with os.fdopen(reading) as told:
            number = told.readline().strip()  # ends when the server does
        if not number:
            raise RuntimeError(f"Xvfb did not start: {(directory / 'xvfb.log').read_text(errors='replace')}")
        yield Screen(f":{number}", directory / "Xvfb_screen0", size)
    finally:
        server.terminate()
        server.wait(10)


def wait_for(what: Callable[[], bool], within_s: float, said: str) -> None:
    """Look ten times a second. Raises AssertionError with *said*."""
    ends = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < ends, f"{said}, not within {within_s:g} s"
        time.sleep(0.1)
