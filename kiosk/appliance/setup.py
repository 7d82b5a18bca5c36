"""``retrowalk setup``: from an installed package to a kiosk that walks people. Asks little, proves what it can.

Four steps, each of which may be skipped (it then says what is missing) and is remembered, so that setup can be broken
off and taken up again: *questions* write the configuration, *wires* has each wire moved, *treadmill* finds and binds
the machine, *check* starts the kiosk and leads to its screen, where the first account is made, the treadmill is
commissioned and the opening check done. Whether that was done is then asked of the guard, not of the technician.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Protocol, TextIO

import msgspec
from rich.console import Console
from rich.panel import Panel
from rich.prompt import Confirm, Prompt
from rich.table import Table
from rich.text import Text

from hardware.config import MAX_CAP_KMH, MIN_CAP_KMH, Config, ConfigError, load_config, parse_config
from hardware.config.binding import Binding, BindingError, load_binding, save_binding
from hardware.config.files import keep_and_replace
from kiosk.appliance.config_text import LEVELS, UNITS, Answers, answers_of, config_text, width_mm

STEPS: Final = ("questions", "wires", "treadmill", "check")
PROVE_S: Final = 30.0
SCAN_S: Final = 10.0
PROGRESS: Final = "setup-progress.json"


WITHOUT: Final = {
    "questions": "Without a configuration the kiosk does not start. Once more: sudo retrowalk setup",
    "wires": "Nobody has seen the wires work. Prove them before anyone walks: sudo retrowalk setup --again wires",
    "treadmill": "No treadmill is bound: the staff's desk, or sudo retrowalk setup --again treadmill",
    "check": "The opening check is still to do, at the screen: nobody can walk before. Then: sudo retrowalk setup",
}
"""What is missing where a step was skipped."""

MOVE: Final = {
    "clip": "Pull the clip off, count to two, and put it back on",
    "red_button": "Press the red button, count to two, and twist it out again",
    "amber_button": "Press the amber button on the rail, and let it go",
    "deck_open_end": "Step into the distance sensor's field at the open end of the deck, and out again (belt off)",
    "deck_motor_end": "Step into the distance sensor's field at the motor end of the deck, and out again (belt off)",
    "belt_pickup": "Turn the belt by hand by a metre, treadmill unplugged",
}
"""How each wire is moved; keys are those of [wiring]."""


AT_THE_SCREEN: Final = """
The rest is done at the kiosk's screen, beside the treadmill, with the belt empty:
  1. It asks for the owner's name and a PIN of six digits, once.
  2. Hold the logo for two seconds, sign in, Treadmill, Commission: about ten minutes.
  3. Opening check: about three minutes, and from then on each day.
