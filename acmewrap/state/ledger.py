"""What is pending: which target has been seen with which certificate, and when a failure may be tried again; and what an
authority has advised on renewal.

acme.sh forgets a failed deploy, and tries a failed issue again on every run. The ledger is one JSON file per home, written
atomically; without it (lost, damaged) everything is merely looked at again.
"""

from __future__ import annotations

import contextlib
import json
import threading
from pathlib import Path
from typing import Any, Dict, Iterable, List, Mapping, Optional, Tuple, Type, TypeVar

from .. import backoff, paths
from ..config.install import Install
from ..config.model import Authority, Config
from ..errors import AcmewrapError, Failure
from ..failures import failure
from ..formats import jsontext, records
from ..frozen import frozen, replace
from ..system import files, reading

_VERSION = 1
_MOST_REVOKED = 100
_Kind = TypeVar("_Kind", "LedgerEntry", "Advice")


@frozen
class LedgerEntry:
    """One order or deployment. ``seen`` is the leaf (SHA-256) that was proven to be there, ``seen_until`` when that one expires;
    times are seconds since 1970 UTC. ``placed`` is the leaf whose files are put in ``places`` and neither proven nor taken back;
    ``reloaded`` the mark (:meth:`Install.mark`) of the last one that the server was made to load. ``next_look`` is when a target
    that did not answer is looked at again, ``redelivered`` how often this leaf was deployed again because another was shown.
    """

    wanted: Optional[str] = None
    seen: Optional[str] = None
    seen_at: Optional[int] = None
    seen_until: Optional[int] = None
    attempts: int = 0
    next_try: int = 0
    error: Optional[records.Error] = None
    next_look: int = 0
    redelivered: int = 0
    placed: Optional[str] = None
    places: Optional[List[str]] = None
    reloaded: Optional[str] = None

    def fail(self, failure: Failure, now: float, **asked: Any) -> LedgerEntry:
        """After one more failure; what is *asked* decides on the wait as :func:`acmewrap.backoff.wait` says."""
        next_try = int(now + backoff.wait(self.attempts, now, **asked))
        return replace(self, attempts=self.attempts + 1, next_try=next_try, error=failure.written)

    def want(self, leaf: str) -> LedgerEntry:
        """For *leaf* as what is pending; failures with another leaf do not count against it."""
        if self.wanted == leaf:
            return self
        return replace(self, wanted=leaf, attempts=0, next_try=0, error=None)

    def prove(self, leaf: str, now: float, until: Optional[int] = None, *, again: bool = False) -> LedgerEntry:
        """After *leaf*, which expires at *until*, was seen where it belongs; *again*: it was deployed anew, as another was shown
        there. One such delivery beyond the most is what somebody asked for, and begins anew.
        """
        redelivered = self.redelivered if self.seen == leaf else 0
        if again and self.seen == leaf:
            redelivered = redelivered + 1 if redelivered < backoff.MOST_REDELIVERIES else 0
        return LedgerEntry(leaf, leaf, int(now), until, reloaded=self.reloaded, redelivered=redelivered)

    def awaits_reload(self, config: Config, install: Optional[Install], leaf: str) -> bool:
        """Whether the commands of *install* have yet to succeed for *leaf* (SHA-256), unless plain acme.sh ran them."""
        mark = None if install is None else install.mark(leaf)
        by_acme_sh = config.schedule is not None and config.schedule.run == "wrapper" and self.error is None
        return mark is not None and self.reloaded != mark and not by_acme_sh


@frozen
class Advice:
    """What an authority says about the renewal of one certificate, the leaf with this SHA-256 (RFC 9773).

    ``source`` is the directory's ``renewalInfo``; ``chosen`` a random moment of the window ``begin`` to ``end``, so that not all
    clients come at once; all three are None until there is an answer, and ``chosen`` stays None when the window was open before
    the certificate was there. ``next_look``: when to ask again; ``every``: the seconds between two looks that it wishes.
    ``early``: how many renewals in a row came before their own time because of advice, up to this leaf.
    """

    leaf: str
    source: str
    next_look: int
    begin: Optional[int] = None
    end: Optional[int] = None
    chosen: Optional[int] = None
    explanation: Optional[str] = None
    early: int = 0
    every: Optional[int] = None


