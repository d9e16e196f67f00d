"""One call of acme.sh: the words it is given, the environment made for it, and who is asked why it failed."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import shlex
import time
from functools import cached_property
from pathlib import Path
from typing import Any, Callable, Dict, Mapping, Optional, Sequence, Tuple

from ..config.model import Poll
from ..errors import Failure, ReleaseError
from ..failures import failure
from ..frozen import field, frozen
from ..secrets import Redactor, Secret
from ..system import trust
from ..system.reading import read_bytes
from . import command, concealment
from .command import Value
from .homes.home import Home
from .homes.staging import Staging
from .output.diagnosis import diagnose
from .output.transcript import Transcript, read
from .process import Command, Completed, OnLine, ProcessRunner, Runner
from .release import verification

_LOGGED = ("issue", "renew", "register_account", "update_account", "deactivate_account", "deactivate")
# Without variables of a dnsapi hook these give curl and openssl nothing that anybody may not see.
_SIGNED = ("issue", "renew")
_POLLING = ("issue", "renew", "cron")

logger = logging.getLogger(__name__)


class CallResult(Completed):
    """How a call of acme.sh ended, and what it said, read once."""

    @cached_property
    def transcript(self) -> Transcript:
        return read(self.lines)

    @property
    def said(self) -> Dict[str, Any]:
        """What every result has of it."""
        return {"events": self.transcript.events, "lines": self.lines, "seconds": self.seconds}


@frozen
class Caller:
    """What all calls of one :class:`~acmewrap.driver.acmesh.AcmeSh` have in common."""

    program: Path
    home: Home
    server: str
    ca_bundle: Optional[Path] = None
    email: Optional[str] = None
    pinned: Optional[str] = None
    files: Optional[Mapping[str, str]] = None
    verify: bool = True
    path: str = command.DEFAULT_PATH
    environment: Mapping[str, str] = field(default_factory=dict)
    deadlines: Mapping[str, float] = field(default_factory=dict)
    runner: Runner = field(default_factory=ProcessRunner)
    clock: Callable[[], float] = time.time
    poll: Poll = "early"
    context: Mapping[str, str] = field(default_factory=dict)
    proxy: Optional[Value] = None

    def run(
        self,
        verb: str,
        words: Sequence[str],
        staging: Staging,
        *,
        variables: Optional[Mapping[str, Value]] = None,
        secrets: Tuple[Secret, ...] = (),
        bound: bool = False,
        binding: Optional[str] = None,
        umask: int = 0o077,
        on_line: Optional[OnLine] = None,
        patience: int = 0,
    ) -> CallResult:
        """Run acme.sh in *staging*. ``bound`` adds server and bundle; ``variables`` are the hook's; ``binding`` are lines
        for ``ca.conf`` that only this call sees; ``patience`` are seconds to add to the usual deadline.

        Raises :class:`AccessError` when this is root and the script another user's to change, or when the account's configuration
        is not plain values (``home.unsafe``); :class:`ReleaseError` when acme.sh is not what was pinned; :class:`CommandError` when
        it cannot be started or an argument or value is unsafe.
        """
        trust.refuse_weak(self.program / "acme.sh")
        # What was checked is what runs: the link may lead elsewhere by then. Only its owner can write in the folder itself.
        program = verification.verify(self.program, self.version(), self.files) if self.verify else self.program
        given = variables or {}
        command.check_values(given)
        homes = (
            *("--home", command.plain_path(program)),
            *("--config-home", command.plain_path(staging.configuration)),
            *("--cert-home", command.plain_path(staging.certificates)),
        )
        where = command.authority(self.server, self.ca_bundle, self.email) if bound else ()
        argv = command.wrap((f"{program}/acme.sh", *homes, *words, *where), umask)
        account = staging.copy_account(self.home, self.server)
        if binding is not None:
            staging.bind_account(self.server, binding)
        deadline = self.deadlines.get(verb) or command.DEADLINES.get(verb, command.DEFAULT_DEADLINE) + patience
        environment = self._environment(verb, staging, given, self._polls(verb, program), deadline)
        secrets += tuple(value for value in (*given.values(), self.proxy) if isinstance(value, Secret))
        done = self.runner.run(Command(verb, argv, environment, staging.temporary, deadline, secrets), on_line)
        staging.keep_account(self.home, self.server, account)
        return CallResult(**vars(done))

    def version(self) -> str:
        """The pinned one, or else that which the script says of itself. Raises :class:`ReleaseError` (``release.missing``)."""
        version = self.pinned or command.read_version(self.program)
        if not version:
            raise ReleaseError(failure("release.missing", f"{self.program} holds no acme.sh"))
        return version

    def refuse_exchangeable_command(self, text: str) -> None:
        """For root: raise :class:`AccessError` when another user can change the program of a shell command that can be read."""
        with contextlib.suppress(ValueError):
            trust.refuse_weak_command(shlex.split(text), self.path)

    def find_fault(
        self, done: CallResult, domain: str = "", context: Optional[Mapping[str, str]] = None, *, protocol: str = ""
    ) -> Optional[Failure]:
        """What :meth:`diagnose` says of a call that did not end with 0, otherwise None."""
        return None if done.returncode == 0 else self.diagnose(done, domain, context, protocol=protocol)

    def diagnose(
        self,
        done: CallResult,
        domain: str = "",
        context: Optional[Mapping[str, str]] = None,
        *,
        protocol: str = "",
        renewal: Optional[Transcript] = None,
        webroots: Optional[Mapping[str, str]] = None,
    ) -> Failure:
        """Why it failed, or the one *renewal* in it; the remedy may name *domain* and what *context* has, *protocol* is the call's
        own log; *webroots* as :func:`diagnose` has it.
        """
        about = {"server": self.server, "home": str(self.home.path), "domain": domain, "name": domain}
        bundle = {} if self.ca_bundle is None else {"ca_bundle": str(self.ca_bundle)}
        return diagnose(
            done.command.verb if renewal is None else "renew",
            renewal or done.transcript,
            protocol_log=Redactor(done.command.secrets).redact(protocol),
            returncode=done.returncode,
            ended_by_deadline=done.ended_by_deadline,
            context={**about, **(context or {}), **self.context, **bundle},
            webroots=webroots,
        )

    def _polls(self, verb: str, program: Path) -> str:
        if verb not in _POLLING or self.poll != "early":
            return ""
        places = concealment.poll_places(hashlib.sha256(read_bytes(program / "acme.sh")).hexdigest())
        if not places:
            logger.info("where this acme.sh waits for an authority is not known: it asks again every 2 s")
        return places

    def _environment(
        self, verb: str, staging: Staging, variables: Mapping[str, Value], polls: str, deadline: float
    ) -> Dict[str, str]:
        # Built from nothing: acme.sh takes FORCE, DEBUG, STAGE, CERT_HOME, Le_* and many more from whoever starts it.
        environment = {
            **self.environment,
            "PATH": self.path,
            "LC_ALL": "C",
            "TZ": "UTC",
            "HOME": str(staging.folder),
            "TMPDIR": str(staging.temporary),
            "CURL_HOME": str(staging.curl),
            "CA_HOME": str(Home(staging.folder).account_home(self.server)),
            "NO_ARI": "1",
            "__OS__": " ".join(os.uname()),  # or it asks `uname -a` some twenty times
        }
        if verb in _LOGGED:  # never for a deploy: its log would hold the password
            # A time on each of some 300 lines would take a process each, a twentieth of the whole call.
            environment.update(LOG_FILE=str(staging.protocol), LOG_LEVEL="2", NO_TIMESTAMP="1")
        secrets = bool(variables) or verb not in _SIGNED
        environment.update(concealment.shell_functions(staging.folder, secrets=secrets, polls=polls, deadline=deadline))
        if self.proxy is not None:
            variables = {**variables, concealment.PROXY: self.proxy}
        environment.update((name, command.revealed(value)) for name, value in variables.items())
        return environment
