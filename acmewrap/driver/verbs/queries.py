"""What acme.sh is merely asked for: nothing is changed, here or at the authority."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import Iterable, Mapping, Optional, Tuple

from ...errors import CommandError, Failure
from ...failures import KEPT_LINES, failure
from ...frozen import frozen
from ...pki.csr import Csr
from .. import command
from ..call import Caller, CallResult
from ..homes.home import is_ecc
from ..homes.staging import stage
from ..results import Result


@frozen
class CsrResult(Result):
    """Of ``--show-csr``: the names (the one that acme.sh would call the certificate by comes first) and the type of the key."""

    subject: str = ""
    domains: Tuple[str, ...] = ()
    key_type: str = ""


@frozen
class ListEntry:
    """A line of ``--list --listraw``, columns by their heading; None for a date that is not there."""

    domain: str
    key_type: str
    alternatives: Tuple[str, ...]
    authority: str
    created: Optional[datetime]
    renew: Optional[datetime]

    @classmethod
    def from_row(cls, row: Mapping[str, str]) -> ListEntry:
        """From a row by its headings; their number differs by version (a profile came with 3.1.2)."""
        alternatives = row.get("SAN_Domains", "")
        return cls(
            domain=row.get("Main_Domain", ""),
            key_type=row.get("KeyLength", "").strip('"'),
            alternatives=tuple(name for name in alternatives.split(",") if name not in ("", "no")),
            authority=row.get("CA", ""),
            created=_date(row.get("Created", "")),
            renew=_date(row.get("Renew", "")),
        )


@frozen
class ListResult(Result):
    """Of ``--list``: what acme.sh lists, which leaves out names without a dot; :meth:`Home.stored` does not."""

    entries: Tuple[ListEntry, ...] = ()


@frozen
class InfoResult(Result):
    """Of ``--info``: the domain's configuration as acme.sh prints it, without credentials; empty for a name it does not know."""

    domain: str
    values: Mapping[str, str]


def list_certificates(caller: Caller) -> ListResult:
    sound = (one for one in caller.home.stored() if one.configuration_error is None)
    done, fault = _ask(caller, "list", ("--list", "--listraw"), ((one.files.domain, one.ecc) for one in sound))
    rows = [] if fault else [line.split("|") for line in done.lines if "|" in line]
    entries = (ListEntry.from_row(dict(zip(rows[0], row))) for row in rows[1:])
    found = tuple(entry for entry in entries if entry.domain)
    return ListResult(found, **done.said, failure=fault)


def info(caller: Caller, domain: str, key: str) -> InfoResult:
    """``--info``; its lines are left out, for credentials stand there."""
    words = command.of_certificate("info", domain, key)
    done, fault = _ask(caller, "info", words, [(domain, is_ecc(key))])
    found = {match[1]: match[2] for line in done.lines for match in re.finditer(r"^(\w+)='?(.*?)'?$", line)}
    values = {name: found[name] for name in found if not name.startswith("SAVED_") and "Le_Domain" in found}
    return InfoResult(domain, values, **{**done.said, "lines": ()}, failure=fault)


def version(caller: Caller) -> str:
    """``--version``, without the ``v``. Raises :class:`CommandError` when acme.sh does not say."""
    done, fault = _ask(caller, "version", ("--version",))
    if fault is not None:
        raise CommandError(fault, command=done.command.printable(), returncode=done.returncode)
    return done.lines[-1].strip().lstrip("v")


def show_csr(caller: Caller, request: Csr) -> CsrResult:
    """``--show-csr``. What acme.sh reads has to be what the request says, or it would order for other names."""
    with stage(caller.home) as staging:
        done = caller.run("show_csr", ("--show-csr", "--csr", request.write_below(staging.temporary)), staging)
    fault = caller.find_fault(done)
    found = (re.search(r"(\w+)=(.*)$", line) for line in done.lines)
    said = {match[1]: match[2] for match in found if match}
    read = {said.get("Subject", ""), *said.get("SubjectAltNames", "").split(",")} - {""}
    if fault is None and read != {request.subject, *request.names} - {""}:
        fault = failure(
            "acme.unknown", f"acme.sh reads other names of it: {', '.join(sorted(read))}", done.lines[-KEPT_LINES:]
        )
    return CsrResult(request.subject, request.domains, request.key_type, **done.said, failure=fault)


def _ask(
    caller: Caller, verb: str, words: Tuple[str, ...], names: Iterable[Tuple[str, bool]] = ()
) -> Tuple[CallResult, Optional[Failure]]:
    with stage(caller.home, names) as staging:
        done = caller.run(verb, words, staging)
    if done.returncode == 0 and done.lines:
        return done, None
    return done, caller.diagnose(done) if done.lines else failure("acme.unknown", "acme.sh said nothing")


def _date(text: str) -> Optional[datetime]:
    """RFC 3339 since 3.0.6, before that the format of date(1)."""
    for form in ("%Y-%m-%dT%H:%M:%SZ", "%a %b %d %H:%M:%S UTC %Y"):
        try:
            return datetime.strptime(text, form).replace(tzinfo=timezone.utc)
        except ValueError:
            continue
    return None
