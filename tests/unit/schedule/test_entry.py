"""What a scheduler is to start."""

from __future__ import annotations

import shlex
import stat
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, List

import pytest

import acmewrap
from acmewrap.config import Config
from acmewrap.config.challenges import Dns, Standalone, Webroot
from acmewrap.config.model import Schedule, Target
from acmewrap.errors import ConfigurationError
from acmewrap.schedule import backends, entry
from wanted import make_config


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return make_config(directory=tmp_path / "acme", schedule=Schedule(daily=(1, 2)))


@pytest.fixture
def downloaded(tmp_path: Path, config: Config, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The single file, started by a relative name from where it was downloaded to."""
    config.directory.mkdir()
    path = tmp_path / "downloads" / "acmewrap.pyz"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("__main__.py", "")
    monkeypatch.chdir(path.parent)
    monkeypatch.setattr(sys, "argv", ["acmewrap.pyz", "apply"])
    return path


def test_an_installed_acmewrap_is_started_by_its_python(config: Config) -> None:
    package = Path(acmewrap.__file__).parent
    words = (sys.executable, "-I", str(package / "__main__.py"), "--config", "/srv/acme/acmewrap.yaml", "cron")
    assert entry.commands(config) == (words,)
    assert entry.is_placed(config)


def test_the_single_file_is_copied_to_where_it_stays(downloaded: Path, config: Config) -> None:
    place = config.directory / "acmewrap.pyz"
    assert entry.invocation() == (sys.executable, "-I", str(downloaded))
    assert entry.commands(config)[0][:3] == (sys.executable, "-I", str(place))
    assert not entry.is_placed(config)
    entry.place(config)
    assert entry.is_placed(config)
    assert place.read_bytes() == downloaded.read_bytes()
    assert stat.S_IMODE(place.stat().st_mode) == 0o700


def test_a_newer_single_file_replaces_the_older_one(downloaded: Path, config: Config) -> None:
    entry.place(config)
    with zipfile.ZipFile(downloaded, "a") as archive:
        archive.writestr("newer", "")
    assert not entry.is_placed(config)
    entry.place(config)
    assert entry.is_placed(config)


def test_a_schedule_of_wrappers_needs_no_copy(downloaded: Path, config: Config) -> None:
    wrapper = replace(config, schedule=Schedule(daily=(1, 2), run="wrapper"))
    assert downloaded.exists()
    assert entry.is_placed(wrapper)
    assert entry.commands(wrapper) == ((str(config.directory / "acme.sh"), "--cron"),)


def test_the_script_sends_both_streams_to_the_log(config: Config) -> None:
    words = shlex.split(entry.script(config))
    assert words[:2] == ["/bin/bash", "-c"]
    assert f"log={config.directory}/task.log;" in words[2]
    assert words[2].endswith("cron )")
    assert len(words) == 3


def writable(config: Config) -> List[str]:
    return [str(path) for path in entry.systemd_units(config, {}).writable]


def test_a_timers_service_may_write_to_all_that_the_file_names(tmp_path: Path, config: Config) -> None:
    hook = Target("proxy", "haproxy", env={"DEPLOY_HAPROXY_PEM_PATH": "/etc/haproxy/tls/site.pem", "OTHER": "x"})
    nas = replace(config.certificates["nas"], challenges=(Webroot(Path("/srv/web")),), targets=(hook,))
    far = replace(config.authorities["internal"], home=tmp_path / "elsewhere" / ".acme.sh")
    wanted = replace(config, certificates={"nas": nas}, authorities={"internal": far})
    assert writable(wanted) == [str(config.directory), "/srv/web", str(far.home), "/etc/haproxy/tls"]


def test_low_ports_are_asked_for_only_by_challenges_that_listen(config: Config) -> None:
    for challenge, listens in ((Standalone(), True), (Dns("dns_nsupdate"), False)):
        nas = replace(config.certificates["nas"], challenges=(challenge,))
        assert entry.systemd_units(replace(config, certificates={"nas": nas}), {}).listens == listens


def test_each_file_has_units_of_its_own() -> None:
    names = {entry.unit_name(Path(path)) for path in ("/etc/acmewrap/config.yaml", "/etc/acmewrap/other.yaml")}
    assert names == {"acmewrap-etc-acmewrap-config", "acmewrap-etc-acmewrap-other"}


LINE = "x\n* * * * * root true"


@pytest.mark.parametrize("by", ["crontab", "systemd", "dsm"])
@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"file": Path(f"/srv/{LINE}.yaml")}, id="file"),
        pytest.param({"directory": Path(f"/srv/{LINE}")}, id="folder"),
        pytest.param({"schedule": Schedule(daily=(1, 2), log=Path(f"/srv/{LINE}"))}, id="log"),
        pytest.param({"schedule": Schedule(daily=(1, 2), mail=LINE)}, id="mail"),
    ],
)
def test_a_configuration_made_in_code_puts_no_other_line_into_a_scheduler(
    config: Config, by: Any, change: Dict[str, Any]
) -> None:
    changed = replace(config, **change)
    assert changed.schedule is not None
    changed = replace(changed, schedule=replace(changed.schedule, by=by))
    with pytest.raises(ConfigurationError, match="holds a control character"):
        backends.open_scheduler(changed, {})
