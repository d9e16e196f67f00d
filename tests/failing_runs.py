"""Many more failing runs of the real acme.sh than anybody would review one by one, to judge the diagnosis by.

    python tests/failing_runs.py --releases FOLDER [--version 3.1.1] [--keep FILE]

Each is one fault (of the authority, the way to it, the challenge, this machine or a deployment) at one place, against Pebble
behind a proxy, as in ``record.py``; what it should be called is written beside it, before anybody has seen what it is called.
Prints what was called otherwise; ``--keep`` writes all of them: lines that runs share once, each run as numbers of lines.
``tests/unit/driver/test_failing_runs.py`` judges those in ``failing_runs.json`` again with each change.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Dict, Iterator, List, Mapping, NamedTuple, Sequence, Tuple

import record

import transcripts
from acmewrap.driver.output.diagnosis import diagnose
from acmewrap.driver.output.transcript import read
from acmewrap.testing.proxy import Answer, Change, Cut, Fault, problem

FILE = Path(__file__).with_suffix(".json")
VERSIONS = ("3.1.1", "3.1.5")
GENERIC = ("acme.unknown", "acme.refused", "challenge.failed", "deploy.failed")  # true, and no help
NAME = "nas.internal.example.com"


class Run(NamedTuple):
    """A failing call: what it may rightly be called, what was said, and the protocol log where there is one."""

    name: str
    release: str
    verb: str
    expected: Tuple[str, ...]
    output: List[str]
    log: List[str]

    @property
    def diagnosed(self) -> str:
        context = {"server": f"{record.AUTHORITY}/dir", "domain": NAME, "webroot": "/srv/www"}
        transcript = read(self.output)
        return diagnose(self.verb, transcript, protocol_log="\n".join(self.log), returncode=1, context=context).id


PLACES: Mapping[str, str] = {
    "directory": "/dir$",
    "nonce": "/nonce-plz",
    "account": "/sign-me-up",
    "order": "/order-plz",
    "authorization": "/authZ/",
    "challenge": "/chalZ/",
    "finalize": "/finalize-order/",
    "certificate": "/certZ/",
}
ANYWHERE: Sequence[Tuple[str, Fault, str]] = (
    ("internal", problem("serverInternal", "the database is locked", 500), "ca.server_error"),
    ("unavailable", problem("serverInternal", "down for maintenance", 503), "ca.server_error"),
    (
        "limit",
        problem("rateLimited", "too many requests, retry after 2027-01-01 00:00:00 UTC", 429),
        "acme.rate_limited",
    ),
    ("nonce", problem("badNonce", "The client sent an unacceptable anti-replay nonce", 400), "ca.nonce"),
    ("cut", Cut(), "ca.unreachable"),
)
REFUSALS: Sequence[Tuple[str, str, str, str]] = (  # place, type, detail in the words of an authority in use, id
    ("account", "externalAccountRequired", "External account binding required", "acme.eab_required"),
    ("account", "unauthorized", "The external account binding key identifier is not known", "acme.eab_wrong"),
    ("account", "malformed", "failed to verify the HMAC of the externalAccountBinding", "acme.eab_wrong"),
    ("account", "invalidContact", "contact email nobody@example.com has an invalid domain", "account.contact"),
    ("account", "malformed", "Contact information is missing", "account.contact"),
    ("account", "unsupportedContact", "only mailto: is supported", "account.contact"),
    ("account", "userActionRequired", "must agree to the terms of service", "acme.terms"),
    (
        "order",
        "rejectedIdentifier",
        "Domain name does not end with a valid public suffix (TLD)",
        "acme.rejected_identifier",
    ),
    (
        "order",
        "malformed",
        "Order included DNS identifier with a value containing an illegal character",
        "acme.rejected_identifier",
    ),
    ("order", "unsupportedIdentifier", "identifiers of the type ip are not supported", "acme.rejected_identifier"),
    ("order", "unauthorized", "Account is not valid, has status deactivated", "account.unknown"),
    ("order", "accountDoesNotExist", "Account does not exist", "account.unknown"),
    ("order", "malformed", "No such account", "account.unknown"),
    ("order", "userActionRequired", "the terms of service have changed", "acme.terms"),
    ("order", "caa", "CAA record for nas.internal.example.com prevents issuance", "acme.caa"),
    ("authorization", "malformed", "No such authorization", "acme.order_invalid"),
    ("authorization", "unauthorized", "Expired authorization", "acme.order_invalid"),
    ("challenge", "malformed", "Unable to update challenge, the authorization must be pending", "acme.order_invalid"),
    ("finalize", "badCSR", "the key is a weak key", "acme.bad_csr"),
    ("finalize", "badPublicKey", "key of size 1024 is not supported", "acme.bad_csr"),
    ("finalize", "orderNotReady", "the status of the order is pending, not ready", "acme.order_invalid"),
    ("finalize", "malformed", "the order has expired", "acme.order_invalid"),
    ("finalize", "caa", "rechecking CAA: record for nas.internal.example.com prevents issuance", "acme.caa"),
    ("finalize", "rejectedIdentifier", "the CN of the request is forbidden by policy", "acme.rejected_identifier"),
    # Of Boulder, step-ca, Vault, EJBCA and acme2certifier:
    ("account", "unauthorized", "External account binding failed: the MAC of the binding is invalid", "acme.eab_wrong"),
    ("account", "malformed", "No eab key was found for the given kid", "acme.eab_wrong"),
    ("account", "badSignatureAlgorithm", "JWS signature header contains unsupported algorithm ES256", "account.key"),
    ("account", "badPublicKey", "Unable to create account: key algorithm not allowed", "account.key"),
    ("order", "malformed", "Identifier contains an underscore, which is not allowed", "acme.rejected_identifier"),
    ("order", "unauthorized", "The client lacks sufficient authorization: account is revoked", "account.unknown"),
    ("order", "unauthorized", "The request specified an account that does not exist", "account.unknown"),
    ("order", "malformed", "KID header contains an account that is not known", "account.unknown"),
    ("order", "invalidProfile", "profile shortlived is not recognized", "acme.profile"),
    ("order", "malformed", "Requested profile short is not permitted for this account", "acme.profile"),
    ("order", "malformed", "NotBefore and NotAfter are not supported", "acme.lifetime"),
    ("order", "alreadyReplaced", "the predecessor has already been replaced", "acme.order_invalid"),
    ("order", "rateLimited", "too many certificates (5) already issued for this exact set", "acme.rate_limited"),
    ("finalize", "badCSR", "refusing to sign CSR: role requires keys of type ec", "acme.bad_csr"),
    ("finalize", "malformed", "Error finalizing order :: public key is that of the account", "acme.bad_csr"),
    ("finalize", "unauthorized", "domain not permitted by the policy of the authority", "acme.rejected_identifier"),
    ("finalize", "unauthorized", "requested duration of 2160h is more than the authorized maximum", "acme.lifetime"),
    ("finalize", "unauthorized", "The order has already been finalized", "acme.order_invalid"),
)
VERDICTS: Sequence[Tuple[str, str, str]] = (  # type and detail of the error in a challenge, id
    (
        "connection",
        "Fetching http://nas.internal.example.com/: Timeout during connect (likely firewall problem)",
        "challenge.not_reachable",
    ),
    ("connection", "Fetching http://nas.internal.example.com/: Connection refused", "challenge.not_reachable"),
    ("connection", "The server could not connect to validation target", "challenge.not_reachable"),
    ("tls", "remote error: tls: handshake failure", "challenge.not_reachable"),
    ("dns", "DNS problem: NXDOMAIN looking up A for nas.internal.example.com", "challenge.name_unresolved"),
    ("dns", "DNS problem: SERVFAIL looking up A for nas.internal.example.com", "challenge.name_unresolved"),
    ("connection", "dial tcp: lookup nas.internal.example.com: no such host", "challenge.name_unresolved"),
    (
        "unauthorized",
        "Invalid response from http://nas.internal.example.com/.well-known/acme-challenge/x: 404",
        "challenge.wrong_content",
    ),
    (
        "unauthorized",
        "The key authorization file from the server did not match this challenge",
        "challenge.wrong_content",
    ),
    ("incorrectResponse", "Keyauthorization mismatch", "challenge.wrong_content"),
    ("caa", "CAA record for nas.internal.example.com prevents issuance", "acme.caa"),
    ("serverInternal", "Remote PerformValidation RPC failed", "ca.server_error"),
    ("connection", "During secondary validation: Timeout during connect", "challenge.not_reachable"),
    ("connection", "192.0.2.1: Connection reset by peer", "challenge.not_reachable"),
    ("malformed", "Non-200 status code from HTTP: 404", "challenge.wrong_content"),
    ("unauthorized", "The token file of the challenge holds another value", "challenge.wrong_content"),
    ("dns", "DNS problem: query timed out looking up A for nas.internal.example.com", "challenge.name_unresolved"),
    ("rateLimited", "too many failed authorizations recently", "acme.rate_limited"),
)
HTML = (("Content-Type", "text/html"),)
PAGES: Sequence[Tuple[str, Answer]] = (
    ("gateway", Answer(502, b"<html><body>502 Bad Gateway</body></html>", HTML)),
    ("page", Answer(200, b"<html><body>It works!</body></html>", HTML)),
    ("empty", Answer()),
    ("forbidden", Answer(403, b"<html><body>403 Forbidden</body></html>", HTML)),
    ("denied", Answer(403, b'{"errors": ["permission denied"]}', (("Content-Type", "application/json"),))),
)
# What a page of a web server in the place of an answer may rightly be called.
CALLED: Mapping[str, Tuple[str, ...]] = {
    "directory": ("ca.not_acme", "ca.server_error"),
    "nonce": ("ca.nonce", "ca.server_error"),
    "finalize": ("ca.server_error", "acme.order_invalid"),
    "challenge": ("ca.server_error", "challenge.failed"),
    "certificate": ("certificate.download_failed", "ca.server_error"),
}


def _verdict(type: str, detail: str) -> Change:
    def change(body: bytes) -> bytes:
        document = json.loads(body)
        error = {"type": f"urn:ietf:params:acme:error:{type}", "detail": detail, "status": 400}
        for part in (document, *document.get("challenges", ())):
            part["status"] = "invalid"
            if part.get("type") == "http-01":
                part["error"] = error
        return json.dumps(document).encode("ascii")

    return Change(body=change)


def _faults() -> Iterator[Tuple[str, str, Fault, Tuple[str, ...]]]:
    """A name, the paths where it happens, what happens, and its ids."""
    for place, pattern in PLACES.items():
        for name, fault, id in ANYWHERE:
            if place == "directory" and isinstance(fault, Answer):  # acme.sh does not say what came in its place
                continue
            if place == "nonce" and isinstance(fault, Answer):
                yield f"{place}-{name}", pattern, fault, (id, *CALLED[place])
            else:
                yield f"{place}-{name}", pattern, fault, (id,)
        for name, page in PAGES:
            yield f"{place}-{name}", pattern, page, CALLED.get(place, ("ca.server_error",))
    for number, (place, type, detail, id) in enumerate(REFUSALS):
        yield f"{place}-{type}-{number}", PLACES[place], problem(type, detail, 400), (id,)
    for number, (type, detail, id) in enumerate(VERDICTS):
        yield f"verdict-{type}-{number}", "/(?:authZ|chalZ)/", _verdict(type, detail), (id,)
    yield "nonce-missing", PLACES["nonce"], Change(headers={"Replay-Nonce": None}), ("ca.nonce",)


def _by_fault(lab: record.Laboratory) -> Iterator[Tuple[str, Tuple[str, ...], record.Recording]]:
    for name, pattern, fault, ids in _faults():
        home = lab.make_home(f"fault-{name}")
        lab.proxy.behave()
        if not pattern.startswith((PLACES["account"], PLACES["nonce"], PLACES["directory"])):
            lab.run("register-account", home=home, **record._through_proxy(lab))
        lab.proxy.misbehave(pattern, fault)
        yield name, ids, lab.issue(NAME, home=home, MAX_RETRY_TIMES="4", **record._through_proxy(lab))
    lab.proxy.behave()


def _by_scenario(lab: record.Laboratory) -> Iterator[Tuple[str, Tuple[str, ...], record.Recording]]:
    for name, (play, failure, but) in record.SCENARIOS.items():
        if lab.release.name < record.SINCE[name]:
            continue
        recording = play(lab)
        lab.proxy.behave()
        expected = but.get("v" + lab.release.name.replace(".", "_"), failure)
        if expected is not None:
            yield name, (expected,), recording


def runs(releases: Path, version: str) -> Iterator[Run]:
    """All of them with one release."""
    with record.laboratory(releases / version) as lab:
        for kind in (_by_scenario, _by_fault):
            for name, expected, recording in kind(lab):
                said = record.transcript_of(lab, recording, expected[0])
                if recording.returncode == 0:
                    print(f"{version} {name}: went well", flush=True)
                    continue
                yield Run(name, version, recording.verb, expected, said.output, said.log)


def load() -> List[Run]:
    """Those that are kept."""
    kept = json.loads(FILE.read_text(encoding="ascii"))

    def lines(numbers: Sequence[int]) -> List[str]:
        return [kept["lines"][number] for number in numbers]

    return [
        Run(name, release, verb, tuple(expected), lines(output), lines(log))
        for name, release, verb, expected, output, log in kept["runs"]
    ]


def dump(found: Sequence[Run]) -> str:
    lines: Dict[str, int] = {}

    def numbers(texts: Sequence[str]) -> List[int]:
        return [lines.setdefault(text, len(lines)) for text in texts]

    kept = [[*run[:4], numbers(run.output), numbers(run.log)] for run in found]
    head = ",\n".join(json.dumps(text) for text in lines)
    return f'{{"lines": [\n{head}\n],\n"runs": [\n' + ",\n".join(map(json.dumps, kept)) + "\n]}\n"


def judge(found: Sequence[Run]) -> Tuple[List[Run], List[Run]]:
    """Those called too generally, and those called wrongly."""
    off = [run for run in found if run.diagnosed not in run.expected]
    return [run for run in off if run.diagnosed in GENERIC], [run for run in off if run.diagnosed not in GENERIC]


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        description="Make the real acme.sh fail in many ways, and judge what that is called."
    )
    parser.add_argument("--releases", type=Path, required=True, help="a folder with one unpacked acme.sh per version")
    parser.add_argument("--version", action="append", choices=transcripts.VERSIONS)
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args(arguments)
    found: List[Run] = []
    for version in options.version or VERSIONS:
        for run in runs(options.releases.absolute(), version):
            found.append(run)
            if run.diagnosed not in run.expected:
                print(f"{version} {run.name}: {run.diagnosed}, and not {' or '.join(run.expected)}", flush=True)
    general, wrong = judge(found)
    print(f"{len(found)} runs: {len(general)} called too generally, {len(wrong)} wrongly")
    if options.keep:
        options.keep.write_text(dump(found), encoding="ascii")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
