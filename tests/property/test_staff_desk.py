"""Whatever staff touch, and in whatever order: the desk answers, stays on its map, and never lets a digit out."""

import random

import pytest

from kiosk.intents import DESK_SCREENS, Intent, IntentKind
from kiosk.staff import pin
from kiosk.staff.desk import machine
from kiosk.store.repositories import members
from tests.support.at_desk import NOW_MS, PINS, Staffed, furnish
from tests.support.desk import CONTENT

K = IntentKind
LIKELY = (K.OPEN, K.CHOOSE, K.STEP, K.HOLD, K.CONFIRM, K.SUBMIT, K.BACK, K.LETTER, K.NEXT)
TOUCHES = 120


@pytest.fixture(scope="module")
def furnished(tmp_path_factory):
    return furnish(tmp_path_factory.mktemp("furnished"))


def a_touch(desk, dice):
    """More often than not what the page asks for."""
    sensible = dice.random() < 0.8
    match desk.screen:
        case "staff_pad" if sensible:
            return Intent(K.DIGIT, dice.randrange(10)) if desk.view.digits < 6 else Intent(K.SUBMIT)
        case "staff_confirm" if sensible:
            return Intent(K.HOLD)
        case "staff_note" if sensible:
            return Intent(K.DONE)
    kind = dice.choice(LIKELY if sensible else tuple(K))
    return Intent(kind, dice.choice((-1, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 40)))


@pytest.mark.parametrize("seed", [1, 2])
def test_any_touches_in_any_order_are_answered_on_the_map(tmp_path, furnished, seed):
    dice = random.Random(seed)
    desk = Staffed(tmp_path / "record", dice.choice(list(PINS)), furnished=furnished)
    for number in range(3):
        code = f"{417926 + number}"
        desk.write(lambda c, code=code: members.add(c, desk.store.ids.new(NOW_MS), desk.at, code=code))
    try:
        for _ in range(TOUCHES):
            intent = a_touch(desk, dice)
            desk.touch(intent.kind, intent.value)
            if desk.desk.over:
                desk.desk = machine.signed_in(desk.read(lambda c: pin.by_name(c, "Olga")), desk.now_s)
            assert desk.view is not None
            assert desk.desk.screen in DESK_SCREENS
            assert desk.desk.astray == ()
        assert CONTENT.texts["en"].missed == set()
    finally:
        desk.close()
