"""Requests to DSM and its answers as JSON objects: whom to trust, no redirect, and one error for all that goes wrong on the way."""

from __future__ import annotations

import contextlib
import hashlib
from typing import Any, Dict, List, Mapping, Optional
from urllib.parse import urlencode, urlsplit

from ..errors import UnreachableError
from ..failures import failure
from ..formats import jsontext
from ..net.http import Http, HttpError, Reason, Reply
from ..net.tls import Trust
from ..pki import x509

_TIMEOUT = 20.0  # seconds for one call
_LIMIT = 8 * 1024 * 1024
_REDIRECTS = range(300, 400)


class Transport:
    """POST requests to the web API, in the ``session`` of an account. Raises :class:`UnreachableError`.

    Parameters and ``pinned`` are those of :class:`~acmewrap.synology.web.Client`.
    """

    def __init__(self, url: str, ca_bundle: Optional[str], fingerprint: Optional[str]) -> None:
        self._base = url.rstrip("/") + "/webapi/"
        self._ca_bundle = ca_bundle
        self._fingerprint = fingerprint
        self.address = urlsplit(url).netloc
        self.session: Dict[str, str] = {}
        self.pinned: Optional[x509.X509] = None

    def post(self, script: str, words: Mapping[str, str]) -> Dict[str, Any]:
        """DSM's envelope. Of a request that changes something, an error does not say whether it was done."""
        # As a body, because proxies and DSM itself log addresses; session and token also where older calls look for them.
        body = urlencode({**words, **self.session}).encode("ascii")
        return self._send(script, self.session, body, "application/x-www-form-urlencoded")

    def upload(self, words: Mapping[str, str], body: bytes, content_type: str) -> Dict[str, Any]:
        """The same with files in *body*; what is not secret is in the address."""
        return self._send("entry.cgi", {**words, **self.session}, body, content_type)

    def _send(self, script: str, query: Mapping[str, str], body: bytes, content_type: str) -> Dict[str, Any]:
        where = self._base + script + ("?" + urlencode(query) if query else "")
        headers = {"Content-Type": content_type}
        if "SynoToken" in self.session:
            headers["X-SYNO-TOKEN"] = self.session["SynoToken"]
        client = Http(_TIMEOUT, _LIMIT, trust=Trust(self._ca_bundle, accept=self._accept))
        try:
            reply = client.fetch(where, method="POST", body=body, headers=headers)
        except HttpError as error:
            raise (self._untrusted if error.reason is Reason.UNTRUSTED else self.unreachable)(str(error)) from None
        if reply.status in _REDIRECTS:
            raise self._redirected(reply)
        if reply.status != 200:
            raise self.unreachable(f"it answered with HTTP status {reply.status}")
        try:
            document = jsontext.parse(reply.body)
        except ValueError as error:
            raise self.unreachable(f"its answer is no JSON: {error}") from None
        if not isinstance(document, dict):
            raise self.unreachable("its answer is no JSON object")
        return document

    def unreachable(self, why: str) -> UnreachableError:
        return UnreachableError(failure("dsm.unreachable", f"DSM at {self.address}: {why}", target=self.address))

    def _untrusted(self, why: str) -> UnreachableError:
        message = f"the certificate of DSM at {self.address} is not trusted: {why}"
        return UnreachableError(failure("dsm.tls_untrusted", message, target=self.address))

    def _accept(self, certificate: bytes, why: str) -> None:
        seen = hashlib.sha256(certificate).digest()
        if seen.hex() != self._fingerprint:
            other = ", not that of `synology.fingerprint`" if self._fingerprint else ""
            raise self._untrusted(f"{why}; its SHA-256 fingerprint is {seen.hex(':').upper()}{other}") from None
        try:
            self.pinned = x509.parse_der(certificate)
        except ValueError as error:
            raise self._untrusted(f"it cannot be read: {error}") from None

    def _redirected(self, reply: Reply) -> UnreachableError:
        """A redirect would turn the POST into a GET, and carry the password to an address that nobody wrote down."""
        message, url = f"DSM at {self.address} answers with a redirect instead of a reply", _own_https(reply)
        if url is not None:
            seen, message = self._look(url), f"{message}, to {url}"
            if seen is not None:
                message += f", where the SHA-256 fingerprint is {hashlib.sha256(seen).digest().hex(':').upper()}"
        return UnreachableError(failure("dsm.redirected", message, target=self.address, url=url or "https://NAS:5001"))

    def _look(self, url: str) -> Optional[bytes]:
        """The certificate at *url* as long as nobody vouches for it; nothing is sent to whoever is there."""
        seen: List[bytes] = []
        trust = Trust(self._ca_bundle, accept=lambda certificate, _: seen.append(certificate))
        with contextlib.suppress(HttpError):  # what matters was seen before, or there is nothing to see
            Http(_TIMEOUT, _LIMIT, trust=trust).fetch(url + "/")
        return seen[0] if seen else None


def _own_https(reply: Reply) -> Optional[str]:
    """Where *reply* leads, if that is https at the same host; None for anything else, which nobody is to write down."""
    asked = urlsplit(reply.url)
    try:
        named = urlsplit(reply.headers.get("location", ""))
        port = named.port or 443
    except ValueError:
        return None
    return f"https://{asked.hostname}:{port}" if (named.scheme, named.hostname) == ("https", asked.hostname) else None
