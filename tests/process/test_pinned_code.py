"""Only pinned code runs: the real acme.sh, with files where it looks for hooks and in the folders that it is started from."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Callable, Optional

import pytest

from acmewrap.driver.acmesh import AcmeSh
from acmewrap.driver.process import Command, Completed, OnLine, ProcessRunner
from acmewrap.driver.wrapper_script import Wrapper
from acmewrap.errors import ReleaseError
from synthetic import Folder

NAME = "nas.example.com"
SERVER = "https://ca.example.com/acme/directory"
# Everywhere that _findHook looks for `ssh` before deploy/ssh.sh, and for a hook that the release does not have.
PLACES = [
    ("ssh", "deploy/ssh"),
    *(("own", f"{folder}own{end}") for folder in ("deploy/", f"{NAME}/", "") for end in ("", ".sh")),
]


class Place:
    """An installed acme.sh with a certificate, and a hook that leaves a canary with the password it was given."""

    def __init__(self, folder: Path, pinned: Path) -> None:
        self.program, self.home, self.canary = folder / "src/acme.sh", folder / ".acme.sh", folder / "canary"
        real = folder / "src/acme.sh-3.1.1"
        shutil.copytree(str(pinned), str(real))
        self.program.symlink_to(real.name)
        Folder(domain=NAME).write(self.home)
        self.acme = AcmeSh(self.program, self.home, server=SERVER, version="3.1.1")
        self.wrapper = Wrapper(
            path=folder / "acme.sh",
            source=folder / "acmewrap.yaml",
            directory=folder,
            program=self.program,
            version="3.1.1",
            home=self.home,
            server=SERVER,
            variables=(("own", {"OWN_PASSWORD": "hunter2"}),),
        )

    def plant(self, path: str, program: Optional[Path] = None) -> None:
        target = (program or self.program) / path
        target.parent.mkdir(parents=True, exist_ok=True)
        function = target.name.replace(".sh", "")
        target.write_text(f'{function}_deploy() {{ :; }}\nprintf %s "$OWN_PASSWORD" >{self.canary}\n', encoding="ascii")


@pytest.fixture
def place(tmp_path: Path, acme_sh_311: Path) -> Place:
    return Place(tmp_path / "place", acme_sh_311)


@pytest.mark.parametrize(("hook", "path"), PLACES)
def test_acme_sh_itself_takes_the_hook_and_acmewrap_does_not_start_it(place: Place, hook: str, path: str) -> None:
    place.plant(path)
    arguments = ["--deploy", "-d", NAME, "--ecc", "--deploy-hook", hook]
    homes = ["--home", str(place.program), "--config-home", str(place.home)]
    plain = ["/bin/bash", f"{place.program}/acme.sh", *homes, *arguments]
    subprocess.run(plain, env={"OWN_PASSWORD": "hunter2", "PATH": "/usr/bin:/bin"}, check=False, capture_output=True)
    assert place.canary.read_text() == "hunter2"  # it is no idle check
    place.canary.unlink()

    with pytest.raises(ReleaseError, match=f"{path} is not part of it"):
        place.acme.deploy(NAME, hook, variables={"OWN_PASSWORD": "hunter2"})
    place.wrapper.path.write_text(place.wrapper.render(), encoding="utf-8")
    done = subprocess.run(["/bin/bash", str(place.wrapper.path), *arguments], capture_output=True, check=False)
    assert (done.returncode, place.canary.exists()) == (6, False)


class Swapping(ProcessRunner):
    """Does something between the check and the start of acme.sh."""

    def __init__(self, swap: Callable[[], object]) -> None:
        super().__init__()
        self._swap = swap

    def run(self, command: Command, on_line: Optional[OnLine] = None) -> Completed:
        self._swap()
        return super().run(command, on_line)


def test_a_link_that_is_swapped_after_the_check_changes_nothing(place: Place, acme_sh_311: Path) -> None:
    other = place.program.parent / "other"
    shutil.copytree(str(acme_sh_311), str(other))
    place.plant("deploy/ssh", other)

    def swap() -> None:
        place.program.unlink()
        place.program.symlink_to("other")

    acme = AcmeSh(place.program, place.home, server=SERVER, version="3.1.1", runner=Swapping(swap))
    acme.deploy(NAME, "ssh", variables={"OWN_PASSWORD": "hunter2"})
    assert (place.program.resolve(), place.canary.exists()) == (other, False)


@pytest.mark.parametrize("name", ["ssh", "ssh.sh", "deploy/ssh", "account.conf", ".curlrc"])
def test_a_file_in_the_folder_of_the_certificate_or_of_the_home_is_not_taken(place: Place, name: str) -> None:
    for folder in (place.home, place.home / f"{NAME}_ecc"):
        place.plant(name, folder)
    place.acme.deploy(NAME, "ssh", variables={"OWN_PASSWORD": "hunter2"})
    assert not place.canary.exists()


def test_what_the_environment_of_acmewrap_names_is_not_run_by_acme_sh(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hostile = tmp_path / "hostile"
    for name in ("code", "deploy/ssh", "deploy/ssh.sh", "account.conf", ".curlrc", ".profile", "openssl.cnf", "curl"):
        place.plant(name, hostile)
        (hostile / name).chmod(0o755)
    for name in ("BASH_ENV", "ENV", "ACCOUNT_CONF_PATH", "OPENSSL_CONF", "CA_CONF", "DOMAIN_CONF"):
        monkeypatch.setenv(name, str(hostile / "code"))
    for name in ("_SCRIPT_HOME", "LE_WORKING_DIR", "LE_CONFIG_HOME", "HOME", "CURL_HOME", "TMPDIR"):
        monkeypatch.setenv(name, str(hostile))
    monkeypatch.setenv("PATH", f"{hostile}:{os.environ['PATH']}")
    monkeypatch.chdir(hostile)
    place.acme.deploy(NAME, "ssh", variables={"OWN_PASSWORD": "hunter2"})
    assert not place.canary.exists()
