"""Every complaint in the source of acme.sh and of its DSM hook, against what is made of it; also of releases never recorded."""

from __future__ import annotations

import re

from acmewrap.driver.output.diagnosis import diagnose
from acmewrap.driver.output.transcript import read
from releases import AcmeShRelease

ERRORS = re.compile(r'^\s*_err "((?:[^"\\]|\\.)*)"', re.MULTILINE)
EXPANSION = re.compile(r"\$\([^()]*(?:\([^()]*\))?[^()]*\)|\$\{?\w+\}?")


def test_nearly_everything_that_acme_sh_and_its_dsm_hook_can_complain_about_is_understood(
    acme_sh: AcmeShRelease,
) -> None:
    """Every literal of ``_err``, as it would be printed; also those that are only a follow-up or a dump of a variable."""
    unknown = []
    complaints = 0
    for file, verb in (("acme.sh", "issue"), ("deploy/synology_dsm.sh", "deploy")):
        literals = set(ERRORS.findall((acme_sh.path / file).read_text(encoding="utf-8")))
        complaints += len(literals)
        lines = [EXPANSION.sub("X", literal) for literal in sorted(literals)]
        unknown += [
            line for line in lines if diagnose(verb, read([line]), returncode=1, context={}).id == "acme.unknown"
        ]
    assert complaints > 200
    assert len(unknown) <= complaints / 9, "\n".join(unknown)
