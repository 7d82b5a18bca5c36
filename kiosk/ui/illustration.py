"""Pictures of what to do, drawn in code: clip, straddle, step on, toe to heel, and what may have stopped the belt.

Each is drawn in units of 1000 (wide ones up to 1600) once for each size and kept. Sky is the person, amber what to do
now, red the stop itself, steel the machine.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

from pygame import Rect

from kiosk.ui import theme
from kiosk.ui.canvas import Canvas
from kiosk.ui.pen import Pen, Point, curve, octagon, opaque
from kiosk.ui.theme import Colour

STEEL: Final[Colour] = (0x3A, 0x54, 0x7C)
STEEL_DARK: Final[Colour] = (0x1B, 0x2B, 0x45)
BELT: Final[Colour] = (0x10, 0x1A, 0x2B)
BODY: Final = theme.SKY
BODY_BACK: Final[Colour] = (0x3A, 0x82, 0xAE)
DO: Final = theme.AMBER

_LIMB: Final = 58.0


def illustrate(c: Canvas, name: str, rect: Rect, ground: Colour = theme.BACKGROUND, *, align: str = "center") -> None:
    """Place the illustration *name* as large as fits in *rect*."""
    drawing, ratio = _DRAWINGS[name]
    height = min(rect.height, round(rect.width / ratio))
    width = round(height * ratio)
    if width < 8 or height < 8:
        return
    place = Rect(0, 0, width, height)
    place.center = rect.center
    if align == "left":
        place.left = rect.left
    elif align == "right":
        place.right = rect.right
    if c.surface is None:
        c.picture_box(place, name)
        return
    picture = c.ui.sprites.get(
        ("art", name, width, height, ground), lambda: opaque(width, height, 1000 * ratio, ground, drawing)
    )
    c.picture(picture, place, name)


# ------------------------------------------------------------------------------------------------------ side view


def _deck_side(pen: Pen, *, left: float = 120, right: float = 1180, top: float = 830) -> None:
    """Deck, belt and console from the side; the console stands at the right, the open end at the left."""
    pen.box((left, top, right - left, 66), 33, STEEL_DARK)
    pen.line([(left + 30, top + 8), (right - 30, top + 8)], 14, STEEL)
    pen.box((right - 150, top - 40, 120, 60), 22, STEEL_DARK)
    pen.line([(right - 70, top), (right - 20, 330)], 26, STEEL)
    pen.line([(right - 20, 330), (right - 96, 312)], 26, STEEL)
    pen.line([(right - 40, 470), (right - 390, 500)], 24, STEEL)


def _walker_side(pen: Pen, x: float, ground_y: float) -> None:
    """A walker in profile who looks to the left and walks to the right, hand on the rail."""
    hip: Point = (x + 8, ground_y - 330)
    neck: Point = (x - 6, ground_y - 620)
    pen.line([hip, (x + 96, ground_y - 176), (x + 178, ground_y - 42), (x + 128, ground_y - 16)], _LIMB, BODY_BACK)
    pen.line([(x - 2, ground_y - 560), (x + 108, ground_y - 470), (x + 214, ground_y - 388)], 46, BODY_BACK)
    pen.line([hip, neck], 86, BODY)
    pen.line([hip, (x - 74, ground_y - 186), (x - 62, ground_y - 22), (x - 118, ground_y - 16)], _LIMB, BODY)
    pen.disc((x - 18, ground_y - 724), 78, BODY)
    pen.polygon([(x - 86, ground_y - 744), (x - 122, ground_y - 708), (x - 84, ground_y - 694)], BODY)
    pen.line([(x - 4, ground_y - 568), (x + 78, ground_y - 436), (x + 196, ground_y - 372)], 46, pen.ground)
    pen.line([(x - 4, ground_y - 568), (x + 78, ground_y - 436), (x + 196, ground_y - 372)], 40, BODY)


def _attract(pen: Pen) -> None:
    pen.line([(86, 890), (86, 400)], 20, STEEL_DARK)
    pen.line([(40, 890), (132, 890)], 20, STEEL_DARK)
    pen.frame((56, 100, 60, 300), 16, 12, DO, STEEL_DARK)
    pen.dots([(160, 196), (560, 190)], 40, 15, DO)
    _deck_side(pen, left=270, right=1420, top=824)
    cord = curve([(836, 500), (980, 620), (1150, 560), (1318, 420)])
    pen.dots(cord, 24, 11, theme.MUTED)
    _walker_side(pen, 760, 824)
    pen.box((806, 470, 46, 54), 10, theme.TEXT)
    pen.arrow((1010, 946), (700, 946), 20, BODY, head=58)


# ----------------------------------------------------------------------------------------- from behind the treadmill


def _machine_front(pen: Pen) -> None:
    """The treadmill as the screen sees it: open end near, console far, handrails at both sides."""
    pen.box((330, 150, 340, 96), 26, STEEL_DARK)
    pen.line([(500, 246), (500, 330)], 40, STEEL_DARK)
    pen.line([(352, 300), (648, 300)], 26, STEEL_DARK)
    for side in (-1, 1):
        top, low = 500 + side * 150, 500 + side * 262
        pen.line([(top, 300), (low, 452)], 30, STEEL)
        pen.line([(low, 452), (low + side * 12, 880)], 22, STEEL_DARK)
    pen.polygon([(300, 560), (700, 560), (800, 960), (200, 960)], STEEL)
    pen.polygon([(352, 560), (648, 560), (706, 960), (294, 960)], BELT)


def _belt_marks(pen: Pen, colour: Colour) -> None:
    """The belt runs toward the viewer."""
    for y, half in ((640, 26), (740, 34), (850, 44)):
        pen.line([(500 - half, y), (500, y + half * 0.7), (500 + half, y)], 13, colour)


def _walker_front(pen: Pen, left_foot: Point, right_foot: Point, *, colour: Colour = BODY) -> None:
    """A walker who faces us with both hands on the rails."""
    hip_y = 568.0
    for side, foot in ((-1, left_foot), (1, right_foot)):
        hip = (500 + side * 34, hip_y)
        knee = ((hip[0] + foot[0]) / 2 + side * 10, (hip_y + foot[1]) / 2 - 8)
        pen.line([hip, knee, foot], _LIMB, colour)
        pen.line([foot, (foot[0] + side * 6, foot[1] + 26)], _LIMB + 8, colour)
        pen.line([(500 + side * 62, 338), (500 + side * 158, 436), (500 + side * 226, 410)], 42, pen.ground)
        pen.line([(500 + side * 62, 338), (500 + side * 158, 436), (500 + side * 226, 410)], 36, colour)
        pen.disc((500 + side * 228, 408), 34, colour)
    pen.polygon([(428, 318), (572, 318), (550, hip_y + 10), (450, hip_y + 10)], colour)
    pen.line([(440, 326), (560, 326)], 52, colour)
    pen.line([(466, hip_y), (534, hip_y)], 60, colour)
    pen.disc((500, 196), 88, pen.ground)
    pen.disc((500, 196), 76, colour)
    pen.disc((474, 190), 9, pen.ground)
    pen.disc((526, 190), 9, pen.ground)


def _straddle(pen: Pen) -> None:
    _machine_front(pen)
    _walker_front(pen, (262, 812), (738, 812))
    for side in (-1, 1):
        x = 500 + side * 400
        pen.arrow((x, 640), (500 + side * 318, 772), 22, DO, head=56)


def _straddle_moving(pen: Pen) -> None:
    _machine_front(pen)
    _belt_marks(pen, DO)
    _walker_front(pen, (262, 812), (738, 812))


def _step_on(pen: Pen) -> None:
    _machine_front(pen)
    _belt_marks(pen, (0x7A, 0x68, 0x14))
    _walker_front(pen, (448, 802), (738, 812))
    pen.arrow((118, 700), (352, 820), 24, DO, head=60)


def _hold(pen: Pen) -> None:
    _machine_front(pen)
    _walker_front(pen, (262, 812), (738, 812))
    for side in (-1, 1):
        pen.ring((500 + side * 228, 408), 84, 18, DO)


def _step_off(pen: Pen) -> None:
    _machine_front(pen)
    _walker_front(pen, (262, 812), (738, 812))
    pen.arrow((800, 700), (930, 800), 22, DO, head=56)
    pen.line([(846, 880), (960, 880)], 22, STEEL)


# ------------------------------------------------------------------------------------------------------- the clip


def _socket(pen: Pen, filled: bool) -> None:
    pen.frame((640, 120, 300, 400), 52, 18, STEEL, STEEL_DARK)
    pen.frame((704, 220, 172, 200), 26, 16, theme.RED, theme.RED if filled else BELT)


def _cord(pen: Pen, start: Point, end: Point) -> None:
    pen.line(curve([start, (start[0] - 150, start[1] + 210), (end[0] + 250, end[1] - 180), end]), 20, theme.MUTED)


def _waist_clip(pen: Pen, x: float, y: float) -> None:
    """The clip itself: two jaws and a spring."""
    pen.frame((x, y, 210, 74), 20, 15, theme.TEXT, STEEL_DARK)
    pen.frame((x, y + 84, 210, 74), 20, 15, theme.TEXT, STEEL_DARK)
    pen.disc((x + 210, y + 79), 46, theme.TEXT)
    pen.disc((x + 210, y + 79), 20, STEEL_DARK)


def _clip_pull(pen: Pen) -> None:
    _socket(pen, filled=False)
    _cord(pen, (470, 380), (330, 739))
    _waist_clip(pen, 90, 660)
    pen.box((430, 256, 150, 128), 26, theme.RED)
    pen.arrow((370, 320), (110, 320), 30, DO, head=84)


def _clip_close(pen: Pen) -> None:
    _socket(pen, filled=False)
    _cord(pen, (290, 392), (330, 739))
    _waist_clip(pen, 90, 660)
    pen.box((210, 256, 150, 128), 26, theme.RED)
    pen.arrow((410, 320), (606, 320), 30, DO, head=84)


def _clip_waist(pen: Pen) -> None:
    """The walker's back: the clip sits on the back of the waistband, the cord leads to the console."""
    pen.disc((430, 150), 110, BODY)
    pen.polygon([(250, 330), (610, 330), (560, 660), (300, 660)], BODY)
    pen.line([(262, 342), (598, 342)], 110, BODY)
    pen.line([(232, 380), (180, 600)], 76, BODY)
    pen.line([(628, 380), (680, 600)], 76, BODY)
    pen.polygon([(296, 650), (564, 650), (584, 940), (450, 940), (430, 770), (410, 940), (276, 940)], BODY_BACK)
    pen.box((286, 622, 288, 62), 20, STEEL_DARK)
    pen.line(curve([(430, 700), (520, 900), (760, 860), (900, 560)]), 18, theme.MUTED)
    pen.box((860, 430, 100, 130), 24, theme.RED)
    pen.ring((430, 652), 122, 20, DO)
    pen.box((388, 596, 84, 112), 20, theme.TEXT)