def _read(kind: Type[_Kind], found: object) -> Dict[str, _Kind]:
    """What of *found* is of this kind, field by field; the rest is looked at again, as if it had never been written."""
    read: Dict[str, _Kind] = {}
    for name, given in found.items() if isinstance(found, dict) else ():
        with contextlib.suppress(ValueError):
            read[name] = records.build(kind, given)
    return read


class Ledger:
    """The entries of one home: ``nas`` for a certificate's issue, ``nas/dsm`` for a target. Safe between threads."""

    def __init__(
        self,
        path: Path,
        entries: Optional[Mapping[str, LedgerEntry]] = None,
        advices: Optional[Mapping[str, Advice]] = None,
        revoked: Tuple[str, ...] = (),
    ) -> None:
        self._path = path
        self.revoked = revoked
        self._lock = threading.Lock()
        self._entries: Dict[str, LedgerEntry] = dict(entries or {})
        self._advices: Dict[str, Advice] = dict(advices or {})

    @classmethod
    def load(cls, path: Path) -> Ledger:
        """The ledger at *path*, empty when there is none. Raises AcmewrapError (``home.newer``) for one of a later acmewrap."""
        try:
            document = jsontext.parse(reading.read_bytes(path, reading.LARGE))
            version = document.get("version")
            if isinstance(version, int) and version > _VERSION:
                message = f"{path} has format {version}, and this acmewrap knows those up to {_VERSION}"
                raise AcmewrapError(failure("home.newer", message, folder=path.parent))
        except (OSError, ValueError, AttributeError):
            document = {}
        revoked = document.get("revoked")
        revoked = tuple(filter(records.is_text, revoked)) if isinstance(revoked, list) else ()
        return cls(path, _read(LedgerEntry, document.get("entries")), _read(Advice, document.get("advices")), revoked)

    def note(self, name: str, leaf: str, **values: object) -> None:
        """Write down *values*, which are fields of its entry, of *name* with *leaf* (SHA-256)."""
        self.put(name, replace(self.get(name).want(leaf), **values))

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

    def revoke(self, leaf: str) -> None:
        """Remember that *leaf* (SHA-256) was revoked: no target is to get it back."""
        with self._lock:
            self.revoked = (*self.revoked, leaf)[-_MOST_REVOKED:]
            self._save()

    def names(self) -> Tuple[str, ...]:
        return tuple(self._entries)

    def put(self, name: str, entry: LedgerEntry) -> None:
        """Remember *entry*, on disk at once: a run may be killed after any step."""
        self.put_all({name: entry})

    def put_all(self, entries: Mapping[str, LedgerEntry]) -> None:
        with self._lock:
            if any(self._entries.get(name) != entry for name, entry in entries.items()):
                self._entries.update(entries)
                self._save()

    def drop(self, name: str) -> None:
        """Forget *name*: nothing is pending there."""
        with self._lock:
            if self._entries.pop(name, None) is not None:
                self._save()

    def _save(self) -> None:
        entries = {name: vars(one) for name, one in self._entries.items()}
        document: Dict[str, Any] = {"version": _VERSION, "entries": entries}
        if self.revoked:
            document["revoked"] = self.revoked
        if self._advices:
            document["advices"] = {name: vars(one) for name, one in self._advices.items()}
        files.make_folder(self._path.parent)
        files.write_atomic(self._path, json.dumps(document, indent=1, sort_keys=True) + "\n")


def open_ledgers(authorities: Iterable[Authority]) -> Dict[str, Ledger]:
    """The ledger of each authority, by its name. Raises what :meth:`Ledger.load` raises."""
    return {name: Ledger.load(paths.ledger_path(one)) for name, one in {one.name: one for one in authorities}.items()}
