"""What the user wants, as frozen values: paths absolute, defaults filled in. Made from YAML by :mod:`.load`, or by hand."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Iterator, Literal, Mapping, Optional, Tuple, Union

from ..frozen import field, frozen
from ..secrets import Reference
from ..system.trust import StrPath
from .challenges import Challenge
from .endpoint import Endpoint
from .install import Install as Install  # noqa: PLC0414 - with the other types, for readers
from .manifest import OwnHooks, Pin

if TYPE_CHECKING:
    from .monitoring import Monitoring

KeyType = Literal["ec-256", "ec-384", "ec-521", "2048", "3072", "4096", "8192"]
Scheduler = Literal["crontab", "dsm", "systemd"]
Runner = Literal["acmewrap", "wrapper"]
Poll = Literal["early", "acme.sh"]
Before = Literal["run", "issue", "deploy"]
After = Literal["run", "issue", "deploy", "error"]
Event = Literal["issued", "renewed", "deployed", "rolled_back", "failed"]

SHORT_LIFE = 10 * 24 * 60 * 60
DEFAULT_RELEASE = "3.1.1"
PROFILE, LIFETIME = "--cert-profile", "--valid-to"
DEFAULT_USAGE = ("--extended-key-usage", "serverAuth")  # acme.sh by itself asks for client certificates, too
SCRIPT_MARK, SCRIPT_HEAD = "acmewrap wrapper script", 400  # what each of ours holds, within so many bytes
HOME = ".acme.sh"  # acme.sh's own name for its home
LOG = "task.log"  # of unattended runs, below ``directory``, when the file names none


@frozen
class ExternalAccount:
    """External account binding (RFC 8555 section 7.3.4)."""

    key_id: str
    hmac_key: Reference


@frozen
class Authority:
    """A certificate authority that speaks ACME. ``ca_bundle`` is the file acme.sh is given; ``pem`` what it must hold, if known;
    ``proxy``, the URL of one or where that is read, stands in the place of those of the environment.
    """

    name: str
    server: str
    home: Path
    ca_bundle: Optional[Path] = None
    pem: Optional[str] = None
    email: Optional[str] = None
    eab: Optional[ExternalAccount] = None
    poll: Poll = "early"
    proxy: Union[str, Reference, None] = None


@frozen
class RenewAt:
    """Due when this fraction of notBefore..notAfter has passed; above 0, below 1. ``short``: that of a life below ten days."""

    fraction: float
    short: Optional[float] = None

    def of(self, lifetime: int) -> float:
        """The fraction of a *lifetime* in seconds."""
        return self.fraction if self.short is None or lifetime >= SHORT_LIFE else self.short


DEFAULT_RENEW = RenewAt(2 / 3, short=1 / 2)  # as certbot and lego have it, and Let's Encrypt's integration guide


@frozen
class RenewBefore:
    """Due this many seconds before notAfter."""

    seconds: int


@frozen
class Target:
    """A place that one of acme.sh's ``deploy`` hooks brings a certificate to, or files to ``install`` (``hook`` is then empty).

    ``verify`` None: nobody can look at it. ``synology``: the entry in DSM's list, when it goes to the NAS of the section.
    """

    name: str
    hook: str = ""
    env: Mapping[str, Union[str, Reference]] = field(default_factory=dict)
    verify: Optional[Endpoint] = None
    synology: Optional[DsmCertificate] = None
    install: Optional[Install] = None


@frozen
class Certificate:
    """One certificate: the first domain names its folder; ``challenges`` has one entry per domain, in order."""

    name: str
    domains: Tuple[str, ...]
    authority: str
    challenges: Tuple[Challenge, ...]
    key: KeyType = "ec-256"
    renew: Union[RenewAt, RenewBefore] = DEFAULT_RENEW
    targets: Tuple[Target, ...] = ()
    options: Tuple[str, ...] = ()

    def value_of(self, flag: str) -> Optional[str]:
        """What stands behind *flag* among the ``options``."""
        return next((value for word, value in zip(self.options, self.options[1:]) if word == flag), None)


@frozen
class Account:
    """A DSM user. With 2FA it shows ``device_id``, which DSM gave out under ``device_name``, or a one-time code."""

    name: str
    password: Reference
    device_id: Optional[Reference] = None
    device_name: str = "CertRenewal"
    otp_code: Optional[Reference] = None


@frozen
class DsmCertificate:
    """The entry in DSM's list: found by ``description``; made the default; given to the named services (``"all"`` or names).

    ``reserved`` are the services that other entries of the file name, which ``all`` leaves to them.
    """

    description: str = "acme"
    default: bool = True
    services: Union[Literal["all"], Tuple[str, ...]] = "all"
    reserved: Tuple[str, ...] = ()


@frozen
class Synology:
    """One Synology NAS. ``account`` uploads certificates; ``administrator`` makes that account, when not root on the NAS does.

    ``fingerprint`` is the SHA-256 (hex) of a certificate that DSM may show over https, whoever signed it.
    """

    url: str
    account: Account
    certificate: DsmCertificate = DsmCertificate()
    verify: Optional[Endpoint] = None
    administrator: Optional[Account] = None
    fingerprint: Optional[str] = None


@frozen
class Schedule:
    """When the unattended run happens: every day at ``hour:minute``, or every ``every_seconds``."""

    daily: Optional[Tuple[int, int]] = None
    every_seconds: Optional[int] = None
    by: Scheduler = "crontab"
    run: Runner = "acmewrap"
    mail: Optional[str] = None
    log: Optional[Path] = None


@frozen
class AcmeShSettings:
    """Which acme.sh, and where its archive lies if the user brought it by hand. ``pin`` may be that of another release; ``hooks``
    are to lie beside those of the release.
    """

    release: str = DEFAULT_RELEASE
    archive: Optional[Path] = None
    allow_vulnerable: bool = False
    pin: Optional[Pin] = None
    hooks: Optional[OwnHooks] = None


@frozen
class ConfiguredCommand:
    """A command of the user's own around a run: program and arguments, ``before`` or ``after`` what; with ``when``, only if one of
    these happened in the run. ``timeout`` is in seconds.
    """

    run: Tuple[str, ...]
    before: Optional[Before] = None
    after: Optional[After] = None
    when: Tuple[Event, ...] = ()
    timeout: int = 60


@frozen
class Config:
    """The whole file. ``file`` is where it was read from; everything acmewrap writes lies below ``directory``; ``origin`` is what
    the file was when this was read from it, None in any other configuration, such as one that was changed with ``replace``.
    """

    file: Path
    directory: Path
    acme_sh: AcmeShSettings
    authorities: Mapping[str, Authority]
    certificates: Mapping[str, Certificate]
    synology: Optional[Synology] = None
    schedule: Optional[Schedule] = None
    jobs: int = 1
    commands: Tuple[ConfiguredCommand, ...] = ()
    monitoring: Optional[Monitoring] = None
    origin: Optional[os.stat_result] = field(default=None, init=False, repr=False, compare=False)

    @classmethod
    def from_mapping(
        cls, values: Mapping[str, Any], file: StrPath = "acmewrap.yaml", environ: Optional[Mapping[str, str]] = None
    ) -> Config:
        """What *values* would mean as the YAML file *file*, which need not exist: keys, defaults and checks are those of a file.

        Values are text, numbers, booleans, None, paths, :class:`Secret`, and lists and mappings of them. Relative paths start
        from the folder of *file*. Raises :class:`ConfigurationError` with every problem, each with the path of its key.
        """
        from .load import from_mapping

        return from_mapping(values, file, environ)

    def known(self, names: Tuple[str, ...]) -> Tuple[str, ...]:
        """Just these *names* of certificates. Raises :class:`AcmewrapError` (``certificate.unknown``)."""
        from ..errors import AcmewrapError
        from ..failures import failure

        for name in (name for name in names if name not in self.certificates):
            known = ", ".join(self.certificates)
            raise AcmewrapError(failure("certificate.unknown", f"no certificate is called {name!r}", known=known))
        return names

    def select(self, *names: str) -> Tuple[Certificate, ...]:
        """Those of these *names*, all without any. Raises as :meth:`known`."""
        return tuple(self.certificates[name] for name in self.known(names) or self.certificates)

    def authority_of(self, certificate: Certificate) -> Authority:
        return self.authorities[certificate.authority]

    def targets(self) -> Iterator[Tuple[Certificate, Target]]:
        return ((certificate, target) for certificate in self.certificates.values() for target in certificate.targets)

    def challenges(self) -> Iterator[Challenge]:
        return (challenge for certificate in self.certificates.values() for challenge in certificate.challenges)
