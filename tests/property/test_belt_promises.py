"""The belt process in the hands of a hasty guard and a treadmill full of mischief: what may never happen, never does.

The bytes are judged by the simulated world's own monitor (promises P3 and P5, its own parser) and by the rules below.
"""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st

from hardware.config.profiles import Profile
from hardware.link.messages import StopBy, StopOutcome, WishMode
from hardware.simulated.mischief import MISCHIEF
from tests.support.treadmill_bench import TreadmillBench

# Speaks in a person's stead: a console's keys move a belt that nobody here asked to move, a machine that starts by
# itself or on a stop is not to be blamed on the bytes. They have their own tests.
BY_HAND = {name for name, one in MISCHIEF.items() if one.deed is not None} - {"link_dropped", "control_lost"}
HABITS = sorted(set(MISCHIEF) - BY_HAND - {"starts_by_itself", "mph_units", "mph_commands"})

actions = st.one_of(
    st.tuples(st.just("run"), st.integers(80, 500), st.sampled_from((0, 0, 10, 50))),
    st.tuples(st.just("target"), st.integers(0, 500), st.sampled_from((0, 0, 10, 50))),
    st.tuples(st.just("stop"), st.just(0), st.just(0)),
    st.tuples(st.just("stop"), st.just(0), st.just(0)),
    st.tuples(st.just("hold"), st.just(0), st.just(0)),
    st.tuples(st.just("trial"), st.sampled_from((0, 1)), st.just(0)),
    st.tuples(st.just("deny"), st.sampled_from((0, 1)), st.sampled_from((0, 1))),
    st.tuples(st.just("silence"), st.integers(1, 60), st.just(0)),
    st.tuples(st.just("kill"), st.integers(0, 40), st.just(0)),
    st.tuples(st.just("habit"), st.integers(0, len(HABITS) - 1), st.booleans()),
)
scripts = st.lists(st.tuples(actions, st.integers(1, 400)), min_size=4, max_size=14)


class HastyGuard:
    """Takes the lease when it wants the belt to run and gives it back once the belt process has seen it at rest."""

    def __init__(self, bench: TreadmillBench) -> None:
        self.bench = bench
        self.epoch = 1
        self.came_s: list[float] = []  # when a new belt process was started with the lease open

    def do(self, action) -> None:
        what, first, second = action
        bench = self.bench
        if what == "run":
            if bench.frames and bench.frame.stop_outcome is StopOutcome.AT_REST:
                bench.hands("clip", closed=False)
                bench.hands("clip", closed=True)  # the consent edge that the monitor wants to see
                self.epoch += 1
                bench.lease.active = True
                bench.want(WishMode.RUN, self.epoch, first, second)
        elif what == "target":
            if bench.wish.mode is WishMode.RUN:
                bench.want(WishMode.RUN, self.epoch, first, second)
        elif what == "stop":
            self.epoch += 1
            bench.want(WishMode.STOP, self.epoch)
        elif what == "trial":
            self.epoch += 1
            bench.want(WishMode.STOP, self.epoch, stop_by=(StopBy.PAUSE, StopBy.UNLINK)[first])
        elif what == "deny":
            mode, epoch = bench.wish.mode, bench.wish.epoch
            bench.want(mode, epoch, bench.wish.speed_ckmh, control=not first, scan=bool(second))
        elif what == "hold":
            if not bench.lease.active:
                bench.want(WishMode.HOLD, self.epoch)
        elif what == "silence":
            bench.guard_up = False
            for _ in range(first):
                self.quantum()
            bench.guard_up = True
            self.do(("stop", 0, 0))  # a guard that was away comes back latched
        elif what == "kill":
            bench.kill_belt()
            for _ in range(first):
                bench.quantum()
            self.do(("stop", 0, 0))
            if bench.lease.active:
                self.came_s.append(bench.clock.now())
            bench.new_belt()
        else:
            bench.mischief(HABITS[first], on=second)

    def excused(self, violation: str) -> bool:
        """A process that has just come and finds the lease open stops first and looks then."""
        at_s = float(violation.split()[1])
        return "freshly at rest" in violation and any(0 <= at_s - came_s <= 3.0 for came_s in self.came_s)

    def quantum(self) -> None:
        bench = self.bench
        bench.quantum()
        at_rest = bool(bench.frames) and bench.frame.stop_outcome is StopOutcome.AT_REST
        if at_rest and bench.wish.mode is WishMode.STOP:
            bench.lease.active = False


@settings(
    max_examples=30,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow],
)
@given(scripts, st.sampled_from((True, True, False)))
def test_whatever_guard_and_treadmill_do_no_byte_leaves_that_may_not(script, walking):
    with TreadmillBench(profile=Profile(cap_ckmh=500)) as bench:
        bench.world.tap.monitor._cap_ckmh = None  # the cap is the guard's to keep, and this guard keeps none
        guard = HastyGuard(bench)
        bench.want(WishMode.STOP, 1)
        for _ in range(250):
            guard.quantum()
        if walking:
            guard.do(("run", 150, 0))
            for _ in range(400):
                guard.quantum()
            assert bench.true_ckmh > 100
        starts = 0
        for action, quanta in script:
            guard.do(action)
            for _ in range(quanta):
                seen = len(bench.world.tap.entries)
                lease, denied = bench.lease.active, not bench.wish.control
                guard.quantum()
                for entry in bench.world.tap.entries[seen:]:
                    if entry.direction == "write" and not lease:
                        own = bench.process._started_at_s is not None
                        assert entry.value in (b"\x00", b"\x03\x00\x00") or (own and entry.value[0] in (0x02, 0x08))
                    if entry.direction == "write" and denied and bench.guard_up:
                        assert lease or bench.process._started_at_s is not None
                        assert entry.value[0] in (0x00, 0x02, 0x08)
                    starts += entry.direction == "write" and entry.value == b"\x07"
            assert bench.process.refusals == []
        assert starts <= guard.epoch
        event(f"{min(starts, 2)} starts after {'walking' if walking else 'rest'}")
        assert [text for text in bench.world.violations if not guard.excused(text)] == []
