"""What a scheduler starts imports nothing that lies about: in the current folder, in PYTHONPATH, beside the single file."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Dict, Sequence, Tuple

import jinja2
import markupsafe
import pytest
import yaml

import acmewrap
from acmewrap.config import Config, load
from acmewrap.config.model import Schedule
from acmewrap.schedule import entry

PACKAGE = Path(acmewrap.__file__).parent
TEXT = """\
directory: {folder}
authorities: {{internal: {{server: "https://pki.internal.test/acme/directory"}}}}
certificates: {{nas: {{domains: [nas.internal.test], challenge: {{webroot: "{folder}/web"}}}}}}
schedule: {{every: 1h}}
"""
# Of the standard library, of what acmewrap depends on, and acmewrap itself.
NAMES = (
    "json",
    "datetime",
    "argparse",
    "argcomplete",
    "yaml",
    "sh",
    "jinja2",
    "markupsafe",
    "acmewrap",
    "sitecustomize",
    "usercustomize",
)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    file = tmp_path / "own" / "acmewrap.yaml"
    file.parent.mkdir()
    file.write_text(TEXT.format(folder=file.parent), encoding="utf-8")
    return load(file)


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A folder in which each of NAMES leaves a canary when it is imported; and an acmewrap.yaml."""
    folder = tmp_path / "hostile"
    plant(folder)
    (folder / "acmewrap.yaml").write_text("no: configuration\n", encoding="utf-8")
    return folder


