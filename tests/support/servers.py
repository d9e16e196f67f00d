"""Real servers in a folder of their own."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
from pathlib import Path
from typing import Iterator, List, Tuple


def nginx(folder: Path, port: int, *pairs: Tuple[str, str], more: str = "") -> List[str]:
    """The words that start it, with *pairs* of a chain and its key below *folder*."""
    shown = "".join(f"ssl_certificate {folder}/{chain}; ssl_certificate_key {folder}/{key}; " for chain, key in pairs)
    server = f"server {{ listen 127.0.0.1:{port} ssl; {shown} {more} }}"
    text = f"daemon off; pid {folder}/nginx.pid; events {{}} http {{ access_log off; {server} }}"
    (folder / "nginx.conf").write_text(text, encoding="utf-8")
    return ["nginx", "-c", f"{folder}/nginx.conf", "-e", f"{folder}/nginx.log"]


@contextlib.contextmanager
def running(port: int, *words: str) -> Iterator[None]:
    """What *words* start, from when it listens."""
    nowhere = subprocess.DEVNULL
    with subprocess.Popen(
        ("setpriv", "--pdeathsig", "TERM", *words),
        stdin=subprocess.PIPE,
        stdout=nowhere,
        stderr=nowhere,
        start_new_session=True,
    ) as process:
        try:
            deadline = time.monotonic() + 30
            while time.monotonic() < deadline:
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                    break
                time.sleep(0.05)
            yield
        finally:
            process.terminate()
            process.wait(20)
