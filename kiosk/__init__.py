"""Everything a person sees, hears or is remembered by."""

import os

# pygame greets on standard output, which belongs to the autopilot's progress and to commands' answers.
os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
