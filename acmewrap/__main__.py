"""``python -m acmewrap``, and the entry of the single-file form."""

from __future__ import annotations

import sys

from acmewrap.cli import start

if __name__ == "__main__":
    sys.exit(start())
