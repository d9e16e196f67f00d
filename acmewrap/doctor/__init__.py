"""Everything that keeps a certificate from being renewed, looked for before it does. Nothing is changed unasked."""

from __future__ import annotations

from .examination import examine, examine_and_fix, fix
from .finding import Checked, DoctorContext, DoctorNotice, Fact, Finding, Fixed

__all__ = ["Checked", "DoctorContext", "DoctorNotice", "Fact", "Finding", "Fixed", "examine", "examine_and_fix", "fix"]
