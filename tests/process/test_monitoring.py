"""Who hears of runs: real requests to a real receiver, and the file that node_exporter reads."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Iterator, List, Optional

import pytest

from acmewrap import Certificate, Config, ExitCode, Job, Run, Stored, paths
from acmewrap.cli import main
from acmewrap.engine import history
from acmewrap.engine.noop_cache import find_note
from acmewrap.errors import AcmewrapError
from acmewrap.failures import failure
from acmewrap.monitoring import services
from acmewrap.report import document
from json_schema import accepts
from monitored import DAY, Receiver, Site, make_site, samples

METRICS = "metrics: {{textfile: '{folder}/collector/acmewrap.prom'}}"
PINGS = "healthchecks: {{ping_url: {{file: ping.url}}}}"
BOTH = f"monitoring: {{{{{METRICS}, {PINGS}}}}}"
REAL = time.time
REPOSITORY = Path(__file__).resolve().parents[2]


def later() -> float:
    """After all files have settled, so that what was found is relied upon."""
    return REAL() + 10


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


@pytest.fixture
def site(tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    site = make_site(tmp_path / "site", BOTH)
    site.secret("ping.url", f"{receiver.url}/secret-uuid")
    return site


def run(site: Site) -> Run:
    return Job(site.config, clock=later).cron()


def quick(site: Site, monkeypatch: pytest.MonkeyPatch) -> int:
    """The command line when nothing is to do and that is known; it is not the full run that comes to this."""
    with monkeypatch.context() as patch:
        patch.setattr("time.time", later)
        patch.setattr("acmewrap.job.Job.cron", lambda *_: pytest.fail("the note was not relied upon"))
        return main(["--config", str(site.file), "cron"])


def test_pings_tell_a_run_that_did_something_one_that_did_nothing_and_one_that_failed(
    site: Site, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = run(site)
    assert (done.exit_code, done.monitoring) == (ExitCode.OK, ())
    (start, finish) = receiver.got
    assert (start.path, finish.path) == ("/secret-uuid/start", "/secret-uuid")
    assert start.rid == finish.rid
    assert [len(part) for part in start.rid.split("-")] == [8, 4, 4, 4, 12]
    assert (start.body, finish.body) == ("", "")
    receiver.got.clear()
    run(site)
    assert receiver.paths() == ["/secret-uuid"]
    assert quick(site, monkeypatch) == 0
    assert receiver.paths() == ["/secret-uuid"]
    site.store(left=-DAY)  # and nobody listens where another one would come from
    assert run(site).exit_code == ExitCode.UNREACHABLE
    assert receiver.paths() == ["/secret-uuid/start", f"/secret-uuid/{int(ExitCode.UNREACHABLE)}"]


def test_metrics_are_written_by_each_run_whatever_came_of_it(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    run(site)
    first = samples(site.textfile)
    assert first['acmewrap_operations_total{operation="deploy",outcome="done"}'] == 1
    assert first['acmewrap_target_in_sync{name="nas",target="files"}'] == 1
    assert first['acmewrap_certificate_ready{name="nas"}'] == 1
    assert first["acmewrap_run_last_exit_code"] == 0
    assert first["acmewrap_schedule_interval_seconds"] == DAY
    run(site)
    assert samples(site.textfile)['acmewrap_operations_total{operation="deploy",outcome="done"}'] == 1
    times = [name for name in first if "_run_last_" in name and name.endswith("timestamp_seconds")]
    assert len(times) == 3
    before = site.textfile.read_text(encoding="utf-8")
    for name in times:
        at = str(int(first[name]))
        before = before.replace(at, "1000000000")
    site.textfile.write_text(before, encoding="utf-8")
    assert quick(site, monkeypatch) == 0
    assert all(abs(samples(site.textfile)[name] - later()) < 30 for name in times)
    site.store(left=-DAY)
    run(site)
    failed = samples(site.textfile)
    assert failed["acmewrap_run_last_exit_code"] == ExitCode.UNREACHABLE
    assert failed['acmewrap_errors_total{error_id="ca.unreachable"}'] == 1
    assert failed['acmewrap_certificate_ready{name="nas"}'] == 0
    assert failed["acmewrap_run_last_success_timestamp_seconds"] <= failed["acmewrap_run_last_timestamp_seconds"]


def test_the_file_is_public_whole_and_without_times_of_its_own(site: Site) -> None:
    before = os.umask(0o077)
    try:
        run(site)
    finally:
        os.umask(before)
    assert stat.S_IMODE(site.textfile.stat().st_mode) == 0o644
    assert [path.name for path in site.textfile.parent.iterdir()] == ["acmewrap.prom"]
    lines = [line for line in site.textfile.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    assert lines
    assert all(len(line.rpartition("}")[2].split()) == 1 for line in lines)  # a second number would be a time
    assert all(f'config="{site.file}"' in line for line in lines)


def test_what_node_exporter_might_read_is_whole_public_and_on_the_disk_before_it_has_its_name(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: List[int] = []
    moved: List[str] = []
    fsync, rename = os.fsync, os.rename

    def look(source: str, destination: str, **folders: int) -> None:
        status = os.stat(source, dir_fd=folders["src_dir_fd"])
        assert stat.S_IMODE(status.st_mode) == 0o644
        assert synced[-1] == status.st_size > 0
        assert not source.endswith(".prom")
        moved.append(destination)
        rename(source, destination, **folders)

    def sync(handle: int) -> None:
        synced.append(os.fstat(handle).st_size)
        fsync(handle)

    monkeypatch.setattr("os.fsync", sync)
    monkeypatch.setattr("os.rename", look)
    run(site)
    assert moved == ["acmewrap.prom"] * 2  # as it began, and at its end


def test_a_file_of_somebody_else_stays_as_it_is(site: Site) -> None:
    site.textfile.write_text("other 1\n", encoding="utf-8")
    done = run(site)
    assert [failure.id for failure in done.monitoring] == ["monitoring.metrics_file", "monitoring.metrics_file"]
    assert done.exit_code == ExitCode.OK
    assert site.textfile.read_text(encoding="utf-8") == "other 1\n"


def test_a_killed_run_is_seen_by_its_start(site: Site, receiver: Receiver) -> None:
    run(site)
    receiver.got.clear()
    site.store(left=-DAY)
    with site.file.open("a", encoding="utf-8") as stream:
        stream.write("commands: [{before: run, run: [/bin/sh, -c, 'kill -9 $PPID']}]\n")
    argv = [sys.executable, "-m", "acmewrap", "--config", str(site.file), "cron"]
    killed = subprocess.run(argv, check=False, capture_output=True, timeout=60)
    assert killed.returncode == -9
    assert receiver.paths() == ["/secret-uuid/start"]
    found = samples(site.textfile)
    assert found["acmewrap_run_last_exit_code"] == 0  # of the one before
    # The one before ran ten seconds ahead.
    assert found["acmewrap_run_last_start_timestamp_seconds"] > found["acmewrap_run_last_timestamp_seconds"] - 30


def test_a_run_that_a_signal_ended_is_in_the_history_with_what_it_had_done(site: Site, receiver: Receiver) -> None:
    """The certificate is installed, and the command that is told of it ends the run."""
    with site.file.open("a", encoding="utf-8") as stream:
        stream.write("commands: [{after: deploy, run: [/bin/sh, -c, 'kill -TERM $PPID; sleep 20']}]\n")
    argv = [sys.executable, "-m", "acmewrap", "--config", str(site.file), "cron"]
    ended = subprocess.run(argv, check=False, capture_output=True, timeout=60)
    assert ended.returncode == ExitCode.TERMINATED
    assert receiver.paths() == ["/secret-uuid/start"]  # in vain the service waits for more
    (past,) = history.read(site.config)
    assert (past.command, past.exit_code) == ("cron", ExitCode.TERMINATED)
    assert [failure.id for failure in past.failures] == ["run.interrupted"]
    assert [(step.kind, step.outcome) for step in past.steps] == [("deploy", "done")]


def test_a_run_with_nothing_to_do_reads_each_certificate_once(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    run(site)
    read, real = [], paths.read

    def counted(config: Config, certificate: Certificate) -> Optional[Stored]:
        read.append(certificate.name)
        return real(config, certificate)

    monkeypatch.setattr("acmewrap.paths.read", counted)
    run(site)
    assert read == ["nas"]


@pytest.mark.parametrize("way", ["refused", "slow", "error", "unreadable"])
def test_who_cannot_be_told_costs_no_exit_code_and_no_more_than_ten_seconds(
    site: Site, receiver: Receiver, way: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("acmewrap.monitoring.curl._ATTEMPT", 0.2)
    monkeypatch.setattr("acmewrap.monitoring.monitor.END_SECONDS", 1.5)
    expected = "monitoring.unreachable"
    if way == "refused":
        site.secret("ping.url", "http://127.0.0.1:1/secret-uuid")
    elif way == "slow":
        receiver.delay = 5
    elif way == "error":
        receiver.status, receiver.answer, expected = 404, "no secret-uuid here", "monitoring.refused"
    else:
        (site.folder / "ping.url").unlink()
        expected = "secret.unavailable"
    started = time.monotonic()
    assert main(["--config", str(site.file), "--json", "cron"]) == 0
    assert time.monotonic() - started < 10
    told = capsys.readouterr().out
    assert "secret-uuid" not in told
    printed = json.loads(told)
    assert accepts(document.schema(), printed)
    assert [one["id"] for one in printed["monitoring"]] == [expected, expected]
    assert (printed["outcome"], printed["steps"][0]["outcome"]) == ("ok", "done")
    found = samples(site.textfile)
    assert found['acmewrap_monitoring_success{service="healthchecks"}'] == 0
    assert found['acmewrap_monitoring_failures_total{service="healthchecks"}'] == 2


def test_a_quiet_run_warns_of_a_ping_that_was_not_taken(
    site: Site, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(site)
    run(site)
    receiver.status = 500
    monkeypatch.setattr("acmewrap.monitoring.heartbeat._SECONDS", 0.5)
    assert quick(site, monkeypatch) == 0
    assert "[monitoring.unreachable]" in capsys.readouterr().out
    assert samples(site.textfile)['acmewrap_monitoring_failures_total{service="healthchecks"}'] == 1


def test_a_quiet_run_imports_nothing_for_its_ping_and_its_metrics_that_takes_time(
    site: Site, receiver: Receiver
) -> None:
    run(site)
    run(site)
    receiver.got.clear()
    code = (
        "import os, sys, time; real = time.time; time.time = lambda: real() + 20\n"
        "before = set(sys.modules); from acmewrap.cli import main; main(sys.argv[1:]); print(*set(sys.modules) - before)"
    )
    argv = [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(REPOSITORY)!r}); {code}"]
    words = ["--config", str(site.file), "cron"]
    done = subprocess.run([*argv, *words], check=True, capture_output=True, text=True, timeout=60)
    said, modules = done.stdout.splitlines()
    assert (said, receiver.paths()) == ("Nothing to do.", ["/secret-uuid"])
    foreign = {name for name in modules.split() if not name.startswith("acmewrap")}
    assert foreign <= {"__future__", "errno", "gc", "select", "types"}
    assert "acmewrap.errors" not in modules.split()


def test_a_metrics_file_that_is_gone_is_made_anew(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    run(site)
    run(site)
    site.textfile.unlink()
    with monkeypatch.context() as patch:
        patch.setattr("time.time", later)
        assert main(["--config", str(site.file), "cron"]) == 0
    assert samples(site.textfile)['acmewrap_certificate_ready{name="nas"}'] == 1


def test_an_address_in_the_file_itself_is_written_down_nowhere_else(site: Site, receiver: Receiver) -> None:
    site.configure(f"monitoring: {{{{healthchecks: {{{{ping_url: '{receiver.url}/inline-secret'}}}}}}}}")
    site.store()
    run(site)
    run(site)
    assert receiver.paths() == ["/inline-secret/start", "/inline-secret", "/inline-secret"]
    assert find_note(str(site.file), dict(os.environ), later()) is None
    holders = [
        path for path in site.folder.parent.rglob("*") if path.is_file() and b"inline-secret" in path.read_bytes()
    ]
    assert holders == [site.file]


EVERYBODY = f"""\
monitoring:
  {METRICS}
  healthchecks: {{{{ping_url: {{{{file: ping.url}}}}, send_logs: yes}}}}
  ntfy: {{{{topic: nas, server: "URL", access_token: {{{{file: ntfy.token}}}}, states: [finish, fail]}}}}
  webhook: {{{{url: {{{{file: hook.url}}}}, token: {{{{file: hook.token}}}}}}}}
