#!/usr/bin/env python3
"""Make the spoken cues: each ``say`` text of ``assets/cues/LANGUAGE.toml`` as ``assets/voice/LANGUAGE/ID.wav``.

    python3 deploy/make_voice.py [--only ID] [LANGUAGE ...]       (default: all cues of every language)

Run where the voices are, not on the kiosk: at run time nothing is synthesised. Needs the Debian packages named in
``VOICES`` and sox; they are asked for and never installed. A file that is listed in ``assets/voice/recordings.txt``
(one ``LANGUAGE/ID`` a line) is somebody's recording and is left as it is.

English is festival's ``cmu_us_slt_arctic_hts``, the best voice in Debian main by screens.md A5. For Spanish and
German Debian main has espeak-ng alone: no festvox voice speaks them, mbrola's voices forbid sale in a product, and
pico is non-free. By A5's measurement it is understood best of all in noise, though it sounds like a robot.

Every voice goes through the equaliser of A5, is trimmed, brought to one loudness and written as 22.05 kHz mono 16-bit
WAV, the mixer's own rate: nothing is resampled while somebody walks.
"""

from __future__ import annotations

import argparse
import array
import math
import shutil
import subprocess
import sys
import tempfile
import tomllib
import wave
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

RATE_HZ = 22050
RMS = 0.13
"""Target of the loudness over the whole file, of 1: about -18 dBFS, 2 dB under the earcons' mean."""
PEAK = 0.95
"""No sample above this, of 1; a limiter takes what the loudness would push over it."""
HUSH = 0.012
"""Below this, of 1, an edge is silence (-38 dBFS)."""
EDGE_S = 0.03
"""Silence kept before and after, so that no consonant is cut."""
PAUSE_S = 0.2
"""The longest silence inside a cue: enough to hear that a sentence ended, and a cue must be over soon."""
EQUALISER = ["highpass", "200", "equalizer", "300", "1.0q", "-4", "equalizer", "3000", "0.8q", "+9"]
"""screens.md A5: lifts the consonants of a soft voice over a gym's noise."""
COMPAND = ["compand", "0.005,0.12", "6:-60,-50,-30,-18,-12,-8,0,-4", "-3", "-60", "0.02"]
"""A5 asks for a compressor; soft syllables up by 12 dB, loud ones hardly."""

ROOT = Path(__file__).resolve().parent.parent


class VoiceError(Exception):
    """The voice cannot be made; the text says what to do."""


@dataclass(frozen=True)
class Voice:
    """How one language is spoken."""

    programs: tuple[str, ...]
    packages: tuple[str, ...]
    speak: Callable[[str, Path], None]
    voice_directory: Path | None = None


def run(command: list[str], text: str | None = None) -> None:
    """Run a program. Raises VoiceError with its last words."""
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        raise VoiceError(f"{command[0]} failed: {done.stderr.strip()[-300:]}")


def festival(text: str, path: Path) -> None:
    """The English voice, at its own calm pace."""
    run(["text2wave", "-eval", "(voice_cmu_us_slt_arctic_hts)", "-o", str(path)], text)


def espeak(voice: str, words_a_minute: int) -> Callable[[str, Path], None]:
    """An espeak-ng voice; slower than its own 175 words a minute."""

    def speak(text: str, path: Path) -> None:
        run(["espeak-ng", "-v", voice, "-s", str(words_a_minute), "-w", str(path), "--", text])

    return speak


_HTS = Path("/usr/share/festival/voices/us/cmu_us_slt_arctic_hts")

VOICES = {
    "en": Voice(("text2wave",), ("festival", "festvox-us-slt-hts"), festival, _HTS),
    "es": Voice(("espeak-ng",), ("espeak-ng",), espeak("es", 160)),
    "de": Voice(("espeak-ng",), ("espeak-ng",), espeak("de", 158)),
}


def check(languages: Iterable[str]) -> None:
    """Raises VoiceError naming the packages that are missing."""
    wanted = [] if shutil.which("sox") else ["sox"]
    for language in languages:
        voice = VOICES[language]
        there = all(shutil.which(program) for program in voice.programs)
        if not there or (voice.voice_directory is not None and not voice.voice_directory.is_dir()):
            wanted += [package for package in voice.packages if package not in wanted]
    if wanted:
        raise VoiceError(f"Programs or voices are missing. Install these Debian packages: {' '.join(wanted)}")


