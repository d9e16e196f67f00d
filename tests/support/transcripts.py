"""How the recordings in ``tests/transcripts`` are kept: a JSON file per scenario, each fact once with the releases sharing it.

    {"returncode": [{"releases": ["3.0.2", "3.1.1"], "value": 1}], "failure": [...], "events": [...], "output": [...], ...}

``tests/record.py`` writes them, ``tests/unit/driver/test_transcript_corpus.py`` reads them.
"""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional, Tuple

TRANSCRIPTS = Path(__file__).resolve().parent.parent / "transcripts"
VERSIONS = ("3.0.2", "3.0.9", "3.1.0", "3.1.1", "3.1.2", "3.1.3", "3.1.5")


class Transcript(NamedTuple):
    """One call of acme.sh, with neutral names, and what is to be made of its output."""

    command: str
    returncode: int
    failure: Optional[str]  # the id in the catalogue
    events: List[Dict[str, object]]  # in order; the recognised ones
    output: List[str]  # stdout and stderr, merged
    log: List[str]  # what is kept of the protocol log; empty when there was none

    @property
    def argv(self) -> Tuple[str, ...]:
        return tuple(shlex.split(self.command))

    @property
    def verb(self) -> str:
        return self.argv[1].lstrip("-")


def load(file: Path) -> Dict[str, Transcript]:
    """The transcripts of one scenario by release."""
    facts = json.loads(file.read_text(encoding="utf-8"))
    found: Dict[str, Dict[str, Any]] = {}
    for name in Transcript._fields:
        for variant in facts[name]:
            for version in variant["releases"]:
                found.setdefault(version, {})[name] = variant["value"]
    return {version: Transcript(**found[version]) for version in sorted(found)}


def load_all() -> Iterator[Tuple[str, str, Transcript]]:
    """Scenario, release and transcript, for all that was recorded."""
    for file in sorted(TRANSCRIPTS.glob("*.json")):
        for version, transcript in load(file).items():
            yield file.stem, version, transcript


def dump(transcripts: Mapping[str, Transcript]) -> str:
    """The text of a scenario's file; of equal facts, one is written."""
    facts: List[str] = []
    for name in Transcript._fields:
        variants: List[Tuple[List[str], Any]] = []
        for version, transcript in sorted(transcripts.items()):
            value = getattr(transcript, name)
            sharing = next((releases for releases, other in variants if other == value), None)
            if sharing is None:
                variants.append(([version], value))
            else:
                sharing.append(version)
        listed = ",\n".join(
            f'  {{"releases": {json.dumps(releases)}, "value": {_indented(value)}}}' for releases, value in variants
        )
        facts.append(f' "{name}": [\n{listed}\n ]')
    return "{\n" + ",\n".join(facts) + "\n}\n"


def _indented(value: object) -> str:
    """A list with one element a line, for review in a diff."""
    if not isinstance(value, list) or not value:
        return json.dumps(value, ensure_ascii=False)
    return "[\n" + ",\n".join("   " + json.dumps(element, ensure_ascii=False) for element in value) + "\n  ]"
