#!/usr/bin/env python3
"""Builds acmewrap.pyz: the package, its templates and pins, and its pure-Python dependencies, in one file that runs as it is.

Usage: .ci/pyz.py [FILE]    (default: dist/acmewrap.pyz)
Its dependencies are pinned in pyz.txt, beside this file. The same sources give the same bytes.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
REQUIREMENTS = Path(__file__).with_name("pyz.txt")
SHEBANG = b"#!/usr/bin/env python3\n"
# Read by whatever Python starts it: DSM 6 has 2.7 alone, which would only say that some line is no syntax.
MAIN = """\
import sys
if sys.version_info < (3, 8):
    version = "%d.%d" % sys.version_info[:2]
    sys.stderr.write("acmewrap: this is Python " + version + "; {cause} [{id}]\\n  {remedy}\\n")
    sys.exit({code})
if "self-update" not in sys.argv:
    # Python reads modules from this file when they are first needed, by its path: self-update waits for whoever does.
    import fcntl
    held = open(sys.argv[0], "rb")
    try:
        fcntl.flock(held, fcntl.LOCK_SH)
    except OSError:
        pass
from acmewrap.cli import start
sys.exit(start())
"""
TOO_OLD = "python.too_old"
# Also what Python looks for before a package's own fallback; compiled files, which only fit one Python; what nobody runs.
UNWANTED = ("*.so", "*.pyc", "*.pyi", "*.c", "__pycache__", "bin", "_yaml", "*.dist-info")
DATE = (1980, 1, 1, 0, 0, 0)


def main() -> int:
    output = Path(sys.argv[1] if len(sys.argv) > 1 else TOP / "dist" / "acmewrap.pyz")
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="acmewrap-pyz-") as text:
        folder = Path(text)
        vendor(folder)
        shutil.copytree(TOP / "acmewrap", folder / "acmewrap", ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("templates", "vendor"):
            shutil.copytree(TOP / name, folder / "acmewrap" / name)
        (folder / "__main__.py").write_text(main_of_file(), encoding="ascii")
        write(folder, output)
    print(f"{output}: {output.stat().st_size} bytes")
    return 0


def main_of_file() -> str:
    sys.path.insert(0, str(TOP))
    from acmewrap.failures.catalogue import CATALOGUE

    entry = CATALOGUE[TOO_OLD]
    return MAIN.format(cause=entry.cause, remedy=entry.remedy.format(), id=TOO_OLD, code=int(entry.exit_code))


def vendor(folder: Path) -> None:
    """Put the dependencies into *folder*, without anything compiled, and their licences beside them."""
    # --no-binary would build C extensions where it can; wheels for the oldest Python, less their extensions, are the same code.
    words = ["--quiet", "--disable-pip-version-check", "--no-deps", "--no-compile", "--target", str(folder)]
    pinned = ["--require-hashes", "--requirement", str(REQUIREMENTS)]
    platform = ["--only-binary", ":all:", "--python-version", "3.8.8", "--implementation", "cp", "--abi", "cp38"]
    platforms = [f"--platform=manylinux{tag}_x86_64" for tag in ("2014", "_2_17")]
    subprocess.run([sys.executable, "-m", "pip", "install", *words, *platform, *platforms, *pinned], check=True)
    licences = folder / "licences"
    licences.mkdir()
    for found in sorted(folder.glob("*.dist-info")):
        for path in sorted(
            one for one in found.rglob("*") if one.is_file() and one.name.upper().startswith(("LICEN", "COPYING"))
        ):
            shutil.copy(path, licences / f"{found.name.split('-')[0]}.txt")
    for pattern in UNWANTED:
        for path in sorted(folder.rglob(pattern)):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()


def write(folder: Path, output: Path) -> None:
    """Zip *folder* in a fixed order and with fixed times, behind a line that lets the file be started by its name."""
    temporary = output.with_name(f".{output.name}")
    with temporary.open("wb") as stream:
        stream.write(SHEBANG)
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(one for one in folder.rglob("*") if one.is_file()):
                entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), DATE)
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED, 9)
    temporary.chmod(0o755)
    os.replace(temporary, output)


if __name__ == "__main__":
    sys.exit(main())
