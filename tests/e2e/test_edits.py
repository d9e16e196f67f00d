"""One edit of the file, or of the machine, and the steps that it leads to: those and no others. No step is carried out."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Callable, Dict, Iterator, List, NamedTuple, Tuple, Union

import pytest

from acmewrap import Job
from acmewrap import config as configuration
from acmewrap.config import Config
from acmewrap.engine.convergence import Convergence
from acmewrap.plan.planner import PlanOptions
from acmewrap.report.wording import title_of
from acmewrap.testing.dsm import DsmSimulator
from acmewrap.testing.pebble import Pebble
from acmewrap.testing.webserver import WebServer
from clinic import CRONTAB, NAME, PASSWORD

YAML = """\
authorities:
  internal:
    server: {server}
    ca_bundle: {bundle}
certificates:
  nas:
    domains: [{name}]
    challenge: {{webroot: {webroot}}}
    deploy:
      dsm: synology
      web:
        install: {{key_file: tls/www.key, fullchain_file: tls/www.pem, reload: touch {folder}/reloaded}}
        verify: no
  old:
    domains: [old.example.com]
    challenge: {{webroot: {webroot}}}
    deploy:
      copy: {{install: {{fullchain_file: tls/old.pem}}, verify: no}}
      proxy:
        hook: haproxy
        env: {{DEPLOY_HAPROXY_PEM_PATH: {folder}/tls, DEPLOY_HAPROXY_RELOAD: true}}
        verify: no
synology:
  url: {url}
  account: {{name: certupdater, password: {{file: dsm.password}}}}
  verify: {{host: 127.0.0.1, port: {port}, name: {name}}}
