"""What came of a call, from what lies on disk before and after it; acme.sh's text only gives the reason of a failure.

acme.sh exits 0 with a garbled certificate and with another domain's, 2 for "not due" and for "unknown" and for a broken
configuration, and 1 although the certificate was issued (when a hook after it failed). So the files decide, in any language.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Callable, Dict, Iterable, Literal, Mapping, Optional, Tuple

from ..acme import retry_after
from ..backoff import CLOCK_TOLERANCE
from ..config.challenges import Wait
from ..errors import Failure
from ..failures import KEPT_LINES, failure
from ..formats.timefmt import clock_off, instant, moment
from ..frozen import field, frozen, replace
from ..pki.csr import Csr
from ..pki.names import comparable
from .call import CallResult
from .command import Value, refused
from .homes.configuration import edit_configuration, read_text, set_renewal, write_text
from .homes.home import CertificateFiles, Stored, is_ecc
from .output.events import CertificateLinked
from .process import Completed
from .results import CHANGED, IssueOutcome, IssueResult

Due = Callable[[datetime, datetime], datetime]

_SKIPPED = 2  # acme.sh's exit code for "not due", and for more than that
_ORDER = re.compile(r"Le_LinkOrder='([^']*)'$", re.MULTILINE)
_OF_LEAF = ("not_before", "not_after", "serial", "sha256", "issuer", "key_type")


@frozen
class Request:
    """An ``--issue`` or ``--renew``: the certificate that is requested, and the arguments that do it; ``webroots`` by domain;
    ``called``: its name in remedies, the first domain when empty.

    Raises :class:`CommandError` (``command.unsafe``) for settings that a configuration of acme.sh cannot hold.
    """

    verb: Literal["issue", "renew"]
    domains: Tuple[str, ...]
    key: str
    words: Tuple[str, ...]
    webroots: Mapping[str, str] = field(default_factory=dict)
    variables: Optional[Mapping[str, Value]] = None
    due: Optional[Due] = None
    settings: Optional[Mapping[str, str]] = None
    csr: Optional[Csr] = None
    wait: Optional[Wait] = None
    new_key: bool = False
    called: str = ""

    def __post_init__(self) -> None:
        try:
            edit_configuration("", self.settings or {})
        except ValueError as error:
            raise refused(str(error)) from None

    @property
    def known_as(self) -> str:
        return self.called or self.domains[0]

    @property
    def name(self) -> Tuple[str, bool]:
        """Domain and ``_ecc`` of its folder."""
        return self.domains[0], is_ecc(self.key)


def judge(
    request: Request,
    location: CertificateFiles,
    before: Optional[Stored],
    after: Optional[Stored],
    completed: CallResult,
    *,
    now: float,
    diagnose: Callable[[], Failure],
    protocol: Callable[[], str] = str,
) -> IssueResult:
    """The result of a *request*: *before* is what was there, *after* what the call left, *location* where it will lie.

    *diagnose* is asked for the reason when the files do not tell it, *protocol* is acme.sh's log, for the authority's clock.
    """
    outcome, fault = _decide(request, before, after, completed, now)
    if outcome in CHANGED and after is not None:
        fault = find_worse(before, after, now, due=request.due, protocol=protocol)
        outcome = outcome if fault is None else "failed"
    if fault is None and (outcome == "failed" or (outcome in CHANGED and completed.returncode != 0)):
        fault = diagnose()
    stored = after if outcome in (*CHANGED, "unchanged", "not_due") else before
    leaf = stored.leaf if stored is not None else None
    of_leaf: Dict[str, Any] = {name: getattr(leaf, name, None) for name in _OF_LEAF}
    linked = [event.url for event in completed.transcript.events if isinstance(event, CertificateLinked)]
    return IssueResult(
        outcome=outcome,
        domains=leaf.names if leaf is not None else request.domains,
        files=location,
        order_url=_order_url(protocol(), stored if outcome in CHANGED else None),
        certificate_url=linked[-1] if linked else None,
        next_renewal=stored.next_renewal if stored is not None else None,
        **of_leaf,
        **completed.said,
        failure=fault,
    )


def mark(request: Request, staged: CertificateFiles) -> None:
    """Write the request's settings into acme.sh's configuration, if it left one."""
    if staged.configuration.exists():
        write_text(staged.configuration, edit_configuration(read_text(staged.configuration), request.settings or {}))


def align(request: Request, result: IssueResult, staged: CertificateFiles) -> IssueResult:
    """Write the request's settings, and the date of the next renewal by its rule, into acme.sh's configuration."""
    mark(request, staged)
    if request.due is None or result.not_before is None or result.not_after is None:
        return result
    when = request.due(result.not_before, result.not_after).replace(microsecond=0)
    set_renewal(staged.configuration, when)
    return replace(result, next_renewal=when)


def is_due(stored: Stored, completed: Completed, now: float) -> bool:
    """Whether acme.sh's calendar says that a certificate was to be renewed when *completed*, which has just ended, began."""
    return stored.next_renewal is None or stored.next_renewal.timestamp() <= now - completed.seconds


