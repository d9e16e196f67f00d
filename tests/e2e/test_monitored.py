"""Real renewals by acme.sh, and what those hear who are told of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Iterator, List

import pytest

from acmewrap.errors import ExitCode
from acmewrap.testing.dsm import DsmSimulator
from acmewrap.testing.pebble import Pebble
from acmewrap.testing.webserver import WebServer
from canary import hits, hits_below, sampled_command_lines
from monitored import Receiver, samples
from provisioned import CERTIFICATES, HEAD, Machine

MONITORING = """\
monitoring:
  metrics: {{textfile: "{folder}/metrics/acmewrap.prom"}}
  healthchecks: {{ping_url: {{file: secrets/ping.url}}, send_logs: yes}}
  ntfy: {{topic: nas, server: "{url}", access_token: {{file: secrets/ntfy.token}}, states: [finish, fail]}}
  webhook: {{url: {{file: secrets/hook.url}}, token: {{file: secrets/hook.token}}}}
"""
CANARIES = {
    "ping.url": "p1ng-c4n4ry",
    "ntfy.token": "tk_c4n4ry",
    "hook.url": "h00k-c4n4ry",
    "hook.token": "t0ken c4n4ry",
}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


@pytest.mark.slow  # seven processes and three orders; test_monitoring.py has the same without acme.sh
def test_a_renewal_is_told_as_it_begins_and_as_it_ends_and_no_secret_stays_anywhere(
    tmp_path: Path, acme_sh_311: Path, pebble: Pebble, webserver: WebServer, receiver: Receiver
) -> None:
    machine = Machine(tmp_path / "machine", acme_sh_311, pebble, webserver, DsmSimulator())
    metrics, secrets = machine.folder / "metrics" / "acmewrap.prom", machine.folder / "secrets"
    metrics.parent.mkdir()
    secrets.mkdir(mode=0o700)
    for name, secret in CANARIES.items():
        text = f"{receiver.url}/{secret}" if name.endswith("url") else secret
        (secrets / name).write_text(text, encoding="utf-8")
        (secrets / name).chmod(0o600)
    file = HEAD + CERTIFICATES.partition("    deploy:")[0] + MONITORING
    machine.configure(file, folder=machine.folder, url=receiver.url)

    def pings() -> List[str]:
        found = receiver.paths()
        return [path for path in found if "p1ng" in path]

    said: List[str] = []
    with sampled_command_lines() as seen:
        for words in (["cron"], ["--json", "cron", "--force"]):  # a first issue, a renewal
            with machine.start(*words) as process:
                said += process.communicate(timeout=120)
            assert process.returncode == 0, said
            assert pings() == ["/p1ng-c4n4ry/start", "/p1ng-c4n4ry"]
        machine.configure(file, folder=machine.folder, url=receiver.url, webroot=machine.folder / "nobody-serves-this")
        receiver.status, receiver.answer = 403, f"no {' '.join(CANARIES.values())}"
        with machine.start("--verbose", "cron", "--force") as process:
            said += process.communicate(timeout=120)
        assert process.returncode == ExitCode.ISSUE_FAILED, said
        assert pings() == ["/p1ng-c4n4ry/start", f"/p1ng-c4n4ry/{int(ExitCode.ISSUE_FAILED)}"]
        for words in (
            ["report"],
            ["--json", "report"],
            ["--json", "status"],
            ["status", "--format", "prometheus"],
            ["doctor"],
        ):
            done = machine.run(*words)
            said += [done.stdout, done.stderr]
    found = samples(metrics)
    assert found['acmewrap_operations_total{operation="issue",outcome="done"}'] == 2
    assert found['acmewrap_operations_total{operation="issue",outcome="failed"}'] == 1
    assert found["acmewrap_run_last_exit_code"] == ExitCode.ISSUE_FAILED
    assert [run["exit_code"] for run in json.loads(machine.run("--json", "report").stdout)["runs"]] == [3, 0, 0]
    assert any(b"curl -q --config -" in line for line in seen)
    for name, secret in CANARIES.items():
        hidden = secret.encode()
        assert hits_below(hidden, machine.folder, secrets / name) == []
        assert [hit for line in seen for hit in hits(hidden, repr(line), line)] == []
        assert [hit for text in said for hit in hits(hidden, "output", text.encode())] == []
