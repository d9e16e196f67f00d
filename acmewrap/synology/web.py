"""DSM's web API: one session, JSON in and out (DSM Login Web API Guide; shapes seen on DSM 6.2 to 7.3).

DSM answers errors with HTTP status 200 and a number, parses parameters as JSON where it can (an id of digits must be
quoted), and answers 502 or nothing at all while its web server restarts.
"""

from __future__ import annotations

import contextlib
import json
import time
from typing import Any, Callable, Dict, Mapping, Optional, Tuple

from ..errors import AcmewrapError, DeployError, Failure, UnreachableError
from ..failures import dsm_codes, failure
from ..pki import x509
from ..secrets import Secret
from . import reply
from .transport import Transport

AUTH = "SYNO.API.Auth"
_CONFIRM = "SYNO.Core.User.PasswordConfirm"
_CORE = (
    "AppPriv.App AppPriv.Rule Certificate Certificate.CRT Certificate.Service Group.Member OTP.EnforcePolicy Share.Permission "
    "System TaskScheduler User User.PasswordConfirm"
)
_OFFERED = (AUTH, *(f"SYNO.Core.{name}" for name in _CORE.split()))

# Methods that change nothing; any other may have been done although its answer was lost, and is never sent again blindly.
_READS = frozenset(("list", "get", "list_by_user", "get_history_status_list", "info", "auth"))
_RESTART = 90.0  # seconds that DSM's web server may take to come back, and to read back what was written
_UNCONFIRMED = 403  # of any API but SYNO.API.Auth: the password is to be confirmed first (DSM 7.3)
_NO_SESSION = 119
_UNKNOWN = 100  # DSM's own number for an error that it does not name
_TRIES = 3


class ApiError(DeployError):
    """DSM refused a call; ``code`` is its number."""

    def __init__(self, fault: Failure, code: int) -> None:
        super().__init__(fault)
        self.code = code


