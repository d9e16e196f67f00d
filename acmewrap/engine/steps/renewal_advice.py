"""Asking an authority when it wants a certificate to be renewed, and keeping what it says (RFC 9773).

That an authority offers this is learnt when it issues, for its directory is looked at then; one that does not is never asked.
"""

from __future__ import annotations

import random
from typing import Mapping, Optional, Set

from ... import paths
from ...acme import renewal_info
from ...backoff import DEFAULT_LOOK
from ...config.model import Certificate, Config
from ...config.references import proxy_or_environment
from ...driver.homes.configuration import set_renewal
from ...driver.homes.home import Stored
from ...errors import AcmewrapError
from ...formats.timefmt import instant
from ...frozen import replace
from ...net.http import HttpError
from ...plan.due import due_of
from ...state.ledger import Advice, Ledger


def begin(
    config: Config,
    certificate: Certificate,
    ledger: Ledger,
    source: Optional[str],
    now: float,
    *,
    before: Optional[Stored] = None,
    environ: Optional[Mapping[str, str]] = None,
) -> None:
    """After a new certificate in the place of *before*: ask about it, if the directory has a *source* (``renewalInfo``)."""
    stored = paths.read(config, certificate)
    if source is None or stored is None or stored.leaf is None:
        ledger.advise(certificate.name, None)
        return
    early = _count_early(config, certificate, ledger, before, now)
    ledger.advise(certificate.name, Advice(stored.leaf.sha256, source, int(now), early=early))
    consult(config, certificate, ledger, now, environ)


def consult(
    config: Config,
    certificate: Certificate,
    ledger: Ledger,
    now: float,
    environ: Optional[Mapping[str, str]] = None,
    *,
    silent: Optional[Set[str]] = None,
) -> None:
    """Ask again, if there is somebody to ask; without an answer what was known before stays. An authority that did not answer is
    added to *silent*, and none of those is asked: one that hangs would take its time for each certificate.

    acme.sh's own calendar follows, so that a plain ``--cron`` renews at the same time.
    """
    stored = paths.read(config, certificate)
    leaf = None if stored is None else stored.leaf
    known = None if leaf is None else ledger.advice(certificate.name, leaf.sha256)
    if stored is None or leaf is None or known is None:
        ledger.advise(certificate.name, None)
        return
    authority, silent = config.authority_of(certificate), set() if silent is None else silent
    window = None
    try:
        if authority.name not in silent:
            proxy = proxy_or_environment(authority, environ or {})
            window = renewal_info.fetch(known.source, leaf, authority.ca_bundle, proxy)
    except AcmewrapError as error:
        if isinstance(error.__cause__, HttpError):
            silent.add(authority.name)
    if window is None:
        ledger.advise(certificate.name, replace(known, next_look=int(now) + DEFAULT_LOOK))
        return
    chosen = known.chosen
    if window.begin < leaf.validity[0] and now < window.end:
        chosen = None  # a window for longer lives than this one (Pebble's is always two days wide): no advice to go by
    elif chosen is None or (window.begin, window.end) != (known.begin, known.end):
        chosen = random.randint(window.begin, window.end)  # noqa: S311 - spreads load, protects nothing
    advice = replace(
        known,
        next_look=int(now) + (window.retry_after or DEFAULT_LOOK),
        every=window.retry_after,
        begin=window.begin,
        end=window.end,
        chosen=chosen,
        explanation=window.explanation,
    )
    ledger.advise(certificate.name, advice)
    due = due_of(config, certificate, stored, advice)
    if due is not None and stored.configuration_error is None:
        set_renewal(stored.files.configuration, instant(due))


def _count_early(config: Config, certificate: Certificate, ledger: Ledger, before: Optional[Stored], now: float) -> int:
    """How many renewals in a row, with that of *before*, came by advice and before their own time."""
    leaf = before.leaf if before is not None else None
    advice = ledger.advice(certificate.name, leaf.sha256) if leaf is not None else None
    due, own = due_of(config, certificate, before, advice), due_of(config, certificate, before, None)
    if advice is None or due is None or own is None:
        return 0
    return advice.early + 1 if due <= now < own else 0
