"""The whole of acmewrap in one file, on every Python of this machine that it is meant for."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Dict, List, Mapping, Optional

import pytest

from monitored import Receiver, make_site, samples
from published import Publisher, set_version

REPOSITORY = Path(__file__).resolve().parent.parent.parent
CONFIGURATION = """\
directory: {folder}
authorities: {{internal: {{server: "https://pki.internal.test/acme/directory"}}}}
certificates: {{nas: {{domains: [nas.internal.test], challenge: {{webroot: "{folder}/web"}}}}}}
schedule: {{every: 1h}}
"""


@pytest.fixture(scope="module")
def pyz(tmp_path_factory: pytest.TempPathFactory, machine_environment: Mapping[str, str]) -> Path:
    path = tmp_path_factory.mktemp("pyz") / "acmewrap.pyz"
    words = [sys.executable, str(REPOSITORY / ".ci" / "pyz.py"), str(path)]
    subprocess.run(words, env=dict(machine_environment), check=True, stdout=subprocess.DEVNULL)
    return path


def is_program(path: Path) -> bool:
    """And no script, such as those of pyenv, which may find nothing to start."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


def interpreters(names: str) -> Dict[str, str]:
    """One for each minor version, the oldest first, found by name and not started."""
    found: Dict[str, str] = {}
    on_path = map(Path, os.environ.get("PATH", "").split(":"))
    for folder in (Path(sys.executable).parent, *on_path, *Path.home().glob(".pyenv/versions/*/bin")):
        for path in folder.glob("python[0-9].*[0-9]"):
            if re.fullmatch(names, path.name) and is_program(path):
                found.setdefault(path.name[len("python") :], str(path))
    return dict(sorted(found.items(), key=lambda item: [int(part) for part in item[0].split(".")]))


def each(names: str) -> List[object]:
    """All but the oldest and the newest are left to `make test-all`."""
    found = list(interpreters(names).items())
    few = found[:1] + found[-1:]
    return [
        pytest.param(path, id=version, marks=() if (version, path) in few else pytest.mark.slow)
        for version, path in found
    ]


CURRENT, TOO_OLD = r"python3\.([89]|1\d)", r"python(2\.7|3\.[67])"


