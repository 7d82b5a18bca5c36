"""Draws the product's walk screen at 1920x1080, as the kiosk does: the load under which stops are timed."""

from __future__ import annotations

import os

os.environ.setdefault("SDL_VIDEODRIVER", "dummy")

from dataclasses import replace

import pygame

from kiosk import gallery, screens
from kiosk.intents import ScreenId


class WalkFrames:
    """The walk screen, redrawn whole with a changing speed and clock."""

    def __init__(self, size: tuple[int, int] = (1920, 1080)) -> None:
        pygame.display.init()
        pygame.font.init()
        self.surface = pygame.display.set_mode(size)
        self.ui = gallery.open_ui(size, gallery.panel(size))
        self.snapshot = next(e.snapshot for e in gallery.catalogue() if e.snapshot.screen is ScreenId.WALK)
        self.drawn = 0

    def draw(self, speed_ckmh: int) -> None:
        self.drawn += 1
        walk = replace(self.snapshot.walk, left_s=600 - self.drawn / 30 % 600)
        screens.draw(self.surface, self.ui, replace(self.snapshot, measured_ckmh=speed_ckmh, walk=walk))
        pygame.display.flip()
