import pytest

from kiosk.assets import assets_directory
from kiosk.coach.screening import FormKind, Result, ScreeningError, answer, back, begin, decided, parse_screening

TEXT = (assets_directory() / "screening.toml").read_text()
SCREENING = parse_screening(TEXT)
HEALTHY = {"walk_10": True, "pain_now": 0}


def fill(kind, **odd):
    """Answer as a healthy adult would, except for *odd*; gives the outcome and the questions asked."""
    form, asked = begin(SCREENING, kind), []
    while form.question is not None and decided(form, SCREENING) is None:
        asked.append(form.question)
        form = answer(form, SCREENING, odd.get(form.question, HEALTHY.get(form.question, False)))
    return decided(form, SCREENING), asked


@pytest.mark.parametrize("kind", FormKind)
def test_a_healthy_adult_is_clear_in_every_form(kind):
    outcome, _ = fill(kind)
    assert (outcome.result, outcome.pain, outcome.flags, outcome.reasons) == (Result.CLEAR, 0, frozenset(), ())


# Coaching section 4, row by row.
ROWS = [
    ("full", {"under_18": True, "under_16": True}, "forbid"),
    ("full", {"under_18": True, "under_16": False}, "gate"),
    ("full", {"chest": True}, "forbid"),
    ("full", {"disease": True, "active_and_well": False}, "forbid"),
    ("full", {"disease": True, "active_and_well": True}, "gate"),
    ("full", {"balance": True, "balance_once": False}, "forbid"),
    ("full", {"balance": True, "balance_once": True}, "gate"),
    ("full", {"fall": True, "cane": True}, "forbid"),
    ("full", {"fall": True, "cane": False}, "gate"),
    ("full", {"nerves": True}, "forbid"),
    ("full", {"calf": True}, "forbid"),
    ("full", {"surgery": True}, "forbid"),
    ("full", {"knee": True}, "gate"),
    ("full", {"pain_now": 3}, "clear"),
    ("full", {"pain_now": 4}, "limit"),
    ("full", {"pain_now": 5}, "limit"),
    ("full", {"pain_now": 6}, "not_today"),
    ("full", {"pregnant": True, "pregnant_late": False}, "gate"),
    ("full", {"pregnant": True, "pregnant_late": True}, "forbid"),
    ("full", {"age_65": True}, "gate"),
    ("full", {"medicine": True}, "gate"),
    ("full", {"walk_10": False}, "gate"),
    ("again", {"unwell": True}, "not_today"),
    ("again", {"drinks": True}, "not_today"),
    ("short", {"group_legs": True, "calf": True}, "forbid"),
    ("short", {"group_walk": True, "walk_10": False}, "gate"),
]


@pytest.mark.parametrize(("kind", "odd", "result"), ROWS)
def test_an_answer_comes_to_what_the_design_says(kind, odd, result):
    outcome, asked = fill(FormKind(kind), **odd)
    assert outcome.result == result
    assert set(odd) <= set(asked)


def test_a_fall_lowers_the_cap_and_only_a_gate_can_be_overridden():
    fall, _ = fill(FormKind.FULL, fall=True, cane=False)
    assert (str(fall.limit_mph), fall.overridable) == ("1.0", True)
    calf, _ = fill(FormKind.FULL, calf=True)
    assert not calf.overridable
    sick, _ = fill(FormKind.AGAIN, unwell=True)
    assert not sick.overridable


def test_nothing_more_is_asked_once_it_is_settled():
    _, asked = fill(FormKind.FULL, chest=True)
    assert asked[-1] == "chest"


def test_a_group_that_is_answered_no_asks_for_no_details():
    _, asked = fill(FormKind.SHORT)
    assert asked == [
        "group_heart",
        "group_balance",
        "group_legs",
        "group_age",
        "group_walk",
        "unwell",
        "drinks",
        "pain_now",
    ]


def test_the_morning_after_is_asked_only_where_there_was_a_last_time():
    assert "worse_after" not in begin(SCREENING, FormKind.AGAIN).queue
    form = begin(SCREENING, FormKind.AGAIN, first_visit=False)
    assert form.queue[0] == "worse_after"
    for given in (True, False, False, 1):
        form = answer(form, SCREENING, given)
    outcome = decided(form, SCREENING)
    assert outcome is not None
    assert outcome.flags == {"worse_next_morning"}
    assert outcome.result is Result.CLEAR


def test_back_takes_an_answer_away_with_the_questions_it_raised():
    form = begin(SCREENING, FormKind.SHORT)
    assert back(form) is None
    there = answer(form, SCREENING, True)
    assert (there.question, there.page, there.pages) == ("chest", 2, 10)
    again = back(there)
    assert again == form
    assert answer(again, SCREENING, False).question == "group_balance"


def test_an_answer_of_the_wrong_kind_changes_nothing():
    form = begin(SCREENING, FormKind.SHORT)
    assert answer(form, SCREENING, 3) == form
    while form.question != "pain_now":
        form = answer(form, SCREENING, False)
    assert answer(form, SCREENING, True) == form
    assert answer(form, SCREENING, 11) == form


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('id = "under_16"', 'id = "under_18"', "two questions"),
        ('ask = ["under_16"]', 'ask = ["under_15"]', "no question"),
        ('ask = ["under_16"]', 'ask = ["under_18"]', "asks itself"),
        ("{ up_to = 10,", "{ up_to = 9,", "end at 10"),
        ('outcome = "forbid"', 'outcome = "forbidden"', "Invalid enum"),
        ("[validity]", "[valid]", "unknown field"),
        ("[validity]", "[validity", "not valid TOML"),
    ],
)
def test_a_file_of_questions_that_cannot_be_used_says_why(old, new, said):
    with pytest.raises(ScreeningError, match=said):
        parse_screening(TEXT.replace(old, new, 1))
