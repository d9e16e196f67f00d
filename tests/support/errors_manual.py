"""The page docs/errors.md, made of the catalogue."""

from __future__ import annotations

from acmewrap.failures import failure
from acmewrap.failures.catalogue import CATALOGUE


def document() -> str:
    """``docs/errors.md``: every entry under its id, the values of remedies in capitals. A test compares it with the file."""
    parts = [_PREFACE]
    for id, entry in sorted(CATALOGUE.items()):
        remedy = failure(id, "").remedy
        facts = f"**Exit code:** {entry.exit_code:d}. **Try again:** {entry.retry.value}."
        parts.append(f'<a id="{id}"></a>\n\n## {id}\n\n{entry.cause}\n\n**What to do:** {remedy}\n\n{facts}\n')
    return "\n".join(parts)


_PREFACE = """\
# What can go wrong, and what to do

Every failure has an id that stays the same from release to release; it stands in brackets at the end of a message and as
`failure.id` in results and JSON. Words in capitals stand for values of your configuration; acmewrap fills them in when it tells
the failure. The exit code is that of a command which this failure ends. In a run the step counts: a certificate that is not issued
or renewed gives 3 (69 when the authority cannot be reached or trusted), a failed deployment 4. Written from `acmewrap/failures/`:
`PYTHONPATH=. python tests/support/errors_manual.py > docs/errors.md`.
"""

if __name__ == "__main__":
    print(document(), end="")
