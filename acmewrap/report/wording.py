"""Steps and their reasons in words. Nobody reads these back: who decides looks at the types."""

from __future__ import annotations

from typing import Any, Callable, Mapping, Optional, Type

from .. import reasons
from ..config.model import Scheduler
from ..formats.text import counted
from ..formats.timefmt import moment, span
from ..plan import machine_steps, steps
from ..reasons import Detailed, Plain, Reason

_PLAIN: Mapping[Plain, str] = {  # where its kind is not enough
    Plain.DIFFERS: "differs from the configuration",
    Plain.FOREIGN: "not written by acmewrap",
    Plain.NOT_CONFIGURED: "no longer in the configuration",
    Plain.FILE_GONE: "its configuration file is gone",
    Plain.RUNS_ACME_SH: "runs acme.sh on the same certificates",
    Plain.REQUEST_DIFFERS: "challenge or options differ from those it was issued with",
    Plain.COMPROMISED: "others know its private key",
    Plain.ADVICE_OUTDATED: "renewal information is out of date",
    Plain.SUPERSEDED: "last seen there with an older certificate",
    Plain.NOT_RECORDED: "served, but not recorded yet",
    Plain.NOT_RELOADED: "in place, but its reload has not succeeded yet",
    Plain.NO_ACCOUNT: "could not be verified: the account does not exist yet",
}
_ENTRIES: Mapping[Scheduler, str] = {"crontab": "the crontab entry", "systemd": "the timer", "dsm": "the task"}
_DETAILED: Mapping[Type[Detailed], Callable[[Any], str]] = {
    reasons.NotAsPinned: lambda reason: reason.failure.message,
    reasons.TooOpen: lambda reason: f"overly permissive: mode {reason.mode:04o}, should be {reason.wanted:04o}",
    reasons.AccessDiffers: lambda reason: f"is {reason.have}, should be {reason.want}",
    reasons.AccountDiffers: lambda reason: "; ".join(map(str, reason.deviations)),
    reasons.AccountNotManaged: lambda reason: (
        f"the account {reason.account} is not managed: that takes root on the NAS, or synology.administrator"
    ),
    reasons.NotOurs: lambda reason: f"{reason.failure.message}. {reason.failure.remedy}",
    reasons.NotObserved: lambda reason: f"could not be verified: {reason.failure.message}",
    reasons.Blocked: lambda reason: reason.failure.message,
    reasons.SetBroken: lambda reason: f"key, certificate and chain do not match: {reason.fault}",
    reasons.Changed: lambda reason: (
        f"other {reason.what}: have {', '.join(reason.have)}; want {', '.join(reason.want)}"
    ),
    reasons.Due: lambda reason: (
        f"due since {moment(reason.since)}{' as the authority advises' if reason.by == 'authority' else ''}, "
        f"{span(reason.left_seconds)} left"
    ),
    reasons.Expired: lambda reason: f"expired on {moment(reason.since)}",
    reasons.NotServed: lambda reason: reason.error or "serves another certificate",
    reasons.Reverted: lambda reason: (
        f"serves another certificate again, after {counted(reason.times, 'delivery', 'deliveries')}"
    ),
    reasons.NotAssigned: lambda reason: f"not used in DSM for: {', '.join(reason.services)}",
    reasons.NotImported: lambda reason: f"DSM lists no certificate {reason.description!r}",
}


def describe(reason: Reason) -> str:
    """Why something is done, in a few words."""
    if isinstance(reason, Plain):
        return describe_kind(reason.kind)
    return _DETAILED[type(reason)](reason)


def describe_kind(kind: str) -> str:
    """The same of a reason of which no more than its kind was written down."""
    return next((words for plain, words in _PLAIN.items() if plain.kind == kind), kind.replace("_", " "))


def waiting_of(line: str) -> Optional[str]:
    """What acme.sh waits for after it said *line*, where that takes long."""
    from ..driver.output.events import WaitingForDns
    from ..driver.output.transcript import read

    for event in read((line,)).events:
        if isinstance(event, WaitingForDns):
            if event.seconds is not None:
                return f"waiting {event.seconds} s for the TXT record to get to the authority's resolver"
            return (
                "waiting until public resolvers show the TXT record, 20 minutes at most; where only your own network knows the "
                "zone, write `wait: 10s` beside `dns`"
            )
    return None


def reason_of(step: steps.Step) -> str:
    """Why *step* is done."""
    not_due = step.reason is Plain.FORCED and isinstance(step, steps.RenewCertificate)
    return f"{describe(step.reason)}{'; not due' if not_due else ''}"


def subject_of(step: steps.Step) -> str:
    """What *step* is about."""
    if isinstance(step, machine_steps.InstallRelease):
        return f"acme.sh {step.settings.release}"
    if isinstance(step, machine_steps.SetSchedule):
        return step.schedule.by
    if isinstance(step, machine_steps.RemoveScheduleEntry):
        return f"{_ENTRIES[step.entry.by]} {step.entry.name}"
    if isinstance(step, machine_steps.EnsureAccount):
        return step.account.name
    if isinstance(step, steps.DeployCertificate):
        return f"{step.certificate} to {step.target}"
    if isinstance(step, steps.RevokeCertificate):
        return f"{step.certificate}, serial {step.revocation.leaf.serial}"
    return step.certificate or str(getattr(step, "path", ""))


def title_of(step: steps.Step) -> str:
    """The step in short: ``deploy nas to dsm``."""
    return f"{step.kind} {subject_of(step)}"
