"""The account at the authority: made once, before certificates are issued side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Optional, Tuple

from ..catalogue import failure
from ..errors import CommandError, IssueError, Retry
from ..secrets import Secret
from .call import Caller
from .command import Value
from .configuration import edit_configuration, read_text, replace_text
from .recovery import find_account_fault
from .staging import stage

_EAB = ("CA_EAB_",)


def register(caller: Caller, eab: Optional[Tuple[str, Value]] = None) -> None:
    """``--register-account``, unless the home has an account at the directory already.

    An HMAC key is in a ``ca.conf`` (0600) of the call alone: acme.sh would otherwise get it as an argument that every user of
    the machine can read. Raises :class:`IssueError` with the authority's reason.
    """
    folder = caller.home.account_folder(caller.server)
    if not set(find_account_fault(folder)) & {"account.key", "account.json"}:
        _forget_key(folder / "ca.conf")  # plain acme.sh leaves it there
    else:
        _register(caller, eab)


def _register(caller: Caller, eab: Optional[Tuple[str, Value]]) -> None:
    secrets: Tuple[Secret, ...] = ()
    binding: Optional[str] = None
    if eab is not None:
        key_id, hmac_key = eab
        secrets = (hmac_key,) if isinstance(hmac_key, Secret) else ()
        value = hmac_key.reveal() if isinstance(hmac_key, Secret) else hmac_key
        try:
            binding = edit_configuration("", {"CA_EAB_KEY_ID": key_id, "CA_EAB_HMAC_KEY": value})
        except ValueError as error:
            raise CommandError(failure("command.unsafe", str(error))) from None
    for again in (True, False):
        with stage(caller.home) as staging:
            words = ("--register-account",)
            done = caller.run("register_account", words, staging, bound=True, binding=binding, secrets=secrets)
            if done.returncode == 0:
                return
            fault = caller.diagnose("register_account", done, protocol=staging.read_protocol())
        if not (again and fault.retry is Retry.AT_ONCE):  # see AcmeSh: acme.sh does not know every refusal of a nonce
            raise IssueError(fault, command=done.command.printable(), returncode=done.returncode)


def _forget_key(configuration: Path) -> None:
    try:
        text = read_text(configuration)
    except FileNotFoundError:
        return
    if any(line.startswith(_EAB) for line in text.split("\n")):
        replace_text(configuration, edit_configuration(text, {}, _EAB))
