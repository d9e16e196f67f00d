"""Where acme.sh comes from, with a server of this process in place of the release's own."""

from __future__ import annotations

import gzip
import hashlib
import io
import logging
import socket
import tarfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Collection, Dict, Iterator, List, Mapping, Tuple

import pytest

from acmewrap.driver.release.pin import Release
from acmewrap.driver.release.sources import Download, Local, Source, obtain
from acmewrap.errors import AcmewrapError, ReleaseError
from acmewrap.failures import failure

CONTENTS = {"acme.sh": b"#!/usr/bin/env sh\n", "deploy/ssh.sh": b"# ssh\n"}
PINS = {path: hashlib.sha256(content).hexdigest() for path, content in CONTENTS.items()}


def packed(contents: Mapping[str, bytes] = CONTENTS, level: int = 9) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as writer:
        for path, content in contents.items():
            info = tarfile.TarInfo(f"acme.sh-9.9.9/{path}")
            info.size = len(content)
            writer.addfile(info, io.BytesIO(content))
    return gzip.compress(data.getvalue(), level, mtime=level)


class Server(ThreadingHTTPServer):
    """Answers each request with the next of ``answers``: a status, a body, and how long it says the body is."""

    daemon_threads = False
    block_on_close = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: List[Tuple[int, bytes, int]] = []

    def will_answer(self, status: int, body: bytes = b"", length: int = -1) -> None:
        self.answers.append((status, body, len(body) if length < 0 else length))


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        status, body, length = self.server.answers.pop(0)
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        del format, args


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def release_of(data: bytes, port: int = 1) -> Release:
    return Release("9.9.9", f"http://127.0.0.1:{port}/9.9.9.tar.gz", hashlib.sha256(data).hexdigest())


def download(release: Release, kept: Path) -> Mapping[str, bytes]:
    return Download(kept, {}, timeout=5, pause=0).fetch(release, PINS)


class Nowhere:
    def __init__(self, name: str, id: str = "release.source") -> None:
        self._name, self._id = name, id

    def __str__(self) -> str:
        return self._name

    def fetch(self, release: Release, paths: Collection[str]) -> Dict[str, bytes]:
        raise ReleaseError(failure(self._id, f"no {len(paths)} files of {release.version}"))


def test_an_archive_compressed_anew_by_the_user_is_good(tmp_path: Path) -> None:
    (tmp_path / "mine.tgz").write_bytes(packed(level=1))
    assert packed(level=1) != packed()
    source = Local(tmp_path / "mine.tgz")
    assert obtain(release_of(packed()), PINS, [source]) == (CONTENTS, str(tmp_path / "mine.tgz"))


def test_an_unpacked_folder_is_good(tmp_path: Path) -> None:
    (tmp_path / "deploy").mkdir()
    for path, content in CONTENTS.items():
        (tmp_path / path).write_bytes(content)
    assert obtain(release_of(packed()), PINS, [Local(tmp_path)])[0] == CONTENTS


def test_a_changed_archive_is_refused_naming_archive_and_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.tar.gz"
    path.write_bytes(packed({**CONTENTS, "deploy/ssh.sh": b"# evil\n"}))
    with pytest.raises(
        ReleaseError, match=r"mine\.tar\.gz: not the files of acme\.sh 9\.9\.9: deploy/ssh\.sh"
    ) as caught:
        obtain(release_of(packed()), PINS, [Local(path)])
    assert caught.value.id == "release.mismatch"


def test_something_else_than_an_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("<html>Log in first</html>")
    with pytest.raises(ReleaseError, match="not a whole tar archive"):
        obtain(release_of(packed()), PINS, [Local(tmp_path / "page.html")])


def test_a_download_is_checked_and_kept(server: Server, tmp_path: Path) -> None:
    server.will_answer(200, packed())
    kept = tmp_path / "cache" / "acme.sh-9.9.9.tar.gz"
    assert download(release_of(packed(), server.server_port), kept) == CONTENTS
    assert kept.read_bytes() == packed()
    assert Local(kept).fetch(release_of(packed()), PINS) == CONTENTS


