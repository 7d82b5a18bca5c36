"""Fitness Machine Service: bytes, client."""
