"""The walk screen: what a frame costs, what share of a core that is, and what a hundred sessions leave in memory.

``python -m tests.bench.walk_frame [--quick] [--json]``

Frames are drawn as the kiosk draws them (kiosk.screens.draw, whole, speed, clock and cue changing) on a surface in
memory: what the display driver adds is not in it. Memory is the process's resident size after each ten sessions of
180 frames over every far screen and the summary; a leak grows with their number.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
import time
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("SDL_VIDEODRIVER", "dummy")

import pygame

from kiosk import gallery, screens
from kiosk.app import FRAME_S
from kiosk.assets import assets_directory
from kiosk.content import read_books
from kiosk.intents import FAR_SCREENS, ScreenId
from tests.bench import common

SIZES = ((1920, 1080), (800, 480))
GROWTH_MIB = 8.0
"""Caches fill in the first sessions; after that a hundred sessions may not add more."""


def resident_mib() -> float:
    """The process's resident memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


class Frames:
    """A walk as it looks from frame to frame."""

    def __init__(self, size: tuple[int, int]) -> None:
        self.surface = pygame.Surface(size)
        self.ui = gallery.open_ui(size, gallery.panel(size))
        self.snapshot = next(e.snapshot for e in gallery.catalogue() if e.snapshot.screen is ScreenId.WALK)
        self.cues = [cue.show for cue in read_books(assets_directory())["en"].values()]

    def draw(self, number: int) -> None:
        """Frame *number*: a new clock second every 30, a new cue every 240."""
        walk = self.snapshot.walk
        second = number // 30
        at_s = number / 30 % 440
        show = self.cues[number // 240 % len(self.cues)] if number // 120 % 2 else ()
        walk = replace(walk, left_s=440 - at_s, at_s=at_s, cue_show=show)
        speed = 80 + second * 7 % 120
        screens.draw(self.surface, self.ui, replace(self.snapshot, walk=walk, measured_ckmh=speed))


def frame_times(size: tuple[int, int], frames: int) -> dict[str, object]:
    """Wall and processor time of a frame, warm."""
    made = Frames(size)
    for number in range(90):
        made.draw(number * 37)
    walls, cpu = [], time.process_time()
    for number in range(frames):
        began = time.perf_counter()
        made.draw(number * 7)
        walls.append(time.perf_counter() - began)
    cpu_s = (time.process_time() - cpu) / frames
    return {
        "size": f"{size[0]}x{size[1]}",
        "median_ms": round(common.percentile(walls, 50) * 1000, 2),
        "p99_ms": round(common.percentile(walls, 99) * 1000, 2),
        "cpu_ms": round(cpu_s * 1000, 2),
        "core_percent": round(100 * cpu_s / FRAME_S, 1),
        "frames": frames,
    }


def memory(sessions: int) -> dict[str, object]:
    """Resident memory after so many sessions of other cues, times and summaries."""
    made = Frames(SIZES[0])
    others = [e.snapshot for e in gallery.catalogue() if e.snapshot.screen in FAR_SCREENS | {ScreenId.SUMMARY}]
    sizes = []
    for session in range(sessions):
        for number in range(180):
            made.draw(session * 5011 + number * 30)
        for snapshot in others:
            summary = snapshot.summary
            if summary is not None:  # every walk has a chart of its own
                speeds = tuple((at, (speed + session * 3) % 200) for at, speed in summary.speeds)
                snapshot = replace(snapshot, summary=replace(summary, speeds=speeds))
            screens.draw(made.surface, made.ui, snapshot)
        if session % 10 == 9:
            gc.collect()
            sizes.append(round(resident_mib(), 1))
    settled = sizes[1] if len(sizes) > 1 else sizes[-1]
    return {"sessions": sessions, "resident_mib": sizes, "growth_mib": round(sizes[-1] - settled, 1)}


def run(options: argparse.Namespace) -> dict:
    pygame.display.init()
    pygame.font.init()
    pygame.display.set_mode((64, 64))
    frames = 300 if options.quick else 3000
    kept = memory(40 if options.quick else 100)
    return {
        "rate_hz": round(1 / FRAME_S),
        "frames": [frame_times(size, frames) for size in SIZES],
        "memory": kept,
        "held": kept["growth_mib"] <= GROWTH_MIB,
    }


def show(result: dict) -> None:
    print(f"The walk screen at {result['rate_hz']} frames a second, without the display driver")
    common.table(
        ["panel", "median ms", "p99 ms", "CPU ms", "% of one core", "frames"],
        [
            [f["size"], f["median_ms"], f["p99_ms"], f["cpu_ms"], f["core_percent"], f["frames"]]
            for f in result["frames"]
        ],
    )
    kept = result["memory"]
    print(f"memory after every ten of {kept['sessions']} sessions, MiB: {kept['resident_mib']}")
    print(f"growth once caches are full: {kept['growth_mib']} MiB ({'kept' if result['held'] else 'NOT KEPT'})")


if __name__ == "__main__":
    sys.exit(common.main("The walk screen's frames", run, show))
