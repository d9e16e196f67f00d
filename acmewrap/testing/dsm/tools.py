"""DSM's own commands, as executables over the state of a simulator: what root finds in ``/usr/syno/bin`` and ``/usr/syno/sbin``.

Each executable hands its words to the simulator over HTTP, on a path that no NAS has, and prints the answer.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence

from ...system.files import write_atomic
from .call import Api, Call, choose, perform
from .errors import Refusal
from .state import ON_BOX, RecordedRequest, Session, State, Upload

PATH = "/acmewrap-tool"
NAMES = ("synouser", "synogroup", "synoshare", "synowebapi")

_SCRIPT = """\
#!{python} -IS
import _socket, sys  # it is started often, and these two alone are there at once
words = "".join("\\0" + word for word in sys.argv[1:]).encode().hex()
body = "tool=%s&words=%s" % (sys.argv[0].rpartition("/")[2], words)
request = ("POST {path} HTTP/1.0\\r\\nContent-Length: %d\\r\\n\\r\\n%s" % (len(body), body)).encode()
connection = _socket.socket()
connection.settimeout(60)
connection.connect(({host!r}, {port}))
while request:
    request = request[connection.send(request) :]
parts = list(iter(lambda: connection.recv(65536), b""))
status, stdout, stderr = b"".join(parts).partition(b"\\r\\n\\r\\n")[2].split(b"\\0")
sys.stderr.buffer.write(stderr)
sys.stdout.buffer.write(stdout)
sys.exit(int(status))
"""

_GROUP_HELP = """Usage: synogroup (Version 3)
--help
--get groupname
--member groupname [username1] [username2] ...
"""
_GROUP_HELP_NEW = "--memberadd groupname username1 [username2] ...\n"


@dataclass(frozen=True)
class Output:
    """What a command prints and ends with."""

    stdout: str = ""
    stderr: str = ""
    status: int = 0

    def encode(self) -> bytes:
        return f"{self.status}\0{self.stdout}\0{self.stderr}".encode()


def write_tools(folder: Path, host: str, port: int) -> Path:
    """Write the executables into *folder*, to be put first in PATH."""
    folder.mkdir(parents=True, exist_ok=True)
    script = _SCRIPT.format(python=sys.executable, host=host, port=port, path=PATH)
    for name in NAMES:
        write_atomic(folder / name, script, 0o755)
    return folder


def answer(tool: str, words: Sequence[str], state: State, apis: Mapping[str, Api]) -> Output:
    """What *tool* does with *words*. The caller holds the state's lock."""
    if tool == "synowebapi":
        return _run_api(words, state, apis)
    verb = words[0] if words else ""
    state.requests.append(RecordedRequest("TOOL", tool, tool, verb, "", {"words": " ".join(words[1:])}, {}))
    command = _COMMANDS.get((tool, verb))
    if command is None:
        return Output(stderr=f"{tool}: Invalid argument\n", status=255)
    try:
        return command(state, words[1:])
    except (IndexError, KeyError) as error:
        return Output(stderr=f"{tool}: {error}\n", status=255)


def is_write(request: RecordedRequest, apis: Mapping[str, Api]) -> bool:
    """Whether *request*, of a client or of a command, was meant to change something."""
    api = apis.get(request.api)
    if api is None:
        return request.method in _WRITES
    return request.method in api.methods and api.methods[request.method].mutates


def _run_api(words: Sequence[str], state: State, apis: Mapping[str, Api]) -> Output:
    """``synowebapi --exec api=... method=... version=... name=value ...``: an administrator that needs no login."""
    given = dict(word.split("=", 1) for word in words if "=" in word)
    api, method, version = given.pop("api", ""), given.pop("method", ""), given.pop("version", "1")
    state.requests.append(RecordedRequest("TOOL", "synowebapi", api, method, version, given, {}))
    early = _judge_switch(state, api, secure="-s" in words)
    if early is not None:
        return early
    try:
        data = _perform(f"{api}.{method}", int(version), given, state, apis)
    except Refusal as refusal:
        envelope: Dict[str, Any] = {"error": {"code": refusal.code}, "httpd_restart": False, "success": False}
    else:
        envelope = {"httpd_restart": False, "success": True, **({} if data is None else {"data": data})}
    return _show(state, envelope, f"api={api}, version={version}, method={method}, param={json.dumps(given)}")


def _show(state: State, envelope: Mapping[str, Any], call: str) -> Output:
    """The answer, and what ``synowebapi`` writes beside it: a line that has braces of its own."""
    noise = f"[Line 295] Exec WebAPI:  {call}, runner={ON_BOX}\n"
    text = json.dumps(envelope, indent=3, sort_keys=True, ensure_ascii=state.preset.escapes_unicode) + "\n"
    return Output(noise + text) if state.preset.tool_noise == "stdout" else Output(text, noise)