def plant(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    code = f"open({str(folder / 'canary')!r}, 'w').close()\n"
    for name in NAMES:
        (folder / f"{name}.py").write_text(code, encoding="utf-8")
    (folder / "acmewrap").mkdir()
    for name in ("__init__.py", "__main__.py"):
        (folder / "acmewrap" / name).write_text(code, encoding="utf-8")


def start(words: Sequence[str], folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    known = {"PATH": os.defpath, "HOME": "/nonexistent", **environment}
    return subprocess.run(words, cwd=str(folder), env=known, capture_output=True, text=True, check=False, timeout=60)


def pythons(folder: Path) -> Dict[str, str]:
    return {"PYTHONPATH": str(folder), "PYTHONSTARTUP": str(folder / "yaml.py"), "PYTHONHOME": str(folder)}


def checked(command: Tuple[str, ...]) -> Tuple[str, ...]:
    """The command of a scheduler, with `check` in the place of `cron`, which would order a certificate."""
    assert command[-1] == "cron"
    return (*command[:-1], "check")


def test_the_folder_is_hostile_indeed(hostile: Path, config: Config) -> None:
    start([sys.executable, "-m", "acmewrap", "--config", str(config.file), "check"], hostile)
    assert (hostile / "canary").exists()


@pytest.mark.parametrize("with_variables", [False, True])
def test_a_scheduled_run_imports_nothing_from_the_current_folder_or_the_environment(
    hostile: Path, config: Config, with_variables: bool
) -> None:
    (command,) = entry.commands(config)
    done = start(checked(command), hostile, **(pythons(hostile) if with_variables else {}))
    assert (done.returncode, done.stderr, (hostile / "canary").exists()) == (0, "", False)


@pytest.mark.parametrize("form", ["crontab", "systemd", "dsm"])
def test_every_scheduler_starts_it_isolated_and_names_the_file(hostile: Path, config: Config, form: str) -> None:
    (words,) = entry.commands(config)
    shown = {
        "crontab": lambda: entry.crontab_entry(config).render(),
        "systemd": lambda: "".join(entry.systemd_units(config, {}).render().values()),
        "dsm": lambda: entry.script(config),
    }[form]()
    assert f"{sys.executable} -I " in shown
    assert f"--config {config.file} cron" in shown
    assert words[1] == "-I"
    if form == "dsm":
        done = start(["/bin/sh", "-c", shown.replace(" cron ", " check ")], hostile, **pythons(hostile))
        assert (done.returncode, done.stderr, (hostile / "canary").exists()) == (0, "", False)
        assert (config.directory / "task.log").stat().st_mode & 0o777 == 0o600


def test_an_acmewrap_in_the_site_packages_of_a_user_is_found(hostile: Path, config: Config, tmp_path: Path) -> None:
    base = os.path.realpath(sys.executable)  # no environment, where there are no packages of the user
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    packages = tmp_path / "user" / ".local/lib" / version / "site-packages"
    packages.mkdir(parents=True)
    shutil.copytree(str(PACKAGE), str(packages / "acmewrap"))
    for name in ("templates", "vendor"):
        shutil.copytree(str(PACKAGE.parent / name), str(packages / "acmewrap" / name))
    for module in (yaml, jinja2, markupsafe):
        source = Path(module.__file__ or "").parent
        shutil.copytree(str(source), str(packages / source.name))
    home = str(tmp_path / "user")
    program = "from acmewrap.schedule import entry; print(*entry.invocation(), sep='\\n')"
    said = start([base, "-c", program], tmp_path, HOME=home)
    words = said.stdout.splitlines()
    assert words == [base, "-I", str(packages / "acmewrap/__main__.py")], said.stderr
    for environment in ({"HOME": home}, {}):
        done = start([*words, "--config", str(config.file), "check"], hostile, **environment)
        assert (done.returncode, done.stderr, (hostile / "canary").exists()) == (0, "", False)


def test_a_single_file_imports_nothing_from_its_folder_or_the_current_one(
    hostile: Path, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = config.directory / "acmewrap.pyz"
    plant(place.parent)
    with zipfile.ZipFile(place, "w") as archive:
        for name in ("acmewrap/__init__.py", "yaml.py", "json.py"):
            archive.writestr(name, "")
        archive.writestr("__main__.py", "import acmewrap, datetime, json, sys, yaml; print(acmewrap.__file__)\n")
    monkeypatch.setattr(sys, "argv", [str(place), "apply"])
    (command,) = entry.commands(config)
    assert command[:3] == (sys.executable, "-I", str(place))
    for words in (command, [sys.executable, str(place)]):
        done = start(words, hostile, **(pythons(hostile) if words is command else {}))
        assert (done.stdout, done.stderr) == (f"{place}/acmewrap/__init__.py\n", "")
        assert not (hostile / "canary").exists()
        assert not (place.parent / "canary").exists()


def test_templates_and_pins_are_those_of_the_package(hostile: Path, config: Config) -> None:
    for name in ("templates/wrapper.sh.j2", "vendor/manifests/3.1.1.sha256", "vendor/releases.yaml"):
        (hostile / name).parent.mkdir(parents=True, exist_ok=True)
        (hostile / name).write_text("canary\n", encoding="ascii")
    words = (*entry.invocation(), "--config", str(config.file))
    assert start([*words, "render"], hostile).returncode == 0
    assert "canary" not in (config.directory / "acme.sh").read_text(encoding="utf-8")
    assert "3.1.1" in start([*words, "releases"], hostile).stdout


def test_a_tool_is_not_looked_up_in_the_current_folder(hostile: Path, config: Config) -> None:
    for name in ("crontab", "bash", "curl", "synowebapi"):
        (hostile / name).write_text(f"#!/bin/sh\ntouch {hostile}/canary\n", encoding="ascii")
        (hostile / name).chmod(0o755)
    words = (*entry.invocation(), "--config", str(config.file), "plan")
    for path in ("", ".", f".:{os.defpath}:", f"relative:{os.defpath}"):
        start(words, hostile, PATH=path)
        assert not (hostile / "canary").exists(), path


def test_a_command_for_a_secret_begins_at_the_folder_of_the_file(config: Config) -> None:
    text = TEXT.format(folder=config.directory) + (
        "synology: {url: 'http://localhost:5000', account: {name: x, password: {command: [./secret, ./word]}}, verify: no}\n"
    )
    config.file.write_text(text, encoding="utf-8")
    synology = load(config.file).synology
    assert synology is not None
    assert synology.account.password.argv == (str(config.file.parent / "secret"), "./word")  # type: ignore[union-attr]


def test_a_wrapper_as_the_entry_is_named_in_full(config: Config) -> None:
    wrapped = replace(config, schedule=Schedule(every_seconds=3600, run="wrapper"))
    assert entry.commands(wrapped) == ((str(config.directory / "acme.sh"), "--cron"),)
