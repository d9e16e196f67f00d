"""A service and its timer (systemd.service(5), systemd.timer(5)): for the machine when root asks, else for the user.

The service may write where the configuration says and nowhere else. That cage needs root's manager; a user's own manager can
hold only those of its bars that need no privilege.
"""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import Callable, Mapping, Optional, Tuple

from .. import templates
from ..config.model import Schedule
from ..errors import AccessError, CommandError
from ..failures import failure
from ..frozen import frozen
from ..reasons import Drift
from ..system import files, privileges, programs
from ..system.reading import read_text
from .backend import Log, StartOutcome, logged, times

IDENTITY = "acmewrap unit, version 1"

_SYSTEM = Path("/etc/systemd/system")
_SOURCE = re.compile(r"^# Rendered from (/.*?); ", re.MULTILINE)
_OF_FAILURE = "failure.service.j2"
_FILES = {"{}.service": "service.j2", "{}.timer": "timer.j2", "{}-failure.service": _OF_FAILURE}
_TIMEOUT = 60
# Files and folders of other users (webroots, installed copies) are written to and given back to their owners.
_CAPABILITIES = ("CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER")
_LOW_PORTS = "CAP_NET_BIND_SERVICE"
# As cron does it. The path is there because managers of users know none of sbin.
_NOTICE = (
    "PATH=/usr/sbin:/usr/bin:/sbin:/bin; "
    '{ printf "To: %s\\nSubject: %s\\n\\nThe end of its log:\\n" "$1" "$2"; tail -n 40 "$0"; } | sendmail -oi -t'
)


