"""What all programs are measured on: one authority, one web server, and leaves for any number of names that nobody has to renew."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterator, List, NamedTuple, Tuple

from acmewrap.config.model import DEFAULT_RELEASE
from acmewrap.driver.release import installation
from acmewrap.testing.certificates import Pair, make_intermediate, make_root
from acmewrap.testing.challenge import ChallengeServer
from acmewrap.testing.pebble import Pebble
from acmewrap.testing.webserver import WebServer

DAYS = 90


class Delay:
    """Takes connections at ``port`` and hands them on to *port* after ``seconds``, which is how long the authority validates."""

    def __init__(self, port: int) -> None:
        self.seconds, self._port = 0.0, port
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            threading.Thread(target=self._serve, args=self._listening.accept()[:1], daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        time.sleep(self.seconds)
        with contextlib.suppress(OSError), client, socket.create_connection(("127.0.0.1", self._port)) as server:
            threading.Thread(target=_copy, args=(client, server), daemon=True).start()
            _copy(server, client)


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while True:
            data = source.recv(65536)
            if not data:
                return
            target.sendall(data)


@dataclass(frozen=True)
class Machine:
    """``leaves`` has the PEM text of a certificate of 90 days by name; all have the key in ``key`` and the chain in ``issuer``."""

    folder: Path
    program: Path
    pebble: Pebble
    web: WebServer
    delay: Delay
    environment: Dict[str, str]
    issuer: Pair
    key: str
    leaves: Dict[str, str]


@contextlib.contextmanager
def set_up(count: int) -> Iterator[Machine]:
    """A machine with leaves for *count* names; all of it is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="acmewrap-bench-") as temporary:
        folder = Path(temporary)
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "acmewrap"
        program = installation.install_acme_sh(DEFAULT_RELEASE, folder / "acme.sh", cache=cache).path
        issuer = make_intermediate(folder / "ca", make_root(folder / "ca"))
        key = _openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
        (folder / "ca" / "leaf.key").write_text(key, encoding="ascii")
        with ThreadPoolExecutor(2) as pool:
            names = [f"n{number:04d}.example.com" for number in range(count)]
            leaves = dict(zip(names, pool.map(lambda name: _make_leaf(folder / "ca", issuer, name), names)))
        with ChallengeServer(folder / "dns") as dns, WebServer(folder / "web") as web:
            (web.root / ".well-known" / "acme-challenge").mkdir(parents=True, exist_ok=True)
            delay = Delay(web.port)
            with Pebble(
                folder / "pebble", dns=dns.address, http_port=delay.port, validity_seconds=DAYS * 86400
            ) as pebble:
                environment = {
                    "PATH": os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin",
                    "HOME": str(folder / "user"),
                    "LC_ALL": "C",
                    # What makes each program trust the authority.
                    "CURL_CA_BUNDLE": str(pebble.ca_bundle),
                    "REQUESTS_CA_BUNDLE": str(pebble.ca_bundle),
                    "LEGO_CA_CERTIFICATES": str(pebble.ca_bundle),
                    "SSL_CERT_FILE": str(pebble.ca_bundle),
                }
                (folder / "user").mkdir()
                yield Machine(folder, program, pebble, web, delay, environment, issuer, key, leaves)


class Sample(NamedTuple):
    """Seconds of wall time, and of processor time of the process and of all that it waited for."""

    wall: float
    processor: float


def measure(machine: Machine, argv: List[str], *, codes: Tuple[int, ...] = (0,)) -> Sample:
    """Run *argv* to its end. Raises RuntimeError with its output when it ends with another code."""
    with tempfile.TemporaryFile() as output:
        started = time.perf_counter()
        process = subprocess.Popen(
            argv,
            env=machine.environment,
            cwd=str(machine.folder),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.WEXITSTATUS(status) if os.WIFEXITED(status) else -os.WTERMSIG(status)
        if process.returncode not in codes:
            output.seek(0)
            tail = output.read()[-1500:].decode("utf-8", "replace")
            raise RuntimeError(f"{argv[0]} ended with {process.returncode}:\n{tail}")
    return Sample(wall, usage.ru_utime + usage.ru_stime)


def _make_leaf(folder: Path, issuer: Pair, name: str) -> str:
    extensions = folder / f"{name}.ext"
    extensions.write_text(
        f"subjectAltName=DNS:{name}\nauthorityKeyIdentifier=keyid\nextendedKeyUsage=serverAuth,clientAuth\n",
        encoding="ascii",
    )
    request = _openssl("req", "-new", "-key", str(folder / "leaf.key"), "-subj", f"/CN={name}")
    signer = (
        "-CA",
        str(issuer.certificate),
        "-CAkey",
        str(issuer.key),
        "-CAcreateserial",
        "-CAserial",
        f"{extensions}.srl",
    )
    return _openssl("x509", "-req", *signer, "-days", str(DAYS), "-extfile", str(extensions), text=request)


def _openssl(*words: str, text: str = "") -> str:
    return subprocess.run(["openssl", *words], input=text, capture_output=True, check=True, text=True).stdout
