"""Everything that keeps a certificate from being renewed, looked for before it does. Nothing is changed unasked."""

from __future__ import annotations

from .examination import examine, fix
from .finding import Check, DoctorContext, Fact, Finding

__all__ = ["Check", "DoctorContext", "Fact", "Finding", "examine", "fix"]
