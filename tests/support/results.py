"""Runs, statuses and plans made by hand, of every outcome there is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Dict

from acmewrap.config import Config
from acmewrap.config.challenges import Webroot
from acmewrap.config.endpoint import Endpoint
from acmewrap.config.model import AcmeShSettings, Authority, Certificate, DsmCertificate, Target
from acmewrap.driver.homes.home import CertificateFiles
from acmewrap.driver.results import DeployResult, IssueResult
from acmewrap.engine import history
from acmewrap.engine.results import Delivery, Run, StepResult
from acmewrap.engine.verbs.status import CertificateStatus, TargetStatus
from acmewrap.errors import ExitCode
from acmewrap.failures import failure
from acmewrap.formats.timefmt import instant
from acmewrap.pki.x509 import X509
from acmewrap.plan.machine_steps import InstallRelease
from acmewrap.plan.planner import Plan
from acmewrap.plan.steps import CheckRenewalInfo, DeployCertificate, RenewCertificate
from acmewrap.reasons import Due, NotAsPinned, Plain
from acmewrap.state.ledger import LedgerEntry
from acmewrap.verify.tls_probe import Observation

SECONDS = 1_800_000_000
NOW = instant(SECONDS)
LEAF, OTHER = "1f" * 32, "2e" * 32
FILES = CertificateFiles(Path("/srv/acme/.acme.sh/nas.test_ecc"), "nas.test")
TARGET = Target("dsm", "synology_dsm", verify=Endpoint("nas.test", 5001, "nas.test"), synology=DsmCertificate())
CERTIFICATE = Certificate("nas", ("nas.test",), "internal", (Webroot(Path("/srv/web")),), targets=(TARGET,))
CONFIG = Config(
    file=Path("/srv/acme/acmewrap.yaml"),
    directory=Path("/srv/acme"),
    acme_sh=AcmeShSettings(),
    authorities={"internal": Authority("internal", "https://pki.test/dir", Path("/srv/acme/.acme.sh"))},
    certificates={"nas": CERTIFICATE, "bare": replace(CERTIFICATE, name="bare", targets=())},
)
X509_LEAF = X509(
    LEAF,
    "0A",
    "nas.test",
    "Test",
    instant(SECONDS - 10),
    instant(SECONDS + 86400),
    ("nas.test",),
    "ec-256",
    False,
    b"",
    b"",
    b"",
    b"",
    "",
    b"",
)
UNPROVEN = failure(
    "deploy.not_proven", "nas.test:5001 does not serve it", ["line 1", "line 2"], target="nas", hook="dsm"
)
REFUSED = failure("acme.rejected_identifier", "the authority refuses nas.test", [f"line {n}" for n in range(20)])

AUTHORITY = CONFIG.authorities["internal"]
INSTALL = InstallRelease(
    NotAsPinned(failure("release.missing", "it is not installed")), CONFIG.acme_sh, Path("/srv/acme/src/acme.sh")
)
ASK = CheckRenewalInfo(Plain.ADVICE_OUTDATED, CERTIFICATE, AUTHORITY)
RENEW = RenewCertificate(Due(instant(SECONDS - 86400), 3600, "authority"), CERTIFICATE, AUTHORITY)
DEPLOY = DeployCertificate(Plain.NEW_CERTIFICATE, CERTIFICATE, AUTHORITY, TARGET)

ISSUED = IssueResult("renewed", ("nas.test",), FILES, "https://pki.test/order/1", "https://pki.test/cert/1")
DELIVERED = Delivery(DeployResult("accepted", "nas.test", "synology_dsm"), Observation(served=LEAF))
GOOD = Run(
    Plan((INSTALL, ASK, RENEW, DEPLOY)),
    (
        StepResult(INSTALL, "done", seconds=1.25),
        StepResult(ASK, "done"),
        StepResult(RENEW, "done", seconds=5.5, evidence=ISSUED),
        StepResult(DEPLOY, "done", seconds=0.75, evidence=DELIVERED),
    ),
    NOW,
    instant(SECONDS + 7.5),
)
NOT_PROVEN = Run(
    Plan((DEPLOY,)),
    (StepResult(DEPLOY, "unproven", UNPROVEN, 60.0, exit_code=ExitCode.DEPLOY_FAILED),),
    NOW,
    instant(SECONDS + 60),
)
NOT_ISSUED = Run(
    Plan((RENEW, DEPLOY)),
    (
        StepResult(RENEW, "failed", REFUSED, 4.0, exit_code=ExitCode.ISSUE_FAILED),
        StepResult(DEPLOY, "skipped", failure("step.skipped", "there is no new certificate to deploy")),
    ),
    NOW,
    instant(SECONDS + 4),
)

SEEN = TargetStatus(TARGET, "deployed", LEAF, Observation(served=LEAF), LedgerEntry(seen=LEAF, seen_at=SECONDS - 3600))
VALID = CertificateStatus(CERTIFICATE, "valid", FILES, X509_LEAF, instant(SECONDS + 60000), targets={"dsm": SEEN})
FAILED = {"id": UNPROVEN.id, "message": UNPROVEN.message, "remedy": UNPROVEN.remedy}
ELSEWHERE = TargetStatus(
    TARGET,
    "pending",
    LEAF,
    Observation(served=OTHER),
    LedgerEntry(attempts=3, next_try=SECONDS + 1200, error=FAILED),
)
PENDING = replace(VALID, targets={"dsm": ELSEWHERE})
MISSING = CertificateStatus(
    CONFIG.certificates["bare"],
    "missing",
    FILES,
    attempts=LedgerEntry(error={"id": REFUSED.id, "message": REFUSED.message, "remedy": "R."}),
)
STATUSES: Dict[str, CertificateStatus] = {"nas": PENDING, "bare": MISSING}
PAST = tuple(history.past("cron", run) for run in (GOOD, NOT_PROVEN, NOT_ISSUED))
