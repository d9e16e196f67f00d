"""A rehearsal orders for real and leaves nothing behind; a file from `init` works as it is."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path
from typing import Iterator

import pytest

from acmewrap.testing.dsm import DsmSimulator
from acmewrap.testing.pebble import Pebble
from acmewrap.testing.webserver import WebServer
from provisioned import Machine


@pytest.fixture(scope="module")
def machine(
    tmp_path_factory: pytest.TempPathFactory, acme_sh_311: Path, issued_home: Path, pebble: Pebble, webserver: WebServer
) -> Iterator[Machine]:
    with DsmSimulator(password="simulated") as nas:
        found = Machine(tmp_path_factory.mktemp("rehearse") / "nas", acme_sh_311, pebble, webserver, nas)
        found.adopt(issued_home)
        assert found.run("apply").returncode == 0
        yield found


def fingerprint(folder: Path) -> str:
    """Every path below *folder* with its mode, where it leads or what it holds."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        content = os.readlink(str(path)).encode() if path.is_symlink() else b""
        if path.is_file() and path.name != ".lock":  # which run had it last
            content = path.read_bytes()
        digest.update(f"{path} {path.lstat().st_mode:o} ".encode() + content)
    return digest.hexdigest()


def test_a_rehearsal_orders_a_certificate_and_keeps_nothing(machine: Machine) -> None:
    before, served, orders = fingerprint(machine.folder), machine.served(), machine.orders()
    done = machine.run("rehearse")
    assert done.returncode == 0, done
    assert "1 of 1 order brought a certificate" in done.stdout
    assert machine.orders() == orders + 1
    assert fingerprint(machine.folder) == before
    assert machine.served() == served


def test_a_broken_webroot_is_found_while_the_live_certificate_stays_served(machine: Machine) -> None:
    served = machine.served()
    elsewhere = machine.folder / "elsewhere"
    (elsewhere / ".well-known/acme-challenge").mkdir(parents=True)
    machine.configure(webroot=elsewhere)
    before = fingerprint(machine.folder)
    done = machine.run("--json", "rehearse", "nas")
    assert fingerprint(machine.folder) == before
    machine.configure()
    assert done.returncode == 3, done
    (step,) = done.document["steps"]
    assert (step["kind"], step["outcome"]) == ("issue", "failed")
    assert step["failure"]["id"] == "challenge.wrong_content"
    assert str(elsewhere) in step["failure"]["remedy"]
    assert machine.served() == served == machine.on_disk()


def test_another_directory_can_be_rehearsed_against(machine: Machine) -> None:
    done = machine.run("rehearse", "--server", f"{machine.pebble.directory_url}/nowhere")
    assert done.returncode == 69
    assert "[ca.not_acme]" in done.stdout


def test_a_revoked_certificate_is_issued_anew_by_the_next_apply(machine: Machine) -> None:
    old = machine.on_disk()
    done = machine.run("revoke", "nas", "--reason", "1", "--yes")
    assert done.returncode == 0, done
    assert "Revoked: nas" in done.stdout
    assert machine.run("apply").returncode == 0
    assert machine.on_disk() != old
    assert machine.served() == machine.on_disk()


def test_doctor_says_what_it_looked_at_and_ends_with_the_code_of_what_it_found(machine: Machine) -> None:
    words = ("doctor", "--address", "127.0.0.1", "--http-port", str(machine.web.port))
    done = machine.run("--json", *words)
    assert [finding["id"] for finding in done.document["findings"]] == ["doctor.no_schedule"]
    (machine.folder / "dsm.password").chmod(0o644)
    done = machine.run(*words)
    assert done.returncode == 77
    lines = done.stdout.splitlines()
    assert "BAD  the secrets" in lines
    assert "ok   the webroot " + str(machine.web.root) in lines
    assert lines[-1] == f"1 of them can be fixed by: {sys.executable} -m acmewrap doctor --fix"
    done = machine.run(*words, "--fix")
    assert done.returncode == 1, done
    assert (machine.folder / "dsm.password").stat().st_mode & 0o777 == 0o600
    assert done.stdout.splitlines()[-1].startswith("1 finding in ")


def test_a_newcomer_gets_from_init_to_a_proven_certificate_in_four_commands(machine: Machine, tmp_path: Path) -> None:
    folder = tmp_path / "www"
    folder.mkdir()
    (folder / "src").symlink_to(machine.folder / "src")
    config = folder / "acmewrap.yaml"
    init = (
        "init",
        "--template",
        "web-server",
        "--domain",
        "www.internal.test",
        "--server",
        machine.pebble.directory_url,
    )
    answers = ("--ca-bundle", str(machine.pebble.ca_bundle), "--webroot", str(machine.web.root))
    assert machine.run(*init, *answers, "--output", str(config)).returncode == 0
    edited = config.read_text().replace("/etc/nginx/tls/", f"{folder}/").replace("[nginx, -t]", '["true"]')
    edited = edited.replace("reload_services: [nginx]", 'reload: "true"')
    edited = edited.replace("verify: www.internal.test:443", "verify: no").partition("\nschedule:")[0] + "\n"
    config.write_text(edited)
    for command in ("check", "apply", "plan --exit-code", "status"):
        done = machine.run("--config", str(config), *command.split())
        assert done.returncode == 0, (command, done)
    assert (folder / "www.pem").read_text().count("BEGIN CERTIFICATE") > 1
