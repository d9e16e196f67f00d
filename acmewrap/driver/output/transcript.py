"""acme.sh's words as values: lines of output in, :mod:`.events` out.

The wording changed in 3.0.8; both are in one table. acme.sh's words give the reason of a failure, they never decide an outcome.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Callable, Dict, Iterable, List, Mapping, Match, Optional, Pattern, Sequence, Tuple

from . import events as e
from .events import Event, Unrecognised
from .problem_documents import document_at_start, plain, problems

# `[date] ` in the format of the locale: whatever else it holds, it holds a time of day.
_STAMP = re.compile(r"\[[^\[\]]{0,60}\d{1,2}[:.時时시][ ]?\d{2}[:.分분][ ]?\d{2}[^\[\]]{0,60}\] ")
_PROMPTED = re.compile(rf"(?<=: )(?={_STAMP.pattern})")  # a hook's question, left unanswered, ends without a newline
_PEM_BEGIN = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----")
_PEM_BODY = re.compile(r"[A-Za-z0-9+/=.]*")
_MOST_LINES_OF_A_DOCUMENT = 200


@dataclass(frozen=True)
class Statement:
    """What was said at one time, without its stamp; a JSON document over several lines is one. ``end``: lines up to its end."""

    text: str
    events: Tuple[Event, ...]
    end: int


@dataclass(frozen=True)
class Transcript:
    """The output of one call, or a part of it, read once. ``lines`` are as a terminal may show them."""

    lines: Tuple[str, ...]
    statements: Tuple[Statement, ...]

    @property
    def events(self) -> Tuple[Event, ...]:
        return tuple(event for statement in self.statements for event in statement.events)

    @property
    def texts(self) -> Tuple[str, ...]:
        """Every line with a meaning, without its stamp."""
        return tuple(text for statement in self.statements for text in statement.text.split("\n"))

    def part(self, begin: int, end: Optional[int] = None) -> Transcript:
        """The statements from *begin* to before *end*, and their lines."""
        kept, before = self.statements[begin:end], self.statements[:begin]
        first = before[-1].end if before else 0
        lines = self.lines[first : kept[-1].end] if kept else ()
        return Transcript(lines, tuple(replace(statement, end=statement.end - first) for statement in kept))

    def failed_renewals(self) -> Mapping[str, Transcript]:
        """What was said about each certificate that a ``--cron`` failed with, by its folder, which acme.sh names afterwards."""
        found: Dict[str, Transcript] = {}
        begin = 0
        for index, statement in enumerate(self.statements):
            for event in statement.events:
                if isinstance(event, e.RenewalFailed):
                    found[event.folder] = self.part(begin, index)
                    begin = index + 1
                elif isinstance(event, (e.RenewalStarted, e.RenewalSkipped)):
                    begin = index
        return found


def read(raw: Iterable[str]) -> Transcript:
    """What *raw* lines (stdout and stderr of one call, merged) tell, in their order.

    Never raises, and drops nothing but stamps, blank lines and PEM blocks: what has no meaning here is :class:`Unrecognised`.
    """
    lines = tuple(part for line in raw for part in _PROMPTED.split(plain(line)))
    found: List[Statement] = []
    verifying: Optional[str] = None
    for text, end in _statements(lines):
        events: List[Event] = []
        for event in _events(text):
            if isinstance(event, e.Verifying):
                verifying = event.domain
            elif isinstance(event, e.DeploySucceeded) and verifying is not None:
                # The same `Success` ends a challenge and a deploy hook.
                event, verifying = e.Verified(verifying), None  # noqa: PLW2901
            elif isinstance(event, (e.OrderFinalized, e.CertificateDownloaded, e.RenewalStarted)):
                verifying = None
            events.append(event)
        found.append(Statement(text, tuple(events), end))
    return Transcript(lines, tuple(found))


def _statements(lines: Sequence[str]) -> Iterable[Tuple[str, int]]:
    """Texts and where they end: no stamps, blank lines and PEM blocks; the lines of one JSON document joined by newlines."""
    index = 0
    while index < len(lines):
        line = lines[index]
        end = _end_of_pem(lines, index) or _end_of_document(lines, index) or index + 1
        if line and not (end > index + 1 and _PEM_BEGIN.fullmatch(line)):
            first = _STAMP.sub("", line, count=1) if _STAMP.match(line) else line
            yield "\n".join([first, *lines[index + 1 : end]]).strip(), end
        index = end


def _end_of_pem(lines: Sequence[str], begin: int) -> Optional[int]:
    label = _PEM_BEGIN.fullmatch(lines[begin])
    if label is None:
        return None
    for index in range(begin + 1, len(lines)):
        if lines[index] == f"-----END {label.group(1)}-----":
            return index + 1
        if not _PEM_BODY.fullmatch(lines[index]):
            break
    return None


def _end_of_document(lines: Sequence[str], begin: int) -> Optional[int]:
    """Where the JSON document that opens in line *begin* closes: acme.sh prints the authority's answers as they came."""
    opening = lines[begin].find("{")
    if opening < 0:
        return None
    text = lines[begin][opening:]
    for index in range(begin, min(begin + _MOST_LINES_OF_A_DOCUMENT, len(lines))):
        if index > begin:
            if _STAMP.match(lines[index]):
                return None
            text += "\n" + lines[index]
        if "}" in lines[index] and document_at_start(text) is not None:
            return index + 1
    return None


# --- one statement ---

_Make = Callable[[Match[str]], Event]
_DOMAIN = r"(?P<domain>\S+?)"
_REFUSED = r"(?:Invalid status|Invalid code|Unknown status: \w*)[.,] Verification error(?: details)?"
_TABLE: Tuple[Tuple[Pattern[str], _Make], ...] = tuple(
    (re.compile(pattern, re.DOTALL), make)
    for pattern, make in (
        (r"Using CA: (\S+)", lambda m: e.UsingAuthority(m[1])),
        (r"ACCOUNT_THUMBPRINT='(.*)'", lambda m: e.AccountRegistered(m[1])),
        (r"Registered|Already registered", lambda _: e.AccountRegistered()),
        (rf"Verifying: {_DOMAIN}", lambda m: e.Verifying(m["domain"])),
        (rf"{_DOMAIN} is already verified, skip(?:ping)? \S+\.", lambda m: e.Verified(m["domain"])),
        (
            r"(?:Pending|Processing)[.,] The CA is processing your order, please (?:just )?wait\. \((\d{1,6})/(\d{1,6})\)",
            lambda m: e.OrderPending(int(m[1]), int(m[2])),
        ),
        (r"Order status is '?\w+'?, let'?s sleep and retry\.", lambda _: e.OrderPending()),
        (r"Le_OrderFinalize='(.*)'", lambda m: e.OrderFinalized(m[1])),
        (r"Le_LinkCert='(.*)'", lambda m: e.CertificateLinked(m[1])),
        (r"Cert success\.", lambda _: e.CertificateDownloaded()),
        (r"Your cert is in: (.+)", lambda m: e.CertificateStored(m[1])),
        (r"(?:Your cert key is in|The domain key is here): (.+)", lambda m: e.KeyStored(m[1])),
        (r"The intermediate CA cert is in: (.+)", lambda m: e.ChainStored(m[1])),
        (r"And the full[- ]chain certs? is (?:there|in): (.+)", lambda m: e.FullChainStored(m[1])),
        (r"Domains not changed\.", lambda _: e.DomainsUnchanged()),
        (r"Skip(?:,|ping\.) Next renewal time is: (.*)", lambda m: e.Skipped(m[1])),
        (r"===Starting cron===", lambda _: e.CronStarted()),
        (r"===End cron===", lambda _: e.CronEnded()),
        (r"Renew(?:ing)?: '(.+)'", lambda m: e.RenewalStarted(m[1])),
        (r"Skipped (\S+)", lambda m: e.RenewalSkipped(m[1])),
        (r"Error renew(?:ing)? (\S+?)(?:\.|, +stop now\.|, stopping\.)", lambda m: e.RenewalFailed(m[1])),
        (rf"'?{_DOMAIN}'? is not an? issued domain, skip(?:ping)?\.", lambda m: e.NotIssued(m["domain"])),
        (rf"Skip(?:ping)? invalid cert for: {_DOMAIN}", lambda m: e.InvalidCertificate(m["domain"])),
        (r"Success", lambda _: e.DeploySucceeded()),
        (rf"Error deploy(?:ing)? for domain: ?{_DOMAIN}", lambda m: e.DeployFailed(m["domain"])),
        (r"The deploy hook (.+) (?:is|was) not found\.", lambda m: e.HookNotFound(m[1])),
        (r"Reload error for ?: ?(\S*)", lambda m: e.ReloadFailed(m[1])),
        (r"Revoke success\.|Successfully revoked\.", lambda _: e.Revoked()),
        (
            rf"{_DOMAIN} (?:is|has been) removed[.,] [Tt]he key and cert files are in .*",
            lambda m: e.Removed(m["domain"]),
        ),
        (r"Please refer to https://curl\.\S+ for error code: (\d{1,4})", lambda m: e.CurlFailed(int(m[1]))),
        (r"Can ?not init (?:api|API),? for:? (\S+?)\.?", lambda m: e.AuthorityUnavailable(m[1])),
        (
            rf"(?:{_DOMAIN}: ?)?Can ?not write token to file ?: (.+)",
            lambda m: e.TokenNotWritable(m["domain"] or "", m[2]),
        ),
        (rf"{_DOMAIN}: ?Timeout", lambda m: e.ChallengeTimedOut(m["domain"])),
        (
            rf"{_DOMAIN}: ?(?:Verify error|Challenge error|Can ?not get challenge|{_REFUSED}): ?(.*)",
            lambda m: e.ChallengeInvalid(m["domain"], m[2].strip().rstrip("\\").strip()),
        ),
    )
)


def _events(text: str) -> Iterable[Event]:
    said = [problem for _, problem in problems(text)]
    event = _recognise(text)
    if isinstance(event, e.ChallengeInvalid) and said:
        event = e.ChallengeInvalid(event.domain, said[-1].detail)
    head = text[: text.find("{")].strip() if said and "{" in text else text
    if isinstance(event, Unrecognised) and said:
        event = Unrecognised(head)
    if event != Unrecognised(""):
        yield event
    yield from said


def _recognise(text: str) -> Event:
    for pattern, make in _TABLE:
        match = pattern.fullmatch(text)
        if match is not None:
            return make(match)
    return Unrecognised(text)
