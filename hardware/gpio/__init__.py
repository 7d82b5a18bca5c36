"""Pins: inputs, permit, alarm."""