@frozen
class Units:
    """A service and its timer, both called ``name``; with ``schedule.mail`` another service, which sends the end of the log when
    that one fails. ``writable`` is all that the service may write to; ``listens``: it opens ports below 1024 itself;
    ``runs_others``: programs of the configuration, of which nobody knows what they need (`nginx -t` writes to /run and /var, and
    listens). ``folder`` is where units are kept, ``system`` whose manager runs them, ``user`` as whom, if not root.
    """

    name: str
    source: Path
    schedule: Schedule
    commands: Tuple[Tuple[str, ...], ...]
    log: Path
    writable: Tuple[Path, ...]
    folder: Path
    system: bool
    listens: bool = False
    runs_others: bool = False
    user: str = ""

    def render(self) -> Mapping[Path, str]:
        """The texts of the files, by path."""
        wanted = (one for one in self._paths().items() if self.schedule.mail or one[1] != _OF_FAILURE)
        return {path: self._render(template) for path, template in wanted}

    def _paths(self) -> Mapping[Path, str]:
        """Where files of ours may lie, also when they should not any more, each with its template."""
        return {self.folder / name.format(self.name): template for name, template in _FILES.items()}

    def drift(self) -> Drift:
        """How what is there compares with what should be; a timer that is not enabled differs. Changes nothing."""
        texts, wanted = {path: _read(path) for path in self._paths()}, self.render()
        if not any(texts.values()):
            return "missing"
        return "same" if texts == {path: wanted.get(path) for path in texts} and self.is_enabled() else "differs"

    def is_enabled(self) -> bool:
        return self._control("is-enabled", f"{self.name}.timer", any_status=True).strip() == "enabled"

    def disable(self) -> None:
        """Stop the timer, also after the next start of the machine."""
        self._control("disable", "--now", f"{self.name}.timer", any_status=True)

    def ensure(self) -> None:
        """Write them, and have the timer run from now on. Raises :class:`AccessError` (``file.foreign``) for units that somebody
        else wrote, :class:`CommandError` (``schedule.refused``) when systemd refuses.
        """
        wanted = self.render()
        for path in self._paths():
            found, text = _read(path), wanted.get(path)
            source = str(self.source) if found is None else source_of(found)
            if source != str(self.source):
                what = "was not written by acmewrap"
                if source is not None:
                    what = f"is the unit of another file, whose path differs from that of {self.source} in signs alone"
                raise AccessError(failure("file.foreign", f"{path} {what}", path=path))
            if text is not None:
                self._as_manager(partial(files.make_folder, path.parent, 0o755))
                self._as_manager(partial(files.write_atomic, path, text, files.PUBLIC))
            elif found is not None:
                self._as_manager(path.unlink)
        self._control("daemon-reload")
        self._control("enable", "--now", f"{self.name}.timer")
        if self.drift() != "same":
            message = f"systemd took {self.name}.timer, and shows another one or does not start it"
            raise CommandError(failure("schedule.not_kept", message), command="systemctl")

    def remove(self) -> bool:
        """Stop the timer and remove the files. False when there was nothing."""
        there = [path for path in self._paths() if path.exists()]
        if there:
            self.disable()
            for path in there:
                self._as_manager(path.unlink)
            self._control("daemon-reload")
        return bool(there)

    def show(self) -> str:
        there = (path for path in self._paths() if path.exists())
        return "\n".join(f"# {path}\n{read_text(path, 'replace')}" for path in there)

    def check_start(self) -> None:
        return

    def start(self, timeout: float) -> StartOutcome:
        """Run the service now and wait for its end; how it ended, in systemd's word (``success``, ``exit-code`` and so on)."""
        log = Log(self.log)
        self._control("start", f"{self.name}.service", any_status=True, timeout=timeout)
        result = self._control("show", "--property=Result", "--value", f"{self.name}.service").strip()
        return StartOutcome(result == "success", f"systemd says: {result}", log.added())

    def _as_manager(self, work: Callable[[], None]) -> None:
        """What is the system's lies where root alone may write."""
        if self.user:
            privileges.as_root(work)
        else:
            work()

    def _control(self, *words: str, any_status: bool = False, timeout: float = _TIMEOUT) -> str:
        scope = () if self.system else ("--user",)
        way_back = privileges.way_back() if self.system else None
        options = {"_preexec_fn": way_back, "_ok_code": range(256) if any_status else (0,)}
        try:
            return programs.ask_text("systemctl", *scope, *words, timeout=timeout, **options)
        except programs.ProgramError as error:
            if error.missing:
                raise CommandError(failure("schedule.no_systemd", "this machine has no systemctl command")) from error
            refused = failure("schedule.refused", f"systemctl {' '.join(words)}: {error.stderr or error}")
            raise CommandError(refused, command="systemctl") from error

    def _render(self, template: str) -> str:
        subject = f"acmewrap failed: {self.source}"
        values = {
            **vars(self),
            "commands": tuple(map(self._logged, self.commands)),
            "notice": ("/bin/sh", "-c", _NOTICE, str(self.log), self.schedule.mail or "", subject),
            "capabilities": (*_CAPABILITIES, _LOW_PORTS) if self.listens else _CAPABILITIES,
        }
        return templates.render(template, identity=IDENTITY, calendar=self._calendar(), **values)

    def _logged(self, command: Tuple[str, ...]) -> Tuple[str, ...]:
        """With its log opened by the user: systemd itself would do so as root, and start nothing where it cannot."""
        return ("/bin/sh", "-c", logged('exec "$@"', "$0"), str(self.log), *command)

    def _calendar(self) -> str:
        """The times, as systemd.time(7) writes them."""
        hour, minute, hours, minutes = times(self.schedule, self.name)
        if minutes:
            return f"*-*-* *:{minute:02}/{minutes}:00"
        return f"*-*-* {hour:02}{'' if hours == 24 else f'/{hours}'}:{minute:02}:00"


def source_of(text: str) -> Optional[str]:
    """The configuration file that acmewrap made a unit from; None for one that somebody else made."""
    match = _SOURCE.search(text) if IDENTITY.rpartition(" ")[0] in text[:200] else None
    return None if match is None else match[1]


def folder_of_units(environ: Mapping[str, str]) -> Path:
    """Where this user's units are kept: the machine's folder for root, also where it works as another user."""
    if privileges.may_be_root():
        return _SYSTEM
    base = environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base else privileges.home_of(environ) / ".config") / "systemd" / "user"


def _read(path: Path) -> Optional[str]:
    try:
        return read_text(path, "replace")
    except FileNotFoundError:
        return None
