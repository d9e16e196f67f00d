"""What can be done from Python is what the command line can do."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Callable, Dict, Mapping

import pytest

from acmewrap import AcmewrapError, Job, config
from acmewrap.report.manual import COMMANDS

METHODS: Mapping[str, Callable[..., object]] = {
    "check": Job.check,
    "plan": Job.plan,
    "apply": Job.apply,
    "status": Job.status,
    "report": Job.report,
    "doctor": Job.doctor,
    "rehearse": Job.rehearse,
    "issue": Job.issue,
    "deploy": Job.deploy,
    "cron": Job.cron,
    "schedule": Job.schedule,
    "monitoring": Job.test_monitoring,
    "install": Job.install,
    "render": Job.render,
    "pin": Job.pin,
    "upgrade": Job.upgrade,
    "replace": Job.replace,
    "revoke": Job.revoke,
    "run": Job.wrapper,  # what is run
}
WITHOUT_CONFIGURATION = {"init", "releases", "schema", "completion", "demo", "self-update", "version"}
YAML = """\
authorities: {internal: {server: https://ca.example.com/acme/directory}}
certificates: {nas: {domains: [nas.example.com], challenge: {webroot: /srv/web}}}
"""


@pytest.fixture
def job(tmp_path: Path) -> Job:
    file = tmp_path / "acmewrap.yaml"
    file.write_text(YAML, encoding="utf-8")
    return Job(config.load(file), {"HOME": str(tmp_path)})


def test_each_command_about_a_configuration_has_a_method() -> None:
    assert set(METHODS) == set(COMMANDS) - WITHOUT_CONFIGURATION
    assert [name for name, method in METHODS.items() if not method.__doc__] == []


def test_what_a_command_takes_its_method_takes() -> None:
    for name, page in COMMANDS.items():
        if name in METHODS:
            parameters = set(inspect.signature(METHODS[name]).parameters)
            asked = {"--force": "force", "--only": "names"}
            missing = {asked[option] for option in page.takes if option in asked} - parameters
            assert (name, missing) == (name, set())
            assert not page.names or "names" in parameters


@pytest.mark.parametrize("name", [name for name, page in COMMANDS.items() if page.names or "--only" in page.takes])
def test_a_certificate_that_the_file_does_not_have_is_refused_by_every_method(job: Job, name: str) -> None:
    with pytest.raises(AcmewrapError) as raised:
        METHODS[name](job, "mail")
    assert raised.value.id == "certificate.unknown"
    assert "nas" in raised.value.remedy


def test_nothing_is_changed_by_what_only_looks(job: Job, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    kinds: Dict[str, set[str]] = {}
    for command in ("install", "render", "issue", "deploy", "cron"):
        plan = job.plan(command=command)
        kinds[command] = {step.kind for step in plan.steps}
        assert plan.state.certificates["nas"].stored is None
    assert kinds["issue"] == kinds["cron"] == {"issue"}
    assert (kinds["install"], kinds["render"], kinds["deploy"]) == ({"install"}, {"render"}, set())
    assert {name: one.state for name, one in job.status().items()} == {"nas": "missing"}
    assert job.check() == ()
    assert sorted(tmp_path.rglob("*")) == before