schedule: {{every: 6h}}
"""


class Machine:
    """A folder whose file was applied for real; ``text`` is that file."""

    def __init__(self, folder: Path, text: str) -> None:
        self.folder = folder
        self.text = text

    def load(self, text: str) -> Config:
        file = self.folder / "acmewrap.yaml"
        file.write_text(text, encoding="utf-8")
        return configuration.load(file, os.environ)

    def plan(self, text: str) -> List[str]:
        """The steps for *text*, as ``kind subject``; what is only left over in brackets."""
        planned = Job(self.load(text)).plan()
        shown = [self._short(title_of(step)) for step in planned.steps]
        return [*shown, *(f"({self._short(title_of(step))})" for step in planned.leftovers)]

    def _short(self, title: str) -> str:
        return title.replace(f"{self.folder}/", "")


@pytest.fixture(scope="module")
def machine(
    pebble: Pebble, webserver: WebServer, acme_sh_311: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Machine]:
    folder = tmp_path_factory.mktemp("edits")
    tools = folder.parent / f"{folder.name}-tools"
    tools.mkdir()
    for name, text in (
        ("crontab", CRONTAB.format(table=tools / "table")),
        ("sleep", "#!/bin/sh\nexec /bin/sleep 0.1\n"),
    ):
        (tools / name).write_text(text, encoding="ascii")
        (tools / name).chmod(0o755)
    (folder / "dsm.password").write_text(PASSWORD, encoding="utf-8")
    (folder / "dsm.password").chmod(0o600)
    (folder / "src").mkdir()
    (folder / "src/acme.sh").symlink_to(acme_sh_311)
    (folder / "tls").mkdir()
    with pytest.MonkeyPatch.context() as patch, DsmSimulator(account="certupdater", password=PASSWORD) as nas:
        patch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
        values = {"server": pebble.directory_url, "bundle": pebble.ca_bundle, "webroot": webserver.root}
        text = YAML.format(name=NAME, folder=folder, url=nas.url, port=nas.https_port, **values)
        found = Machine(folder, text)
        run = Job(found.load(text)).apply()
        assert [str(result.failure) for result in run.results if result.outcome != "done"] == []
        yield found


def swap(old: str, new: str) -> Callable[[str], str]:
    def edit(text: str) -> str:
        assert old in text
        return text.replace(old, new, 1)

    return edit


NAS_DEPLOYS = ["deploy nas to dsm", "deploy nas to web"]
REISSUE = ["reissue nas", *NAS_DEPLOYS]


class Case(NamedTuple):
    edit: Callable[[str], str]
    steps: List[str]


EDITS: Dict[str, Case] = {
    "nothing": Case(lambda text: text, []),
    "a comment": Case(lambda text: f"# hello\n{text}", []),
    "another name": Case(swap(f"[{NAME}]", f"[{NAME}, second.example.com]"), REISSUE),
    "the key type": Case(swap(f"[{NAME}]", f"[{NAME}]\n    key: ec-384"), REISSUE),
    "another family of keys": Case(
        swap(f"[{NAME}]", f"[{NAME}]\n    key: rsa-2048"), ["issue nas", *NAS_DEPLOYS, f"(remove .acme.sh/{NAME}_ecc)"]
    ),
    "the server": Case(
        swap("https://localhost:", "https://127.0.0.1:"),
        ["render acme.sh", *REISSUE, "reissue old", "deploy old to copy", "deploy old to proxy"],
    ),
    "the options": Case(swap(f"[{NAME}]", f"[{NAME}]\n    options: [--preferred-chain, X]"), REISSUE),
    "the webroot": Case(swap("{webroot: ", "{webroot: ./other"), ["webroot other/ROOT", *REISSUE]),
    "the bundle": Case(swap("ca_bundle: ", "ca_bundle: other"), ["bundle other/BUNDLE", "render acme.sh"]),
    "the e-mail address": Case(swap("    ca_bundle", "    email: a@example.com\n    ca_bundle"), ["render acme.sh"]),
    "a variable of a hook": Case(swap("HAPROXY_RELOAD: true", "HAPROXY_RELOAD: false"), ["render acme.sh"]),
    "an account the NAS does not know": Case(
        swap("{name: certupdater,", "{name: certupdater2,"), ["render acme.sh", "deploy nas to dsm"]
    ),
    "a new target": Case(
        swap(
            "      dsm: synology\n",
            "      dsm: synology\n      more: {hook: ssh, env: {DEPLOY_SSH_USER: a}, verify: no}\n",
        ),
        ["render acme.sh", "deploy nas to more"],
    ),
    "another place for the files": Case(swap("tls/www.pem", "tls/new.pem"), ["deploy nas to web"]),
    "the schedule": Case(swap("every: 6h", "every: 2h"), ["schedule crontab"]),
    "no schedule": Case(swap("schedule: {every: 6h}\n", ""), ["(remove the crontab entry acmewrap.yaml)"]),
    "the release": Case(
        swap("authorities:", 'acme_sh: {release: "3.1.3"}\nauthorities:'), ["install acme.sh 3.1.3", "render acme.sh"]
    ),
    "a certificate less": Case(
        lambda text: text[: text.index("  old:")] + text[text.index("synology:\n  url") :],
        ["render acme.sh", "(remove .acme.sh/old.example.com_ecc)"],
    ),
}


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_of_the_file_leads_to_these_steps_and_no_others(
    machine: Machine, name: str, webserver: WebServer, pebble: Pebble
) -> None:
    case = EDITS[name]
    root, bundle = str(webserver.root)[1:], str(pebble.ca_bundle)[1:]
    expected = [step.replace("ROOT", root).replace("BUNDLE", bundle) for step in case.steps]
    assert machine.plan(case.edit(machine.text)) == expected


Break = Callable[[Path], Union[int, str, None]]
CHANGES: Dict[str, Tuple[Break, List[str]]] = {
    "a key open to others": (
        lambda folder: (folder / f".acme.sh/{NAME}_ecc/{NAME}.key").chmod(0o640),
        [f"mode .acme.sh/.versions/{NAME}_ecc/VERSION/{NAME}.key"],
    ),
    "a home open to others": (lambda folder: (folder / ".acme.sh").chmod(0o755), ["mode .acme.sh"]),
    "an installed file replaced": (lambda folder: (folder / "tls/www.pem").write_text("mine"), ["deploy nas to web"]),
    "the wrapper removed": (lambda folder: (folder / "acme.sh").unlink(), ["render acme.sh"]),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_of_the_machine_leads_to_the_step_that_fixes_it(machine: Machine, name: str) -> None:
    break_it, steps = CHANGES[name]
    break_it(machine.folder)
    version = Path(os.readlink(str(machine.folder / f".acme.sh/{NAME}_ecc"))).name
    assert machine.plan(machine.text) == [step.replace("VERSION", version) for step in steps]
    kinds = ("mode", "deploy", "render")
    options = PlanOptions(kinds)  # type: ignore[arg-type]
    run = Convergence(machine.load(machine.text), os.environ, options).execute()
    assert [result.outcome for result in run.results] == ["done"]
    assert machine.plan(machine.text) == []


def test_what_is_left_over_goes_when_asked_for_and_then_only(machine: Machine) -> None:
    text = EDITS["a certificate less"].edit(machine.text)
    folder = machine.folder / ".acme.sh/old.example.com_ecc"
    assert [result.step.kind for result in Job(machine.load(text)).apply().results] == ["render"]
    assert folder.exists()
    run = Job(machine.load(text)).apply(prune=True)
    assert [(result.step.kind, result.outcome) for result in run.results] == [("remove", "done")]
    assert not folder.exists()
    assert machine.plan(text) == []


def test_the_reload_command_ran_after_the_files_were_there(machine: Machine) -> None:
    assert (machine.folder / "reloaded").exists()
    assert (machine.folder / "tls/www.key").stat().st_mode & 0o077 == 0
