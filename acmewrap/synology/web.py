"""DSM's web API: one session, JSON in and out (DSM Login Web API Guide; shapes seen on DSM 6.2 to 7.3).

DSM answers errors with HTTP status 200 and a number, parses parameters as JSON where it can (an id of digits must be
quoted), and answers 502 or nothing at all while its web server restarts.
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Callable, Dict, Mapping, Optional, Type
from urllib.parse import urlencode, urlsplit

from .. import x509
from ..catalogue import failure
from ..errors import AcmewrapError, DeployError, Failure, UnreachableError
from ..http import Http, HttpError, Reason
from ..secrets import Secret
from ..tls import Trust

_TIMEOUT = 20.0  # seconds for one call
_LIMIT = 8 * 1024 * 1024

# Codes of SYNO.API.Auth (400 and above) and of every API (below), by what can be done about them.
_AUTHENTICATION = {
    400: "dsm.login_refused",
    401: "dsm.account_disabled",
    402: "dsm.permission",
    403: "dsm.otp_required",
    404: "dsm.otp_wrong",
    406: "dsm.otp_enforced",
    407: "dsm.blocked",
    408: "dsm.password_expired",
    409: "dsm.password_expired",
    410: "dsm.password_expired",
    411: "dsm.account_locked",
}
_COMMON = {
    105: "dsm.not_administrator",
    106: "dsm.session",
    107: "dsm.session",
    119: "dsm.session",
    150: "dsm.session",
    160: "dsm.not_administrator",
}


@dataclass(frozen=True)
class SecondFactor:
    """What an account with 2FA shows beside its password: a one-time code, or the id of a device that DSM trusts.

    ``device_name`` is the name under which DSM gave that id; acme.sh's hook calls itself ``CertRenewal``.
    """

    otp_code: Optional[Secret] = None
    device_id: Optional[Secret] = None
    device_name: str = "CertRenewal"

    def words(self) -> Dict[str, str]:
        """The parameters of a login. As parameters, because DSM 7 does not look at the cookie ``did`` any more."""
        if self.device_id is not None:
            return {"device_name": self.device_name, "device_id": self.device_id.reveal()}
        return {} if self.otp_code is None else {"otp_code": self.otp_code.reveal()}


class ApiError(DeployError):
    """DSM refused a call; ``code`` is its number."""

    def __init__(self, fault: Failure, code: int) -> None:
        super().__init__(fault)
        self.code = code


class Client:
    """A session of one account, logged out on every path.

    ``url`` is DSM's address with its port. With https the certificate must be trusted through ``ca_bundle`` (a PEM file)
    or the system's store, or be the one with ``fingerprint`` (SHA-256 in hex): then it is ``pinned``. ``patience`` is for
    how many seconds a web server that does not answer, because it restarts, is asked again. Used as a context manager; raises
    :class:`ApiError` and :class:`UnreachableError`.
    """

    def __init__(
        self,
        url: str,
        account: str,
        password: Secret,
        *,
        second_factor: Optional[SecondFactor] = None,
        ca_bundle: Optional[str] = None,
        fingerprint: Optional[str] = None,
        patience: float = 0.0,
    ) -> None:
        self._base = url.rstrip("/") + "/webapi/"
        self._address = urlsplit(url).netloc
        self._account = account
        self._password = password
        self._second_factor = second_factor or SecondFactor()
        self._ca_bundle = ca_bundle
        self._fingerprint = fingerprint
        self.pinned: Optional[x509.X509] = None
        self._deadline = time.monotonic() + patience
        self._path = "entry.cgi"
        self._version = 0
        self._session: Dict[str, str] = {}

    def __enter__(self) -> Client:
        found = self._ask("query.cgi", _query("SYNO.API.Info", "query", 1, query="SYNO.API.Auth"))
        offered = self._data(found).get("SYNO.API.Auth")
        if not isinstance(offered, dict):
            raise self._unreachable("it does not speak DSM's web API")
        self._path = str(offered.get("path", "entry.cgi"))
        # A session of a version below 7 may read on DSM 7 and nothing else; DSM 6 ends at 6.
        self._version = min(int(offered.get("maxVersion", 6)), 7)
        words = _query("SYNO.API.Auth", "login", self._version, account=self._account, format="sid")
        words.update({"passwd": self._password.reveal(), "enable_syno_token": "yes", **self._second_factor.words()})
        data = self._data(self._ask(self._path, words), _AUTHENTICATION)
        self._session = {"_sid": str(data["sid"])}
        if "synotoken" in data:
            self._session["SynoToken"] = str(data["synotoken"])
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        try:
            self._request(self._path, {**_query("SYNO.API.Auth", "logout", self._version), **self._session})
        except AcmewrapError:  # an open session ends by itself; what came before matters more
            return
        finally:
            self._session = {}

    def call(self, api: str, method: str, version: int, **parameters: Any) -> Dict[str, Any]:
        """The ``data`` of a call; parameters are sent as JSON."""
        words = _query(api, method, version)
        words.update({name: json.dumps(value, separators=(",", ":")) for name, value in parameters.items()})
        return self._data(self._ask("entry.cgi", {**words, **self._session}))

    def _ask(self, path: str, words: Mapping[str, str]) -> Dict[str, Any]:
        while True:
            try:
                return self._request(path, words)
            except UnreachableError:
                if time.monotonic() >= self._deadline:
                    raise
                time.sleep(1)

    def _request(self, path: str, words: Mapping[str, str]) -> Dict[str, Any]:
        # As a body, because proxies and DSM itself log addresses; session and token also where older calls look for them.
        where = self._base + path + ("?" + urlencode(self._session) if self._session else "")
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if "SynoToken" in self._session:
            headers["X-SYNO-TOKEN"] = self._session["SynoToken"]
        speaker = Http(_TIMEOUT, _LIMIT, trust=Trust(self._ca_bundle, accept=self._accept))
        try:
            reply = speaker.fetch(where, method="POST", body=urlencode(words).encode("ascii"), headers=headers)
        except HttpError as error:
            raise (self._untrusted if error.reason is Reason.UNTRUSTED else self._unreachable)(str(error)) from None
        if reply.status != 200:
            raise self._unreachable(f"it answered with HTTP status {reply.status}")
        try:
            document = json.loads(reply.body.decode("utf-8"))
        except (ValueError, RecursionError) as error:
            raise self._unreachable(str(error)) from None
        if not isinstance(document, dict):
            raise self._unreachable("its answer is no JSON object")
        return document

    def _accept(self, certificate: bytes, why: str) -> None:
        seen = hashlib.sha256(certificate).digest()
        if seen.hex() != self._fingerprint:
            other = ", not that of `synology.fingerprint`" if self._fingerprint else ""
            raise self._untrusted(f"{why}; its SHA-256 fingerprint is {seen.hex(':').upper()}{other}") from None
        self.pinned = x509.parse_der(certificate)

    def _data(self, document: Mapping[str, Any], codes: Mapping[int, str] = _COMMON) -> Dict[str, Any]:
        return read_reply(document, lambda code: self._refused(code, codes))

    def _refused(self, code: int, codes: Mapping[int, str]) -> ApiError:
        id = codes.get(code) or _COMMON.get(code, "dsm.refused")
        told = f"DSM at {self._address} answered with error {code} to the account {self._account}"
        return ApiError(
            failure(id, told, user=self._account, account=self._account, target=self._address, code=code), code
        )

    def _unreachable(self, why: str) -> UnreachableError:
        return UnreachableError(failure("dsm.unreachable", f"DSM at {self._address}: {why}", target=self._address))

    def _untrusted(self, why: str) -> UnreachableError:
        told = f"the certificate of DSM at {self._address} is not trusted: {why}"
        return UnreachableError(failure("dsm.tls_untrusted", told, target=self._address))


def read_reply(document: Mapping[str, Any], refuse: Callable[[int], ApiError]) -> Dict[str, Any]:
    """The ``data`` of DSM's envelope; a list becomes ``{"list": ...}``. Raises what *refuse* makes of an error's number."""
    if document.get("success"):
        data = document.get("data", {})
        return data if isinstance(data, dict) else {"list": data}
    error = document.get("error")
    raise refuse(int(error.get("code", 100)) if isinstance(error, dict) else 100)


def _query(api: str, method: str, version: int, **words: str) -> Dict[str, str]:
    return {"api": api, "method": method, "version": str(version), **words}
