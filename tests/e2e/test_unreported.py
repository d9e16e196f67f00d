"""A certificate is issued, deployed and proven although nothing can be said about it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from acmewrap.testing.dsm import DsmSimulator
from acmewrap.testing.pebble import Pebble
from acmewrap.testing.webserver import WebServer
from provisioned import Machine, served


@pytest.mark.parametrize(
    "where",
    [
        ">/dev/full 2>&1",
        *(pytest.param(one, marks=pytest.mark.slow) for one in (">&- 2>&-", "| true", "| cat >/dev/null")),
    ],
)
def test_the_certificate_is_renewed_whatever_becomes_of_the_output(
    tmp_path: Path, acme_sh_311: Path, pebble: Pebble, webserver: WebServer, where: str
) -> None:
    with DsmSimulator() as nas:
        machine = Machine(tmp_path / "machine", acme_sh_311, pebble, webserver, nas)
        line = f"{sys.executable} -m acmewrap --verbose --config acmewrap.yaml apply {where}"
        done = subprocess.run(
            ["/bin/bash", "-o", "pipefail", "-c", line],
            env={**machine.environment, "PYTHONIOENCODING": "ascii"},
            cwd=str(machine.folder),
            stdin=subprocess.DEVNULL,
            timeout=120,
            check=False,
        )
        assert done.returncode == (74 if "full" in where else 0)
        assert served(nas.https_port) == machine.on_disk()
