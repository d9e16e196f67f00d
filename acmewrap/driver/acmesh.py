"""One installed acme.sh and one home: a method per command of acme.sh, each returning a typed result.

>>> acme = AcmeSh(Path("/srv/src/acme.sh"), Path("/srv/.acme.sh"), server="https://ca.example.com/acme/directory")
>>> acme.issue(["nas.example.com"], Webroot(Path("/var/lib/letsencrypt"))).raise_for_failure().not_after

A command that merely failed raises nothing, its result's ``raise_for_failure()`` does. Raised are :class:`ReleaseError` (acme.sh is
not what was pinned), :class:`CommandError` (no start, or unsafe arguments) and :class:`AccessError` (a home it cannot write).
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Callable, Mapping, Optional, Sequence, Tuple, Union

from ..config.challenges import Challenge, Wait
from ..config.model import Install, Poll
from ..frozen import replace
from ..pki.x509 import X509
from ..system.trust import StrPath
from . import command
from .call import Caller
from .command import Value
from .evidence import Due, Request
from .homes.home import Home, is_ecc
from .process import OnLine, ProcessRunner, Runner
from .results import (
    AccountResult,
    AuthorizationResult,
    CronResult,
    DeployResult,
    ExportResult,
    IssueResult,
    RevokeResult,
)
from .verbs import accounts, conversions, cron, deployments, orders, queries, removals
from .verbs.queries import CsrResult, InfoResult, ListResult


class AcmeSh:
    """Drives the acme.sh in the folder *program* on the certificates in *home*, all of one directory (*server*).

    Before each call every file of it is held against the manifest of the pinned release ``version`` (None: the one that the
    script says it is), or against ``files``, unless ``verify`` is False. ``environment`` reaches every call (proxies, for one);
    ``deadlines`` are seconds by verb; ``poll`` and ``proxy`` (its URL) are those of an authority; remedies name the ``context``.
    """

    def __init__(
        self,
        program: StrPath,
        home: StrPath,
        *,
        server: str,
        ca_bundle: Optional[StrPath] = None,
        email: Optional[str] = None,
        version: Optional[str] = None,
        files: Optional[Mapping[str, str]] = None,
        verify: bool = True,
        path: str = command.DEFAULT_PATH,
        environment: Optional[Mapping[str, str]] = None,
        deadlines: Optional[Mapping[str, float]] = None,
        runner: Optional[Runner] = None,
        clock: Callable[[], float] = time.time,
        poll: Poll = "early",
        context: Optional[Mapping[str, str]] = None,
        proxy: Optional[Value] = None,
    ) -> None:
        self.home = Home(Path(home))
        self._caller = Caller(
            program=Path(program),
            home=self.home,
            server=server,
            ca_bundle=None if ca_bundle is None else Path(ca_bundle),
            email=email,
            pinned=version,
            files=files,
            verify=verify,
            path=path,
            environment=dict(environment or {}),
            deadlines=deadlines or {},
            runner=runner or ProcessRunner(),
            clock=clock,
            poll=poll,
            context=context or {},
            proxy=proxy,
        )

    def register_account(self, eab: Optional[Tuple[str, Value]] = None, *, again: bool = False) -> AccountResult:
        """Make sure the directory has an account of ours. When there is one it does nothing, or registers its key ``again``.

        ``eab`` is key id and HMAC key of an external account binding. To be called before issuing side by side: orders race for it.
        """
        return accounts.register(self._caller, eab, again=again)

    def update_account(self, email: str) -> AccountResult:
        """``--update-account`` (RFC 8555 section 7.3.2): *email* becomes the only contact."""
        return accounts.update(self._caller, email)

    def deactivate_account(self) -> AccountResult:
        """``--deactivate-account`` (RFC 8555 section 7.3.6), for ever. The next order makes another account."""
        return accounts.deactivate(self._caller)

    def deactivate(self, domain: str) -> AuthorizationResult:
        """``--deactivate``: give up what shows the authority that *domain* is ours (RFC 8555 section 7.5.2)."""
        return conversions.deactivate(self._caller, domain)

    def issue(
        self,
        domains: Sequence[str],
        challenge: Union[Challenge, Sequence[Challenge]],
        *,
        key: str = "ec-256",
        force: bool = False,
        options: Sequence[str] = (),
        variables: Optional[Mapping[str, Value]] = None,
        due: Optional[Due] = None,
        settings: Optional[Mapping[str, str]] = None,
        new_key: bool = False,
        on_line: Optional[OnLine] = None,
    ) -> IssueResult:
        """``--issue``. The first domain names the certificate; ``challenge`` is one for all, or one for each in order.

        ``variables`` are those of dnsapi hooks. ``due`` maps notBefore and notAfter to the time for acme.sh's own calendar,
        ``settings`` are values for the domain's configuration; both serve plain runs of ``--cron``.
        acme.sh takes the key that is there once more, unless with ``new_key``.
        """
        request = orders.of_domains(self._caller, domains, challenge, key, force=force, options=options)
        request = replace(request, variables=variables, due=due, settings=settings, new_key=new_key)
        return orders.obtain(self._caller, request, on_line)

    def sign_csr(
        self,
        csr: StrPath,
        challenge: Union[Challenge, Sequence[Challenge]],
        *,
        force: bool = False,
        options: Sequence[str] = (),
        variables: Optional[Mapping[str, Value]] = None,
        on_line: Optional[OnLine] = None,
    ) -> IssueResult:
        """``--sign-csr``: a certificate for the names and the key of the request in the PEM file *csr*, as :meth:`issue` for its
        own; ``challenge`` is one for all, or one for each in the order of :meth:`show_csr`. :meth:`renew` orders it again.

        Raises :class:`CommandError` (``command.unsafe``) for one that acme.sh cannot take, or when the home has a key for it.
        """
        request = orders.of_csr(self._caller, csr, challenge, force=force, options=options)
        return orders.obtain(self._caller, replace(request, variables=variables), on_line)

    def show_csr(self, csr: StrPath) -> CsrResult:
        """``--show-csr``. Raises :class:`CommandError` (``command.unsafe``) when there is no request in the PEM file *csr*."""
        return queries.show_csr(self._caller, orders.read_csr(csr))

    def renew(
        self,
        domain: str,
        *,
        key: str = "ec-256",
        force: bool = False,
        variables: Optional[Mapping[str, Value]] = None,
        due: Optional[Due] = None,
        settings: Optional[Mapping[str, str]] = None,
        wait: Optional[Wait] = None,
        on_line: Optional[OnLine] = None,
    ) -> IssueResult:
        """``--renew``: the same again, from what acme.sh remembers except *wait*. Runs no deploy hook; that is :meth:`deploy`'s."""
        stored = self.home.read(domain, is_ecc(key))
        domains, webroots = ((domain,), {}) if stored is None else (stored.domains, stored.webroots)
        words = command.renew(domain, key, force=force)
        request = Request("renew", domains, key, words, webroots, variables, due, settings, wait=wait)
        return orders.obtain(self._caller, request, on_line)

    def cron(
        self, *, force: bool = False, variables: Optional[Mapping[str, Value]] = None, on_line: Optional[OnLine] = None
    ) -> CronResult:
        """``--cron`` with the ``variables`` of dnsapi hooks: renews what acme.sh holds due, no name without a dot; no deploys."""
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
        context: Optional[Mapping[str, str]] = None,
    ) -> DeployResult:
        """``--deploy``, on a copy: what the hook saves of its credentials goes away. Its requests trust ``ca_bundle`` instead
        of the system's store; with ``pinned``, the key of that certificate and nothing else. ``context`` names things in remedies.
        """
        return deployments.deploy(
            self._caller,
            domain,
            hook,
            key,
            variables=variables or {},
            ca_bundle=ca_bundle,
            pinned=pinned,
            context=context or {},
            on_line=on_line,
        )

    def install_cert(
        self, domain: str, install: Install, *, key: str = "ec-256", on_line: Optional[OnLine] = None
    ) -> DeployResult:
        """``--install-cert``: copies to the given paths, then the reload command; acme.sh remembers both."""
        return deployments.install_cert(self._caller, domain, install, key, on_line=on_line)

    def to_pkcs12(self, domain: str, path: StrPath, password: Value, *, key: str = "ec-256") -> ExportResult:
        """``--to-pkcs12``: key, certificate and chain in the file *path* (mode 0600), behind *password*, which is not kept."""
        return conversions.export(self._caller, domain, key, Path(path), password)

    def to_pkcs8(self, domain: str, path: StrPath, *, key: str = "ec-256") -> ExportResult:
        """``--to-pkcs8``: the key in the file *path* (mode 0600), as PKCS #8 and not encrypted."""
        return conversions.export(self._caller, domain, key, Path(path))

    def revoke(self, domain: str, *, key: str = "ec-256", reason: int = 0, kept: Optional[Path] = None) -> RevokeResult:
        """``--revoke`` with a CRLReason of RFC 5280 section 5.3.1; it and its key are gone afterwards, but where it is *kept*."""
        return removals.revoke(self._caller, domain, key, reason, kept)

    def remove(self, domain: str, *, key: str = "ec-256") -> RevokeResult:
        """``--remove``: acme.sh forgets the certificate; its files stay among the kept versions."""
        return removals.remove(self._caller, domain, key)

    def list(self) -> ListResult:
        """``--list --listraw``. acme.sh leaves out names without a dot; :meth:`Home.stored` does not."""
        return queries.list_certificates(self._caller)

    def info(self, domain: str, *, key: str = "ec-256") -> InfoResult:
        """``--info``: the domain's configuration as acme.sh prints it, without credentials; empty for a name it does not know."""
        return queries.info(self._caller, domain, key)

    def version(self) -> str:
        """``--version``, without the ``v``. Raises :class:`CommandError` when acme.sh does not say."""
        return queries.version(self._caller)

    def read_version(self) -> str:
        """The version that the script says of itself; starts nothing."""
        return command.read_version(self._caller.program)
