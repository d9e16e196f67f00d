"""What is asked of acme.sh: every flag it is given is spelled here and nowhere else.

Arguments are checked before they get near a shell, by the rules of :mod:`acmewrap.config.arguments`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Callable, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple, TypeVar, Union, get_args

from ..config.arguments import (
    DNS_HOOK_PATTERN,
    EMAIL_PATTERN,
    HOOK_PATTERN,
    SYNOLOGY_HOOK,
    SYNOLOGY_RENAMED,
    SYNOLOGY_VARIABLES,
    URL_PATTERN,
    check_domain,
    check_first_domain,
    check_path,
    check_value,
)
from ..config.challenges import Alpn, Apache, Challenge, Dns, Nginx, Stateless, Webroot
from ..config.install import FilePart, Install
from ..config.manifest import version_tuple
from ..config.model import KeyType
from ..errors import CommandError
from ..failures import failure
from ..secrets import Secret
from ..system.reading import read_bytes
from .homes.home import is_ecc

BASH = "/bin/bash"
DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

# Seconds. acme.sh's own worst waits: 103 for a directory that cannot be reached, 360 for a directory that answers 50x
# (3.1.5), 66 for an order that stays pending, and hooks that wait for a restarting NAS.
DEADLINES: Mapping[str, float] = {
    **dict.fromkeys(("register_account", "update_account", "deactivate_account"), 600),
    **dict.fromkeys(("issue", "renew", "revoke", "deactivate"), 600),
    **dict.fromkeys(("deploy", "install_cert"), 300),
    "cron": 3600,
}
DEFAULT_DEADLINE = 120.0

Value = Union[str, Secret]
Challenges = Union[Challenge, Sequence[Challenge]]  # one for all domains, or one for each
AnyValue = TypeVar("AnyValue")


def read_version(program: Path) -> str:
    """The version that the script in the folder *program* says of itself; empty when it says none. Starts nothing."""
    try:
        match = re.search(rb"^VER=([\d.]+)", read_bytes(program / "acme.sh")[:4096], re.MULTILINE)
    except OSError:  # the call that follows fails, and says why
        return ""
    return match.group(1).decode("ascii") if match is not None else ""


def revealed(value: Value) -> str:
    return value.reveal() if isinstance(value, Secret) else value


def check_values(variables: Mapping[str, Value]) -> None:
    """Raises :class:`CommandError` (``command.unsafe``), naming no value, for one that acme.sh would not take as it is."""
    for name, value in variables.items():
        try:
            check_value(revealed(value))
        except ValueError as error:
            raise refused(f"the value of {name}: {error}") from None


def hook_variables(hook: str, environment: Mapping[str, AnyValue], version: str) -> Dict[str, AnyValue]:
    """A hook's variables under the names that the given acme.sh reads (that of DSM renamed its own)."""
    if hook == SYNOLOGY_HOOK and version_tuple(version) < SYNOLOGY_RENAMED:
        return {SYNOLOGY_VARIABLES.get(name) or name: value for name, value in environment.items()}
    return dict(environment)


def one_each(domains: Sequence[str], challenge: Challenges) -> Tuple[Challenge, ...]:
    """A challenge for each of *domains*, in order. Raises :class:`CommandError` (``command.unsafe``)."""
    challenges = tuple(challenge) if isinstance(challenge, Sequence) else (challenge,) * len(domains)
    if not domains or len(domains) != len(challenges):
        raise refused(f"{len(domains)} domains and {len(challenges)} challenges: each domain needs its own")
    return challenges


def issue(
    domains: Sequence[str],
    challenges: Sequence[Challenge],
    key: str,
    *,
    force: bool = False,
    options: Sequence[str] = (),
) -> Tuple[str, ...]:
    """``--issue``: one challenge per domain, in order; the first domain names the certificate."""
    if key not in get_args(KeyType):
        raise refused(f"{key!r} is not a kind of key, such as ec-256 or 2048")
    _checked(check_first_domain, domains[0])
    if domains[0] == "ca" and not is_ecc(key):
        raise refused("acme.sh would put an RSA certificate for `ca` where its accounts lie: use ec-256")
    words: List[str] = ["--issue", "--keylength", key]
    for domain, challenge in zip(domains, challenges):
        words += ["--domain", _domain(domain), *_challenge(challenge)]
    return (*words, *_force(force), *options)


def sign_csr(
    domains: Sequence[str], challenges: Sequence[Challenge], *, force: bool = False, options: Sequence[str] = ()
) -> Tuple[str, ...]:
    """``--sign-csr`` of a request for *domains*, the path of which is to follow."""
    for domain in domains:
        if re.fullmatch(r"[0-9.]+|.*:.*", _domain(domain)):
            raise refused(f"{domain}: acme.sh reads no addresses of a request, only domain names")
    words = [word for challenge in challenges for word in _challenge(challenge)]
    return ("--sign-csr", *words, *_force(force), *options)


