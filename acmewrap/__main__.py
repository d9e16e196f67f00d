"""``python -m acmewrap``; and by its path, as a scheduler starts it: ``python -I .../acmewrap/__main__.py``."""

from __future__ import annotations

import os
import sys

if not __package__:
    # Isolated (-I), Python imports from no folder that happens to be the current one, from no PYTHONPATH, and not from the
    # user's own site-packages, where this may well be installed: at the very end, its folder hides nothing.
    sys.path.append(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from acmewrap.cli import start

if __name__ == "__main__":
    sys.exit(start())
