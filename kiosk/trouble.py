"""Sentences of guard and belt in the screen's language.

They come over the link in English, for people at a shell as well. What is known here is said in the kiosk's own
words; an unknown sentence is shown as it came, which is better than none.
"""

from __future__ import annotations

import re
import string
from typing import Final

from kiosk.locale import Catalogue

SENTENCES: Final = {
    "unbound": (
        "No treadmill is chosen yet. Find its address with 'retrowalk scan' and put it into the configuration"
        " (treadmill.address)."
    ),
    "no_control_point": (
        "This treadmill tells its speed but takes no commands over Bluetooth (no control point). It cannot be"
        " driven; staff can allow walks that follow its own console."
    ),
    "not_measured": (
        "Nobody has measured this treadmill yet: it has no profile. Until staff measure it, this kiosk only "
        "reads it and writes nothing to it."
    ),
    "vanished": (
        "The treadmill was connected and no longer shows itself. Switch it on again, or look whether a phone "
        "or watch has taken it: disconnect that."
    ),
    "control_refused": (
        "The treadmill refuses remote control. Look at its console for a question, or switch it off and on."
    ),
    "control_unanswered": (
        "The treadmill does not answer the request for control. If it obeys all the same, its profile must say so."
    ),
    "no_data": "The treadmill is connected but sends no data.",
    "in_use": "The treadmill is moving and this kiosk did not start it. Wait until it is free.",
    "moved_after_stop": (
        "After a stop, the belt of this treadmill has moved again by itself. From now on it gets one stop "
        "only. Measure this treadmill anew, so that its profile says so."
    ),
    "commands_unanswered": "The treadmill no longer takes commands. Use its own stop button and key.",
    "no_world": "The simulated world is not running. Start it first.",
    "no_bluetoothd": (
        "The Bluetooth service is not running. Start it with 'sudo systemctl start bluetooth', or restart the kiosk."
    ),
    "bluetoothd_silent": "The Bluetooth service does not answer. Restart the kiosk; use the treadmill's own key.",
    "no_adapter": "This machine has no Bluetooth adapter that can be used. Plug one in or switch it on.",
    "adapter_off": "Bluetooth is switched off. Turn it on with 'bluetoothctl power on'.",
    "not_found": (
        "The treadmill is not in reach, or in use by a phone or watch: then it does not show itself. Switch "
        "it on, and disconnect it from every other device."
    ),
    "refused": (
        "The treadmill does not let this kiosk connect. A phone or watch may hold it: disconnect that first."
    ),
    "not_a_treadmill": "The device at this address is no FTMS treadmill. Choose another with 'retrowalk scan'.",
    "wants_pairing": "The treadmill wants to be paired. Put it into pairing mode at its console.",
    "no_link": "The connection to the treadmill was lost.",
    "timed_out": "The treadmill does not answer. Switch it off and on, and keep other phones away from it.",
    "busy": "The treadmill is busy with another command.",
    "att": "The treadmill refused a request.",
    "other": "Bluetooth failed.",
    "alike": (
        '{n} treadmills near here are called "{name}" ({endings}). Compare the last four of the address with '
        "the sticker on the treadmill, or pull the key of the one that is meant."
    ),
    "firmware_changed": (
        "This treadmill now says that it is {now}; it was measured as {measured}. Until staff measure it "
        "again, this kiosk only reads it and writes nothing to it."
    ),
    "minimum_above_cap": (
        "The slowest speed of this treadmill is {minimum} km/h, which is above the cap of {cap} km/h. It "
        "cannot be used until staff raise the cap."
    ),
    "wire_unread": "The {wire} (pin {pin}) cannot be read.",
    "wire_level": "The {wire} (pin {pin}) reads {level}, which is neither low nor high.",
    "wire_short": "The loop of the {wire} (pin {pin}) touches ground: it would not show an opening.",
    "pin_held": "A GPIO pin is held by another process ({text}). Is the guard running already?",
    "pin_denied": "The GPIO device cannot be opened. Is this user in the group gpio?",
    "pin_failed": "A GPIO pin failed: {text}.",
    "pins_gone": "The simulated pins are gone.",
}
"""Catalogue key below ``trouble.``: the sentence as guard or belt says it, with named places."""

WIRES: Final = {
    "clip": "clip",
    "red button": "red_button",
    "amber button": "amber_button",
    "permit read-back": "permit_read_back",
    "open-end sensor": "open_end_sensor",
    "motor-end sensor": "motor_end_sensor",
    "belt pick-up": "belt_pick_up",
}
"""A wire as the guard calls it: catalogue key below ``trouble.wire.``."""

NO_MODEL: Final = "of no model"

_WITH_DETAIL: Final = frozenset({"att", "other"})
"""What Bluetooth itself said may follow in brackets; it stays as it is."""


def _pattern(key: str, sentence: str) -> re.Pattern[str]:
    parts = string.Formatter().parse(sentence)
    made = "".join(re.escape(text) + (f"(?P<{name}>.+?)" if name is not None else "") for text, name, _, _ in parts)
    return re.compile(made + (r"(?P<detail> \(.*)?" if key in _WITH_DETAIL else ""), re.DOTALL)


_PATTERNS: Final = tuple((key, _pattern(key, sentence)) for key, sentence in SENTENCES.items())


def texts() -> frozenset[str]:
    """Every catalogue key that is used here."""
    return frozenset(
        {
            *(f"trouble.{key}" for key in SENTENCES),
            *(f"trouble.wire.{key}" for key in WIRES.values()),
            "trouble.no_model",
        }
    )


def told(say: Catalogue, sentence: str) -> str:
    """*sentence* of guard or belt in the language of *say*; as it is, where nobody here knows it."""
    for key, pattern in _PATTERNS:
        found = pattern.fullmatch(sentence)
        if found is not None and say.has(f"trouble.{key}"):
            places = found.groupdict(default="")
            detail = places.pop("detail", "")
            if places.get("wire") in WIRES:
                places["wire"] = say(f"trouble.wire.{WIRES[places['wire']]}")
            if places.get("now") == NO_MODEL:
                places["now"] = say("trouble.no_model")
            return say(f"trouble.{key}", **places) + detail
    return sentence
