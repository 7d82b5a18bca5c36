"""The fallback writer of stop bytes."""
