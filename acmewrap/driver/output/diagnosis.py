"""Why a call of acme.sh failed: from its words to one failure of the catalogue, with the remedy filled in.

What is looked at, in this order: the deadline and signals; the last failure of curl or problem document of the authority; what
the system says about files and programs; acme.sh's own sentences. acme.sh cuts the authority's words at the first quotation
mark, so its protocol log (``LOG_LEVEL=2``) is read where there is one.
"""

from __future__ import annotations

import re
from typing import Mapping, NamedTuple, Optional, Sequence, Type
from urllib.parse import urlsplit

from ...errors import Failure, Retry
from ...failures import KEPT_LINES, failure
from ...failures.catalogue import CATALOGUE
from . import circumstances
from . import events as e
from .error_codes import authority_refused, challenge_refused, curl_failed, dsm_refused, not_offered, server_failed
from .patterns import FOLLOW_UP, PROGRESS, compiled
from .problem_documents import problems
from .transcript import Transcript

# acme.sh triggers the challenge once more when all is over; the authority's answer to that tells nothing.
_AFTERMATH = re.compile(r"^(?:\[[^\]]*\] )?_on_issue_err$", re.MULTILINE)
_GUARDED = re.compile(r"acmewrap: refused an unsafe answer of the authority: (.*)")  # templates/guard.sh
_TRANSFER = re.compile(r"(libcurl-errors|Exit-Status)\.html for error code: (\d{1,4})\b")
_ASKED = re.compile(r"_post_url='([^'\s]+)'")
_ANSWERED = re.compile(r"code='2\d\d'")

_OWN_COMMAND = re.compile(r"(?i)^Error .*(?:pre|post|renew) hook\.$|^(Reload error) for")
_GONE = re.compile("Please check log file for more details: ")  # which goes away with the call
_DEPLOYING = ("deploy", "install-cert")

_NO_SPACE = re.compile(r"No space left on device|Disk quota exceeded")
_DENIED = re.compile(r"^\S+: (?:line \d+: |\d+: )?(.*): (?:Permission denied|Read-only file system)$")
_ABSENT = re.compile(r"^\S+: (?:line \d+: |\d+: )?(.*): (?:No such file or directory|Not a directory|Is a directory)$")
_NOT_FOUND = re.compile(r": (?:line )?\d+: (\S+): (?:command )?not found$")
_PATH = re.compile(r"/[^'\"`:]*")

# What acme.sh says only when the request before it was answered.
_PROGRESS = (
    e.Verifying,
    e.Verified,
    e.OrderPending,
    e.OrderFinalized,
    e.CertificateDownloaded,
    e.Skipped,
    e.RenewalStarted,
)


class Finding(NamedTuple):
    """An id of the catalogue, what happened in one sentence, and values for the remedy that only the output knows."""

    id: str
    message: str
    values: Mapping[str, str] = {}


_UNSEEN = Finding("challenge.txt_not_public", "public resolvers did not show the TXT records of the challenge in time")


