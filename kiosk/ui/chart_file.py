"""A chart as a PNG file, for commands: no window is opened."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pygame
from pygame import Rect

from hardware.config import Screen
from hardware.units import SpeedUnit
from kiosk.assets import assets_directory
from kiosk.intents import ScreenId
from kiosk.locale import REFERENCE_LANGUAGE, load_catalogues
from kiosk.snapshot import Snapshot, Step
from kiosk.ui import charts, theme
from kiosk.ui.canvas import Canvas, Ui

SIZE: Final = (1280, 720)
MARGIN: Final = 48


def _blank(units: SpeedUnit, language: str) -> Snapshot:
    return Snapshot(
        now_s=0.0,
        screen=ScreenId.SUMMARY,
        screen_s=0.0,
        left_s=None,
        warn=False,
        gym_name="",
        treadmill_label="",
        units=units,
        language=language,
        languages=(language,),
        volume=1,
        simulated=False,
        legend=(),
        banner="",
        status=None,
        belt_free=True,
        measured_ckmh=None,
        member_name="",
    )


def write_speed_chart(
    path: Path,
    speeds: tuple[tuple[float, int], ...],
    units: SpeedUnit,
    *,
    plan: tuple[Step, ...] = (),
    language: str = REFERENCE_LANGUAGE,
) -> None:
    """Measured speed (seconds, 0.01 km/h) over the plan, drawn to *path*. Raises OSError if it cannot be written."""
    pygame.font.init()
    ui = Ui(SIZE, Screen(width_px=SIZE[0], height_px=SIZE[1]), load_catalogues(assets_directory() / "locale"))
    surface = pygame.Surface(SIZE)
    canvas = Canvas(ui, _blank(units, language), surface)
    canvas.clear(theme.CARD)
    inner = Rect(MARGIN, MARGIN, SIZE[0] - 2 * MARGIN, SIZE[1] - 2 * MARGIN)
    charts.speed_chart(canvas, inner, speeds, plan, units)
    try:
        pygame.image.save(surface, str(path))
    except pygame.error as error:
        raise OSError(f"{path} cannot be written: {error}") from error