def _clip_off(pen: Pen) -> None:
    _socket(pen, filled=False)
    _cord(pen, (350, 470), (330, 739))
    _waist_clip(pen, 90, 660)
    pen.box((276, 360, 150, 128), 26, theme.RED)


# --------------------------------------------------------------------------------------------- causes and helpers


def _red_button(pen: Pen) -> None:
    pen.box((170, 560, 660, 300), 60, (0xE3, 0xB9, 0x00))
    pen.box((330, 440, 340, 150), 30, STEEL_DARK)
    pen.polygon([(210, 440), (250, 300), (360, 230), (640, 230), (750, 300), (790, 440)], theme.RED)
    pen.line([(236, 438), (764, 438)], 56, theme.RED)
    pen.line([(360, 258), (640, 258)], 60, theme.RED)


def _release(pen: Pen) -> None:
    """The red button from above, with the turn that releases it."""
    pen.disc((500, 500), 330, (0xE3, 0xB9, 0x00))
    pen.disc((500, 500), 236, theme.RED)
    pen.arc((500, 500), 410, -150, -36, 34, theme.TEXT)
    pen.line([(700, 158), (832, 260), (846, 96)], 34, theme.TEXT)


def _link_lost(pen: Pen) -> None:
    for x, sides in ((210, (-46, 46)), (790, (134, 226))):
        pen.box((x - 60, 420, 120, 160), 26, STEEL)
        for radius in (110, 180):
            pen.arc((x, 500), radius, *sides, 26, BODY)
    pen.line([(440, 380), (560, 620)], 40, theme.RED)
    pen.line([(560, 380), (440, 620)], 40, theme.RED)


