"""After a loss: how long until the treadmill is ready again, that is connected, read, and under control.

    python -m tests.bench.reconnect [--quick] [--json] [--only simulated|bluez]

Over the simulated link, on a virtual clock, each loss lasting a random while; and through real bleak and real D-Bus
against a stand-in for bluetoothd, on the real clock. The time is counted from the moment in which nothing stands in
the way any more: the radio is heard again, the service is back, the adapter is there. Radio and treadmill are models,
so this is what our own waiting adds; figures over real BlueZ are those of tests/system.

Exit code 1 if one is not ready within a minute.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import sys
from collections.abc import Callable
from contextlib import closing
from typing import Any

from hardware.link.messages import LinkState
from tests.bench import common
from tests.support.bluez import PrivateBus
from tests.support.bluez_bench import BluezBench
from tests.support.bluez_bench import run as run_loop
from tests.support.treadmill_bench import TreadmillBench

GIVE_UP_S = 60.0
LINGER_S = 2.0  # bluez.md F8
SEED = 20261121


# ---------------------------------------------------------------------------------------------- the simulated link

Loss = Callable[[TreadmillBench, float], None]


def _habit(name: str, *, dropped: bool = False) -> Loss:
    def lose(bench: TreadmillBench, seconds: float) -> None:
        bench.mischief(name)
        if dropped:
            bench.mischief("link_dropped")
        bench.run(seconds)
        bench.mischief(name, on=False)

    return lose


def _dropped(bench: TreadmillBench, _: float) -> None:
    bench.mischief("link_dropped")


SIMULATED: dict[str, tuple[Loss, float, float]] = {
    # name: (what is lost, shortest and longest time that it lasts)
    "the machine ends the link": (_dropped, 0.0, 0.0),
    "radio silent": (_habit("link_cut"), 1.0, 20.0),
    "machine off and on": (_habit("vanished", dropped=True), 2.0, 30.0),
    "bluetoothd killed and restarted": (_habit("bluetooth_killed"), 1.0, 10.0),
    "bluetoothd hung, then wakes": (_habit("bluetooth_hung"), 3.0, 20.0),
}


def simulated(name: str, rounds: int) -> list[float]:
    """Seconds of the simulated world, one for each round; GIVE_UP_S where it did not come."""
    lose, shortest_s, longest_s = SIMULATED[name]
    rng, times = random.Random(f"{SEED} {name}"), []
    with TreadmillBench() as bench:
        bench.ready()
        for _ in range(rounds):
            bench.run(rng.uniform(0.0, 2.0))
            lose(bench, rng.uniform(shortest_s, longest_s))
            free_s = bench.clock.now()
            for _ in range(50):  # until the loss is told as one, or was never seen
                if bench.frame.link is not LinkState.READY:
                    break
                bench.quantum()
            try:
                bench.until(lambda frame: frame.link is LinkState.READY, "treadmill", GIVE_UP_S)
            except AssertionError:
                times.append(GIVE_UP_S)
                continue
            times.append(bench.clock.now() - free_s)
    return times


# ---------------------------------------------------------------------------------------------- real D-Bus


async def _drop(bench: BluezBench) -> None:
    bench.fake.drop()


async def _restart(bench: BluezBench) -> None:
    await bench.fake.kill()
    await asyncio.sleep(0.5)
    await bench.fake.start()


async def _hang(bench: BluezBench) -> None:
    bench.fake.freeze()
    await asyncio.sleep(4.0)
    bench.fake.thaw()


async def _adapter(bench: BluezBench) -> None:
    bench.fake.adapter_gone()
    await asyncio.sleep(1.0)
    bench.fake.adapter_back()


async def _silence(bench: BluezBench) -> None:
    bench.fake.character.advertises = False
    bench.fake.drop()
    await asyncio.sleep(3.0)
    bench.fake.character.advertises = True


BLUEZ: dict[str, Callable[[BluezBench], Any]] = {
    "the machine ends the link": _drop,
    "gone for 3 s": _silence,
    "bluetoothd killed, back after 0.5 s": _restart,
    "bluetoothd hung for 4 s": _hang,
    "adapter gone for 1 s": _adapter,
}


def over_dbus(bus: PrivateBus, name: str, rounds: int) -> list[float]:
    """Seconds of the real clock, one for each round."""
    times: list[float] = []

    async def work() -> None:
        async with BluezBench(bus) as bench:
            bench.fake.character.linger_s = LINGER_S
            await bench.ready()
            loop = asyncio.get_running_loop()
            for _ in range(rounds):
                await BLUEZ[name](bench)
                free_s = loop.time()
                while bench.frame.link is LinkState.READY and loop.time() - free_s < 1.0:
                    await asyncio.sleep(0.005)
                try:
                    await bench.until(lambda frame: frame.link is LinkState.READY, "treadmill", GIVE_UP_S)
                except AssertionError:
                    times.append(GIVE_UP_S)
                    continue
                times.append(loop.time() - free_s)

    run_loop(work)
    return times


# ---------------------------------------------------------------------------------------------- the bench


def run(options: argparse.Namespace) -> dict[str, Any]:
    rows: list[dict[str, Any]] = []
    if options.only != "bluez":
        for name in SIMULATED:
            rows.append(_row("simulated", name, simulated(name, 20 if options.quick else 200)))
    if options.only != "simulated":
        with closing(PrivateBus()) as bus:
            os.environ["DBUS_SYSTEM_BUS_ADDRESS"] = bus.address
            for name in BLUEZ:
                rows.append(_row("bleak, D-Bus", name, over_dbus(bus, name, 2 if options.quick else 20)))
    failures = [
        f"{row['link']}, {row['loss']}: not ready within {GIVE_UP_S:g} s" for row in rows if row["max_s"] >= GIVE_UP_S
    ]
    return {"rows": rows, "failures": failures, "seed": SEED}


def _row(link: str, name: str, times: list[float]) -> dict[str, Any]:
    return {
        "link": link,
        "loss": name,
        "n": len(times),
        "p50_s": round(common.percentile(times, 50), 2),
        "max_s": round(max(times), 2),
    }


def show(result: dict[str, Any]) -> None:
    common.table(
        ("link", "loss", "N", "ready after, p50 s", "max s"),
        [(row["link"], row["loss"], row["n"], row["p50_s"], row["max_s"]) for row in result["rows"]],
    )
    rounds = sum(row["n"] for row in result["rows"])
    print(common.claim(rounds, len(result["failures"]), f"losses took more than {GIVE_UP_S:g} s"))


if __name__ == "__main__":
    sys.exit(
        common.main(__doc__.splitlines()[0], run, show, only={"choices": ["simulated", "bluez"], "default": None})
    )
