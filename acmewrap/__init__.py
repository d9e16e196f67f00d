"""acmewrap: one YAML file in, a proven certificate out. A thin wrapper around acme.sh.

The names below are what is promised; everything else may change. They are loaded when they are first used, so that importing
the package costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List

__version__ = "0.1.0"

if TYPE_CHECKING:
    from .config import Config, load
    from .config.cleartext import find_warnings
    from .config.model import Alpn, Apache, Dns, Nginx, Standalone, Stateless, Webroot
    from .converge.job import Job
    from .converge.outcome import Run, StepResult
    from .converge.plan import Plan, Step, Wish
    from .driver.acmesh import AcmeSh
    from .driver.command import InstalledFiles
    from .driver.release import install
    from .driver.results import CronResult, DeployResult, IssueResult, ListEntry, RevokeResult
    from .errors import (
        AccessError,
        AcmewrapError,
        BusyError,
        CommandError,
        ConfigurationError,
        ConfigurationWarning,
        DeployError,
        ExitCode,
        Failure,
        IssueError,
        Problem,
        ReleaseError,
        UnreachableError,
    )
    from .secrets import Secret

__all__ = [
    "AccessError",
    "AcmeSh",
    "AcmewrapError",
    "Alpn",
    "Apache",
    "BusyError",
    "CommandError",
    "Config",
    "ConfigurationError",
    "ConfigurationWarning",
    "CronResult",
    "DeployError",
    "DeployResult",
    "Dns",
    "ExitCode",
    "Failure",
    "InstalledFiles",
    "IssueError",
    "IssueResult",
    "Job",
    "ListEntry",
    "Nginx",
    "Plan",
    "Problem",
    "ReleaseError",
    "RevokeResult",
    "Run",
    "Secret",
    "Standalone",
    "Stateless",
    "Step",
    "StepResult",
    "UnreachableError",
    "Webroot",
    "Wish",
    "find_warnings",
    "install",
    "load",
]

_MODULES: Dict[str, str] = {
    **dict.fromkeys(("Config", "load"), "config"),
    **dict.fromkeys(("Alpn", "Apache", "Dns", "Nginx", "Standalone", "Stateless", "Webroot"), "config.model"),
    "Job": "converge.job",
    "find_warnings": "config.cleartext",
    **dict.fromkeys(("Run", "StepResult"), "converge.outcome"),
    **dict.fromkeys(("Plan", "Step", "Wish"), "converge.plan"),
    "AcmeSh": "driver.acmesh",
    "InstalledFiles": "driver.command",
    "install": "driver.release",
    **dict.fromkeys(("CronResult", "DeployResult", "IssueResult", "ListEntry", "RevokeResult"), "driver.results"),
    "Secret": "secrets",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f".{_MODULES.get(name, 'errors')}", __name__), name)


def __dir__() -> List[str]:
    return sorted((*__all__, "__version__"))
