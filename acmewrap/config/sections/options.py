"""Arguments of acme.sh that a certificate may not bring along: the file has a key for them, or the run depends on them."""

from __future__ import annotations

from typing import Any, Iterator, Sequence, Tuple

from ..binder.record import Section
from ..binder.types import Scalar
from ..manifest import version_tuple
from ..model import DEFAULT_USAGE, LIFETIME, PROFILE

_COMMANDS = (
    "--issue --renew -r --renew-all --cron --deploy --install-cert -i --install --install-online --uninstall --upgrade --revoke "
    "--remove --list --info --register-account --update-account --deactivate-account --deactivate --create-account-key -cak "
    "--create-domain-key -cdk --create-csr -ccr --sign-csr --show-csr --to-pkcs --to-pkcs12 --to-pkcs8 --install-cronjob "
    "--uninstall-cronjob --set-notify --set-default-ca --set-default-chain --help -h --version -v"
)

_OWNED = {
    "the key `domains`": "--domain -d --csr",
    "the key `authority` and `server` of that authority": "--server --staging --test",
    "`ca_bundle` of the authority": "--ca-bundle --ca-path --insecure",
    "`email` of the authority": "--email -m --accountemail",
    "`eab` of the authority": "--eab-kid --eab-hmac-key",
    "`home` of the authority": "--home --config-home --cert-home --accountconf --accountkey",
    "the key `challenge`": "--webroot -w --standalone --alpn --stateless --nginx --apache --dns --httpport --tlsport",
    "the key `key`": "--keylength -k --ecc",
    "the key `renew`, or --force of acmewrap for one run": "--days --force -f",
    "the key `deploy`": "--deploy-hook --reloadcmd --cert-file --certpath --key-file --keypath --ca-file --capath --fullchain-file "
    "--fullchainpath",
    "`schedule: {log: …}`": "--log --logfile --log-level --syslog",
    "-v of acmewrap (acme.sh's own leaves challenge files and secrets behind)": "--debug --output-insecure",
    "`acme_sh: {release: …}`": "--auto-upgrade --branch -b",
}

_SINCE = {
    "profile": (PROFILE, "3.1.2"),
    "preferred_chain": ("--preferred-chain", "3.0.2"),
    "usages": (DEFAULT_USAGE[0], "3.0.9"),
    "lifetime": (LIFETIME, "3.0.6"),
}
USAGES = {"server": "serverAuth", "client": "clientAuth"}  # RFC 5280 section 4.2.1.12

RESERVED = {flag: owner for owner, flags in _OWNED.items() for flag in flags.split()}
RESERVED.update(dict.fromkeys(_COMMANDS.split(), "a command of acmewrap"))


def _option(text: str) -> str:
    owner = _BY_SPELLING.get(_spelling(text))
    if owner:
        raise ValueError(f"{text} cannot stand here: use {owner}")
    return text


def _spelling(flag: str) -> str:
    """acme.sh takes ``--install-cert``, ``--installcert`` and, for some, ``--installCert``."""
    return "--" + flag[2:].replace("-", "").lower() if flag.startswith("--") else flag


_BY_SPELLING = {_spelling(flag): owner for flag, owner in RESERVED.items()}

OPTION = Scalar(
    "an argument of acme.sh",
    _option,
    {"anyOf": [{"type": "string", "not": {"enum": sorted(RESERVED)}}, {"type": "number"}]},
)


def wanted_options(section: Section, settings: Any) -> Tuple[str, ...]:
    """What `profile`, `preferred_chain`, `usages` and `lifetime` are to acme.sh."""
    flag, since = _SINCE["usages"]
    usages, lifetime = section.get("usages") or (), section.get("lifetime")
    if not usages and flag not in (section.get("options") or ()) and _has(settings, since):
        usages = ("server",)
    values = {
        "profile": section.get("profile"),
        "preferred_chain": section.get("preferred_chain"),
        "usages": ",".join(USAGES[usage] for usage in usages),
        "lifetime": f"+{-(-lifetime // 3600)}h" if lifetime else None,
    }
    return tuple(word for key, value in values.items() if value for word in (_SINCE[key][0], value))


def missing_options(wanted: Sequence[str], options: Sequence[str], settings: Any) -> Iterator[Tuple[str, str, str]]:
    """Key, flag and the first release that has it, of each that the pinned release of acme.sh lacks."""
    for key, (flag, since) in _SINCE.items():
        place = key if flag in wanted else "options"
        if settings and (flag in wanted or flag in options) and not _has(settings, since):
            yield place, flag, since


def _has(settings: Any, since: str) -> bool:
    return version_tuple(getattr(settings, "release", "")) >= version_tuple(since)
