"""The safety state machine."""
