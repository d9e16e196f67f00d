"""Why an authority could not be shown that a name is ours."""

from __future__ import annotations

from typing import Mapping

from ..errors import Retry
from .entry import Entry, denied, issue_failed

_INSTEAD = {"dns": "challenge.txt_not_seen", "standalone": "challenge.standalone_not_reached"}
_SEEN = {"silent": "challenge.not_reachable", "other": "challenge.wrong_content"}

ENTRIES: Mapping[str, Entry] = {
    "challenge.not_reachable": issue_failed(
        "The authority could not connect to the host to see the challenge (RFC 8555 section 8.3: port 80 for http-01). "
        "step-ca says so of a web server that answers with 404, too.",
        "Make sure a web server answers on port 80 of {domain}, seen from the authority and not only from here: curl -v "
        "http://{domain}/.well-known/acme-challenge/. `acmewrap doctor` tries the way of a token from here.",
        instead=_INSTEAD,
        seen_from_here=_SEEN,
    ),
    "challenge.name_unresolved": issue_failed(
        "The authority could not find an address (or the TXT record) for the name in its DNS.",
        "Add {domain} to the DNS that the authority asks, which may not be the one of this machine, then check: dig {domain}",
        instead={"dns": "challenge.txt_not_seen"},
    ),
    "challenge.wrong_content": issue_failed(
        "A web server answered the authority, but not with the token: it serves another folder than the webroot, redirects, or "
        "another host has the name.",
        "Make the web server of {domain} serve {webroot}. Try it: echo ok > {webroot}/.well-known/acme-challenge/try; curl "
        "http://{domain}/.well-known/acme-challenge/try",
        instead=_INSTEAD,
    ),
    "challenge.timed_out": issue_failed(
        "The authority never decided about the challenge. Some (step-ca, Caddy) keep a failed one pending and try again by "
        "themselves.",
        "Check from the authority's host that http://{domain}/.well-known/acme-challenge/ is reachable, then run again.",
        retry=Retry.LATER,
        instead=_INSTEAD,
        seen_from_here=_SEEN,
    ),
    "challenge.txt_not_public": issue_failed(
        "Public resolvers, which acme.sh asks before it lets the authority look, did not show the TXT record in time. They never "
        "do for a zone that only your own network knows, and cannot be asked from a machine without the Internet.",
        "For such a zone write `wait: 10s` beside `dns`: acme.sh then asks nobody. For a public one compare what the hook wrote "
        "with what everybody sees: dig @1.1.1.1 TXT {record}",
        retry=Retry.LATER,
    ),
    "challenge.txt_not_seen": issue_failed(
        "The authority did not find the TXT record of the challenge in the DNS, or another value.",
        "Compare what the resolver of the authority sees with what the hook wrote: dig TXT {record}. It may take longer to get "
        "there (a longer `wait` beside `dns`), or another name server answers for the name.",
        retry=Retry.LATER,
    ),
    "challenge.standalone_not_reached": issue_failed(
        "The authority did not reach the small server that acme.sh starts for the challenge, or another answered in its place.",
        "Let requests to port 80 of {domain} arrive at this machine while it runs, at the `port` that is set for it, or use "
        "`webroot` with a web server that is there already.",
    ),
    "challenge.not_offered": issue_failed(
        "The authority does not offer this kind of challenge for the name (a wildcard takes dns-01 only, RFC 8555 section 7.1.3).",
        "Use a challenge that the authority offers; the message lists them.",
    ),
    "challenge.failed": issue_failed(
        "The authority did not accept the challenge, and its words are not known here.",
        "Make sure the authority can fetch http://{domain}/.well-known/acme-challenge/TOKEN from {webroot}, then run again.",
        instead=_INSTEAD,
        seen_from_here=_SEEN,
    ),
    "challenge.dns_hook": issue_failed(
        "The DNS hook could not set or remove the TXT record, or is missing or broken.",
        "Check the name under `dns` and the values in its `env`; each hook of acme.sh lists what it needs at the top of its file.",
    ),
    "challenge.web_server": issue_failed(
        "acme.sh could not change or reload the configuration of nginx or Apache for the challenge.",
        "Fix the configuration until `nginx -t` or `apachectl -t` is content and run as root, or use `webroot`, which changes "
        "nothing.",
    ),
    "webroot.not_writable": denied(
        "The challenge file could not be written: the webroot does not exist or belongs to another user.",
        "Make sure {webroot} exists and has the correct permissions: sudo mkdir -p {webroot}/.well-known/acme-challenge && sudo "
        "chown -R {user}:{group} {webroot}",
    ),
    "port.in_use": issue_failed(
        "acme.sh's own small server needs a port that another process holds.",
        "Stop the other process for the run, choose another `port`, or let that web server serve a `webroot`. Who it is: ss -ltnp",
    ),
}
