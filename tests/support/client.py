"""A folder with nothing but a configuration of acmewrap, for the tests of authorities."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from forkserver import forkserver
from provisioned import Done


@dataclass(frozen=True)
class Client:
    """``folder`` holds acmewrap.yaml and what comes of it; acme.sh lies in *program*, and its sleeps are cut short."""

    folder: Path
    program: Path

    def __post_init__(self) -> None:
        (self.folder / "src").mkdir(parents=True)
        shutil.copytree(str(self.program), str(self.folder / "src" / "acme.sh"))
        tools = self.folder / "tools"
        tools.mkdir()
        (tools / "sleep").write_text("#!/bin/sh\nexec /bin/sleep 0.1\n", encoding="ascii")
        (tools / "sleep").chmod(0o755)

    def configure(self, server: str, bundle: Path, certificates: str, authority: str = "") -> None:
        """*certificates* and what else the *authority* has are of YAML's flow style, without the outer braces."""
        text = (
            f'authorities: {{internal: {{server: "{server}", ca_bundle: "{bundle}", {authority}}}}}\n'
            f"certificates: {{{certificates}}}\n"
        )
        (self.folder / "acmewrap.yaml").write_text(text, encoding="utf-8")

    def run(self, *words: str, path: Optional[str] = None) -> Done:
        """``acmewrap --json`` with these *words*; *path* goes before that of the machine."""
        environment = {
            "PATH": f"{path or self.folder / 'tools'}:{os.environ['PATH']}",
            "HOME": str(self.folder),
            "NO_PROXY": "localhost,127.0.0.1",
        }
        done = forkserver().run(["--config", str(self.folder / "acmewrap.yaml"), "--json", *words], environment)
        return Done(done.returncode, done.stdout.decode("utf-8"), done.stderr.decode("utf-8"))
