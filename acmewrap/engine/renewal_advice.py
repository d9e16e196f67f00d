"""Asking an authority when it wants a certificate to be renewed, and keeping what it says (RFC 9773).

That an authority offers this is learnt when it issues, for its directory is looked at then; one that does not is never asked.
"""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Optional

from .. import paths
from ..acme import renewal_info
from ..config.model import Certificate, Config
from ..driver.configuration import set_renewal
from ..errors import AcmewrapError
from ..plan.due import due_of
from ..state.ledger import Advice, Ledger
from ..timefmt import instant


def begin(config: Config, certificate: Certificate, ledger: Ledger, source: Optional[str], now: float) -> None:
    """After a new certificate: ask its authority about it, if the directory has a *source* (``renewalInfo``)."""
    stored = paths.home_of(config, certificate).read(*paths.name_of(certificate))
    if source is None or stored is None or stored.leaf is None:
        ledger.advise(certificate.name, None)
        return
    ledger.advise(certificate.name, Advice(stored.leaf.sha256, source, instant(int(now))))
    consult(config, certificate, ledger, now)


def consult(config: Config, certificate: Certificate, ledger: Ledger, now: float) -> Optional[str]:
    """Ask again, if there is somebody to ask. Returns why there was no answer: then what was known before stays.

    acme.sh's own calendar follows, so that a plain ``--cron`` renews at the same time.
    """
    stored = paths.home_of(config, certificate).read(*paths.name_of(certificate))
    known = (
        ledger.advice(certificate.name, stored.leaf.sha256) if stored is not None and stored.leaf is not None else None
    )
    if stored is None or stored.leaf is None or known is None:
        ledger.advise(certificate.name, None)
        return None
    try:
        window = renewal_info.fetch(known.source, stored.leaf, config.authority_of(certificate).ca_bundle)
    except AcmewrapError as error:
        ledger.advise(certificate.name, replace(known, next_look=instant(int(now) + renewal_info.DEFAULT_RETRY)))
        return error.failure.message
    chosen = known.chosen
    begin, end = instant(window.begin), instant(window.end)
    if begin < stored.leaf.not_before and now < window.end:
        chosen = None  # a window for longer lives than this one (Pebble's is always two days wide): no advice to go by
    elif chosen is None or (begin, end) != (known.begin, known.end):
        chosen = instant(random.randint(window.begin, window.end))  # noqa: S311 - spreads load, protects nothing
    look = instant(int(now) + window.retry_after)
    advice = Advice(known.leaf, known.source, look, begin, end, chosen, window.explanation)
    ledger.advise(certificate.name, advice)
    due = due_of(config, certificate, stored, advice)
    if due is not None and stored.configuration_error is None:
        set_renewal(stored.files.configuration, instant(due))
    return None
