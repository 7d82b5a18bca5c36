"""Every screen in its important states, drawn to PNG with an index page.

For review, for the tests that measure what a person would see, and for the manual. The catalogue is made of snapshots
as the session makes them; nothing here knows a belt.
"""

from __future__ import annotations

from kiosk.gallery.pictures import PANELS_MM, Entry, GalleryError, catalogue, open_ui, panel, parse_size, render
from kiosk.gallery.samples import BASE, CARDS, CAUSES, MOVING, STATUS
from kiosk.gallery.spoken import legend

__all__ = [
    "BASE",
    "CARDS",
    "CAUSES",
    "MOVING",
    "PANELS_MM",
    "STATUS",
    "Entry",
    "GalleryError",
    "catalogue",
    "legend",
    "open_ui",
    "panel",
    "parse_size",
    "render",
]
