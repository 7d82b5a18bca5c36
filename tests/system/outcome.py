"""What the guest's runner tells the host about one scenario. The only thing both sides share."""

from __future__ import annotations

import msgspec


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What the host asks for."""

    scenarios: tuple[str, ...]
    repeats: int = 1


class Trip(msgspec.Struct, frozen=True, kw_only=True):
    """One cause and its effect. Times in seconds from the cause, on the guest's monotonic clock; None: never."""

    speed_ckmh: int  # of the belt when the cause came, true speed
    stop_bytes_s: float | None = None  # `08 01` reached the peripheral
    taken_s: float | None = None  # and was answered with `80 08 01`
    permit_off_s: float | None = None  # the permit's pulses ended; None also where it came back
    repaired_s: float | None = None  # what was broken was put right; None where nothing was
    ready_s: float | None = None  # the link was ready again, counted from the repair; None where it never was lost
    rest_s: float | None = None  # the belt's true speed is 0
    eased: bool = False  # lower speeds were written before the stop
    moved_again: bool = False  # after rest, or after what was broken came back


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """One scenario."""

    name: str
    error: str = ""  # why it could not be carried through; empty when it was
    trips: tuple[Trip, ...] = ()
    violations: tuple[str, ...] = ()  # of promises P3 and P5, by the byte tap
    facts: dict[str, float | int | str | bool] = {}
    took_s: float = 0.0
    tap: tuple[str, ...] = ()  # the end of the byte tap, when something is wrong

    def line(self) -> str:
        """One line for people."""
        parts = [f"{self.name}:"]
        if self.error:
            parts.append("could not be carried through.")
        for title, values in (
            ("permit off", [trip.permit_off_s for trip in self.trips]),
            ("stop bytes", [trip.stop_bytes_s for trip in self.trips]),
            ("repaired", [trip.repaired_s for trip in self.trips]),
            ("ready again (from there)", [trip.ready_s for trip in self.trips]),
            ("rest", [trip.rest_s for trip in self.trips]),
        ):
            known = sorted(value for value in values if value is not None)
            if not known:
                continue
            text = f"{title} after {known[len(known) // 2]:.3f} s"
            if len(values) > 1:
                text += f" (median of {len(values)}, worst {known[-1]:.3f} s)"
            parts.append(text + ";")
        parts += [f"{key} {value};" for key, value in self.facts.items()]
        parts.append(f"violations {len(self.violations)}; took {self.took_s:.0f} s")
        return " ".join(parts)
