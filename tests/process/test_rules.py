"""The rules of the file, held against what acme.sh, its hooks, sed and the shell do with every printable character."""

from __future__ import annotations

import shutil
import string
from pathlib import Path
from typing import Dict, List

import pytest

from acmewrap.config.arguments import check_value
from acmewrap.config.model import Install
from acmewrap.driver.acmesh import AcmeSh
from releases import AcmeShRelease
from synthetic import Folder

NAME = "nas.example.com"
PRINTABLE = string.digits + string.ascii_letters + string.punctuation + " "
HOOK = """\
probe_deploy() {
  for name in $PROBE_NAMES; do
    _getdeployconf "$name"
    _savedeployconf "$name" "$(eval printf '%s' \\"\\$$name\\")" base64
    eval "printf '%s\\0' \\"\\$$name\\"" >>"$PROBE_OUT"
  done
}
"""


@pytest.fixture
def acme(acme_sh: AcmeShRelease, tmp_path: Path) -> AcmeSh:
    program = Path(shutil.copytree(str(acme_sh.path), str(tmp_path / "acme.sh")))
    (program / "deploy" / "probe.sh").write_text(HOOK, encoding="ascii")
    Folder(domain=NAME).write(tmp_path / "home")
    return AcmeSh(program, tmp_path / "home", server="https://ca.example.com/directory", verify=False)


def accepted(value: str) -> bool:
    try:
        return check_value(value) == value
    except ValueError:
        return False


def deploy(acme: AcmeSh, folder: Path, values: List[str]) -> List[str]:
    variables: Dict[str, str] = {f"PROBE_V{number}": value for number, value in enumerate(values)}
    told = {"PROBE_NAMES": " ".join(variables), "PROBE_OUT": str(folder / "out")}
    result = acme.deploy(NAME, "probe", variables={**variables, **told})
    assert result.ok, result
    return (folder / "out").read_text(encoding="ascii").split("\0")[:-1]


def test_every_value_that_the_rules_accept_reaches_a_hook_as_it_is(acme: AcmeSh, tmp_path: Path) -> None:
    values = [PRINTABLE, *(f"a{one}b{one}{one}" for one in string.punctuation + " "), *string.punctuation]
    values += [f"{one}a" for one in string.punctuation + " "] + [f"a{one}" for one in string.punctuation + " "]
    values += ["-x", "--n", "-n-", "n -e", '"a', 'a"', '"a" b', "$(id)", "`id`", "'; id; '", "\\1", "%s%d", "~", "* ?"]
    values = list(filter(accepted, values))
    assert len(values) > 100
    assert deploy(acme, tmp_path, values) == values


@pytest.mark.parametrize("value", ["-n", "-e", "-nE ", " -e", '-n "a"', ' "a" ', '""', "   "])
def test_what_the_rules_refuse_would_reach_it_as_something_else(
    acme: AcmeSh, tmp_path: Path, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not accepted(value)
    monkeypatch.setattr("acmewrap.driver.command.check_value", lambda text: text)
    assert deploy(acme, tmp_path, [value]) != [value]


def test_every_character_of_a_reload_command_is_run_as_it_is_written(acme: AcmeSh, tmp_path: Path) -> None:
    quoted = PRINTABLE.replace("'", "'\\''")
    install = Install(fullchain_file=tmp_path / "chain.pem", reload=f"printf %s '{quoted}' >{tmp_path}/out")
    assert acme.install_cert(NAME, install).ok
    assert (tmp_path / "out").read_text(encoding="ascii") == PRINTABLE
    assert acme.install_cert(NAME, install).ok  # again, over what acme.sh has kept of it
    assert (tmp_path / "out").read_text(encoding="ascii") == PRINTABLE