def run(python: str, pyz: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Started from the root folder, with a home in which nothing can be written."""
    variables = {"PATH": "/usr/bin:/bin", "HOME": "/proc/self", "PYTHONWARNINGS": "error", **environment}
    argv = [python, "-IB", str(pyz), *words]
    return subprocess.run(argv, env=variables, cwd="/", capture_output=True, text=True, check=False)


@pytest.mark.parametrize("python", each(CURRENT))
def test_one_file_runs_as_it_is(pyz: Path, python: str, tmp_path: Path) -> None:
    done = run(python, pyz, "version")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("acmewrap ")

    config = tmp_path / "acmewrap.yaml"
    config.write_text(CONFIGURATION.format(folder=tmp_path), encoding="utf-8")
    assert run(python, pyz, "--config", str(config), "check").returncode == 0
    done = run(python, pyz, "--config", str(config), "render")  # with the templates and Jinja2 that are inside
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "acme.sh").read_text(encoding="utf-8").startswith("#!/bin/bash\n")
    done = run(python, pyz, "--json", "--config", str(config), "install", "--dry-run")  # with the pins that are inside
    assert json.loads(done.stdout)["plan"][0]["kind"] == "install"


@pytest.mark.parametrize("python", each(TOO_OLD) or [pytest.param(None, marks=pytest.mark.slow)])
def test_a_python_that_is_too_old_is_refused_by_name(pyz: Path, python: Optional[str]) -> None:
    if python is None:
        pytest.skip("no Python older than 3.8 is here")
    done = subprocess.run([python, str(pyz), "version"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("acmewrap: this is Python ")
    assert "[python.too_old]" in done.stderr
    assert "run acmewrap on another machine, with `synology: {url: https://NAS:5001}`" in done.stderr


def test_it_holds_nothing_that_fits_one_python_only(pyz: Path) -> None:
    with zipfile.ZipFile(pyz) as archive:
        names = archive.namelist()
    assert [name for name in names if name.endswith((".so", ".pyc", ".pyd"))] == []
    assert {name.split("/")[0] for name in names} == {
        "__main__.py",
        "acmewrap",
        "argcomplete",
        "jinja2",
        "licences",
        "markupsafe",
        "sh.py",
        "yaml",
    }
    assert {"acmewrap/vendor/releases.yaml", "acmewrap/templates/wrapper.sh.j2"} <= set(names)


def test_every_module_finds_in_it_what_it_imports(pyz: Path) -> None:
    """``-S``: without what is installed here besides."""
    lines = (
        "import importlib, pkgutil, acmewrap",
        "names = [one.name for one in pkgutil.walk_packages(acmewrap.__path__, 'acmewrap.')]",
        "for name in names:",
        "    if name != 'acmewrap.__main__': importlib.import_module(name)",
        "print(len(names))",
    )
    environment = {"PYTHONPATH": str(pyz), "PATH": "/usr/bin:/bin"}
    argv = [sys.executable, "-SB", "-c", "\n".join(lines)]
    done = subprocess.run(argv, env=environment, cwd="/", capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout) > 100


def test_it_replaces_itself_on_the_oldest_python_and_goes_back(pyz: Path, tmp_path: Path) -> None:
    python = next(iter(interpreters(CURRENT).values()))
    program = Path(shutil.copy(str(pyz), str(tmp_path)))
    publisher = Publisher(tmp_path / "published")
    source = publisher.publish(set_version(pyz.read_bytes(), "9.0.0"))
    done = run(python, program, "self-update", "--from", source, "--signers", str(publisher.signers))
    assert (done.returncode, done.stderr) == (0, "")
    assert run(python, program, "version").stdout.startswith("acmewrap 9.0.0")
    assert run(python, program, "self-update", "--rollback").returncode == 0
    assert program.read_bytes() == pyz.read_bytes()


def test_a_run_holds_the_file_so_that_it_is_not_replaced_meanwhile(pyz: Path, tmp_path: Path) -> None:
    config, asked, shim = tmp_path / "acmewrap.yaml", tmp_path / "asked", tmp_path / "tools/crontab"
    config.write_text(
        f"directory: {tmp_path}\n"
        "authorities: {lab: {server: 'https://ca.test/dir'}}\n"
        f"certificates: {{a: {{domains: [a.test], challenge: {{webroot: {tmp_path}}}}}}}\n",
        encoding="utf-8",
    )
    os.mkfifo(str(asked))
    shim.parent.mkdir()
    shim.write_text(f"#!/bin/sh\nread line <{asked}\n", encoding="ascii")
    shim.chmod(0o755)
    argv = [sys.executable, "-IB", str(pyz), "--config", str(config), "plan"]
    environ = {**os.environ, "PATH": f"{shim.parent}:{os.environ['PATH']}"}
    with subprocess.Popen(argv, stdout=subprocess.PIPE, env=environ) as process, open(pyz, "rb") as held:
        # The FIFO opens when the run has got as far as asking for the crontab.
        with open(asked, "wb"), pytest.raises(BlockingIOError):
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        process.communicate(timeout=30)
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_it_can_be_started_by_its_name(pyz: Path) -> None:
    assert os.access(str(pyz), os.X_OK)
    assert pyz.read_bytes().startswith(b"#!/usr/bin/env python3\n")


@pytest.mark.slow
@pytest.mark.parametrize("python", each(CURRENT))
def test_one_file_tells_of_runs_as_the_package_does(pyz: Path, python: str, tmp_path: Path) -> None:
    with Receiver() as receiver:
        services = "ntfy: {{{{topic: nas, server: '{url}', states: [finish, fail]}}}}, webhook: {{{{url: {{{{file: hook.url}}}}}}}}"
        metrics = (
            "metrics: {{textfile: '{folder}/collector/acmewrap.prom'}}, healthchecks: {{ping_url: {{file: ping.url}}}}"
        )
        site = make_site(tmp_path / "site", f"monitoring: {{{{{metrics}, {services.format(url=receiver.url)}}}}}")
        site.secret("ping.url", f"{receiver.url}/ping")
        site.secret("hook.url", f"{receiver.url}/hook")

        def told(*words: str) -> List[str]:
            done = run(python, pyz, "--config", str(site.file), *words, HOME=str(tmp_path))
            assert (done.returncode, done.stderr) == (0, ""), done
            return sorted(receiver.paths())

        assert told("cron") == ["/", "/hook", "/ping", "/ping/start"]
        time.sleep(2.5)  # then the files count as settled
        assert told("cron") == ["/ping"]
        note = next((tmp_path / ".cache" / "acmewrap").iterdir())
        assert told("cron") == ["/ping"]
        assert samples(site.textfile)["acmewrap_run_last_timestamp_seconds"] >= int(note.stat().st_mtime)
        assert told("monitoring", "test") == ["/", "/hook", "/ping"]
        assert told("status", "--format", "prometheus") == []
        assert told("report", "--output", str(tmp_path / "page.html")) == []
        assert "The certificate is valid and in place." in (tmp_path / "page.html").read_text(encoding="utf-8")
