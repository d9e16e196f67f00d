"""The account at the authority: made once, before certificates are issued side by side; changed, and given up."""

from __future__ import annotations

import contextlib
import os
import re
from typing import Literal, NamedTuple, Optional, Tuple

from ...errors import Failure
from ...failures import KEPT_LINES, failure
from ...formats import jsontext
from ...frozen import replace
from ...secrets import Secret
from ...system import files
from ...system.reading import read_bytes
from .. import command
from ..call import Caller, CallResult
from ..command import Value
from ..homes import generations
from ..homes.configuration import drop_keys, edit_configuration, parse_account, read_text
from ..homes.recovery import ACCOUNT, find_account_fault
from ..homes.staging import ACCOUNT_CREDENTIALS, explained, stage
from ..nonce_retry import retry_refused_nonce
from ..results import AccountResult

_DEACTIVATED = re.compile(r"(Successfully deactivated account|Deactivate account success for) ")
_REFUSED_AS_GONE = re.compile(r"urn:ietf:params:acme:error:(unauthorized|accountDoesNotExist)\b")


def register(caller: Caller, eab: Optional[Tuple[str, Value]] = None, *, again: bool = False) -> AccountResult:
    """``--register-account``, unless the home has an account at the directory already; ``again``: of its key, although it has.

    An HMAC key is in a ``ca.conf`` (0600) of the call alone: acme.sh would get it as an argument that every user can read.
    """
    folder = caller.home.account_folder(caller.server)
    if not again and not set(find_account_fault(folder)) & {"account.key", "account.json"}:
        with contextlib.suppress(FileNotFoundError):
            drop_keys(folder / "ca.conf", ACCOUNT_CREDENTIALS)  # plain acme.sh leaves it there
        return _described(caller, "unchanged")
    return _register(caller, eab)


def update(caller: Caller, email: str) -> AccountResult:
    """``--update-account``: *email* becomes the only contact. It is done when the authority answers with just that."""
    answer = _call(replace(caller, email=email), "update_account")
    result = _described(caller, "updated", answer)
    if answer.failure is None and result.contacts != (f"mailto:{email}",):
        fault = failure("acme.unknown", f"the account's contacts are: {', '.join(result.contacts) or 'none'}")
        return replace(result, outcome="failed", failure=fault)
    return result


def deactivate(caller: Caller) -> AccountResult:
    """``--deactivate-account``. The files of the account are set aside below ``deactivated``: the next order makes a new one.

    acme.sh takes any 403 for done before; only one that refuses the account itself (RFC 8555 section 7.3.6) is believed.
    """
    before = _described(caller, "unchanged")
    done, fault, protocol = _call(caller, "deactivate_account")
    said = any(_DEACTIVATED.search(line) for line in done.lines)
    if fault is None and not (said or _REFUSED_AS_GONE.search(protocol)):
        fault = failure("account.not_deactivated", "the authority did not say that it is", done.lines[-KEPT_LINES:])
    if fault is None:
        _set_aside(caller)
    return AccountResult("failed" if fault else "deactivated", before.url, before.contacts, **done.said, failure=fault)


def _register(caller: Caller, eab: Optional[Tuple[str, Value]]) -> AccountResult:
    secrets: Tuple[Secret, ...] = ()
    binding: Optional[str] = None
    if eab is not None:
        key_id, hmac_key = eab
        secrets = (hmac_key,) if isinstance(hmac_key, Secret) else ()
        values = {"CA_EAB_KEY_ID": key_id, "CA_EAB_HMAC_KEY": command.revealed(hmac_key)}
        try:
            binding = edit_configuration("", values)
        except ValueError as error:
            raise command.refused(str(error)) from None
    return _described(caller, "registered", _call(caller, "register_account", binding, secrets))


class _Answer(NamedTuple):
    done: CallResult
    failure: Optional[Failure]
    protocol: str


@retry_refused_nonce
def _call(caller: Caller, verb: str, binding: Optional[str] = None, secrets: Tuple[Secret, ...] = ()) -> _Answer:
    with stage(caller.home) as staging:
        words = (f"--{verb.replace('_', '-')}",)
        done = caller.run(verb, words, staging, bound=True, binding=binding, secrets=secrets)
        protocol = staging.read_protocol()
    context = {"account_folder": str(caller.home.account_folder(caller.server))}
    if binding is not None:
        context["eab"] = "given"
    fault = caller.find_fault(done, context=context, protocol=protocol)
    return _Answer(done, fault, protocol)


def _described(
    caller: Caller, outcome: Literal["registered", "updated", "unchanged"], answer: Optional[_Answer] = None
) -> AccountResult:
    folder = caller.home.account_folder(caller.server)
    url: Optional[str] = None
    contacts: Tuple[str, ...] = ()
    with contextlib.suppress(OSError, ValueError):
        url = parse_account(read_text(folder / "ca.conf")).get("ACCOUNT_URL") or None
    with contextlib.suppress(OSError, ValueError, AttributeError, TypeError):
        contacts = tuple(map(str, jsontext.parse(read_bytes(folder / "account.json")).get("contact") or ()))
    if answer is None:
        return AccountResult(outcome, url, contacts)
    fault = answer.failure
    return AccountResult("failed" if fault else outcome, url, contacts, **answer.done.said, failure=fault)


def _set_aside(caller: Caller) -> None:
    """Put its files away, under a number of our own (acme.sh's is a word of the authority), and leave no copy to come back from."""
    home, folder = caller.home, caller.home.account_folder(caller.server)
    copy = generations.places(home.path)[1] / folder.relative_to(home.path)
    with explained(home):
        parent = home.account_home(caller.server) / "deactivated"
        files.make_folder(parent)
        place = next(place for place in (parent / str(n) for n in range(1, 1000)) if not place.exists())
        files.make_folder(place)
        for name in ACCOUNT:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(copy / name)
            with contextlib.suppress(FileNotFoundError):
                os.rename(folder / name, place / name)
        with contextlib.suppress(OSError):  # without its folder an account is not looked for
            folder.rmdir()
