"""`check`: all that is not there is named at once, each with its line; warnings are apart, and end nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, List

import pytest

from acmewrap import cli
from acmewrap.system.trust import StrPath

MISSING = """\
acme_sh: {archive: brought.tar.gz}
authorities:
  internal:
    server: https://ca.example.com/dir
    ca_bundle: ca.crt
    proxy: {file: proxy.url}
    eab: {key_id: me, hmac_key: {file: eab.key}}
certificates:
  many:
    domains: [a.example.com, b.example.com]
    challenge:
      - {webroot: /var/www}
      - dns: dns_nsupdat
        env: {NSUPDATE_KEY: rndc.key, PDNS_Token: {file: token}}
    deploy:
      web:
        hook: shh
        env: {PASSWORD: {command: [./no-such-program]}}
        verify: no
      files:
        install: {fullchain_file: /tmp/x.pem, test: [no-such-nginx, -t], reload: [/no/such/reload]}
        verify: no
      nas: synology
  one:
    domains: [c.example.com, d.example.com]
    challenge: {nginx: no-such.conf}
    options: [--preferred-chain, X]
synology:
  url: http://nas.example.com:5000
  account: {name: updater, password: {file: dsm.password}, device_id: {file: dsm.device}}
  verify: no
commands:
  - {run: [no-such-notifier], after: error}
"""


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "TOKEN"):
        monkeypatch.delenv(name, raising=False)


def written(folder: Path, text: str) -> Path:
    file = folder / "acmewrap.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def check(file: StrPath, capsys: pytest.CaptureFixture[str], code: int) -> Dict[str, Any]:
    assert cli.main(["--json", "--config", str(file), "check"]) == code
    found: Dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def named(records: List[Dict[str, Any]]) -> List[str]:
    return [f"{record['line']} {record['path']}" for record in records]


def test_everything_that_is_not_there_is_named_at_once_with_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path, MISSING)
    error = check(file, capsys, 78)["error"]
    assert named(error["problems"]) == [
        "1 acme_sh.archive",
        "5 authorities.internal.ca_bundle",
        "6 authorities.internal.proxy",
        "7 authorities.internal.eab.hmac_key",
        "13 certificates.many.challenge[1].dns",
        "14 certificates.many.challenge[1].env.NSUPDATE_KEY",
        "14 certificates.many.challenge[1].env.PDNS_Token",
        "17 certificates.many.deploy.web.hook",
        "18 certificates.many.deploy.web.env.PASSWORD.command",
        "21 certificates.many.deploy.files.install.test",
        "21 certificates.many.deploy.files.install.reload",
        "26 certificates.one.challenge.nginx",  # of two domains, once
        "30 synology.account.password",
        "30 synology.account.device_id",
        "33 commands[0].run",
    ]
    assert "did you mean 'dns_nsupdate'?" in str(error["problems"])
    assert "did you mean 'ssh'?" in str(error["problems"])
    assert named(error["warnings"]) == ["29 synology.url"]


def test_in_text_warnings_stand_apart_from_problems(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(tmp_path, MISSING)
    assert cli.main(["--config", str(file), "check"]) == 78
    found = capsys.readouterr()
    assert found.out == ""
    first, *problems, remedy = found.err.splitlines()
    assert first.startswith(f"{file}:29:3: warning: synology.url: http to nas.example.com")
    assert len(problems) == 15
    assert not any("warning:" in line for line in problems)
    assert remedy.startswith("What to do: ")


@pytest.mark.parametrize(
    ("lines", "place", "said"),
    [
        ("domains: [a_b.example.com]", "4 certificates.n.domains[0]", "underscore"),
        ("domains: [a.example.com, c_d.example.com]", "4 certificates.n.domains[1]", "c_d.example.com: public"),
        (
            "domains: [a.example.com]\n    deploy: {w: {hook: ssh, env: {A_TOKEN: {env: TOKEN}}, verify: no}}",
            "5 certificates.n.deploy.w.env.A_TOKEN",
            "no variable TOKEN",
        ),
    ],
)
def test_what_may_be_so_is_a_warning_with_its_place_and_no_failure(
    lines: str, place: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    head = 'authorities: {internal: {server: "https://ca.example.com/dir"}}\ncertificates:\n  n:\n'
    file = written(tmp_path, f"{head}    {lines}\n    challenge: {{webroot: /var/www}}\n")
    (warning,) = check(file, capsys, 0)["warnings"]
    assert named([warning]) == [place]
    assert said in warning["message"]


def test_a_release_without_pin_is_named_beside_other_problems(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = MISSING.replace("{archive: brought.tar.gz}", '{release: "9.9.9"}').replace(
        "run: [no-such", "run: [sh, no-such"
    )
    file = written(tmp_path, text + "schedule: {daily: '04:00'}\nmonitoring: {metrics: {textfile: /no/such/m.prom}}\n")
    found = named(check(file, capsys, 78)["error"]["problems"])
    assert found == ["1 acme_sh.release", "35 monitoring.metrics.textfile"]
