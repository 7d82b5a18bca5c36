"""Pins: how the guard reads its wires and drives its outputs. Only the guard process uses this package."""
