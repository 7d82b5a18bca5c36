"""How BlueZ says that the indications are off, in the words measured (tests/system) and in newer ones."""

import pytest
from dbus_fast import Message, MessageType

from hardware.stopper.bluez import _says, _takes_no_request
from hardware.stopper.writer import CCCD_NOT_CONFIGURED


def reply(name=None, text=None):
    kind = MessageType.METHOD_RETURN if name is None else MessageType.ERROR
    body = [] if text is None else [text]
    return Message(message_type=kind, error_name=name, reply_serial=1, signature="s" if body else "", body=body)


@pytest.mark.parametrize(
    "said",
    [
        reply("org.bluez.Error.Failed", "Operation failed with ATT error: 0xfd"),
        reply("org.bluez.Error.ImproperlyConfigured", "Improperly configured"),
    ],
)
def test_indications_that_are_off_are_known_by_either_wording(said):
    assert _says(said, CCCD_NOT_CONFIGURED, "ImproperlyConfigured")


@pytest.mark.parametrize(
    "said",
    [
        reply(),
        reply("org.bluez.Error.Failed", "Operation failed with ATT error: 0x0e"),
        reply("org.bluez.Error.Failed"),
        reply("org.bluez.Error.NotConnected", "Not Connected"),
    ],
)
def test_no_other_answer_turns_indications_on(said):
    assert not _says(said, CCCD_NOT_CONFIGURED, "ImproperlyConfigured")


@pytest.mark.parametrize(
    ("said", "never"),
    [
        (reply("org.bluez.Error.NotPermitted", "Write not permitted"), True),
        (reply("org.bluez.Error.NotSupported", "Operation is not supported"), True),
        (reply("org.bluez.Error.NotPermitted", "Not paired"), False),
        (reply("org.bluez.Error.Failed", "Not connected"), False),
        (reply(), False),
    ],
)
def test_only_a_control_point_that_takes_no_request_is_written_without_response(said, never):
    assert _takes_no_request(said) is never
