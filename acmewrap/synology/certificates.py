"""DSM's list of certificates: which one a description means, which is the default, which services use it.

acme.sh's hook imports; it never makes a new certificate the default and gives it no service.
"""

from __future__ import annotations

import logging
from typing import Any, Dict, List, Mapping, Optional, Tuple

from ..config.model import DsmCertificate
from ..errors import DeployError, UnreachableError
from ..failures import failure
from ..frozen import frozen
from ..reasons import NotAssigned, NotImported, Reason
from . import reply
from .channel import Channel

logger = logging.getLogger(__name__)

_LIST = "SYNO.Core.Certificate.CRT"
_SERVICE = "SYNO.Core.Certificate.Service"
_TRIES = 3
_DESKTOP = ("system", "default")
# DSM takes a new certificate for QuickConnect with success and does not use it.
_NOT_ASSIGNABLE = (("system", "quickconnect"),)


@frozen
class Listed:
    """One certificate as DSM lists it; ``services`` are DSM's own objects, to be sent back as they are. ``not_after`` is in
    seconds since 1970 UTC, None where DSM does not say.
    """

    id: str
    description: str
    is_default: bool
    services: Tuple[Mapping[str, Any], ...]
    not_after: Optional[int] = None


def read(client: Channel) -> Tuple[Listed, ...]:
    """All certificates of the machine (``SYNO.Core.Certificate.CRT list``)."""
    data = client.call(_LIST, "list", 1)
    return tuple(
        Listed(
            reply.text(entry, "id"),
            reply.text(entry, "desc", ""),
            bool(entry.get("is_default")),
            reply.records(entry, "services"),
            _read_date(entry.get("valid_till")),
        )
        for entry in reply.records(data, "certificates")
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

    The web server may restart in between, so that an answer does not come: then what the list shows to be missing is sent, and
    nothing twice. Raises :class:`DeployError` (``dsm.not_assigned``) when DSM reports success and the list says otherwise;
    with services ``all`` those but DSM's own pages that stay where they are, are only logged.
    """
    changed = False
    for _ in range(_TRIES):
        try:
            certificate = _get(read(client), desired.description)
            if desired.default and not certificate.is_default:
                changed = True
                client.call(_LIST, "set", 1, id=certificate.id, desc=desired.description, as_default=True)
            # Making it the default moves services on some versions, so what is left to move is read anew.
            moves = _moves(read(client), certificate.id, desired)
            if moves:
                changed = True
                client.call(_SERVICE, "set", 1, settings=moves)
        except UnreachableError as error:
            logger.debug("no answer while the certificate was put to use: %s", error)
        else:
            break
    after = read(client)
    certificate = _get(after, desired.description)
    left = _lacking(after, certificate, desired)
    fixed = find_fixed(after, certificate.id, desired)
    if fixed and desired.services == "all":
        logger.info("DSM lets nobody choose a certificate for: %s", ", ".join(fixed))
    # DSM's own pages show that the deploy worked.
    moves = [move["service"] for move in _moves(after, certificate.id, desired)]
    desktop = any((service.get("subscriber"), service.get("service")) == _DESKTOP for service in moves)
    required = desktop or (desired.default and not certificate.is_default)
    if left and desired.services == "all" and not required:
        logger.warning("DSM left these services with another certificate: %s", ", ".join(left))
    elif left:
        message = f"DSM did not give {', '.join(left)} to the certificate {desired.description!r}"
        raise DeployError(failure("dsm.not_assigned", message, description=desired.description))
    return changed


def find_drift(listed: Tuple[Listed, ...], desired: DsmCertificate) -> Optional[Reason]:
    """Why the certificate is not in use as *desired* says, None when it is. Raises :class:`DeployError` like :func:`find`."""
    certificate = find(listed, desired.description)
    if certificate is None:
        return NotImported(desired.description)
    left = _lacking(listed, certificate, desired)
    return NotAssigned(tuple(left)) if left else None


def _lacking(listed: Tuple[Listed, ...], certificate: Listed, desired: DsmCertificate) -> List[str]:
    left = [_name(move["service"]) for move in _moves(listed, certificate.id, desired)]
    if desired.services != "all":
        left += find_fixed(listed, certificate.id, desired)
    return ["default", *left] if desired.default and not certificate.is_default else left


def _get(listed: Tuple[Listed, ...], description: str) -> Listed:
    found = find(listed, description)
    if found is None:
        message = f"DSM lists no certificate with the description {description!r} after the import"
        raise DeployError(failure("dsm.not_imported", f"the deploy is not proven: {message}", description=description))
    return found


def _moves(listed: Tuple[Listed, ...], id: str, desired: DsmCertificate) -> List[Dict[str, Any]]:
    """What to send. An entry whose old and new id are equal would drop the binding, so there is none."""
    return [
        {"service": dict(service), "old_id": other.id, "id": id}
        for other in listed
        if other.id != id
        for service in other.services
        if _can_move(service) and _is_named(service, desired)
    ]


def find_fixed(listed: Tuple[Listed, ...], id: str, desired: DsmCertificate) -> List[str]:
    """The services that are asked for and that DSM does not let anybody move to the certificate *id*."""
    others = (service for other in listed if other.id != id for service in other.services)
    return [_name(service) for service in others if not _can_move(service) and _is_named(service, desired)]


def _can_move(service: Mapping[str, Any]) -> bool:
    key = (service.get("subscriber"), service.get("service"))
    return key not in _NOT_ASSIGNABLE and service.get("user_setable", True) is not False


def _is_named(service: Mapping[str, Any], desired: DsmCertificate) -> bool:
    names = (_name(service), service.get("service"))
    if desired.services == "all":
        return not any(name in desired.reserved for name in names)
    return any(name in desired.services for name in names)


def _name(service: Mapping[str, Any]) -> str:
    return str(service.get("display_name") or service.get("service"))


def _read_date(text: object) -> Optional[int]:
    """``Dec 25 11:39:42 2023 GMT``, as OpenSSL writes it."""
    import ssl

    try:
        return ssl.cert_time_to_seconds(str(text))
    except ValueError:
        return None
