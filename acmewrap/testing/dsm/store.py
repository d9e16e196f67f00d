"""The certificate store of a simulated DSM: entries, the default among them, and which service uses which."""

from __future__ import annotations

import hashlib
import secrets
import ssl
import string
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, List, Optional

from ...system.files import PRIVATE, write_atomic
from .data.bodies import fill
from .errors import Refusal
from .openssl import CertificateFacts, create_factory_certificate, is_issued_by, read_certificate, read_public_key

DESKTOP = "system/default"

_INVALID = 5503
_ILLEGAL_CERTIFICATE = 5510
_ILLEGAL_KEY = 5511
_ILLEGAL_INTERMEDIATE = 5512
_KEY_MISMATCH = 5514
_NOT_UTF8 = 5516
_CHAIN_MISMATCH = 5517
_INSECURE = 5534

_KEY_TYPES = {"id-ecPublicKey": "ECC", "rsaEncryption": "RSA"}


@dataclass
class Service:
    """Something that serves TLS. ``description`` is the object that the web API lists and wants back unchanged."""

    description: Dict[str, Any]
    certificate: Optional[str]
    moves: bool = True
    """Whether it ever gets another certificate; telling one that does not is answered with success."""

    @property
    def name(self) -> str:
        """``subscriber/service``, as the folders on disk are named: ``system/default``, ``smbftpd/ftpd``."""
        return f"{self.description['subscriber']}/{self.description['service']}"


@dataclass
class StoredCertificate:
    """One entry of the list, its files as they were uploaded."""

    id: str
    description: str
    key: bytes = field(repr=False)
    certificate: bytes = field(repr=False)
    intermediate: bytes = field(repr=False)
    facts: CertificateFacts = field(repr=False)
    factory: bool = False

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the leaf in hexadecimal, to compare with what is served."""
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(self.certificate.decode("ascii").strip())).hexdigest()

    def create_context(self, folder: Path) -> ssl.SSLContext:
        """What a TLS server needs to serve it; the files that ``ssl`` insists on are written to *folder*."""
        key, chain = folder / "privkey.pem", folder / "fullchain.pem"
        write_atomic(key, self.key, PRIVATE)
        chain.write_bytes(self.certificate.rstrip() + b"\n" + self.intermediate)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain, key)
        return context


@dataclass
class CertificateStore:
    """Entries by id. The desktop service follows the default when ``desktop_follows_default``; no source settles what DSM does."""

    generation: int
    entries: Dict[str, StoredCertificate] = field(default_factory=dict)
    services: List[Service] = field(default_factory=list)
    default: str = ""
    desktop_follows_default: bool = True

    @classmethod
    def create(cls, generation: int) -> CertificateStore:
        """A store as the factory leaves it: one certificate for ``synology.com``, description empty, used by everything."""
        key, certificate = create_factory_certificate("RSA" if generation < 7 else "EC")
        store = cls(generation)
        facts = read_certificate(certificate)
        entry = StoredCertificate(store.new_id(), "", key, certificate, b"", facts, factory=True)
        store.entries[entry.id] = entry
        store.default = entry.id
        store.add_service("system", "default", "DSM Desktop Service", i18n="common:web_desktop")
        store.add_service("system", "quickconnect", "QuickConnect").moves = False
        store.add_service("smbftpd", "ftpd", "FTPS")
        store.add_service("WebStation", "vhost_9", "old.example.com").certificate = None  # listed nowhere (ZENIX)
        return store

    def add_service(
        self, subscriber: str, service: str, display_name: str, *, i18n: str = "", package: bool = False
    ) -> Service:
        """Another service, at first served by the default certificate."""
        body = "service_7" if self.generation >= 7 else "service_6"
        description = fill(body, display_name=display_name, isPkg=package, service=service, subscriber=subscriber)
        if i18n:
            description["display_name_i18n"] = i18n
        added = Service(description, self.default)
        self.services.append(added)
        return added

    def add_fixed_service(self, subscriber: str, service: str, display_name: str) -> Service:
        """A service that no user may move (``user_setable`` false, DSM 7), and that does not move (PM)."""
        added = self.add_service(subscriber, service, display_name)
        added.moves = False
        if self.generation >= 7:
            added.description["user_setable"] = False
        return added

    def served(self) -> StoredCertificate:
        """What the HTTPS side serves: the entry of the desktop service, or the default when it has lost its own."""
        return self.entries[self.service(DESKTOP).certificate or self.default]

    def service(self, name: str) -> Service:
        return next(service for service in self.services if service.name == name)

    def by_description(self, description: str) -> List[StoredCertificate]:
        return [entry for entry in self.entries.values() if entry.description == description]

    def new_id(self) -> str:
        """Six characters. They always look like the start of a number, which DSM's ids only sometimes do: see :mod:`.call`."""
        while True:
            tail = "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(4))
            if f"8e{tail}" not in self.entries:
                return f"8e{tail}"

    def install(
        self,
        id: str,
        description: str,
        key: bytes,
        certificate: bytes,
        intermediate: Optional[bytes],
        *,
        as_default: bool,
    ) -> StoredCertificate:
        """Add an entry, or with an *id* replace that one where it is, so that its services keep it.

        Raises Refusal with DSM's code for files that do not fit each other.
        """
        if id and id not in self.entries:
            raise Refusal(_INVALID)
        facts = check_files(key, certificate, intermediate)
        entry = StoredCertificate(id or self.new_id(), description, key, certificate, intermediate or b"", facts)
        self.entries[entry.id] = entry
        if as_default:
            self.make_default(entry.id)
        return entry

    def make_default(self, id: str) -> None:
        self.default = id
        if self.desktop_follows_default:
            self.service(DESKTOP).certificate = id

    def list_entries(self) -> List[Dict[str, Any]]:
        """The list as the web API gives it."""
        return [self._list_entry(entry) for entry in self.entries.values()]

    def _list_entry(self, entry: StoredCertificate) -> Dict[str, Any]:
        facts = entry.facts
        listed = fill(
            "certificate",
            desc=entry.description,
            id=entry.id,
            is_default=entry.id == self.default,
            issuer=facts.issuer,
            key_types=_KEY_TYPES.get(facts.key_algorithm, ""),
            services=[service.description for service in self.services if service.certificate == entry.id],
            signature_algorithm=facts.signature_algorithm,
            subject={**facts.subject, "sub_alt_name": list(facts.names)},
            valid_from=facts.valid_from,
            valid_till=facts.valid_till,
        )
        if entry.factory:
            listed["self_signed_cacrt_info"] = {"issuer": facts.issuer, "subject": facts.subject}
        return listed


