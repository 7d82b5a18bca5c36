"""The shipped programs keep every rule, and for every rule there is a bad file that it refuses."""

from decimal import Decimal
from pathlib import Path

import pytest

from kiosk.assets import assets_directory
from kiosk.coach.plan import Choice, StepKind, choices, clipped, expand, steady, without_rises
from kiosk.coach.programs import ProgramError, parse_program
from kiosk.coach.verify import RULES, verify
from kiosk.content import ContentError, load_content, read_books, read_programs, read_rules

ASSETS = assets_directory()
CORE = read_rules(ASSETS)
CUES = set(read_books(ASSETS)["en"])
PROGRAMS = read_programs([ASSETS / "programs"])


def test_there_are_twelve_programs_and_seventy_two_cues():
    assert list(PROGRAMS) == [f"P{n}" for n in range(1, 13)]
    assert len(CUES) == 72


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=str)
def test_every_variant_and_level_keeps_every_rule(program):
    report = verify(program, CORE, CUES)
    assert report.violations == ()
    assert report.plans == sum(1 for _ in choices(program))


def test_first_steps_lasts_as_long_as_its_source_says():
    plans = {v.id: expand(PROGRAMS["P1"], Choice(v.id), CORE) for v in PROGRAMS["P1"].variants}
    assert {id_: plan.walk_s for id_, plan in plans.items()} == {"1": 280, "2": 280, "3-4": 300}
    assert [(s.start_s, s.speed_ckmh, s.kind) for s in plans["1"].steps] == [
        (0, 80, StepKind.HOLD),
        (120, 113, StepKind.NEW),
        (240, 80, StepKind.HOLD),
    ]


def test_a_ramp_goes_up_in_15_s_steps_and_down_in_8_s_steps():
    plan = expand(PROGRAMS["P2"], Choice("main", Decimal("1.2"), main_s=300), CORE)
    ramps = [(step.mph, step.seconds) for step in plan.steps if step.kind is StepKind.RAMP]
    up = [(Decimal(m), 15.0) for m in ("0.7", "0.9", "1.1", "1.2")]
    down = [(Decimal(m), 8.0) for m in ("1.0", "0.8", "0.6", "0.5")]
    assert ramps == up + down


def test_at_one_pace_time_and_phases_stay_and_nothing_is_new():
    plan = expand(PROGRAMS["P3"], Choice("step", Decimal("1.2"), new_mph=Decimal("1.3")), CORE)
    even = steady(plan, base_ckmh=80, cap_ckmh=563)
    assert even is not None
    assert (even.seconds, even.phases) == (plan.seconds, plan.phases)
    assert {step.speed_ckmh for step in even.steps} == {193}  # 1.2 mph is known, 1.3 is not
    assert even.new_step is None
    assert even.choice.follow


@pytest.mark.parametrize(("cap", "base", "pace"), [(150, 80, 150), (563, 220, 220), (563, 80, 193)])
def test_the_one_pace_is_what_the_member_knows_under_the_caps_and_at_least_the_belts_slowest(cap, base, pace):
    plan = expand(PROGRAMS["P2"], Choice("main", Decimal("1.2"), main_s=180), CORE)
    even = steady(plan, base_ckmh=base, cap_ckmh=cap)
    assert even is not None
    assert even.top_ckmh == pace


def test_a_hill_or_a_rest_is_nothing_at_one_pace():
    hill = expand(PROGRAMS["P4"], Choice("hill", Decimal("1.2"), hill=2), CORE)
    sets = expand(PROGRAMS["P8"], Choice("sets", Decimal("1.0"), main_s=120, sets=3), CORE)
    assert [steady(plan, base_ckmh=80, cap_ckmh=563) for plan in (hill, sets)] == [None, None]


def test_nobody_rests_after_the_last_set():
    plan = expand(PROGRAMS["P8"], Choice("sets", Decimal("1.0"), main_s=120, sets=3), CORE)
    assert [step.kind for step in plan.steps].count(StepKind.REST) == 2
    assert plan.steps[-1].mph == Decimal("0.5")


