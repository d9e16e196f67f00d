#!/usr/bin/env python3
"""Builds what is released: wheel, sdist, the one-file build, their bill of materials, sums of all and a signature of the sums.

Usage: .ci/release.py [--output FOLDER] [--key FILE]    (default: dist, and no signature)
With a key, for ssh-keygen -Y sign, it is a release: that begins with a clean checkout, a section of the changelog and an address
of the project, and ends with a signature that the one-file builds before it accept. The same commit gives the same bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Dict, Iterator, List

TOP = Path(__file__).resolve().parent.parent
SIGNERS = TOP / "vendor" / "allowed_signers"
SUMS = "SHA256SUMS"
NAMESPACE = "acmewrap"
PIN = re.compile(r"^(\S+)==(\S+) --hash=sha256:([0-9a-f]{64})  # (\S+)$", re.MULTILINE)


def main() -> int:
    options = parser().parse_args()
    version = read_version()
    problems = list(find_problems(version)) if options.key else []
    if problems:
        print("release: not yet:", *problems, sep="\n  ", file=sys.stderr)
        return 1
    folder = options.output.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    for old in (*folder.glob("acmewrap*"), *folder.glob(f"{SUMS}*")):
        old.unlink()
    date = os.environ.get("SOURCE_DATE_EPOCH") or run("git", "log", "-1", "--format=%ct").strip()
    environment = {**os.environ, "SOURCE_DATE_EPOCH": date}
    build = [sys.executable, "-m", "build", "--no-isolation", "--sdist", "--wheel", "--outdir", str(folder), str(TOP)]
    subprocess.run(build, env=environment, check=True, stdout=subprocess.DEVNULL)
    subprocess.run([sys.executable, str(TOP / ".ci" / "pyz.py"), str(folder / "acmewrap.pyz")], check=True)
    bill = json.dumps(bill_of_materials(version, int(date)), indent=2) + "\n"
    (folder / "acmewrap.cdx.json").write_text(bill, encoding="utf-8")
    files = sorted(folder.glob("acmewrap*"))
    sums = "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files)
    (folder / SUMS).write_text(sums, encoding="utf-8")
    if options.key:
        sign(folder / SUMS, options.key)
    print(sums, end="")
    return 0


def parser() -> argparse.ArgumentParser:
    key = os.environ.get("SIGNING_KEY") or None
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--output", type=Path, default=TOP / "dist", help="a folder (dist)")
    made.add_argument(
        "--key", type=Path, default=key, help="the private key, or the public one of an agent's ($SIGNING_KEY)"
    )
    return made


def read_version() -> str:
    found = re.search(r'^__version__ = "([^"]+)"$', (TOP / "acmewrap" / "__init__.py").read_text("utf-8"), re.MULTILINE)
    assert found is not None
    return found.group(1)


def find_problems(version: str) -> Iterator[str]:
    """What keeps this checkout from being released."""
    changelog = (TOP / "CHANGELOG.md").read_text("utf-8")
    section = re.search(
        rf"^## \[{re.escape(version)}\] - (\d{{4}}-\d\d-\d\d)\n(.*?)(?=^## |\Z)", changelog, re.M | re.S
    )
    unreleased = re.search(r"^## \[Unreleased\]\n(.*?)(?=^## |\Z)", changelog, re.M | re.S)
    if section is None or not section.group(2).strip():
        yield f"CHANGELOG.md says nothing under: ## [{version}] - YYYY-MM-DD"
    if unreleased is not None and unreleased.group(1).strip():
        yield "CHANGELOG.md has entries under Unreleased that belong to this release"
    if "/OWNER/" in (TOP / "pyproject.toml").read_text("utf-8"):
        yield "pyproject.toml: project.urls do not say where the project lives (OWNER)"
    if run("git", "status", "--porcelain").strip():
        yield "there are changes that are not committed (git status)"


def bill_of_materials(version: str, date: int) -> Dict[str, object]:
    """What the one-file build holds besides acmewrap, as CycloneDX 1.5."""
    whole = component("application", "acmewrap", version, "MIT")
    purl_at = f"{whole['purl']} {date}"
    parts: List[Dict[str, object]] = [
        {**component("library", name, number, licence), "hashes": [{"alg": "SHA-256", "content": digest}]}
        for name, number, digest, licence in PIN.findall((TOP / ".ci" / "pyz.txt").read_text("utf-8"))
    ]
    references = [part["bom-ref"] for part in parts]
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, purl_at)}",
        "version": 1,
        "metadata": {"timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(date)), "component": whole},
        "components": parts,
        "dependencies": [
            {"ref": whole["bom-ref"], "dependsOn": references},
            *({"ref": reference} for reference in references),
        ],
    }


def component(kind: str, name: str, version: str, licence: str) -> Dict[str, object]:
    purl = f"pkg:pypi/{name.lower()}@{version}"
    licences = [{"license": {"id": licence}}]
    return {"type": kind, "bom-ref": purl, "name": name, "version": version, "licenses": licences, "purl": purl}


def sign(sums: Path, key: Path) -> None:
    """Leave the signature beside *sums*. It must be one that the one-file build accepts, for it knows no others."""
    run("ssh-keygen", "-q", "-Y", "sign", "-f", str(key), "-n", NAMESPACE, str(sums))
    signature = f"{sums}.sig"
    try:
        (name, *_) = run("ssh-keygen", "-Y", "find-principals", "-f", str(SIGNERS), "-s", signature).splitlines()
    except subprocess.CalledProcessError:
        Path(signature).unlink()
        sys.exit(f"release: not signed: {key} is not in {SIGNERS}, so self-update would refuse this release")
    verify = ["ssh-keygen", "-q", "-Y", "verify", "-f", str(SIGNERS), "-I", name, "-n", NAMESPACE, "-s", signature]
    subprocess.run(verify, input=sums.read_bytes(), check=True)


def run(*words: str) -> str:
    return subprocess.run(words, cwd=TOP, check=True, stdout=subprocess.PIPE, text=True).stdout


if __name__ == "__main__":
    sys.exit(main())
