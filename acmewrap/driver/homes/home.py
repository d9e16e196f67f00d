"""What acme.sh has on disk: one folder per certificate, read strictly and replaced as a whole. Layout (3.0.2 to 3.1.3)::

<home>/<domain>[_ecc]/{<domain>.conf,<domain>.key,<domain>.cer,ca.cer,fullchain.cer}
<home>/ca/<host>_<port>/<host>/<path>/{account.key,account.json,ca.conf}
"""

from __future__ import annotations

import contextlib
import os
import re
from datetime import datetime
from pathlib import Path
from typing import Iterator, Mapping, Optional, Tuple
from urllib.parse import urlsplit

from ...backoff import CLOCK_TOLERANCE
from ...formats.timefmt import instant, moment
from ...frozen import frozen
from ...pki import pem, x509
from ...pki.chain import chain_end, sort_chain
from ...system.reading import read_bytes, read_text
from . import generations
from .configuration import parse_configuration

KEY_ELSEWHERE = "Acmewrap_KeyElsewhere"  # in acme.sh's configuration, which keeps what it does not know


def is_ecc(key_type: str) -> bool:
    """Whether acme.sh keeps a certificate of this key type in an ``_ecc`` folder."""
    return key_type.startswith("ec")


def name_of(folder: str) -> Tuple[str, bool]:
    """Domain and whether it is an ``_ecc`` folder, of the name of a certificate's folder."""
    return (folder[:-4], True) if folder.endswith("_ecc") else (folder, False)


@frozen
class CertificateFiles:
    """Where the files of one certificate lie; the names are acme.sh's."""

    folder: Path
    domain: str

    @property
    def configuration(self) -> Path:
        return self.folder / f"{self.domain}.conf"

    @property
    def key(self) -> Path:
        return self.folder / f"{self.domain}.key"

    @property
    def certificate(self) -> Path:
        return self.folder / f"{self.domain}.cer"

    @property
    def chain(self) -> Path:
        return self.folder / "ca.cer"

    @property
    def request(self) -> Path:
        return self.folder / f"{self.domain}.csr"

    @property
    def fullchain(self) -> Path:
        return self.folder / "fullchain.cer"


class Fault(str):
    """Why files do not belong together; ``chain`` says whether leaf and key do, and only their chain does not."""

    __slots__ = ()
    chain = False


class ChainFault(Fault):
    __slots__ = ()
    chain = True


@frozen
class Stored:
    """One certificate as it lies on disk. ``leaf`` None: none was ever issued, or the file cannot be read;
    ``chain_until``: when what lies above it ends (:func:`~acmewrap.pki.chain.chain_end`).
    """

    files: CertificateFiles
    ecc: bool
    configuration: Mapping[str, str]
    configuration_error: Optional[str]
    leaf: Optional[x509.X509]
    chain_until: Optional[datetime] = None

    @property
    def domains(self) -> Tuple[str, ...]:
        """The names that acme.sh will ask for when it renews (``Le_Domain`` and ``Le_Alt``, which is ``no`` when empty)."""
        others = self.configuration.get("Le_Alt", "")
        return (self.files.domain, *(name for name in others.split(",") if name not in ("", "no", self.files.domain)))

    @property
    def webroots(self) -> Mapping[str, str]:
        """Where acme.sh will lay tokens for which domain (``Le_Webroot``, one for each, or the name of another way)."""
        *ways, last = self.configuration.get("Le_Webroot", "").split(",")
        ways += [last] * len(self.domains)  # as acme.sh takes it
        return {domain: way for domain, way in zip(self.domains, ways) if way.startswith("/")}

    @property
    def next_renewal(self) -> Optional[datetime]:
        """acme.sh's own date (``Le_NextRenewTime``); its text form was a day off in 3.0.2."""
        text = self.configuration.get("Le_NextRenewTime", "")
        return instant(int(text)) if re.fullmatch("[0-9]{1,12}", text) else None

    @property
    def key_is_elsewhere(self) -> bool:
        """Whether it was ordered by a request (``--sign-csr``) of somebody who keeps the key."""
        return KEY_ELSEWHERE in self.configuration

    def date_fault(self, now: float) -> Optional[str]:
        """Why nobody would accept it at *now*, whatever else is right about it; None when somebody would."""
        if self.leaf is None:
            return None
        if self.leaf.not_after <= instant(now):
            return f"the certificate expired on {moment(self.leaf.not_after)}"
        if self.leaf.not_before > instant(now + CLOCK_TOLERANCE):
            return f"the certificate is not valid before {moment(self.leaf.not_before)}"
        if self.chain_until is not None and self.chain_until <= instant(now):
            return f"a certificate of its chain expired on {moment(self.chain_until)}"
        return None

    def issuers(self) -> Tuple[x509.X509, ...]:
        """What the authority sent along with the leaf; nothing when that cannot be read."""
        try:
            return x509.parse_pem(read_bytes(self.files.chain))
        except (OSError, ValueError):
            return ()

    def find_fault(self) -> Optional[Fault]:
        """Why configuration, key, leaf and chain do not belong together; None when they do."""
        if self.configuration_error is not None:
            return Fault(f"{self.files.configuration.name}: {self.configuration_error}")
        if self.leaf is None:
            return Fault(f"{self.files.certificate.name} holds no certificate")
        try:
            if not self._is_of_our_key(self.leaf):
                return Fault(f"{self.files.key.name} is not the key of {self.files.certificate.name}")
        except (OSError, ValueError) as error:
            return Fault(_describe(self.files.key, error))
        path = self.files.fullchain
        try:
            full = pem.certificates(read_bytes(path))
            path = self.files.chain
            chain = pem.certificates(read_bytes(path))
        except (OSError, ValueError) as error:
            return ChainFault(_describe(path, error))
        if full[0] != self.leaf.der:
            return ChainFault("fullchain.cer begins with another certificate")
        try:
            belongs = full[1:] == chain and bool(sort_chain(self.leaf, tuple(map(x509.parse_der, chain))))
        except ValueError as error:
            return ChainFault(_describe(self.files.chain, error))
        return None if belongs else ChainFault("ca.cer is not the chain of the certificate")

    def _is_of_our_key(self, leaf: x509.X509) -> bool:
        if self.key_is_elsewhere:
            from ...pki import csr

            return csr.parse(read_bytes(self.files.request)).public_key == leaf.public_key
        return x509.key_matches(read_bytes(self.files.key), leaf)


