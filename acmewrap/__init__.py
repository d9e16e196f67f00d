"""acmewrap: one YAML file in, a proven certificate out. A thin wrapper around acme.sh.

The names below are what is promised; everything else may change. They are loaded when they are first used, so that importing
the package costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, List, Mapping

__version__ = "0.1.0"

if TYPE_CHECKING:
    from .config import Config, load
    from .config.cleartext import find_warnings
    from .config.install import Install, InstallFile
    from .config.model import (
        Alpn,
        Apache,
        Authority,
        Certificate,
        Dns,
        Nginx,
        Standalone,
        Stateless,
        Target,
        Webroot,
    )
    from .doctor import Checked, Finding, Fixed
    from .driver.acmesh import AcmeSh
    from .driver.home import CertificateFiles
    from .driver.release.installation import install
    from .driver.results import CronResult, DeployResult, IssueResult, ListEntry, RevokeResult
    from .engine.results import Planned, Run, StepEnded, StepLine, StepResult, StepStarted
    from .engine.status import CertificateStatus, TargetStatus
    from .engine.upgrade import ReleaseChange
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
        RolledBackError,
        UnprovenError,
        UnreachableError,
    )
    from .job import Job
    from .pki.x509 import X509
    from .plan.planner import Plan, PlanOptions
    from .plan.steps import (
        ChangeMode,
        CheckRenewalInfo,
        DeployCertificate,
        EnsureAccount,
        InstallRelease,
        IssueCertificate,
        MakeFolder,
        PrepareWebroot,
        ReissueCertificate,
        RemoveCertificate,
        RemoveScheduleEntry,
        RenderWrapper,
        RenewCertificate,
        SetAccess,
        SetSchedule,
        Step,
        WriteBundle,
    )
    from .reasons import Reason
    from .schedule.backend import Scheduler
    from .secrets import Secret
    from .state.machine import State

__all__ = [
    "X509",
    "AccessError",
    "AcmeSh",
    "AcmewrapError",
    "Alpn",
    "Apache",
    "Authority",
    "BusyError",
    "Certificate",
    "CertificateFiles",
    "CertificateStatus",
    "ChangeMode",
    "CheckRenewalInfo",
    "Checked",
    "CommandError",
    "Config",
    "ConfigurationError",
    "ConfigurationWarning",
    "CronResult",
    "DeployCertificate",
    "DeployError",
    "DeployResult",
    "Dns",
    "EnsureAccount",
    "ExitCode",
    "Failure",
    "Finding",
    "Fixed",
    "Install",
    "InstallFile",
    "InstallRelease",
    "IssueCertificate",
    "IssueError",
    "IssueResult",
    "Job",
    "ListEntry",
    "MakeFolder",
    "Nginx",
    "Plan",
    "PlanOptions",
    "Planned",
    "PrepareWebroot",
    "Problem",
    "Reason",
    "ReissueCertificate",
    "ReleaseChange",
    "ReleaseError",
    "RemoveCertificate",
    "RemoveScheduleEntry",
    "RenderWrapper",
    "RenewCertificate",
    "RevokeResult",
    "RolledBackError",
    "Run",
    "Scheduler",
    "Secret",
    "SetAccess",
    "SetSchedule",
    "Standalone",
    "State",
    "Stateless",
    "Step",
    "StepEnded",
    "StepLine",
    "StepResult",
    "StepStarted",
    "Target",
    "TargetStatus",
    "UnprovenError",
    "UnreachableError",
    "Webroot",
    "WriteBundle",
    "find_warnings",
    "install",
    "load",
]

_MODULES: Mapping[str, str] = {
    "config": "Config load",
    "config.cleartext": "find_warnings",
    "config.install": "Install InstallFile",
    "config.model": "Alpn Apache Authority Certificate Dns Nginx Standalone Stateless Target Webroot",
    "doctor": "Checked Finding Fixed",
    "driver.acmesh": "AcmeSh",
    "driver.home": "CertificateFiles",
    "driver.release.installation": "install",
    "driver.results": "CronResult DeployResult IssueResult ListEntry RevokeResult",
    "engine.results": "Planned Run StepEnded StepLine StepResult StepStarted",
    "engine.status": "CertificateStatus TargetStatus",
    "engine.upgrade": "ReleaseChange",
    "job": "Job",
    "plan.planner": "Plan PlanOptions",
    "plan.steps": (
        "ChangeMode CheckRenewalInfo DeployCertificate EnsureAccount InstallRelease IssueCertificate MakeFolder "
        "PrepareWebroot ReissueCertificate RemoveCertificate RemoveScheduleEntry RenderWrapper "
        "RenewCertificate SetAccess SetSchedule Step WriteBundle"
    ),
    "reasons": "Reason",
    "schedule.backend": "Scheduler",
    "secrets": "Secret",
    "state.machine": "State",
    "pki.x509": "X509",
}

if not TYPE_CHECKING:  # or a checker would take any name for one of these

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        module = next((module for module, names in _MODULES.items() if name in names.split()), "errors")
        return getattr(import_module(f".{module}", __name__), name)


def __dir__() -> List[str]:
    return sorted((*__all__, "__version__"))
