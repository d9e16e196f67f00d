r"""Text from outside, made fit to be shown: what a terminal would obey, or what an eye could not see, is spelt out (``\x1b``).

An authority, a NAS, a certificate, a file's name or a process may say anything: escape sequences that rewrite the screen, line
breaks that forge lines of a log, bidirectional overrides (CVE-2021-42574). It is cleaned in two places and nowhere else: where
a failure is made (:func:`acmewrap.failures.failure`), for those who use the library, and where the command line writes
(:mod:`acmewrap.cli.output`, :mod:`acmewrap.report.live`), for terminals, logs and documents. Cleaning twice changes nothing.

This module imports nothing of the package.
"""

from __future__ import annotations

from typing import Any

# Default_Ignorable_Code_Point (Unicode 15.1, DerivedCoreProperties.txt) without those that str.isprintable() knows already, and the
# blank of Braille. They have no width and no shape.
_UNSEEN = frozenset(
    map(
        chr,
        (
            *(0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0),
            *range(0x180B, 0x1810),
            *range(0xFE00, 0xFE10),
            *range(0xE0100, 0xE01F0),
        ),
    )
)


class Lines(str):
    """Text that is of several lines on purpose: its line breaks stay in a document."""

    __slots__ = ()


def visible(text: str) -> str:
    r"""*text* on one line, in which every control, format, separator or unpaired surrogate character stands as ``\n``, ``\x1b``,
    ``\u202e`` and the like. Tabs stay; so do backslashes, so this is for eyes and cannot be undone.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_shown, text))


def visible_lines(text: str) -> str:
    """*text* with each of its lines made :func:`visible`. For what may be of several lines on purpose."""
    return "\n".join(map(visible, text.split("\n")))


def visible_document(value: Any) -> Any:
    """A JSON document in which every text, the keys too, is made :func:`visible`; what are :class:`Lines` keep their breaks."""
    if isinstance(value, Lines):
        return visible_lines(value)
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, dict):
        return {visible(str(key)): visible_document(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [visible_document(item) for item in value]
    return value


def counted(count: int, what: str, several: str = "") -> str:
    """``1 step``, ``2 steps``; *several* is for plurals that end in something else than s."""
    return f"{count} {what if count == 1 else several or what + 's'}"


def _shown(letter: str) -> str:
    if letter == "\t" or (letter.isprintable() and letter not in _UNSEEN):
        return letter
    return letter.encode("unicode_escape").decode("ascii")
