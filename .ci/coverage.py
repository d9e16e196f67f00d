#!/usr/bin/env python3
"""Runs the tests with lines and branches of the package counted, in this process and in every one that it starts.

Tests start acmewrap with an environment of their own, as schedulers do, so no variable could tell those processes to count: for
as long as this runs, a file of the virtual environment does, which Python reads at its start. The report and what it must reach:
`coverage report`, `fail_under` in pyproject.toml.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
DATA = TOP / "build" / "coverage"
HOOK = """\
import os; os.environ.update({{"COVERAGE_PROCESS_START": {config!r}, "COVERAGE_FILE": {data!r}}}); \
import coverage; coverage.process_startup(); [os.environ.pop(one) for one in ("COVERAGE_PROCESS_START", "COVERAGE_FILE")]
"""


def main() -> int:
    shutil.rmtree(DATA, ignore_errors=True)
    DATA.mkdir(parents=True)
    DATA.chmod(0o1777)  # some tests run as nobody
    values = {"config": str(TOP / "pyproject.toml"), "data": str(DATA / "data")}
    hook = Path(sysconfig.get_path("purelib")) / "acmewrap_coverage.pth"
    words = ["-m", "pytest", "-q", "--numprocesses", "auto", "-m", "not slow and not release", *sys.argv[1:]]
    # Two threads of a child may begin to be counted at once, which Python reports where nobody can catch it.
    words += ["-W", "ignore::pytest.PytestUnraisableExceptionWarning"]
    hook.write_text(HOOK.format(**values), encoding="utf-8")
    try:
        tested = subprocess.run([sys.executable, *words], cwd=TOP, check=False).returncode
    finally:
        hook.unlink()
    environment = {**os.environ, "COVERAGE_FILE": values["data"]}
    combined = subprocess.run(
        [sys.executable, "-m", "coverage", "combine", "-q"], cwd=TOP, env=environment, check=False
    )
    reported = subprocess.run([sys.executable, "-m", "coverage", "report"], cwd=TOP, env=environment, check=False)
    return tested or combined.returncode or reported.returncode


if __name__ == "__main__":
    sys.exit(main())
