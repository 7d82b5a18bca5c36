"""The world for those without one: treadmill, pins, byte tap, time."""
