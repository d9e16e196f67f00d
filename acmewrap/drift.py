"""How something on the machine compares with what the file asks for."""

from __future__ import annotations

from typing import Literal

Drift = Literal["same", "differs", "missing", "foreign"]
"""``foreign``: somebody else has made it."""
