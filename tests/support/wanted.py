"""A configuration and a machine that is just as it asks, both made by hand; tests change one thing at a time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, Mapping, Optional

from acmewrap.config import Config
from acmewrap.config.challenges import Webroot
from acmewrap.config.endpoint import Endpoint
from acmewrap.config.model import (
    Account,
    AcmeShSettings,
    Authority,
    Certificate,
    DsmCertificate,
    RenewAt,
    Schedule,
    Synology,
    Target,
)
from acmewrap.driver.homes.home import CertificateFiles, Stored
from acmewrap.formats.timefmt import instant
from acmewrap.pki.x509 import X509
from acmewrap.plan.fingerprint import REQUEST_KEY, request_of
from acmewrap.secrets import FileReference
from acmewrap.state.ledger import LedgerEntry
from acmewrap.state.model import CertificateState, State
from acmewrap.verify.tls_probe import Observation

DAY = 86400
SERVER = "https://pki.internal.test/acme/directory"
ISSUED = 1_800_000_000
NOW = ISSUED + DAY // 2
LEAF = "1f" * 32
OTHER = "2e" * 32

ENDPOINT = Endpoint("nas.internal.test", 5001, "nas.internal.test")
TARGET = Target("dsm", "synology_dsm", verify=ENDPOINT, synology=DsmCertificate())
CERTIFICATE = Certificate(
    "nas", ("nas.internal.test",), "internal", (Webroot(Path("/srv/web")),), renew=RenewAt(2 / 3), targets=(TARGET,)
)


def make_config(**changes: Any) -> Config:
    directory = Path("/srv/acme")
    config = Config(
        file=directory / "acmewrap.yaml",
        directory=directory,
        acme_sh=AcmeShSettings(),
        authorities={"internal": Authority("internal", SERVER, directory / ".acme.sh")},
        certificates={"nas": CERTIFICATE},
        synology=Synology("http://nas:5000", Account("certupdater", FileReference(directory / "secret"))),
        schedule=Schedule(daily=(4, 55)),
    )
    return replace(config, **changes)


def make_leaf(**changes: Any) -> X509:
    leaf = X509(
        sha256=LEAF,
        serial="0A",
        subject="nas.internal.test",
        issuer="Test Intermediate",
        not_before=instant(ISSUED),
        not_after=instant(ISSUED + DAY),
        names=("nas.internal.test",),
        key_type="ec-256",
        is_authority=False,
        authority_key=b"",
        subject_der=b"",
        issuer_der=b"",
        public_key=b"",
        key_pin="",
        der=b"",
    )
    times: Dict[str, Any] = {name: instant(changes[name]) for name in ("not_before", "not_after") if name in changes}
    return replace(leaf, **{**changes, **times})


def make_stored(
    config: Optional[Config] = None, configuration: Optional[Mapping[str, str]] = None, **leaf: Any
) -> Stored:
    """What a run of acmewrap with *config* left on disk, with *configuration* over acme.sh's own values."""
    config = config or make_config()
    values: Dict[str, str] = {
        "Le_Domain": "nas.internal.test",
        "Le_API": SERVER,
        "Le_Webroot": "/srv/web",
        REQUEST_KEY: request_of(config, config.certificates["nas"]),
        "Le_Alt": ",".join(leaf.get("names", ())[1:]) or "no",
        **(configuration or {}),
    }
    files = CertificateFiles(Path("/srv/acme/.acme.sh/nas.internal.test_ecc"), "nas.internal.test")
    return Stored(files, True, values, None, make_leaf(**leaf))


def make_state(config: Optional[Config] = None, **changes: Any) -> State:
    """A machine on which nothing is amiss; *changes* are those of the certificate's part."""
    found = CertificateState(
        stored=make_stored(config),
        deliveries={"dsm": LedgerEntry(wanted=LEAF, seen=LEAF, seen_at=ISSUED)},
        observations={"dsm": Observation(served=LEAF)},
    )
    return State(certificates={"nas": replace(found, **changes)})
