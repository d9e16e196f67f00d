"""Against the real step-ca: what it issues under a root of each kind is proven, and accounts that it lost are made anew."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Iterator, Tuple

import pytest

from acmewrap.testing.webserver import WebServer
from stepca import KEYS, StepCa, build

pytestmark = pytest.mark.slow  # the program is built first, which takes half a minute

CONFIGURATION = """\
authorities:
  step: {{server: "{server}", ca_bundle: "{bundle}"}}
certificates:
  web: {{domains: [localhost], challenge: {{webroot: "{webroot}"}}}}
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("step-ca"))


@pytest.fixture(scope="module")
def port_80(tmp_path_factory: pytest.TempPathFactory, program: Path) -> Iterator[WebServer]:
    """step-ca looks nowhere else."""
    assert program.exists()
    with WebServer(tmp_path_factory.mktemp("web"), port=80) as server:
        yield server


@pytest.fixture(params=KEYS)
def step(request: pytest.FixtureRequest, tmp_path: Path, program: Path) -> Iterator[StepCa]:
    with StepCa(tmp_path / "authority", program, request.param) as server:
        yield server


def run(folder: Path, *words: str) -> Tuple[int, Any]:
    done = subprocess.run(
        (sys.executable, "-m", "acmewrap", "--json", *words),
        cwd=str(folder),
        capture_output=True,
        check=False,
        timeout=300,
    )
    return done.returncode, json.loads(done.stdout)


def test_a_certificate_is_issued_renewed_and_outlives_the_loss_of_the_accounts(
    tmp_path: Path, step: StepCa, port_80: WebServer, acme_sh_311: Path
) -> None:
    folder = tmp_path / "machine"
    (folder / "src").mkdir(parents=True)
    text = CONFIGURATION.format(server=step.directory_url, bundle=step.ca_bundle, webroot=port_80.root)
    (folder / "acmewrap.yaml").write_text(f"acme_sh: {{archive: {acme_sh_311}}}\n{text}", encoding="utf-8")

    code, document = run(folder, "apply")
    assert code == 0, document
    assert document["certificates"]["web"]["state"] == "valid"
    assert run(folder, "apply")[1]["changed"] is False

    step.__exit__(None, None, None)
    step.lose_accounts()
    with step:
        code, document = run(folder, "issue", "--force")
    assert code == 0, document
    assert document["changed"] is True
