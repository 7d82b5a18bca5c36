"""What a row of samples of one contact means. Pure, and asymmetric (safety.md 2.2): opening is believed at once,
closing only after it has lasted.
"""

from __future__ import annotations

from typing import Final

import msgspec

from hardware.constants import CHATTER_SAMPLES, CHATTER_WINDOW, OPEN_SAMPLES, PRESS_S, RECLOSE_S, SAMPLE_S
from hardware.link.messages import Contact

RECLOSE_SAMPLES: Final = round(RECLOSE_S / SAMPLE_S)
PRESS_SAMPLES: Final = round(PRESS_S / SAMPLE_S)

_WINDOW: Final = (1 << CHATTER_WINDOW) - 1
_ROW: Final = (1 << OPEN_SAMPLES) - 1


class Debounce(msgspec.Struct, frozen=True):
    """One contact so far. It begins SETTLING: unknown is not closed, and nobody has opened it either."""

    contact: Contact = Contact.SETTLING
    recent: int = 0  # the newest samples, newest in bit 0, 1 = open
    closed_samples: int = 0  # in a row


def sampled(before: Debounce, *, is_open: bool, settle: int = RECLOSE_SAMPLES) -> Debounce:
    """The contact after one more sample; it is CLOSED after *settle* closed ones in a row.

    Samples are counted, not seconds: time in which nobody looked proves nothing.
    """
    if not is_open:
        closed = before.closed_samples + 1
        contact = Contact.CLOSED if before.contact is Contact.CLOSED or closed >= settle else Contact.SETTLING
        return Debounce(contact, before.recent << 1 & _WINDOW, closed)
    recent = (before.recent << 1 | 1) & _WINDOW
    if recent & _ROW == _ROW or recent.bit_count() >= CHATTER_SAMPLES:
        return Debounce(Contact.OPEN, recent, 0)
    return Debounce(before.contact, recent, 0)