def diagnose(
    verb: str,
    transcript: Transcript,
    *,
    protocol_log: str = "",
    returncode: Optional[int],
    ended_by_deadline: bool = False,
    context: Mapping[str, str],
    webroots: Optional[Mapping[str, str]] = None,
) -> Failure:
    """Why ``acme.sh --verb`` failed. Never raises; ``acme.unknown`` with the last lines when nothing is known.

    *transcript* is of the merged streams without secrets, *protocol_log* the text of that call's own log (issue and renew only).
    *context* fills remedies in: server, ca_bundle, webroot, domain, name, user, group, home, folder, account, account_folder,
    hook, target; what it lacks is taken from the output, or stays in capitals. *webroots* has each domain of an order with
    its webroot, or nothing: a remedy is about the one that failed.
    """
    verb = verb.replace("_", "-")
    if verb in {"cron", "renew-all"}:  # the last of several certificates that failed, if acme.sh names one
        *_, transcript = (transcript, *transcript.failed_renewals().values())
    events = transcript.events
    unseen = e.WaitingForDns() in events and not _went_on(events, e.WaitingForDns)  # whatever was said meanwhile
    finding = _UNSEEN if unseen else _find(verb, transcript, events, protocol_log, context)
    if ended_by_deadline and not unseen:
        finding = _interrupted("process.deadline", f"acme.sh --{verb} did not end in time", finding)
    elif returncode is not None and returncode < 0:
        finding = _interrupted("process.killed", f"acme.sh --{verb} was ended by signal {-returncode}", finding)
    if finding is None:
        last = _last_words(transcript)
        message = f"acme.sh --{verb} failed (exit code {returncode})" + (f": {last}" if last else "")
        finding = Finding("acme.unknown", message)
    way, known = circumstances.challenge_of(transcript)
    text = protocol_log or "\n".join(transcript.texts)
    if problems(text):
        way = next((asked for asked in CATALOGUE[finding.id].instead if asked in context), way)
    failed = circumstances.failed_of(webroots or {}, events, finding.message)
    values = circumstances.values(events, {**context, **known, **finding.values}, failed)
    id = CATALOGUE[finding.id].instead.get(way, finding.id)
    lines = tuple(line for line in transcript.lines if not _GONE.search(line))
    return failure(id, finding.message, lines[-KEPT_LINES:], **values)


def _interrupted(id: str, message: str, finding: Optional[Finding]) -> Finding:
    return Finding(id, message if finding is None else f"{message}; before that: {finding.message}")


def _find(
    verb: str, transcript: Transcript, events: Sequence[e.Event], protocol_log: str, context: Mapping[str, str]
) -> Optional[Finding]:
    guarded = next(filter(None, map(_GUARDED.match, transcript.lines)), None)
    if guarded is not None:
        return Finding("ca.unsafe_response", f"the authority's answer is not safe to use: {guarded.group(1)}")
    stored = [
        at
        for at, it in enumerate(transcript.statements)
        if any(isinstance(one, e.CertificateStored) for one in it.events)
    ]
    if stored:
        verb, transcript, protocol_log = "deploy", transcript.part(stored[-1]), ""
    deploying, log = verb in _DEPLOYING, _AFTERMATH.split(protocol_log, maxsplit=1)[0]
    worded, status = _from_wording(transcript, protocol_log), server_failed(log)
    return (
        _from_transfer(verb, transcript, events, log, context)
        or _from_own_command(transcript.texts)
        or _from_system(transcript.texts, events, deploying)
        or _from_challenge(events)
        or (worded if worded and CATALOGUE[worded.id].account_lost else None)  # step-ca says so with status 500
        or (Finding(*status) if status else worded)
    )


def _from_transfer(
    verb: str, transcript: Transcript, events: Sequence[e.Event], log: str, context: Mapping[str, str]
) -> Optional[Finding]:
    """The last thing that went wrong between here and the authority, or the target of a deployment."""
    text, deploying = log or "\n".join(transcript.texts), verb in _DEPLOYING
    said = [(at, it) for at, it in problems(text) if it.name != "badNonce" or not _ANSWERED.search(text, at)]
    # After the account's key, acme.sh tries to revoke with the certificate's, which may be no account's.
    known = [(at, it) for at, it in said if not CATALOGUE[authority_refused(it, False)[0]].account_lost]
    said = known if verb == "revoke" and known else said
    failed = list(_TRANSFER.finditer(text))
    refused = Finding(*authority_refused(said[-1][1], _is_of_challenge(events, text, said[-1][0]))) if said else None
    # A refusal for good stands, whatever the cleaning up after it meets, until acme.sh goes on.
    decided = refused and CATALOGUE[refused.id].retry is Retry.AFTER_FIX and not _went_on(events, e.Problem)
    if failed and not _went_on(events, e.CurlFailed) and not (said and (decided or failed[-1].start() < said[-1][0])):
        program = "curl" if failed[-1].group(1) == "libcurl-errors" else "wget"
        where = context.get("target" if deploying else "server", "")
        values: Mapping[str, str] = {}
        asked = [] if deploying else _ASKED.findall(text[: failed[-1].start()])
        # As behind a proxy that the authority does not know of.
        if asked and urlsplit(asked[-1]).netloc != urlsplit(where).netloc:
            values = {"server": asked[-1], "host": urlsplit(asked[-1]).hostname or ""}
            where = f"{asked[-1]}, to which {where} leads"
        hook = context.get("hook", "") if deploying else None
        return Finding(*curl_failed(program, int(failed[-1].group(2)), where, hook), values)
    return refused