"""
CANARIES = {
    "ping.url": "secret-uuid",
    "ntfy.token": "tk_canary",
    "hook.url": "hook-canary",
    "hook.token": 'to"ken\\canary',
}


@pytest.fixture
def everybody(site: Site, receiver: Receiver) -> Site:
    site.configure(EVERYBODY.replace("URL", receiver.url))
    for name, secret in CANARIES.items():
        site.secret(name, f"{receiver.url}/{secret}" if name.endswith("url") else secret)
    return site


def test_messages_and_documents_go_to_who_wants_them(everybody: Site, receiver: Receiver) -> None:
    everybody.store(left=-DAY)
    run(everybody)
    got = {message.path: message for message in receiver.got}
    assert set(got) == {"/secret-uuid/start", f"/secret-uuid/{int(ExitCode.UNREACHABLE)}", "/", "/hook-canary"}
    assert "ca.unreachable" in got[f"/secret-uuid/{int(ExitCode.UNREACHABLE)}"].body
    message = json.loads(got["/"].body)
    assert (message["topic"], message["priority"]) == ("nas", 4)
    assert got["/"].headers["Authorization"] == "Bearer tk_canary"
    given = json.loads(got["/hook-canary"].body)
    assert accepts(document.schema(), given)
    assert (given["command"], given["exit_code"]) == ("cron", ExitCode.UNREACHABLE)
    assert got["/hook-canary"].headers["Authorization"] == 'Bearer to"ken\\canary'


def test_what_is_sent_has_no_more_bytes_than_services_take(everybody: Site) -> None:
    long = "\N{BLACK SQUARE}" * 900
    error = AcmewrapError(failure("ca.unreachable", long, [long] * 20))
    event = services.Event("rid", "fail", 1, error, lambda: "{}")
    assert everybody.config.monitoring is not None
    requests, _ = services.prepare(everybody.config.monitoring, event, {})
    ping, ntfy, _ = (str(request.body) for request in requests)
    assert 9_900 < len(ping.encode()) <= 10_000
    assert 4_000 < len(json.loads(ntfy)["message"].encode()) <= 4096


def test_secrets_are_in_no_argument_no_output_and_no_file_of_ours(
    everybody: Site, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Curl is one that shows what it was given and does its work."""
    tools = everybody.folder / "tools"
    tools.mkdir()
    curl = tools / "curl"
    curl.write_text(f'#!/bin/sh\necho "$@" >> {tools}/words\nexec /usr/bin/curl "$@"\n', encoding="utf-8")
    curl.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    receiver.status, receiver.answer = 403, f"no {' '.join(CANARIES.values())}"
    monkeypatch.setattr("acmewrap.monitoring.monitor.END_SECONDS", 2.0)
    file = str(everybody.file)
    for words in (["cron"], ["--json", "cron"], ["status", "--format", "prometheus"], ["monitoring", "test"]):
        main(["--config", file, *words])
    said = capsys.readouterr()
    arguments = (tools / "words").read_text(encoding="utf-8")
    assert set(arguments.splitlines()) == {"-q --config -"}
    own = [path for path in everybody.folder.parent.rglob("*") if path.is_file() and path.name not in CANARIES]
    for secret in CANARIES.values():
        assert secret not in said.out + said.err
        assert [path for path in own if secret.encode() in path.read_bytes()] == []


