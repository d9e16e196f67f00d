"""Work in a process pool, where an exception that cannot be rebuilt leaves the caller waiting for ever."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

import acmewrap


def load(path: str) -> str:
    return str(acmewrap.load(Path(path), {}))


def test_a_missing_file_in_a_process_pool_is_an_error_like_everywhere(tmp_path: Path) -> None:
    with ProcessPoolExecutor(max_workers=1) as pool:
        doomed = pool.submit(load, str(tmp_path / "none.yaml"))
        with pytest.raises(acmewrap.ConfigurationError) as raised:
            doomed.result(timeout=20)
    assert raised.value.id == "config.missing"
    assert raised.value.problems[0].file == str(tmp_path / "none.yaml")