def _stop_sign(pen: Pen) -> None:
    pen.polygon(octagon((500, 500), 400), theme.RED)
    pen.polygon(octagon((500, 500), 356), theme.STOP_BACKGROUND)
    pen.polygon(octagon((500, 500), 330), theme.RED)
    pen.box((390, 390, 220, 220), 20, theme.TEXT)


def _staff(pen: Pen) -> None:
    pen.disc((360, 330), 112, BODY)
    pen.polygon([(170, 820), (176, 640), (240, 520), (360, 488), (480, 520), (544, 640), (550, 820)], BODY)
    pen.frame((560, 160, 340, 230), 60, 26, DO, pen.ground)
    pen.polygon([(610, 376), (700, 376), (596, 478)], DO)
    for x in (650, 730, 810):
        pen.disc((x, 275), 24, DO)


def _shoes(pen: Pen) -> None:
    _shoe(pen, (110, 560), 1.0, 0.0, BODY)
    pen.line([(140, 860), (860, 860)], 26, STEEL)


def _shoe(pen: Pen, heel: Point, scale: float, lift: float, colour: Colour) -> None:
    """A flat shoe that points to the left: toes at the left; *lift* raises the heel."""
    angle = math.radians(lift)
    toe = (heel[0], heel[1] + 240 * scale)

    def at(x: float, y: float) -> Point:
        x, y = x * scale, y * scale
        return (
            toe[0] + x * math.cos(angle) + y * math.sin(angle),
            toe[1] - x * math.sin(angle) + y * math.cos(angle),
        )

    outline = [(20, -40), (150, -150), (330, -180), (420, -330), (690, -350), (720, -60)]
    pen.closed([at(x, y) for x, y in outline], 50 * scale, colour, colour)
    pen.line([at(0, 0), at(720, 0)], 46 * scale, theme.TEXT)


