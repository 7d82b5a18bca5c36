"""What all tests share."""

from __future__ import annotations

import os

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
os.environ.setdefault("SDL_AUDIODRIVER", "dummy")

import pytest


@pytest.fixture(scope="session")
def display() -> None:
    """pygame's fonts and a display that nobody sees, once for each process.

    Never ended here: a font that outlives ``font.quit()`` crashes pygame 2.6 (screens.md A2).
    """
    import pygame

    pygame.display.init()
    pygame.font.init()