"""

OPENED: Final = "[green]The guard has it: members can walk.[/]"
THIS_CONSOLE: Final = (
    "This console becomes the kiosk's screen: setup ends here, and nobody can log in on it any more. "
    "Later commands need a login over the network."
)

HEADER_PINS: Final = range(28)
"""BCM numbers on the 40-pin header."""

NAME_MAX: Final = 60
NEEDED: Final = "No kiosk goes without this one: it is normally closed, from the pin to ground."
NONE_FITTED: Final = ("none", "-", "-1")


class SetupError(Exception):
    """Setup cannot go on; the text says what to do."""


class Hands(Protocol):
    """What setup needs of the hardware; kiosk.cli hands it over, tests play it."""

    def wires(self, config: Config) -> Sequence[str]:
        """The inputs that a person can move."""

    def prove(self, config: Config, wire: str, seconds: float) -> str:
        """'' once it was seen to move and come back, else what was wrong."""

    def scan(self, seconds: float, adapter: str | None) -> Sequence[tuple[str, str, str]]:
        """(address, name, strength) of each treadmill in reach. Raises SetupError."""

    def services(self, *, on: bool) -> bool:
        """Start guard, belt, stopper and kiosk, now anew and at each boot, or stop them; False without systemd."""

    def opened(self) -> bool | None:
        """Whether the guard knows of an opening check that counts; None where the kiosk does not answer."""


@dataclass(frozen=True, slots=True)
class Panel_:  # noqa: N801  # Panel is rich's
    """A display as it tells of itself."""

    width_px: int
    height_px: int
    width_mm: float | None


def attached_panel(drm: Path = Path("/sys/class/drm")) -> Panel_ | None:
    """The first connected display: its preferred mode and, from its EDID, its width. None if there is none."""
    for connector in sorted(drm.glob("card*-*")):
        try:
            if (connector / "status").read_text().strip() != "connected":
                continue
            first = (connector / "modes").read_text().splitlines()[0]
            width, height = (int(part) for part in first.split("x"))
            edid = (connector / "edid").read_bytes()
        except (OSError, ValueError, IndexError):
            continue
        # Byte 21: the picture's width in whole centimetres; 0 for projectors.
        return Panel_(width, height, edid[21] * 10.0 if len(edid) >= 128 and edid[21] else None)
    return None


class Setup:
    """See the top of this file."""

    def __init__(
        self,
        *,
        config: Path,
        data: Path,
        hands: Hands,
        console: Console,
        stream: TextIO | None = None,
        answers: Answers | None = None,
        panel: Panel_ | None = None,
        who: str = "setup",
        kiosks_console: bool = False,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """*answers*: from a file; then nothing is asked. *stream*: what is typed, in tests.

        *kiosks_console*: what is typed comes from the console that the kiosk will take.
        """
        self._path: Final = config
        self._data: Final = data
        self._hands: Final = hands
        self._console: Final = console
        self._stream: Final = stream
        self._given: Final = answers
        self._panel: Final = panel
        self._who: Final = who
        self._kiosks_console: Final = kiosks_console
        self.stopped = False
        self._changed = False  # something that what runs does not know yet
        self._again: tuple[str, ...] = ()
        self._now: Final = now
        self._progress: Final = config.parent / PROGRESS

    # ------------------------------------------------------------------------------------------------ the whole

    def run(self, again: Sequence[str] = ()) -> dict[str, str]:
        """All steps that are not done, and those named in *again*. What became of each: done, skipped, failed.

        After any of the others the last one is done too: what runs is to run by the new configuration.
        """
        became, self._again = self._remembered(), tuple(again)
        for step in again:
            became.pop(step, None)
        if any(became.get(step) != "done" for step in STEPS):
            became.pop("check", None)
        doing = {"questions": self.questions, "wires": self.wires, "treadmill": self.treadmill, "check": self.check}
        for number, step in enumerate(STEPS, start=1):
            if became.get(step) == "done":
                self._console.print(
                    f"[dim]{number}. {step}: done before (again: sudo retrowalk setup --again {step})[/]"
                )
                continue
            self._console.rule(f"{number} of {len(STEPS)}: {step}", align="left")
            became[step] = doing[step]()
            self._changed = self._changed or self.stopped
            self._remember(became)
            if became[step] != "done":
                self._console.print(f"[yellow]{WITHOUT[step]}[/]")
            if step == "questions" and became[step] != "done" and not self._path.exists():
                break
        return became

    def _remembered(self) -> dict[str, str]:
        try:
            found = json.loads(self._progress.read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        known = found if isinstance(found, dict) else {}
        done = {step: str(known[step]) for step in STEPS if step in known}
        return done if self._path.exists() else {}

    def _remember(self, became: dict[str, str]) -> None:
        try:
            keep_and_replace(self._progress, json.dumps(became) + "\n")
        except OSError as error:
            raise SetupError(
                f"{self._progress} cannot be written ({error.strerror}): put sudo before this."
            ) from error

    # ------------------------------------------------------------------------------------------------ asking

    def _text(self, question: str, default: str, choices: Sequence[str] | None = None) -> str:
        return Prompt.ask(
            question,
            console=self._console,
            default=default,
            choices=None if choices is None else list(choices),
            case_sensitive=False,
            stream=self._stream,
        ).strip()

    def _name(self, question: str, default: str) -> str:
        while True:
            name = self._text(question, default)
            if 0 < len(name) <= NAME_MAX:
                return name
            self._console.print(f"From 1 to {NAME_MAX} letters, please.")

    def _pixels(self, question: str, default: str) -> str:
        while True:
            found = re.fullmatch(r"(\d{3,4})\s*[x*×]\s*(\d{3,4})", self._text(question, default).lower())
            if found is not None:
                return f"{found[1]}x{found[2]}"
            self._console.print("Write width x height, for example 1920x1080.")

    def _number(self, question: str, default: float, low: float, high: float) -> float:
        while True:
            typed = self._text(question, f"{default:g}").replace(",", ".")
            try:
                number = float(typed)
            except ValueError:
                number = math.nan
            if low <= number <= high:
                return number
            self._console.print(f"A number from {low:g} to {high:g}, please.")

    def _pin(self, question: str, default: int | None, taken: dict[int, str], without: str = "") -> int | None:
        """A BCM number that is not *taken*, or None for "not fitted". *without*: why that cannot be here."""
        shown = "none" if default is None else str(default)
        choice = "" if without else " [dim](none: not fitted)[/]"
        while True:
            typed = self._text(f"{question}{choice}", shown).lower().removeprefix("gpio").strip()
            if typed in NONE_FITTED and not without:
                return None
            if typed in NONE_FITTED:
                self._console.print(without)
            elif not typed.isdecimal() or (int(typed) not in HEADER_PINS and int(typed) != default):
                self._console.print(f"A GPIO number from {HEADER_PINS[0]} to {HEADER_PINS[-1]}, please.")
            elif int(typed) in taken:
                self._console.print(f"{taken[int(typed)]} is on GPIO {typed} already: each needs a pin of its own.")
            else:
                taken[int(typed)] = question
                return int(typed)

    def _yes(self, question: str, *, default: bool = True) -> bool:
        return Confirm.ask(question, console=self._console, default=default, stream=self._stream)

    # ------------------------------------------------------------------------------------------------ 1: questions

    def questions(self) -> str:
        """Ask, check together, show, write."""
        answers = self._given or self._ask(self._defaults())
        while True:
            try:
                text = config_text(answers, str(self._data))
                break
            except ConfigError as error:
                if self._given is not None:
                    raise SetupError(str(error)) from error
                self._console.print(str(error), style="red", markup=False)
                if not self._yes("Answer again?"):
                    return "skipped"
                answers = self._ask(answers)
        self._console.print(Panel(Text(text.strip()), title=str(self._path), title_align="left"), highlight=False)
        if self._given is None and not self._yes("Write this?"):
            return "skipped"
        try:
            keep_and_replace(self._path, text)
            self._path.chmod(0o644)
        except OSError as error:
            raise SetupError(f"{self._path} cannot be written ({error.strerror}): use sudo.") from error
        self._rename(answers.treadmill_label)
        self._changed = True
        return "done"

    def _rename(self, label: str) -> None:
        """A bound treadmill has its name in the binding, which comes before the configuration's."""
        try:
            binding = load_binding(self._data)
            if binding is not None and binding.label != label:
                save_binding(self._data, msgspec.structs.replace(binding, label=label))
                self._hand_over(self._data / "binding.toml")
        except (BindingError, OSError) as error:
            self._console.print(f"The treadmill keeps its name: {error}", style="yellow", markup=False)

    def _defaults(self) -> Answers:
        try:
            own = parse_config(self._path.read_text(encoding="utf-8"), str(self._path))
            was = answers_of(load_config(self._path))
            return msgspec.structs.replace(was, treadmill=own.treadmill.address)  # a binding stays in its own file
        except (OSError, UnicodeDecodeError):
            pass  # none yet
        except ConfigError as error:
            self._console.print(f"What was set before is not used. {error}", style="yellow", markup=False)
        found = self._panel
        if found is None:
            return Answers()
        return Answers(
            screen_px=f"{found.width_px}x{found.height_px}",
            screen_width_mm=found.width_mm or width_mm(27.0, found.width_px, found.height_px),
        )

    def _ask(self, was: Answers) -> Answers:
        """What is not asked stays as it *was*."""
        name = self._name("Name of the gym, as members see it", was.gym_name)
        label = self._name("Name of this treadmill", was.treadmill_label)
        language = self._text("Language", was.language, ("en", "es", "de"))
        units = self._text("Speeds in", was.units, UNITS)
        pixels = self._pixels("Pixels of the screen", was.screen_px)
        width = self._number("Width of its picture in mm (a tape measure will do)", was.screen_width_mm, 50, 3000)
        distance = self._number("From the walker's eyes to the screen, in m", was.viewing_distance_m, 0.3, 10)
        self._console.print(
            "\nWhat can stop the belt besides Bluetooth?  [bold]H0[/] nothing: supervised use, 2.0 km/h at most   "
            "[bold]H1[/] a puller on the treadmill's key   [bold]H2[/] contacts in its safety loop"
        )
        level = self._text("Wiring level", was.level, LEVELS)
        self._console.print(
            "\nPins are GPIO (BCM) numbers, not places on the header; guide/wiring.md has both. "
            "Clip and red button are normally closed, from the pin to ground."
        )
        taken: dict[int, str] = {} if was.test_pulse is None else {was.test_pulse: "The test pulse"}
        pins: dict[str, int | None] = {}
        pins["clip"] = self._pin("Clip", was.clip, taken, NEEDED)
        pins["red_button"] = self._pin("Red button", was.red_button, taken, NEEDED)
        pins["amber_button"] = self._pin("Amber button on the rail", was.amber_button, taken)
        pins["alarm"] = self._pin("Alarm (buzzer or beacon)", was.alarm, taken)
        pins["deck_open_end"] = self._pin("Distance sensor, open end", was.deck_open_end, taken)
        pins["deck_motor_end"] = self._pin("Distance sensor, motor end", was.deck_motor_end, taken)
        pins["belt_pickup"] = self._pin("Belt pick-up", was.belt_pickup, taken)
        pickup_mm, cap_kmh = was.pickup_mm, was.cap_kmh
        if pins["belt_pickup"] is not None:
            pickup_mm = round(self._number("Belt for each of its pulses, in mm, by tape", was.pickup_mm, 40, 300))
        pins["permit"] = pins["permit_readback"] = None
        if level != "H0":
            relay = f"Level {level} is its relay: without one, level H0 (break off with Ctrl-C and begin again)."
            pins["permit"] = self._pin("Permit (relay)", was.permit or 23, taken, relay)
            pins["permit_readback"] = self._pin("Permit read-back", was.permit_readback or 24, taken)
            if pins["permit_readback"] is None:
                self._console.print("Without its read-back the relay counts for nothing: supervised use, as H0.")
            question = "Fastest that anybody may walk here, in km/h (commissioning may allow less)"
            cap_kmh = self._number(question, was.cap_kmh, MIN_CAP_KMH, MAX_CAP_KMH)
        return msgspec.structs.replace(
            was,
            gym_name=name,
            treadmill_label=label,
            language=language,
            units=units,
            screen_px=pixels,
            screen_width_mm=width,
            viewing_distance_m=distance,
            level=level,
            pickup_mm=pickup_mm,
            cap_kmh=cap_kmh,
            **pins,
        )

    # ------------------------------------------------------------------------------------------------ 2: wires

    def wires(self) -> str:
        """Each wire is moved, and seen to move."""
        config = self._config()
        if self._given is not None:
            return "skipped"
        if config.simulated:
            self._console.print("The pins are simulated: there is no wire to prove.")
            return "done"
        if not self._yes("Move each wire now, one after the other?"):
            return "skipped"
        self.stopped = self._hands.services(on=False)  # a pin has one owner, and the guard is it
        missing = [wire for wire in self._hands.wires(config) if not self._prove(config, wire)]
        for wire in missing:
            self._console.print(f"[yellow]{wire.replace('_', ' ')}: not proved.[/]")
        return "failed" if missing else "done"

    def _prove(self, config: Config, wire: str) -> bool:
        pin = getattr(config.wiring, wire)
        while True:
            self._console.print(f"\n[bold]{MOVE[wire]}[/]  [dim](GPIO {pin}, {PROVE_S:.0f} s)[/]")
            wrong = self._hands.prove(config, wire, PROVE_S)
            if not wrong:
                self._console.print("[green]Seen.[/]")
                return True
            self._console.print(f"{wrong.rstrip('.')}.", style="red", markup=False)
            if not self._yes("Try again?"):
                return False

    def _config(self) -> Config:
        try:
            return load_config(self._path)
        except ConfigError as error:
            raise SetupError(str(error)) from error

    # ------------------------------------------------------------------------------------------------ 3: treadmill

    def treadmill(self) -> str:
        """Find it by radio and bind it; its sticker settles which one is meant."""
        config = self._config()
        if config.simulated:
            return "done"
        if config.treadmill.address is not None and "treadmill" not in self._again:
            self._console.print(f"Bound to {config.treadmill.address} already.")
            return "done"
        if self._given is not None or not self._yes("Switch the treadmill on. Look for it now?"):
            return "skipped"
        while True:
            try:
                found = list(self._hands.scan(SCAN_S, config.treadmill.adapter))
                wrong = "No treadmill answers. Is it on, awake, and free of any phone or watch?"
            except SetupError as error:
                found, wrong = [], str(error)
            if found:
                break
            self._console.print(wrong, markup=False)
            if not self._yes("Look again?"):
                return "skipped"
        table = Table("number", "name", "last four", "strength")
        for number, (address, name, strength) in enumerate(found, start=1):
            table.add_row(str(number), name, address.replace(":", "")[-4:], strength)
        self._console.print(table)
        self._console.print("Compare the last four with the sticker on the treadmill.")
        choice = self._text("Number (0: none of them)", "1", [str(number) for number in range(len(found) + 1)])
        if choice == "0":
            return "skipped"
        address = found[int(choice) - 1][0]
        at = self._now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        binding = Binding(address=address, label=config.gym.treadmill_label, bound_by=self._who, bound_at=at)
        try:
            save_binding(self._data, binding)
            self._hand_over(self._data / "binding.toml")
        except (BindingError, OSError) as error:
            raise SetupError(f"The treadmill cannot be bound: {error}") from error
        self._changed = True
        self._console.print(
            f"Bound to {address}. Commission it with the belt empty before members use it: staff's desk, Treadmill."
        )
        return "done"

    def _hand_over(self, path: Path) -> None:
        """What root made in the data directory belongs to who owns that directory."""
        owner = self._data.stat()
        if os.geteuid() == 0:
            os.chown(path, owner.st_uid, owner.st_gid)
            path.chmod(0o640)

    # ------------------------------------------------------------------------------------------------ 4: check

    def check(self) -> str:
        """Start the kiosk, lead to its screen, and hear from the guard whether the opening check was done."""
        if not self._changed and self._hands.opened():
            self._console.print(OPENED)
            return "done"
        if self._kiosks_console and self._given is None:
            self._console.print(THIS_CONSOLE, style="yellow")
            self._console.print(AT_THE_SCREEN, highlight=False)
            if not self._yes("Start the kiosk now?"):
                return "skipped"
        self._console.print("Starting guard, belt, stopper and kiosk: half a minute, or a little more.")
        if not self._hands.services(on=True):
            self._console.print("There is no systemd here: start it with retrowalk run.")
            return "skipped"
        self.stopped = False
        self._console.print("They are started.")
        if self._given is not None:
            return "skipped"
        self._console.print(AT_THE_SCREEN, highlight=False)
        while self._yes("Are all three done? (n: later)"):
            opened = self._hands.opened()
            if opened:
                self._console.print(OPENED)
                return "done"
            self._console.print(
                "The kiosk does not answer. What is wrong says: sudo retrowalk doctor"
                if opened is None
                else "The guard knows of no opening check yet. It begins on the staff's desk, after commissioning."
            )
        return "skipped"