def find_fault(requested: Iterable[str], after: Stored, lines: Tuple[str, ...], called: str) -> Optional[Failure]:
    """Why what acme.sh stored is not what was *requested*, with its key and chain; None when it is. It may have more names."""
    fault = after.find_fault()
    if fault is not None:
        id = "certificate.chain_missing" if fault.chain else "certificate.mismatch"
        return failure(id, f"what acme.sh stored does not match: {fault}", lines[-KEPT_LINES:], name=called)
    assert after.leaf is not None
    names = comparable(after.leaf.names)
    missing = ", ".join(sorted(comparable(requested) - names))
    if names and not missing:
        return None
    holds = f"is for {', '.join(sorted(names))}, not for" if names else "has no subjectAltName at all; it lacks"
    return failure("certificate.names_missing", f"the certificate {holds} {missing}", lines[-KEPT_LINES:], name=called)


def _decide(
    request: Request, before: Optional[Stored], after: Optional[Stored], completed: CallResult, now: float
) -> Tuple[IssueOutcome, Optional[Failure]]:
    old = before.leaf.sha256 if before is not None and before.leaf is not None else None
    new = after.leaf.sha256 if after is not None and after.leaf is not None else None
    if after is None:
        if request.verb != "renew":
            return "failed", None
        message = f"{request.domains[0]} was never issued here"
        return "not_issued", failure("certificate.not_issued", message, name=request.known_as)
    fault = find_fault(request.domains, after, completed.lines, request.known_as)
    if new is not None and new != old:
        if fault is not None:
            return "failed", fault
        return ("issued" if old is None else "renewed" if request.verb == "renew" else "reissued"), None
    skipped = completed.returncode == _SKIPPED and not is_due(after, completed, now)
    if new is not None and after.configuration_error is None and (skipped or completed.returncode == 0):
        # Nothing new, and acme.sh is content; it looks neither at the key nor at the chain.
        return ("not_due" if skipped else "unchanged"), fault
    if completed.returncode == 0:
        message = "acme.sh reported success and stored no certificate"
        return "failed", failure("certificate.not_stored", message, name=request.known_as, folder=after.files.folder)
    # Exit code 2 with a broken set: acme.sh goes by its calendar and passes over it for ever.
    return "failed", fault if completed.returncode == _SKIPPED else None


def _order_url(protocol: str, new: Optional[Stored]) -> Optional[str]:
    """acme.sh prints that of the order only while the order is pending, and that of `finalize` each time."""
    said = _ORDER.findall(protocol)
    return (said[-1] if said else None) or (new.configuration.get("Le_LinkOrder") if new is not None else None)


def find_worse(
    before: Optional[Stored], after: Stored, now: float, *, due: Optional[Due] = None, protocol: Callable[[], str] = str
) -> Optional[Failure]:
    """Why *after* must not take the place of *before*, though it fits together; None when it may. *due* says of dates when a
    certificate is to be renewed, *protocol* is acme.sh's log, for the authority's clock.
    """
    wrong = after.date_fault(now)
    if wrong is not None:
        theirs = retry_after.clock_from_protocol(protocol())
        if theirs is None or abs(now - theirs) <= CLOCK_TOLERANCE:
            return failure("certificate.not_valid", f"{wrong}; it was not stored", name=after.files.domain)
        off = clock_off(now - theirs, "that of the authority")
        return failure("ca.clock_skew", f"{off}: {wrong}; it was not stored")
    if before is None or before.leaf is None or after.leaf is None or before.find_fault() or before.date_fault(now):
        return None
    old, new = before.leaf, after.leaf
    alike = (old.key_type, comparable(old.names)) == (new.key_type, comparable(new.names))
    at_once = due is not None and due(new.not_before, new.not_after) <= instant(now)
    if not alike or not at_once or new.not_after > old.not_after:
        return None
    ends = f"the new certificate ends on {moment(new.not_after)}, and that which is there on {moment(old.not_after)}"
    return failure("certificate.short_lived", f"{ends}; it was not stored", name=after.files.domain)
