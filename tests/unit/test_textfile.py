"""The file that node_exporter reads, and that keeps the sums of the runs before."""

from __future__ import annotations

from pathlib import Path

from acmewrap.monitoring import exposition, textfile
from acmewrap.system.reading import LIMIT


def test_a_file_about_thousands_of_certificates_is_read_back_whole(tmp_path: Path) -> None:
    path, runs = str(tmp_path / "acmewrap.prom"), {'acmewrap_run_last_exit_code{config="x"}': "0"}
    ready = {exposition.series("acmewrap_certificate_ready", certificate=str(one)): "1" for one in range(LIMIT // 40)}
    certificates = exposition.render(ready)
    assert len(certificates) > LIMIT
    textfile.store(path, "/etc/acmewrap.yaml", runs, certificates)
    assert textfile.load(path, "/etc/acmewrap.yaml") == (runs, certificates)
