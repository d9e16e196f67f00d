"""The Debian archive as a source: the package ``acme.sh`` of a suite, fetched with apt by any user, without changing the machine.

apt works in a folder of its own, with the mirror, keyring and proxy of the machine; the suite need not be the machine's.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any, Collection, Dict, Iterator, Mapping, Optional, Tuple

from ...errors import ReleaseError
from ...failures import failure
from ...frozen import field, frozen
from ...system import programs
from ...system.reading import read_text
from .archive import read_archive
from .pin import Release

PACKAGE = "acme.sh"
TOP = "usr/share/acme.sh"

# The machine's apt.conf is read first: its proxies count, what could reach outside the folder (or keep the suite out) does not.
_APT_CONF = """\
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
APT::Default-Release "";
APT::Sandbox::User "root";
APT::Update::Error-Mode "any";
Acquire::Retries "1";
Dir::State "{folder}";
Dir::State::lists "{folder}/lists";
Dir::State::status "{folder}/status";
Dir::Cache "{folder}/cache";
Dir::Etc::sourcelist "{folder}/debian.sources";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
"""


@frozen
class Mirror:
    """An entry of sources.list(5): where packages come from, and the keyring (or the key itself) that their index is signed by."""

    uris: str
    suites: Tuple[str, ...]
    components: Tuple[str, ...]
    signed_by: str = ""

    def stanza(self, suite: str) -> str:
        """The deb822 form of this mirror for another *suite*, with nothing fetched but the list of packages."""
        text = f"Types: deb\nURIs: {self.uris}\nSuites: {suite}\nComponents: main\nTargets: Packages\n"
        return text + (f"Signed-By: {self.signed_by}\n" if self.signed_by else "")


@frozen
class Debian:
    """The Debian archive that this machine installs its own packages from. ``timeout``, in seconds, for each command."""

    environ: Mapping[str, str] = field(repr=False)
    apt: Path = Path("/etc/apt")
    os_release: Path = Path("/etc/os-release")
    timeout: float = 180.0

    def __str__(self) -> str:
        return "the Debian archive"

    def fetch(self, release: Release, paths: Collection[str]) -> Mapping[str, bytes]:
        if release.debian is None:
            raise _failed(f"no stable suite has acme.sh {release.version}")
        mirror = self.mirror()
        if mirror is None:
            raise _failed(f"{self.apt} names no Debian archive")
        try:
            with tempfile.TemporaryDirectory(prefix="acmewrap-") as folder:
                return self._fetch(mirror.stanza(release.debian), Path(folder), paths)
        except OSError as error:
            raise _failed(f"no room to work: {error}") from error

    def _fetch(self, stanza: str, folder: Path, paths: Collection[str]) -> Mapping[str, bytes]:
        (folder / "debian.sources").write_text(stanza, encoding="utf-8")
        (folder / "apt.conf").write_text(_APT_CONF.format(folder=folder), encoding="utf-8")
        (folder / "status").touch()
        for needed in ("lists/partial", "cache/archives/partial"):
            (folder / needed).mkdir(parents=True)
        for action in (("update",), ("download", PACKAGE)):
            self._run(folder, "apt-get", "-c", str(folder / "apt.conf"), "-q", *action)
        with open(folder / "files.tar", "w+b") as stream:
            self._run(folder, "dpkg-deb", "--fsys-tarfile", *map(str, folder.glob("*.deb")), _out=stream)
            stream.seek(0)
            return read_archive(stream, paths, TOP)

    def mirror(self) -> Optional[Mirror]:
        """The entry of this machine's own Debian suite: rather one with Debian's keyring, or none of its own, than another's."""
        try:
            names = re.findall(r'^VERSION_CODENAME="?([a-z]+)"?$', read_text(self.os_release), re.MULTILINE)
        except (OSError, ValueError):
            names = []
        suites = {*names, "stable", "testing", "unstable", "sid"}
        mirrors = [each for each in self._mirrors() if "main" in each.components and suites.intersection(each.suites)]
        mirrors.sort(key=lambda each: 0 if "debian-archive" in each.signed_by else 2 if each.signed_by else 1)
        return mirrors[0] if mirrors else None

    def _mirrors(self) -> Iterator[Mirror]:
        parts = self.apt / "sources.list.d"
        for path in (self.apt / "sources.list", *sorted(parts.glob("*.list")), *sorted(parts.glob("*.sources"))):
            try:
                text = read_text(path, "replace")
            except OSError:
                continue
            yield from read_deb822(text) if path.suffix == ".sources" else read_one_line(text)

    def _run(self, folder: Path, program: str, *arguments: str, **options: Any) -> None:
        environment = {**self.environ, "LC_ALL": "C"}  # apt reads http_proxy and its like
        try:
            programs.ask(program, *arguments, timeout=self.timeout, _env=environment, _cwd=str(folder), **options)
        except programs.ProgramError as error:
            if error.missing:
                raise _failed(f"this machine has no {program}") from None
            said = error.stderr.splitlines() or [str(error)]
            raise _failed(f"{program}: {next((line for line in said if line.startswith('E: ')), said[-1])}") from None


def read_one_line(text: str) -> Iterator[Mirror]:
    """The mirrors of a file in sources.list(5)'s one-line form: ``deb [signed-by=KEYRING] URI SUITE COMPONENT...``"""
    for line in text.splitlines():
        found = re.match(r"deb\s+(?:\[([^]]*)\]\s*)?(\S+)\s+(\S+)\s*([^#]*)", line.strip())
        if found:
            options, uri, suite, components = found.groups(default="")
            signed_by = re.search(r"signed-by=(\S+)", options, re.IGNORECASE)
            yield Mirror(uri, (suite,), tuple(components.split()), signed_by.group(1) if signed_by else "")


def read_deb822(text: str) -> Iterator[Mirror]:
    """The mirrors of a file in sources.list(5)'s deb822 form. A Signed-By of several lines, the key itself, stays as it is."""
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    for stanza in re.split(r"\n\s*\n", "\n".join(lines)):
        fields: Dict[str, str] = {}
        for name, value in re.findall(r"^([\w-]+):[ \t]*(.*(?:\n[ \t].*)*)", stanza, re.MULTILINE):
            fields[name.lower()] = value
        if "deb" in fields.get("types", "").split() and fields.get("enabled", "yes").lower() not in ("no", "false"):
            suites, components = (tuple(fields.get(name, "").split()) for name in ("suites", "components"))
            yield Mirror(" ".join(fields.get("uris", "").split()), suites, components, fields.get("signed-by", ""))


def _failed(reason: str) -> ReleaseError:
    return ReleaseError(failure("release.source", reason))
