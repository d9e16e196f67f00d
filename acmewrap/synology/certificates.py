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
        Listed(
            str(entry["id"]),
            str(entry.get("desc", "")),
            bool(entry.get("is_default")),
            tuple(entry.get("services", ())),
        )
        for entry in data.get("certificates", ())
    )


def find(listed: Tuple[Listed, ...], description: str) -> Optional[Listed]:
    """The certificate with that description, None when there is none. Raises :class:`DeployError` when there are several:
    the hook would take the last one.
    """
    found = [entry for entry in listed if entry.description == description]
    if len(found) > 1:
        message = f"{len(found)} certificates in DSM have the description {description!r}"
        raise DeployError(failure("dsm.ambiguous", message, description=description))
    return found[0] if found else None


def put_to_use(client: Channel, desired: DsmCertificate) -> bool:
    """Make the certificate the default and give it its services, as far as *desired* says, then list again to prove it. Returns
    whether anything was to be changed.

    Raises :class:`DeployError` (``dsm.not_assigned``) when DSM reports success and the list says otherwise.
    """
    before = read(client)
    certificate = _get(before, desired.description)
    if desired.default and not certificate.is_default:
        words = {"id": certificate.id, "desc": desired.description, "as_default": True}
        client.call(_LIST, "set", 1, **words)
    # Making it the default moves services on some versions, so what is left to move is read anew.
    moves = _moves(read(client), certificate.id, desired)
    if moves:
        client.call(_SERVICE, "set", 1, settings=moves)
    after = read(client)
    left = _lacking(after, _get(after, desired.description), desired)
    if left:
        message = f"DSM did not give {', '.join(left)} to the certificate {desired.description!r}"
        raise DeployError(failure("dsm.not_assigned", message, description=desired.description))
    return bool(moves) or (desired.default and not certificate.is_default)


def find_drift(listed: Tuple[Listed, ...], desired: DsmCertificate) -> Optional[Reason]:
    """Why the certificate is not in use as *desired* says, None when it is. Raises :class:`DeployError` like :func:`find`."""
    certificate = find(listed, desired.description)
    if certificate is None:
        return NotImported(desired.description)
    left = _lacking(listed, certificate, desired)
    return NotAssigned(tuple(left)) if left else None


def _lacking(listed: Tuple[Listed, ...], certificate: Listed, desired: DsmCertificate) -> List[str]:
    left = [_name(move["service"]) for move in _moves(listed, certificate.id, desired)]
    return ["default", *left] if desired.default and not certificate.is_default else left


def _get(listed: Tuple[Listed, ...], description: str) -> Listed:
    found = find(listed, description)
    if found is None:
        message = (
            f"the deploy is not proven: DSM lists no certificate with the description {description!r} after the import"
        )
        raise DeployError(failure("dsm.not_imported", message, description=description))
    return found


def _moves(listed: Tuple[Listed, ...], id: str, desired: DsmCertificate) -> List[Dict[str, Any]]:
    """What to send. An entry whose old and new id are equal would drop the binding, so there is none."""
    return [
        {"service": dict(service), "old_id": other.id, "id": id}
        for other in listed
        if other.id != id
        for service in other.services
        if _is_desired(service, desired)
    ]


def _is_desired(service: Mapping[str, Any], desired: DsmCertificate) -> bool:
    if (service.get("subscriber"), service.get("service")) in _NOT_ASSIGNABLE:
        return False
    return desired.services == "all" or _name(service) in desired.services or service.get("service") in desired.services


def _name(service: Mapping[str, Any]) -> str:
    return str(service.get("display_name") or service.get("service"))
