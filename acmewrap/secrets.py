"""Secrets: values that are not strings, references that say where a value lies, and the redaction of text.

A reference is resolved when the value is needed and not before; only :meth:`Secret.reveal` hands the value out, and only the
environment of a child and the body of a request take it.
"""

from __future__ import annotations

import base64
import json
import os
import re
import shlex
from pathlib import Path
from typing import Dict, Iterable, Mapping, NoReturn, Optional, Pattern, Tuple, Union
from urllib.parse import quote, quote_plus

from .errors import AccessError
from .failures import failure
from .frozen import frozen
from .system.programs import ProgramError, ask
from .system.reading import read_text
from .system.trust import refuse_weak_command

MASK = "***"
_TIMEOUT = 60.0  # seconds for a command


class Secret:
    """A value that cannot be printed by accident: no ``str`` of it, no f-string, no pickle, no equality with text."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __format__(self, spec: str) -> NoReturn:
        raise TypeError("a Secret cannot be formatted; call reveal() where the value may go")

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret cannot be pickled")


@frozen
class FileReference:
    """``{file: path}``: the file's text without its last newline."""

    path: Path


@frozen
class EnvironmentReference:
    """``{env: NAME}``: a variable of the process that runs acmewrap."""

    name: str


@frozen
class CommandReference:
    """``{command: [argv]}``: what a command prints, without its last newline. No shell is involved."""

    argv: Tuple[str, ...]


@frozen
class CredentialReference:
    """``{credential: NAME}``: a file in ``$CREDENTIALS_DIRECTORY``, as systemd's LoadCredential= lays it."""

    name: str


@frozen
class InlineSecret:
    """The value itself, written into the YAML file; accepted only while that file is readable by its owner alone."""

    value: Secret


Reference = Union[FileReference, EnvironmentReference, CommandReference, CredentialReference, InlineSecret]


def resolve(reference: Reference, environ: Mapping[str, str]) -> Secret:
    """The secret behind *reference*. Raises :class:`AccessError` (``secret.unavailable``), also where no program can take it."""
    if isinstance(reference, InlineSecret):
        return reference.value
    where, text = _find(reference, environ)
    if "\0" in text or not _is_utf_8(text):  # neither an environment nor a request can hold it
        raise _unavailable(f"{where} holds what is no UTF-8 text, or a zero byte")
    return Secret(text)


def resolve_all(env: Mapping[str, Union[str, Reference]], environ: Mapping[str, str]) -> Dict[str, Union[str, Secret]]:
    """*env* with the secret in the place of each reference. Raises what :func:`resolve` raises."""
    return {name: one if isinstance(one, str) else resolve(one, environ) for name, one in env.items()}


def _find(reference: Reference, environ: Mapping[str, str]) -> Tuple[str, str]:
    """Where it lies, in words, and the text there."""
    if isinstance(reference, EnvironmentReference):
        if reference.name not in environ:
            raise _unavailable(f"the environment has no variable {reference.name}")
        return f"the variable {reference.name}", environ[reference.name]
    if isinstance(reference, CommandReference):
        return f"the answer of {reference.argv[0]}", _output_of(reference.argv, environ)
    if isinstance(reference, CredentialReference):
        folder = environ.get("CREDENTIALS_DIRECTORY")
        if folder is None:
            unset = "CREDENTIALS_DIRECTORY is not set (it is systemd that sets it)"
            raise _unavailable(f"credential {reference.name}: {unset}")
        return f"the credential {reference.name}", _text_of(Path(folder) / reference.name)
    assert isinstance(reference, FileReference)
    return str(reference.path), _text_of(reference.path)


def _is_utf_8(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _text_of(path: Path) -> str:
    try:
        text = read_text(path)
    except (OSError, ValueError) as error:
        why = "it is no UTF-8 text" if isinstance(error, UnicodeDecodeError) else getattr(error, "strerror", error)
        raise _unavailable(f"{path}: {why}") from None
    return text[:-1] if text.endswith("\n") else text


def _output_of(argv: Tuple[str, ...], environ: Mapping[str, str]) -> str:
    refuse_weak_command(argv, environ.get("PATH"))
    try:
        output = ask(argv[0], *argv[1:], timeout=_TIMEOUT, _env=dict(environ)).decode("utf-8")
    except ProgramError as error:  # what it said may be the secret
        raise _unavailable(f"the command {argv[0]}: {error}") from None
    except UnicodeDecodeError:
        raise _unavailable(f"the command {argv[0]}: what it prints is no UTF-8 text") from None
    return output[:-1] if output.endswith("\n") else output


def _unavailable(what: str) -> AccessError:
    return AccessError(failure("secret.unavailable", f"a secret cannot be read: {what}"))


class Redactor:
    """Replaces every form in which a known secret can appear in text: raw, URL-encoded, base64, shell-quoted, JSON.

    ``longest`` is the length of the longest of these forms; text cut anywhere may hold so much of a secret at its end.
    """

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        patterns: Dict[str, int] = {}
        for secret in secrets:
            patterns.update((re.escape(form), len(form)) for form in _forms(secret.reveal()))
            patterns.update(_backslashed(secret.reveal()))
        ordered = sorted(patterns, key=lambda pattern: patterns[pattern], reverse=True)
        self.longest = max(patterns.values(), default=0)
        self._pattern: Optional[Pattern[str]] = re.compile("|".join(ordered)) if ordered else None

    def redact(self, text: str) -> str:
        return text if self._pattern is None else self._pattern.sub(MASK, text)


def _forms(value: str) -> Iterable[str]:
    if not value:
        return
    encoded = quote(value, safe="")
    yield from (
        value,
        encoded,
        re.sub("%..", lambda match: match.group().lower(), encoded),
        quote_plus(value),
        quote(value),
    )
    for data in (value.encode(), value.encode() + b"\n"):
        wrapped = base64.b64encode(data).decode()
        yield wrapped
        for width in (64, 76):  # as `openssl base64` and `base64` break it into lines
            yield from (wrapped[at : at + width] for at in range(0, len(wrapped) - 3, width))
    yield from (shlex.quote(value), value.replace("'", "'\\''"))
    yield from (json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1])
    yield from (line for line in value.splitlines() if len(line) > 3)


def _backslashed(value: str) -> Mapping[str, int]:
    """A pattern for the value with a backslash before any of its special characters, as between double quotes or by ``%q``."""
    pattern = "".join(letter if letter.isalnum() else rf"\\?{re.escape(letter)}" for letter in value)
    return {pattern: 2 * len(value)} if value else {}


def is_private(path: Path) -> bool:
    """Whether nobody but the owner (and root) can read *path*."""
    return os.stat(path).st_mode & 0o077 == 0
