"""The folder for tokens, made by a user who needs sudo for it. The sudo here lifts one restriction instead of all."""

from __future__ import annotations

import grp
import os
from pathlib import Path
from typing import Callable, Iterator, List, Tuple

import pytest
import sh  # loaded before the rights to read it are gone  # noqa: F401

from acmewrap.errors import AccessError
from acmewrap.failures import failure
from acmewrap.host import webroot
from acmewrap.system import files
from unprivileged import NOBODY, folder_of_nobody, run_unprivileged

SUDO = """\
#!/bin/sh
echo "$*" >>{log}
[ "$1" = -n ] || exit 97
shift
chmod u+w {parent}
"$@"
code=$?
chmod u-w {parent}
exit $code
"""


class Ground:
    """``parent`` cannot be written to without the sudo in ``tools``."""

    def __init__(self, folder: Path) -> None:
        self.parent, self.tools, self.log = folder / "var", folder / "tools", folder / "sudo.log"
        for path in (self.parent, self.tools):
            path.mkdir(mode=0o755)
        self.own(self.parent)
        self.output = folder / "output"
        sudo = self.tools / "sudo"
        sudo.write_text(SUDO.format(log=self.log, parent=self.parent), encoding="ascii")
        sudo.chmod(0o755)

    def own(self, path: Path) -> None:
        if os.geteuid() == 0:
            os.chown(str(path), NOBODY, NOBODY)

    def close(self) -> None:
        self.parent.chmod(0o555)

    def prepare(self, path: Path) -> int:
        def work() -> int:
            os.umask(0o077)
            try:
                webroot.prepare(path)
            except AccessError as error:
                print(error.id, error.remedy)
                return 77
            return 0 if webroot.inspect(path) == "ready" else 1

        return run_unprivileged(work, self.output)

    def asked(self) -> List[str]:
        return self.log.read_text(encoding="utf-8").splitlines() if self.log.exists() else []


@pytest.fixture
def ground(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    with folder_of_nobody() as folder:
        found = Ground(folder)
        monkeypatch.setenv("PATH", f"{found.tools}:{os.environ['PATH']}")
        monkeypatch.setattr("sys.stdin", open(os.devnull, encoding="ascii"))  # noqa: SIM115 - closed below
        yield found
        import sys

        sys.stdin.close()


WEB_SERVER = 12345  # a group that only root can give something to


@pytest.fixture
def web_group(monkeypatch: pytest.MonkeyPatch) -> None:
    """The group of DSM's web server, on a machine that has none."""

    def getgrnam(name: str) -> grp.struct_group:
        return grp.struct_group((name, "x", {"http": WEB_SERVER}[name], []))

    monkeypatch.setattr("acmewrap.host.webroot.grp.getgrnam", getgrnam)


def modes(path: Path) -> List[int]:
    return [one.stat().st_mode & 0o777 for one in (path, path / ".well-known", path / ".well-known" / "acme-challenge")]


def test_where_the_user_may_write_no_sudo_is_asked(ground: Ground) -> None:
    path = ground.parent / "letsencrypt"
    assert ground.prepare(path) == 0, ground.output.read_text(encoding="utf-8")
    assert ground.asked() == []
    assert modes(path) == [0o755] * 3


def test_where_the_user_may_not_write_sudo_makes_it_and_gives_it_to_the_user(ground: Ground) -> None:
    ground.close()
    path = ground.parent / "letsencrypt"
    assert ground.prepare(path) == 0, ground.output.read_text(encoding="utf-8")
    assert [line.split()[:2] for line in ground.asked()] == [["-n", "mkdir"], ["-n", "chmod"], ["-n", "chown"]]
    assert modes(path) == [0o755] * 3  # for the web server, whatever the umask of who asks


@pytest.mark.usefixtures("web_group")
def test_what_is_made_belongs_to_the_group_of_dsms_web_server(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    given: List[Tuple[str, int, int]] = []

    def chown(path: Path, user: int, group: int, *, follow_symlinks: bool) -> None:
        assert not follow_symlinks
        given.append((str(path), user, group))

    monkeypatch.setattr("os.chown", chown)
    path = ground.parent / "letsencrypt"
    webroot.prepare(path)
    made = [path, path / ".well-known", path / ".well-known" / "acme-challenge"]
    assert given == [(str(one), -1, WEB_SERVER) for one in made]


@pytest.mark.usefixtures("web_group")
def test_root_who_works_as_a_user_gives_it_to_that_user_and_the_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: List[Tuple[str, int, int]] = []
    made, make_folder = [tmp_path / "site/.well-known", tmp_path / "site/.well-known/acme-challenge"], files.make_folder

    def as_root(work: Callable[[], None]) -> None:
        monkeypatch.setattr(files, "make_folder", make_folder)
        work()

    def refuse(*_: object) -> None:
        raise AccessError(failure("file.failed", "only root may", path=made[0]))

    def fchown(handle: int, user: int, group: int) -> None:
        given.append((os.readlink(f"/proc/self/fd/{handle}"), user, group))

    (tmp_path / "site").mkdir()
    monkeypatch.setattr(files, "make_folder", refuse)
    monkeypatch.setattr("acmewrap.system.privileges.may_be_root", lambda: True)
    monkeypatch.setattr("acmewrap.system.privileges.as_root", as_root)
    monkeypatch.setattr("os.fchown", fchown)
    webroot.prepare(tmp_path / "site")
    assert given == [(str(one), os.geteuid(), WEB_SERVER) for one in reversed(made)]


@pytest.mark.usefixtures("web_group")
def test_sudo_gives_it_to_the_user_and_to_the_group_of_dsms_web_server(ground: Ground) -> None:
    ground.close()
    (ground.tools / "sudo").write_text(
        SUDO.format(log=ground.log, parent=ground.parent).replace('"$@"', '[ "$1" = chown ] || "$@"')
    )
    assert ground.prepare(ground.parent / "letsencrypt") == 0, ground.output.read_text(encoding="utf-8")
    (chown,) = (line.split() for line in ground.asked() if "chown" in line)
    assert chown[2] == f"{NOBODY if os.geteuid() == 0 else os.geteuid()}:http"


def test_a_webroot_that_was_there_keeps_its_mode_and_its_owner(ground: Ground) -> None:
    path = ground.parent / "site"
    path.mkdir()
    ground.own(path)
    (path / "index.html").write_text("hello", encoding="ascii")
    path.chmod(0o550)
    ground.close()
    sudo = ground.tools / "sudo"
    sudo.write_text(SUDO.format(log=ground.log, parent=path), encoding="ascii")
    assert ground.prepare(path) == 0, ground.output.read_text(encoding="utf-8")
    assert modes(path) == [0o550, 0o755, 0o755]
    changes = [line for line in ground.asked() if "chown" in line or "chmod" in line]
    assert not any(word in (str(path), "-R") for line in changes for word in line.split())


def test_without_sudo_it_is_told_what_to_do(ground: Ground) -> None:
    ground.close()
    (ground.tools / "sudo").write_text("#!/bin/sh\necho 'a password is required' >&2\nexit 1\n", encoding="ascii")
    path = ground.parent / "letsencrypt"
    assert ground.prepare(path) == 77
    reported = ground.output.read_text(encoding="utf-8")
    assert "webroot.not_writable" in reported
    assert f"sudo mkdir -p {path}" in reported


def test_a_sudo_that_reports_success_and_does_nothing_is_not_believed(ground: Ground) -> None:
    ground.close()
    (ground.tools / "sudo").write_text("#!/bin/sh\nexit 0\n", encoding="ascii")
    assert ground.prepare(ground.parent / "letsencrypt") == 77
