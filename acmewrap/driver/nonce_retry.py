"""The second request after a refused nonce (RFC 8555 section 6.5).

acme.sh (3.0.2 to 3.1.5) asks for a new nonce only when it knows the wording of the refusal; step-ca's it does not know.
"""

from __future__ import annotations

import functools
from typing import Any, Callable, TypeVar, cast

from ..errors import Retry

_Request = TypeVar("_Request", bound=Callable[..., Any])


def retry_refused_nonce(request: _Request) -> _Request:
    """*request*, made once more when the ``failure`` of what it returns is one to be retried at once."""

    @functools.wraps(request)
    def retrying(*arguments: Any, **options: Any) -> Any:
        result = request(*arguments, **options)
        again = result.failure is not None and result.failure.retry is Retry.AT_ONCE
        return request(*arguments, **options) if again else result

    return cast("_Request", retrying)
