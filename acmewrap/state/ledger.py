"""What is pending: which target has been seen with which certificate, and when a failure may be tried again; and what an
authority has advised on renewal.

acme.sh forgets a failed deploy, and tries a failed issue again on every run. The ledger is one JSON file per home, written
atomically; without it (lost, damaged) everything is merely looked at again.
"""

from __future__ import annotations

import json
import random
import threading
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Dict, Mapping, Optional, Tuple, Union

from .. import files
from ..catalogue import failure
from ..errors import AcmewrapError, Failure
from ..timefmt import instant

_VERSION = 1
_FIRST_WAIT = 5 * 60
# A failure is noted a while after its run began, and the run of the next day is to try again.
_LONGEST_WAIT = 23 * 60 * 60
_TIMES = (
    "seen_at",
    "seen_until",
    "next_try",
    "next_look",
    "begin",
    "end",
    "chosen",
)  # in the file: seconds since 1970 UTC
_DOUBLINGS = 9  # past the longest wait, and far from what a float can hold


@dataclass(frozen=True)
class LedgerEntry:
    """One order or deployment. ``seen`` is the leaf (SHA-256) that was proven to be there, ``seen_until`` when that one expires;
    ``next_try`` None: at once.
    """

    wanted: Optional[str] = None
    seen: Optional[str] = None
    seen_at: Optional[datetime] = None
    seen_until: Optional[datetime] = None
    attempts: int = 0
    next_try: Optional[datetime] = None
    error: Optional[Mapping[str, str]] = None

    def waits(self, now: float) -> bool:
        """Whether it is too early for the next try."""
        return self.next_try is not None and self.next_try.timestamp() > now

    def fail(
        self,
        failure: Failure,
        now: float,
        *,
        latest: Optional[float] = None,
        earliest: Optional[float] = None,
        jitter: float = 0.2,
    ) -> LedgerEntry:
        """After one more failure: wait twice as long as last time, not past *latest*, and in no case less than *earliest*."""
        wait = _FIRST_WAIT * 2.0 ** min(self.attempts, _DOUBLINGS) * (1 + random.uniform(-jitter, jitter))  # noqa: S311
        wait = min(wait, _LONGEST_WAIT)
        if latest is not None:
            wait = max(min(wait, latest - now), 0)
        if earliest is not None:
            wait = max(wait, earliest - now)
        error = {"id": failure.id, "message": failure.message, "remedy": failure.remedy}
        return replace(self, attempts=self.attempts + 1, next_try=instant(int(now + wait)), error=error)

    def want(self, leaf: str) -> LedgerEntry:
        """For *leaf* as what is pending; failures with another leaf do not count against it."""
        if self.wanted == leaf:
            return self
        return LedgerEntry(wanted=leaf, seen=self.seen, seen_at=self.seen_at, seen_until=self.seen_until)

    def prove(self, leaf: str, now: float, until: Optional[datetime] = None) -> LedgerEntry:
        """After *leaf*, which expires at *until*, was seen where it belongs."""
        return LedgerEntry(wanted=leaf, seen=leaf, seen_at=instant(int(now)), seen_until=until)


@dataclass(frozen=True)
class Advice:
    """What an authority says about the renewal of one certificate, the leaf with this SHA-256 (RFC 9773).

    ``source`` is the directory's ``renewalInfo``; ``chosen`` a random moment of the window ``begin`` to ``end``, so that not all
    clients come at once; all three are None until there is an answer, and ``chosen`` stays None when the window was open before
    the certificate was there. ``next_look``: when to ask again.
    """

    leaf: str
    source: str
    next_look: datetime
    begin: Optional[datetime] = None
    end: Optional[datetime] = None
    chosen: Optional[datetime] = None
    explanation: Optional[str] = None


class Ledger:
    """The entries of one home, by name: ``nas`` for a certificate's issue, ``nas/dsm`` for a target. Safe between threads."""

    def __init__(
        self,
        path: Path,
        entries: Optional[Mapping[str, LedgerEntry]] = None,
        advices: Optional[Mapping[str, Advice]] = None,
    ) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._entries: Dict[str, LedgerEntry] = dict(entries or {})
        self._advices: Dict[str, Advice] = dict(advices or {})

    @classmethod
    def load(cls, path: Path) -> Ledger:
        """The ledger at *path*; an empty one when there is none that can be read. Raises :class:`AcmewrapError` (``home.newer``)
        when a later acmewrap wrote it: whatever else that keeps in the home would be lost.
        """
        try:
            with open(path, encoding="utf-8") as stream:
                document = json.load(stream)
            version = document.get("version")
            if isinstance(version, int) and version > _VERSION:
                message = f"{path} has format {version}, and this acmewrap knows those up to {_VERSION}"
                raise AcmewrapError(failure("home.newer", message, folder=path.parent))
            entries = {str(name): LedgerEntry(**_timed(fields)) for name, fields in document["entries"].items()}
            advices = {str(name): Advice(**_timed(fields)) for name, fields in document.get("advices", {}).items()}
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            entries, advices = {}, {}
        return cls(path, entries, advices)

    def get(self, name: str) -> LedgerEntry:
        return self._entries.get(name, LedgerEntry())

    def advice(self, name: str, leaf: str) -> Optional[Advice]:
        """What the authority said of certificate *name* while it was this *leaf* (SHA-256)."""
        advice = self._advices.get(name)
        return advice if advice is not None and advice.leaf == leaf else None

    def advise(self, name: str, advice: Optional[Advice]) -> None:
        """Remember *advice* on the certificate *name*; None: forget it."""
        with self._lock:
            if self._advices.get(name) != advice:
                self._advices.pop(name, None)
                if advice is not None:
                    self._advices[name] = advice
                self._save()

    def names(self) -> Tuple[str, ...]:
        return tuple(self._entries)

    def put(self, name: str, entry: LedgerEntry) -> None:
        """Remember *entry*, on disk at once: a run may be killed after any step."""
        with self._lock:
            if self._entries.get(name) != entry:
                self._entries[name] = entry
                self._save()

    def drop(self, name: str) -> None:
        """Forget *name*: nothing is pending there."""
        with self._lock:
            if self._entries.pop(name, None) is not None:
                self._save()

    def _save(self) -> None:
        document: Dict[str, Any] = {
            "version": _VERSION,
            "entries": {name: _stored(one) for name, one in self._entries.items()},
        }
        if self._advices:
            document["advices"] = {name: _stored(one) for name, one in self._advices.items()}
        files.make_folder(self._path.parent)
        files.write_atomic(self._path, json.dumps(document, indent=1, sort_keys=True) + "\n")


def _timed(fields: Mapping[str, Any]) -> Dict[str, Any]:
    """*fields* of the file; a ``next_try`` of 0 is none."""
    times = {name: instant(fields[name]) for name in _TIMES if fields.get(name) or name == "next_look" in fields}
    return {**fields, **dict.fromkeys(fields.keys() & set(_TIMES)), **times}


def _stored(one: Union[LedgerEntry, Advice]) -> Dict[str, Any]:
    times = {name: int(when.timestamp()) for name, when in vars(one).items() if isinstance(when, datetime)}
    return {**asdict(one), **times}
