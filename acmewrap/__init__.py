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
    from .config.model import Alpn, Apache, Dns, Install, Nginx, Standalone, Stateless, Webroot
    from .driver.acmesh import AcmeSh
    from .driver.release.installation import install
    from .driver.results import CronResult, DeployResult, IssueResult, ListEntry, RevokeResult
    from .engine.results import Run, StepResult
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
        UnprovenError,
        UnreachableError,
    )
    from .job import Job
    from .plan.planner import Plan, PlanOptions
    from .plan.steps import Step
    from .reasons import Reason
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
    "Install",
    "IssueError",
    "IssueResult",
    "Job",
    "ListEntry",
    "Nginx",
    "Plan",
    "PlanOptions",
    "Problem",
    "Reason",
    "ReleaseError",
    "RevokeResult",
    "Run",
    "Secret",
    "Standalone",
    "Stateless",
    "Step",
    "StepResult",
    "UnprovenError",
    "UnreachableError",
    "Webroot",
    "find_warnings",
    "install",
    "load",
]

_MODULES: Dict[str, str] = {
    **dict.fromkeys(("Config", "load"), "config"),
    **dict.fromkeys(
        ("Alpn", "Apache", "Dns", "Install", "Nginx", "Standalone", "Stateless", "Webroot"), "config.model"
    ),
    "Job": "job",
    "find_warnings": "config.cleartext",
    **dict.fromkeys(("Run", "StepResult"), "engine.results"),
    **dict.fromkeys(("Plan", "PlanOptions"), "plan.planner"),
    "Step": "plan.steps",
    "Reason": "reasons",
    "AcmeSh": "driver.acmesh",
    "install": "driver.release.installation",
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
