"""Arguments of acme.sh that a certificate may not bring along: the file has a key for them, or the run depends on them."""

from __future__ import annotations

from ..binder.types import Scalar

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