def render(text: str, voice: Voice, path: Path) -> None:
    """Speak *text* into *path*. The file is there whole or not at all. Raises VoiceError."""
    with tempfile.TemporaryDirectory() as scratch:
        raw, clean = Path(scratch, "raw.wav"), Path(scratch, "clean.wav")
        voice.speak(text, raw)
        # -R: the same arithmetic on every run, so that the same words give the same bytes.
        filters = ["norm", "-12", *EQUALISER, *COMPAND, "rate", "-v", str(RATE_HZ), "norm", "-3"]
        run(["sox", "-R", "-D", str(raw), "-c", "1", "-b", "16", str(clean), *filters])
        with wave.open(str(clean), "rb") as file:
            samples = array.array("h", file.readframes(file.getnframes()))
    if sys.byteorder == "big":
        samples.byteswap()
    try:
        level = [value / 32768 for value in samples]
        finished = even(shorten(trim(even(level))))
    except ValueError as error:
        raise VoiceError(f'"{text}" gave no sound.') from error
    out = array.array("h", (round(value * 32767) for value in finished))
    if sys.byteorder == "big":
        out.byteswap()
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    with wave.open(str(part), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(out.tobytes())
    part.replace(path)


def trim(level: list[float]) -> list[float]:
    """Without silence at both ends, with edges that fade from and to zero. Raises ValueError: nothing but silence."""
    loud = [index for index, value in enumerate(level) if abs(value) > HUSH]
    if not loud:
        raise ValueError("silence")
    edge = round(EDGE_S * RATE_HZ)
    kept = level[max(0, loud[0] - edge) : loud[-1] + edge]
    fade = min(edge // 3, len(kept) // 2)
    for index in range(fade):
        kept[index] *= index / fade
        kept[-1 - index] *= index / fade
    return kept


def shorten(level: list[float]) -> list[float]:
    """With no silence inside that is longer than ``PAUSE_S``; its middle is taken out, where nothing sounds."""
    longest = round(PAUSE_S * RATE_HZ)
    kept: list[float] = []
    quiet_from = 0  # in kept
    for value in level:
        kept.append(value)
        if abs(value) > HUSH:
            extra = len(kept) - 1 - quiet_from - longest
            if extra > 0:
                del kept[quiet_from + longest // 2 : quiet_from + longest // 2 + extra]
            quiet_from = len(kept)
    return kept


def even(level: list[float]) -> list[float]:
    """At the target loudness; what would go over the peak is bent, not cut."""
    gain = RMS / math.sqrt(sum(value * value for value in level) / len(level))
    knee = 0.7

    def bend(value: float) -> float:
        size = abs(value)
        if size <= knee:
            return value
        return math.copysign(knee + (PEAK - knee) * math.tanh((size - knee) / (PEAK - knee)), value)

    return [bend(value * gain) for value in level]


def recordings(directory: Path) -> set[str]:
    """The files that are recordings of a person, as ``LANGUAGE/ID``."""
    path = directory / "recordings.txt"
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return {line.strip() for line in lines if line.strip() and not line.startswith("#")}


def main(arguments: list[str]) -> int:
    """Render what was asked for; 2 and a sentence if it cannot be done."""
    parser = argparse.ArgumentParser(description="Render the spoken cues.")
    parser.add_argument("languages", nargs="*", help="en, es, de; left out: all")
    parser.add_argument("--only", metavar="ID", action="append", help="this cue only; may be repeated")
    parser.add_argument("--into", type=Path, default=ROOT / "assets" / "voice", help="where the folders go")
    asked = parser.parse_args(arguments)
    languages = asked.languages or list(VOICES)
    try:
        for language in languages:
            if language not in VOICES:
                raise VoiceError(f'There is no voice for "{language}". There are: {", ".join(VOICES)}.')
        check(languages)
        kept = recordings(asked.into)
        for language in languages:
            text = (ROOT / "assets" / "cues" / f"{language}.toml").read_text(encoding="utf-8")
            words: dict[str, dict[str, str]] = tomllib.loads(text)
            unknown = sorted(set(asked.only or ()) - set(words))
            if unknown:
                raise VoiceError(f"There is no cue {', '.join(unknown)}.")
            made = [cue for cue in asked.only or words if f"{language}/{cue}" not in kept]
            for cue in made:
                render(words[cue]["say"], VOICES[language], asked.into / language / f"{cue}.wav")
            print(f"{language}: {len(made)} cues spoken, {len(asked.only or words) - len(made)} recordings kept")
    except VoiceError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