def _is_of_challenge(events: Sequence[e.Event], text: str, at: int) -> bool:
    """Whether the problem *at* this place of *text* is the verdict on a challenge, which may lie in its authorization."""
    line = text[text.rfind("\n", 0, at) + 1 :].partition("\n")[0]
    failed = any(isinstance(event, (e.ChallengeInvalid, e.ChallengeTimedOut)) for event in events)
    return failed or '"token"' in line


def _went_on(events: Sequence[e.Event], after: Type[e.Event]) -> bool:
    last = max((index for index, event in enumerate(events) if isinstance(event, after)), default=None)
    return last is not None and any(isinstance(event, _PROGRESS) for event in events[last:])


def _from_own_command(texts: Sequence[str]) -> Optional[Finding]:
    """A command of the user's that failed, as acme.sh says; what it printed itself is nothing of acme.sh's."""
    found = next(filter(None, map(_OWN_COMMAND.search, texts)), None)
    return found and Finding("reload.failed" if found[1] else "hook.failed", found.string)


def _from_system(texts: Sequence[str], events: Sequence[e.Event], deploying: bool) -> Optional[Finding]:
    for text in texts:
        if _NO_SPACE.search(text):
            return Finding("disk.full", text, _folder_in(text))
    for event in events:
        if isinstance(event, e.TokenNotWritable):
            return Finding("webroot.not_writable", f"the challenge file cannot be written: {event.path}")
    for text in texts:
        denied = _DENIED.search(text)
        if denied and circumstances.CHALLENGES in text:
            return Finding("webroot.not_writable", text)
        absent = _ABSENT.search(text) if deploying else None
        if absent:
            return Finding("install.no_folder", text, _folder_in(absent.group(1)))
        if denied:
            return Finding("file.not_writable" if deploying else "home.not_writable", text, _folder_in(denied.group(1)))
        missing = _NOT_FOUND.search(text)
        if missing:
            return Finding("tool.missing", f"{missing.group(1)} is not installed, or not in PATH")
    return None


def _folder_in(text: str) -> Mapping[str, str]:
    path = _PATH.search(text)
    return {"folder": path.group().rpartition("/")[0] or "/"} if path else {}


def _from_challenge(events: Sequence[e.Event]) -> Optional[Finding]:
    """What is left of the authority's sentence about a challenge when there is no log."""
    invalid = [event for event in events if isinstance(event, e.ChallengeInvalid)]
    return Finding(*challenge_refused(invalid[-1])) if invalid else None


def _from_wording(transcript: Transcript, protocol_log: str) -> Optional[Finding]:
    texts = [text for text in transcript.texts if not PROGRESS.match(text)]
    known = not_offered(texts, protocol_log) or next(filter(None, map(dsm_refused, texts)), None)
    if known is not None:
        return Finding(*known)
    for key, pattern in compiled():
        for text in reversed(texts):
            if pattern.search(text):
                return Finding(key, _last_words(transcript) if FOLLOW_UP.match(text) else text)
    return None


def _last_words(transcript: Transcript) -> str:
    """The last statement that is not one of those that acme.sh makes after every failure."""
    texts = [statement.text for statement in transcript.statements if statement.text]
    said = (text for text in reversed(texts) if not FOLLOW_UP.match(text) and not PROGRESS.match(text))
    return next(said, texts[-1] if texts else "")
