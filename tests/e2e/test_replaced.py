"""A key was stolen: another certificate with another key takes the place of the old one, and only then that is revoked."""

from __future__ import annotations

import shutil
import signal
import time
from pathlib import Path
from typing import Iterator

import pytest

from acmewrap.pki import x509
from acmewrap.pki.x509 import X509
from acmewrap.report.document import schema
from acmewrap.testing.dsm import DsmSimulator
from acmewrap.testing.pebble import Pebble
from acmewrap.testing.webserver import WebServer
from json_schema import accepts
from provisioned import CERTIFICATES, HEAD, Machine, served
from releases import AcmeShRelease
from tlsnginx import TlsNginx

DEPLOYED_TO_NGINX = (
    HEAD
    + CERTIFICATES.partition("    deploy:")[0]
    + """\
    deploy:
      nginx:
        install: {{key_file: "{nginx}/www.key", fullchain_file: "{nginx}/www.pem", reload: 'test ! -e stop && {reload}'}}
        verify: {{host: 127.0.0.1, port: {tls}, name: nas.internal.test, timeout: 2s}}
"""
)


@pytest.fixture
def nginx(tmp_path: Path, issued_home: Path) -> Iterator[TlsNginx]:
    folder = tmp_path / "nginx"
    folder.mkdir()
    issued = issued_home / "nas.internal.test_ecc"
    shutil.copy(str(issued / "fullchain.cer"), str(folder / "www.pem"))
    shutil.copy(str(issued / "nas.internal.test.key"), str(folder / "www.key"))
    with TlsNginx(folder) as server:
        yield server


@pytest.fixture
def machine(acme_sh_311: Path, issued_home: Path, pebble: Pebble, webserver: WebServer, nginx: TlsNginx) -> Machine:
    found = Machine(nginx.folder.parent / "machine", acme_sh_311, pebble, webserver, DsmSimulator())
    found.configure(DEPLOYED_TO_NGINX, nginx=nginx.folder, reload=nginx.reload, tls=nginx.port)
    found.adopt(issued_home)
    return found


@pytest.fixture
def machine_of_release(machine: Machine, acme_sh: AcmeShRelease) -> Machine:
    shutil.rmtree(str(machine.folder / "src/acme.sh"))
    shutil.copytree(str(acme_sh.path), str(machine.folder / "src/acme.sh"))
    file = machine.folder / "acmewrap.yaml"
    release = f'acme_sh: {{release: "{acme_sh.version}", allow_vulnerable: yes}}\n'
    file.write_text(release + file.read_text(encoding="utf-8"), encoding="utf-8")
    return machine


def stored(machine: Machine) -> X509:
    (leaf, *_) = x509.parse_pem((machine.folder / ".acme.sh/nas.internal.test_ecc/fullchain.cer").read_bytes())
    return leaf


def renewed(machine: Machine) -> X509:
    """Another one, for what other tests begin with is revoked by and by; acme.sh takes the same key again."""
    assert machine.run("issue", "--force").returncode == 0
    return stored(machine)


def test_the_old_certificate_is_revoked_once_the_new_one_is_served_and_not_before(
    machine: Machine, nginx: TlsNginx
) -> None:
    shutil.rmtree(str(machine.folder / ".acme.sh"))  # another test may have had it revoked
    assert machine.run("apply").returncode == 0
    old = stored(machine)
    (machine.folder / "stop").touch()  # the server does not load what it is given
    done = machine.run("--json", "replace", "nas", "--compromised", "--yes")
    assert done.returncode == 4, done
    assert accepts(schema(), done.document)
    steps = [(step["kind"], step["outcome"], step["serial"]) for step in done.document["steps"]]
    assert [kind for kind, *_ in steps] == ["reissue", "deploy", "revoke"]
    assert steps[-1] == ("revoke", "failed", old.serial)
    assert done.document["steps"][-1]["failure"]["id"] == "revoke.unproven"
    assert done.document["certificates"]["nas"]["unrevoked"] == [{"serial": old.serial, "failure": None}]
    assert machine.pebble.status_of(old.serial)["Status"] == "Valid"
    assert served(nginx.port) == old.sha256
    new = stored(machine)
    assert new.public_key != old.public_key

    done = machine.run("status")
    assert done.returncode == 4
    assert f"nas: serial {old.serial}, the key of which others know, is not revoked yet" in done.stdout
    assert [step["serial"] for step in machine.run("--json", "plan", "nas").document["plan"]][-1] == old.serial
    (machine.folder / "stop").unlink()
    done = machine.run("apply", "nas")
    assert done.returncode == 0, done
    assert served(nginx.port) == new.sha256
    status = machine.pebble.status_of(old.serial)
    assert (status["Status"], status["Reason"]) == ("Revoked", 1)
    assert machine.pebble.status_of(new.serial)["Status"] == "Valid"
    assert machine.run("status").returncode == 0
    assert machine.run("apply").stdout == "Nothing to do.\n"


@pytest.mark.slow
@pytest.mark.parametrize("after", ["apply", "cron", "replace nas --compromised --yes"])
def test_a_run_that_was_killed_is_finished_by_the_next(machine: Machine, nginx: TlsNginx, after: str) -> None:
    old, slow = renewed(machine), machine.folder / "slow"
    machine.tool("sleep", f"touch {slow}; exec /bin/sleep 60")
    with machine.start("replace", "nas", "--compromised", "--yes") as process:
        deadline = time.monotonic() + 60
        while not slow.exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    machine.tool("sleep", "exec /bin/sleep 0.1")
    done = machine.run(*after.split())
    assert done.returncode == 0, done
    new = stored(machine)
    assert new.public_key != old.public_key
    assert served(nginx.port) == new.sha256
    assert machine.pebble.status_of(old.serial)["Status"] == "Revoked"


@pytest.mark.slow
def test_what_was_renewed_with_the_stolen_key_is_revoked_as_well(machine_of_release: Machine, nginx: TlsNginx) -> None:
    machine = machine_of_release
    first, second = renewed(machine), renewed(machine)
    assert second.public_key == first.public_key
    assert machine.run("replace", "nas", "--compromised", "--yes").returncode == 0
    assert served(nginx.port) == stored(machine).sha256
    assert stored(machine).public_key != first.public_key
    for leaf in (first, second):
        assert machine.pebble.status_of(leaf.serial)["Reason"] == 1


@pytest.mark.slow
def test_what_the_file_no_longer_names_is_revoked_without_another(machine: Machine) -> None:
    old = renewed(machine)
    (machine.folder / "stop").touch()
    assert machine.run("replace", "nas", "--compromised", "--yes").returncode == 4
    text = (machine.folder / "acmewrap.yaml").read_text(encoding="utf-8")
    (machine.folder / "acmewrap.yaml").write_text(text.replace("  nas:\n", "  web:\n").replace("nas.int", "web.int"))
    done = machine.run("cron")
    assert f"revoke nas, serial {old.serial}: done" in done.stdout, done
    assert machine.pebble.status_of(old.serial)["Status"] == "Revoked"


@pytest.mark.slow
def test_a_certificate_that_was_revoked_by_itself_is_followed_by_one_with_another_key(machine: Machine) -> None:
    old = renewed(machine)
    assert machine.run("revoke", "nas", "--reason", "1", "--yes").returncode == 0
    assert machine.run("apply").returncode == 0
    assert stored(machine).public_key != old.public_key
