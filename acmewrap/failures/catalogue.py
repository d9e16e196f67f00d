"""All entries by id. It is read with the first failure: a run without one does not import it."""

from __future__ import annotations

from typing import Mapping

from . import authority, challenge, configuration, deployment, doctor, dsm, machine, monitoring, release, update
from .entry import Entry

_FAMILIES = (configuration, machine, release, update, authority, challenge, deployment, dsm, doctor, monitoring)

CATALOGUE: Mapping[str, Entry] = {id: entry for family in _FAMILIES for id, entry in family.ENTRIES.items()}
