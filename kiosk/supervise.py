"""The small parent: starts the processes, watches them, starts again what dies, and ends them belt first.

On the appliance systemd is the parent; at a desk and in the demo this is. It decides nothing about the belt: guard,
belt and stopper do that among themselves when one of them is gone.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

USAGE_EXIT: Final = 2  # a child that ends so has said why; starting it again would say the same
RESTART_DELAYS_S: Final = (0.1, 0.2, 0.5, 1.0, 2.0)
ANEW_S: Final = 1.0  # who ends in good order so soon has not: it would spin
STEADY_S: Final = 30.0  # a child that lived this long starts with the shortest delay again
BELT_TO_REST_S: Final = 12.0  # guard: worst stop budget with its ramp, and a margin
TERM_S: Final = 3.0
POLL_S: Final = 0.05
_PR_SET_PDEATHSIG: Final = 1


@dataclass(slots=True)
class Child:
    """One process of the house."""

    name: str
    argv: Sequence[str]
    restart: bool = True
    read_stdout: bool = False
    process: subprocess.Popen[bytes] | None = None
    started_s: float = 0.0
    again_at_s: float | None = None
    deaths: int = 0
    restarts: int = 0
    partial: bytes = field(default=b"", repr=False)

    @property
    def pid(self) -> int | None:
        """The process id while it lives."""
        return self.process.pid if self.process is not None and self.process.returncode is None else None


def python_module(module: str, config: Path, runtime: Path, *more: str) -> list[str]:
    """The command line of one of our processes."""
    return [sys.executable, "-m", module, "--config", str(config), "--runtime", str(runtime), *more]


def _die_with_parent() -> None:
    # An orphaned guard would keep a belt running for a parent that nobody can reach any more; SIGTERM stops it first.
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class Supervisor:
    """Runs *children* in order until one that is not restarted ends, one refuses its arguments, or a signal comes."""

    def __init__(
        self,
        children: Sequence[Child],
        *,
        environment: dict[str, str] | None = None,
        on_line: Callable[[str, str], None] | None = None,
    ) -> None:
        self.children: Final = list(children)
        self._environment: Final = {**os.environ, **(environment or {})}
        self._on_line: Final = on_line
        self._signalled = False

    def pids(self) -> dict[str, int]:
        """Who runs now."""
        return {child.name: child.pid for child in self.children if child.pid is not None}

    def start(self) -> None:
        """Start all, in order."""
        for child in self.children:
            self._spawn(child)

    def _spawn(self, child: Child) -> None:
        child.process = subprocess.Popen(
            child.argv,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if child.read_stdout else None,
            preexec_fn=_die_with_parent,  # noqa: PLW1509  # this parent has one thread
        )
        if child.process.stdout is not None:
            os.set_blocking(child.process.stdout.fileno(), False)
        child.started_s = time.monotonic()
        child.again_at_s = None

    def run(self) -> int:
        """Watch until the end; returns the exit code for the command."""
        old = {number: signal.signal(number, self._on_signal) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            while not self._signalled:
                code = self._watch()
                if code is not None:
                    return code
            return 0
        finally:
            for number, handler in old.items():
                signal.signal(number, handler)

    def tend(self) -> int | None:
        """One look without waiting, for a caller that has a loop of its own; gives an exit code when it is over."""
        return self._watch(0.0)

    def _on_signal(self, _number: int, _frame: object) -> None:
        self._signalled = True

    def _watch(self, wait_s: float = POLL_S) -> int | None:
        self._pump(wait_s)
        now_s = time.monotonic()
        for child in self.children:
            if child.again_at_s is not None:
                if now_s >= child.again_at_s:
                    child.restarts += 1
                    self._spawn(child)
                continue
            if child.process is None or child.process.poll() is None:
                continue
            self._pump(0)
            code = child.process.returncode
            if code == USAGE_EXIT or not child.restart:
                return code if code >= 0 else 128 - code
            if now_s - child.started_s > STEADY_S:
                child.deaths = 0
            if code == 0 and now_s - child.started_s > ANEW_S:  # it asked to be started anew (Rebind)
                child.again_at_s = now_s
                print(f"retrowalk: {child.name} starts anew.", file=sys.stderr, flush=True)
                continue
            delay_s = RESTART_DELAYS_S[min(child.deaths, len(RESTART_DELAYS_S) - 1)]
            child.deaths += 1
            child.again_at_s = now_s + delay_s
            reason = f"signal {-code}" if code < 0 else f"exit code {code}"
            print(f"retrowalk: {child.name} ended ({reason}); starting it again.", file=sys.stderr, flush=True)
        return None

    def _pump(self, timeout_s: float) -> None:
        pipes: dict[IO[bytes], Child] = {
            child.process.stdout: child
            for child in self.children
            if child.process is not None and child.process.stdout is not None and not child.process.stdout.closed
        }
        ready = select.select(list(pipes), [], [], timeout_s)[0]
        for pipe in ready:
            child = pipes[pipe]
            data = os.read(pipe.fileno(), 65536)
            if not data:
                pipe.close()
                continue
            *lines, child.partial = (child.partial + data).split(b"\n")
            for line in lines:
                if self._on_line is not None:
                    self._on_line(child.name, line.decode("utf-8", "replace"))

    def stop(self) -> None:
        """End all: the guard first, as it brings the belt to rest while the others still serve it."""
        order = sorted(self.children, key=lambda child: (child.name != "guard", child.name == "simulated"))
        for child in order:
            child.again_at_s = None
            process = child.process
            if process is None:
                continue
            if process.poll() is None:
                process.terminate()
                patience_s = BELT_TO_REST_S if child.name in ("guard", "belt") else TERM_S
                try:
                    process.wait(patience_s)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
            if process.stdout is not None:
                process.stdout.close()
