"""The names of certificates (DNS, IP), compared as what they stand for."""

from __future__ import annotations

from contextlib import suppress
from typing import FrozenSet, Iterable


def comparable(names: Iterable[str]) -> FrozenSet[str]:
    """*names*, each in one spelling."""
    return frozenset(map(_spell, names))


def _spell(name: str) -> str:
    if ":" in name:
        import ipaddress

        with suppress(ValueError):
            return str(ipaddress.ip_address(name))
    return name.lower()
