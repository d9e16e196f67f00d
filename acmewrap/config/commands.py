"""Commands of the user's own around a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Optional, Tuple

Before = Literal["run", "issue", "deploy"]
After = Literal["run", "issue", "deploy", "error"]
Event = Literal["issued", "renewed", "deployed", "rolled_back", "failed"]


@dataclass(frozen=True)
class ConfiguredCommand:
    """Program and arguments, ``before`` or ``after`` what; with ``when``, only if one of these happened in the run. ``timeout`` is
    in seconds.
    """

    run: Tuple[str, ...]
    before: Optional[Before] = None
    after: Optional[After] = None
    when: Tuple[Event, ...] = ()
    timeout: int = 60
