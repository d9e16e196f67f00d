"""A secret that is searched for everywhere after it was used: it reaches its server byte for byte and stays nowhere else."""

from __future__ import annotations

import base64
import shutil
from pathlib import Path
from typing import Iterator, Sequence

import pytest

from acmewrap.testing.challenge import ChallengeServer
from acmewrap.testing.dsm import IMPORT, DsmSimulator
from acmewrap.testing.pebble import Pebble
from acmewrap.testing.webserver import WebServer
from canary import hits, hits_below, sampled_command_lines
from provisioned import CERTIFICATES, HEAD, SYNOLOGY, Machine

CANARY = "c4n4ry $ ' \" & % \\ end"

# What acme.sh 3.1.1 and its hooks start, as `strace -f -e execve` shows it; each is put behind a recorder.
TOOLS = (
    *(
        "awk",
        "base64",
        "basename",
        "cat",
        "chmod",
        "cp",
        "curl",
        "cut",
        "date",
        "dirname",
        "egrep",
        "env",
        "expr",
        "find",
    ),
    *("fold", "grep", "head", "hexdump", "id", "ls", "mkdir", "mktemp", "mv", "od", "openssl", "printf", "rm", "sed"),
    *("sort", "stat", "tail", "tee", "touch", "tr", "uname", "uniq", "wc", "wget", "xargs", "xxd"),
)


def record_arguments(machine: Machine, tools: Sequence[str] = TOOLS) -> Path:
    """Have every program that acme.sh starts write its arguments down; curl also takes long enough to be seen in /proc."""
    record = machine.folder / "arguments"
    for name in tools:
        real = shutil.which(name)
        if real is not None:
            pause = "/bin/sleep 0.1; " if name == "curl" else ""
            machine.tool(name, f'/bin/echo "{name} $@" >>{record}; {pause}exec {real} "$@"')
    return record


@pytest.fixture(scope="module")
def machine(
    tmp_path_factory: pytest.TempPathFactory, acme_sh_311: Path, pebble: Pebble, webserver: WebServer
) -> Iterator[Machine]:
    with DsmSimulator(password=CANARY) as nas:
        yield Machine(tmp_path_factory.mktemp("canary") / "machine", acme_sh_311, pebble, webserver, nas)


def test_the_password_of_the_nas_is_found_nowhere(machine: Machine, issued_home: Path) -> None:
    machine.adopt(issued_home)
    record = record_arguments(machine)
    with sampled_command_lines() as seen:
        machine.nas.fail(IMPORT, 5510)
        said = [machine.run("-v", "deploy"), machine.run("-v", "apply"), machine.run("--json", "deploy", "--force")]
    said.append(machine.run("--json", "status"))
    assert [done.returncode for done in said] == [4, 0, 0, 0], said

    assert {login.password for login in machine.nas.logins} == {CANARY}
    hooks = [
        request for request in machine.nas.requests if request.parameters.get("passwd") and request.http_method == "GET"
    ]
    assert len(hooks) == 3  # acme.sh's own logins, beside ours

    secret = CANARY.encode()
    assert any(b"curl --silent" in line for line in seen)
    # Asked, logged in, listed, imported, out.
    assert record.read_text(encoding="utf-8").count("\ncurl --silent") >= 3 * 5
    found = hits_below(secret, machine.folder, machine.folder / "dsm.password")
    found += [hit for line in seen for hit in hits(secret, f"/proc: {line!r}", line)]
    for done in said:
        found += hits(secret, "stdout", done.stdout.encode()) + hits(secret, "stderr", done.stderr.encode())
    found += hits(secret, "log of the authority", machine.pebble.log.read_bytes())
    assert found == []


def test_the_private_key_is_not_in_the_arguments_of_the_upload(machine: Machine) -> None:
    key = (machine.folder / ".acme.sh" / "nas.internal.test_ecc" / "nas.internal.test.key").read_text(encoding="ascii")
    longest = max(key.splitlines(), key=len)
    assert longest not in (machine.folder / "arguments").read_text(encoding="utf-8")
    assert any(longest.encode() in request.uploads["key"].content for request in machine.nas.calls(IMPORT))


def test_the_key_of_an_external_account_binding_is_found_nowhere(
    tmp_path: Path, acme_sh_311: Path, dns: ChallengeServer, webserver: WebServer, machine: Machine
) -> None:
    with Pebble(tmp_path / "pebble", dns=dns.address, http_port=webserver.port, eab=True) as pebble:
        bound = Machine(tmp_path / "machine", acme_sh_311, pebble, webserver, machine.nas)
        reference = "eab: {{key_id: key-1, hmac_key: {{file: eab.key}}}}"
        bound.configure(HEAD.replace('"{bundle}"', f'"{{bundle}}", {reference}') + CERTIFICATES + SYNOLOGY)
        source = bound.folder / "eab.key"
        source.write_text(pebble.eab_hmac_key.reveal(), encoding="ascii")
        source.chmod(0o600)
        record = record_arguments(bound, ("curl", "openssl"))
        done = bound.run("-v", "issue")
    assert done.returncode == 0, done
    assert "openssl dgst -sha256" in record.read_text(encoding="utf-8")
    for secret in (pebble.eab_hmac_key.reveal().encode(), base64.urlsafe_b64decode(pebble.eab_hmac_key.reveal() + "=")):
        assert hits_below(secret, bound.folder, source) == []
        assert hits(secret, "stdout", done.stdout.encode()) + hits(secret, "stderr", done.stderr.encode()) == []
