"""After a challenge that failed: what the authority did not say is looked at from here, as doctor does."""

from __future__ import annotations

import shlex

from ...config.challenges import Webroot
from ...config.model import Certificate
from ...driver.output.events import ChallengeInvalid, ChallengeTimedOut, OfDomain
from ...driver.results import IssueResult
from ...errors import Failure
from ...failures import CATALOGUE, failure
from ...frozen import replace
from ...host import token


def explain(certificate: Certificate, result: IssueResult) -> IssueResult:
    """*result*, of an order that failed, with the id that a look at the name from here leads to, where it tells more."""
    fault = result.failure
    if fault is None:
        message, folder = "acme.sh ended well and stored nothing new", result.files.folder
        return replace(result, failure=failure("certificate.not_stored", message, name=certificate.name, folder=folder))
    if not CATALOGUE[fault.id].seen_from_here:
        return result
    failed = [event for event in result.events if isinstance(event, (ChallengeInvalid, ChallengeTimedOut))]
    return replace(result, failure=_look(certificate, fault, failed[-1])) if failed else result


def _look(certificate: Certificate, fault: Failure, event: OfDomain) -> Failure:
    webroots = {
        name: challenge.path
        for name, challenge in zip(certificate.domains, certificate.challenges)
        if isinstance(challenge, Webroot)
    }
    folder, address = webroots.get(event.domain), token.find_address(event.domain)
    if folder is None or address is None:
        return fault
    try:
        seen = token.look(event.domain, folder, address)
    except OSError:
        return fault
    id = CATALOGUE[fault.id].seen_from_here.get(seen.found, fault.id)
    values = {"domain": shlex.quote(event.domain), "webroot": shlex.quote(str(folder))}
    return failure(id, f"{fault.message}; from here: {seen.message}", fault.lines, **values)
