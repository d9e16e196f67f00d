"""How long acme.sh waits between writing TXT records and asking the authority to look at them.

By itself it asks public resolvers (``_check_dns_entries``, 3.0.2 to 3.1.4), which never see a zone that only a private network
knows, and need the Internet. ``--dnssleep``, kept as ``Le_DNSSleep``, has it wait for a fixed time and ask nobody.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import List, Optional, Sequence, Tuple
from urllib.parse import urlsplit

from ..config.challenges import Challenge, Dns, Wait
from .homes.configuration import edit_configuration, read_text, write_text

KEY = "Le_DNSSleep"
PRIVATE = 10
"""Seconds that records have to get from the first name server to all others, when the authority is a private one."""

_PUBLIC_CHECK = 20 * 60
# A name without a dot, an address, and names that no public authority has: RFC 6761, RFC 6762 appendix G, RFC 8375, .internal.
_PRIVATE_HOST = re.compile(
    r"[^.]+|[0-9.]+|.*:.*|(?:.*\.)?(?:corp|home|home\.arpa|internal|intranet|lan|local|localhost|private|test)"
)


def of(
    challenges: Sequence[Challenge], options: Sequence[str], server: str, ca_bundle: Optional[Path]
) -> Optional[Wait]:
    """What acme.sh does for a certificate; None without dns-01. ``--dnssleep`` among the *options* counts first."""
    hooks = [challenge for challenge in challenges if isinstance(challenge, Dns)]
    if not hooks:
        return None
    slept = [int(value) for flag, value in zip(options, options[1:]) if flag == "--dnssleep" and value.isdigit()]
    wanted: List[Wait] = [*slept[-1:], *(hook.wait for hook in hooks if hook.wait is not None)]
    private = ca_bundle is not None or _PRIVATE_HOST.fullmatch(urlsplit(server).hostname or "")
    return wanted[0] if wanted else PRIVATE if private else "public"


def words(wait: Optional[Wait]) -> Tuple[str, ...]:
    return ("--dnssleep", str(wait)) if isinstance(wait, int) else ()


def patience(wait: Optional[Wait]) -> int:
    """The seconds for which an order may take longer than without."""
    return _PUBLIC_CHECK if wait == "public" else wait or 0


def remember(wait: Wait, configuration: Path) -> None:
    """Have ``--renew`` wait in the same way, whatever the order before did. Raises OSError."""
    text = read_text(configuration)
    write_text(configuration, edit_configuration(text, {KEY: str(wait)} if isinstance(wait, int) else {}, (KEY,)))
