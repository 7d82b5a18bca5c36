"""Pictures of what to do, drawn in code: clip, straddle, step on, toe to heel, and what may have stopped the belt.

Each is drawn in units of 1000 (wide ones up to 2560) once for each size and kept. Sky is the person, amber what to do
now, red the stop itself, steel the machine.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

from pygame import Rect

from kiosk.ui import theme
from kiosk.ui.canvas import Canvas
from kiosk.ui.pen import Pen, Point, arc_points, curve, octagon, opaque
from kiosk.ui.theme import Colour

STEEL: Final[Colour] = (0x3A, 0x54, 0x7C)
STEEL_DARK: Final[Colour] = (0x1B, 0x2B, 0x45)
BELT: Final[Colour] = (0x10, 0x1A, 0x2B)
BODY: Final = theme.SKY
BODY_BACK: Final[Colour] = (0x3A, 0x82, 0xAE)
DO: Final = theme.AMBER
YELLOW: Final[Colour] = (0xE3, 0xB9, 0x00)
"""The base of a red button (ISO 20957-6, 6.5.3: red on yellow)."""

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
        ("art", name, width, height, ground),
        lambda: opaque(width, height, 1000 * ratio, ground, drawing),
        keep=True,
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


def _drift(pen: Pen, x: float, tip: float) -> None:
    """From the side, the screen at the left: the walker too near one end, and the way back."""
    pen.frame((30, 150, 52, 260), 14, 12, DO, STEEL_DARK)
    _deck_side(pen, left=150, right=1270, top=824)
    _walker_side(pen, x, 824)
    pen.arrow((x, 928), (tip, 928), 40, DO, head=96)


def _drift_open_end(pen: Pen) -> None:
    _drift(pen, 300, 660)


def _drift_motor_end(pen: Pen) -> None:
    _drift(pen, 960, 600)


# ----------------------------------------------------------------------------------------- from behind the treadmill

_RAIL_FOOT: Final[Point] = (318, 838)
"""Where the left foot stands on its side rail; the right one mirrors it."""


def _mirror(point: Point) -> Point:
    return 1000 - point[0], point[1]


def _machine_front(pen: Pen) -> None:
    """The treadmill as the screen sees it: open end near, console far, handrails at both sides."""
    pen.box((356, 206, 288, 120), 30, STEEL_DARK)
    for side in (-1, 1):
        pen.line([(500 + side * 132, 330), (500 + side * 236, 486)], 32, STEEL)
        pen.line([(500 + side * 236, 486), (500 + side * 244, 800)], 24, STEEL_DARK)
    pen.polygon([(352, 600), (648, 600), (752, 970), (248, 970)], STEEL)
    pen.polygon([(408, 600), (592, 600), (632, 970), (368, 970)], BELT)


def _belt_marks(pen: Pen, colour: Colour) -> None:
    """The belt runs toward the viewer."""
    for y, half in ((690, 30), (790, 38), (900, 46)):
        pen.line([(500 - half, y), (500, y + half * 0.7), (500 + half, y)], 16, colour)


def _walker_front(pen: Pen, left_foot: Point, right_foot: Point) -> None:
    """A walker who faces us with both hands on the rails."""
    hip_y = 560.0
    for side, foot in ((-1, left_foot), (1, right_foot)):
        hip = (500 + side * 46, hip_y)
        pen.line([hip, foot], 92, pen.ground)
        pen.line([hip, foot], 76, BODY)
        toe = (foot[0] + side * 4, foot[1] + 34)
        pen.line([foot, toe], 84, BODY)
        pen.line([(toe[0] - 26, toe[1] + 28), (toe[0] + 26, toe[1] + 28)], 26, theme.TEXT)
        elbow = (500 + side * 176, 452)
        hand = (500 + side * 232, 476)
        pen.line([(500 + side * 88, 318), elbow, hand], 54, BODY)
        pen.disc(hand, 42, theme.TEXT)
    pen.polygon([(392, 300), (608, 300), (584, hip_y), (416, hip_y)], BODY)
    pen.line([(420, 306), (580, 306)], 72, BODY)
    pen.line([(454, hip_y), (546, hip_y)], 76, BODY)
    pen.disc((500, 148), 104, pen.ground)
    pen.disc((500, 148), 90, BODY)
    pen.disc((470, 142), 11, pen.ground)
    pen.disc((530, 142), 11, pen.ground)


def _both_on_rails(pen: Pen) -> None:
    _walker_front(pen, _RAIL_FOOT, _mirror(_RAIL_FOOT))


def _straddle(pen: Pen) -> None:
    _machine_front(pen)
    _both_on_rails(pen)
    for tip in ((236, 826), (764, 826)):
        side = -1 if tip[0] < 500 else 1
        pen.arrow((tip[0] + side * 122, tip[1] - 108), tip, 28, DO, head=70)


def _straddle_moving(pen: Pen) -> None:
    _machine_front(pen)
    _belt_marks(pen, DO)
    _both_on_rails(pen)


def _step_on(pen: Pen) -> None:
    _machine_front(pen)
    _belt_marks(pen, (0x7A, 0x68, 0x14))
    _walker_front(pen, (476, 826), _mirror(_RAIL_FOOT))
    pen.arrow((150, 706), (376, 846), 30, DO, head=76)


def _hold(pen: Pen) -> None:
    _machine_front(pen)
    _both_on_rails(pen)
    for side in (-1, 1):
        pen.ring((500 + side * 232, 476), 92, 22, DO)


def _step_off(pen: Pen) -> None:
    _machine_front(pen)
    _walker_front(pen, _RAIL_FOOT, (828, 884))
    pen.line([(740, 962), (960, 962)], 24, STEEL)
    pen.arrow((756, 660), (890, 744), 28, DO, head=70)


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
    pen.box((150, 600, 700, 270), 70, YELLOW)
    pen.box((350, 470, 300, 160), 30, STEEL_DARK)
    dome = [(500 + 1.36 * (x - 500), y) for x, y in arc_points((500, 440), 230, 180, 360)]
    pen.polygon(dome, theme.RED)
    pen.line([(206, 452), (794, 452)], 76, theme.RED)


def _release(pen: Pen) -> None:
    """The red button from above, with the turn that releases it."""
    pen.disc((500, 540), 330, YELLOW)
    pen.disc((500, 540), 236, theme.RED)
    turn = arc_points((500, 540), 420, -150, -40)
    pen.line(turn, 36, theme.TEXT)
    tip = turn[-1]
    pen.polygon([(tip[0] - 92, tip[1] + 26), (tip[0] + 84, tip[1] - 74), (tip[0] + 74, tip[1] + 116)], theme.TEXT)


def _link_lost(pen: Pen) -> None:
    for x, sides in ((110, (-44, 44)), (890, (136, 224))):
        pen.box((x - 76, 380, 152, 240), 36, STEEL)
        for radius in (150, 240):
            pen.arc((x, 500), radius, *sides, 38, BODY)
    pen.line([(426, 370), (574, 630)], 56, theme.RED)
    pen.line([(574, 370), (426, 630)], 56, theme.RED)


def _link_wait(pen: Pen) -> None:
    for x, sides in ((140, (-44, 44)), (860, (136, 224))):
        pen.box((x - 76, 380, 152, 240), 36, STEEL)
        for radius in (150, 240):
            pen.arc((x, 500), radius, *sides, 38, BODY)
    for x in (438, 500, 562):
        pen.disc((x, 500), 17, DO)


def _stop_sign(pen: Pen) -> None:
    pen.polygon(octagon((500, 500), 400), theme.RED)
    pen.polygon(octagon((500, 500), 356), theme.STOP_BACKGROUND)
    pen.polygon(octagon((500, 500), 330), theme.RED)
    pen.box((390, 390, 220, 220), 20, theme.TEXT)


def _staff(pen: Pen) -> None:
    pen.disc((350, 340), 128, BODY)
    pen.box((130, 510, 440, 400), 200, BODY)
    pen.box((130, 720, 440, 190), 24, BODY)
    pen.box((418, 690, 84, 56), 12, pen.ground)
    pen.frame((540, 120, 380, 270), 70, 28, DO, pen.ground)
    pen.polygon([(590, 374), (700, 374), (576, 490)], DO)
    for x in (642, 730, 818):
        pen.disc((x, 254), 27, DO)


def _shoes(pen: Pen) -> None:
    _shoe(pen, (110, 560), 1.0, 0.0, BODY)
    pen.line([(140, 860), (860, 860)], 26, STEEL)


def _shoe(pen: Pen, heel: Point, scale: float, lift: float, colour: Colour, sole: Colour = theme.TEXT) -> None:
    """A flat shoe that points to the left: toes at the left; *lift* raises the heel."""
    angle = math.radians(lift)
    toe = (heel[0], heel[1] + 240 * scale)

    def at(x: float, y: float) -> Point:
        x, y = x * scale, y * scale
        return (
            toe[0] + x * math.cos(angle) + y * math.sin(angle),
            toe[1] - x * math.sin(angle) + y * math.cos(angle),
        )

    outline = [(40, -36), (80, -104), (190, -150), (330, -196), (410, -322), (690, -330), (704, -36)]
    pen.closed([at(x, y) for x, y in outline], 62 * scale, colour, colour)
    pen.line([at(250, -170), at(320, -96)], 20 * scale, pen.ground)
    pen.line([at(330, -216), at(408, -140)], 20 * scale, pen.ground)
    pen.line([at(0, 0), at(716, 0)], 50 * scale, sole)


def _toe_heel(pen: Pen) -> None:
    """Three moments of one step: toes down, roll, heel down (2560 x 1000)."""
    _steps(pen, BODY_BACK, BODY, theme.TEXT, DO)


def _toe_heel_rest(pen: Pen) -> None:
    """The same without a call for attention: what stands on the walk screen while no cue does."""
    _steps(pen, STEEL, STEEL, theme.IDLE, theme.IDLE)


def _steps(pen: Pen, early: Colour, late: Colour, sole: Colour, arrow: Colour) -> None:
    for index, lift in enumerate((34.0, 17.0, 0.0)):
        _shoe(pen, (120 + index * 830, 640), 0.83, lift, late if index == 2 else early, sole)
    pen.line([(100, 902), (2460, 902)], 34, STEEL)
    for x in (752, 1584):
        pen.arrow((x, 250), (x + 240, 250), 32, arrow, head=86)


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


def _machine(pen: Pen) -> None:
    """The treadmill itself has to be looked at: its console and its own key."""
    pen.frame((220, 170, 560, 420), 60, 22, STEEL, STEEL_DARK)
    pen.box((300, 250, 400, 130), 20, BELT)
    pen.box((440, 440, 120, 100), 20, theme.RED)
    pen.line([(360, 610), (320, 880)], 34, STEEL)
    pen.line([(640, 610), (680, 880)], 34, STEEL)


def _key_in(pen: Pen) -> None:
    """The treadmill's own key goes back into its console."""
    pen.frame((180, 90, 640, 440), 60, 22, STEEL, STEEL_DARK)
    pen.box((260, 160, 480, 130), 20, BELT)
    pen.frame((420, 352, 160, 110), 26, 14, theme.RED, BELT)
    pen.box((420, 770, 160, 110), 30, theme.RED)
    pen.arrow((500, 730), (500, 530), 30, DO, head=84)


