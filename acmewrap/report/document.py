"""Results as one JSON document, stable and versioned: times are RFC 3339 in UTC, durations seconds, hashes lower-case hex."""

from __future__ import annotations

import time
from typing import Any, Dict, Iterable, List, Mapping, Optional

from ..config.model import Certificate, Config
from ..driver.results import IssueResult
from ..engine.results import Run, StepResult
from ..errors import AcmewrapError, ConfigurationError, ExitCode, Failure
from ..plan.status import CertificateStatus, TargetStatus
from ..plan.steps import OBTAINING, Step
from . import wording

SCHEMA_VERSION = 1

Document = Dict[str, Any]


def envelope(command: str, exit_code: int, tool_version: str, **parts: Any) -> Document:
    """What every command's document has in common, and the parts of this one."""
    pending = exit_code == ExitCode.PENDING and "plan" in parts  # the same number means wrong usage elsewhere
    return {
        "schema_version": SCHEMA_VERSION,
        "tool_version": tool_version,
        "command": command,
        "exit_code": int(exit_code),
        "outcome": "ok" if exit_code == ExitCode.OK else "pending" if pending else "failed",
        "error": None,
        **parts,
    }


def describe_error(error: AcmewrapError) -> Document:
    """An exception as the document's ``error``; a configuration's problems one by one."""
    described = describe_failure(error.failure)
    if isinstance(error, ConfigurationError):
        described["problems"] = [
            {"file": one.file, "line": one.line, "column": one.column, "path": one.path, "message": one.message}
            for one in error.problems
        ]
    return described


def describe_failure(failure: Failure) -> Document:
    return {"id": failure.id, "message": failure.message, "remedy": failure.remedy, "lines": list(failure.lines)}


def describe_steps(steps: Iterable[Step]) -> List[Document]:
    return [_step(step) for step in steps]


def describe_findings(findings: Iterable[Any]) -> List[Document]:
    """What doctor found; ``can_be_mended``: doctor --fix does it."""
    return [{**describe_failure(one.failure), "can_be_mended": one.fix is not None} for one in findings]


def describe_run(run: Run, host: str, trigger: str) -> Document:
    """When and where it ran, and how each step ended."""
    return {
        "run": {
            "started_at": moment(run.started),
            "finished_at": moment(run.finished),
            "seconds": round(run.finished - run.started, 3),
            "host": host,
            "trigger": trigger,
        },
        "steps": [_result(result) for result in run.results],
    }


def describe_certificates(
    config: Config, statuses: Mapping[str, CertificateStatus], run: Optional[Run]
) -> List[Document]:
    """Every certificate as it now is, with what this run did to it."""
    results: Dict[str, List[StepResult]] = {}
    for result in run.results if run is not None else ():
        results.setdefault(result.step.certificate or "", []).append(result)
    return [_certificate(config.certificates[name], one, results.get(name, [])) for name, one in statuses.items()]


def _certificate(certificate: Certificate, status: CertificateStatus, results: List[StepResult]) -> Document:
    obtained = next((one for one in reversed(results) if isinstance(one.step, OBTAINING)), None)
    evidence = obtained.evidence if obtained is not None else None
    issue = evidence if isinstance(evidence, IssueResult) else None
    outcome = "failed" if obtained is not None and obtained.outcome == "failed" else status.state
    leaf = status.leaf
    return {
        "name": certificate.name,
        "domains": list(certificate.domains),
        "authority": certificate.authority,
        "outcome": issue.outcome if issue is not None else outcome,
        "healthy": status.is_healthy,
        "issuer": leaf.issuer if leaf is not None else None,
        "serial": leaf.serial if leaf is not None else None,
        "key_type": leaf.key_type if leaf is not None else None,
        "not_before": moment(leaf.not_before) if leaf is not None else None,
        "not_after": moment(leaf.not_after) if leaf is not None else None,
        "sha256": leaf.sha256 if leaf is not None else None,
        "due_at": moment(status.due_at) if status.due_at is not None else None,
        "order_url": issue.order_url if issue is not None else None,
        "certificate_url": issue.certificate_url if issue is not None else None,
        "paths": {
            "cert": str(status.files.certificate),
            "key": str(status.files.key),
            "chain": str(status.files.chain),
            "fullchain": str(status.files.fullchain),
        },
        "error": _error(obtained, status.error),
        "targets": [_target(one, results) for one in status.targets],
    }


def _target(status: TargetStatus, results: List[StepResult]) -> Document:
    result = next((one for one in results if one.step.target == status.name), None)
    return {
        "name": status.name,
        "hook": status.hook,
        "verify": status.verify,
        "outcome": status.state,
        "deployed_now": result is not None and result.outcome == "done" and result.changed,
        "expected_sha256": status.expected,
        "served_sha256": status.served,
        "proven_at": moment(status.proven_at) if status.proven_at is not None else None,
        "attempts": status.attempts,
        "next_try_at": moment(status.next_try) if status.next_try else None,
        "error": _error(result, status.error),
    }


def _error(result: Optional[StepResult], known: Optional[Mapping[str, str]]) -> Optional[Document]:
    if result is not None:
        return describe_failure(result.failure) if result.failure is not None else None
    return {"lines": [], **known} if known is not None else None


def _step(step: Step) -> Document:
    return {
        "kind": step.kind,
        "subject": wording.subject_of(step),
        "reason": wording.reason_of(step),
        "certificate": step.certificate,
        "target": step.target,
    }


def _result(result: StepResult) -> Document:
    return {
        **_step(result.step),
        "outcome": result.outcome,
        "seconds": round(result.seconds, 3),
        "error": describe_failure(result.failure) if result.failure is not None else None,
    }


def moment(seconds: float) -> str:
    """RFC 3339 in UTC, to the second."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
