"""What tests share: a home of their own, the pinned acme.sh, and the real counterparts of :mod:`acmewrap.testing`.

README.md beside this file says how the tests are laid out and selected.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import sys
from pathlib import Path
from typing import Any, Generator, Iterator, List, Mapping

import pytest
from hypothesis import HealthCheck, settings

from acmewrap import unexpected
from acmewrap.config.model import DEFAULT_RELEASE
from acmewrap.driver.release import installation
from acmewrap.testing.challenge import ChallengeServer
from acmewrap.testing.dsm import DsmSimulator
from acmewrap.testing.pebble import Pebble
from acmewrap.testing.webserver import WebServer
from forkserver import close_forkserver
from provisioned import CERTIFICATES, HEAD, Machine
from releases import VARIABLE, AcmeShRelease, left_out, unpacked
from unit_guard import UnitGuard, said

TESTS = Path(__file__).resolve().parent
REPOSITORY = TESTS.parent

# `quick` tries the same examples each time, so that a failure is that of a change; `full` (`make test-all`) looks for new ones.
_TOO_SLOW = [HealthCheck.too_slow]  # whatever is timed on a busy machine
settings.register_profile("quick", max_examples=50, derandomize=True, deadline=None, suppress_health_check=_TOO_SLOW)
settings.register_profile("full", max_examples=10_000, deadline=None, suppress_health_check=_TOO_SLOW)
settings.load_profile("quick")

# Hundreds of interpreters are started, and each would compile all of acmewrap, each worker all of the tests.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

GUARD = UnitGuard()


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """What a file does when it is imported counts as well."""
    with GUARD.listening(TESTS / "unit" in collector.path.parents) as attempts:
        report = yield
    if attempts:
        report.outcome, report.longrepr = "failed", said(attempts)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    with GUARD.watching(is_unit(item)):
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    with GUARD.watching(is_unit(item)):
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    with GUARD.watching(is_unit(item)):
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A worker ends when a report holds what is no Unicode text, which some tests are about."""
    report = yield
    report.sections = [(name, as_utf_8(text)) for name, text in report.sections]
    if report.longrepr is not None and as_utf_8(str(report.longrepr)) != str(report.longrepr):
        report.longrepr = as_utf_8(str(report.longrepr))
    return report


def as_utf_8(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def is_unit(item: pytest.Item) -> bool:
    return TESTS / "unit" in item.path.parents


# Files whose tests change the same thing of the machine, such as a crontab, and so do not run side by side.
NOT_BESIDE = {"tests/process/test_crontab_command.py": "tests/e2e/test_cron.py"}


def pytest_collection_modifyitems(items: List[pytest.Item]) -> None:
    """Workers must find the same names, and an address is another in each: the run would end before its first test."""
    addressed = [item.nodeid for item in items if re.search(r" at 0x[0-9a-f]{6,}", item.nodeid)]
    if addressed:
        raise pytest.UsageError(f"the name of a test holds an address, give its parameters ids: {addressed[0]}")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """A file's tests are given to one worker, in their order: they share what its fixtures made, and long ones come first.

    ``--dist loadgroup`` would do, but pytest-xdist 3.8 does not see the groups with pytest 9.
    """
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):  # type: ignore[misc]  # which has no types
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.split("::", maxsplit=1)[0]
            return NOT_BESIDE.get(file, file)

    config.option.loadscopereorder = False
    return ByFile(config, log)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Twice the processors: half of the tests wait, for acme.sh's pauses, cron's minute, or the end of a life."""
    return 2 * (os.cpu_count() or 1)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that asks for ``acme_sh`` runs with the default release, and marked ``release`` with each other one there is."""
    if "acme_sh" in metafunc.fixturenames:
        others = [pytest.param(version, marks=pytest.mark.release(version)) for version in sorted(unpacked())]
        metafunc.parametrize("acme_sh", [DEFAULT_RELEASE, *others], indirect=True, scope="session")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if not config.getoption("markexpr") and left_out():
        reason = f"${VARIABLE} names no folder that has them"
        terminalreporter.write_line(f"releases of acme.sh left out: {', '.join(left_out())} ({reason})", yellow=True)


@pytest.fixture(scope="session")
def machine_environment() -> Mapping[str, str]:
    """The environment as it was before the net below, for tools such as pip that may need the machine's settings."""
    return dict(os.environ)


