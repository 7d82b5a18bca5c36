"""``python -m hardware.guard``."""

from __future__ import annotations

import sys

from hardware.guard.process import main

if __name__ == "__main__":
    sys.exit(main())
