"""DSM's list of certificates: which one a description means, which is the default, which services use it.

acme.sh's hook imports; it never makes a new certificate the default and gives it no service.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Optional, Tuple

from ..catalogue import failure
from ..config.model import DsmCertificate
from ..errors import DeployError
from ..reasons import NotAssigned, NotImported, Reason
from .channel import Channel

_LIST = "SYNO.Core.Certificate.CRT"
_SERVICE = "SYNO.Core.Certificate.Service"

# DSM takes a new certificate for QuickConnect with success and does not use it.
_NOT_ASSIGNABLE = (("system", "quickconnect"),)


@dataclass(frozen=True)
class Listed:
    """One certificate as DSM lists it; ``services`` are DSM's own objects, to be sent back as they are."""

    id: str
    description: str
    is_default: bool
    services: Tuple[Mapping[str, Any], ...]


def read(client: Channel) -> Tuple[Listed, ...]:
    """All certificates of the machine (``SYNO.Core.Certificate.CRT list``)."""
    data = client.call(_LIST, "list", 1)
    return tuple(
        Listed(str(one["id"]), str(one.get("desc", "")), bool(one.get("is_default")), tuple(one.get("services", ())))
        for one in data.get("certificates", ())
    )


def find(listed: Tuple[Listed, ...], description: str) -> Optional[Listed]:
    """The certificate with that description, None when there is none. Raises :class:`DeployError` when there are several:
    the hook would take the last one.
    """
    found = [one for one in listed if one.description == description]
    if len(found) > 1:
        message = f"{len(found)} certificates in DSM have the description {description!r}"
        raise DeployError(failure("dsm.ambiguous", message, description=description))
    return found[0] if found else None


def put_to_use(client: Channel, wanted: DsmCertificate) -> bool:
    """Make the certificate the default and give it its services, as far as *wanted* says, then list again to prove it. Returns
    whether anything was to be changed.

    Raises :class:`DeployError` (``dsm.not_assigned``) when DSM reports success and the list says otherwise.
    """
    before = read(client)
    certificate = _get(before, wanted.description)
    if wanted.default and not certificate.is_default:
        words = {"id": certificate.id, "desc": wanted.description, "as_default": True}
        client.call(_LIST, "set", 1, **words)
    # Making it the default moves services on some versions, so what is left to move is read anew.
    moves = _moves(read(client), certificate.id, wanted)
    if moves:
        client.call(_SERVICE, "set", 1, settings=moves)
    after = read(client)
    left = _lacking(after, _get(after, wanted.description), wanted)
    if left:
        message = f"DSM did not give {', '.join(left)} to the certificate {wanted.description!r}"
        raise DeployError(failure("dsm.not_assigned", message, description=wanted.description))
    return bool(moves) or (wanted.default and not certificate.is_default)


def find_drift(listed: Tuple[Listed, ...], wanted: DsmCertificate) -> Optional[Reason]:
    """Why the certificate is not in use as *wanted* says, None when it is. Raises :class:`DeployError` like :func:`find`."""
    certificate = find(listed, wanted.description)
    if certificate is None:
        return NotImported(wanted.description)
    left = _lacking(listed, certificate, wanted)
    return NotAssigned(tuple(left)) if left else None


def _lacking(listed: Tuple[Listed, ...], certificate: Listed, wanted: DsmCertificate) -> List[str]:
    left = [_name(move["service"]) for move in _moves(listed, certificate.id, wanted)]
    return ["default", *left] if wanted.default and not certificate.is_default else left


def _get(listed: Tuple[Listed, ...], description: str) -> Listed:
    found = find(listed, description)
    if found is None:
        message = (
            f"the deploy is not proven: DSM lists no certificate with the description {description!r} after the import"
        )
        raise DeployError(failure("dsm.not_imported", message, description=description))
    return found


def _moves(listed: Tuple[Listed, ...], id: str, wanted: DsmCertificate) -> List[Dict[str, Any]]:
    """What to send. An entry whose old and new id are equal would drop the binding, so there is none."""
    return [
        {"service": dict(service), "old_id": other.id, "id": id}
        for other in listed
        if other.id != id
        for service in other.services
        if _is_wanted(service, wanted)
    ]


def _is_wanted(service: Mapping[str, Any], wanted: DsmCertificate) -> bool:
    if (service.get("subscriber"), service.get("service")) in _NOT_ASSIGNABLE:
        return False
    return wanted.services == "all" or _name(service) in wanted.services or service.get("service") in wanted.services


def _name(service: Mapping[str, Any]) -> str:
    return str(service.get("display_name") or service.get("service"))