def _toe_heel(pen: Pen) -> None:
    """Three moments of one step: toes down, roll, heel down (1600 x 1000)."""
    for index, lift in enumerate((34.0, 17.0, 0.0)):
        _shoe(pen, (70 + index * 520, 660), 0.52, lift, BODY if index == 2 else BODY_BACK)
    pen.line([(60, 824), (1540, 824)], 22, STEEL)
    pen.arrow((470, 420), (620, 420), 20, DO, head=54)
    pen.arrow((990, 420), (1140, 420), 20, DO, head=54)


def _area(pen: Pen) -> None:
    """From above: two metres by one behind the treadmill are clear."""
    pen.box((60, 330, 470, 340), 40, STEEL)
    pen.box((90, 396, 400, 208), 16, BELT)
    pen.box((40, 380, 90, 240), 30, STEEL_DARK)
    for start, end in (
        ((560, 340), (940, 340)),
        ((940, 340), (940, 660)),
        ((940, 660), (560, 660)),
        ((560, 660), (560, 340)),
    ):
        pen.dots([start, end], 42, 18, DO)
    pen.line([(670, 510), (730, 570), (840, 440)], 36, BODY)


def _button_rail(pen: Pen) -> None:
    """The amber button on a side rail."""
    pen.line([(80, 640), (920, 640)], 60, STEEL)
    pen.box((390, 480, 220, 150), 34, STEEL_DARK)
    pen.box((430, 410, 140, 90), 36, DO)
    pen.arrow((500, 120), (500, 350), 30, theme.TEXT, head=80)


def _machine_key(pen: Pen) -> None:
    """The treadmill itself has to be looked at: console with its own key."""
    pen.frame((220, 170, 560, 420), 60, 22, STEEL, STEEL_DARK)
    pen.box((300, 250, 400, 130), 20, BELT)
    pen.box((440, 440, 120, 100), 20, theme.RED)
    pen.line([(360, 610), (320, 880)], 34, STEEL)
    pen.line([(640, 610), (680, 880)], 34, STEEL)


def _closed_machine(pen: Pen) -> None:
    """A treadmill that is not to be used."""
    _machine_front(pen)
    pen.disc((500, 520), 250, pen.ground)
    pen.polygon(octagon((500, 520), 208), theme.RED)
    pen.box((372, 488, 256, 64), 12, pen.ground)


def _other_walker(pen: Pen) -> None:
    _deck_side(pen, left=120, right=1180, top=824)
    _walker_side(pen, 600, 824)


_DRAWINGS: Final[dict[str, tuple[Callable[[Pen], None], float]]] = {
    "attract": (_attract, 1.5),
    "in_use": (_other_walker, 1.3),
    "closed": (_closed_machine, 1.0),
    "straddle": (_straddle, 1.0),
    "straddle_moving": (_straddle_moving, 1.0),
    "step_on": (_step_on, 1.0),
    "hold": (_hold, 1.0),
    "step_off": (_step_off, 1.0),
    "toe_heel": (_toe_heel, 1.6),
    "clip_pull": (_clip_pull, 1.0),
    "clip_close": (_clip_close, 1.0),
    "clip_waist": (_clip_waist, 1.0),
    "clip_off": (_clip_off, 1.0),
    "red_button": (_red_button, 1.0),
    "release": (_release, 1.0),
    "link_lost": (_link_lost, 1.0),
    "stop_sign": (_stop_sign, 1.0),
    "staff": (_staff, 1.0),
    "shoes": (_shoes, 1.0),
    "area": (_area, 1.0),
    "amber_button": (_button_rail, 1.0),
    "machine": (_machine_key, 1.0),
}

NAMES: Final = tuple(_DRAWINGS)
"""Every illustration there is."""
