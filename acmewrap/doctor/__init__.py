"""Everything that keeps a certificate from being renewed, looked for before it does. Nothing is changed unasked."""

from __future__ import annotations

from .examination import examine, examine_and_fix, fix
from .finding import Check, Checked, DoctorContext, Fact, Finding, Fixed, Notice

__all__ = [
    "Check",
    "Checked",
    "DoctorContext",
    "Fact",
    "Finding",
    "Fixed",
    "Notice",
    "examine",
    "examine_and_fix",
    "fix",
]
