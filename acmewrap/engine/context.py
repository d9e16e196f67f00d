"""What a run takes from outside itself, as one value.

Nothing below reads the environment or the clock of the process, except to date the report of a fault; helper programs such as
crontab(1) are started in its environment.
"""

from __future__ import annotations

import threading
import time
from typing import Callable, Dict, Mapping, Optional

from .. import paths, unexpected
from ..acme import directory
from ..config.model import Authority, Config
from ..config.references import PROXIES, proxy_of, proxy_or_environment
from ..driver import command
from ..driver.acmesh import AcmeSh
from ..driver.process import ProcessRunner, Runner
from ..driver.release.pin import additions
from ..driver.results import AccountResult
from ..errors import AcmewrapError, CommandError
from ..failures import failure
from ..frozen import field, frozen
from ..plan.steps import Step
from ..secrets import resolve

_PASSED_ON = (*PROXIES, "no_proxy", "NO_PROXY")


def explain(error: Exception, config: Config, step: Step) -> AcmewrapError:
    """What *step* failed of, when that is *error*."""
    subject = step.certificate or getattr(step, "path", None) or step.kind
    return unexpected.explain(error, paths.reports_folder(config), str(subject))


@frozen
class RunContext:
    """``lock_timeout``: for another run to end; ``deadline``: for each call of acme.sh (None: that of its verb); seconds."""

    environ: Mapping[str, str]
    clock: Callable[[], float] = time.time
    runner: Runner = field(default_factory=ProcessRunner)
    lock_timeout: float = 10.0
    deadline: Optional[float] = None
    stopped: threading.Event = field(default_factory=threading.Event)

    def stop(self) -> None:
        """End all children, and let no new ones start."""
        self.stopped.set()
        self.runner.cancel()

    def sleep(self, seconds: float) -> None:
        """Wait, unless the run is being stopped: then raise :class:`CommandError` (``run.interrupted``)."""
        if self.stopped.wait(seconds):
            raise CommandError(failure("run.interrupted", "interrupted"))

    def register(self, config: Config, authority: Authority, *, again: bool = False) -> AccountResult:
        """Make sure the authority has an account of ours, see :meth:`AcmeSh.register_account`."""
        eab = authority.eab
        given = None if eab is None else (eab.key_id, resolve(eab.hmac_key, self.environ))
        return self.open_acme(config, authority).register_account(given, again=again)

    def directory(self, authority: Authority) -> directory.Directory:
        """See :func:`acmewrap.acme.directory.fetch`."""
        proxy = proxy_or_environment(authority, self.environ)
        return directory.fetch(authority.server, authority.ca_bundle, proxy)

    def open_acme(self, config: Config, authority: Authority, name: str = "") -> AcmeSh:
        """acme.sh as the configuration has it, bound to one authority; for the certificate *name*, if it is for one."""
        proxies: Dict[str, str] = {name: self.environ[name] for name in _PASSED_ON if name in self.environ}
        return AcmeSh(
            paths.program_folder(config),
            authority.home,
            server=authority.server,
            ca_bundle=authority.ca_bundle,
            email=authority.email,
            poll=authority.poll,
            proxy=proxy_of(authority, self.environ),
            version=config.acme_sh.release,
            files=additions(config.acme_sh),
            path=self.environ.get("PATH") or command.DEFAULT_PATH,
            environment=proxies,
            deadlines={} if self.deadline is None else dict.fromkeys(command.DEADLINES, self.deadline),
            runner=self.runner,
            clock=self.clock,
            context={"name": name} if name else {},
        )
