"""The proxy on the way to an authority, read from where the file says."""

from __future__ import annotations

from typing import Mapping, Optional

from ..catalogue import failure
from ..errors import AccessError
from ..net.connection import Proxy
from ..secrets import Secret, resolve
from .model import Authority


def proxy_of(authority: Authority, environ: Mapping[str, str]) -> Optional[Secret]:
    """The URL of the proxy that *authority* names; None: those of the environment, if any.

    Raises :class:`AccessError`: ``secret.unavailable``, ``secret.no_proxy`` when what is read is no URL of a proxy.
    """
    if authority.proxy is None:
        return None
    found = Secret(authority.proxy) if isinstance(authority.proxy, str) else resolve(authority.proxy, environ)
    try:
        Proxy(found.reveal())
    except ValueError:  # its message may hold the password
        raise AccessError(
            failure("secret.no_proxy", f"the proxy of the authority {authority.name} is no http:// URL")
        ) from None
    return found
