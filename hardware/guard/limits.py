"""Hard limits, session envelope, ramps."""
