"""What the remedy of a failure names: the domain, the webroot and the challenge that it was about, as the output tells."""

from __future__ import annotations

import re
import shlex
from contextlib import suppress
from typing import Dict, Mapping, Sequence, Tuple
from urllib.parse import urlsplit

from ...config.arguments import CHALLENGE_FOLDER, WEB_GROUP
from . import events as e
from .transcript import Transcript

CHALLENGES = f"/{CHALLENGE_FOLDER.partition('/')[0]}"

_VALUES = (
    *("server", "host", "ca_bundle", "webroot", "domain", "domains", "name", "user", "group"),
    *("folder", "account", "account_folder", "hook", "target", "record"),
)
_RECORD = re.compile(r"Adding (?:TXT|txt) value: \S+ for domain: *(\S+)$")
_STANDALONE = "Standalone mode server"
_OF_ONE_DOMAIN = (e.Verifying, e.ChallengeInvalid, e.ChallengeTimedOut, e.RenewalStarted, e.DeployFailed)


def failed_of(webroots: Mapping[str, str], events: Sequence[e.Event], message: str) -> Mapping[str, str]:
    """The domain that failed, with its webroot: that of the last challenge which was not passed, else one that *message* names."""
    refused = [one.domain for one in events if isinstance(one, (e.ChallengeInvalid, e.ChallengeTimedOut))]
    named = sorted((domain for domain in webroots if domain in message), key=len)
    failed = [domain for domain in (*refused[-1:], *named[-1:]) if domain in webroots]
    return {"domain": failed[0], "webroot": webroots[failed[0]]} if failed else {}


def challenge_of(transcript: Transcript) -> Tuple[str, Mapping[str, str]]:
    """The challenge in use, where it is none of a webroot, and what its remedies name."""
    records = [match.group(1) for match in map(_RECORD.match, transcript.texts) if match]
    if records:
        return "dns", {"record": records[-1]}
    return ("standalone" if _STANDALONE in transcript.texts else ""), {}


def values(events: Sequence[e.Event], context: Mapping[str, str], failed: Mapping[str, str]) -> Mapping[str, str]:
    """The values of a remedy, quoted for a shell: the context's own, else what the output tells; of several domains that one, and
    before all what :func:`failed_of` knows.
    """
    known: Dict[str, str] = {}
    for event in events:
        if isinstance(event, (e.UsingAuthority, e.AuthorityUnavailable)):
            known["server"] = event.url
        elif isinstance(event, _OF_ONE_DOMAIN):
            known["domain"] = event.domain
        elif isinstance(event, e.TokenNotWritable):
            known["webroot"] = event.path.partition(CHALLENGES)[0]
        elif isinstance(event, e.HookNotFound):
            known["hook"] = event.hook
    own = (name for name, value in context.items() if value and (name != "domain" or name not in known))
    known.update((name, context[name]) for name in own)
    known.update(failed)
    if "home" in known:
        known = {"folder": known["home"], "account_folder": f"{known['home']}/ca", **known}
    with suppress(ValueError):
        known.setdefault("host", urlsplit(known.get("server", "")).hostname or "HOST")
    quoted = {name: shlex.quote(known[name]) for name in _VALUES if name in known}
    # The shell that runs a remedy knows its user itself.
    return {"user": '"$(id -un)"', "group": WEB_GROUP, "domains": quoted.get("domain", "DOMAINS"), **quoted}