@contextlib.contextmanager
def black_hole() -> Iterator[str]:
    """An address at which no connection is ever made: its queue is full."""
    with contextlib.ExitStack() as stack:
        listening = stack.enter_context(socket.socket())
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listening.getsockname())
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


@pytest.mark.slow  # it waits for as long as a user would
@pytest.mark.parametrize("way", ["down", "slow", "black hole"])
def test_all_services_together_add_less_than_ten_seconds_as_it_is_shipped(
    everybody: Site, receiver: Receiver, way: str
) -> None:
    with black_hole() as hole:
        url = {"down": "http://127.0.0.1:1", "slow": receiver.url, "black hole": hole}[way]
        receiver.delay = 20
        everybody.configure(EVERYBODY.replace("URL", url))
        for name in ("ping.url", "hook.url"):
            everybody.secret(name, f"{url}/{CANARIES[name]}")
        started = time.monotonic()
        done = run(everybody)
        took = time.monotonic() - started
    (sent,) = [one for one in done.results if one.step.kind == "deploy"]
    assert done.exit_code == ExitCode.OK
    assert {one.id for one in done.monitoring} == {"monitoring.unreachable"}
    assert len(done.monitoring) == 4  # the start, and three ends
    assert took - sent.seconds < 10


def test_a_test_shows_what_each_service_answered(
    everybody: Site, receiver: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(everybody.file)
    assert main(["--config", file, "monitoring", "test", "--dry-run"]) == 0
    assert receiver.got == []
    assert main(["--config", file, "monitoring", "test"]) == 0
    assert "ntfy: ok HTTP 200 OK" in capsys.readouterr().out
    assert sorted(receiver.paths()) == ["/", "/hook-canary", "/secret-uuid"]
    receiver.status = 401
    assert main(["--config", file, "--json", "monitoring", "test"]) == 1
    printed = json.loads(capsys.readouterr().out)
    assert accepts(document.schema(), printed)
    ids = {one["service"]: one["failure"] and one["failure"]["id"] for one in printed["sent"]}
    refused = "monitoring.refused"
    assert ids == {"metrics": None, "healthchecks": refused, "ntfy": refused, "webhook": refused}


def test_status_prints_the_metrics_of_the_file(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    run(site)
    assert main(["--config", str(site.file), "status", "--format", "prometheus"]) == 0
    printed = capsys.readouterr().out
    assert printed == site.textfile.read_text(encoding="utf-8").partition("\n")[2]
    assert Job(site.config).metrics() == printed


def test_check_refuses_what_could_not_be_sent_or_read(everybody: Site, capsys: pytest.CaptureFixture[str]) -> None:
    file = str(everybody.file)

    def problems() -> List[str]:
        code = main(["--config", file, "check"])
        lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith(file)]
        assert (code == 0) == (not lines)
        return [line.split(": ")[1] for line in lines]

    for path in (everybody.folder, *everybody.folder.parents):
        if path.stat().st_uid == os.geteuid() and "pytest" in str(path):
            path.chmod(0o755)
    assert problems() == []
    (everybody.folder / "ntfy.token").unlink()
    everybody.secret("hook.url", "hook.example.com")
    everybody.textfile.parent.chmod(0o700)
    assert problems() == ["monitoring.metrics.textfile", "monitoring.ntfy.access_token", "monitoring.webhook.url"]
    everybody.textfile.parent.rmdir()
    assert "monitoring.metrics.textfile" in problems()


def test_runs_of_one_certificate_tell_nobody_and_renew_what_is_said_of_it(site: Site, receiver: Receiver) -> None:
    done = Job(site.config, clock=later).deploy("nas")
    assert done.changed
    assert receiver.got == []
    found = samples(site.textfile)
    assert found['acmewrap_target_in_sync{name="nas",target="files"}'] == 1
    assert "acmewrap_run_last_timestamp_seconds" not in found


def test_without_the_section_nothing_of_it_is_imported(site: Site) -> None:
    site.configure("")
    code = "import sys; from acmewrap.cli import main; main(sys.argv[1:]); print(*sys.modules)"
    argv = [sys.executable, "-c", code, "--config", str(site.file), "cron"]
    done = subprocess.run(argv, check=True, capture_output=True, text=True, timeout=60)
    assert "acmewrap.monitoring" not in done.stdout.splitlines()[-1]
