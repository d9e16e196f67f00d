"""One installed acme.sh and one home: a method per command of acme.sh, each returning a typed result.

>>> acme = AcmeSh(Path("/srv/src/acme.sh"), Path("/srv/.acme.sh"), server="https://ca.example.com/acme/directory")
>>> acme.issue(["nas.example.com"], [Webroot(Path("/var/lib/letsencrypt"))]).not_after

A command that merely failed raises nothing: the result says so, and why. Raised are :class:`ReleaseError` (acme.sh is
not what was pinned), :class:`CommandError` (it cannot be started, or an argument is unsafe) and :class:`AccessError` (the
home cannot be written to).
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Iterable, Mapping, Optional, Sequence, Tuple, Union

from ..acme import retry_after
from ..catalogue import failure
from ..config.arguments import CHALLENGE_FOLDER
from ..config.install import Install
from ..config.model import Challenge, Poll, Webroot
from ..errors import CommandError, Failure, Retry
from ..pki.x509 import X509
from . import accounts, command, cron, evidence
from .call import Caller, CallResult
from .command import Value
from .evidence import Due, Request
from .home import Home, is_ecc, read_folder
from .process import OnLine, ProcessRunner, Runner
from .results import CronResult, DeployResult, IssueResult, ListEntry, RevokeResult
from .staging import stage


class AcmeSh:
    """Drives the acme.sh in the folder *program* on the certificates in *home*, all of one directory (*server*).

    ``version`` names the pinned release whose manifest is checked before each call (None: no check, the caller vouches);
    ``environment`` reaches every call (proxies, for one); ``deadlines`` are seconds by verb, ``poll`` is that of an authority.
    """

    def __init__(
        self,
        program: Union[str, Path],
        home: Union[str, Path],
        *,
        server: str,
        ca_bundle: Optional[Path] = None,
        email: Optional[str] = None,
        version: Optional[str] = None,
        path: str = command.DEFAULT_PATH,
        environment: Optional[Mapping[str, str]] = None,
        deadlines: Optional[Mapping[str, float]] = None,
        runner: Optional[Runner] = None,
        poll: Poll = "early",
    ) -> None:
        self.home = Home(Path(home))
        self._caller = Caller(
            program=Path(program),
            home=self.home,
            server=server,
            ca_bundle=ca_bundle,
            email=email,
            pinned=version,
            path=path,
            environment=dict(environment or {}),
            deadlines={**command.DEADLINES, **(deadlines or {})},
            runner=runner or ProcessRunner(),
            poll=poll,
        )

    def register_account(self, eab: Optional[Tuple[str, Value]] = None) -> None:
        """Make sure the directory has an account of ours; does nothing when there is one.

        ``eab`` is key id and HMAC key of an external account binding. Call it before issuing side by side: first issues
        race for the account. Raises :class:`IssueError` with the authority's reason.
        """
        accounts.register(self._caller, eab)

    def issue(
        self,
        domains: Sequence[str],
        challenges: Sequence[Challenge],
        *,
        key: str = "ec-256",
        force: bool = False,
        options: Sequence[str] = (),
        variables: Optional[Mapping[str, Value]] = None,
        due: Optional[Due] = None,
        settings: Optional[Mapping[str, str]] = None,
        on_line: Optional[OnLine] = None,
    ) -> IssueResult:
        """``--issue``. The first domain names the certificate; ``challenges`` has one entry per domain, in order.

        ``variables`` are those of dnsapi hooks. ``due`` maps notBefore and notAfter to the time for acme.sh's own
        calendar, ``settings`` are values for the domain's configuration; both serve plain runs of ``--cron``.
        """
        words = command.issue(domains, challenges, key, force=force, options=options)
        webroots = tuple(str(challenge.path) for challenge in challenges if isinstance(challenge, Webroot))
        return self._obtain(Request("issue", tuple(domains), key, words, webroots, variables, due, settings), on_line)

    def renew(
        self,
        domain: str,
        *,
        key: str = "ec-256",
        force: bool = False,
        variables: Optional[Mapping[str, Value]] = None,
        due: Optional[Due] = None,
        settings: Optional[Mapping[str, str]] = None,
        on_line: Optional[OnLine] = None,
    ) -> IssueResult:
        """``--renew``: the same again, from what acme.sh remembers. Runs no deploy hook; that is :meth:`deploy`'s."""
        stored = self.home.read(domain, is_ecc(key))
        domains, webroots = ((domain,), ()) if stored is None else (stored.domains, stored.webroots)
        words = command.renew(domain, key, force=force)
        return self._obtain(Request("renew", domains, key, words, webroots, variables, due, settings), on_line)

    def cron(
        self,
        *,
        force: bool = False,
        variables: Optional[Mapping[str, Value]] = None,
        on_line: Optional[OnLine] = None,
    ) -> CronResult:
        """``--cron``: renews what acme.sh itself holds to be due. It passes over names without a dot; runs no hook.

        ``variables`` are those of dnsapi hooks.
        """
        return cron.run(self._caller, force=force, variables=variables, on_line=on_line)

    def deploy(
        self,
        domain: str,
        hook: str,
        *,
        key: str = "ec-256",
        variables: Optional[Mapping[str, Value]] = None,
        ca_bundle: Optional[str] = None,
        pinned: Optional[X509] = None,
        on_line: Optional[OnLine] = None,
        **context: str,
    ) -> DeployResult:
        """``--deploy``, on a copy: what the hook saves of its credentials goes away with it.

        ``ca_bundle`` is what the hook's own requests trust instead of the system's store; with ``pinned``, the key of that
        certificate and nothing else. ``context`` names things in remedies.
        """
        given = command.hook_variables(hook, variables or {}, self._caller.pinned or self.read_version())
        self._caller.refuse_exchangeable((), (text for name, text in given.items() if name.endswith("RELOAD")))
        with stage(self.home, [(domain, is_ecc(key))], pinned) as staging:
            words = command.deploy(domain, key, hook, ca_bundle)
            done = self._caller.run("deploy", words, staging, variables=given, on_line=on_line)
        return self._delivered("deploy", domain, hook, done, **context)

    def install_cert(
        self, domain: str, install: Install, *, key: str = "ec-256", on_line: Optional[OnLine] = None
    ) -> DeployResult:
        """``--install-cert``: copies to the given paths, then the reload command; acme.sh remembers both."""
        words = command.install_cert(domain, key, install)
        self._caller.refuse_exchangeable(install.paths, (install.script,))
        with stage(self.home, [(domain, is_ecc(key))]) as staging:
            done = self._caller.run("install_cert", words, staging, umask=0o022, on_line=on_line)
            if done.returncode == 0:
                staging.keep(self.home, domain, is_ecc(key))
        return self._delivered("install_cert", domain, "install_cert", done)

    def revoke(self, domain: str, *, key: str = "ec-256", reason: int = 0) -> RevokeResult:
        """``--revoke`` with a CRLReason of RFC 5280 section 5.3.1; acme.sh drops the certificate file afterwards."""
        with stage(self.home, [(domain, is_ecc(key))]) as staging:
            done = self._caller.run("revoke", command.revoke(domain, key, reason), staging, bound=True)
            if done.returncode == 0:
                staging.keep(self.home, domain, is_ecc(key))
        return self._ended("revoke", domain, done)

    def remove(self, domain: str, *, key: str = "ec-256") -> RevokeResult:
        """``--remove``: acme.sh forgets the certificate; its files stay among the kept versions."""
        with stage(self.home, [(domain, is_ecc(key))]) as staging:
            done = self._caller.run("remove", command.remove(domain, key), staging)
        if done.returncode == 0:
            self.home.remove(domain, is_ecc(key))
        return self._ended("remove", domain, done)

    def list(self) -> Tuple[ListEntry, ...]:
        """``--list --listraw``. acme.sh leaves out names without a dot; :meth:`Home.stored` does not."""
        sound = (stored for stored in self.home.stored() if stored.configuration_error is None)
        done = self._read("list", ("--list", "--listraw"), ((one.files.domain, one.ecc) for one in sound))
        rows = [line.split("|") for line in done.lines if "|" in line]
        entries = (ListEntry.from_row(dict(zip(rows[0], row))) for row in rows[1:])
        return tuple(entry for entry in entries if entry.domain)

    def info(self, domain: str, *, key: str = "ec-256") -> Mapping[str, str]:
        """``--info``: the domain's configuration as acme.sh prints it, without credentials; empty for a name it does not know."""
        done = self._read("info", command.info(domain, key), [(domain, is_ecc(key))])
        found = {match[1]: match[2] for line in done.lines for match in re.finditer(r"^(\w+)='?(.*?)'?$", line)}
        return {name: found[name] for name in found if not name.startswith("SAVED_") and "Le_Domain" in found}

    def version(self) -> str:
        """``--version``, without the ``v``."""
        return self._read("version", ("--version",)).lines[-1].strip().lstrip("v")

    def read_version(self) -> str:
        """The version that the script says of itself; starts nothing."""
        return command.read_version(self._caller.program)

    def _obtain(self, request: Request, on_line: Optional[OnLine], *, again: bool = True) -> IssueResult:
        domain, ecc = request.name
        known = {"domain": domain, "name": domain, "webroot": next(iter(request.webroots), "")}
        self._caller.refuse_exchangeable((Path(webroot, CHALLENGE_FOLDER) for webroot in request.webroots), ())
        with stage(self.home, [request.name], anew=request.verb == "issue") as staging:
            before, staged = self.home.read(domain, ecc), staging.files_of(domain, ecc)
            done = self._caller.run(
                request.verb, request.words, staging, variables=request.variables, bound=True, on_line=on_line
            )
            result = evidence.judge(
                request,
                self.home.files_of(domain, ecc),
                before,
                read_folder(staged, ecc),
                done,
                diagnose=lambda: self._caller.diagnose(request.verb, done, known, protocol=staging.read_protocol()),
            )
            if result.changed:
                result = evidence.align(request, result, staged)
                staging.keep(self.home, domain, ecc)
            elif result.failure is not None:
                result = replace(result, retry_after=retry_after.from_protocol(staging.read_protocol()))
        # acme.sh asks for a new nonce only when it knows the wording of the refusal; step-ca's it does not know.
        if again and not result.changed and result.failure is not None and result.failure.retry is Retry.AT_ONCE:
            return self._obtain(request, on_line, again=False)
        return result

    def _delivered(self, verb: str, domain: str, hook: str, done: CallResult, **context: str) -> DeployResult:
        fault, events = self._find_fault(verb, domain, done, hook=hook, **context), done.transcript.events
        return DeployResult("failed" if fault else "accepted", domain, hook, events, done.lines, done.seconds, fault)

    def _ended(self, verb: str, domain: str, done: CallResult) -> RevokeResult:
        fault, events = self._find_fault(verb, domain, done), done.transcript.events
        return RevokeResult("failed" if fault else "done", domain, events, done.lines, done.seconds, fault)

    def _find_fault(self, verb: str, domain: str, done: CallResult, **context: str) -> Optional[Failure]:
        known = {"domain": domain, "name": domain, **context}
        return None if done.returncode == 0 else self._caller.diagnose(verb, done, known)

    def _read(self, verb: str, words: Tuple[str, ...], names: Iterable[Tuple[str, bool]] = ()) -> CallResult:
        with stage(self.home, names) as staging:
            done = self._caller.run(verb, words, staging)
        if done.returncode != 0 or not done.lines:
            fault = self._caller.diagnose(verb, done) if done.lines else failure("acme.unknown", "acme.sh said nothing")
            raise CommandError(fault, command=done.command.printable(), returncode=done.returncode)
        return done