def _judge_switch(state: State, api: str, *, secure: bool) -> Optional[Output]:
    """What happens on account of ``-s``, given or not; None when the call goes on. The command exits 0 all the same."""
    if state.preset.secure_switch == "refused" and secure:
        return Output(stderr="Create CredRequest fail\n")
    if state.preset.secure_switch == "needed" and not secure and api.startswith("SYNO.Core.TaskScheduler"):
        code = state.preset.secure_refusal
        return _show(state, {"error": {"code": code}, "success": False}, f"api={api}") if code else Output()
    return None


def _perform(name: str, version: int, given: Dict[str, str], state: State, apis: Mapping[str, Api]) -> Any:
    api_name, _, method_name = name.rpartition(".")
    api, method = choose(state, apis, api_name, version, method_name)
    parts = [part for part in ("key", "cert", "inter_cert") if f"{part}_tmp" in given]
    uploads = {part: _read_file(given.pop(f"{part}_tmp")) for part in parts}
    session = Session("", ON_BOX, 7)
    return perform(method, name, Call(state, version, given, uploads, session, api.invalid))


def _read_file(word: str) -> Upload:
    path = Path(json.loads(word))
    return Upload(path.name, path.read_bytes())


def _add_user(state: State, words: Sequence[str]) -> Output:
    name, password, description, expired, email, _ = words
    if name in state.users or len(password) < state.minimum_password_length:
        return Output(stderr="Failed to add user\n", status=1)
    user = state.add_user(name, password)
    user.description, user.email, user.expired = description, email, "now" if expired == "1" else "normal"
    if state.preset.reset_must_change:
        user.password_state = "must_change"  # noqa: S105  no password
    return Output(_describe_user(state, name))


def _get_user(state: State, words: Sequence[str]) -> Output:
    if words[0] not in state.users:
        return Output(stderr="SYNOUserGet failed: synoerr=[0x1D00]\n", status=255)
    return Output(_describe_user(state, words[0]))


def _describe_user(state: State, name: str) -> str:
    user = state.users[name]
    facts = (
        ("User Name", user.name),
        ("User Type", "AUTH_LOCAL"),
        ("User uid", user.uid),
        ("Fullname", user.description),
    )
    return "".join(f"{label:<12}: [{value}]\n" for label, value in facts)


def _set_password(state: State, words: Sequence[str]) -> Output:
    user = state.users[words[0]]
    user.password = words[1]
    user.password_state = "must_change" if state.preset.reset_must_change else "valid"
    return Output()


def _show_group(state: State, words: Sequence[str]) -> Output:
    members = "".join(f"{number}:[{name}]\n" for number, name in enumerate(state.groups[words[0]]))
    return Output(f"Group Name: [{words[0]}]\nGroup Type: [AUTH_LOCAL]\nGroup Members: \n{members}")


def _replace_members(state: State, words: Sequence[str]) -> Output:
    if any(name not in state.users for name in words[1:]):
        return Output(stderr="no such user\n", status=255)
    state.groups[words[0]][:] = words[1:]
    return Output()


def _add_members(state: State, words: Sequence[str]) -> Output:
    if not state.preset.memberadd or any(name not in state.users for name in words[1:]):
        return Output(stderr="synogroup: Invalid argument\n", status=255)
    members: List[str] = state.groups[words[0]]
    members += [name for name in words[1:] if name not in members]
    return Output()


def _help_groups(state: State, _: Sequence[str]) -> Output:
    return Output(_GROUP_HELP + (_GROUP_HELP_NEW if state.preset.memberadd else ""), status=1)


def _set_share_users(state: State, words: Sequence[str]) -> Output:
    share, permission, mode, users = words
    for name in users.split(","):
        if name not in state.users or permission not in ("NA", "RO", "RW"):
            return Output(stderr="synoshare: Invalid argument\n", status=255)
        state.shares[share].permissions[name] = permission if mode == "+" else ""  # type: ignore[assignment]  # checked above
    return Output()


_COMMANDS: Dict[Any, Callable[[State, Sequence[str]], Output]] = {
    ("synouser", "--add"): _add_user,
    ("synouser", "--get"): _get_user,
    ("synouser", "--setpw"): _set_password,
    ("synogroup", "--help"): _help_groups,
    ("synogroup", "--get"): _show_group,
    ("synogroup", "--member"): _replace_members,
    ("synogroup", "--memberadd"): _add_members,
    ("synoshare", "--setuser"): _set_share_users,
}
_WRITES = frozenset(("--add", "--setpw", "--member", "--memberadd", "--setuser"))
