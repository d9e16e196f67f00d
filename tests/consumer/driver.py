"""acme.sh alone: one installed program, one home, a method per command."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import List, Optional, Sequence

import acmewrap


def open_acme(folder: Path, server: str) -> acmewrap.AcmeSh:
    installed = acmewrap.install_acme_sh("3.1.1", folder / "acme.sh")
    return acmewrap.AcmeSh(installed.path, str(folder / ".acme.sh"), server=server, ca_bundle=str(folder / "ca.crt"))


def issue(acme: acmewrap.AcmeSh, domains: Sequence[str], webroot: Path) -> Optional[datetime]:
    acme.register_account().raise_for_failure()
    return acme.issue(domains, acmewrap.Webroot(webroot)).raise_for_failure().not_after


def why(result: acmewrap.IssueResult) -> str:
    if result.failure is None:
        return result.outcome
    refused = [event.detail for event in result.events if isinstance(event, acmewrap.events.ChallengeInvalid)]
    return f"{result.failure.id}: {', '.join(refused)}"


def names(acme: acmewrap.AcmeSh) -> List[str]:
    return [entry.domain for entry in acme.list().raise_for_failure().entries if entry.renew is not None]


def bundle(acme: acmewrap.AcmeSh, domain: str, password: acmewrap.Secret) -> Path:
    return acme.to_pkcs12(domain, f"/srv/{domain}.pfx", password).raise_for_failure().path


class Recorded:
    """A runner of one's own, for unit tests: it starts nothing."""

    def __init__(self) -> None:
        self.commands: List[acmewrap.Command] = []

    def run(self, command: acmewrap.Command, on_line: object = None) -> acmewrap.Completed:
        self.commands.append(command)
        assert on_line is None or callable(on_line)
        return acmewrap.Completed(command, 0, (), 0.0)

    def cancel(self) -> None:
        return


def faked(folder: Path) -> acmewrap.AcmeSh:
    runner: acmewrap.Runner = Recorded()
    return acmewrap.AcmeSh(folder, folder, server="https://ca.example.com/dir", runner=runner, verify=False)
