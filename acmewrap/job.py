"""A method for each command, for Python code, the command line and the schedule alike. What it takes is imported when called."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Dict, Mapping, Optional, Tuple

from . import paths
from .config.model import Config
from .engine.convergence import MONITORED, SCOPES, Command, Convergence
from .errors import ConfigurationWarning
from .frozen import frozen, replace
from .plan.planner import Plan
from .state.machine import read_state
from .state.model import CERTIFICATE_PARTS, STATUS_PARTS

if TYPE_CHECKING:
    from .doctor import DoctorNotice, Finding
    from .driver.results import RevokeResult
    from .engine.engine import Listener
    from .engine.results import Run
    from .engine.verbs.interval import IntervalChange
    from .engine.verbs.pinning import Pinned
    from .engine.verbs.status import CertificateStatus
    from .engine.verbs.upgrade import ReleaseChange
    from .monitoring.trial import Sent
    from .pki.x509 import X509
    from .plan.steps import Step
    from .report.page import Report
    from .schedule.backend import Scheduler


@frozen
class Job:
    """One configuration, and all that can be done with it. ``environ`` serves secrets, proxies and PATH (None: the process's own);
    ``deadline`` is for each call of acme.sh, in seconds; ``listener`` is called for every step, from one thread at a time.

    ``names`` of certificates narrow a method to these (none: all); every method that takes them raises :class:`AcmewrapError`
    (``certificate.unknown``). What returns a :class:`Run` raises :class:`BusyError` when another run is at work, and
    :class:`AccessError` when root would work in a folder that another user owns or can change; what fails in a step is part of
    the run, not raised.
    """

    config: Config
    environ: Optional[Mapping[str, str]] = None
    deadline: Optional[float] = None
    clock: Callable[[], float] = time.time
    listener: Optional[Listener] = None

    def plan(self, *names: str, command: Command = "apply", force: bool = False, prune: bool = False) -> Plan:
        """What *command* would do, and why. Changes nothing."""
        return self._converge(names, command, force=force, prune=prune).plan()

    def apply(
        self, *names: str, force: bool = False, prune: bool = False, agreed: Optional[Tuple[Step, ...]] = None
    ) -> Run:
        """Do all that the file asks for. ``prune``: also remove ``leftovers`` of a plan, if ``agreed`` to (None: all)."""
        return self._execute(names, "apply", force=force, prune=prune, agreed=agreed)

    def cron(self, *names: str, force: bool = False) -> Run:
        """The scheduled run: renew due certificates, retry pending deployments, each failure once it has waited out its time. It
        rotates the log, and writes down how long there will be nothing to do, for ``acmewrap cron`` to be quick about it.
        """
        from .engine import noop_cache
        from .host import log

        started = self.clock()
        log.rotate(paths.log_path(self.config))
        done = self._execute(names, "cron", force=force)
        if not (done.plan.steps or done.plan.state.unread or names or force):
            line: Optional[str] = ""
            if self.config.monitoring is not None:
                from .monitoring.heartbeat import describe

                line = describe(self.config, self._environ)
            noop_cache.remember(self.config, done.plan.state, self._environ, started, line)
        return done

    def issue(self, *names: str, force: bool = False) -> Run:
        """Issue or renew what is due, with *force* also what is not. Deploys nothing."""
        return self._execute(names, "issue", force=force)

    def deploy(self, *names: str, force: bool = False) -> Run:
        """Deploy pending certificates and verify them, with *force* again."""
        return self._execute(names, "deploy", force=force)

    def install(self, *, force: bool = False) -> Run:
        """Install the pinned acme.sh; *force* replaces changed files and keeps them beside the new ones."""
        return self._execute((), "install", force=force)

    def render(self) -> Run:
        """Write the wrapper script and the files it needs."""
        return self._execute((), "render")

    def check(self) -> Tuple[ConfigurationWarning, ...]:
        """What the file should not say although it may. Changes nothing. Raises :class:`ConfigurationError` with every problem that
        only shows on this machine, and those warnings; where that is all that is wrong, :class:`AccessError` when the scheduled run
        could not start, :class:`ReleaseError` for a release without pin.
        """
        from .engine.verbs.check import check

        return check(self.config, self._environ)

    def status(self, *names: str, run: Optional[Run] = None) -> Dict[str, CertificateStatus]:
        """The certificates on disk and at their targets; with *run* as that left them, and no target is asked again."""
        from .engine.verbs.status import assess

        known = self.config.known(names) or tuple(self.config.certificates)
        if run is not None and not run.results and set(known) <= set(run.plan.state.certificates):
            return assess(self.config, run.plan.state, self.clock(), run, known)  # as it was read a moment ago
        parts = CERTIFICATE_PARTS if run is not None else STATUS_PARTS
        return assess(self.config, read_state(self.config, parts, known), self.clock(), run)

    def metrics(self, *names: str) -> str:
        """The same in the text format of Prometheus, with what the file of ``monitoring.metrics`` has of runs."""
        from .monitoring import metrics

        return metrics.text(self.config, self.status(*names))

    def report(self, *names: str) -> Report:
        """That of :meth:`status`, what is pending and why, the next run and the last ones; also as HTML."""
        from .report import page

        return page.look(self.config, self.config.known(names), self.clock())

    def test_monitoring(self) -> Tuple[Sent, ...]:
        """Send one message to each service of ``monitoring``. Raises :class:`AcmewrapError` (``monitoring.none``)."""
        from .monitoring import trial

        return trial.run(self.config, self._environ)

    def doctor(
        self,
        *names: str,
        fix: bool = False,
        http_port: int = 80,
        address: Optional[str] = None,
        writes: bool = True,
        listener: Optional[Callable[[DoctorNotice], None]] = None,
    ) -> Tuple[Finding, ...]:
        """Everything that keeps certificates from being renewed; with *fix* what is left of it after what is safe was done. For the
        others see :class:`acmewrap.doctor.DoctorContext`. Raises :class:`BusyError` when another run is at work.
        """
        from .doctor import DoctorContext, examine, examine_and_fix

        names = self.config.known(names)
        context = DoctorContext(self.config, self._environ, names, http_port, address, self.clock, writes=writes)
        return (examine_and_fix if fix else examine)(context, listener)

    def rehearse(self, *names: str, server: Optional[str] = None, ca_bundle: Optional[Path] = None) -> Run:
        """Order into a home that is thrown away, at *server* with the roots in *ca_bundle* if they are given."""
        from .engine.verbs import rehearsal

        with rehearsal.stage(self.config, server=server, ca_bundle=ca_bundle) as staged:
            return replace(self._converge(names, "rehearse"), config=staged).execute(self.listener)

    def leaf(self, name: str) -> X509:
        """The certificate *name* as it is stored. Raises :class:`IssueError` (``certificate.not_issued``)."""
        from .engine.verbs import revocation

        return revocation.leaf_of(self.config, name)

    def collect_support(self) -> Dict[str, Any]:
        """How the NAS answers, without values. Raises :class:`AccessError` (``doctor.no_nas``), or why no login works."""
        from .doctor import support

        return support.collect(self.config, self._environ)

    def revoke(self, name: str, reason: int = 0, *, sha256: Optional[str] = None) -> RevokeResult:
        """Revoke a certificate at its authority. *reason* is the CRLReason of RFC 5280, 5.3.1. Raises :class:`BusyError`,
        :class:`IssueError` (``certificate.not_issued``; ``certificate.replaced``: it is not *sha256*).
        """
        from .engine.context import RunContext
        from .engine.verbs import revocation

        context = RunContext(self._environ, self.clock, deadline=self.deadline)
        return revocation.revoke(self.config, name, context, reason, sha256)

    def replace(self, name: str, *, force: bool = False, sha256: Optional[str] = None) -> Run:
        """Replace a certificate that others know the key of: issue another with another key, deploy and verify it, and only then
        revoke that one. What a run cannot finish the next :meth:`apply` or :meth:`cron` does, or this; it begins another
        replacement, before the last is finished, only with *force*. Raises besides what :meth:`revoke` raises.
        """
        from .engine.verbs import revocation

        revocation.mark_compromised(self.config, name, self._environ, sha256, force=force)
        return self._execute((name,), "replace")

    def compare_release(self, version: Optional[str] = None) -> ReleaseChange:
        """What :meth:`upgrade` would change. Raises :class:`ReleaseError` when *version* may not be installed."""
        from .engine.verbs import upgrade

        return upgrade.compare(self.config, version)

    def upgrade(self, version: Optional[str] = None, *, force: bool = False) -> Run:
        """Switch to another pinned release of acme.sh (None: the newest with two witnesses), or back: install and write it. When a
        step fails, all is as before. Raises as :meth:`compare_release`; for the file ConfigurationError or AccessError.
        """
        from .engine.verbs import upgrade

        return upgrade.switch(self.config, version, self._environ, self.clock, self.listener, force=force)

    def pin(self, archive: Path, *, pretend: bool = False) -> Pinned:
        """Pin the release in *archive* for :meth:`upgrade`; *pretend* only compares. Raises :class:`ReleaseError`, and as that."""
        from .engine.verbs import pinning

        return pinning.pin(self.config, archive, self._environ, pretend=pretend)

    def adjust_schedule(self, *, pretend: bool = False) -> Optional[IntervalChange]:
        """Have the file and its entry run as often as is needed (None: they do); *pretend* only compares. Raises as that."""
        from .engine.verbs import interval

        return interval.adjust(self.config, self._environ, self.clock, self.listener, pretend=pretend)

    def schedule(self) -> Scheduler:
        """The entry of the scheduled run, which :meth:`apply` makes. Raises :class:`AcmewrapError` (``schedule.none``)."""
        from .schedule.backends import open_scheduler

        return open_scheduler(self.config, self._environ)

    def wrapper(self, authority: Optional[str] = None) -> Path:
        """The wrapper script of *authority* (None: the first), safe to run: it and acme.sh are what they should be. Raises
        :class:`AcmewrapError` (``authority.unknown``, ``wrapper.missing``), and :class:`ReleaseError`.
        """
        from .engine.verbs import wrapper

        return wrapper.find(self.config, authority)

    @property
    def _environ(self) -> Mapping[str, str]:
        return os.environ if self.environ is None else self.environ

    def _converge(self, names: Tuple[str, ...], command: Command, **asked: Any) -> Convergence:
        options = replace(SCOPES[command], **asked)
        return Convergence(self.config, self._environ, options, self.config.known(names), self.deadline, self.clock)

    def _execute(self, names: Tuple[str, ...], command: Command, **asked: Any) -> Run:
        def write(run: Run) -> str:
            from .report import document

            return document.text_of_run(command, run, self.status(*names, run=run))

        converging = replace(self._converge(names, command, **asked), document=write, noted_as=command)
        if self.config.monitoring is None or command not in MONITORED:
            return converging.execute(self.listener)
        from .monitoring.monitor import Monitor

        return Monitor(converging, command).follow(self.listener, lambda run: self.status(run=run))