def of_certificate(verb: str, domain: str, key: str) -> Tuple[str, ...]:
    """``--verb`` of a certificate that is there."""
    return (f"--{verb.replace('_', '-')}", "--domain", _domain(domain), *_ecc(key))


def renew(domain: str, key: str, *, force: bool = False) -> Tuple[str, ...]:
    return (*of_certificate("renew", domain, key), *_force(force))


def deploy(domain: str, key: str, hook: str, ca_bundle: Optional[str] = None) -> Tuple[str, ...]:
    """``--deploy``; *ca_bundle* is for what the hook asks over https."""
    if not re.fullmatch(HOOK_PATTERN, hook):
        raise refused(f"{hook!r} is not the name of a deploy hook")
    trust = () if ca_bundle is None else ("--ca-bundle", plain_path(Path(ca_bundle)))
    return ("--deploy", "--deploy-hook", hook, "--domain", _domain(domain), *_ecc(key), *trust)


def cron(*, force: bool = False) -> Tuple[str, ...]:
    return ("--cron", *_force(force))


def install_cert(domain: str, key: str, install: Install) -> Tuple[str, ...]:
    words = of_certificate("install_cert", domain, key)
    parts: Tuple[FilePart, ...] = ("cert_file", "key_file", "ca_file", "fullchain_file")
    for part in parts:
        if part in install.files:
            words += (f"--{part.replace('_', '-')}", plain_path(install.files[part].path))
    return (*words, "--reloadcmd", install.script) if install.script else words


def revoke(domain: str, key: str, reason: int = 0) -> Tuple[str, ...]:
    """``--revoke``; *reason* is a CRLReason of RFC 5280 section 5.3.1."""
    return (*of_certificate("revoke", domain, key), "--revoke-reason", str(reason))


def deactivate(domain: str) -> Tuple[str, ...]:
    return ("--deactivate", "--domain", _domain(domain))


def authority(server: str, ca_bundle: Optional[Path], email: Optional[str] = None) -> Tuple[str, ...]:
    """The words that bind a call to one directory; without ``--server`` acme.sh would ask a public authority."""
    if not re.fullmatch(URL_PATTERN, server):
        raise refused(f"{server!r} is not the URL of an ACME directory")
    words = ["--server", server]
    if ca_bundle is not None:
        words += ["--ca-bundle", plain_path(ca_bundle)]
    if email is not None:
        if not re.fullmatch(EMAIL_PATTERN, email):
            raise refused(f"{email!r} is not a mail address that acme.sh can keep")
        words += ["--accountemail", email]
    return tuple(words)


def plain_path(path: Path) -> str:
    """*path* as text, if acme.sh can live with it. Raises :class:`CommandError` (``command.unsafe``) otherwise."""
    if not path.is_absolute():
        raise refused(f"{path}: acme.sh needs an absolute path")
    return _checked(check_path, str(path))


def wrap(words: Iterable[str], umask: int) -> Tuple[str, ...]:
    """*words* run by bash under a umask; Popen's own ``umask`` came with Python 3.9."""
    return (BASH, "-c", 'umask "$0"; exec "$BASH" "$@"', f"{umask:03o}", *words)


def _challenge(challenge: Challenge) -> Tuple[str, ...]:
    if isinstance(challenge, Webroot):
        return ("--webroot", plain_path(challenge.path))
    if isinstance(challenge, Dns):
        if not re.fullmatch(DNS_HOOK_PATTERN, challenge.hook):
            raise refused(f"{challenge.hook!r} is not the name of a dnsapi hook")
        return ("--dns", challenge.hook)
    if isinstance(challenge, Alpn):
        return ("--alpn", *(("--tlsport", str(challenge.port)) if challenge.port is not None else ()))
    if isinstance(challenge, Stateless):
        return ("--stateless",)
    if isinstance(challenge, Nginx):
        return ("--nginx", *((plain_path(challenge.configuration),) if challenge.configuration is not None else ()))
    if isinstance(challenge, Apache):
        return ("--apache",)
    return ("--standalone", *(("--httpport", str(challenge.port)) if challenge.port is not None else ()))


def _domain(domain: str) -> str:
    return _checked(check_domain, domain)


def _checked(check: Callable[[str], str], text: str) -> str:
    try:
        return check(text)
    except ValueError as error:
        raise refused(str(error)) from None


def _ecc(key: str) -> Tuple[str, ...]:
    return ("--ecc",) if is_ecc(key) else ()


def _force(force: bool) -> Tuple[str, ...]:
    return ("--force",) if force else ()


def refused(message: str) -> CommandError:
    """What acme.sh would not take as it is meant."""
    return CommandError(failure("command.unsafe", message))
