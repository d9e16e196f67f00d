"""What the service account of a NAS needs for the unattended run, and what it does not get."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Dict

import pytest

from acmewrap.config import Config, references
from acmewrap.schedule import dsm
from acmewrap.secrets import FileReference

SECRETS = ("proxy", "eab", "dns", "deploy", "password", "device", "ping")
READ = (*SECRETS, "key", "bundle")
HIDDEN = {"administrator", "public", "linked-to"}


def make(folder: Path, **env: Path) -> Config:
    """Each secret in a file called as its place, all below ``secrets``."""
    one: Dict[str, Dict[str, str]] = {name: {"file": f"secrets/{name}"} for name in (*SECRETS, "administrator")}
    values: Dict[str, Any] = {
        "authorities": {
            "administrator": {
                "server": "https://ca.internal.test/dir",
                "ca_bundle": "secrets/bundle",
                "proxy": one["proxy"],
                "eab": {"key_id": "id", "hmac_key": one["eab"]},
            }
        },
        "certificates": {
            "administrator": {
                "domains": ["nas.internal.test"],
                "challenge": {
                    "dns": "dns_nsupdate",
                    "env": {"NSUPDATE_KEY": "secrets/key", "NSUPDATE_OPT": one["dns"]},
                },
                "deploy": {
                    "other": {
                        "hook": "haproxy",
                        "verify": False,
                        "env": {"A": one["deploy"], **{name: {"file": str(path)} for name, path in env.items()}},
                    }
                },
            }
        },
        "synology": {
            "url": "http://localhost:5000",
            "verify": False,
            "account": {"name": "certupdater", "password": one["password"], "device_id": one["device"]},
            "administrator": {"name": "boss", "password": one["administrator"]},
        },
        "schedule": {"daily": "04:55", "by": "dsm"},
        "monitoring": {"healthchecks": {"ping_url": one["ping"]}},
    }
    return Config.from_mapping(values, folder / "acmewrap.yaml")


@pytest.fixture
def config(tmp_path: Path) -> Config:
    folder = tmp_path / "secrets"
    folder.mkdir()
    (tmp_path / "acmewrap.yaml").touch(0o600)
    for name in (*READ, *HIDDEN):
        (folder / name).touch(0o600)
    (folder / "public").chmod(0o644)
    (folder / "link").symlink_to("linked-to")
    more = {name: folder / name for name in ("public", "link", "missing")}
    return make(tmp_path, FOLDER=folder, **more)


def test_each_closed_file_that_the_run_reads_is_handed_over_with_the_folders_on_the_way(config: Config) -> None:
    folder = config.directory / "secrets"
    handed = [path for path in dsm._alone(config) if path.exists()]
    assert set(handed) == {*(folder / name for name in READ), folder, config.file, config.directory}
    assert handed[-2:] == [folder, config.directory]


def test_what_belongs_to_another_is_none_of_it(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: config.file.stat().st_uid + 1)
    assert [path for path in dsm._alone(config) if path.is_file()] == []


def test_a_section_called_as_that_of_the_administrator_is_no_other(config: Config) -> None:
    found = [one.path.name for _, one in references.find_unattended(config) if isinstance(one, FileReference)]
    assert set(SECRETS) <= set(found)
    assert "administrator" not in found
