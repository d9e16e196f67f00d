"""The real node_exporter, Prometheus and promtool on what acmewrap writes, and on the alerts that are shipped."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, Set

import pytest

from acmewrap import Job
from acmewrap.testing.counterpart import free_port
from monitored import DAY, Site, make_site

pytestmark = (
    pytest.mark.slow
)  # foreign programs, which `make test` does not install; the names are held by test_monitoring_page.py

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "prometheus"
METRICS = "monitoring: {{metrics: {{textfile: '{folder}/collector/acmewrap.prom'}}}}"


def test_the_alerts_that_are_shipped_fire_when_they_should_and_not_otherwise() -> None:
    for words in (("check", "rules", "acmewrap.rules.yaml"), ("test", "rules", "acmewrap.rules.test.yaml")):
        done = subprocess.run(["promtool", *words], cwd=EXAMPLES, check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def test_promtool_has_nothing_to_say_about_the_metrics(tmp_path: Path) -> None:
    site = make_site(tmp_path / "site", METRICS)
    Job(site.config).cron()
    text = site.textfile.read_bytes()
    done = subprocess.run(["promtool", "check", "metrics"], input=text, check=False, capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@contextlib.contextmanager
def running(*argv: str) -> Iterator[None]:
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as one:
        try:
            yield
        finally:
            one.kill()


def fetch(url: str) -> str:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=5) as answer:
        return str(answer.read().decode("utf-8"))


def eventually(look: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while True:
        with contextlib.suppress(OSError):
            if look():
                return
        assert time.monotonic() < deadline, "in vain"
        time.sleep(0.2)


def test_node_exporter_shows_the_file_and_prometheus_raises_what_it_says(tmp_path: Path) -> None:
    """As another user than the one who writes, where root runs this: the mode of the file counts."""
    site = make_site(tmp_path / "site", METRICS)
    other = make_site(tmp_path / "other", METRICS.replace("{folder}/collector/", f"{site.textfile.parent}/other-"))
    before = os.umask(0o077)
    try:
        Job(site.config).cron()
        Job(other.config).cron()
    finally:
        os.umask(before)
    rules = tmp_path / "rules.yaml"  # as shipped, without waiting an hour
    shipped = (EXAMPLES / "acmewrap.rules.yaml").read_text(encoding="utf-8")
    rules.write_text(shipped.replace("for: 1h", "for: 1s").replace("for: 2h", "for: 1s"), encoding="utf-8")
    exporter, server = free_port(), free_port()
    (tmp_path / "prometheus.yaml").write_text(
        f"global: {{scrape_interval: 1s, evaluation_interval: 1s}}\nrule_files: [{rules}]\n"
        f"scrape_configs: [{{job_name: node, static_configs: [{{targets: ['127.0.0.1:{exporter}']}}]}}]\n",
        encoding="utf-8",
    )
    for path in (tmp_path, *tmp_path.parents):
        if path.stat().st_uid == os.geteuid() and "pytest" in str(path):
            path.chmod(0o755)
    site.folder.chmod(0o755)
    as_nobody = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups") if os.geteuid() == 0 else ()
    collector = f"--collector.textfile.directory={site.textfile.parent}"
    flags = ("--collector.disable-defaults", "--collector.textfile", collector)
    export = (*as_nobody, "prometheus-node-exporter", *flags, f"--web.listen-address=127.0.0.1:{exporter}")
    scrape = (
        "prometheus",
        f"--config.file={tmp_path}/prometheus.yaml",
        f"--storage.tsdb.path={tmp_path}/data",
        f"--web.listen-address=127.0.0.1:{server}",
    )
    with running(*export), running(*scrape):
        eventually(lambda: "acmewrap_run_last_exit_code" in fetch(f"http://127.0.0.1:{exporter}/metrics"))
        shown = fetch(f"http://127.0.0.1:{exporter}/metrics")
        assert "node_textfile_scrape_error 0" in shown
        files = list(
            site.textfile.parent.iterdir()
        )  # of two whose series are the same, or a HELP differs, one would be lost
        assert len(files) == 2
        written = [one for file in files for one in families(file.read_text(encoding="utf-8"))]
        assert sorted(written) == sorted(families(shown))

        def firing() -> Set[str]:
            found: Dict[str, Any] = json.loads(fetch(f"http://127.0.0.1:{server}/api/v1/alerts"))
            return {one["labels"]["alertname"] for one in found["data"]["alerts"] if one["state"] == "firing"}

        def known() -> bool:
            query = f"http://127.0.0.1:{server}/api/v1/query?query=acmewrap_run_last_exit_code"
            return bool(json.loads(fetch(query))["data"]["result"])

        eventually(known)
        time.sleep(3)  # three evaluations
        assert firing() == set()
        make_it_bad(site)
        bad = {"AcmewrapRunMissed", "AcmewrapCertificateExpired", "AcmewrapDeploymentPending", "AcmewrapRunFailed"}
        eventually(lambda: firing() == bad)


def make_it_bad(site: Site) -> None:
    """An expired certificate that is not the one installed, a run that failed, the last of all three days ago."""
    site.store(left=-DAY)
    Job(site.config, clock=lambda: time.time() - 3 * DAY).cron()
    Job(site.config).deploy("nas")  # of which the times of the run know nothing


def families(text: str) -> Iterator[str]:
    """The metric of each of our series; node_exporter writes labels and numbers in its own way."""
    return (line.partition("{")[0] for line in text.splitlines() if line.startswith("acmewrap_"))
