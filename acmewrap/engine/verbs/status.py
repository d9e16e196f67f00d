"""The state of each certificate: on disk, at its targets, in the ledger, and what a run did to it."""

from __future__ import annotations

import contextlib
from datetime import datetime
from typing import TYPE_CHECKING, Dict, List, Literal, Mapping, Optional, Sequence, Tuple

from ... import paths
from ...config.model import Certificate, Config, Target
from ...driver.homes.home import CertificateFiles
from ...errors import ExitCode, Failure
from ...formats.timefmt import instant
from ...frozen import field, frozen, replace
from ...pki import x509
from ...plan.due import due_of, interval_of, is_waiting
from ...plan.steps import ObtainCertificate
from ...state.ledger import LedgerEntry
from ...state.model import CertificateState, Revocation, State
from ...verify.tls_probe import ChainFlaw, Observation
from ..results import Run, StepResult

if TYPE_CHECKING:
    from ...driver.results import IssueResult

Condition = Literal["valid", "due", "expired", "broken", "missing", "unreadable"]
TargetCondition = Literal["deployed", "pending", "unverified", "unreachable"]
ScheduleState = Literal["active", "missing", "differs", "dead", "unknown"]


@frozen
class TargetStatus:
    """``deployed``: the leaf was seen there; ``unverified``: the hook said so and nobody can verify it. ``expected`` is SHA-256,
    ``result`` that of this run, ``failure`` its or the last one, while that lasts.
    """

    target: Target
    state: TargetCondition
    expected: Optional[str] = None
    observed: Optional[Observation] = None
    entry: LedgerEntry = field(default_factory=LedgerEntry)
    result: Optional[StepResult] = None

    @property
    def proven_at(self) -> Optional[datetime]:
        seen_at = self.entry.seen_at if self.expected is not None and self.entry.seen == self.expected else None
        return None if seen_at is None else instant(seen_at)

    @property
    def next_try_at(self) -> Optional[datetime]:
        """Until when scheduled runs leave it alone after a failure."""
        return instant(self.entry.next_try) if self.entry.next_try else None

    @property
    def flaws(self) -> Tuple[ChainFlaw, ...]:
        return self.observed.flaws if self.observed is not None else ()

    @property
    def deployed_now(self) -> bool:
        return self.result is not None and self.result.outcome == "done" and self.result.changed

    @property
    def failure(self) -> Optional[Failure]:
        return _failure(self.result, self.entry)


@frozen
class CertificateStatus:
    """``failure``: the last, while it lasts; ``result``, ``issue``: of this run; ``unrevoked``: former ones to be revoked."""

    certificate: Certificate
    state: Condition
    files: CertificateFiles
    leaf: Optional[x509.X509] = None
    due_at: Optional[datetime] = None
    attempts: LedgerEntry = field(default_factory=LedgerEntry)
    targets: Mapping[str, TargetStatus] = field(default_factory=dict)
    result: Optional[StepResult] = None
    unread: Optional[Failure] = None
    unrevoked: Tuple[Revocation, ...] = ()

    @property
    def issue(self) -> Optional[IssueResult]:
        if self.result is None:
            return None
        from ...driver.results import IssueResult

        return self.result.evidence if isinstance(self.result.evidence, IssueResult) else None

    @property
    def outcome(self) -> Optional[str]:
        """What the run did to it; None: nothing."""
        if self.issue is not None:
            return self.issue.outcome
        return None if self.result is None else "failed"

    @property
    def failure(self) -> Optional[Failure]:
        return self.unread or _failure(self.result, self.attempts)

    @property
    def exit_code(self) -> ExitCode:
        """Of the worst about it: it failed or has ended, or a deployment is pending."""
        if self.unread is not None:
            return self.unread.exit_code
        refused = any(one.attempts.error is not None for one in self.unrevoked)
        if self.state not in ("valid", "due") or self.attempts.error is not None or refused:
            return ExitCode.ISSUE_FAILED
        return ExitCode.OK if self.is_healthy else ExitCode.DEPLOY_FAILED

    @property
    def next_try_at(self) -> Optional[datetime]:
        """Until when scheduled runs do not order it again after a failure."""
        return instant(self.attempts.next_try) if self.attempts.next_try else None

    @property
    def is_healthy(self) -> bool:
        """Valid, deployed everywhere, and no failure or revocation outstanding."""
        deployed = all(target.state in ("deployed", "unverified") for target in self.targets.values())
        return self.state in ("valid", "due") and self.attempts.error is None and deployed and not self.unrevoked


