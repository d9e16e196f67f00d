"""The wheel, as a user gets it: installed into an empty environment and used from far away."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import venv
import zipfile
from pathlib import Path
from typing import Mapping

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory, machine_environment: Mapping[str, str]) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    arguments = ["-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(REPOSITORY)]
    run(sys.executable, *arguments, folder=folder, environment=machine_environment)
    (path,) = folder.glob("acmewrap-*.whl")
    return path


@pytest.fixture(scope="module")
def python(
    wheel: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory, machine_environment: Mapping[str, str]
) -> Path:
    """The interpreter of a new environment that holds the wheel and what it asks for, and nothing else."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(str(folder))
    interpreter = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(interpreter)]  # one of its own takes seconds to make
    # What the wheel requires is downloaded once, so that later runs need no network.
    needed = cache / "wheels" / f"{sys.version_info[0]}.{sys.version_info[1]}-{fingerprint(requirements(wheel))}"
    if not needed.exists():
        partial = needed.with_name(f"{needed.name}.{os.getpid()}")
        download = ["download", "--quiet", "--dest", str(partial), str(wheel)]
        run(*pip, *download, folder=folder, environment=machine_environment)
        (partial / wheel.name).unlink()
        partial.rename(needed)
    install = ["install", "--quiet", "--no-compile", "--no-index", "--find-links", str(needed), str(wheel)]
    run(*pip, *install, folder=folder, environment=machine_environment)
    return interpreter


def test_the_wheel_reads_its_pins(python: Path, tmp_path: Path) -> None:
    said = use(
        python, tmp_path, "from acmewrap.system import resources; print(resources.read_text('vendor/releases.yaml'))"
    )
    assert said.strip() == (REPOSITORY / "vendor" / "releases.yaml").read_text(encoding="utf-8").strip()


def test_the_wheel_holds_every_template_of_the_checkout(python: Path, tmp_path: Path) -> None:
    names = sorted(str(path.relative_to(REPOSITORY)) for path in (REPOSITORY / "templates").glob("**/*.j2"))
    program = (
        "import sys; from acmewrap.system.resources import read_text\n"
        "for name in sys.argv[1:]: print(name, len(read_text(name)))"
    )
    lengths = [f"{name} {len((REPOSITORY / name).read_text(encoding='utf-8'))}" for name in names]
    assert use(python, tmp_path, program, *names).splitlines() == lengths != []


def test_the_wheel_renders_its_wrapper_script(python: Path, tmp_path: Path) -> None:
    program = (
        "from pathlib import Path; from acmewrap.driver.wrapper_script import Wrapper\n"
        "here = Path('/srv/acme'); server = 'https://ca.test/directory'\n"
        "places = dict.fromkeys(('path', 'source', 'directory', 'program', 'home'), here)\n"
        "print(Wrapper(version='3.1.1', server=server, **places).render())"
    )
    said = use(python, tmp_path, program)
    assert said.startswith("#!/bin/bash\n")
    assert "--server https://ca.test/directory" in said


def test_importing_acmewrap_is_cheap(python: Path, tmp_path: Path) -> None:
    program = "import sys, acmewrap; print(*sys.modules)"
    heavy = {"argcomplete", "sh", "jinja2", "yaml", "rich", "ssl", "http", "urllib.request", "subprocess", "asyncio"}
    assert heavy & set(use(python, tmp_path, program).split()) == set()


def test_the_command_is_there(python: Path, tmp_path: Path) -> None:
    said = run(str(python.with_name("acmewrap")), "version", folder=tmp_path, environment={"PATH": os.defpath})
    assert re.search(r"\d+\.\d+\.\d+", said)


def test_the_wheel_holds_the_package_its_templates_and_its_pins_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(str(wheel)) as archive:
        tops = {"/".join(name.split("/")[:2]) for name in archive.namelist() if not name.startswith("acmewrap/")}
        inside = {name.split("/")[1] for name in archive.namelist() if name.startswith("acmewrap/")}
    assert all(".dist-info/" in top for top in tops)
    assert {"templates", "vendor", "py.typed"} <= inside
    checkout = {path.name for path in (REPOSITORY / "acmewrap").iterdir()} - {"__pycache__"}
    assert inside - {"templates", "vendor"} <= checkout


def use(python: Path, folder: Path, program: str, *arguments: str) -> str:
    """What *program* prints, run in *folder* without anything of the checkout in reach."""
    return run(str(python), "-I", "-c", program, *arguments, folder=folder, environment={"PATH": os.defpath})


def run(*argv: str, folder: Path, environment: Mapping[str, str]) -> str:
    done = subprocess.run(
        argv,
        cwd=str(folder),
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    said = done.stdout.decode("utf-8", "replace")
    assert done.returncode == 0, said
    return said


def requirements(wheel: Path) -> str:
    with zipfile.ZipFile(str(wheel)) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = archive.read(name).decode("utf-8")
    return "\n".join(line for line in metadata.splitlines() if line.startswith("Requires-Dist:"))


def fingerprint(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:12]
