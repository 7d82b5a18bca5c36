"""What is wrong, in words for the person who stands beside the treadmill: what it is and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hardware.belt.link import Fault, LinkError

NO_TREADMILL_BOUND: Final = (
    "No treadmill is chosen yet. Find its address with 'retrowalk scan' and put it into the configuration "
    "(treadmill.address)."
)
NO_CONTROL_POINT: Final = (
    "This treadmill tells its speed but takes no commands over Bluetooth (no control point). It cannot be driven; "
    "staff can allow walks that follow its own console."
)
NOT_MEASURED: Final = (
    "Nobody has measured this treadmill yet: it has no profile. Until staff measure it, this kiosk only reads it and "
    "writes nothing to it."
)
VANISHED: Final = (
    "The treadmill was connected and no longer shows itself. Switch it on again, or look whether a phone or watch "
    "has taken it: disconnect that."
)
CONTROL_REFUSED: Final = (
    "The treadmill refuses remote control. Look at its console for a question, or switch it off and on."
)
CONTROL_UNANSWERED: Final = (
    "The treadmill does not answer the request for control. If it obeys all the same, its profile must say so."
)
NO_DATA: Final = "The treadmill is connected but sends no data."
IN_USE: Final = "The treadmill is moving and this kiosk did not start it. Wait until it is free."
MOVED_AFTER_STOP: Final = (
    "After a stop, the belt of this treadmill has moved again by itself. From now on it gets one stop only. "
    "Measure this treadmill anew, so that its profile says so."
)
COMMANDS_UNANSWERED: Final = "The treadmill no longer takes commands. Use its own stop button and key."

_SENTENCES: Final = {
    Fault.NO_WORLD: "The simulated world is not running. Start it first.",
    Fault.NO_BLUETOOTHD: (
        "The Bluetooth service is not running. Start it with 'sudo systemctl start bluetooth', or restart the kiosk."
    ),
    Fault.BLUETOOTHD_SILENT: "The Bluetooth service does not answer. Restart the kiosk; use the treadmill's own key.",
    Fault.NO_ADAPTER: "This machine has no Bluetooth adapter that can be used. Plug one in or switch it on.",
    Fault.ADAPTER_OFF: "Bluetooth is switched off. Turn it on with 'bluetoothctl power on'.",
    Fault.NOT_FOUND: (
        "The treadmill is not in reach, or in use by a phone or watch: then it does not show itself. Switch it on, "
        "and disconnect it from every other device."
    ),
    Fault.REFUSED: (
        "The treadmill does not let this kiosk connect. A phone or watch may hold it: disconnect that first."
    ),
    Fault.NOT_A_TREADMILL: "The device at this address is no FTMS treadmill. Choose another with 'retrowalk scan'.",
    Fault.WANTS_PAIRING: "The treadmill wants to be paired. Put it into pairing mode at its console.",
    Fault.NO_LINK: "The connection to the treadmill was lost.",
    Fault.TIMED_OUT: "The treadmill does not answer. Switch it off and on, and keep other phones away from it.",
    Fault.BUSY: "The treadmill is busy with another command.",
    Fault.ATT: "The treadmill refused a request.",
    Fault.OTHER: "Bluetooth failed.",
}

_WITH_DETAIL: Final = frozenset((Fault.OTHER, Fault.ATT))


def sentence(error: LinkError) -> str:
    """One plain sentence or two for *error*."""
    text = _SENTENCES[error.fault]
    return f"{text} ({error.detail})"[:400] if error.fault in _WITH_DETAIL and error.detail else text


def two_alike(name: str, endings: Sequence[str]) -> str:
    """More than one treadmill of this name is near; *endings* are the last four of their addresses."""
    return (
        f'{len(endings)} treadmills near here are called "{name}" ({", ".join(endings)}). Compare the last four of '
        "the address with the sticker on the treadmill, or pull the key of the one that is meant."
    )[:400]


def firmware_changed(now: str, measured: str) -> str:
    """The profile was measured with another model or firmware."""
    return (
        f"This treadmill now says that it is {now or 'of no model'}; it was measured as {measured}. Until staff "
        "measure it again, this kiosk only reads it and writes nothing to it."
    )[:400]


def minimum_above_cap(minimum_kmh: float, cap_kmh: float) -> str:
    """The machine cannot go as slowly as it must."""
    return (
        f"The slowest speed of this treadmill is {minimum_kmh:g} km/h, which is above the cap of {cap_kmh:g} km/h. "
        "It cannot be used until staff raise the cap."
    )
