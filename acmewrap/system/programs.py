"""Short questions to programs of this machine: crontab, systemctl, DSM's tools, a command that prints a secret.

acme.sh, whose output matters line by line, has :mod:`acmewrap.driver.process`.
"""

from __future__ import annotations

from typing import Any, Optional

from ..errors import PortableError


class ProgramError(PortableError):
    """No answer. ``status``: with what it ended, None when it did not start or had to be ended; ``missing``: there is none to
    start; ``stderr``: what it said. Its text holds none of the words that it was given.
    """

    def __init__(self, why: str, *, status: Optional[int] = None, stderr: str = "", missing: bool = False) -> None:
        super().__init__(why)
        self.status = status
        self.stderr = stderr
        self.missing = missing


def ask(program: str, *words: str, timeout: float, **options: Any) -> bytes:
    """What *program* prints. *timeout* is in seconds, *options* are those of :mod:`sh`. Raises :class:`ProgramError`."""
    import sh

    try:
        done = sh.Command(program)(*words, _tty_out=False, _timeout=timeout, _return_cmd=True, **options)
    except sh.CommandNotFound:
        raise ProgramError("there is no such program that may be run", missing=True) from None
    except sh.TimeoutException:
        raise ProgramError(f"no answer for {timeout:.0f} s") from None
    except sh.ErrorReturnCode as error:
        said = error.stderr.decode("utf-8", "replace").strip()
        raise ProgramError(f"it ended with {error.exit_code}", status=error.exit_code, stderr=said) from None
    except (sh.ForkException, OSError, ValueError):  # sh shows a traceback of its own, with the words in it
        why = "it cannot be started; a script needs a first line with #! and a program that is there"
        raise ProgramError(why) from None
    return bytes(done.stdout)


def ask_text(program: str, *words: str, timeout: float, **options: Any) -> str:
    """The same as text, for what is only looked at: bytes that are no UTF-8 stand as U+FFFD."""
    return ask(program, *words, timeout=timeout, **options).decode("utf-8", "replace")
