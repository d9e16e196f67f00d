"""The command line: the only place that prints and exits. It hands on the environment and the clock of the process; elsewhere these
are defaults of public functions, tell how this program was started, and date the report of a fault.
"""

from __future__ import annotations

import gc
import os
import sys

from . import streams

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional, Sequence


def start() -> int:
    """:func:`main` as a process of its own. It is over before there is much to collect, and then all of it goes at once."""
    gc.disable()
    streams.open_all()
    if "PATH" in os.environ:  # what is looked up by name is never taken from the current folder
        os.environ["PATH"] = ":".join(folder for folder in os.environ["PATH"].split(":") if folder.startswith("/"))
    try:
        if "_ARGCOMPLETE" in os.environ:  # a shell that has the script of `completion` asks
            from .commands import completion

            completion.answer()
        return main()
    except Exception:
        from ..errors import ExitCode
        from . import output

        output.show_traceback()
        return int(ExitCode.UNEXPECTED)
    finally:
        streams.abandon()
        gc.freeze()  # or the interpreter looks through everything once more, which takes longer than a run with nothing to do


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Run one command and return its exit code (see :class:`~acmewrap.errors.ExitCode`)."""
    with streams.Guarded() as guarded:
        code = _run(arguments)
        for stream in guarded:
            stream.flush()
        lost = [stream for stream in guarded if stream.lost is not None]
        if code == 0 and lost:
            from . import output

            return output.tell_loss(lost[0])
        return code


def _run(arguments: Optional[Sequence[str]]) -> int:
    from . import scheduled

    words = sys.argv[1:] if arguments is None else list(arguments)
    options = scheduled.parse(words)
    try:
        failures = None if options is None else scheduled.finish(options)
    except KeyboardInterrupt:  # of which there is nothing to say: it had done everything but wait for an answer
        return 130
    if failures:
        from ..report import failures as report
        from . import output

        output.write_lines(sys.stdout, report.monitoring_lines(failures))
    if failures is not None:
        return 0
    from ..errors import AcmewrapError, ExitCode
    from . import output, signals

    if options is None:
        from . import parser

        options = parser.parse(words)
    printer = output.Printer(options)
    was_root, environ = os.geteuid() == 0, dict(os.environ)
    try:
        from . import commands
        from .invocation import Invocation

        with signals.raised():
            code = commands.run(Invocation(options, dict(os.environ), printer, arguments is None))
        return int(printer.lost.exit_code if code == ExitCode.OK and printer.lost is not None else code)
    except AcmewrapError as error:
        printer.error(error)
        return int(error.exit_code)
    except KeyboardInterrupt as signalled:
        from ..failures import interruption

        stopped = AcmewrapError(interruption(signalled))
        printer.error(stopped)
        return int(stopped.exit_code)
    except Exception as error:  # of what was merely looked at; what is written, and each step, has errors of its own
        from .. import unexpected
        from ..system.privileges import cache_folder

        ended = unexpected.explain(error, cache_folder(environ), options.command)
        printer.error(ended)
        return int(ended.exit_code)
    finally:
        if arguments is not None and was_root and os.geteuid() != 0:  # called by a program of root's, which goes on
            from ..system.privileges import regain

            regain()
            os.environ.clear()
            os.environ.update(environ)
