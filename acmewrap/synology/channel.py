"""The two ways to change things in DSM: its web API with an administrator's login, or, on the NAS as root, DSM's own tools.

Both speak the same APIs for whatever holds no secret. An account is made in ways that differ, because the words of a command
can be seen by everybody on the machine.
"""

from __future__ import annotations

import secrets
import string
from typing import Any, Dict, Optional, Protocol, Sequence

from ..secrets import Secret
from ..system.trust import DSM_ADMINISTRATORS
from .web import ApiError

ADMINISTRATORS = DSM_ADMINISTRATORS
_NO_METHOD = 103
EVERYWHERE = "0.0.0.0"  # noqa: S104 - DSM's word for "from any address" in its application privileges


class Channel(Protocol):
    """Calls of DSM's APIs; the answer is the ``data`` of the reply. Raises :class:`~acmewrap.synology.web.ApiError`."""

    def call(self, api: str, method: str, version: int, **parameters: Any) -> Dict[str, Any]: ...

    def maximum(self, api: str) -> Optional[int]:
        """The highest version that DSM offers of *api*, None when that is not known."""


class Provisioner(Channel, Protocol):
    """A channel with the right to make and change accounts. Nothing is proven by these; the caller reads back."""

    def create_user(self, name: str, password: Secret) -> None:
        """Make a local user with that password."""

    def set_password(self, name: str, password: Secret) -> None:
        """Give a user another password."""

    def add_administrator(self, name: str) -> None:
        """Put a user into the group of administrators, all others staying in it."""

    def deny_shares(self, name: str, shares: Sequence[str]) -> None:
        """No access for the user to these shared folders."""


class WebProvisioner:
    """Over the web API, in the session of an administrator."""

    def __init__(self, client: Channel) -> None:
        self.call = client.call
        self.maximum = client.maximum

    def create_user(self, name: str, password: Secret) -> None:
        settings = {"description": "", "email": "", "expired": "normal", "cannot_chg_passwd": True}
        quiet = {"passwd_never_expire": True, "notify_by_email": False, "send_password": False}
        self.call("SYNO.Core.User", "create", 1, name=name, password=password.reveal(), **settings, **quiet)

    def set_password(self, name: str, password: Secret) -> None:
        self.call("SYNO.Core.User", "set", 1, name=name, new_name=name, password=password.reveal())

    def add_administrator(self, name: str) -> None:
        # The parameter is `name`: `members` is answered with success, and adds nobody (DSM 7.2.1). Some versions know only
        # `change`, older ones only `add`.
        try:
            self.call("SYNO.Core.Group.Member", "add", 1, group=ADMINISTRATORS, name=[name])
        except ApiError as error:
            if error.code != _NO_METHOD:
                raise
            self.call("SYNO.Core.Group.Member", "change", 1, group=ADMINISTRATORS, add_member=[name], remove_member=[])

    def deny_shares(self, name: str, shares: Sequence[str]) -> None:
        set_shares(self, name, shares, denied=True)


def set_shares(channel: Channel, name: str, shares: Sequence[str], *, denied: bool) -> None:
    """Deny the user *name* these shared folders, or say nothing of them."""
    rights = {"is_readonly": False, "is_writable": False, "is_deny": denied, "is_custom": False}
    who = {"name": name, "user_group_type": "local_user"}
    permissions = [{"name": share, **rights} for share in shares]
    channel.call("SYNO.Core.Share.Permission", "set_by_user_group", 1, **who, permissions=permissions)


def generate_password() -> Secret:
    """32 characters that acme.sh keeps as they are through all its saving and quoting, and that meet DSM's strictest rules."""
    classes = (string.ascii_lowercase, string.ascii_uppercase, string.digits, "._-")
    while True:
        text = secrets.choice(string.ascii_letters) + "".join(secrets.choice("".join(classes)) for _ in range(31))
        if all(any(letter in kind for letter in text) for kind in classes):
            return Secret(text)
