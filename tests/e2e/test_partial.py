"""Several certificates, one of which fails: the others are issued, deployed and proven all the same."""

from __future__ import annotations

from pathlib import Path

from acmewrap.testing.dsm import DsmSimulator
from acmewrap.testing.pebble import Pebble
from acmewrap.testing.webserver import WebServer
from provisioned import HEAD, Machine, served

TEXT = (
    HEAD
    + """\
jobs: 3
certificates:
  nas:
    domains: [nas.internal.test]
    challenge: {{webroot: "{webroot}"}}
    deploy: {{dsm: synology}}
  files:
    domains: [files.internal.test]
    challenge: {{webroot: "{webroot}"}}
  broken:
    domains: [broken.internal.test]
    challenge: {{webroot: "{elsewhere}"}}
    deploy:
      mail: {{hook: exim4, verify: no}}
synology:
  url: {nas}
  account: {{name: certupdater, password: {{file: dsm.password}}}}
  verify: {{host: 127.0.0.1, port: {port}, name: nas.internal.test, timeout: 2s}}
"""
)


def test_one_of_several_that_fails_stops_no_other(
    tmp_path: Path, acme_sh_311: Path, pebble: Pebble, webserver: WebServer
) -> None:
    elsewhere = tmp_path / "a-folder-that-no-web-server-serves"
    with DsmSimulator() as nas:
        machine = Machine(tmp_path / "machine", acme_sh_311, pebble, webserver, nas)
        machine.configure(TEXT, elsewhere=elsewhere)
        done = machine.run("--json", "apply")
        assert done.returncode == 5, done
        outcomes = {
            (step["kind"], step["certificate"]): step["outcome"]
            for step in done.document["steps"]
            if step["certificate"]
        }
        assert outcomes == {
            ("issue", "nas"): "done",
            ("deploy", "nas"): "done",
            ("issue", "files"): "done",
            ("issue", "broken"): "failed",
            ("deploy", "broken"): "skipped",
        }
        ended = {name: (one["outcome"], one["healthy"]) for name, one in done.document["certificates"].items()}
        assert ended == {"nas": ("issued", True), "files": ("issued", True), "broken": ("failed", False)}
        broken = done.document["certificates"]["broken"]
        assert broken["failure"]["id"] == "challenge.wrong_content"
        assert served(nas.https_port) == machine.on_disk()

        orders = machine.orders()
        again = machine.run("--json", "apply")
        assert [step["certificate"] for step in again.document["steps"]] == ["broken", "broken"]
        assert again.returncode == 3, again
        assert machine.orders() == orders + 1
        assert machine.run("cron").returncode == 0  # which waits before it tries again
        assert machine.orders() == orders + 1
