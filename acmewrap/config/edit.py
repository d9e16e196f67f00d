"""One value of the file changed in its text: every other letter of it, every comment, stays where it is.

The place is that of the value's node, and the result is trusted only after it was read: it has to mean what the file meant, but
for that one value.
"""

from __future__ import annotations

from codecs import BOM_UTF8
from difflib import unified_diff
from pathlib import Path
from typing import Any, Iterator, Mapping, Optional, Tuple

from yaml.nodes import MappingNode, Node, ScalarNode

from ..errors import AcmewrapError, BusyError, ConfigurationError, Problem
from ..failures import failure
from ..frozen import frozen, replace
from ..secrets import InlineSecret, Redactor
from ..system import files
from ..system.trust import StrPath
from . import references
from .binder.nodes import compose, position, span
from .load import fetch, parse
from .manifest import Pin
from .model import Config
from .sections.scalars import DURATION


class UneditableError(ConfigurationError):
    """What to write is clear, and no program can write it there."""

    def __init__(self, problem: Problem, section: str, entries: str) -> None:
        super().__init__(failure("config.not_editable", str(problem), section=section, entries=entries), (problem,))


@frozen
class Edit:
    """The file as it is and as it would be: what each means, and its bytes. Nothing is written yet."""

    old: Config
    new: Config
    before: bytes
    after: bytes

    def diff(self) -> Iterator[str]:
        """The lines that change, secrets in them masked."""
        redactor = Redactor(one.value for _, one in references.find(self.old) if isinstance(one, InlineSecret))
        old, new = (text.decode("utf-8-sig").splitlines() for text in (self.before, self.after))
        return map(redactor.redact, unified_diff(old, new, str(self.old.file), "new", n=0, lineterm=""))

    def write(self, *, pretend: bool = False) -> None:
        """Put the new text in the place of the old one; *pretend*: only see whether that can be done.

        Raises :class:`AccessError` (``file.not_writable``), :class:`AcmewrapError` (``disk.full`` and the like), and
        :class:`BusyError` (``config.changed``) when the file is no longer what it was.
        """
        file = self.old.file
        try:
            files.rewrite(file, self.after, pretend=pretend, before=self._refuse_changed)
        except OSError as error:
            raise AcmewrapError(files.describe(error, file)) from error

    def _refuse_changed(self, _: str) -> None:
        """In the last moment: writing the new file takes as long as the disk does."""
        if fetch(self.old.file)[0] != self.before:
            raise BusyError(failure("config.changed", f"{self.old.file} was changed meanwhile by somebody else"))


def set_release(path: StrPath, version: str, environ: Optional[Mapping[str, str]] = None) -> Edit:
    """The edit that has the file *path* ask for the release *version* of acme.sh.

    Raises what :func:`load` raises, and :class:`UneditableError` (``config.not_editable``) when the text cannot be changed so
    that this alone changes.
    """
    return _edit(path, environ, "acme_sh", {"release": version}, release=version)


def set_pin(path: StrPath, pin: Pin, manifest: Path, sha256: str, environ: Optional[Mapping[str, str]] = None) -> Edit:
    """The edit that has the file *path* know the release *pin*, by its *manifest* beside the file. Raises the same."""
    return _edit(path, environ, "acme_sh", {"manifest": manifest.name, "sha256": sha256}, pin=pin)


def set_interval(path: StrPath, every: str, environ: Optional[Mapping[str, str]] = None) -> Edit:
    """The edit that has the schedule of the file *path* come *every* so often, and no longer `daily`. Raises the same."""
    return _edit(path, environ, "schedule", {"every": every}, daily=None, every_seconds=DURATION.parse(every))


# What a key takes the place of, since a section cannot have both.
_INSTEAD = {"every": "daily"}


def _edit(
    path: StrPath, environ: Optional[Mapping[str, str]], section: str, values: Mapping[str, str], **meaning: Any
) -> Edit:
    """With *values* in the *section* of the file, which are to mean just this."""
    data, private = fetch(path)
    old = parse(data, private, path, environ)
    # libyaml leaves the byte order mark out of its count.
    encoding = "utf-8-sig" if data.startswith(BOM_UTF8) else "utf-8"
    text = data.decode(encoding)
    for name, value in values.items():
        root = compose(text.encode("utf-8"), str(path))
        text = _with_value(text, root, section, name, value)
    after = text.encode(encoding)
    try:
        new = parse(after, private, path, environ)
    except ConfigurationError:
        new = old
    if new != replace(old, **{section: replace(getattr(old, section), **meaning)}):
        root, key = compose(data, str(path)), next(iter(values))
        node = _find(_find(root, section), key) or _find(root, section) or root
        reason = "other values hang together with this one (an anchor and its alias), or it is written unusually"
        entries = ", ".join(f'{name}: "{value}"' for name, value in values.items())
        raise UneditableError(Problem(str(path), *position(node), f"{section}.{key}", reason), section, entries)
    return Edit(old, new, data, after)


def _with_value(text: str, root: MappingNode, section: str, name: str, value: str) -> str:
    settings = _find(root, section)
    entry = _entry(settings, name) or _entry(settings, _INSTEAD.get(name, name))
    if entry is not None and isinstance(entry[1], ScalarNode):
        text = _with_scalar(text, entry[1], value)
        return text if entry[0].value == name else _with_scalar(text, entry[0], name)
    if isinstance(settings, MappingNode):
        return _with_entry(text, settings, f'{name}: "{value}"')
    if root.flow_style:
        return _with_entry(text, root, f'{section}: {{{name}: "{value}"}}')
    # The section comes at the end, where it parts no comment from what it is about.
    place, indent, newline = root.end_mark.index, " " * root.value[0][0].start_mark.column, _newline(text)
    before = text[:place] if text[:place].endswith(("\n", "\r")) else text[:place] + newline
    return f'{before}{indent}{section}:{newline}{indent}  {name}: "{value}"{newline}{text[place:]}'


def _with_scalar(text: str, node: ScalarNode, value: str) -> str:
    start, end = span(text, node)
    quote = node.style if node.style in ('"', "'") else ""  # as it was
    return f"{text[:start]}{quote}{value}{quote}{text[end:]}"


def _find(mapping: Optional[Node], name: str) -> Optional[Node]:
    return (_entry(mapping, name) or (None, None))[1]


def _entry(mapping: Optional[Node], name: str) -> Optional[Tuple[ScalarNode, Node]]:
    entries = mapping.value if isinstance(mapping, MappingNode) else ()
    return next((entry for entry in entries if entry[0].value == name), None)


def _with_entry(text: str, mapping: MappingNode, entry: str) -> str:
    """With one more *entry*, before the others."""
    if not mapping.value:  # only {} can have none
        place, gap = mapping.end_mark.index - 1, ""
    else:
        first = mapping.value[0][0].start_mark
        place, gap = first.index, ", " if mapping.flow_style else _newline(text) + " " * first.column
    return f"{text[:place]}{entry}{gap}{text[place:]}"


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"
