"""How the kiosk and its machine are: plain functions that look and tell. For ``retrowalk doctor`` and Diagnostics."""
