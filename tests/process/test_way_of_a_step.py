"""How far somebody has to read who follows one step from the plan to the line that reports it."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from acmewrap.config import load
from acmewrap.driver.homes.home import Home
from acmewrap.engine.context import RunContext
from acmewrap.engine.engine import Engine
from acmewrap.plan.planner import PlanOptions, plan
from acmewrap.report.screen import result_lines
from acmewrap.state.machine import read_state
from acmewrap.state.model import CERTIFICATE_PARTS
from acmewrap.testing.certificates import make_intermediate, make_leaf, make_root
from way import observed

YAML = """\
directory: .
authorities:
  internal: {server: "https://ca.internal.test/dir"}
certificates:
  nas:
    domains: [nas.internal.test]
    challenge: {webroot: web}
    deploy: {copy: {install: {fullchain_file: served/full.pem, key_file: served/key.pem}, verify: no}}
"""
NAME = "nas.internal.test"


def store(folder: Path) -> None:
    pair = make_leaf(folder, make_intermediate(folder, make_root(folder)), [NAME], not_after=time.time() + 8e6)
    staged = folder / "staged"
    staged.mkdir()
    chain = pair.fullchain.read_text("ascii")[len(pair.certificate.read_text("ascii")) :]
    shutil.copy(str(pair.certificate), str(staged / f"{NAME}.cer"))
    shutil.copy(str(pair.key), str(staged / f"{NAME}.key"))
    shutil.copy(str(pair.fullchain), str(staged / "fullchain.cer"))
    (staged / "ca.cer").write_text(chain, encoding="ascii")
    (staged / f"{NAME}.conf").write_text(f"Le_Domain='{NAME}'\n", encoding="ascii")
    Home(folder / ".acme.sh").replace(NAME, True, staged)


def test_a_deployment_visits_fewer_than_15_modules_and_comes_back_to_one_at_most_10_times(
    tmp_path: Path, acme_sh_311: Path
) -> None:
    store(tmp_path)
    (tmp_path / "served").mkdir()
    (tmp_path / "src").mkdir()
    (tmp_path / "src/acme.sh").symlink_to(acme_sh_311)
    (tmp_path / "acmewrap.yaml").write_text(YAML, encoding="utf-8")
    config = load(tmp_path / "acmewrap.yaml")
    engine = Engine(config, RunContext({}))
    with engine.hold():
        state = read_state(config, CERTIFICATE_PARTS)
        with observed() as way:
            planned = plan(config, state, time.time(), PlanOptions(("deploy",)))
            run = engine.execute(planned)
            lines = [line for result in run.results for line in result_lines(result)]
    assert [line.partition(":")[0] for line in lines] == ["deploy nas to copy"], lines
    assert [result.outcome for result in run.results] == ["done"], lines
    assert (tmp_path / "served/full.pem").exists()
    assert way.visited < 15, "\n".join(way.modules)
    assert way.returns <= 10, "\n".join(way.modules)
