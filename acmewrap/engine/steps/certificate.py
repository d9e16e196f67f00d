"""The steps of one certificate: obtain it, bring it to its targets, and write down which deployments are pending."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Dict, List, Mapping, Optional, Sequence, Set, Tuple, Union

from ... import paths
from ...config.model import Authority, Certificate, Config, Target
from ...driver import dns_wait
from ...driver.homes.configuration import set_deployed
from ...driver.homes.home import Stored
from ...driver.process import OnLine
from ...driver.results import IssueResult
from ...errors import AcmewrapError, DeployError, Failure
from ...failures import failure
from ...failures.catalogue import CATALOGUE
from ...formats.text import counted
from ...formats.timefmt import instant, moment
from ...frozen import replace
from ...pki.x509 import X509
from ...plan.due import due_at, end_of, interval_of
from ...plan.fingerprint import REQUEST_KEY, request_of
from ...plan.steps import CertificateStep, CheckRenewalInfo, DeployCertificate, ObtainCertificate, RenewCertificate
from ...reasons import Blocked, NotServed, Plain, Reverted
from ...secrets import resolve_all
from ...state.ledger import Ledger, LedgerEntry
from ...state.model import entry_name
from ...verify import local_files
from ..context import RunContext, explain
from ..results import Delivery, Evidence
from . import challenge_look, renewal_advice
from .deploy import deliver
from .install import Installation, install

Ended = Union[Delivery, AcmewrapError]


@dataclass
class CertificateSteps:
    """Performs steps of certificates; used from several threads at once, never by two for the same certificate. Of each authority
    there are its ledger and where it tells when to renew (``renewal_info``); ``blocked``: why certificates cannot be ordered.
    """

    config: Config
    context: RunContext
    ledgers: Mapping[str, Ledger]
    blocked: Mapping[str, AcmewrapError]
    renewal_info: Mapping[str, Optional[str]]
    # One upload at a time per target: a NAS restarts its web server after each.
    _uploading: Dict[str, threading.Lock] = field(default_factory=dict)
    _registering: threading.Lock = field(default_factory=threading.Lock)
    _registered: Dict[str, bool] = field(default_factory=dict)
    _silent: Set[str] = field(default_factory=set)

    def perform(self, step: CertificateStep, on_line: OnLine) -> Evidence:
        """Do *step*. A failure is noted, then raised as :class:`AcmewrapError`, or part of what acme.sh answered."""
        if isinstance(step, CheckRenewalInfo):
            # No answer is no failure: the certificate's own dates stand, and the ledger says when to ask again.
            ledger, now = self.ledgers[step.authority.name], self.context.clock()
            renewal_advice.consult(self.config, step.request, ledger, now, self.context.environ, silent=self._silent)
            return None
        try:
            if isinstance(step.reason, Blocked):
                raise AcmewrapError(step.reason.failure)
            if isinstance(step, DeployCertificate):
                return self._deploy(step, on_line)
            assert isinstance(step, ObtainCertificate)
            return self._obtain(step, on_line)
        except Exception as error:
            problem = explain(error, self.config, step)
            if not self.context.stopped.is_set():
                with contextlib.suppress(Exception):  # where nothing can be read or written, the failure itself says so
                    self.note(step, problem.failure)
            raise problem from error

    def _obtain(self, step: ObtainCertificate, on_line: OnLine) -> IssueResult:
        if step.request.name in self.blocked:
            raise self.blocked[step.request.name]
        before = paths.read(self.config, step.request)
        result = self._order(step, on_line)
        if not result.changed and result.failure is not None and CATALOGUE[result.failure.id].account_lost:
            result = self._order(step, on_line) if self._register_again(step.authority) else result
        if result.changed:
            ledger, source = self.ledgers[step.authority.name], self.renewal_info.get(step.authority.name)
            entry = ledger.get(step.entry)
            ledger.drop(step.entry)
            result = self._judge_life(step, entry, result)
            now, environ = self.context.clock(), self.context.environ
            renewal_advice.begin(self.config, step.request, ledger, source, now, before=before, environ=environ)
            return result
        result = challenge_look.explain(step.request, result)
        assert result.failure is not None
        self.note(step, result.failure, result.retry_after)
        return result

    def _register_again(self, authority: Authority) -> bool:
        """Whether the authority, which said that it lacks our account, has it now. It is asked once in a run."""
        with self._registering:
            if authority.name not in self._registered:
                self._registered[authority.name] = self.context.register(self.config, authority, again=True).ok
            return self._registered[authority.name]

    def _judge_life(self, step: ObtainCertificate, entry: LedgerEntry, result: IssueResult) -> IssueResult:
        """A certificate that is due at once is used, if nothing better is there; the next order waits, longer each time."""
        now = self.context.clock()
        if result.failure is not None or result.not_before is None or result.not_after is None:
            return result
        begin, end = int(result.not_before.timestamp()), int(result.not_after.timestamp())
        if not begin < due_at(begin, end, step.request.renew) <= now:
            return result
        message = f"the new certificate ends on {moment(result.not_after)}, and is to be renewed already"
        problem = failure("certificate.short_lived", message, name=step.request.name)
        failed = entry.fail(problem, now, end=end, interval=interval_of(self.config.schedule))
        self.ledgers[step.authority.name].put(step.entry, failed)
        return replace(result, failure=problem)

    def _order(self, step: ObtainCertificate, on_line: OnLine) -> IssueResult:
        certificate, acme = step.request, self.context.open_acme(self.config, step.authority, step.request.name)
        options = certificate.options

        def due(not_before: datetime, not_after: datetime) -> datetime:
            return instant(due_at(int(not_before.timestamp()), int(not_after.timestamp()), certificate.renew))

        environment = {name: one for way in certificate.challenges for name, one in getattr(way, "env", {}).items()}
        common = {
            "key": certificate.key,
            "force": True,
            "variables": resolve_all(environment, self.context.environ),
            "due": due,
            "settings": self._settings(certificate),
            "on_line": on_line,
        }
        if isinstance(step, RenewCertificate):
            wait = dns_wait.of(certificate.challenges, options, step.authority.server, step.authority.ca_bundle)
            return acme.renew(certificate.domains[0], wait=wait, **common)  # type: ignore[arg-type]
        new_key = step.reason is Plain.COMPROMISED
        return acme.issue(certificate.domains, certificate.challenges, options=options, new_key=new_key, **common)  # type: ignore[arg-type]

    def _settings(self, certificate: Certificate) -> Dict[str, str]:
        settings = {REQUEST_KEY: request_of(self.config, certificate)}
        if self._is_left_to_acme_sh() and certificate.targets:
            # The scheduled `--cron` of plain acme.sh deploys what its configuration names, and nothing else does.
            settings["Le_DeployHook"] = "".join(f"{target.hook}," for target in certificate.targets if target.hook)
        return settings

    def install_together(self, steps: Sequence[DeployCertificate], on_lines: Sequence[OnLine]) -> List[Ended]:
        """Do *steps*, which share a command, as one. What failed is written down and returned; raises when the run is stopped."""
        found: List[Union[Installation, Exception]] = []
        for step, on_line in zip(steps, on_lines):
            try:
                found.append(self._installation(step, on_line, *self._read_sound(step)))
            except Exception as error:
                found.append(error)
        install([work for work in found if isinstance(work, Installation)], self.config, self.context)
        return [self._conclude(step, one) for step, one in zip(steps, found)]

    def _installation(self, step: DeployCertificate, on_line: OnLine, stored: Stored, leaf: X509) -> Installation:
        return Installation(step, stored.files, leaf, self.ledgers[step.authority.name], on_line)

    def _conclude(self, step: DeployCertificate, done: Union[Installation, Exception]) -> Ended:
        error = done.error if isinstance(done, Installation) else done
        if error is None:
            assert isinstance(done, Installation)
            return done.delivery
        problem = explain(error, self.config, step)
        with contextlib.suppress(Exception):
            self.note(step, problem.failure)
        return problem

    def _read_sound(self, step: DeployCertificate) -> Tuple[Stored, X509]:
        name, stored = step.request.name, paths.read(self.config, step.request)
        if stored is None or stored.leaf is None:
            message = f"{name} has not been issued yet, there is nothing to deploy"
            raise DeployError(failure("certificate.not_issued", message, name=name))
        wrong = stored.date_fault(self.context.clock())
        if wrong is not None:
            raise DeployError(failure("certificate.not_valid", f"{name} is not deployed: {wrong}", name=name))
        fault = stored.find_fault()
        if fault is not None:  # a target that does not look would serve it, and one that looks says less about it
            raise DeployError(failure("certificate.mismatch", f"{name} is not deployed: {fault}", name=name))
        leaf = stored.leaf
        if isinstance(step.reason, Reverted) and local_files.look(step.destination, leaf).served != leaf.sha256:
            times = counted(step.reason.times, "delivery", "deliveries")
            message = f"{step.target} shows another certificate than {name} again, after {times}"
            raise DeployError(failure("deploy.reverted", message, name=name))
        return stored, leaf

    def _deploy(self, step: DeployCertificate, on_line: OnLine) -> Delivery:
        stored, leaf = self._read_sound(step)
        ledger = self.ledgers[step.authority.name]
        if step.destination.install is not None:
            work = self._installation(step, on_line, stored, leaf)
            install((work,), self.config, self.context)
            if work.error is not None:
                raise work.error
            return work.delivery
        with self._uploading.setdefault(_place(step.destination), threading.Lock()):
            delivery = deliver(step, leaf, config=self.config, context=self.context, on_line=on_line)
        again = delivery.changed and isinstance(step.reason, NotServed)
        proven = ledger.get(step.entry).prove(leaf.sha256, self.context.clock(), leaf.validity[1], again=again)
        ledger.put(step.entry, proven)
        seen = (ledger.get(entry_name(step.request.name, one.name)).seen for one in step.request.targets if one.hook)
        if self._is_left_to_acme_sh() and all(sha256 == leaf.sha256 for sha256 in seen):
            set_deployed(stored.files.configuration, instant(self.context.clock()))
        return delivery

    def _is_left_to_acme_sh(self) -> bool:
        return self.config.schedule is not None and self.config.schedule.run == "wrapper"

    def note(self, step: CertificateStep, problem: Failure, retry_after: Optional[timedelta] = None) -> None:
        """Write a failure down. The next try comes while half of the life of what is served, or stored, is still left."""
        now, stored = self.context.clock(), paths.read(self.config, step.request)
        ledger = self.ledgers[step.authority.name]
        leaf, entry = None if stored is None else stored.leaf, ledger.get(step.entry)
        entry = entry if leaf is None else entry.want(leaf.sha256)
        interval, asked = interval_of(self.config.schedule), retry_after and retry_after.total_seconds()
        ledger.put(step.entry, entry.fail(problem, now, end=end_of(entry, leaf), interval=interval, retry_after=asked))


def _place(target: Target) -> str:
    return "the NAS" if target.synology is not None else str(target.verify or target.name)
