"""DSM's own tools, for root on the NAS itself: ``synowebapi``, ``synouser``, ``synogroup``, ``synoshare``.

They know no login and no second factor, and lie outside the usual PATH. Of what ``synowebapi`` prints, its answer begins at the
first brace outside the lines that begin with ``[Line`` (DSM 6.2 to 7.3).
"""

from __future__ import annotations

import json
import shutil
from functools import partial
from typing import Any, Dict, Mapping, Optional, Sequence

from ..errors import CommandError
from ..failures import failure
from ..formats import jsontext
from ..secrets import Secret
from ..system import privileges, programs
from ..system.trust import find_dsm_tools
from .channel import ADMINISTRATORS, WebProvisioner, generate_password
from .web import ApiError, Client, highest_version, read_reply

_TIMEOUT = 60
_PERHAPS_SWITCH = (103, 105)  # may mean that -s is missing
_LOGIN_POLICY = (403, 406, 408, 409, 410)  # a policy stands between a new password and its first use


def find_tools(environ: Mapping[str, str]) -> Optional[str]:
    """The PATH on which DSM's tools are; None unless this is a NAS, and root or has a way back to it."""
    return find_dsm_tools(environ) if privileges.may_be_root() else None


class Tools:
    """A :class:`~acmewrap.synology.channel.Provisioner` for root on the NAS. ``url`` is where DSM's web API answers."""

    def __init__(self, path: str, url: str) -> None:
        self._path = path
        self._url = url

    def call(self, api: str, method: str, version: int, **parameters: Any) -> Dict[str, Any]:
        """One call through ``synowebapi``. No parameter may be a secret: everybody on the machine sees them."""
        words = [f"{name}={json.dumps(value, separators=(',', ':'))}" for name, value in parameters.items()]
        words = ["--exec", f"api={api}", f"method={method}", f"version={version}", *words]
        # Some builds of DSM 7 say nothing to some APIs, or refuse them, without -s, which DSM 6 does not know.
        refusal: Optional[ApiError] = None
        for switches in ([], ["-s"]):
            printed = self._run("synowebapi", *switches, *words).splitlines(keepends=True)
            text = "".join(line for line in printed if not line.startswith("[Line"))
            if "{" not in text:
                continue
            try:
                return self._read(text[text.index("{") :], f"{api} {method}")
            except ApiError as error:
                refusal = refusal or error
                if error.code not in _PERHAPS_SWITCH:
                    break
        raise refusal or _failed("synowebapi", f"it answered nothing to {api} {method}")

    def maximum(self, api: str) -> Optional[int]:
        """None where ``synowebapi`` does not say."""
        try:
            offered = self.call("SYNO.API.Info", "query", 1, query=api).get(api)
        except (ApiError, CommandError):
            return None
        return highest_version(offered)

    def create_user(self, name: str, password: Secret) -> None:
        """Made with a password that is thrown away at once, because ``synouser`` takes it from its words."""
        passing = generate_password()
        self._run("synouser", "--add", name, passing.reveal(), "", "0", "", "0")
        self.add_administrator(name)
        self._replace(name, passing, password)

    def set_password(self, name: str, password: Secret) -> None:
        passing = generate_password()
        self._run("synouser", "--setpw", name, passing.reveal())
        self._replace(name, passing, password)

    def add_administrator(self, name: str) -> None:
        # DSM 6 and the first DSM 7 can only replace the list of members as a whole.
        if "--memberadd " in self._run("synogroup", "--help", any_status=True):
            self._run("synogroup", "--memberadd", ADMINISTRATORS, name)
            return
        _, _, listed = self._run("synogroup", "--get", ADMINISTRATORS).partition("Group Members:")
        found = [line.partition(":")[2].strip() for line in listed.splitlines() if "[" in line]
        members = [one[1:-1] for one in found if one.startswith("[") and one.endswith("]")]
        if name not in members:
            self._run("synogroup", "--member", ADMINISTRATORS, *members, name)

    def deny_shares(self, name: str, shares: Sequence[str]) -> None:
        for share in shares:
            self._run("synoshare", "--setuser", share, "NA", "+", name)

    def _replace(self, name: str, passing: Secret, password: Secret) -> None:
        try:
            with Client(self._url, name, passing) as client:
                WebProvisioner(client).set_password(name, password)
        except ApiError as error:
            if error.code not in _LOGIN_POLICY:
                raise
            why = f"DSM refuses its login with {error.code}"
            message = f"the account {name} has a password that nobody knows, and {why}"
            refused = failure("dsm.account_unfinished", message, account=name, code=error.code)
            raise ApiError(refused, error.code) from error

    def _run(self, tool: str, *words: str, any_status: bool = False) -> str:
        where = shutil.which(tool, path=self._path)
        if where is None:
            raise _failed(tool, "it is not on this machine")
        options = {"_preexec_fn": privileges.way_back(), "_ok_code": range(256) if any_status else (0,)}
        try:
            return programs.ask_text(where, *words, timeout=_TIMEOUT, **options)
        except programs.ProgramError as error:
            raise _failed(tool, f"{words[0]}: {error}{f': {error.stderr[:200]}' if error.stderr else ''}") from None

    def _read(self, text: str, call: str) -> Dict[str, Any]:
        try:
            document = jsontext.parse(text, rest=True)
        except ValueError:
            raise _failed("synowebapi", f"its answer to {call} is no JSON") from None
        return read_reply(document, partial(_refused, call))


def _refused(call: str, code: int) -> ApiError:
    message = f"DSM (on the NAS itself) answered with error {code} to {call}"
    return ApiError(failure("dsm.refused", message, code=code), code)


def _failed(tool: str, why: str) -> CommandError:
    return CommandError(failure("dsm.tool_failed", f"{tool}: {why}", tool=tool), command=tool)
