"""acmewrap: one YAML file in, a proven certificate out. A thin wrapper around acme.sh.

What is promised are the names below; everything else may change. They are loaded when they are first used, so that importing
the package costs nothing. Type checkers find them in ``__init__.pyi``.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:  # typing takes longer to import than all that a run with nothing to do does itself
    from typing import List, Mapping

__version__ = "0.1.0"

_MODULES: Mapping[str, str] = {
    "system.trust": "StrPath",
    "config": "load",
    "config.cleartext": "find_warnings",
    "config.endpoint": "Endpoint",
    "config.install": "Install InstallFile",
    "config.manifest": "OwnHooks Pin",
    "config.challenges": "Alpn Apache Challenge Dns Nginx Standalone Stateless Webroot",
    "config.monitoring": "Healthchecks Metrics Monitoring Ntfy Webhook",
    "config.model": (
        "Account AcmeShSettings Authority Certificate Config ConfiguredCommand DsmCertificate "
        "ExternalAccount KeyType RenewAt RenewBefore Schedule Synology Target"
    ),
    "doctor": "Checked DoctorNotice Fact Finding Fixed",
    "driver.acmesh": "AcmeSh",
    "driver.homes.home": "CertificateFiles Fault Stored",
    "driver.process": "Command Completed Runner",
    "driver.release.installation": "Installed install_acme_sh",
    "driver.verbs.queries": "CsrResult InfoResult ListEntry ListResult",
    "driver.results": (
        "AccountResult AuthorizationResult CronEntry CronResult DeployResult ExportResult IssueResult Result "
        "RevokeResult"
    ),
    "driver.wrapper_script": "Wrapper",
    "engine.engine": "Listener",
    "engine.history": "PastRun PastStep",
    "engine.results": "CommandResult Delivery Notice Planned Run StepEnded StepLine StepResult StepStarted",
    "engine.verbs.status": "CertificateStatus TargetStatus",
    "engine.verbs.interval": "IntervalChange",
    "engine.verbs.pinning": "Pinned",
    "engine.verbs.upgrade": "ReleaseChange",
    "errors": (
        "AccessError AcmewrapError BusyError CommandError ConfigurationError ConfigurationWarning DeployError "
        "ExitCode Failure IssueError PortableError Problem ReleaseError Retry RolledBackError UnprovenError UnreachableError"
    ),
    "host.file_access": "FileAccess",
    "job": "Job",
    "monitoring.trial": "Sent",
    "pki.x509": "X509",
    "plan.machine_steps": (
        "ChangeMode EnsureAccount InstallRelease MakeFolder PrepareWebroot RemoveCertificate RemoveScheduleEntry "
        "RenderWrapper SetAccess SetSchedule WriteBundle"
    ),
    "plan.planner": "Plan PlanOptions",
    "plan.steps": (
        "CertificateStep CheckRenewalInfo DeployCertificate IssueCertificate MachineStep ObtainCertificate "
        "ReissueCertificate RenewCertificate RevokeCertificate Step"
    ),
    "reasons": "Reason",
    "report.page": "Report",
    "schedule.backend": "Scheduler StartOutcome",
    "schedule.others": "OtherEntry",
    "secrets": (
        "CommandReference CredentialReference EnvironmentReference FileReference InlineSecret Reference Secret"
    ),
    "state.file_modes": "Excess",
    "state.installed_files": "InstalledState Misplaced",
    "state.ledger": "Advice LedgerEntry",
    "state.model": "CertificateState Revocation State",
    "state.nas": "NasState",
    "verify.tls_probe": "Observation",
}
# Of many small types: acmewrap.events.ChallengeInvalid, acmewrap.reasons.Due.
_WHOLE: Mapping[str, str] = {"events": "driver.output.events", "reasons": "reasons"}

__all__ = sorted((*_WHOLE, *(name for names in _MODULES.values() for name in names.split())))  # noqa: PLE0605


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    if name in _WHOLE:
        return import_module(f".{_WHOLE[name]}", __name__)
    module = next(module for module, names in _MODULES.items() if name in names.split())
    return getattr(import_module(f".{module}", __name__), name)


def __dir__() -> List[str]:
    return sorted((*__all__, "__version__"))