def assess(
    config: Config, state: State, now: float, run: Optional[Run] = None, names: Sequence[str] = ()
) -> Dict[str, CertificateStatus]:
    """The status of each of *names* (none: of every certificate that *state* holds), with what *run* did to it."""
    results = run.by_certificate if run is not None else {}
    return {name: _assess(config, state, name, now, results.get(name, ())) for name in names or state.certificates}


def last_run(config: Config) -> Optional[datetime]:
    """When a run was last at work, or the schedule last wrote to its log; None: never."""
    places = (paths.log_path(config), *(paths.lock_path(authority.home) for authority in config.authorities.values()))
    found: List[datetime] = []
    for path in places:
        with contextlib.suppress(OSError):
            found.append(instant(path.stat().st_mtime))
    return max(found, default=None)


def _assess(config: Config, state: State, name: str, now: float, results: Sequence[StepResult]) -> CertificateStatus:
    certificate, found = config.certificates[name], state.certificates[name]
    leaf = found.leaf

    def believed(entry: LedgerEntry) -> LedgerEntry:
        """Without a next try that was noted by a clock that was ahead: the next run does not wait for it."""
        ahead = entry.next_try > now and not is_waiting(entry, leaf, now, interval_of(config.schedule))
        return replace(entry, next_try=int(now)) if ahead else entry

    due = due_of(config, certificate, found.stored, found.advice)
    condition: Condition = "valid"
    if found.unread is not None:
        condition = "unreadable"
    elif leaf is None:
        condition = "missing"
    elif found.find_fault(now) is not None:
        condition = "broken"
    elif leaf.not_after.timestamp() <= now:
        condition = "expired"
    elif due is not None and due <= now:
        condition = "due"
    by_target = {result.step.target: result for result in results}
    targets = {}
    for target in certificate.targets:
        entry = believed(found.deliveries.get(target.name, LedgerEntry()))
        targets[target.name] = _assess_target(config, target, found, entry, by_target.get(target.name))
    return CertificateStatus(
        certificate,
        condition,
        files=paths.files_of(config, certificate),
        leaf=leaf,
        due_at=None if due is None else instant(due),
        attempts=believed(found.attempts),
        targets=targets,
        result=next((one for one in reversed(results) if isinstance(one.step, ObtainCertificate)), None),
        unread=found.unread,
        unrevoked=tuple(one for one in state.revocations if one.name == name),
    )


def _assess_target(
    config: Config, target: Target, found: CertificateState, entry: LedgerEntry, result: Optional[StepResult]
) -> TargetStatus:
    observed = found.observations.get(target.name)
    expected = found.leaf.sha256 if found.leaf is not None else None
    state: TargetCondition = "pending"
    if observed is not None and observed.error is not None and target.verify is not None:
        state = "unreachable"
    elif expected is None or entry.awaits_reload(config, target.install, expected):
        pass
    elif (entry.seen if observed is None else observed.served) == expected:
        state = "unverified" if target.verify is None else "deployed"
    return TargetStatus(target, state, expected, observed, entry, result)


def _failure(result: Optional[StepResult], entry: LedgerEntry) -> Optional[Failure]:
    """Of this run, else that which an earlier one wrote down."""
    return result.failure if result is not None else Failure.read(entry.error)
