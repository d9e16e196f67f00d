"""Every failure this package can tell of: a stable id, its exit code, why it usually happens, what to do, when to try again.

One module per family, one entry per failure; to add one, write its entry there. Nothing else knows of an id's meaning: code
that decides reads a property of the entry. ``docs/errors.md`` is generated from here.
"""

from __future__ import annotations

from typing import Dict, Mapping, Sequence, Tuple

from ..errors import ConfigurationError, Failure, Problem
from . import authority, challenge, configuration, deployment, doctor, dsm, machine, release
from .entry import Entry

_FAMILIES = (configuration, machine, release, authority, challenge, deployment, dsm, doctor)

CATALOGUE: Mapping[str, Entry] = {id: entry for family in _FAMILIES for id, entry in family.ENTRIES.items()}


def failure(id: str, message: str, lines: Sequence[str] = (), **values: object) -> Failure:
    """The failure *id* of the catalogue as it happened now. *values* fill in its remedy, where each stands in braces.

    A value that a remedy names and nobody gave stays there in capitals, as in a manual page. Raises KeyError for an unknown id.
    """
    entry = CATALOGUE[id]
    remedy = entry.remedy.format_map(_Values(values))
    return Failure(id, message, remedy, tuple(lines), entry.exit_code, entry.retry)


def invalid(problems: Tuple[Problem, ...]) -> ConfigurationError:
    """The error that tells of all *problems* of a configuration file (``config.invalid``)."""
    return ConfigurationError(failure("config.invalid", "\n".join(map(str, problems))), problems)


class _Values(Dict[str, object]):
    def __missing__(self, name: str) -> str:
        return name.upper()


def document() -> str:
    """``docs/errors.md``: every entry under its id, the values of remedies in capitals. A test compares it with the file."""
    parts = [_PREFACE]
    for id, entry in sorted(CATALOGUE.items()):
        remedy = entry.remedy.format_map(_Values())
        facts = f"**Exit code:** {entry.exit_code:d}. **Try again:** {entry.retry.value}."
        parts.append(f'<a id="{id}"></a>\n\n## {id}\n\n{entry.cause}\n\n**What to do:** {remedy}\n\n{facts}\n')
    return "\n".join(parts)


_PREFACE = """\
# What can go wrong, and what to do

Every failure has an id that stays the same from release to release; it stands in brackets at the end of a message and as
`failure.id` in results and JSON. Words in capitals stand for values of your configuration; acmewrap fills them in when it tells
the failure. The exit code is that of a command which this failure ends. In a run the step counts: a certificate that is not issued
or renewed gives 3 (69 when the authority cannot be reached or trusted), a failed deployment 4. Written from `acmewrap/catalogue/`:
`python -c "from acmewrap.catalogue import document; print(document(), end='')"`.
"""
