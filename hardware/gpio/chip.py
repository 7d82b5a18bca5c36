"""The pins of a Raspberry Pi: gpiozero over lgpio, on a chip found by its label.

Why so and not otherwise (safety.md 2.2): the factory is made here and handed to every device, so gpiozero never
falls back to another library in silence. Inputs are ``InputDevice``, read by level: no callback is installed, so no
callback can die, lag or be debounced away. ``import lgpio`` starts one thread, which then sleeps for ever on an
empty pipe.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from hardware.gpio.pins import PinError

if TYPE_CHECKING:
    from gpiozero import InputDevice, OutputDevice
    from gpiozero.pins.lgpio import LGPIOFactory

HEADER_LABELS: Final = ("pinctrl-bcm2835", "pinctrl-bcm2711", "pinctrl-rp1")
"""The kernel's names for the chip behind the 40-pin header: Pi 0-3, Pi 4, Pi 5. Its number varies."""


def chips(device_directory: Path = Path("/dev")) -> list[int]:
    """Numbers of the GPIO chips this machine has."""
    found = (path.name.removeprefix("gpiochip") for path in device_directory.glob("gpiochip*"))
    return sorted(int(number) for number in found if number.isdigit())


def choose_chip(labels: Mapping[int, str], wanted: str | None) -> int:
    """The chip whose label is *wanted* (None: that of a Pi's header). Raises PinError with a sentence."""
    if not labels:
        raise PinError(
            "This machine has no GPIO device (/dev/gpiochip*). The guard's wires need a Raspberry Pi; "
            'for a desk, set wiring.pins to "simulated".'
        )
    names = (wanted,) if wanted is not None else HEADER_LABELS
    for number in sorted(labels):
        if labels[number] in names:
            return number
    seen = ", ".join(f"{labels[number]} (gpiochip{number})" for number in sorted(labels))
    raise PinError(
        f"No GPIO chip is labelled {' or '.join(names)}; there is: {seen}. Set wiring.chip_label to the one to use."
    )


_NOT_ALLOWED: Final = "The GPIO device cannot be opened. Is this user in the group gpio?"


class ChipPins:
    """Pins of one chip, held until closed. Raises PinError from the constructor when they cannot be had."""

    def __init__(
        self, inputs: Iterable[int], outputs: Iterable[int], work_directory: Path, label: str | None = None
    ) -> None:
        self._factory: LGPIOFactory | None = None
        self._inputs: dict[int, InputDevice] = {}
        self._outputs: dict[int, OutputDevice] = {}
        self._errors: tuple[type[Exception], ...] = (OSError,)
        try:
            self._claim(inputs, outputs, work_directory, label)
        except PinError:
            self.close()
            raise
        except self._errors as error:
            self.close()
            raise PinError(_sentence(error)) from error

    def _claim(self, inputs: Iterable[int], outputs: Iterable[int], work_directory: Path, label: str | None) -> None:
        numbers = chips()
        if not numbers:
            choose_chip({}, label)
        library = _library(work_directory)
        self._errors = library.errors
        labels = {n: name for n in numbers if (name := library.label_of(n)) is not None}
        if not labels:
            raise PinError(_NOT_ALLOWED)
        number = choose_chip(labels, label)
        with warnings.catch_warnings():
            warnings.filterwarnings("error", category=library.warning)  # PinFactoryFallback: never in silence
            self._factory = library.factory(chip=number)
            for pin in inputs:
                self._inputs[pin] = library.input(pin, pull_up=True, pin_factory=self._factory)
            for pin in outputs:
                self._outputs[pin] = library.output(pin, initial_value=False, pin_factory=self._factory)
        for device in (*self._inputs.values(), *self._outputs.values()):
            if type(device.pin_factory) is not library.factory:
                raise PinError("gpiozero uses another pin library than lgpio. The guard accepts no other.")

    def levels(self, now_s: float) -> Mapping[int, int]:
        """Every input's level, read now. Raises PinError."""
        try:
            # .value is 1 for "active", which with a pull-up is low.
            return {pin: 1 - int(device.value) for pin, device in self._inputs.items()}
        except self._errors as error:
            raise PinError(_sentence(error)) from error

    def drive(self, pin: int, level: int, now_s: float) -> None:
        """Set an output. Raises PinError."""
        try:
            self._outputs[pin].value = level
        except self._errors as error:
            raise PinError(_sentence(error)) from error

    def close(self) -> None:
        """Outputs low, pins released; idempotent."""
        for output in self._outputs.values():
            try:
                output.off()
                output.close()
            except self._errors:
                continue  # the others must still be released
        for device in self._inputs.values():
            try:
                device.close()
            except self._errors:
                continue
        self._outputs, self._inputs = {}, {}
        if self._factory is not None:
            self._factory.close()
            self._factory = None


class _Library(NamedTuple):
    label_of: Callable[[int], str | None]
    factory: type[LGPIOFactory]
    input: type[InputDevice]
    output: type[OutputDevice]
    errors: tuple[type[Exception], ...]
    warning: type[Warning]


def _library(work_directory: Path) -> _Library:
    """Import lgpio and gpiozero. lgpio makes a pipe in LG_WD and changes directory to it: we go back."""
    os.environ["LG_WD"] = str(work_directory)
    here = Path.cwd()
    try:
        import lgpio
        from gpiozero import GPIOZeroError, GPIOZeroWarning, InputDevice, OutputDevice
        from gpiozero.pins.lgpio import LGPIOFactory
    except (ImportError, OSError) as error:
        raise PinError(
            f"The GPIO library lgpio cannot be used: {error}. On Debian install python3-lgpio, and make sure that "
            f"{work_directory} can be written to."
        ) from error
    finally:
        os.chdir(here)

    def label_of(number: int) -> str | None:
        try:
            handle = lgpio.gpiochip_open(number)
        except lgpio.error:
            return None  # no permission: reported if no other chip fits
        try:
            return str(lgpio.gpio_get_chip_info(handle)[3])
        finally:
            lgpio.gpiochip_close(handle)

    errors = (OSError, lgpio.error, GPIOZeroError, GPIOZeroWarning)
    return _Library(label_of, LGPIOFactory, InputDevice, OutputDevice, errors, GPIOZeroWarning)


def _sentence(error: Exception) -> str:
    text = str(error).strip("'")
    if "busy" in text.lower():
        return f"A GPIO pin is held by another process ({text}). Is the guard running already?"
    if "can not open gpiochip" in text:
        return _NOT_ALLOWED
    return f"A GPIO pin failed: {text}."
