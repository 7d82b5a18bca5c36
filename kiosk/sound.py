"""What can be heard: earcons and spoken cues, through one small interface."""

from __future__ import annotations

from typing import Protocol


class Sound(Protocol):
    """A loudspeaker. Calls return at once and never raise."""

    def play(self, name: str) -> None:
        """An earcon."""

    def say(self, cue: str, language: str, *, over: bool) -> None:
        """A cue by id. *over*: cut off what is being said."""

    def volume(self, step: int) -> None:
        """1 to 3."""

    def hush(self) -> None:
        """Stop speaking."""


class Silence:
    """No loudspeaker: headless runs. Remembers how much it was asked."""

    def __init__(self) -> None:
        self.played = 0
        self.said = 0

    def play(self, name: str) -> None:
        """Count."""
        self.played += 1

    def say(self, cue: str, language: str, *, over: bool) -> None:
        """Count."""
        self.said += 1

    def volume(self, step: int) -> None:
        """Nothing to set."""

    def hush(self) -> None:
        """Nothing to stop."""
