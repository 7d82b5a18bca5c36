"""The loudspeaker: earcons and spoken cues through pygame's mixer, opened once.

Four channels, so that nothing urgent waits or is cut off by something that is not (screens.md A5): safety, countdown,
speech, the rest. Without a usable audio device the kiosk is silent and says why; it never fails for want of sound.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pygame

from kiosk.sound import Silence, Sound

RATE_HZ: Final = 22050
BUFFER: Final = 512  # 23 ms at 22.05 kHz
CHANNELS: Final = 4
SAFETY, COUNTDOWN, SPEECH, OTHER = range(CHANNELS)

EARCONS: Final = {
    "stop": SAFETY,
    "fault": SAFETY,
    "caution": SAFETY,
    "tick": COUNTDOWN,
    "go": COUNTDOWN,
    "ahead": OTHER,
    "faster": OTHER,
    "slower": OTHER,
    "done": OTHER,
    "key": OTHER,
}
"""Every earcon and its channel."""

LEVELS: Final = {1: 0.22, 2: 0.47, 3: 1.0}
"""Three steps, about 6.5 dB apart (36 CFR 1194, 402.3.2: selectable by the person, reset after each use)."""


class Loudspeaker:
    """Sounds through the mixer. Calls return at once and never raise; what could not be played is remembered."""

    def __init__(self, directory: Path, step: int) -> None:
        """*directory* holds ``sounds`` and ``voice``. The mixer has to be open. Raises pygame.error if it is not."""
        pygame.mixer.set_num_channels(CHANNELS)
        self._channels: Final = [pygame.mixer.Channel(number) for number in range(CHANNELS)]
        self._voice: Final = directory / "voice"
        self._spoken: Final[dict[tuple[str, str], pygame.mixer.Sound | None]] = {}
        self._earcons: Final[dict[str, pygame.mixer.Sound]] = {}
        self.missing: Final[set[str]] = set()
        for name in EARCONS:
            loaded = self._load(directory / "sounds" / f"{name}.wav")
            if loaded is not None:
                self._earcons[name] = loaded
        self.volume(step)

    def play(self, name: str) -> None:
        """An earcon. A new one cuts off what its own channel plays, nothing else."""
        sound = self._earcons.get(name)
        if sound is None:
            self.missing.add(name)
            return
        self._channels[EARCONS[name]].play(sound)

    def say(self, cue: str, language: str, *, over: bool) -> None:
        """A cue by id, if it has been recorded in *language*. *over*: cut off what is being said; else follow it."""
        key = (language, cue)
        if key not in self._spoken:
            self._spoken[key] = self._load(self._voice / language / f"{cue}.wav")
        sound = self._spoken[key]
        if sound is None:
            return
        channel = self._channels[SPEECH]
        if over or not channel.get_busy():
            channel.play(sound)
        else:
            channel.queue(sound)

    def volume(self, step: int) -> None:
        """1 to 3. The safety channel is always at its loudest."""
        level = LEVELS[min(max(step, 1), 3)]
        for number, channel in enumerate(self._channels):
            channel.set_volume(1.0 if number == SAFETY else level)

    def hush(self) -> None:
        """Stop speaking."""
        self._channels[SPEECH].stop()

    def _load(self, path: Path) -> pygame.mixer.Sound | None:
        if not path.is_file():
            self.missing.add(path.stem)
            return None
        try:
            return pygame.mixer.Sound(str(path))
        except pygame.error:  # a damaged file: the walk goes on without this one sound
            self.missing.add(path.stem)
            return None


def open_sound(directory: Path, *, enabled: bool, step: int) -> tuple[Sound, str]:
    """The loudspeaker, or silence and a sentence that says why. Call once for each process."""
    if not enabled:
        return Silence(), "Sound is switched off in the configuration."
    try:
        pygame.mixer.init(RATE_HZ, -16, 1, BUFFER, allowedchanges=0)
        return Loudspeaker(directory, step), ""
    except (pygame.error, NotImplementedError) as error:
        # NotImplementedError: pygame was built without a mixer.
        return Silence(), f"There is no sound: {error}. Connect a loudspeaker and restart the kiosk."


def close_sound() -> None:
    """Let the audio device go. Idempotent."""
    if pygame.mixer.get_init():
        pygame.mixer.quit()
