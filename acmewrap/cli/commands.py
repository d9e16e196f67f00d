"""Which function performs which command. An unattended run with nothing to do must not import what it does not need."""

from __future__ import annotations

from ..errors import ExitCode
from .invocation import Invocation


def run(invocation: Invocation) -> ExitCode:
    """Perform the command that the options name."""
    from . import runs

    command = runs.COMMANDS.get(invocation.options.command)
    if command is None:
        from . import actions, completion, init, releases, reports, self_update

        modules = (actions, completion, init, releases, reports, self_update)
        groups = [module.COMMANDS for module in modules]
        command = next(group[invocation.options.command] for group in groups if invocation.options.command in group)
    return command(invocation)
