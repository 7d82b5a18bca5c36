"""Guessing PINs at the lock-out's pace, and with the card in hand: what is a PIN worth?

``python -m tests.bench.pin_force [--quick] [--json]``

The pace is simulated through the product's own lock, keypad try by keypad try, on a virtual clock; the cost of one
check is measured.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path

from kiosk.staff import pin
from kiosk.staff.pin import LockState
from kiosk.store.kinds import Role
from kiosk.store.records import Staff
from tests.bench import common
from tests.support.record import START_MS, moment, opened

DAY_S = 86_400
PINS = 10**pin.PIN_DIGITS


def tries_within(seconds: float, *, typing_s: float = 3.0, signed_in_every_s: float | None = None) -> int:
    """How many PINs a guesser types in *seconds*; staff who sign in meanwhile forgive the wrong ones so far."""
    state, now_ms, tries = LockState(), START_MS, 0
    end_ms = START_MS + round(seconds * 1000)
    next_staff_ms = END if signed_in_every_s is None else START_MS + round(signed_in_every_s * 1000)
    while now_ms < end_ms:
        if now_ms >= next_staff_ms and state.wait_s(now_ms) <= 0:
            state = LockState()
            next_staff_ms += round((signed_in_every_s or 0) * 1000)
        wait_s = state.wait_s(now_ms)
        if wait_s > 0:
            now_ms += round(wait_s * 1000)
            continue
        now_ms += round(typing_s * 1000)
        state = state.after_try(now_ms)
        tries += 1
    return tries


END = 1 << 62


def check_cost(rounds: int) -> dict:
    """One check against 1, 5 and 20 accounts."""
    hashed = pin.hash_pin("394817")
    staff = Staff("x", "x", Role.STAFF, active=True, created_ms=0)
    found = {}
    for accounts in (1, 5, 20):
        times = []
        for _ in range(rounds):
            before = time.perf_counter()
            pin.match("555123", [(staff, hashed)] * accounts)
            times.append(time.perf_counter() - before)
        found[str(accounts)] = round(statistics.median(times) * 1000, 1)
    return found


def timing_gap(rounds: int) -> dict:
    """Right, wrong, and the first or last account's PIN: the time must not tell."""
    staff = Staff("x", "x", Role.STAFF, active=True, created_ms=0)
    accounts = [(staff, pin.hash_pin(digits)) for digits in ("394817", "700313", "582046", "918273")]
    found: dict[str, list[float]] = {"first": [], "last": [], "none": []}
    for _ in range(rounds):
        for name, digits in (("first", "394817"), ("last", "918273"), ("none", "555123")):
            before = time.perf_counter()
            pin.match(digits, accounts)
            found[name].append(time.perf_counter() - before)
    return {name: round(statistics.median(times) * 1000, 2) for name, times in found.items()}


def through_the_desk(tries: int) -> dict:
    """Real tries through the desk on a real record: how many were answered, how many refused unheard."""
    with tempfile.TemporaryDirectory() as name, opened(Path(name)) as store:
        store.writer.run(
            lambda c: pin.add_account(c, store.ids, moment(), name="Olga", role=Role.OWNER, pin="394817", by=None)
        ).result()
        desk = pin.PinDesk(store, threaded=False)
        answered = 0
        for number in range(tries):  # one every 3 s, never stopping: most meet the lock
            answered += desk.sign_in(f"{number:06d}", moment(number * 3.0)).result().result is pin.SignInResult.WRONG
        return {"typed": tries, "checked": answered, "hours": round(tries * 3 / 3600, 1)}


def run(options: argparse.Namespace) -> dict:
    rounds = 5 if options.quick else 30
    night, day, year = 8 * 3600, DAY_S, 365 * DAY_S
    pace = {
        "a_night": tries_within(night),
        "a_day": tries_within(day),
        "a_year": tries_within(year),
        "a_day_with_staff_every_hour": tries_within(day, signed_in_every_s=3600),
    }
    cost = check_cost(rounds)
    offline_s = cost["1"] / 1000 * PINS / 2 / (os.cpu_count() or 1)
    desk = through_the_desk(600 if options.quick else 4000)
    # No figure of this machine: the lock's pace, and that the desk keeps to it whatever is typed.
    held = pace["a_year"] / PINS < 0.01 and desk["checked"] <= tries_within(desk["hours"] * 3600)
    return {
        "held": held,
        "ours": {
            "tries": pace,
            "chance_per_account": {name: count / PINS for name, count in pace.items()},
            "years_to_even_chance_one_account": round(PINS / 2 / max(1, pace["a_year"]), 1),
            "check_ms_by_accounts": cost,
            "timing_ms": timing_gap(rounds),
            "desk": desk,
            "offline_hours_to_even_chance_on_this_machine": round(offline_s / 3600, 2),
            "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        },
        "lock": {"after": pin.LOCK_AFTER, "first_s": pin.LOCK_FIRST_S, "most_s": pin.LOCK_MAX_S},
    }


def show(result: dict) -> None:
    ours = result["ours"]
    common.table(
        ["guessing at the keypad", "tries", "chance per account"],
        [[n.replace("_", " "), c, f"{ours['chance_per_account'][n]:.2e}"] for n, c in ours["tries"].items()],
    )
    print(f"\nAn even chance against one account takes {ours['years_to_even_chance_one_account']} years.")
    print(f"Real tries: {ours['desk']}")
    print(f"One check, ms, by number of accounts: {ours['check_ms_by_accounts']}")
    print(f"Time by whose PIN it is, ms (4 accounts): {ours['timing_ms']}")
    hours = ours["offline_hours_to_even_chance_on_this_machine"]
    print(f"With the card in hand and this machine: even chance after {hours} h. Lock the cabinet.")


if __name__ == "__main__":
    sys.exit(common.main("Guessing PINs", run, show))
