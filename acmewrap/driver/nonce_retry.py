"""The second request after a refused nonce (RFC 8555 section 6.5).

acme.sh (3.0.2 to 3.1.5) asks for a new nonce only when it knows the wording of the refusal; step-ca's it does not know.
"""

from __future__ import annotations

import functools
from typing import Any, Callable, Optional, Protocol, TypeVar, cast

from ..errors import Failure, Retry


class Answered(Protocol):
    """What a request returns."""

    @property
    def failure(self) -> Optional[Failure]: ...


_Request = TypeVar("_Request", bound=Callable[..., Answered])


def retry_refused_nonce(request: _Request) -> _Request:
    """*request*, made once more when its failure is one to be retried at once."""

    @functools.wraps(request)
    def retrying(*arguments: Any, **options: Any) -> Answered:
        result = request(*arguments, **options)
        if result.failure is None or result.failure.retry is not Retry.AT_ONCE:
            return result
        return request(*arguments, **options)

    return cast("_Request", retrying)
