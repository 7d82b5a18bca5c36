"""The C half of ``lgpio`` for Pythons that have no wheel of it, by ctypes: for the appliance on plain Debian 13.

Debian has no package of lgpio (Raspberry Pi OS has, and there that one is used); PyPI's newest wheel is for Python
3.12. Its shared library exports the whole C interface of lg, which does not depend on Python's version: this module
calls that, and upstream's own ``lgpio.py`` sits on top unchanged. It has what gpiozero's LGPIOFactory needs, and no
more: any other function is missing, and says so.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from pathlib import Path

_lib = ctypes.CDLL(str(next(Path(__file__).parent.glob("lg-carrier-*.so"))))
_int = ctypes.c_int


class _ChipInfo(ctypes.Structure):
    _fields_ = [("lines", ctypes.c_uint32), ("name", ctypes.c_char * 32), ("label", ctypes.c_char * 32)]


def _plain(name: str, arguments: int) -> Callable[..., int]:
    function = getattr(_lib, name)
    function.argtypes = [_int] * arguments
    function.restype = _int
    return function


_gpiochip_open = _plain("lgGpiochipOpen", 1)
_gpiochip_close = _plain("lgGpiochipClose", 1)
_gpio_get_mode = _plain("lgGpioGetMode", 2)
_gpio_claim_input = _plain("lgGpioClaimInput", 3)
_gpio_claim_output = _plain("lgGpioClaimOutput", 4)
_gpio_free = _plain("lgGpioFree", 2)
_gpio_read = _plain("lgGpioRead", 2)
_gpio_write = _plain("lgGpioWrite", 3)
_gpio_set_debounce_micros = _plain("lgGpioSetDebounce", 3)
_notify_open = _plain("lgNotifyOpen", 0)
_lib.lguErrorText.argtypes = [_int]
_lib.lguErrorText.restype = ctypes.c_char_p


def _error_text(error: int) -> str:
    return _lib.lguErrorText(error).decode("ascii", "replace")


def _gpio_get_chip_info(handle: int) -> list[int | str]:
    info = _ChipInfo()
    status = _lib.lgGpioGetChipInfo(_int(handle), ctypes.byref(info))
    return [status, info.lines, info.name.decode("utf-8", "replace"), info.label.decode("utf-8", "replace")]
