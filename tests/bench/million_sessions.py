"""A million sessions of a thousand members: what does the record take, and how long do its answers take?

``python -m tests.bench.million_sessions [--quick] [--json] [--sessions N] [--keep DIR]``

Sessions of five to fourteen minutes over eight years, with scores, events and packed samples (the newest month as
rows, as in the product). Traces are of 400 different simulated walks, with the noise of a belt's own readings.
``--quick``: 20 000 sessions. ``--keep``: leave the record there, and use it again.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from kiosk.staff.caps import CapContext, effective
from kiosk.store import backup, reports, retention
from kiosk.store.database import FILE_NAME
from kiosk.store.ids import IdSource
from kiosk.store.kinds import CapScope
from kiosk.store.moment import DAY_MS, Moment
from kiosk.store.records import Cap, Sample
from kiosk.store.repositories import caps, events, members, sessions
from kiosk.store.start import open_for_kiosk
from kiosk.store.store import open_store
from kiosk.store.trace import pack
from tests.bench import common
from tests.support.record import START_MS

MEMBERS = 1000
YEARS = 8
SPAN_MS = YEARS * 365 * DAY_MS
BLOCK = 10_000


def simulated_walk(dice: random.Random, seconds: int) -> list[Sample]:
    """A plan of steps, and a belt that follows with noise, as 2ACD tells it."""
    found = []
    wanted = measured = 80
    slope = 0
    for t in range(1, seconds + 1):
        if t % 60 == 0:
            wanted = max(80, min(320, wanted + dice.choice((-16, 0, 16, 32))))
        if t % 180 == 0:
            slope = max(0, min(50, slope + dice.choice((-10, 0, 0, 10))))
        measured += max(-20, min(20, wanted - measured)) + dice.choice((-1, 0, 0, 0, 0, 1))
        found.append(Sample("x", float(t), measured if dice.random() > 0.002 else None, wanted, slope))
    return found


def fill(directory: Path, count: int, dice: random.Random) -> dict:
    """Make the record; returns sizes."""
    at = Moment(0.0, START_MS)
    database = open_for_kiosk(directory, at)
    database.close()
    ids = IdSource()
    walks = [simulated_walk(dice, dice.randint(300, 840)) for _ in range(400)]
    traces = [pack(walk) for walk in walks]
    ten = [pack(simulated_walk(dice, 600)) for _ in range(100)]
    people = [ids.new(START_MS - SPAN_MS) for _ in range(MEMBERS)]
    raw = sqlite3.connect(directory / FILE_NAME, isolation_level=None)
    raw.execute("PRAGMA synchronous = OFF")  # only while it is made
    raw.execute("PRAGMA foreign_keys = ON")
    codes = dice.sample(range(1_000_000), MEMBERS)
    raw.execute("BEGIN")
    raw.executemany(
        "INSERT INTO member VALUES (?, ?, ?, 'en', '18-64', ?)",
        [(m, f"{code:06d}", f"Member {code}", START_MS - SPAN_MS) for m, code in zip(people, codes, strict=True)],
    )
    raw.executemany(
        "INSERT INTO cap VALUES ('member', ?, ?, 250, NULL, ?, 'Olga', '')",
        [(m, m, START_MS) for m in people[: MEMBERS // 5]],
    )
    raw.execute("COMMIT")
    before = time.perf_counter()
    rows_from_ms = START_MS - retention.PACK_AFTER_MS
    for block in range(0, count, BLOCK):
        size = min(BLOCK, count - block)
        starts = [START_MS - SPAN_MS + (block + n) * SPAN_MS // count for n in range(size)]
        keys = [ids.new(start) for start in starts]
        chosen = [dice.randrange(400) for _ in range(size)]
        session, health, trace, event, sample = [], [], [], [], []
        for key, start, which in zip(keys, starts, chosen, strict=True):
            walk = walks[which]
            stopped = dice.random() < 0.05
            member = dice.choice(people) if dice.random() < 0.9 else None
            state, cause = ("stopped", "clip") if stopped else ("completed", "plan_done")
            end, seconds = start + len(walk) * 1000, float(len(walk))
            what = (key, member, "k", f"P{dice.randint(1, 6)}", "1", "C0:FF:EE:00:00:42", "en", start, end, 1)
            session.append(
                (*what, state, cause, None, seconds, seconds, seconds * 0.4, 200, 150, 322, "config", len(walk))
            )
            if member is not None:
                health.append((key, dice.randint(1, 6), 1, 1, dice.randint(0, 3), "clean"))
            if start < rows_from_ms:
                trace.append((key, 1, traces[which]))
            else:
                sample += [(key, int(s.t_s * 1000), s.measured_ckmh, s.commanded_ckmh, s.incline_dpct) for s in walk]
            if stopped:
                event.append((ids.new(start), key, start + 60_000, "trip", "stop", "clip", "running", 150, ""))
        raw.execute("BEGIN")
        raw.executemany(f"INSERT INTO session VALUES ({', '.join('?' * 21)})", session)
        raw.executemany(
            "INSERT INTO session_health (session_id, effort, pain_before, pain_peak, pain_after, verdict)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            health,
        )
        raw.executemany("INSERT INTO trace VALUES (?, ?, ?)", trace)
        raw.executemany("INSERT INTO sample VALUES (?, ?, ?, ?, ?)", sample)
        raw.executemany("INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", event)
        raw.execute("COMMIT")
    raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    largest = "SELECT name, sum(pgsize) FROM dbstat GROUP BY name ORDER BY 2 DESC LIMIT 8"
    sizes = dict(raw.execute(largest).fetchall()) if _has_dbstat(raw) else {}
    raw.close()
    return {
        "filled_s": round(time.perf_counter() - before, 1),
        "trace_bytes_per_10_minutes_mean": round(sum(map(len, ten)) / len(ten)),
        "trace_bytes_per_10_minutes_max": max(map(len, ten)),
        "largest_tables_mb": {name: round(size / 1e6, 1) for name, size in sizes.items()},
    }


def _has_dbstat(raw: sqlite3.Connection) -> bool:
    try:
        raw.execute("SELECT 1 FROM dbstat LIMIT 1").fetchone()
    except sqlite3.OperationalError:
        return False
    return True


def rows_per_10_minutes() -> int:
    """Bytes that ten minutes take as rows, measured."""
    with tempfile.TemporaryDirectory() as name:
        store = open_store(Path(name), Moment(0.0, START_MS), threaded=False)
        store.close()
        raw = sqlite3.connect(Path(name) / FILE_NAME)
        empty = raw.execute("PRAGMA page_count").fetchone()[0]
        key = IdSource()
        for _ in range(20):
            walk = simulated_walk(random.Random(1), 600)
            session = key.new(START_MS)
            raw.executemany(
                "INSERT INTO sample VALUES (?, ?, ?, ?, ?)",
                [(session, int(s.t_s * 1000), s.measured_ckmh, s.commanded_ckmh, s.incline_dpct) for s in walk],
            )
        raw.commit()
        pages = raw.execute("PRAGMA page_count").fetchone()[0] - empty
        raw.close()
        return pages * 4096 // 20


def timed(rounds: int, ask: Callable[[int], object]) -> dict[str, float]:
    times = []
    for number in range(rounds):
        before = time.perf_counter()
        ask(number)
        times.append(time.perf_counter() - before)
    found = common.summary(times)
    return {"p50_ms": found["p50_ms"], "p99_ms": found["p99_ms"], "max_ms": found["max_ms"], "asked": rounds}


def measure(directory: Path, rounds: int, dice: random.Random) -> dict:
    at = Moment(0.0, START_MS)

    def start(_: int) -> None:
        open_store(directory, at, threaded=False).close()

    found = {"start-up": timed(max(3, rounds // 40), start)}
    store = open_store(directory, at, threaded=False)
    with store.database.read.connect() as connection:
        people = connection.exec_driver_sql("SELECT id, code FROM member").fetchall()
        connection.rollback()
        rows = caps.every(connection)
        session_ids = [
            row[0]
            for row in connection.exec_driver_sql(
                "SELECT session_id FROM trace WHERE rowid % (SELECT max(rowid) / 200 + 1 FROM trace) = 0"
            )
        ]
        recent = [row[0] for row in connection.exec_driver_sql("SELECT DISTINCT session_id FROM sample LIMIT 200")]
        connection.rollback()

        def somebody() -> tuple[str, str]:
            return tuple(dice.choice(people))

        def cap(_: int) -> None:
            member = somebody()[0]
            every = caps.every(connection)
            visits = sessions.visits_of_member(connection, member)
            effective(every, CapContext(config_ckmh=322, member_id=member, visits=visits))

        questions: dict[str, Callable[[int], object]] = {
            "member by code": lambda _: members.by_code(connection, somebody()[1]),
            "member history (last 20)": lambda _: sessions.last_of_member(connection, somebody()[0]),
            "week of a member": lambda _: sessions.week_of_member(connection, somebody()[0], START_MS),
            "visits of a member": lambda _: sessions.visits_of_member(connection, somebody()[0]),
            "clean sessions of a member": lambda _: sessions.clean_of_member(connection, somebody()[0]),
            "caps lookup (rows, visits, which wins)": cap,
            "log (50, stops)": lambda _: events.last(connection, cause="clip"),
            "one session's samples (packed)": lambda _: sessions.samples_of(connection, dice.choice(session_ids)),
        }
        if recent:
            questions["one session's samples (rows)"] = lambda _: sessions.samples_of(connection, dice.choice(recent))
        for name, ask in questions.items():
            found[name] = timed(rounds, ask)
        few = max(3, rounds // 40)
        found["staff report (12 weeks)"] = timed(few, lambda _: reports.report(connection, START_MS))
        found["members list (all, with counts)"] = timed(few, lambda _: members.every(connection))
        assert len(rows) == MEMBERS // 5
    lowered = Cap(CapScope.GYM, "", 200, None, START_MS, "Olga", "")
    found["a cap set, on disk"] = timed(few, lambda _: store.writer.run(lambda c: caps.put(c, lowered)).result())
    found["night shift, one step of 20 sessions"] = timed(
        few, lambda n: store.writer.run(lambda c: retention.step(c, START_MS + n)).result()
    )
    before = time.perf_counter()
    made = backup.make(store.path, directory / "backups", at)
    found["backup, verified"] = {"p50_ms": round((time.perf_counter() - before) * 1000), "asked": 1}
    made.path.unlink()
    store.close()
    return found


def run(options: argparse.Namespace) -> dict:
    count = options.sessions or (20_000 if options.quick else 1_000_000)
    dice = random.Random(7)
    with tempfile.TemporaryDirectory(prefix="retrowalk-million-") as name:
        directory = options.keep or Path(name)
        filled = {} if (directory / FILE_NAME).exists() else fill(directory, count, dice)
        size = (directory / FILE_NAME).stat().st_size
        answers = measure(directory, 40 if options.quick else 400, dice)
    return {
        "sessions": count,
        "members": MEMBERS,
        "ours": {
            **filled,
            "file_mb": round(size / 1e6, 1),
            "bytes_per_session_all_in": round(size / count),
            "row_bytes_per_10_minutes": rows_per_10_minutes(),
            "answers": answers,
        },
    }


def show(result: dict) -> None:
    ours = dict(result["ours"])
    answers = ours.pop("answers")
    print(f"{result['sessions']} sessions of {result['members']} members")
    common.table(["what", "figure"], [[name.replace("_", " "), value] for name, value in ours.items()])
    print()
    common.table(
        ["question", "p50 ms", "p99 ms", "max ms", "asked"],
        [[n, a["p50_ms"], a.get("p99_ms", ""), a.get("max_ms", ""), a["asked"]] for n, a in answers.items()],
    )


if __name__ == "__main__":
    sys.exit(
        common.main(
            "A million sessions",
            run,
            show,
            sessions={"type": int, "help": "how many instead"},
            keep={"type": Path, "help": "make the record here, or use the one that is here"},
        )
    )
