"""``SYNO.Core.Certificate`` and below: list, import, rename, delete, assign to services."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Tuple

from ..call import Api, Call, Method
from ..data.bodies import fill
from ..errors import Refusal
from ..store import Service, is_elliptic

_INVALID = 5503
_ILLEGAL_CERTIFICATE = 5510
_ILLEGAL_KEY = 5511
_UPLOAD_FAILED = 108
_UNSAFE_NAME = {"upload_err": -8}


def _list(call: Call) -> Dict[str, Any]:
    return {"certificates": call.state.certificates.list_entries()}


def _import(call: Call) -> Dict[str, Any]:
    if any("/" in upload.filename for upload in call.uploads.values()):
        raise Refusal(_UPLOAD_FAILED, _UNSAFE_NAME)  # DSM 7.4.1; sooner than some, so that nobody relies on the others
    store = call.state.certificates
    key, certificate, intermediate = (call.uploads.get(name) for name in ("key", "cert", "inter_cert"))
    if certificate is None:
        raise Refusal(_ILLEGAL_CERTIFICATE)
    if key is None:
        raise Refusal(_ILLEGAL_KEY)
    refusal = call.state.preset.ecc_refusal
    if refusal and is_elliptic(certificate.content):
        raise Refusal(refusal)
    entry = store.install(
        call.raw("id"),
        call.raw("desc"),
        key.content,
        certificate.content,
        intermediate.content if intermediate else None,
        as_default=call.raw("as_default")
        != "",  # DSM looks only whether something is there: "false" makes default, too
    )
    restart = entry is store.served() or entry.id == store.default
    call.state.restart_wanted = restart
    return fill("certificate_imported", id=entry.id, restart_httpd=restart)


def _set(call: Call) -> None:
    store = call.state.certificates
    entry = store.entries.get(call.text("id"))
    if entry is None:
        raise Refusal(_INVALID)
    served = store.served()
    entry.description = call.text("desc", entry.description)
    if call.value("as_default"):
        store.make_default(entry.id)
    call.state.restart_wanted = store.served() is not served


def _delete(call: Call) -> None:
    """Services of what goes fall back to the default, which stays whatever is said: with success (PORK, 7.3.2)."""
    store = call.state.certificates
    gone = [entry for entry in call.array("ids") if entry != store.default]
    served = store.served()
    if any(entry not in store.entries for entry in gone):
        raise Refusal(_INVALID)
    for entry in gone:
        del store.entries[entry]
    for service in store.services:
        if service.certificate in gone:
            service.certificate = store.default
    call.state.restart_wanted = store.served() is not served


def _assign(call: Call) -> Dict[str, Any]:
    """All settings are looked at before the first is done."""
    store = call.state.certificates
    served = store.served()
    for service, wanted in [_read_setting(call, setting) for setting in call.array("settings")]:
        if service.moves:  # otherwise accepted, and silently not done (QuickConnect on DSM 7.3)
            # Assigning what is assigned already drops the binding (DSM 6 and 7.3).
            service.certificate = None if service.certificate == wanted else wanted
    restart = store.served() is not served
    call.state.restart_wanted = restart
    return fill("service_set", restart_httpd=restart)


def _read_setting(call: Call, setting: Any) -> Tuple[Service, str]:
    store = call.state.certificates
    if not isinstance(setting, dict):
        raise Refusal(_INVALID)
    known: List[Service] = [service for service in store.services if service.description == setting.get("service")]
    wanted: Optional[str] = setting.get("id")
    if not known or wanted not in store.entries or (known[0].certificate or "") != setting.get("old_id"):
        raise Refusal(_INVALID)
    return known[0], wanted


APIS: Tuple[Api, ...] = (
    Api(
        "SYNO.Core.Certificate",
        {"import": Method(_import, mutates=True)},
        invalid=_INVALID,
        without_token=103,
    ),
    Api(
        "SYNO.Core.Certificate.CRT",
        {"list": Method(_list), "set": Method(_set, mutates=True), "delete": Method(_delete, mutates=True)},
        invalid=_INVALID,
        without_token=103,
    ),
    Api(
        "SYNO.Core.Certificate.Service",
        {"set": Method(_assign, mutates=True)},
        invalid=_INVALID,
        without_token=103,
    ),
)
