"""The steps of one certificate: obtain it, bring it to its targets, and write down what is still owed."""

from __future__ import annotations

import threading
from typing import Callable, Dict, Mapping, Optional, Union

from .. import paths
from ..catalogue import failure
from ..config.model import Certificate, Config, Target
from ..driver.process import OnLine
from ..driver.results import IssueResult
from ..errors import AcmewrapError, ExitCode, Failure
from ..plan.due import due_at, interval_of, latest_try
from ..plan.fingerprint import REQUEST_KEY, request_of
from ..plan.planner import Step
from ..secrets import Secret, resolve
from ..state.ledger import Ledger
from ..state.machine import entry_name
from . import renewal_advice
from .context import RunContext
from .results import StepResult


class CertificateSteps:
    """Performs steps of certificates; used from several threads at once, never by two for the same certificate."""

    def __init__(
        self,
        config: Config,
        around: RunContext,
        blocked: Mapping[str, AcmewrapError],
        renewal_info: Mapping[str, Optional[str]],
    ) -> None:
        self._config = config
        self._around = around
        self._blocked = blocked
        self._renewal_info = renewal_info
        self._ledgers = {one.name: Ledger.load(paths.ledger_path(one)) for one in config.authorities.values()}
        # One upload at a time per target: a NAS restarts its web server after each.
        self._targets: Dict[str, threading.Lock] = {
            _place(target): threading.Lock() for one in config.certificates.values() for target in one.targets
        }

    def perform(self, step: Step, on_line: OnLine) -> StepResult:
        """Do *step*. Raises :class:`AcmewrapError` after writing the failure down."""
        certificate = self._config.certificates[step.certificate or ""]
        if step.kind == "consult":
            return self._consult(step, certificate)
        if step.kind != "deploy":
            return self._guarded(certificate, certificate.name, lambda: self._obtain(step, certificate, on_line))
        target = next(one for one in certificate.targets if one.name == step.target)
        name = entry_name(certificate, target)
        return self._guarded(certificate, name, lambda: self._deliver(step, certificate, target, on_line))

    def _guarded(self, certificate: Certificate, name: str, work: Callable[[], StepResult]) -> StepResult:
        try:
            return work()
        except AcmewrapError as error:
            if not self._around.stopped.is_set():
                self._note(certificate, name, error.failure)
            raise

    def _obtain(self, step: Step, certificate: Certificate, on_line: OnLine) -> StepResult:
        if certificate.authority in self._blocked:
            raise self._blocked[certificate.authority]
        result = self._ask(step, certificate, on_line)
        if not result.changed:
            told = result.failure or failure("certificate.not_stored", "acme.sh ended well and stored nothing new")
            self._note(certificate, certificate.name, told, result.retry_after)
            return StepResult(step, "failed", result.seconds, told, _code(told), issue=result)
        ledger = self._ledger(certificate)
        ledger.drop(certificate.name)
        renewal_advice.begin(
            self._config, certificate, ledger, self._renewal_info.get(certificate.authority), self._around.clock()
        )
        if result.failure is not None:  # the certificate is there, and a hook after it failed
            return StepResult(step, "failed", result.seconds, result.failure, ExitCode.ISSUE_FAILED, issue=result)
        return StepResult(step, "done", result.seconds, issue=result)

    def _ask(self, step: Step, certificate: Certificate, on_line: OnLine) -> IssueResult:
        acme = self._around.open_acme(self._config, self._config.authority_of(certificate))

        def due(not_before: int, not_after: int) -> int:
            return due_at(not_before, not_after, certificate.renew)

        common = {
            "key": certificate.key,
            "force": True,
            "variables": self._variables(certificate),
            "due": due,
            "settings": self._settings(certificate),
            "on_line": on_line,
        }
        if step.kind == "renew":
            return acme.renew(certificate.domains[0], **common)  # type: ignore[arg-type]
        options = certificate.options
        return acme.issue(certificate.domains, certificate.challenges, options=options, **common)  # type: ignore[arg-type]

    def _variables(self, certificate: Certificate) -> Dict[str, Union[str, Secret]]:
        return {
            name: value if isinstance(value, str) else resolve(value, self._around.environ)
            for challenge in certificate.challenges
            for name, value in getattr(challenge, "env", {}).items()
        }

    def _settings(self, certificate: Certificate) -> Dict[str, str]:
        settings = {REQUEST_KEY: request_of(self._config, certificate)}
        schedule = self._config.schedule
        if schedule is not None and schedule.run == "wrapper" and certificate.targets:
            # The scheduled `--cron` of plain acme.sh delivers what its configuration names, and nothing else does.
            settings["Le_DeployHook"] = "".join(f"{target.hook}," for target in certificate.targets if target.hook)
        return settings

    def _consult(self, step: Step, certificate: Certificate) -> StepResult:
        # No answer is no failure: the certificate's own dates stand, and the ledger says when to ask again.
        renewal_advice.consult(self._config, certificate, self._ledger(certificate), self._around.clock())
        return StepResult(step, "done")

    def _deliver(self, step: Step, certificate: Certificate, target: Target, on_line: OnLine) -> StepResult:
        from . import deploy

        stored = paths.home_of(self._config, certificate).read(*paths.name_of(certificate))
        if stored is None or stored.leaf is None:
            told = failure(
                "certificate.not_issued", f"{certificate.name} was not issued yet, there is nothing to deploy"
            )
            return StepResult(step, "failed", failure=told, exit_code=ExitCode.DEPLOY_FAILED)
        fault = stored.find_fault()
        if fault is not None:  # a target that does not look would serve it, and one that looks says less about it
            told = failure(
                "certificate.mismatch", f"{certificate.name} is not delivered: {fault}", name=certificate.name
            )
            return StepResult(step, "failed", failure=told, exit_code=ExitCode.DEPLOY_FAILED)
        leaf, authority = stored.leaf.sha256, self._config.authority_of(certificate)
        started = self._around.clock()
        with self._targets[_place(target)]:
            result, sight = deploy.deliver(
                self._around.open_acme(self._config, authority),
                certificate,
                target,
                leaf,
                around=self._around,
                config=self._config,
                again=step.force,
                on_line=on_line,
            )
        now = self._around.clock()
        ledger, name = self._ledger(certificate), entry_name(certificate, target)
        ledger.put(name, ledger.get(name).prove(leaf, now, stored.leaf.not_after))
        return StepResult(step, "done", now - started, deploy=result, served=sight.served)

    def _note(self, certificate: Certificate, name: str, told: Failure, retry_after: Optional[int] = None) -> None:
        """Write a failure down. The next try comes while half of what is left of a life is still left: the life of what a
        target serves, or of the certificate itself; but not while the authority asked to be left alone.
        """
        now, latest = self._around.clock(), None
        stored = paths.home_of(self._config, certificate).read(*paths.name_of(certificate))
        ledger = self._ledger(certificate)
        entry = ledger.get(name)
        if stored is not None and stored.leaf is not None:
            end, interval = entry.seen_until or stored.leaf.not_after, interval_of(self._config.schedule)
            latest = latest_try(now, end, stored.leaf.lifetime, interval)
            entry = entry.want(stored.leaf.sha256)
        earliest = None if retry_after is None else now + retry_after
        ledger.put(name, entry.fail(told, now, latest=latest, earliest=earliest))

    def _ledger(self, certificate: Certificate) -> Ledger:
        return self._ledgers[certificate.authority]


def _place(target: Target) -> str:
    return str(target.verify or target.name)


def _code(told: Failure) -> ExitCode:
    return told.exit_code if told.exit_code is ExitCode.UNREACHABLE else ExitCode.ISSUE_FAILED
