"""An install that is killed at any moment leaves a whole acme.sh, and nothing that stops the next install."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import time
from pathlib import Path

from acmewrap.driver.release.installation import place
from acmewrap.driver.release.pin import Release
from acmewrap.driver.release.sources import Local
from acmewrap.driver.release.verification import verify

# Installs one release after the other for as long as it lives; the files of each say which one it is.
INSTALL_FOR_EVER = """
import hashlib, itertools, sys
from pathlib import Path
from acmewrap.driver.release.installation import place
from acmewrap.driver.release.pin import Release
class Source:
    def fetch(self, release, paths):
        return {path: release.version.encode() for path in paths}
for number in itertools.count():
    version = f"{sys.argv[2]}.{number}"
    pin = hashlib.sha256(version.encode()).hexdigest()
    files = {path: pin for path in ("acme.sh", *(f"deploy/{index}.sh" for index in range(5)))}
    place(Release(version, "", ""), files, Path(sys.argv[1]), [Source()])
    print(number, flush=True)
"""


def test_a_killed_install_leaves_a_whole_release_and_the_next_one_works(tmp_path: Path) -> None:
    folder = tmp_path / "src" / "acme.sh"
    for turn in range(8):
        command = [sys.executable, "-c", INSTALL_FOR_EVER, str(folder), str(turn)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == "0\n"
            time.sleep(0.013 * turn)
            child.kill()
        version = (folder / "acme.sh").read_text()
        assert re.fullmatch(rf"{turn}\.\d+", version)
        pin = hashlib.sha256(version.encode()).hexdigest()
        verify(folder, version, {"acme.sh": pin, **{f"deploy/{index}.sh": pin for index in range(5)}})

    (tmp_path / "brought").mkdir()
    (tmp_path / "brought" / "acme.sh").write_bytes(b"the last")
    files = {"acme.sh": hashlib.sha256(b"the last").hexdigest()}
    place(Release("9.9.9", "", ""), files, folder, [Local(tmp_path / "brought")])
    verify(folder, "9.9.9", files)
    assert list(folder.parent.glob(".*.part")) == []
