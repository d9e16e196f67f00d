"""The command line: the only place that prints, exits, and reads the environment and the clock of the process."""

from __future__ import annotations

import gc
import os
import signal
import sys
from typing import NoReturn, Optional, Sequence

from ..errors import AcmewrapError, ExitCode


class Terminated(KeyboardInterrupt):
    """SIGTERM or SIGHUP, on its way through the code like an interruption from the keyboard."""


_ENDING = (signal.SIGTERM, signal.SIGHUP)  # acme.sh runs in a session of its own and would outlive a closed terminal


def start() -> int:
    """:func:`main` as a process of its own. It is over before there is much to collect, and then all of it goes at once."""
    gc.disable()
    if "PATH" in os.environ:  # what is looked up by name is never taken from the current folder
        os.environ["PATH"] = ":".join(folder for folder in os.environ["PATH"].split(":") if folder.startswith("/"))
    try:
        return main()
    except Exception:
        from . import output

        output.show_traceback()
        return int(ExitCode.UNEXPECTED)
    finally:
        gc.freeze()  # or the interpreter looks through everything once more, which takes longer than a run with nothing to do


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Run one command and return its exit code (see :class:`~acmewrap.errors.ExitCode`)."""
    from . import output, parser, quiet

    options = parser.parse(sys.argv[1:] if arguments is None else list(arguments))
    printer = output.Printer(options)
    heeded = [number for number in _ENDING if signal.getsignal(number) is not signal.SIG_IGN]  # nohup(1) has it ignored
    previous = {number: signal.signal(number, _terminate) for number in heeded}
    try:
        if quiet.applies(options, os.environ):
            printer.lines([quiet.NOTHING])
            return int(ExitCode.OK)
        from . import commands
        from .invocation import Invocation

        return int(commands.run(Invocation(options, dict(os.environ), printer)))
    except AcmewrapError as error:
        printer.error(error)
        return int(error.exit_code)
    except KeyboardInterrupt as interruption:
        code = ExitCode.TERMINATED if isinstance(interruption, Terminated) else ExitCode.INTERRUPTED
        printer.interrupted(code)
        return int(code)
    except BrokenPipeError:  # whoever read our output has seen enough; nothing may be written at exit either
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return int(ExitCode.UNEXPECTED)
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _terminate(*_: object) -> NoReturn:
    raise Terminated
