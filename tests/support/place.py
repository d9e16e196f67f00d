"""A folder as it is between two runs, made without an authority and without acme.sh, for the command line in this process."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from acmewrap import cli
from acmewrap.testing.certificates import make_leaf, make_root

YAML = """\
acme_sh: {archive: nowhere.tar.gz}
authorities:
  internal: {server: "https://localhost:1/dir", ca_bundle: ca.crt}
certificates:
  nas: {domains: [nas.test], challenge: {webroot: web}}
schedule: {every: 6h}
"""


@dataclass
class Place:
    """A folder with two certificates, one of which the file does not name, and a crontab with an entry."""

    folder: Path
    leftover: Path
    crontab: Path

    def run(self, *words: str) -> int:
        return cli.main(["--config", str(self.folder / "acmewrap.yaml"), "--no-color", *words])


def make_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """Under *tmp_path*, with a crontab of its own."""
    folder = tmp_path / "place"
    (folder / "web/.well-known/acme-challenge").mkdir(parents=True)
    root = make_root(folder / "ca")
    for name in ("nas.test", "old.test"):
        home = folder / f".acme.sh/{name}_ecc"
        pair = make_leaf(folder / "ca", root, [name], file=name)
        home.mkdir(parents=True)
        for file, source in (
            (f"{name}.cer", pair.certificate),
            (f"{name}.key", pair.key),
            ("fullchain.cer", pair.fullchain),
        ):
            (home / file).write_bytes(source.read_bytes())
        (home / "ca.cer").write_bytes(root.certificate.read_bytes())
        (home / f"{name}.key").chmod(0o600)
        (home / f"{name}.conf").write_text(f"Le_Domain='{name}'\n")
    (folder / "ca.crt").write_bytes(root.certificate.read_bytes())
    (folder / "acmewrap.yaml").write_text(YAML, encoding="utf-8")
    table = folder / "table"
    table.write_text("", encoding="utf-8")
    tool = tmp_path / "tools/crontab"
    tool.parent.mkdir()
    tool.write_text(f"#!/bin/sh\ncase $1 in -l) cat {table} ;; *) cat >{table} ;; esac\n", encoding="utf-8")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tool.parent}:/usr/bin:/bin")
    place = Place(folder, folder / ".acme.sh/old.test_ecc", table)
    place.run("apply")  # acme.sh cannot be installed from there, and the entry comes all the same
    assert "BEGIN acmewrap" in table.read_text(encoding="utf-8")
    return place
