"""How a handler refuses a call: it never leaves this package, the web side turns it into a reply."""

from __future__ import annotations

from typing import Any, Optional

from ...errors import PortableError


class Refusal(PortableError):  # noqa: N818  a reply to the client, not an error of this program
    """``{"error":{"code":...},"success":false}``; *reason* becomes the header ``x-request-error``."""

    def __init__(self, code: int, errors: Optional[Any] = None, *, reason: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.errors = errors
        self.reason = reason