class Home:
    """One acme.sh home: the certificates of one authority and its account."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def files_of(self, domain: str, ecc: bool) -> CertificateFiles:
        return CertificateFiles(self.path / (f"{domain}_ecc" if ecc else domain), domain)

    def read(self, domain: str, ecc: bool) -> Optional[Stored]:
        """The certificate of *domain*, None when acme.sh has no folder for it."""
        return read_folder(self.files_of(domain, ecc), ecc)

    def names(self) -> Iterator[Tuple[str, bool]]:
        """What :meth:`read` takes, of every certificate; single-label names too, which acme.sh's own ``--list`` passes over."""
        with contextlib.suppress(FileNotFoundError):
            for entry in sorted(os.listdir(self.path)):
                domain, ecc = name_of(entry)
                if not entry.startswith(".") and (self.path / entry / f"{domain}.conf").is_file():
                    yield domain, ecc

    def stored(self) -> Iterator[Stored]:
        return filter(None, (self.read(*name) for name in self.names()))

    def account_home(self, server: str) -> Path:
        """acme.sh's ``CA_HOME`` for one directory URL: its own folder layout leaves out the port."""
        parts = urlsplit(server)
        port = parts.port or (80 if parts.scheme == "http" else 443)
        return self.path / "ca" / f"{parts.hostname}_{port}"

    def account_folder(self, server: str) -> Path:
        """Where acme.sh keeps account key and ``ca.conf`` of one directory URL; it takes the host as it is spelled."""
        parts = urlsplit(server)
        return self.account_home(server) / parts.netloc.partition(":")[0] / parts.path.strip("/")

    def replace(self, domain: str, ecc: bool, staged: Path) -> None:
        """Put the files in *staged* (same file system; it is moved) in the place of the domain's folder, in one step."""
        generations.replace(self.path, self.files_of(domain, ecc).folder.name, staged)

    def recover(self, *names: Tuple[str, bool]) -> None:
        """Finish a :meth:`replace` that was killed halfway: of *names* (domain, ecc), or of all, while nothing else works here."""
        generations.recover(self.path, *(self.files_of(*name).folder.name for name in names))

    def remove(self, domain: str, ecc: bool) -> None:
        """Take the domain's folder away; the last versions stay below ``.versions``."""
        generations.remove(self.path, self.files_of(domain, ecc).folder.name)


def read_folder(location: CertificateFiles, ecc: bool) -> Optional[Stored]:
    """What lies at *location*, None when there is no configuration of acme.sh. Raises PermissionError."""
    error: Optional[str] = None
    configuration: Mapping[str, str] = {}
    try:
        configuration = parse_configuration(read_text(location.configuration, "replace"))
        if "Le_Domain" not in configuration:
            error = "Le_Domain is missing"
    except FileNotFoundError:
        return None
    except OSError as problem:
        if isinstance(problem, PermissionError):  # what may not be seen is not missing
            raise
        error = str(problem.strerror)
    except ValueError as problem:
        error = str(problem)
    leaf: Optional[x509.X509] = None
    until: Optional[datetime] = None
    with contextlib.suppress(OSError, ValueError):  # of which find_fault() tells
        leaf = x509.parse_pem(read_bytes(location.certificate))[0]
        until = chain_end(leaf, x509.parse_pem(read_bytes(location.chain)))
    return Stored(location, ecc, configuration, error, leaf, until)


def _describe(path: Path, error: Exception) -> str:
    return f"{path.name}: {getattr(error, 'strerror', None) or error}"
