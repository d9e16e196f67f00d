"""An authority, or somebody in its place, cannot run anything here, nor choose where a file goes, whatever it answers.

Each kind of payload is first shown to work on plain acme.sh of the same release. `make test` tries these on the default release;
`make test-all` on every release that is to be had, and on the default release every other value.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Iterator, List, Tuple

import pytest

from acmewrap.driver.acmesh import AcmeSh
from acmewrap.driver.wrapper_script import Wrapper
from acmewrap.testing.counterpart import free_port
from acmewrap.testing.pebble import Pebble
from acmewrap.testing.proxy import Proxy
from acmewrap.testing.webserver import WebServer
from forkserver import forkserver
from hostile import MARK, PAYLOADS, Attempt, attempts, named, sung
from releases import AcmeShRelease

NAME = "nas.internal.test"

# What plain acme.sh of every release runs, writes where it is reported, or fetches from this machine.
FIRES = (
    named("account URL", "apostrophe"),
    named("account URL", "escape"),
    named("order URL", "apostrophe"),
    named("finalize", "apostrophe"),
    named("finalize", "option"),
    named("certificate URL", "apostrophe"),
    named("certificate URL", "scheme"),
    named("token", "field"),
    named("authorization detail", "entry"),
    named("token, standalone", "apostrophe"),
    named("account id", "traversal"),
)
# What only some of them do, and what none does today, for acme.sh changes: each payload in one value, and each value with one.
# All of them together are tried on the guard alone (tests/process/test_guard.py).
OTHERS = tuple(
    attempt
    for number, attempt in enumerate(attempts())
    if attempt not in FIRES and (attempt.value.name == "account URL" or number % (len(PAYLOADS) + 1) == 0)
)


def rarely(attempt: Attempt, *way: Callable[[Machine, Attempt], List[bytes]]) -> object:
    return pytest.param(*way, attempt, marks=() if (*way, attempt) in IN_EVERY_RUN else pytest.mark.slow)


@dataclass
class Machine:
    """A machine of somebody who trusts the authority: an account and a certificate are there, made while it was good."""

    folder: Path
    release: str
    proxy: Proxy
    web: WebServer
    standalone: int

    def __post_init__(self) -> None:
        self.home, self.kept, self.nest = (self.folder / name for name in (".acme.sh", "kept", "nest"))
        self.program = self.folder / "src" / "acme.sh"
        self.canary = self.nest / "canary"
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder / "user"),
            "LC_ALL": "C",
            "NO_PROXY": "localhost,127.0.0.1",
            "MAX_RETRY_TIMES": "4",
            "HTTP_HEADER": str(self.nest / "header"),
        }
        (self.folder / "acmewrap.yaml").write_text(
            f"directory: .\n"
            f"acme_sh: {{release: '{self.release}', allow_vulnerable: {str(self.release == '3.0.2').lower()}}}\n"
            f"authorities: {{ca: {{server: '{self.proxy.directory_url}', ca_bundle: '{self.proxy.ca_bundle}'}}}}\n"
            f"certificates: {{nas: {{domains: [{NAME}], challenge: {{webroot: '{self.web.root}'}}}}}}\n",
            encoding="utf-8",
        )
        (self.folder / "user").mkdir()
        done = self.acmewrap("apply")
        assert done.returncode == 0, done
        self.wrapper = Wrapper(
            path=self.folder / "acme.sh",
            source=self.folder / "acmewrap.yaml",
            directory=self.folder,
            program=self.program,
            version=self.release,
            home=self.home,
            server=self.proxy.directory_url,
            ca_bundle=self.proxy.ca_bundle,
        )
        shutil.copytree(str(self.home), str(self.kept), symlinks=True)

    def reset(self) -> None:
        for folder in (self.home, self.nest):
            shutil.rmtree(str(folder), ignore_errors=True)
        shutil.copytree(str(self.kept), str(self.home), symlinks=True)
        self.nest.mkdir()

    def api(self) -> AcmeSh:
        return AcmeSh(
            self.program,
            self.home,
            server=self.proxy.directory_url,
            verify=False,
            ca_bundle=self.proxy.ca_bundle,
            path=os.environ["PATH"],
        )

    def start(self, *words: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            ["timeout", "60", *words],
            env={**self.environment, **environment},
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )

    def acmewrap(self, *words: str) -> subprocess.CompletedProcess[bytes]:
        done = forkserver().run(("-c", str(self.folder / "acmewrap.yaml"), *words), self.environment)
        return subprocess.CompletedProcess(words, done.returncode, done.stdout + done.stderr)

    def sequence(self, attempt: Attempt, start: Callable[..., subprocess.CompletedProcess[bytes]]) -> List[bytes]:
        """Whatever acme.sh does with an authority."""
        mode: Tuple[str, ...] = ("--webroot", str(self.web.root))
        if "standalone" in attempt.value.name:
            mode = ("--standalone", "--httpport", str(self.standalone))
        chain = ("--preferred-chain", "nobody") if "chain" in attempt.value.name else ()
        said = []
        if attempt.value.name.startswith(("account", "directory")):
            said.append(start("--register-account").stdout)
        said.append(start("--issue", "--force", "--keylength", "ec-256", "--domain", NAME, *mode, *chain).stdout)
        said.append(start("--cron", "--force").stdout)
        if attempt.value.name == "account id":
            said.append(start("--deactivate-account").stdout)
        return said


@pytest.fixture(scope="module")
def machine(
    acme_sh: AcmeShRelease, tmp_path_factory: pytest.TempPathFactory, pebble: Pebble, webserver: WebServer
) -> Iterator[Machine]:
    with set_up(tmp_path_factory.mktemp("hostile"), acme_sh, pebble, webserver) as found:
        yield found


@pytest.fixture(scope="module")
def default_machine(
    acme_sh_311: Path, tmp_path_factory: pytest.TempPathFactory, pebble: Pebble, webserver: WebServer
) -> Iterator[Machine]:
    with set_up(tmp_path_factory.mktemp("hostile"), AcmeShRelease("3.1.1", acme_sh_311), pebble, webserver) as found:
        yield found


@contextlib.contextmanager
def set_up(folder: Path, release: AcmeShRelease, pebble: Pebble, webserver: WebServer) -> Iterator[Machine]:
    shutil.copytree(str(release.path), str(folder / "src" / "acme.sh"))
    tools = folder / "tools"
    tools.mkdir()
    (tools / "sleep").write_text("#!/bin/sh\nexec /bin/sleep 0.05\n", encoding="ascii")
    (tools / "sleep").chmod(0o755)
    with pytest.MonkeyPatch.context() as patch, Proxy(folder, pebble) as proxy, visitor() as port:
        patch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
        yield Machine(folder, release.version, proxy, webserver, port)


@contextlib.contextmanager
def visitor() -> Iterator[int]:
    """Asks for a challenge at a port that acme.sh may open, as a validating authority does."""
    port, ended = free_port(), threading.Event()

    def visit() -> None:
        while not ended.wait(0.05):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
                connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
                connection.recv(100)

    thread = threading.Thread(target=visit)
    thread.start()
    yield port
    ended.set()
    thread.join()


def plain(machine: Machine, attempt: Attempt) -> List[bytes]:
    homes = ("--home", str(machine.program), "--config-home", str(machine.home), "--cert-home", str(machine.home))
    account = str(machine.api().home.account_home(machine.proxy.directory_url))
    server = ("--server", machine.proxy.directory_url, "--ca-bundle", str(machine.proxy.ca_bundle))
    return machine.sequence(
        attempt,
        lambda *words: machine.start("bash", f"{machine.program}/acme.sh", *homes, *server, *words, CA_HOME=account),
    )


def by_apply(machine: Machine, _: Attempt) -> List[bytes]:
    """At first without an account, then with whatever came of that."""
    shutil.rmtree(str(machine.home))
    return [machine.acmewrap("apply").stdout for _again in range(2)]


def by_cron(machine: Machine, _: Attempt) -> List[bytes]:
    return [machine.acmewrap("--force", "cron").stdout, machine.acmewrap("cron").stdout]


def by_run(machine: Machine, attempt: Attempt) -> List[bytes]:
    return machine.sequence(attempt, lambda *words: machine.acmewrap("run", "--", *words))


def by_hand(machine: Machine, attempt: Attempt) -> List[bytes]:
    return machine.sequence(attempt, lambda *words: machine.start(str(machine.wrapper.path), *words))


def try_it(machine: Machine, attempt: Attempt, way: Callable[[Machine, Attempt], List[bytes]]) -> List[str]:
    """What appeared that should not."""
    machine.reset()
    attempt.install(machine.proxy, machine.canary)
    try:
        said = way(machine, attempt)
    finally:
        machine.proxy.behave()
    leaked = [text.decode("utf-8", "replace") for text in said if MARK.encode() in text]
    return [*sung(machine.canary, machine.home), *leaked]


# One of each place that what an authority says can reach (a file that is run, a call of curl, a path, a shell's argument), and each
# way once. What an answer becomes before acme.sh sees it does not depend on the way, and is tried whole in test_guard.py.
IN_EVERY_RUN: Tuple[Tuple[object, ...], ...] = (
    (FIRES[0],),  # on plain acme.sh
    (by_run, FIRES[0]),  # it becomes the script
    (by_apply, FIRES[8]),
    (by_cron, FIRES[7]),
    (by_hand, FIRES[9]),
)


# 3.0.2 keeps no URL of an authorization in its list; 3.1.5 writes neither quotation marks nor line breaks into its files.
HARMLESS = {
    "3.0.2": ("entry",),
    "3.1.5": ("account URL: escape", "certificate URL: apostrophe", "certificate URL: scheme"),
}


@pytest.mark.parametrize("attempt", [rarely(attempt) for attempt in FIRES], ids=str)
def test_plain_acme_sh_does_what_it_is_told_so_these_attempts_are_real(machine: Machine, attempt: Attempt) -> None:
    harmless = HARMLESS.get(machine.release, ())
    assert try_it(machine, attempt, plain) or any(part in str(attempt) for part in harmless)


@pytest.mark.parametrize(
    ("way", "attempt"),
    [
        *(rarely(attempt, way) for way in (by_apply, by_cron, by_hand) for attempt in FIRES),
        rarely(FIRES[0], by_run),
    ],
    ids=lambda one: str(getattr(one, "__name__", one)),
)
def test_nothing_of_it_happens_through_acmewrap(
    machine: Machine, way: Callable[[Machine, Attempt], List[bytes]], attempt: Attempt
) -> None:
    assert try_it(machine, attempt, way) == []


@pytest.mark.slow
@pytest.mark.parametrize("attempt", OTHERS, ids=str)
def test_no_other_value_or_payload_does_either(default_machine: Machine, attempt: Attempt) -> None:
    assert try_it(default_machine, attempt, by_hand) == []
    assert try_it(default_machine, attempt, by_apply) == []


def test_a_refusal_is_explained_and_waits_for_nothing(machine: Machine) -> None:
    machine.reset()
    named("finalize", "apostrophe").install(machine.proxy, machine.canary)
    done = machine.acmewrap("issue", "--force")
    machine.proxy.behave()
    said = done.stdout.decode("utf-8")
    assert done.returncode == 3
    assert "[ca.unsafe_response]" in said
    assert "finalize in its JSON" in said


@pytest.mark.parametrize(
    "name",
    ["ca.conf", *(pytest.param(name, marks=pytest.mark.slow) for name in (f"{NAME}.conf", "account.conf"))],
)  # of the others, what is refused in them is shown in tests/process/test_wrapper_runs.py
def test_what_a_former_run_let_into_a_home_is_not_run(machine: Machine, name: str) -> None:
    machine.reset()
    path = next(machine.home.glob(f"**/{name}"), machine.home / name)
    with open(path, "a", encoding="utf-8") as stream:
        stream.write(f"Le_Keep='x';>{machine.canary};''\n")
    for way in (by_hand, by_run):
        said = b"".join(way(machine, named("account URL", "apostrophe")))
        assert f"{name}, line".encode() in said
    assert machine.start(str(machine.wrapper.path), "--list").returncode == 78
    for words in (("apply",), ("--force", "cron"), ("status",), ("doctor",), ("revoke", "nas")):
        machine.acmewrap(*words)
    if name == "ca.conf":  # it is as it was before, and what it had become can be looked at
        assert b"Le_Keep" not in path.read_bytes()
        assert [b"Le_Keep" in one.read_bytes() for one in (machine.home / ".damaged").glob("*ca.conf")] == [True]
    assert sung(machine.canary) == []


def test_acme_sh_does_not_ask_the_authority_through_wget(machine: Machine) -> None:
    machine.reset()
    done = machine.start(str(machine.wrapper.path), "--register-account", ACME_USE_WGET="1")
    assert b"acmewrap: acme.sh needs curl here" in done.stdout
    assert done.returncode != 0
