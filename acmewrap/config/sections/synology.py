"""The `synology` section, and the variables of acme.sh's ``synology_dsm`` hook that follow from it."""

from __future__ import annotations

from typing import Any, Dict, Mapping, Optional, Union
from urllib.parse import urlsplit

from yaml.nodes import Node

from ...secrets import Reference
from ..arguments import SYNOLOGY_HOOK, SYNOLOGY_VARIABLES
from ..binder.reader import INVALID, Reader
from ..binder.record import Key, Record, Section
from ..binder.types import Either, Kind, Sequence, choice, matching, suggestion
from ..model import Account, DsmCertificate, Synology, Target
from .credentials import SECRET
from .scalars import ANY, DESCRIPTION, FINGERPRINT, FLAG, NAS, for_hooks
from .verify import VERIFY, VERIFY_MISSING

DEVICE_NAME = for_hooks(matching(r"[A-Za-z0-9._-]+", "the name of a device"))


def _check(section: Section) -> None:
    account: Account = section.get("account")
    administrator: Optional[Account] = section.get("administrator")
    if administrator is not None and administrator.name == account.name:
        section.refuse("administrator", f"{account.name} cannot make itself: name another administrator")
    if section.get("fingerprint") is not None and not section.get("url").startswith("https:"):
        section.refuse("fingerprint", "protects nothing over http: write `url: https://…`, or leave it out")


_USER = for_hooks(matching(r"[^\s:\"'\\]+", "the name of a DSM user"))
_DEVICE = {
    "device_id": Key(SECRET, "With 2FA: the id of a device that DSM trusts."),
    "device_name": Key(DEVICE_NAME, "The name under which DSM gave that id.", needs="device_id"),
}
_ACCOUNT = Record(
    {
        "name": Key(_USER, "The DSM user.", missing="the DSM user that uploads"),
        "password": Key(
            SECRET,
            "Its password; a {file: ...} that does not exist is written when acmewrap makes the account.",
            missing="a reference such as {file: dsm.password}",
        ),
        **_DEVICE,
    },
    Account,
)
_ADMINISTRATOR = Record(
    {
        "name": Key(_USER, "An administrator of DSM.", missing="the name of an administrator"),
        "password": Key(SECRET, "Its password.", missing="a reference such as {env: DSM_ADMINISTRATOR_PASSWORD}"),
        **_DEVICE,
        "otp_code": Key(SECRET, "With 2FA: the code of the moment, such as {env: OTP_CODE}."),
    },
    Account,
)
DSM_CERTIFICATE = Record(
    {
        "description": Key(DESCRIPTION, "The description by which the certificate is found in DSM."),
        "default": Key(FLAG, "Whether it becomes DSM's default certificate."),
        "services": Key(
            Either("`all` or a list", choice(("all",)), sequence=Sequence(ANY, "names of DSM services", at_least=0)),
            "The DSM services that use it: `all`, or a list of names.",
        ),
    },
    DsmCertificate,
)
SYNOLOGY = Record(
    {
        "url": Key(
            NAS, "The address of DSM; the port is 5000 (http) or 5001 (https).", missing="such as http://localhost:5000"
        ),
        "fingerprint": Key(
            FINGERPRINT,
            "With https: a certificate that DSM may show whoever signed it, such as its factory certificate, until it shows the "
            "authority's.",
        ),
        "account": Key(_ACCOUNT, "The DSM user that uploads certificates.", missing="{name: …, password: …}"),
        "administrator": Key(
            _ADMINISTRATOR,
            "Who makes the account and brings it into line, over the web API; root on the NAS itself needs no such login.",
        ),
        "certificate": Key(DSM_CERTIFICATE, "The entry in DSM's list of certificates."),
        "verify": Key(VERIFY, "The TLS server that must show the certificate, or `no`.", missing=VERIFY_MISSING),
    },
    Synology,
    _check,
)


class Shorthand(Kind):
    """The word `synology`, which stands for the section of that name; read into a Section without values."""

    def read(self, node: Node, path: str, reader: Reader) -> Any:
        return INVALID if _WORD.read(node, path, reader) is INVALID else Section(node, path, reader, {})

    def schema(self) -> Dict[str, Any]:
        return _WORD.schema()


_WORD = choice(("synology",))


def target_of(name: str, given: Section, synology: Synology) -> Target:
    """The target that ``NAME: synology`` or ``NAME: {synology: ...}`` stands for."""
    entry: DsmCertificate = given.get("synology") or synology.certificate
    # Only the default certificate is sure to be shown where the section looks.
    looked = synology.verify if entry is synology.certificate or entry.default else None
    verify = given.get("verify") if "verify" in given.nodes else looked
    url = urlsplit(synology.url)
    env: Dict[str, Union[str, Reference]] = {
        "SYNO_SCHEME": url.scheme,
        "SYNO_HOSTNAME": url.netloc.rsplit(":", 1)[0],
        "SYNO_PORT": str(url.port),
        "SYNO_USERNAME": synology.account.name,
        "SYNO_PASSWORD": synology.account.password,
        "SYNO_CERTIFICATE": entry.description,
        "SYNO_CREATE": "1",
    }
    if synology.account.device_id is not None:
        env.update(SYNO_DEVICE_NAME=synology.account.device_name, SYNO_DEVICE_ID=synology.account.device_id)
    return Target(name=name, hook=SYNOLOGY_HOOK, env=env, verify=verify, synology=entry)


def canonical(env: Section) -> Mapping[str, Any]:
    """The variables of *env* under the names that the hook has since it renamed them."""
    variables: Dict[str, Any] = {}
    for name, value in env.values.items():
        upper = name.upper() if name.upper().startswith("SYNO_") else name
        if upper in variables:
            env.refuse(name, f"{upper} is there twice, in another spelling")
        elif upper.startswith("SYNO_") and upper not in SYNOLOGY_VARIABLES:
            hint = f"{suggestion(upper, SYNOLOGY_VARIABLES)}; it has {', '.join(SYNOLOGY_VARIABLES)}"
            env.refuse(name, f"the hook {SYNOLOGY_HOOK} has no such variable{hint}")
        variables[upper] = value
    return variables
