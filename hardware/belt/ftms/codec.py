"""FTMS bytes to values and back."""