class Client:
    """A session of one account, logged out on every path.

    ``url`` is DSM's address with its port, ``second_factor`` what more a login shows. With https the certificate must be trusted
    through ``ca_bundle`` (a PEM file) or the system's store, or be the one with ``fingerprint`` (SHA-256 in hex): then it is
    ``pinned``. ``retry_for`` is for how many seconds a web server that does not answer, because it restarts, is asked again. Used
    as a context manager; raises :class:`ApiError` and :class:`UnreachableError`.
    """

    def __init__(
        self,
        url: str,
        account: str,
        password: Secret,
        *,
        second_factor: Optional[Mapping[str, Secret]] = None,
        ca_bundle: Optional[str] = None,
        fingerprint: Optional[str] = None,
        retry_for: float = 0.0,
    ) -> None:
        self._transport = Transport(url, ca_bundle, fingerprint)
        self._account = account
        self._password = password
        self._second_factor = second_factor or {}
        self._deadline = time.monotonic() + retry_for
        self.offered: Mapping[str, Any] = {}
        """What ``SYNO.API.Info`` says of the APIs that are used here."""
        self._path = "entry.cgi"
        self._version = 0

    def __enter__(self) -> Client:
        found = self._ask("query.cgi", _query("SYNO.API.Info", "query", 1, query=",".join(_OFFERED)))
        self.offered = self._data(found)
        offered = self.offered.get(AUTH)
        if not isinstance(offered, dict):
            raise self._transport.unreachable("it does not speak DSM's web API")
        self._path = reply.word(offered, "path", "entry.cgi")
        # A session of a version below 7 may read on DSM 7 and nothing else; DSM 6 ends at 6.
        self._version = min(self.maximum(AUTH) or 6, 7)
        self._log_in()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(AcmewrapError):  # an open session ends by itself; what came before matters more
            self._transport.post(self._path, _query(AUTH, "logout", self._version))
        self._transport.session = {}

    @property
    def pinned(self) -> Optional[x509.X509]:
        """The certificate that was accepted by its fingerprint."""
        return self._transport.pinned

    @property
    def generation(self) -> int:
        """6 or 7: which of the two families of DSM this is, by the versions of its login."""
        return 7 if self._version >= 7 else 6

    def maximum(self, api: str) -> Optional[int]:
        """The highest version of *api* that DSM offers; None when it was not asked, or does not say."""
        return highest_version(self.offered.get(api))

    def call(self, api: str, method: str, version: int, **parameters: Any) -> Dict[str, Any]:
        """The ``data`` of a call, at *version* or the highest that DSM offers; parameters are sent as JSON.

        A call that reads is repeated while DSM's web server restarts. One that writes is not: after an
        :class:`UnreachableError` the caller reads what was done, which then is.
        """
        words = _query(api, method, min(version, self.maximum(api) or version))
        words.update({name: json.dumps(value, separators=(",", ":")) for name, value in parameters.items()})
        for left in reversed(range(_TRIES)):
            try:
                return self._data(self._ask("entry.cgi", words, again=method in _READS))
            except ApiError as error:
                if error.code == _UNCONFIRMED and api != _CONFIRM and "SynoConfirmPWToken" not in words:
                    words.update(self._confirm())
                elif error.code in dsm_codes.PASSING and left:
                    time.sleep(1)
                    if error.code == _NO_SESSION and left == 1:
                        self._log_in()
                else:
                    raise
        raise AssertionError("the last try returns or raises")

    def upload(self, api: str, method: str, version: int, body: bytes, content_type: str) -> None:
        """A call that brings files. Like one that writes, it is sent once."""
        try:
            self._data(self._transport.upload(_query(api, method, version), body, content_type), dsm_codes.IMPORT)
        except UnreachableError:
            self._deadline = max(self._deadline, time.monotonic() + _RESTART)
            raise

    def _log_in(self) -> None:
        words = _query(AUTH, "login", self._version, account=self._account, format="sid")
        second = {name: secret.reveal() for name, secret in self._second_factor.items()}
        words.update({"passwd": self._password.reveal(), "enable_syno_token": "yes", **second})
        self._transport.session = {}
        data = self._data(self._ask(self._path, words), dsm_codes.LOGIN)
        self._transport.session = {"_sid": reply.word(data, "sid")}
        if data.get("synotoken") is not None:
            self._transport.session["SynoToken"] = reply.word(data, "synotoken")

    def _confirm(self) -> Dict[str, str]:
        """The token of the confirmed password, as a parameter; DSM keeps it for five minutes."""
        data = self.call(_CONFIRM, "auth", 2, password=self._password.reveal())
        return {"SynoConfirmPWToken": reply.text(data, "SynoConfirmPWToken", "")}

    def _ask(self, path: str, words: Mapping[str, str], *, again: bool = True) -> Dict[str, Any]:
        while True:
            try:
                return self._transport.post(path, words)
            except UnreachableError:
                if not again:
                    self._deadline = max(self._deadline, time.monotonic() + _RESTART)
                    raise
                if time.monotonic() >= self._deadline:
                    raise
                time.sleep(1)

    def _data(
        self, document: Mapping[str, Any], codes: Mapping[int, Tuple[str, str]] = dsm_codes.CALL
    ) -> Dict[str, Any]:
        def refuse(code: int) -> ApiError:
            values = {"user": self._account, "account": self._account, "target": self._transport.address, "code": code}
            message = f"DSM at {self._transport.address} answered with error {code} to the account {self._account}"
            return ApiError(failure(dsm_codes.explain(code, codes)[0], message, (), **values), code)

        return read_reply(document, refuse)


def read_reply(document: Mapping[str, Any], refuse: Callable[[int], ApiError]) -> Dict[str, Any]:
    """The ``data`` of DSM's envelope; a list becomes ``{"list": ...}``. Raises what *refuse* makes of an error's number."""
    if document.get("success"):
        data = document.get("data")
        return {} if data is None else data if isinstance(data, dict) else {"list": data}
    error = document.get("error")
    raise refuse(reply.number(error, "code", _UNKNOWN) if isinstance(error, dict) else _UNKNOWN)


def highest_version(offered: object) -> Optional[int]:
    """Of what ``SYNO.API.Info`` says of one API; None when it does not say."""
    found = offered.get("maxVersion") if isinstance(offered, dict) else None
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def _query(api: str, method: str, version: int, **words: str) -> Dict[str, str]:
    return {"api": api, "method": method, "version": str(version), **words}