def _flat(pen: Pen) -> None:
    """The deck lowers itself until it is flat."""
    pen.line([(120, 760), (880, 560)], 40, STEEL_DARK)
    pen.line([(120, 780), (880, 780)], 52, STEEL)
    pen.line([(150, 762), (850, 762)], 12, BODY)
    pen.line([(800, 780), (850, 330), (760, 312)], 28, STEEL)
    pen.arrow((680, 470), (680, 690), 30, DO, head=84)


def _closed_machine(pen: Pen) -> None:
    """A treadmill that is not to be used (1300 x 1000)."""
    _deck_side(pen, left=120, right=1180, top=824)
    pen.disc((560, 430), 292, pen.ground)
    pen.polygon(octagon((560, 430), 240), theme.RED)
    pen.box((420, 392, 280, 76), 14, theme.TEXT)


def _other_walker(pen: Pen) -> None:
    _deck_side(pen, left=120, right=1180, top=824)
    _walker_side(pen, 600, 824)


_DRAWINGS: Final[dict[str, tuple[Callable[[Pen], None], float]]] = {
    "attract": (_attract, 1.5),
    "in_use": (_other_walker, 1.3),
    "closed": (_closed_machine, 1.3),
    "drift_open_end": (_drift_open_end, 1.3),
    "drift_motor_end": (_drift_motor_end, 1.3),
    "straddle": (_straddle, 1.0),
    "straddle_moving": (_straddle_moving, 1.0),
    "step_on": (_step_on, 1.0),
    "hold": (_hold, 1.0),
    "step_off": (_step_off, 1.0),
    "toe_heel": (_toe_heel, 2.56),
    "clip_pull": (_clip_pull, 1.0),
    "clip_close": (_clip_close, 1.0),
    "clip_waist": (_clip_waist, 1.0),
    "clip_off": (_clip_off, 1.0),
    "red_button": (_red_button, 1.0),
    "release": (_release, 1.0),
    "link_lost": (_link_lost, 1.0),
    "link_wait": (_link_wait, 1.0),
    "stop_sign": (_stop_sign, 1.0),
    "staff": (_staff, 1.0),
    "shoes": (_shoes, 1.0),
    "area": (_area, 1.0),
    "amber_button": (_button_rail, 1.0),
    "machine": (_machine, 1.0),
    "machine_key": (_key_in, 1.0),
    "flat": (_flat, 1.0),
    "toe_heel_rest": (_toe_heel_rest, 2.56),
}

NAMES: Final = tuple(_DRAWINGS)
"""Every illustration there is."""