def test_a_cap_clips_every_step_and_the_machines_minimum_lifts_the_lowest():
    plan = expand(PROGRAMS["P2"], Choice("main", Decimal("2.0"), main_s=300), CORE)
    clip = clipped(plan, cap_ckmh=200, base_ckmh=100, max_dpct=0)
    assert {step.speed_ckmh for step in clip.steps} == {100, 113, 145, 177, 200, 193, 161, 129}
    assert clip.phases == plan.phases
    assert clip.seconds == plan.seconds


def test_a_new_speed_that_a_cap_takes_away_is_not_new_any_more():
    plan = expand(PROGRAMS["P1"], Choice("3-4"), CORE)
    assert plan.new_step is not None
    assert clipped(plan, cap_ckmh=145, base_ckmh=80, max_dpct=0).new_step is None


def test_without_a_yes_the_known_speed_takes_the_place_of_the_new_one():
    plan = without_rises(expand(PROGRAMS["P1"], Choice("2"), CORE))
    assert plan.top_ckmh == 113
    assert plan.new_step is None
    hill = without_rises(expand(PROGRAMS["P4"], Choice("hill", Decimal("1.2"), hill=3), CORE))
    assert hill.top_dpct == 20


GOOD = """\
id = "X1"
title = "Example"
who = "anybody"
need = "nothing"

[sources]
start = "S3"

[cap]
mph = 1.0
incline = 0
walk_s = 400

[[variant]]
id = "1"
mastered_mph = 0.7
phases = [
  { name = "settle", s = 60, mph = 0.5, cues = "T9" },
  { name = "known", s = 60, mph = 0.7, cues = "T1" },
  { name = "new", s = 120, mph = 0.9, new = true },
  { name = "known", s = 20, mph = 0.7 },
  { name = "ease", s = 30, mph = 0.5, cues = "F1" },
]
"""
HILL = GOOD.replace("incline = 0", "incline = 5").replace(
    "[[variant]]", "[needs]\nclean_sessions = 8\ncomfort_mph = 1.2\n\n[[variant]]"
)


def bad(old, new, text=GOOD):
    assert old in text
    return text.replace(old, new)


BROKEN = {
    "source": bad('start = "S3"', ""),
    "first": bad("s = 60, mph = 0.5", "s = 60, mph = 0.6"),
    "step": bad("mph = 0.9, new", "mph = 1.0, new"),
    "one": bad("mph = 0.9, new", "mph = 0.9, incline = 1, new", HILL),
    "new": bad("s = 120, mph = 0.9", "s = 119, mph = 0.9"),
    "ramp": bad('{ name = "known", s = 60, mph = 0.7, cues = "T1" }', "{ ramp = 0.9 }"),
    "hill-step": bad('name = "known", s = 60, mph = 0.7', 'name = "known", s = 60, mph = 0.5, incline = 2', HILL),
    "cap": bad("mph = 1.0\n", "mph = 0.8\n"),
    "limit": bad("mph = 1.0\n", "mph = 3.6\n"),
    "hill-speed": """\
id = "X2"
title = "Fast hill"
who = "nobody"
need = "nothing"
[sources]
start = "S3"
[cap]
mph = 3.0
incline = 1
walk_s = 900
[needs]
clean_sessions = 8
comfort_mph = 2.2
staff = true
[levels]
comfort_mph = [2.2, 2.2]
hill = [1]
[[variant]]
id = "1"
phases = [
  { name = "settle", s = 60, mph = 0.5 },
  { ramp = "C" },
  { name = "hill", s = 120, mph = "C", incline = "L", new = true },
  { hill = 0 },
  { ramp = 0.5 },
  { name = "ease", s = 45, mph = 0.5 },
]
""",
    "gate": bad("clean_sessions = 8", "clean_sessions = 7", HILL),
    "length": bad("walk_s = 400", "walk_s = 280"),
    "end": bad('  { name = "ease", s = 30, mph = 0.5, cues = "F1" },\n', ""),
    "rest": bad(
        '  { name = "known", s = 20', '  { name = "rest", s = 60, rest = true },\n  { name = "known", s = 20'
    ),
    "cue": bad("T9", "T99"),
    "decline": bad('name = "known", s = 60, mph = 0.7', 'name = "known", s = 60, mph = 0.5, incline = -1'),
    "format": bad("s = 60, mph = 0.7", 's = 60, mph = "D"'),
}


