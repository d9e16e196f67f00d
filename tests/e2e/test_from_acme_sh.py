"""`docs/guide-acme-sh.md`: an acme.sh in use, taken over with its certificate, its account and its crontab line."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from acmewrap.testing.dsm import DsmSimulator
from acmewrap.testing.pebble import Pebble
from acmewrap.testing.tlsserver import TlsServer
from acmewrap.testing.webserver import WebServer
from guides import commands, guide
from provisioned import Machine

NAME = "www.internal.example.com"
GUIDE = "guide-acme-sh.md"


@pytest.mark.slow  # an order of plain acme.sh, and all that the guide runs
def test_the_guide_for_users_of_plain_acme_sh_keeps_certificate_and_account_and_removes_the_old_line(
    tmp_path: Path, acme_sh_311: Path, pebble: Pebble, webserver: WebServer
) -> None:
    machine = Machine(tmp_path / "machine", acme_sh_311, pebble, webserver, DsmSimulator())
    folder, tls = machine.folder, machine.folder / "tls"
    home, table = folder / ".acme.sh", folder / "table"
    machine.tool("crontab", f"case $1 in -l) cat {table} ;; *) cat >{table} ;; esac")
    words = ["--home", str(folder / "src/acme.sh"), "--config-home", str(home), "--cert-home", str(home)]
    words += ["--issue", "--domain", NAME, "--webroot", str(webserver.root), "--keylength", "ec-256"]
    words += ["--server", pebble.directory_url, "--ca-bundle", str(pebble.ca_bundle)]
    environment = {**machine.environment, "HOME": str(folder), "LC_ALL": "C"}
    subprocess.run(["bash", str(folder / "src/acme.sh/acme.sh"), *words], env=environment, check=True, timeout=120)
    line = f'0 0 * * * "{home}"/acme.sh --cron --home "{home}" > /dev/null'
    table.write_text(f"{line}\n", encoding="utf-8")
    (folder / "acme.sh").write_text("#!/bin/sh\n# mine\n", encoding="utf-8")
    tls.mkdir()
    (tls / "www.key").write_bytes((home / f"{NAME}_ecc/{NAME}.key").read_bytes())
    (tls / "www.key").chmod(0o600)
    (tls / "www.pem").write_bytes((home / f"{NAME}_ecc/fullchain.cer").read_bytes())
    before, orders = machine.on_disk(NAME), machine.orders()
    accounts = sorted(path.read_bytes() for path in home.glob("ca/**/account.key"))

    with TlsServer(tls / "www.pem", tls / "www.key") as server:
        machine.tool("systemctl", "exit 0")
        (text,) = (block.text for block in guide(GUIDE) if block.kind == "yaml")
        places = {
            "https://pki.internal.example.com/acme/directory": pebble.directory_url,
            "ca.crt": str(pebble.ca_bundle),
            "/var/www/html": str(webserver.root),
            "/etc/nginx/tls": str(tls),
            f"{NAME}:443": f"127.0.0.1:{server.port}",
        }
        for place, stands_for in places.items():
            assert place in text
            text = text.replace(place, stands_for)
        (folder / "acmewrap.yaml").write_text(text, encoding="utf-8")
        for block in guide(GUIDE):
            if block.kind == "sh" and not block.runs:
                subprocess.run(["sh", "-ec", block.text], cwd=str(folder), check=True)
            for given in commands(block.text) if block.runs else ():
                done = machine.run(*given)
                assert done.returncode == 0, (given, done)
                if given[0] == "plan" and line in table.read_text(encoding="utf-8"):
                    assert f"Left over: the crontab entry {line} (runs acme.sh on the same certificates" in done.stdout
                    assert " issue " not in done.stdout
    assert done.stdout == "Nothing to do: everything is as the file asks for.\n"
    assert (machine.on_disk(NAME), machine.orders()) == (before, orders)
    assert sorted(path.read_bytes() for path in home.glob("ca/**/account.key")) == accounts
    assert line not in table.read_text(encoding="utf-8")
    assert os.access(str(folder / "acme.sh"), os.X_OK)
