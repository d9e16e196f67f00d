"""The command line: the only place that prints, exits, and reads the environment and the clock of the process."""

from __future__ import annotations

import gc
import os
import signal
import sys
import time
from typing import TYPE_CHECKING, NoReturn, Optional, Sequence

from ..errors import AcmewrapError, ExitCode

if TYPE_CHECKING:
    import argparse

    from .output import Printer


class Terminated(KeyboardInterrupt):
    """SIGTERM or SIGHUP, on its way through the code like an interruption from the keyboard."""


_ENDING = (signal.SIGTERM, signal.SIGHUP)  # acme.sh runs in a session of its own and would outlive a closed terminal
_HARMLESS = ("command", "config", "verbose", "quiet", "no_color", "timeout")


def start() -> int:
    """:func:`main` as a process of its own. It is over before there is much to collect, and then all of it goes at once."""
    gc.disable()
    from . import streams

    streams.open_all()
    if "PATH" in os.environ:  # what is looked up by name is never taken from the current folder
        os.environ["PATH"] = ":".join(folder for folder in os.environ["PATH"].split(":") if folder.startswith("/"))
    try:
        if "_ARGCOMPLETE" in os.environ:  # a shell that has the script of `completion` asks
            from .commands import completion

            completion.answer()
        return main()
    except Exception:
        from . import output

        output.show_traceback()
        return int(ExitCode.UNEXPECTED)
    finally:
        streams.abandon()
        gc.freeze()  # or the interpreter looks through everything once more, which takes longer than a run with nothing to do


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Run one command and return its exit code (see :class:`~acmewrap.errors.ExitCode`)."""
    from . import streams

    with streams.guarded() as guarded:
        code = _run(arguments)
        for stream in guarded:
            stream.flush()
        lost = [stream for stream in guarded if stream.lost is not None]
        if code == ExitCode.OK and lost:
            from . import output

            return output.tell_loss(lost[0])
        return code


def _run(arguments: Optional[Sequence[str]]) -> int:
    from . import output, parser

    options = parser.parse(sys.argv[1:] if arguments is None else list(arguments))
    printer = output.Printer(options)
    heeded = [number for number in _ENDING if signal.getsignal(number) is not signal.SIG_IGN]  # nohup(1) has it ignored
    was_root, environ = os.geteuid() == 0, dict(os.environ)
    previous = {number: signal.signal(number, _terminate) for number in heeded}
    try:
        if _is_quiet(options, printer):
            return int(ExitCode.OK)
        from . import commands
        from .invocation import Invocation

        code = commands.run(Invocation(options, dict(os.environ), printer, arguments is None))
        return int(printer.lost.exit_code if code == ExitCode.OK and printer.lost is not None else code)
    except AcmewrapError as error:
        printer.error(error)
        return int(error.exit_code)
    except KeyboardInterrupt as interruption:
        code = ExitCode.TERMINATED if isinstance(interruption, Terminated) else ExitCode.INTERRUPTED
        printer.interrupted(code)
        return int(code)
    except Exception as error:  # of what was merely looked at; what is written, and each step, has errors of its own
        from .. import unexpected

        ended = unexpected.explain(error, unexpected.own_folder(environ), options.command)
        printer.error(ended)
        return int(ended.exit_code)
    finally:
        if arguments is not None and was_root and os.geteuid() != 0:  # called by a program of root's, which goes on
            from ..system.privileges import regain

            regain()
            os.environ.clear()
            os.environ.update(environ)
        for number, handler in previous.items():
            signal.signal(number, handler)


def _is_quiet(options: argparse.Namespace, printer: Printer) -> bool:
    """Whether this is a scheduled run of everything (no option asks for more, or for less) that is known to find nothing to do.
    Then all of it is done here, before anything of size is imported.
    """
    from ..engine.noop_cache import find_note

    asked = (name for name, value in vars(options).items() if value and name not in _HARMLESS)
    started = time.time()
    note = None if options.command != "cron" or any(asked) else find_note(options.config, os.environ, started)
    if note:
        from ..monitoring import heartbeat

        failures = heartbeat.beat(note, os.environ, started, time.time)
        if failures is None:
            return False
        if failures:
            from ..report import screen

            printer.lines(screen.monitoring_lines(failures), always=True)
    if note is not None:
        printer.nothing()
    return note is not None


def _terminate(*_: object) -> NoReturn:
    raise Terminated
