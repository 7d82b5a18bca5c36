"""Where the kiosk shows itself and is touched: a window, a panel, or a surface that nobody sees."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Protocol

import pygame

from hardware.config import Screen
from kiosk.intents import Intent, IntentKind, ScreenId
from kiosk.locale import Catalogue
from kiosk.screens import HOLD_S, draw, intent_at, targets
from kiosk.session.setup import Display
from kiosk.snapshot import Held, Snapshot
from kiosk.ui.canvas import Ui

REAL_DRIVERS: Final = frozenset({"kmsdrm", "wayland", "x11"})
"""SDL falls back to drivers that show nothing (offscreen, dummy) without an error (screens A1)."""


class DisplayError(Exception):
    """There is no display to show anything on; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key of the keyboard, for the simulation only."""

    name: str
    down: bool


class Picture(Protocol):
    """A frame that was kept."""

    def save(self, path: Path) -> None:
        """As PNG. Takes a tenth of a second: not while a belt may move."""


class Stage(Protocol):
    """See the top of this file."""

    def poll(self, shown: Snapshot | None, now_s: float) -> list[Intent | Key]:
        """What was touched or typed since the last call, read against the frame that was *shown*."""

    def touch(self, intent: Intent, shown: Snapshot) -> Intent | None:
        """Touch where *intent* is on the frame; None if it is nowhere."""

    def draw(self, snapshot: Snapshot) -> None:
        """Show a frame."""

    def picture(self) -> Picture:
        """A copy of the frame that is shown; quick, where saving is not."""

    @property
    def closed(self) -> bool:
        """The window was closed."""

    def close(self) -> None:
        """Idempotent."""


class BlindStage:
    """Draws nothing; for composed runs where only the session matters."""

    closed = False

    def __init__(self) -> None:
        self.frames = 0

    def poll(self, shown: Snapshot | None, now_s: float) -> list[Intent | Key]:
        """Nobody touches."""
        return []

    def touch(self, intent: Intent, shown: Snapshot) -> Intent | None:
        """Every intent can be touched."""
        return intent

    def draw(self, snapshot: Snapshot) -> None:
        """Count."""
        self.frames += 1

    def picture(self) -> Picture:
        """Nothing was drawn."""
        return _Blank()

    def close(self) -> None:
        """Nothing to let go."""


class _Blank:
    def save(self, path: Path) -> None:
        """Nothing was drawn, nothing is saved."""


class _Copy:
    def __init__(self, surface: pygame.Surface) -> None:
        self._surface: Final = surface

    def save(self, path: Path) -> None:
        """As PNG."""
        pygame.image.save(self._surface, str(path))


class PygameStage:
    """A window or panel, or with *headless* a surface in memory. One for each process (fonts are never re-made)."""

    def __init__(self, screen: Screen, catalogues: Mapping[str, Catalogue], *, headless: bool, title: str) -> None:
        self._headless: Final = headless
        self._closed = False
        self._pressed_at_s: float | None = None
        self._pressed: tuple[Intent, ScreenId] | None = None
        if headless:
            os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
        # One finger is one touch: without this SDL reports it a second time as a mouse (style B3, pibooth).
        os.environ.setdefault("SDL_TOUCH_MOUSE_EVENTS", "0")
        try:
            self._surface = self._opened(screen, title)
        except pygame.error as error:
            pygame.display.quit()
            raise DisplayError(
                f"The display cannot be used ({error}). Check that the panel is plugged in and has power."
            ) from error
        self.ui: Final = Ui(self._surface.get_size(), screen, catalogues)

    def _opened(self, screen: Screen, title: str) -> pygame.Surface:
        """What is drawn on. Raises DisplayError, pygame.error."""
        pygame.display.init()
        pygame.font.init()
        size = (screen.width_px, screen.height_px)
        if self._headless:
            return pygame.display.set_mode(size)
        driver = pygame.display.get_driver().lower()
        if driver not in REAL_DRIVERS:
            pygame.display.quit()
            raise DisplayError(
                f'There is no display to show the kiosk on (SDL offers only "{driver}"). '
                "Start it from a desktop or on the appliance's console, or with --headless."
            )
        surface = pygame.display.set_mode(size, pygame.FULLSCREEN if screen.fullscreen else 0)
        pygame.display.set_caption(title)
        pygame.mouse.set_visible(not screen.fullscreen)
        return surface

    @property
    def closed(self) -> bool:
        """The window was closed."""
        return self._closed

    def poll(self, shown: Snapshot | None, now_s: float) -> list[Intent | Key]:
        """What was touched or typed since the last call, read against the frame that was *shown*."""
        found: list[Intent | Key] = []
        for event in pygame.event.get():
            match event.type:
                case pygame.QUIT:
                    self._closed = True
                case pygame.KEYDOWN | pygame.KEYUP:
                    found.append(Key(pygame.key.name(event.key), event.type == pygame.KEYDOWN))
                case pygame.MOUSEBUTTONDOWN if event.button == 1 and shown is not None:
                    found += self._down(event.pos, shown, now_s)
                case pygame.FINGERDOWN if shown is not None:
                    width, height = self._surface.get_size()
                    found += self._down((int(event.x * width), int(event.y * height)), shown, now_s)
                case pygame.MOUSEBUTTONUP | pygame.FINGERUP:
                    self._pressed = None
        if self._pressed is not None and shown is not None and self._pressed_at_s is not None:
            intent, screen = self._pressed
            if shown.screen is not screen:
                self._pressed = None
            elif now_s - self._pressed_at_s >= HOLD_S.get(intent.kind, 0.0):
                self._pressed = None
                found.append(intent)
        return found

    def _down(self, pos: tuple[int, int], shown: Snapshot, now_s: float) -> list[Intent | Key]:
        intent = intent_at(self.ui, shown, pos)
        if intent is None:
            return []
        if intent.kind is IntentKind.TOUCH:
            return [replace(intent, value=pos[0] * 10_000 + pos[1])]
        if intent.kind is IntentKind.HOLD or (shown.screen is ScreenId.ATTRACT and intent.kind in HOLD_S):
            self._pressed, self._pressed_at_s = (intent, shown.screen), now_s
            return []
        return [intent]

    def touch(self, intent: Intent, shown: Snapshot) -> Intent | None:
        """Touch the middle of where *intent* is on the frame; None if it is nowhere, or covered."""
        for rect, found in targets(self.ui, shown):
            if found == intent:
                return intent_at(self.ui, shown, rect.center)
        return None

    def draw(self, snapshot: Snapshot) -> None:
        """Show a frame."""
        draw(self._surface, self.ui, self._with_finger(snapshot))
        if not self._headless:
            pygame.display.flip()

    def _with_finger(self, snapshot: Snapshot) -> Snapshot:
        if self._pressed is None or self._pressed_at_s is None or self._pressed[1] is not snapshot.screen:
            return snapshot
        intent = self._pressed[0]
        share = (snapshot.now_s - self._pressed_at_s) / HOLD_S.get(intent.kind, 1.0)
        return replace(snapshot, held=Held(intent, max(0.0, min(1.0, share))))

    def display(self, silent: str = "") -> Display:
        """What it is, for Diagnostics. *silent*: why nobody hears the kiosk."""
        width, height = self._surface.get_size()
        return Display(
            driver=pygame.display.get_driver(),
            renderer=os.environ.get("SDL_RENDER_DRIVER", "software"),
            width=width,
            height=height,
            too_small=self.ui.metrics().too_small,
            silent=silent,
        )

    def picture(self) -> Picture:
        """A copy of the frame that is shown."""
        return _Copy(self._surface.copy())

    def close(self) -> None:
        """Idempotent. Fonts are left alone: a font that outlives ``font.quit`` crashes pygame (screens A2)."""
        self._closed = True
        pygame.display.quit()