def test_other_bytes_than_pinned_are_refused_with_both_digests_and_not_kept(server: Server, tmp_path: Path) -> None:
    server.will_answer(200, packed(level=1))
    release = release_of(packed(), server.server_port)
    with pytest.raises(ReleaseError) as caught:
        download(release, tmp_path / "kept")
    assert caught.value.id == "release.mismatch"
    assert str(release.sha256) in str(caught.value)
    assert hashlib.sha256(packed(level=1)).hexdigest() in str(caught.value)
    assert list(tmp_path.glob("kept*")) == []


def test_a_cache_that_cannot_be_written_does_not_stop_a_download(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    server.will_answer(200, packed())
    assert download(release_of(packed(), server.server_port), tmp_path / "file" / "kept") == CONTENTS


def test_a_server_error_is_tried_once_more(server: Server, tmp_path: Path) -> None:
    server.will_answer(503)
    server.will_answer(200, packed())
    assert download(release_of(packed(), server.server_port), tmp_path / "kept") == CONTENTS


def test_a_download_that_is_cut_off_is_tried_once_more(server: Server, tmp_path: Path) -> None:
    server.will_answer(200, packed()[:50], len(packed()))
    server.will_answer(200, packed())
    assert download(release_of(packed(), server.server_port), tmp_path / "kept") == CONTENTS


@pytest.mark.parametrize(("statuses", "left"), [([500, 502, 200], 1), ([404, 200], 1)])
def test_a_lasting_error_gives_its_status(statuses: List[int], left: int, server: Server, tmp_path: Path) -> None:
    for status in statuses:
        server.will_answer(status, packed())
    with pytest.raises(ReleaseError, match=f"HTTP status {statuses[-2]}") as caught:
        download(release_of(packed(), server.server_port), tmp_path / "kept")
    assert caught.value.id == "release.source"
    assert len(server.answers) == left


def test_a_refused_connection_gives_its_reason(tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        with pytest.raises(ReleaseError, match="Connection refused"):
            download(release_of(packed(), holder.getsockname()[1]), tmp_path / "kept")


def test_the_first_source_with_the_pinned_files_is_taken(tmp_path: Path) -> None:
    (tmp_path / "other.tar.gz").write_bytes(packed({"acme.sh": b"other"}))
    (tmp_path / "good.tar.gz").write_bytes(packed())
    sources: List[Source] = [
        Nowhere("the moon"),
        Local(tmp_path / "other.tar.gz"),
        Local(tmp_path / "good.tar.gz"),
        Nowhere("the sun"),
    ]
    assert obtain(release_of(packed()), PINS, sources) == (CONTENTS, str(tmp_path / "good.tar.gz"))


def test_a_source_with_wrong_content_is_warned_of_and_an_absent_one_is_not(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "good.tar.gz").write_bytes(packed())
    sources: List[Source] = [Nowhere("the moon"), Nowhere("the sun", "release.unsafe"), Local(tmp_path / "good.tar.gz")]
    with caplog.at_level(logging.WARNING):
        obtain(release_of(packed()), PINS, sources)
    assert [record.message.split(":")[0] for record in caplog.records] == ["acme.sh was not taken from the sun"]


def test_nothing_reachable_is_one_error_that_lists_everything_and_the_way_by_hand() -> None:
    release = release_of(packed())
    with pytest.raises(AcmewrapError) as caught:
        obtain(release, PINS, [Nowhere("the moon"), Nowhere("the sun", "release.mismatch")])
    error = caught.value
    assert error.id == "release.unavailable"
    assert "the moon: no 2 files of 9.9.9; the sun: no 2 files of 9.9.9" in str(error)
    for needed in (release.url, str(release.sha256), "`archive` under `acme_sh`"):
        assert needed in error.remedy
