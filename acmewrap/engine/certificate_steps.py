"""The steps of one certificate: obtain it, bring it to its targets, and write down which deployments are pending."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Dict, List, Mapping, Optional, Sequence, Tuple, Union

from .. import paths
from ..catalogue import CATALOGUE, failure
from ..config.model import Authority, Certificate, Config, Target
from ..driver.homes.configuration import set_deployed
from ..driver.homes.home import Stored
from ..driver.process import OnLine
from ..driver.results import IssueResult
from ..errors import AcmewrapError, DeployError, Failure
from ..formats.timefmt import instant, moment
from ..pki.x509 import X509
from ..plan.due import due_at, end_of, interval_of
from ..plan.fingerprint import REQUEST_KEY, request_of
from ..plan.steps import CertificateStep, CheckRenewalInfo, DeployCertificate, ObtainCertificate, RenewCertificate
from ..reasons import Blocked, NotServed
from ..secrets import Secret, resolve
from ..state.ledger import Ledger, LedgerEntry
from . import renewal_advice
from .context import RunContext, explain
from .deploy import Delivery, deliver, refuse_reverted
from .install import Installation, install
from .results import Evidence


class CertificateSteps:
    """Performs steps of certificates; used from several threads at once, never by two for the same certificate."""

    def __init__(
        self,
        config: Config,
        context: RunContext,
        blocked: Mapping[str, AcmewrapError],
        renewal_info: Mapping[str, Optional[str]],
    ) -> None:
        self._config = config
        self._context = context
        self._blocked = blocked
        self._renewal_info = renewal_info
        # One upload at a time per target: a NAS restarts its web server after each.
        self._targets: Dict[str, threading.Lock] = {_place(target): threading.Lock() for _, target in config.targets()}
        self._registering = threading.Lock()
        self._registered: Dict[str, bool] = {}
        self._ledgers = {
            authority.name: Ledger.load(paths.ledger_path(authority)) for authority in config.authorities.values()
        }

    def perform(self, step: CertificateStep, on_line: OnLine) -> Evidence:
        """Do *step*. A failure is written down, then raised as :class:`AcmewrapError` or, when there is an answer of acme.sh,
        part of that.
        """
        if isinstance(step, CheckRenewalInfo):
            # No answer is no failure: the certificate's own dates stand, and the ledger says when to ask again.
            renewal_advice.consult(
                self._config, step.request, self._ledgers[step.authority.name], self._context.clock()
            )
            return None
        try:
            if isinstance(step.reason, Blocked):
                raise AcmewrapError(step.reason.failure)
            if isinstance(step, DeployCertificate):
                return self._deploy(step, on_line)
            assert isinstance(step, ObtainCertificate)
            return self._obtain(step, on_line)
        except Exception as error:
            problem = explain(error, self._config, step)
            if not self._context.stopped.is_set():
                with contextlib.suppress(Exception):  # where nothing can be read or written, the failure itself says so
                    self.note(step, problem.failure)
            raise problem from error

    def _obtain(self, step: ObtainCertificate, on_line: OnLine) -> IssueResult:
        if step.authority.name in self._blocked:
            raise self._blocked[step.authority.name]
        before = paths.read(self._config, step.request)
        result = self._order(step, on_line)
        if not result.changed and result.failure is not None and CATALOGUE[result.failure.id].account_lost:
            result = self._order(step, on_line) if self._register_again(step.authority) else result
        if result.changed:
            ledger, source = self._ledgers[step.authority.name], self._renewal_info.get(step.authority.name)
            entry = ledger.get(step.entry)
            ledger.drop(step.entry)
            result = self._judge_life(step, entry, result)
            renewal_advice.begin(self._config, step.request, ledger, source, self._context.clock(), before=before)
            return result
        if result.failure is None:
            nothing = failure("certificate.not_stored", "acme.sh ended well and stored nothing new")
            result = replace(result, failure=nothing)
        assert result.failure is not None
        self.note(step, result.failure, result.retry_after)
        return result

    def _register_again(self, authority: Authority) -> bool:
        """Whether the authority, which said that it lacks our account, has it now. It is asked once in a run."""
        with self._registering:
            if authority.name not in self._registered:
                self._registered[authority.name] = self._context.register(self._config, authority, again=True).ok
            return self._registered[authority.name]

    def _judge_life(self, step: ObtainCertificate, entry: LedgerEntry, result: IssueResult) -> IssueResult:
        """A certificate that is due at once is used, if nothing better is there; the next order waits, longer each time."""
        now = self._context.clock()
        if result.failure is not None or result.not_before is None or result.not_after is None:
            return result
        begin, end = int(result.not_before.timestamp()), int(result.not_after.timestamp())
        if not begin < due_at(begin, end, step.request.renew) <= now:
            return result
        message = f"the new certificate ends on {moment(result.not_after)}, and is to be renewed already"
        problem = failure("certificate.short_lived", message, name=step.request.name)
        interval = interval_of(self._config.schedule)
        failed = entry.fail(problem, now, end=end, interval=interval)
        self._ledgers[step.authority.name].put(step.entry, failed)
        return replace(result, failure=problem)

    def _order(self, step: ObtainCertificate, on_line: OnLine) -> IssueResult:
        certificate, acme = step.request, self._context.open_acme(self._config, step.authority, step.request.name)

        def due(not_before: datetime, not_after: datetime) -> datetime:
            return instant(due_at(int(not_before.timestamp()), int(not_after.timestamp()), certificate.renew))

        common = {
            "key": certificate.key,
            "force": True,
            "variables": self._variables(certificate),
            "due": due,
            "settings": self._settings(certificate),
            "on_line": on_line,
        }
        if isinstance(step, RenewCertificate):
            return acme.renew(certificate.domains[0], **common)  # type: ignore[arg-type]
        options = certificate.options
        return acme.issue(certificate.domains, certificate.challenges, options=options, **common)  # type: ignore[arg-type]

    def _variables(self, certificate: Certificate) -> Dict[str, Union[str, Secret]]:
        return {
            name: value if isinstance(value, str) else resolve(value, self._context.environ)
            for challenge in certificate.challenges
            for name, value in getattr(challenge, "env", {}).items()
        }

    def _settings(self, certificate: Certificate) -> Dict[str, str]:
        settings = {REQUEST_KEY: request_of(self._config, certificate)}
        if self._is_left_to_acme_sh() and certificate.targets:
            # The scheduled `--cron` of plain acme.sh delivers what its configuration names, and nothing else does.
            settings["Le_DeployHook"] = "".join(f"{target.hook}," for target in certificate.targets if target.hook)
        return settings

    def install_together(
        self, steps: Sequence[DeployCertificate], on_lines: Sequence[OnLine]
    ) -> List[Union[Delivery, AcmewrapError]]:
        """Do *steps*, which share a command, as one. What failed is written down and returned; raises when the run is stopped."""
        found: List[Union[Installation, Exception]] = []
        for step, on_line in zip(steps, on_lines):
            try:
                found.append(self._installation(step, on_line))
            except Exception as error:
                found.append(error)
        install([one for one in found if isinstance(one, Installation)], self._config, self._context)
        return [self._conclude(step, one) for step, one in zip(steps, found)]

    def _conclude(
        self, step: DeployCertificate, done: Union[Installation, Exception]
    ) -> Union[Delivery, AcmewrapError]:
        error = done.error if isinstance(done, Installation) else done
        if error is None:
            assert isinstance(done, Installation)
            return done.delivery
        problem = explain(error, self._config, step)
        with contextlib.suppress(Exception):
            self.note(step, problem.failure)
        return problem

    def _installation(self, step: DeployCertificate, on_line: OnLine) -> Installation:
        stored, leaf = self._read_sound(step)
        return Installation(step, stored, leaf, self._ledgers[step.authority.name], on_line)

    def _read_sound(self, step: DeployCertificate) -> Tuple[Stored, X509]:
        name, stored = step.request.name, paths.read(self._config, step.request)
        if stored is None or stored.leaf is None:
            message = f"{name} was not issued yet, there is nothing to deploy"
            raise DeployError(failure("certificate.not_issued", message, name=name))
        wrong = stored.date_fault(self._context.clock())
        if wrong is not None:
            raise DeployError(failure("certificate.not_valid", f"{name} is not delivered: {wrong}", name=name))
        fault = stored.find_fault()
        if fault is not None:  # a target that does not look would serve it, and one that looks says less about it
            raise DeployError(failure("certificate.mismatch", f"{name} is not delivered: {fault}", name=name))
        return stored, stored.leaf

    def _deploy(self, step: DeployCertificate, on_line: OnLine) -> Delivery:
        ledger, (_, leaf) = self._ledgers[step.authority.name], self._read_sound(step)
        before = ledger.get(step.entry)
        refuse_reverted(step, leaf)
        delivery = self._bring(step, on_line)
        if delivery.changed and before.seen == leaf.sha256 and isinstance(step.reason, NotServed):
            ledger.put(step.entry, ledger.get(step.entry).count_redelivery())
        return delivery

    def _bring(self, step: DeployCertificate, on_line: OnLine) -> Delivery:
        if step.destination.install is not None:
            work = self._installation(step, on_line)
            install((work,), self._config, self._context)
            if work.error is not None:
                raise work.error
            return work.delivery
        stored, leaf = self._read_sound(step)
        with self._targets[_place(step.destination)]:
            delivery = deliver(step, leaf, config=self._config, context=self._context, on_line=on_line)
        ledger = self._ledgers[step.authority.name]
        entry = ledger.get(step.entry).prove(leaf.sha256, self._context.clock(), leaf.validity[1])
        ledger.put(step.entry, entry)
        seen = (ledger.get(f"{step.request.name}/{target.name}").seen for target in step.request.targets if target.hook)
        if self._is_left_to_acme_sh() and all(sha256 == leaf.sha256 for sha256 in seen):
            set_deployed(stored.files.configuration, instant(self._context.clock()))
        return delivery

    def _is_left_to_acme_sh(self) -> bool:
        return self._config.schedule is not None and self._config.schedule.run == "wrapper"

    def note(self, step: CertificateStep, problem: Failure, retry_after: Optional[timedelta] = None) -> None:
        """Write a failure down. The next try comes while half of what is left of a life is still left: the life of what a
        target serves, or of the certificate itself.
        """
        now, stored = self._context.clock(), paths.read(self._config, step.request)
        ledger = self._ledgers[step.authority.name]
        entry = ledger.get(step.entry)
        leaf = stored.leaf if stored is not None else None
        failed = entry if leaf is None else entry.want(leaf.sha256)
        failed = failed.fail(
            problem,
            now,
            end=end_of(entry, leaf),
            interval=interval_of(self._config.schedule),
            retry_after=None if retry_after is None else retry_after.total_seconds(),
        )
        ledger.put(step.entry, failed)


def _place(target: Target) -> str:
    return "the NAS" if target.synology is not None else str(target.verify or target.name)
