"""A secret is searched for in every form, in files and in the arguments of all processes."""

from __future__ import annotations

import base64
import contextlib
import os
import re
import shlex
import threading
from pathlib import Path
from typing import Dict, Iterator, List, Set
from urllib.parse import quote, quote_plus


def forms(secret: bytes) -> Dict[str, bytes]:
    """Every form in which a secret can be written down, as a search finds it."""
    text = secret.decode("latin-1")
    encoded = quote(text, safe="")
    return {
        "raw": secret,
        "URL": encoded.encode(),
        "URL, lower case": re.sub("%..", lambda match: match.group().lower(), encoded).encode(),
        "form": quote_plus(text).encode(),
        "base64": base64.b64encode(secret).rstrip(b"="),
        "base64url": base64.urlsafe_b64encode(secret).rstrip(b"="),
        "base64 with newline": base64.b64encode(secret + b"\n").rstrip(b"="),
        "hexadecimal": secret.hex().encode(),
        "shell": shlex.quote(text).encode(),
        "shell, single quotes": text.replace("'", "'\\''").encode(),
        "configuration of curl": text.replace("\\", "\\\\").replace('"', '\\"').encode(),
    }


def hits(secret: bytes, where: str, content: bytes) -> List[str]:
    return [f"{where}: {name}" for name, form in forms(secret).items() if form in content]


def hits_below(secret: bytes, folder: Path, source: Path) -> List[str]:
    """Where the secret lies in the files of *folder*, save the one it is read from."""
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink() and path != source]
    assert len(files) > 20
    return [hit for path in files for hit in hits(secret, str(path), path.read_bytes())]


@contextlib.contextmanager
def sampled_command_lines() -> Iterator[Set[bytes]]:
    """Fills a set with the command lines of all processes of the machine, some ten times while a recorded curl is there."""
    seen: Set[bytes] = set()
    over = threading.Event()

    def sample() -> None:
        while not over.wait(0.01):
            for entry in os.listdir("/proc"):
                if entry.isdigit():
                    with contextlib.suppress(OSError):
                        seen.add(Path("/proc", entry, "cmdline").read_bytes().replace(b"\0", b" "))

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()
