"""Steps and their reasons in words. Nobody reads these back: who decides looks at the types."""

from __future__ import annotations

from typing import Any, Callable, Mapping, Type

from .. import reasons
from ..plan.steps import (
    DeployCertificate,
    EnsureAccount,
    InstallRelease,
    RemoveScheduleEntry,
    RenewCertificate,
    SetSchedule,
    Step,
)
from ..timefmt import moment, span

_DEVIATIONS: Mapping[str, str] = {
    "missing": "does not exist",
    "disabled": "is disabled",
    "not_administrator": "is not an administrator",
    "may_change_password": "may change its password",
    "locked_out": "is denied DSM itself",
    "homes_denied": "is denied the shared folder {}",
    "open_shares": "can reach the shared folders {}",
    "open_applications": "can use the applications {}",
    "no_password": "has no stored password",
    "wrong_password": "does not accept the stored password",
}


def _differ(what: str) -> Callable[[Any], str]:
    return lambda reason: f"{what}: have {', '.join(reason.have)}; want {', '.join(reason.want)}"


_REASONS: Mapping[Type[reasons.Reason], Callable[[Any], str]] = {
    reasons.Missing: lambda _: "does not exist",
    reasons.Differs: lambda _: "differs from the configuration",
    reasons.Foreign: lambda _: "was not written by acmewrap",
    reasons.NotAsPinned: lambda reason: reason.failure.message,
    reasons.NoChallengeFolder: lambda _: "has no folder for challenge tokens",
    reasons.NotWritable: lambda _: "is not writable for this user",
    reasons.TooOpen: lambda reason: f"overly permissive: mode {reason.mode:04o}, should be {reason.wanted:04o}",
    reasons.AccountDiffers: lambda reason: "; ".join(
        _DEVIATIONS[deviation.kind].format(", ".join(deviation.names)) for deviation in reason.deviations
    ),
    reasons.NotObserved: lambda reason: f"could not be verified: {reason.failure.message}",
    reasons.AccountNotManaged: lambda reason: (
        f"the account {reason.account} is not managed: that takes root on the NAS, or synology.administrator"
    ),
    reasons.NotConfigured: lambda _: "no longer in the configuration",
    reasons.NotYetIssued: lambda _: "no certificate yet",
    reasons.SetBroken: lambda reason: f"key, certificate and chain do not match: {reason.fault}",
    reasons.NamesDiffer: _differ("other names"),
    reasons.KeyTypeDiffers: _differ("other key type"),
    reasons.ServerDiffers: _differ("other authority"),
    reasons.WebrootDiffers: _differ("other webroot"),
    reasons.RequestDiffers: lambda _: "challenge or options differ from those it was issued with",
    reasons.Due: lambda reason: (
        f"due since {moment(reason.since)}{' as the authority advises' if reason.by == 'authority' else ''}, "
        f"{span(reason.left_seconds)} left"
    ),
    reasons.Expired: lambda reason: f"expired on {moment(reason.since)}",
    reasons.Forced: lambda _: "forced",
    reasons.AdviceOutdated: lambda _: "renewal information is out of date",
    reasons.NewCertificate: lambda _: "new certificate",
    reasons.NotProven: lambda _: "never seen there",
    reasons.Superseded: lambda _: "last seen there with an older certificate",
    reasons.NotServed: lambda reason: reason.error or "serves another certificate",
    reasons.NotRecorded: lambda _: "served, but not recorded yet",
    reasons.NotAssigned: lambda reason: f"not used in DSM for: {', '.join(reason.services)}",
    reasons.NotImported: lambda reason: f"DSM lists no certificate {reason.description!r}",
    reasons.NoAccount: lambda _: "could not be verified: the account does not exist yet",
}


def describe(reason: reasons.Reason) -> str:
    """Why something is done, in a few words."""
    return _REASONS[type(reason)](reason)


def reason_of(step: Step) -> str:
    """Why *step* is done."""
    words = describe(step.reason)
    return (
        f"{words}; not due" if isinstance(step.reason, reasons.Forced) and isinstance(step, RenewCertificate) else words
    )


def subject_of(step: Step) -> str:
    """What *step* is about."""
    if isinstance(step, InstallRelease):
        return f"acme.sh {step.settings.release}"
    if isinstance(step, SetSchedule):
        return step.schedule.by
    if isinstance(step, RemoveScheduleEntry):
        return "the entry in the crontab"
    if isinstance(step, EnsureAccount):
        return step.account.name
    if isinstance(step, DeployCertificate):
        return f"{step.certificate} to {step.target}"
    return step.certificate or str(getattr(step, "path", ""))


def title_of(step: Step) -> str:
    """The step in short: ``deploy nas to dsm``."""
    return f"{step.kind} {subject_of(step)}"