def is_elliptic(certificate: bytes) -> bool:
    """Whether the key is an elliptic one; what cannot be read is left to :func:`check_files`."""
    try:
        return read_certificate(certificate).key_algorithm == "id-ecPublicKey"
    except subprocess.CalledProcessError:
        return False


def check_files(key: bytes, certificate: bytes, intermediate: Optional[bytes]) -> CertificateFacts:
    """The facts of *certificate*. Raises Refusal as DSM would; an *intermediate* that is there must hold a certificate."""
    for content in (key, certificate, intermediate or b""):
        try:
            content.decode("utf-8")
        except UnicodeDecodeError:
            raise Refusal(_NOT_UTF8) from None
    try:
        facts = read_certificate(certificate)
    except subprocess.CalledProcessError:
        raise Refusal(_ILLEGAL_CERTIFICATE) from None
    try:
        public_key = read_public_key(key)
    except subprocess.CalledProcessError:
        raise Refusal(_ILLEGAL_KEY) from None
    if intermediate is not None:
        try:
            read_certificate(intermediate)
        except subprocess.CalledProcessError:
            raise Refusal(_ILLEGAL_INTERMEDIATE) from None
    if public_key != facts.public_key:
        raise Refusal(_KEY_MISMATCH)
    if facts.key_algorithm == "rsaEncryption" and facts.key_bits < 2048:
        raise Refusal(_INSECURE)
    if intermediate is not None and not is_issued_by(certificate, intermediate):
        raise Refusal(_CHAIN_MISMATCH)
    return facts