def test_the_good_example_keeps_the_rules():
    assert verify(parse_program(GOOD, "x.toml"), CORE, CUES).violations == ()
    assert verify(parse_program(HILL, "x.toml"), CORE, CUES).violations == ()


def rules_broken(text):
    try:
        program = parse_program(text, "x.toml")
    except ProgramError as error:
        return {error.rule}
    return {violation.rule for violation in verify(program, CORE, CUES).violations}


@pytest.mark.parametrize("rule", RULES)
def test_each_rule_refuses_its_bad_file(rule):
    assert rule in rules_broken(BROKEN[rule])


def test_a_violation_names_file_line_and_rule():
    program = parse_program(BROKEN["new"], "own/x.toml")
    (violation,) = verify(program, CORE, CUES).violations
    assert str(violation).startswith("own/x.toml, line 20: 0.9 mph at 0 % is held for 119 s of 120")
    assert str(violation).endswith("(rule: new)")


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("mph = 1.0\n", "mph = 1.0\nspeeed = 3\n", 9, "unknown field `speeed`"),
        ("walk_s = 400", "walk_s = -1", 12, "Expected `int` >= 0"),
        ('s = 60, mph = 0.7, cues = "T1"', 's = 60, mph = 0.7, cuse = "T1"', 19, "unknown field `cuse`"),
        ('s = 60, mph = 0.7, cues = "T1"', 's = 60, mph = 0.7, cues = "T1!"', 19, '"T1!" is no cue'),
        ("{ name = \"known\", s = 20, mph = 0.7 }", '{ ramp = 0.7, hill = 1 }', 21, "never both"),
        ("{ name = \"known\", s = 20, mph = 0.7 }", '{ ramp = 0.7, s = 20 }', 21, "nothing beside it"),
        ("{ name = \"known\", s = 20, mph = 0.7 }", '{ name = "r", s = 9, mph = 0.7, rest = true }', 21, "leave mph"),
        ("{ name = \"known\", s = 20, mph = 0.7 }", '{ s = 20, mph = 0.7 }', 21, "needs name and s"),
        ("mph = 1.0\n", "mph = = 1.0\n", 10, "not valid TOML"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_says_which_line_is_wrong(old, new, line, said):
    with pytest.raises(ProgramError, match=said) as caught:
        parse_program(bad(old, new), "x.toml")
    assert (caught.value.line, caught.value.rule) == (line, "format")


def test_a_gyms_own_program_passes_the_same_gate(tmp_path: Path):
    (tmp_path / "ours.toml").write_text(GOOD)
    assert "X1" in load_content(ASSETS, own_programs=tmp_path).programs
    (tmp_path / "ours.toml").write_text(BROKEN["cue"])
    with pytest.raises(ContentError, match=r"ours\.toml, line 18: there is no cue T99 \(rule: cue\)"):
        load_content(ASSETS, own_programs=tmp_path)
    (tmp_path / "ours.toml").write_text(GOOD.replace('"X1"', '"P1"'))
    with pytest.raises(ContentError, match='"P1" is taken by'):
        load_content(ASSETS, own_programs=tmp_path)


def test_a_number_that_nobody_may_sign_is_refused(tmp_path: Path):
    text = (ASSETS / "coaching.toml").read_text()
    for old, new, said in (
        ("highest_mph = 3.5 ", "highest_mph = 3.6 ", "highest_mph is 3.6"),
        ("new_hold_s = 120 ", "new_hold = 120 ", "unknown field"),
        ("countdown_s = 5 ", "countdown_s = 1 ", "countdown_s"),
    ):
        (tmp_path / "coaching.toml").write_text(bad(old, new, text))
        with pytest.raises(ContentError, match=said):
            read_rules(tmp_path)
