"""One marked entry in the user's crontab (crontab(5)); every other line stays as it is, to the letter."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Callable, List, NoReturn, Tuple

from ..config.model import Schedule
from ..errors import CommandError
from ..failures import failure
from ..frozen import frozen
from ..reasons import Drift
from ..system import files, privileges, programs
from ..system.privileges import User
from .backend import StartOutcome, logged, times

_PROGRAM = "crontab"
_TIMEOUT = 30.0
_TRIES = 3


@frozen
class CrontabEntry:
    """What cron is to run, one line per command. ``name`` marks the entry: there is one per configuration file.

    Where root works as another user the entry is that user's, and none is root's.
    """

    name: str
    schedule: Schedule
    commands: Tuple[Tuple[str, ...], ...]
    log: Path

    def drift(self) -> Drift:
        text = read()
        if self.merge(text) == text and not self._is_roots():
            return "same"
        return "differs" if self.is_in(text) else "missing"

    def ensure(self) -> None:
        edit(self.merge)
        if self._is_roots():
            privileges.as_root(self.remove)

    def show(self) -> str:
        return self.find(read())

    def check_start(self) -> NoReturn:
        raise CommandError(failure("schedule.not_startable", "cron starts nothing before its time"))

    def start(self, timeout: float) -> StartOutcome:  # noqa: ARG002  the shape of all schedulers
        self.check_start()

    def remove(self) -> bool:
        return edit(self.without)

    def _is_roots(self) -> bool:
        """Whether root's table has the entry, from before root worked as another user."""
        return privileges.way_back() is not None and privileges.as_root(lambda: self.is_in(read()))

    def render(self, before: str = "") -> str:
        """The block of lines for a crontab, to stand after *before*."""
        lines = [self._line(command) for command in self.commands]
        if self.schedule.mail is not None:
            # cron holds a setting for all lines below it, and those are not ours: they get theirs back.
            lines = [f"MAILTO={self.schedule.mail}", *lines, _recipient(before)]
        return "".join(f"{line}\n" for line in (self._begin(), *lines, self._end()))

    def is_in(self, text: str) -> bool:
        """Whether a crontab has this entry, in whatever form."""
        return self._begin() in _bare(text)

    def _line(self, command: Tuple[str, ...]) -> str:
        # cron turns an unescaped % into the end of the command, and gives a bare environment: all paths are absolute.
        words, log = (" ".join(map(shlex.quote, each)).replace("%", "\\%") for each in (command, (str(self.log),)))
        line = f"{self._when()} umask 077; {logged(words, log)}"
        if self.schedule.mail is not None:
            # Output is what cron mails, so there is some only when the run failed.
            line += f" || {{ echo 'acmewrap failed, the end of its log:'; tail -n 40 {log}; }}"
        return line

    def merge(self, text: str) -> str:
        """*text* with this entry in it: in its old place if it has one, else at the end. The same entry again: the same text."""
        before, _, after = self._split(text)
        if before and not before.endswith("\n"):
            before += "\n"
        return before + self.render(before) + after

    def without(self, text: str) -> str:
        before, _, after = self._split(text)
        return before + after

    def find(self, text: str) -> str:
        """The entry as it stands in *text*; empty when it has none."""
        return self._split(text)[1]

    def _split(self, text: str) -> Tuple[str, str, str]:
        """What stands before the entry, the entry, and what stands after it."""
        bare, begin, end = _bare(text), self._begin(), self._end()
        if begin not in bare:
            return text, "", ""
        lines = re.findall("[^\n]*\n|[^\n]+", text)
        start = bare.index(begin)
        # Without its end mark (edited by hand) only the first line is taken for ours.
        stop = bare.index(end, start) + 1 if end in bare[start:] else start + 1
        return "".join(lines[:start]), "".join(lines[start:stop]), "".join(lines[stop:])

    def _begin(self) -> str:
        return f"# BEGIN acmewrap {self.name}"

    def _end(self) -> str:
        return f"# END acmewrap {self.name}"

    def _when(self) -> str:
        hour, minute, hours, minutes = times(self.schedule, self.name)
        if minutes:
            return f"{minute}-59/{minutes} * * * *" if minutes > 1 else "* * * * *"
        field = {1: "*", 24: str(hour)}.get(hours, f"{hour}-23/{hours}")
        return f"{minute} {field} * * *"


def read() -> str:
    """The user's crontab; empty when there is none. What is no UTF-8 becomes the same bytes again when it is written. Raises
    :class:`CommandError`.
    """
    try:
        return programs.ask(_PROGRAM, "-l", timeout=_TIMEOUT).decode("utf-8", "surrogateescape")
    except programs.ProgramError as error:
        if "no crontab" in error.stderr:
            return ""
        raise _refused("-l", error) from None


def write(text: str) -> None:
    """Replace the user's crontab, as a whole. Raises :class:`CommandError` when cron refuses it."""
    try:
        programs.ask(_PROGRAM, "-", timeout=_TIMEOUT, _in=text.encode("utf-8", "surrogateescape"))
    except programs.ProgramError as error:
        raise _refused("-", error) from None


def edit(change: Callable[[str], str]) -> bool:
    """Have the user's crontab be what *change* makes of it, and read it back; False when it is so already.

    *change* leaves a table alone that it has changed. Two that edit at the same time would undo each other's work: runs of
    acmewrap wait for each other, and what another program took back is done again. Raises :class:`CommandError`
    (``schedule.not_kept``) when it does not last.
    """
    with files.machine_lock():
        for attempt in range(_TRIES):
            before = read()
            after = change(before)
            if after == before:
                return attempt > 0
            write(after)
        if change(read()) != read():
            raise CommandError(failure("schedule.not_kept", "crontab took the new table, and shows another one"))
    return True


def _refused(word: str, error: programs.ProgramError) -> CommandError:
    if error.missing:
        return CommandError(failure("schedule.no_crontab", "this machine has no crontab command"))
    message = f"crontab {word}: {error.stderr or error}"
    return CommandError(failure("schedule.refused", message), command=_PROGRAM)


def _bare(text: str) -> List[str]:
    """The lines as cron has them: nothing but a line feed ends one. A carriage return at its end was not meant."""
    return [line.rstrip("\r") for line in text.split("\n")]


def _recipient(text: str) -> str:
    """The setting that holds for what is written below *text*; without one cron mails to the user (crontab(5))."""
    settings = [line for line in text.split("\n") if re.match(r"\s*MAILTO\s*=", line)]
    return settings[-1] if settings else f"MAILTO={User.current().name}"
