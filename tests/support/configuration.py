"""A small file to vary, and what becomes of it."""

from __future__ import annotations

from pathlib import Path
from typing import List, Union

import pytest

from acmewrap.config import Config, load
from acmewrap.errors import ConfigurationError

EXAMPLES = sorted((Path(__file__).resolve().parents[2] / "examples").glob("*.yaml"))
ENVIRON = {"HOME": "/home/user"}
BASE = """\
authorities:
  internal:
    server: https://ca.example.com/acme/directory
certificates:
  nas:
    domains: [nas.example.com]
    challenge: {webroot: /var/www}
"""
SYNOLOGY = """\
synology:
  url: http://localhost:5000
  account: {name: updater, password: {file: dsm.password}}
  verify: nas.example.com:5001
"""


def write(folder: Path, content: Union[str, bytes], mode: int = 0o644) -> Path:
    file = folder / "acmewrap.yaml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    file.chmod(mode)
    return file


def loaded(folder: Path, content: Union[str, bytes], mode: int = 0o644) -> Config:
    return load(write(folder, content, mode), ENVIRON)


def problems(folder: Path, content: Union[str, bytes], mode: int = 0o644) -> List[str]:
    """Every problem as `line:column: path: message`, without the name of the file."""
    file = write(folder, content, mode)
    with pytest.raises(ConfigurationError) as raised:
        load(file, ENVIRON)
    prefix = f"{file}:"
    assert all(str(problem).startswith(prefix) for problem in raised.value.problems)
    return [str(problem)[len(prefix) :] for problem in raised.value.problems]


def certificate(lines: str) -> str:
    """BASE with more keys for its certificate; the first stands in line 8."""
    return BASE + "".join(f"    {line}\n" for line in lines.splitlines())
