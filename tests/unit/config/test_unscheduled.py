"""What commands of the file have in a shell and will not have in a scheduled run."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, List

import pytest

from acmewrap.config.cleartext import find_warnings
from configuration import SYNOLOGY, certificate, loaded

SCHEDULE = "schedule: {every: 6h, by: crontab}\n"
SECRET = SYNOLOGY.replace("{file: dsm.password}", "{command: [%s]}")
RELOAD = certificate("deploy: {w: {install: {fullchain_file: /srv/w.pem, reload: %s}, verify: no}}")
OWN = "commands: [{after: run, run: [%s]}]\n"


def warned(folder: Path, text: str, environ: Dict[str, str]) -> List[str]:
    return [one.message for one in find_warnings(loaded(folder, text), environ) if "scheduled run" in one.message]


@pytest.mark.parametrize(
    ("section", "variable"),
    [
        (SECRET % "pass, show, dsm", "PASSWORD_STORE_DIR"),
        (SECRET % "/usr/bin/gpg, -d, dsm.gpg", "GNUPGHOME"),
        (SECRET % "secret-tool, lookup, nas, dsm", "DBUS_SESSION_BUS_ADDRESS"),
        (RELOAD % "'cd /srv && docker compose restart web'", "DOCKER_HOST"),
        (RELOAD % "[ssh, web, reload]", "SSH_AUTH_SOCK"),
        (OWN % "sh, -c, 'scp x web:'", "SSH_AUTH_SOCK"),
    ],
)
def test_a_variable_that_a_command_reads_is_warned_of_unless_the_command_or_the_schedule_has_it(
    tmp_path: Path, section: str, variable: str
) -> None:
    text = SCHEDULE + (section if "certificates:" in section else certificate("key: ec-256") + section)
    environ = {"PATH": "/usr/bin:/bin", variable: "canary"}
    (said,) = warned(tmp_path, text, environ)
    assert f"reads {variable} of this shell" in said
    assert "canary" not in said
    assert warned(tmp_path, text, {**environ, "INVOCATION_ID": "1"}) == []
    assert warned(tmp_path, text, {"PATH": "/usr/bin:/bin", "HTTPS": "1"}) == []
    assert warned(tmp_path, text.replace(SCHEDULE, ""), environ) == []


@pytest.mark.parametrize(
    ("command", "variable", "way"),
    [
        ("pass, show, dsm", "PASSWORD_STORE_DIR", "begin with `env PASSWORD_STORE_DIR=VALUE`"),
        ("vault, kv, get, dsm", "VAULT_TOKEN", "be a script that sets it and only you can read"),
        ("bw, get, dsm", "BW_SESSION", "be a script that sets it and only you can read"),
    ],
)
def test_a_variable_that_is_a_secret_is_not_to_become_an_argument(
    tmp_path: Path, command: str, variable: str, way: str
) -> None:
    text = SCHEDULE + certificate("key: ec-256") + SECRET % command
    (said,) = warned(tmp_path, text, {"PATH": "/usr/bin:/bin", variable: "canary"})
    assert said.endswith(f": let the command {way}")


def test_a_variable_that_the_command_sets_itself_is_not(tmp_path: Path) -> None:
    text = SCHEDULE + certificate("key: ec-256") + SECRET % "env, PASSWORD_STORE_DIR=/srv/store, pass, show, dsm"
    assert warned(tmp_path, text, {"PATH": "/usr/bin:/bin", "PASSWORD_STORE_DIR": "/srv/store"}) == []


def test_a_program_that_only_the_shell_finds_is_named_in_full(tmp_path: Path) -> None:
    tool = tmp_path / "bin/own-tool"
    tool.parent.mkdir()
    tool.touch(0o755)
    text = SCHEDULE + certificate("key: ec-256") + OWN % "own-tool, x"
    assert warned(tmp_path, text, {"PATH": f"/usr/bin:{tool.parent}"}) == [
        f"own-tool is in PATH of this shell, and not in that of the scheduled run: write {tool}"
    ]
