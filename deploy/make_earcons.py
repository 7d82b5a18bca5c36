#!/usr/bin/env python3
"""Make the earcons: ten short sounds, by sums of sines, with the standard library alone.

    python3 deploy/make_earcons.py [DIRECTORY]        (default: assets/sounds beside this file's parent)

Each class has its own rhythm and not only its own pitch, so that it is told apart in a loud room and with hearing
loss. Pitches lie between 500 and 3000 Hz, pulses carry harmonics, nothing is continuous (after IEC 60601-1-8's
guidance for alarm signals; screens.md A5). Written as 22.05 kHz mono 16-bit WAV, the same bytes on every run; a
recording under the same name may replace any of them.
"""

from __future__ import annotations

import array
import math
import sys
import wave
from dataclasses import dataclass
from pathlib import Path

RATE_HZ = 22050
PLAIN = (1.0, 0.22, 0.08)  # near a sine: for the sounds of a calm walk
RICH = (1.0, 0.62, 0.5, 0.32, 0.2)  # four harmonics: an alarm is found by ear


@dataclass(frozen=True)
class Note:
    """One tone. Times in seconds, *to_hz* for a glide, *level* 0-1."""

    at_s: float
    for_s: float
    hz: float
    level: float = 1.0
    to_hz: float | None = None
    harmonics: tuple[float, ...] = PLAIN
    attack_s: float = 0.006
    release_s: float = 0.04


@dataclass(frozen=True)
class Earcon:
    """A class of sound. *peak*: its loudest sample, of 1."""

    notes: tuple[Note, ...]
    peak: float


def pulses(starts: tuple[float, ...], for_s: float, hz: tuple[float, ...]) -> tuple[Note, ...]:
    """Rich pulses at *starts*, their pitches taken in turn."""
    return tuple(
        Note(start, for_s, hz[index % len(hz)], harmonics=RICH, attack_s=0.01, release_s=0.02)
        for index, start in enumerate(starts)
    )


EARCONS = {
    # A key under the finger: felt more than heard.
    "key": Earcon((Note(0.0, 0.02, 1800, attack_s=0.001, release_s=0.015),), 0.35),
    # One second of a countdown, one tile of the check.
    "tick": Earcon((Note(0.0, 0.08, 880, release_s=0.05),), 0.6),
    # The belt starts.
    "go": Earcon((Note(0.0, 0.14, 660), Note(0.15, 0.3, 990, release_s=0.12)), 0.7),
    # Ten seconds before a change: two soft pulses.
    "ahead": Earcon(
        (Note(0.0, 0.13, 700, attack_s=0.02, release_s=0.06), Note(0.32, 0.13, 700, attack_s=0.02, release_s=0.06)),
        0.5,
    ),
    # Three quick notes up; three slow ones down.
    "faster": Earcon((Note(0.0, 0.1, 660), Note(0.12, 0.1, 830), Note(0.24, 0.2, 1046, release_s=0.1)), 0.65),
    "slower": Earcon((Note(0.0, 0.16, 1046), Note(0.2, 0.16, 830), Note(0.4, 0.3, 660, release_s=0.15)), 0.65),
    # A chime: two notes that ring together.
    "done": Earcon(
        (Note(0.0, 0.7, 784, 0.9, release_s=0.6), Note(0.18, 0.72, 1175, 0.7, release_s=0.62)),
        0.6,
    ),
    # Look here: the same double tone twice.
    "caution": Earcon(
        tuple(
            Note(at, 0.18, hz, level, harmonics=RICH) for at in (0.0, 0.34) for hz, level in ((800, 1.0), (1600, 0.6))
        ),
        0.8,
    ),
    # The belt was stopped: five pulses, three and two, high and low.
    "stop": Earcon(pulses((0.0, 0.17, 0.34, 0.62, 0.79), 0.12, (900, 1200)), 0.95),
    # Something is wrong and stays wrong: slower, three and two, one pitch.
    "fault": Earcon(pulses((0.0, 0.3, 0.6, 1.15, 1.45), 0.18, (740,)), 0.9),
}


def level_at(note: Note, into_s: float) -> float:
    """The envelope, *into_s* seconds into *note*."""
    rise = min(1.0, into_s / note.attack_s) if note.attack_s else 1.0
    left = note.for_s - into_s
    fall = min(1.0, left / note.release_s) if note.release_s else 1.0
    return math.sin(rise * math.pi / 2) * math.sin(max(0.0, fall) * math.pi / 2) ** 2


def synthesise(earcon: Earcon) -> array.array[int]:
    """The samples of *earcon*."""
    length_s = max(note.at_s + note.for_s for note in earcon.notes) + 0.01
    mix = [0.0] * math.ceil(length_s * RATE_HZ)
    for note in earcon.notes:
        first = round(note.at_s * RATE_HZ)
        phase = 0.0
        for index in range(round(note.for_s * RATE_HZ)):
            into_s = index / RATE_HZ
            hz = note.hz if note.to_hz is None else note.hz + (note.to_hz - note.hz) * into_s / note.for_s
            phase += 2 * math.pi * hz / RATE_HZ
            value = sum(part * math.sin(phase * (n + 1)) for n, part in enumerate(note.harmonics))
            mix[first + index] += note.level * value * level_at(note, into_s)
    loudest = max(abs(value) for value in mix)
    return array.array("h", (round(value / loudest * earcon.peak * 32767) for value in mix))


def write(path: Path, samples: array.array[int]) -> None:
    """A WAV file."""
    if sys.byteorder == "big":
        samples = array.array("h", samples)
        samples.byteswap()
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(samples.tobytes())


def main(arguments: list[str]) -> int:
    """Write every earcon."""
    default = Path(__file__).resolve().parent.parent / "assets" / "sounds"
    directory = Path(arguments[0]) if arguments else default
    directory.mkdir(parents=True, exist_ok=True)
    for name, earcon in EARCONS.items():
        write(directory / f"{name}.wav", synthesise(earcon))
    print(f"{len(EARCONS)} earcons in {directory}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
