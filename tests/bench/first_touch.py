"""From the first touch to a moving belt, step by step, with a person's pauses: at most three minutes.

``python -m tests.bench.first_touch [--quick] [--json]``

The real session, guard, belt process and FTMS bytes, composed on the virtual clock; the autopilot looks at every
screen for as long as a person needs to read it, touches where the button is, pulls the clip. Pauses are scaled for
slower people; the machine's own times (link, proof, countdown, start) stay what they are.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("SDL_VIDEODRIVER", "dummy")

import pygame

from hardware.config import Screen
from kiosk import autopilot as pilot
from kiosk.autopilot import Autopilot
from kiosk.intents import ScreenId
from kiosk.ui.canvas import Ui
from tests.bench import common
from tests.support.desk import CONTENT, SCREENING
from tests.support.kiosked import ButtonStage, KioskHouse

LIMIT_S = 180.0
PEOPLE = {"quick": 0.7, "usual": 1.0, "slow": 2.0}


def walk_up(pace: float, *, amber: bool, size: tuple[int, int]) -> dict:
    """One person, from the first touch to the belt's first measured motion."""
    panel = Screen(width_px=size[0], height_px=size[1])
    look_s, pull_s, step_s = pilot.LOOK_S, pilot.PULL_S, pilot.STEP_ON_S
    # The autopilot's pauses are module constants of one person; here people differ.
    pilot.LOOK_S, pilot.PULL_S, pilot.STEP_ON_S = 3.0 * pace, 2.0 * pace, 8.0 * pace
    try:
        with tempfile.TemporaryDirectory() as name:
            player = Autopilot(SCREENING)
            stage = ButtonStage(Ui(size, panel, CONTENT.texts))
            with KioskHouse(Path(name), autopilot=player, stage=stage, amber=amber) as house:
                return _measure(house, player)
    finally:
        pilot.LOOK_S, pilot.PULL_S, pilot.STEP_ON_S = look_s, pull_s, step_s


def _measure(house: KioskHouse, player: Autopilot) -> dict:
    house.until(lambda: house.screen is not ScreenId.ATTRACT, 60)
    began_s = house.now_s
    steps: dict[str, float] = {}
    touches = 0
    last, page = house.screen, 0
    while house.speed <= 0 and house.now_s - began_s < 600:
        house.quantum()
        steps[house.screen.value] = steps.get(house.screen.value, 0.0) + 0.02
        if player.trouble:
            raise AssertionError(player.trouble)
        shown = house.shown
        if (house.screen, shown.question_n) != (last, page):
            touches += 1
            last, page = house.screen, shown.question_n
    return {
        "seconds": round(house.now_s - began_s, 1),
        "steps": {name: round(seconds, 1) for name, seconds in steps.items()},
        "screens": touches,
    }


def run(options: argparse.Namespace) -> dict:
    pygame.font.init()
    people = {"usual": PEOPLE["usual"]} if options.quick else PEOPLE
    found = {name: walk_up(pace, amber=False, size=(1280, 720)) for name, pace in people.items()}
    if not options.quick:
        found["usual, amber button"] = walk_up(1.0, amber=True, size=(1280, 720))
    return {"ours": found, "limit_s": LIMIT_S, "within": found["usual"]["seconds"] <= LIMIT_S}


def show(result: dict) -> None:
    for name, told in result["ours"].items():
        print(f"{name}: {told['seconds']} s from the first touch to the moving belt, {told['screens']} pages")
        common.table(["screen", "seconds"], [[step, seconds] for step, seconds in told["steps"].items()])
        print()
    print(f"limit {result['limit_s']:.0f} s: {'kept' if result['within'] else 'NOT KEPT'}")


if __name__ == "__main__":
    sys.exit(common.main("First touch to moving belt", run, show))
