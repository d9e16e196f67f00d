"""Roots, intermediates and leaves made with the ``openssl`` program, valid from when and until when a test wants them.

``openssl ca`` is used because it alone takes both dates in every OpenSSL from 1.1.1 on (``x509 -not_before`` came with 3.4).
Times are seconds since 1970.
"""

from __future__ import annotations

import ipaddress
import os
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import List, Optional, Sequence

from ..config.model import KeyType
from ..errors import AcmewrapError
from ..failures import failure
from ..system.files import PRIVATE, PUBLIC, make_folder, write_atomic
from .counterpart import find_program

DAY = 86400

_CONFIGURATION = """\
[req]
distinguished_name = name
[name]
[ca]
default_ca = authority
[authority]
database = index.txt
new_certs_dir = .
unique_subject = no
rand_serial = yes
default_md = sha256
policy = policy
[policy]
commonName = supplied
"""
_AUTHORITY = """\
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
"""
_SERVER = """\
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = {names}
"""


@dataclass(frozen=True)
class Pair:
    """A certificate and its key as PEM files. ``fullchain`` holds it and its issuers up to, and without, the root."""

    certificate: Path
    key: Path
    fullchain: Path
    issuer: Optional[Pair] = None


def make_root(folder: Path, name: str = "Test Root", *, key_type: KeyType = "ec-256") -> Pair:
    """A self-signed root, valid for ten years: ``root.pem`` and ``root.key`` in *folder*."""
    now = int(time.time())
    return _make(folder / "root", name, _AUTHORITY, None, begin=now - DAY, end=now + 3650 * DAY, key_type=key_type)


def make_intermediate(
    folder: Path, issuer: Pair, name: str = "Test Intermediate", *, key_type: KeyType = "ec-256"
) -> Pair:
    """An authority below *issuer*, valid for nearly as long: ``intermediate.pem`` and ``intermediate.key`` in *folder*."""
    now = int(time.time())
    return _make(
        folder / "intermediate", name, _AUTHORITY, issuer, begin=now - DAY, end=now + 3649 * DAY, key_type=key_type
    )


def make_leaf(
    folder: Path,
    issuer: Pair,
    names: Sequence[str],
    *,
    not_before: Optional[float] = None,
    not_after: Optional[float] = None,
    key_type: KeyType = "ec-256",
    file: str = "leaf",
) -> Pair:
    """A server certificate for *names* (DNS names and addresses), by default from an hour ago until in 90 days.

    Writes ``{file}.pem``, ``{file}.key`` and ``{file}.fullchain.pem`` into *folder*; what lies there is replaced.
    """
    begin = int(time.time()) - 3600 if not_before is None else int(not_before)
    end = int(time.time()) + 90 * DAY if not_after is None else int(not_after)
    extensions = _SERVER.format(names=", ".join(_alternative_name(name) for name in names))
    return _make(folder / file, names[0], extensions, issuer, begin=begin, end=end, key_type=key_type)


def _make(
    stem: Path, subject: str, extensions: str, issuer: Optional[Pair], *, begin: int, end: int, key_type: KeyType
) -> Pair:
    make_folder(stem.parent)
    pair = Pair(
        certificate=stem.with_name(f"{stem.name}.pem"),
        key=stem.with_name(f"{stem.name}.key"),
        fullchain=stem.with_name(f"{stem.name}.fullchain.pem"),
        issuer=issuer,
    )
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        (work / "openssl.cnf").write_text(_CONFIGURATION, encoding="ascii")
        (work / "extensions").write_text(extensions, encoding="utf-8")
        (work / "index.txt").touch()
        _openssl(work, ["genpkey", *_key_options(key_type), "-out", "key"])
        # The name that a certificate is known by is in its subjectAltName; a common name holds 64 characters (RFC 5280 A.1).
        _openssl(
            work,
            ["req", "-new", "-config", "openssl.cnf", "-key", "key", "-subj", f"/CN={subject[:64]}", "-out", "csr"],
        )
        signer = (
            ["-selfsign", "-keyfile", "key"]
            if issuer is None
            else ["-cert", str(issuer.certificate.absolute()), "-keyfile", str(issuer.key.absolute())]
        )
        dates = ["-startdate", _openssl_time(begin), "-enddate", _openssl_time(end)]
        files = ["-config", "openssl.cnf", "-extfile", "extensions", "-in", "csr", "-out", "certificate"]
        _openssl(work, ["ca", "-batch", "-notext", *signer, *dates, *files])
        certificate = (work / "certificate").read_text(encoding="ascii")
        write_atomic(pair.key, (work / "key").read_bytes(), PRIVATE)
    write_atomic(pair.certificate, certificate, PUBLIC)
    above = issuer.fullchain.read_text(encoding="ascii") if issuer is not None and issuer.issuer is not None else ""
    write_atomic(pair.fullchain, certificate + above, PUBLIC)
    return pair


def _openssl(folder: Path, arguments: List[str]) -> None:
    program = find_program("openssl", "openssl")
    environment = {"PATH": os.defpath, "LC_ALL": "C"}
    done = subprocess.run(
        [program, *arguments],
        cwd=str(folder),
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    if done.returncode != 0:
        lines = done.stdout.decode("utf-8", "replace").splitlines()[-10:]
        raise AcmewrapError(
            failure("demo.openssl_failed", f"openssl {arguments[0]} ended with {done.returncode}", lines)
        )


def _key_options(key_type: KeyType) -> List[str]:
    if key_type.startswith("ec-"):
        return ["-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:P-{key_type[3:]}"]
    return ["-algorithm", "RSA", "-pkeyopt", f"rsa_keygen_bits:{key_type}"]


def _openssl_time(seconds: int) -> str:
    return time.strftime("%Y%m%d%H%M%SZ", time.gmtime(seconds))


def _alternative_name(name: str) -> str:
    try:
        return f"IP:{ipaddress.ip_address(name)}"
    except ValueError:
        return f"DNS:{name}"