@pytest.fixture(scope="session")
def cache() -> Path:
    """A folder that outlives the run, so that things are downloaded once; git ignores it."""
    folder = REPOSITORY / ".cache"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session", autouse=True)
def _heed_interruptions() -> Iterator[None]:
    """A shell has SIGINT ignored in what it starts in the background, and children inherit that: here they must heed it."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session", autouse=True)
def _forkserver() -> Iterator[None]:
    yield
    close_forkserver()


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, machine_environment: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the user who runs the tests is read or written."""
    home = tmp_path / "home"
    monkeypatch.setenv("HOME", str(home))
    for name, folder in (
        ("CONFIG", ".config"),
        ("CACHE", ".cache"),
        ("DATA", ".local/share"),
        ("STATE", ".local/state"),
    ):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(home / folder))
    for name in machine_environment:
        if name.startswith(("ACMEWRAP_", "SYNO_", "LE_", "XDG_RUNTIME")) or name == "CREDENTIALS_DIRECTORY":
            monkeypatch.delenv(name)
    monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.1")
    home.mkdir()


@pytest.fixture(scope="module")
def nothing_unexpected() -> Iterator[None]:
    """For tests in which anything may be read: somebody has thought of it, and the last catch has nothing to do."""
    caught: List[BaseException] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(unexpected, "_write", lambda error, *_: caught.append(error))
        yield
    assert caught == []


@pytest.fixture
def fast_sleep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder, first in PATH, whose ``sleep`` takes a tenth of a second; acme.sh sleeps for 4 s in each good issue."""
    folder = tmp_path / "fast-sleep"
    folder.mkdir()
    shim = folder / "sleep"
    shim.write_text("#!/bin/sh\nexec /bin/sleep 0.1\n", encoding="ascii")
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return folder


@pytest.fixture(scope="session")
def acme_sh_311(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the pinned acme.sh 3.1.1 (``acme.sh``, ``deploy/``, ``dnsapi/``, ``notify/``): a copy that tests may change."""
    installed = installation.install_acme_sh("3.1.1", cache / "acme.sh", cache=cache / "releases")
    folder = tmp_path_factory.mktemp("pinned") / "acme.sh"
    shutil.copytree(str(installed.path), str(folder))
    return folder


@pytest.fixture(scope="session")
def issued_home(
    tmp_path_factory: pytest.TempPathFactory, acme_sh_311: Path, pebble: Pebble, webserver: WebServer
) -> Path:
    """What `issue` leaves of the certificate in ``provisioned.CERTIFICATES``, for :meth:`Machine.adopt`: issuing costs seconds."""
    folder = tmp_path_factory.mktemp("issued") / "machine"
    machine = Machine(folder, acme_sh_311, pebble, webserver, DsmSimulator())
    machine.configure(HEAD + CERTIFICATES.partition("    deploy:")[0])
    machine.prepare()
    return folder / ".acme.sh"


@pytest.fixture(scope="session")
def acme_sh(
    request: pytest.FixtureRequest, acme_sh_311: Path, tmp_path_factory: pytest.TempPathFactory
) -> AcmeShRelease:
    """Each release that is to be had, see :func:`pytest_generate_tests`."""
    version = str(request.param)
    if version == DEFAULT_RELEASE:
        return AcmeShRelease(version, acme_sh_311)
    folder = tmp_path_factory.mktemp("release") / "acme.sh"
    shutil.copytree(str(unpacked()[version]), str(folder))
    return AcmeShRelease(version, folder)


@pytest.fixture(scope="session")
def dns(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChallengeServer]:
    """Every name lies at 127.0.0.1; what a test sets, it clears."""
    with ChallengeServer(tmp_path_factory.mktemp("dns")) as server:
        yield server


@pytest.fixture(scope="session")
def webserver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    """Serves ``webserver.root`` on the port where ``pebble`` looks for http-01 challenges."""
    with WebServer(tmp_path_factory.mktemp("webserver")) as server:
        yield server


@pytest.fixture(scope="session")
def pebble(dns: ChallengeServer, webserver: WebServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pebble]:
    """An authority that issues for a day, as private ones do."""
    folder = tmp_path_factory.mktemp("pebble")
    with Pebble(folder, dns=dns.address, http_port=webserver.port, validity_seconds=86400) as server:
        yield server
