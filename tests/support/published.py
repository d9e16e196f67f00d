"""One-file builds as somebody publishes them: signed with a key that is thrown away, and quick to make.

They are of this checkout without its dependencies, and so run where those are installed.
"""

from __future__ import annotations

import hashlib
import io
import subprocess
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from acmewrap import __version__

REPOSITORY = Path(__file__).resolve().parent.parent.parent
SHEBANG = b"#!/usr/bin/env python3\n"


def pack(version: str = __version__, main: str = "") -> bytes:
    """The bytes of a build that says it is *version*; *main*: what stands at the beginning of its ``__main__``."""
    data = io.BytesIO(SHEBANG)
    data.seek(len(SHEBANG))
    with zipfile.ZipFile(data, "a") as archive:
        folders = (REPOSITORY / name for name in ("acmewrap", "templates", "vendor"))
        for path in (one for folder in folders for one in sorted(folder.rglob("*"))):
            name = path.relative_to(REPOSITORY).as_posix()
            if path.is_file() and "__pycache__" not in name:
                archive.writestr(name if name.startswith("acmewrap/") else f"acmewrap/{name}", path.read_bytes())
        archive.writestr("__main__.py", f"{main}\nimport sys\nfrom acmewrap.cli import start\nsys.exit(start())\n")
    return set_version(data.getvalue(), version)


def set_version(build: bytes, version: str) -> bytes:
    """*build* as the same of another version."""
    data = io.BytesIO(SHEBANG)
    data.seek(len(SHEBANG))
    with zipfile.ZipFile(io.BytesIO(build)) as old, zipfile.ZipFile(data, "a") as new:
        for entry in old.infolist():
            content = old.read(entry)
            if entry.filename == "acmewrap/__init__.py":
                content = content.replace(f'"{__version__}"'.encode(), f'"{version}"'.encode())
            new.writestr(entry, content)
    return data.getvalue()


@dataclass(frozen=True)
class Publisher:
    """Who publishes into a folder, with a key of its own."""

    folder: Path

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", str(self.folder / "key")]
        subprocess.run(words, check=True)
        public = (self.folder / "key.pub").read_text(encoding="utf-8")
        self.signers.write_text(f'release@acmewrap namespaces="acmewrap" {public}', encoding="utf-8")

    @property
    def signers(self) -> Path:
        return self.folder / "signers"

    @property
    def build(self) -> Path:
        return self.folder / "acmewrap.pyz"

    def publish(self, build: bytes, sums: Optional[str] = None) -> str:
        """Lay *build* out with signed sums (*sums*: these instead); the path to name as ``--from``."""
        self.build.write_bytes(build)
        path = self.folder / "SHA256SUMS"
        text = f"{hashlib.sha256(build).hexdigest()}  acmewrap.pyz\n" if sums is None else sums
        path.write_text(text, encoding="utf-8")
        (self.folder / "SHA256SUMS.sig").unlink(missing_ok=True)
        words = ["ssh-keygen", "-q", "-Y", "sign", "-f", str(self.folder / "key"), "-n", "acmewrap", str(path)]
        subprocess.run(words, check=True, stderr=subprocess.DEVNULL)
        return str(self.build)
