"""A run that found nothing to do writes down until when that holds, and on which files it rests.

The next unattended run compares the identity of each of those files (device, inode, size, both times) and the clock, and is
done: it reads neither YAML nor a certificate. Anything else than the very same files means that everything is read again; so
does a record that is a week old, or that somebody else than this user could have written.
"""

from __future__ import annotations

import os

from .. import __version__
from ..backoff import LONGEST_QUIET
from ..system.reading import LARGE, open_regular

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterator, Mapping, Optional

    from ..config.model import Config
    from ..state.model import State

# File systems keep times in steps: what changed just now may change again within the same one.
_SETTLED_NS = 2_000_000_000


def find_note(file: Optional[str], environ: Mapping[str, str], now: float) -> Optional[str]:
    """The line left for monitoring, if the configuration *file* is known to need nothing at *now*; else None."""
    try:
        with open_regular(_place(file or environ["ACMEWRAP_CONFIG"], environ)) as record:
            status = os.fstat(record.fileno())
            if status.st_uid != os.geteuid() or status.st_mode & 0o077:
                return None
            lines = record.read(min(status.st_size, LARGE)).decode("utf-8").split("\n")
        since, until = map(int, lines[1].split())
        if lines[0] != _header(environ) or not since <= now < until <= since + LONGEST_QUIET or lines[-1] != "end":
            return None
        pairs = (line.split("\t") for line in lines[3:-1])
        return lines[2] if all(_identity(path) == identity for identity, path in pairs) else None
    except (OSError, ValueError, LookupError):
        return None


def remember(config: Config, state: State, environ: Mapping[str, str], now: float, monitoring: Optional[str]) -> None:
    """Write down that *state*, read since *now* and all that the configuration asks for, needs nothing, and with it a line for
    *monitoring* (None: nothing is written, as every run has to look). Failing is no harm.

    Only for what was read from the file as it is now: a configuration made in code, or read before the file was edited, says
    nothing about the next run.
    """
    from pathlib import Path

    from ..errors import AcmewrapError
    from ..system import files

    if state.revocations or any(found.attempts.next_try > now for found in state.certificates.values()):
        return  # each run says what waits
    found = [(path, _identity(path)) for path in _files(config)]
    if monitoring is None or config.origin is None or _identity_of(config.origin) != found[0][1]:
        return
    latest = max((int(time) for _, identity in found for time in identity.split()[3:]), default=0)
    if latest > now * 1e9 - _SETTLED_NS:
        return
    until = min((when for when in _moments(config, state) if when > now), default=now + LONGEST_QUIET)
    times = f"{int(now)} {int(min(until, now + LONGEST_QUIET))}"
    lines = (_header(environ), times, monitoring, *(f"{identity}\t{path}" for path, identity in found), "end")
    try:
        place = Path(_place(str(config.file), environ))
        files.make_folder(place.parent)
        files.write_atomic(place, "\n".join(lines))
    except (OSError, ValueError, KeyError, AcmewrapError):
        return


def _files(config: Config) -> Iterator[str]:
    """All that a plan of certificates is made from."""
    from .. import paths
    from ..driver.homes import compromised
    from ..driver.homes.home import Home

    yield str(config.file)
    for authority in config.authorities.values():
        yield str(paths.ledger_path(authority))
        yield str(compromised.place(Home(authority.home)))
    for certificate in config.certificates.values():
        there = paths.files_of(config, certificate)
        yield from map(str, (there.configuration, there.key, there.certificate, there.chain, there.fullchain))


def _moments(config: Config, state: State) -> Iterator[float]:
    """When the plan may become another one although no file changes."""
    from ..plan.due import due_of, look_at

    for name, found in state.certificates.items():
        due = due_of(config, config.certificates[name], found.stored, found.advice)
        if due is not None:
            yield due
        yield found.attempts.next_try
        yield from (entry.next_try for entry in found.deliveries.values())
        looks = (look_at(target, found.deliveries[target.name]) for target in config.certificates[name].targets)
        yield from (when for when in looks if when is not None)
        if found.advice is not None:
            yield found.advice.next_look


def _place(file: str, environ: Mapping[str, str]) -> str:
    base = environ.get("XDG_CACHE_HOME") or os.path.join(_home(environ), ".cache")
    return os.path.join(base, "acmewrap", "quiet" + os.path.abspath(file).replace("%", "%25").replace("/", "%"))


def _home(environ: Mapping[str, str]) -> str:
    if environ.get("HOME"):
        return environ["HOME"]
    import pwd  # DSM's tasks run without HOME

    try:
        return pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:  # a user without an entry, as containers have them
        return "/"


def _header(environ: Mapping[str, str]) -> str:
    return f"acmewrap {__version__} {_home(environ)}"


def _identity(path: str) -> str:
    try:
        return _identity_of(os.stat(path))
    except OSError:
        return "0 0 0 0 0"


def _identity_of(found: os.stat_result) -> str:
    return f"{found.st_dev} {found.st_ino} {found.st_size} {found.st_mtime_ns} {found.st_ctime_ns}"
