"""Shared by the integration tests."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher

from kiosk.staff import pin
from tests.support.bluez import PrivateBus


@pytest.fixture(scope="module")
def private_bus():
    """A dbus-daemon of our own; the tests that need one fail, and say why, where there is no binary."""
    bus = PrivateBus()
    yield bus
    bus.close()


@pytest.fixture
def bus(private_bus, monkeypatch):
    """bleak and everything else that asks for the system bus get the private one."""
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", private_bus.address)
    return private_bus


@pytest.fixture(scope="module")
def cheap_pins():
    """What a hash costs is no matter here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pin, "_hasher", lambda: PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield
