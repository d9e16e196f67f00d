"""acme.sh's words as values: lines of output in, :mod:`.events` out.

The wording changed in 3.0.8; both are in one table. acme.sh's words give the reason of a failure, they never decide an outcome.
"""

from __future__ import annotations

import re
from typing import Callable, Dict, Iterable, List, Mapping, Optional, Pattern, Sequence, Tuple

from ...frozen import frozen, replace
from . import events as e
from .events import Event, Unrecognised
from .problem_documents import document_at_start, plain, problems

# `[date] ` in the format of the locale: whatever else it holds, it holds a time of day.
_STAMP = re.compile(r"\[[^\[\]]{0,60}\d{1,2}[:.時时시][ ]?\d{2}[:.分분][ ]?\d{2}[^\[\]]{0,60}\] ")
# A hook's question, left unanswered, ends without a newline; so does what holds a `\c`, as acme.sh prints it.
_UNENDED = re.compile(
    rf"(?<=: )(?={_STAMP.pattern})|(?<=.)(?=\[[A-Z][a-z]{{2}} [A-Z][a-z]{{2}} [ \d]\d \d\d:\d\d:\d\d (?:[AP]M )?[A-Z]+ \d{{4}}\] )"
)
_PEM_BEGIN = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----")
_PEM_BODY = re.compile(r"[A-Za-z0-9+/=.]*")
_MOST_LINES_OF_A_DOCUMENT = 200


@frozen
class Statement:
    """What was said at one time, without its stamp; a JSON document over several lines is one. ``end``: lines up to its end."""

    text: str
    events: Tuple[Event, ...]
    end: int


@frozen
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
    lines = tuple(part for line in raw for part in _UNENDED.split(plain(line)))
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

_DOMAIN = r"(?P<domain>\S+?)"
_NUMBERS = ("seconds", "attempt", "limit", "code")
_REFUSED = r"(?:Invalid status|Invalid code|Unknown status: \w*)[.,] Verification error(?: details)?"
_WORKING = r"(?:Pending|Processing)[.,] The CA is processing your order, please (?:just )?wait\."
_TABLE: Tuple[Tuple[Pattern[str], Callable[..., Event]], ...] = tuple(
    (re.compile(pattern, re.DOTALL), make)
    for pattern, make in (  # the groups of a pattern are named as what they become
        (r"Using CA: (?P<url>\S+)", e.UsingAuthority),
        (r"ACCOUNT_THUMBPRINT='(?P<thumbprint>.*)'", e.AccountRegistered),
        (r"Registered|Already registered", e.AccountRegistered),
        (r"Let's check each DNS record now\. Sleep(?:ing for)? 20 seconds first\.", e.WaitingForDns),
        (
            r"Sleep(?:ing for)? (?P<seconds>\d{1,9}) seconds (?:to wait )?for the (?:the )?(?:txt|TXT) records to take effect",
            e.WaitingForDns,
        ),
        (rf"Verifying: {_DOMAIN}", e.Verifying),
        (rf"{_DOMAIN} is already verified, skip(?:ping)? \S+\.", e.Verified),
        (rf"{_WORKING} \((?P<attempt>\d{{1,6}})/(?P<limit>\d{{1,6}})\)", e.OrderPending),
        (r"Order status is '?\w+'?, let'?s sleep and retry\.", e.OrderPending),
        (r"Le_OrderFinalize='(?P<url>.*)'", e.OrderFinalized),
        (r"Le_LinkCert='(?P<url>.*)'", e.CertificateLinked),
        (r"Cert success\.", e.CertificateDownloaded),
        (r"Your cert is in: (?P<path>.+)", e.CertificateStored),
        (r"(?:Your cert key is in|The domain key is here): (?P<path>.+)", e.KeyStored),
        (r"The intermediate CA cert is in: (?P<path>.+)", e.ChainStored),
        (r"And the full[- ]chain certs? is (?:there|in): (?P<path>.+)", e.FullChainStored),
        (r"Domains not changed\.", e.DomainsUnchanged),
        (r"Skip(?:,|ping\.) Next renewal time is: (?P<next_renewal>.*)", e.Skipped),
        (r"===Starting cron===", e.CronStarted),
        (r"===End cron===", e.CronEnded),
        (r"Renew(?:ing)?: '(?P<domain>.+)'", e.RenewalStarted),
        (r"Skipped (?P<folder>\S+)", e.RenewalSkipped),
        (r"Error renew(?:ing)? (?P<folder>\S+?)(?:\.|, +stop now\.|, stopping\.)", e.RenewalFailed),
        (rf"'?{_DOMAIN}'? is not an? issued domain, skip(?:ping)?\.", e.NotIssued),
        (rf"Skip(?:ping)? invalid cert for: {_DOMAIN}", e.InvalidCertificate),
        (r"Success", e.DeploySucceeded),
        (rf"Error deploy(?:ing)? for domain: ?{_DOMAIN}", e.DeployFailed),
        (r"The deploy hook (?P<hook>.+) (?:is|was) not found\.", e.HookNotFound),
        (r"Reload error for ?: ?(?P<domain>\S*)", e.ReloadFailed),
        (r"Revoke success\.|Successfully revoked\.", e.Revoked),
        (rf"{_DOMAIN} (?:is|has been) removed[.,] [Tt]he key and cert files are in .*", e.Removed),
        (r"Please refer to https://curl\.\S+ for error code: (?P<code>\d{1,4})", e.CurlFailed),
        (r"Can ?not init (?:api|API),? for:? (?P<url>\S+?)\.?", e.AuthorityUnavailable),
        (rf"(?:{_DOMAIN}: ?)?Can ?not write token to file ?: (?P<path>.+)", e.TokenNotWritable),
        (rf"{_DOMAIN}: ?Timeout", e.ChallengeTimedOut),
        (
            rf"{_DOMAIN}: ?(?:Verify error|Challenge error|Can ?not get challenge|{_REFUSED}): ?(?P<detail>.*)",
            lambda domain, detail: e.ChallengeInvalid(domain, detail.strip().rstrip("\\").strip()),
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
            groups = match.groupdict(default="")
            return make(**{name: int(said) if name in _NUMBERS else said for name, said in groups.items()})
    return Unrecognised(text)
