"""Orders of certificates: one call of acme.sh in a workspace, judged by what it left there."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Optional, Sequence

from ...acme import retry_after
from ...config.arguments import CHALLENGE_FOLDER
from ...config.challenges import webroots_of
from ...config.model import LIFETIME
from ...frozen import replace
from ...pki import csr
from ...system import trust
from ...system.reading import read_bytes
from ...system.trust import StrPath
from .. import command, dns_wait, evidence
from ..call import Caller
from ..command import Challenges
from ..evidence import Request
from ..homes.home import KEY_ELSEWHERE, is_ecc, read_folder
from ..homes.recovery import drop_key
from ..homes.staging import stage
from ..nonce_retry import retry_refused_nonce
from ..process import OnLine
from ..results import IssueResult
from . import chains, interrupted_order


def read_csr(path: StrPath) -> csr.Csr:
    """The request in the PEM file *path*. Raises :class:`CommandError` (``command.unsafe``)."""
    try:
        return csr.parse(read_bytes(Path(path)))
    except (OSError, ValueError) as error:
        raise command.refused(f"{path}: {getattr(error, 'strerror', None) or error}") from None


def of_domains(
    caller: Caller, domains: Sequence[str], challenge: Challenges, key: str, *, force: bool, options: Sequence[str]
) -> Request:
    """``--issue``. Raises :class:`CommandError` (``command.unsafe``)."""
    challenges = command.one_each(domains, challenge)
    wait = dns_wait.of(challenges, options, caller.server, caller.ca_bundle)
    words = command.issue(domains, challenges, key, force=force, options=(*dns_wait.words(wait), *options))
    return Request("issue", tuple(domains), key, words, webroots_of(domains, challenges), wait=wait)


def of_csr(caller: Caller, path: StrPath, challenge: Challenges, *, force: bool, options: Sequence[str]) -> Request:
    """``--sign-csr``. Raises :class:`CommandError` (``command.unsafe``)."""
    request = read_csr(path)
    challenges, key = command.one_each(request.domains, challenge), request.key_type
    wait = dns_wait.of(challenges, options, caller.server, caller.ca_bundle)
    words = command.sign_csr(request.domains, challenges, force=force, options=(*dns_wait.words(wait), *options))
    stored = caller.home.read(request.domains[0], is_ecc(key))
    if stored is not None and not stored.key_is_elsewhere:
        own = f"{stored.files.folder} holds a key of its own"
        raise command.refused(f"{own}: keep certificates of requests in another home")
    marked, webroots = {KEY_ELSEWHERE: "1"}, webroots_of(request.domains, challenges)
    return Request("issue", request.domains, key, words, webroots, settings=marked, csr=request, wait=wait)


@retry_refused_nonce
def obtain(caller: Caller, request: Request, on_line: Optional[OnLine]) -> IssueResult:
    """Have acme.sh order it in a workspace; what came of it takes the place of what was there when it is good."""
    domain, ecc = request.name
    request = replace(request, called=caller.context.get("name", domain))
    webroots = {name: request.webroots.get(name, "") for name in request.domains}
    known = {"webroot": webroots[domain], "domains": ", ".join(request.domains)}
    if LIFETIME in request.words:
        known["lifetime"] = request.words[request.words.index(LIFETIME) + 1]
    for webroot in request.webroots.values():
        trust.refuse_planted(Path(webroot, CHALLENGE_FOLDER))
    with stage(caller.home, [request.name], anew=request.verb == "issue") as staging:
        before, staged = caller.home.read(domain, ecc), staging.files_of(domain, ecc)
        if request.new_key:
            drop_key(staged)
        words = request.words
        if request.csr is not None:
            words += ("--csr", request.csr.write_below(staging.temporary))
        if request.wait is not None and staged.configuration.exists():
            dns_wait.remember(request.wait, staged.configuration)
        patience = dns_wait.patience(request.wait)
        with interrupted_order.leftovers_named(tuple(request.webroots.values())):
            done = caller.run(
                request.verb,
                words,
                staging,
                variables=request.variables,
                bound=True,
                on_line=on_line,
                patience=patience,
            )
        chains.complete(caller, staged, staging.temporary)
        if request.csr is not None:
            evidence.mark(request, staged)
        result = evidence.judge(
            request,
            caller.home.files_of(domain, ecc),
            before,
            read_folder(staged, ecc),
            done,
            now=caller.clock(),
            diagnose=lambda: caller.diagnose(done, domain, known, protocol=staging.read_protocol(), webroots=webroots),
            protocol=staging.read_protocol,
        )
        if result.changed:
            result = evidence.align(request, result, staged)
            staging.keep(caller.home, domain, ecc)
        elif result.failure is not None:
            wait = retry_after.from_protocol(staging.read_protocol())
            result = replace(result, retry_after=None if wait is None else timedelta(seconds=wait))
    return result
