"""A module for each kind of command, imported when one of its commands is given."""

from __future__ import annotations

from importlib import import_module
from typing import Mapping

from ...errors import ExitCode
from ..invocation import Invocation

# Of each module the functions that are called as their command; all others perform a plan.
_MODULES: Mapping[str, str] = {
    "actions": "demo monitoring revoke run schedule",
    "completion": "completion",
    "init": "init",
    "releases": "pin releases upgrade",
    "reports": "check doctor report schema status version",
    "runs": "plan rehearse replace",
    "self_update": "self_update",
}


def run(invocation: Invocation) -> ExitCode:
    """Perform the command that the options name."""
    name = invocation.options.command.replace("-", "_")
    module = next((module for module, names in _MODULES.items() if name in names.split()), None)
    command = getattr(import_module(f".{module or 'runs'}", __package__), name if module else "perform")
    return ExitCode(command(invocation))
