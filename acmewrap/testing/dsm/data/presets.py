"""What a version of DSM can and how it behaves: one frozen record per version, read from ``dsm-*.yaml`` beside this module."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Dict, Literal, Mapping, Optional, Tuple

from .recorded import read_recorded

_FOLDER = Path(__file__).resolve().parent

NAMES = ("6.2", "7.0", "7.1", "7.2.1", "7.3", "7.4")


@dataclass(frozen=True)
class Offer:
    """An API as ``SYNO.API.Info`` tells of it: its versions, and the scripts at which it answers, the advertised one first."""

    minimum: int
    maximum: int
    scripts: Tuple[str, ...]


@dataclass(frozen=True)
class Preset:
    """A version of DSM, with the settings of its owner that change how it answers."""

    name: str
    generation: int
    apis: Mapping[str, Offer]
    methods: Mapping[str, Optional[Tuple[int, int]]]
    """First and last version of a method that differs from its API's; None where it does not exist."""
    firmware: str
    python: str
    """The version of ``/usr/bin/python3``; empty when not established. ``2.7``: there is no Python 3."""
    ecc_refusal: int
    """The code with which an import of an EC key is refused, 0 when it is taken."""
    monthly_week: bool
    """Whether version 4 of the scheduler takes a schedule with ``monthly_week``; version 3 never does."""
    tasks_change: bool
    """Whether ``set`` of a task does what it answers to have done."""
    task_delay: Optional[float]
    """How many seconds after ``run`` a task starts; None: it never does."""
    saves_output: bool
    """Whether results of tasks are kept; the history is empty otherwise."""
    share_writes_confirmed: bool
    """Whether changing permissions over the web needs the token of a confirmed password (403 without)."""
    adaptive_mfa: bool
    """Whether an administrator without a second factor is asked for one (403)."""
    auto_block_after: int
    """How many failed logins end in 407 for everybody at that address; 0: never."""
    reset_must_change: bool
    """Whether a password that somebody else gave must be changed at the first login (410)."""
    first_call_refusal: int
    """The code with which the first call of each session is refused; 0: it is not."""
    redirects: bool
    """Whether the plain side answers everything with a redirect to the TLS side (302)."""
    escapes_unicode: bool
    """Whether JSON is written in ASCII, with ``\\uXXXX`` for the rest."""
    sid_in_body: Tuple[str, ...]
    """The APIs that see ``_sid`` in the body of a request; the others look only at the address and the cookie."""
    memberadd: bool
    """Whether ``synogroup`` has ``--memberadd``."""
    secure_switch: Literal["refused", "optional", "needed"]
    """``synowebapi -s``: refused, of no effect, or needed by the APIs of the scheduler."""
    secure_refusal: int
    """What the scheduler says on the NAS without a needed ``-s``; 0: nothing at all."""
    tool_noise: Literal["stderr", "stdout"]
    """Where ``synowebapi`` writes the lines that are no answer."""
    recorded: Mapping[str, Mapping[str, Any]] = dataclasses.field(default_factory=dict)
    """Answers of a real NAS from a support file, by ``API.method.version``."""

    def but(self, **changes: Any) -> Preset:
        """The same with other values, ``but(redirects=True)``."""
        return dataclasses.replace(self, **changes)

    def with_scheduler(self, maximum: int) -> Preset:
        """The same with another highest version of the scheduler."""
        changed = {
            name: dataclasses.replace(offer, maximum=maximum)
            for name, offer in self.apis.items()
            if name.startswith("SYNO.Core.TaskScheduler")
        }
        return self.but(apis={**self.apis, **changed})


def from_support(document: Mapping[str, Any]) -> Preset:
    """The preset for what ``acmewrap doctor --support-file`` wrote on a real NAS: the nearest one known, with the versions of that
    NAS, its refusals, and the keys of its answers. Raises ValueError for another document.
    """
    apis = document.get("apis")
    if document.get("acmewrap_support") != 1 or not isinstance(apis, dict):
        raise ValueError("not a support file of acmewrap")
    base = load_preset("6.2" if document.get("generation") == 6 else "7.2.1")
    offers = dict(base.apis)
    for name in list(offers):
        offered = apis.get(name)
        if isinstance(offered, dict):
            offers[name] = dataclasses.replace(
                offers[name], minimum=offered["minVersion"], maximum=offered["maxVersion"]
            )
    recorded = read_recorded(document)
    system = recorded.get("SYNO.Core.System.info.1", {}).get("answer", {})
    firmware = str(system.get("firmware_ver", base.firmware)).replace("DSM ", "", 1)
    return base.but(name="from a support file", apis=offers, firmware=firmware, recorded=recorded)


@lru_cache(maxsize=None)
def load_preset(name: str) -> Preset:
    """One of :data:`NAMES`. Raises ValueError for another, or a file that does not say what a :class:`Preset` needs."""
    if name not in NAMES:
        raise ValueError(f"no DSM {name} is known, only {', '.join(NAMES)}")
    document = read_document(name)
    switches = {key: value for key, (value, _) in document["switches"].items()}
    switches["sid_in_body"] = tuple(switches["sid_in_body"])
    fields = {field.name for field in dataclasses.fields(Preset)} - {
        "name",
        "generation",
        "apis",
        "methods",
        "recorded",
    }
    if set(switches) != fields:
        raise ValueError(f"dsm-{name}.yaml: {sorted(set(switches) ^ fields)}")
    offers = {key: value for key, value in document["apis"].items() if key != "source"}
    apis = {key: Offer(low, high, tuple(scripts) or ("entry.cgi",)) for key, (low, high, *scripts) in offers.items()}
    methods = {key: (window[0], window[1]) if window else None for key, window in document["methods"].items()}
    return Preset(name=name, generation=document["generation"], apis=apis, methods=methods, **switches)


def read_document(name: str) -> Dict[str, Any]:
    """The file of a preset with what it takes over from another: ``generation``, ``apis``, ``methods``, ``switches``."""
    import yaml

    document: Dict[str, Any] = yaml.safe_load((_FOLDER / f"dsm-{name}.yaml").read_text(encoding="utf-8"))
    base = document.pop("like", None)
    if base is None:
        return document
    inherited = read_document(base)
    merged = {key: {**inherited[key], **document.get(key, {})} for key in ("apis", "methods", "switches")}
    return {"generation": inherited["generation"], **merged}
