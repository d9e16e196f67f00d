"""The section `install` of a target, and what two such sections cannot both have."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Dict, Mapping, Optional

from ..arguments import quoted
from ..binder.record import Key, Record, Section
from ..binder.types import Either, Scalar, Sequence, matching
from ..install import FOLDER_NAMES, KEY_PARTS, Install, InstallFile
from ..model import Certificate, Schedule
from .paths import PathKind
from .scalars import ANY, COMMAND

_MODE = "0?[0-7]{3}"


def _mode(text: str) -> int:
    if not re.fullmatch(_MODE, text):
        raise ValueError(f"expected a mode such as 0640, not {quoted(text)}")
    return int(text, 8)


_MODE_TEXT = {"type": "string", "pattern": f"^{_MODE}$"}
_ACCOUNT = r"[A-Za-z0-9_][A-Za-z0-9_.-]*"
_ACCESS = {
    "owner": Key(matching(_ACCOUNT, "the name or number of a user"), "Whose it is; only root can give a file away."),
    "group": Key(matching(_ACCOUNT, "the name or number of a group"), "Its group."),
    "mode": Key(
        Scalar("a mode such as 0640", _mode, {"anyOf": [_MODE_TEXT, {"type": "integer"}]}),
        "Its mode. What is there already keeps its own; else it is 0600 with a key in it (0640 with a `group`) and 0644 without.",
    ),
}
_ARGUMENTS = Sequence(ANY, "a program and its arguments, such as [nginx, -t]")


def _place(what: str) -> Either:
    path = PathKind(f"a {what}")
    keys = {"path": Key(path, "Where it goes.", missing=f"the path of the {what}"), **_ACCESS}
    return Either("a path, or {path, owner, group, mode}", path, Record(keys, InstallFile))


def _check(section: Section) -> None:
    single = [part for part in FOLDER_NAMES if section.get(part)]
    if section.get("folder") and single:
        section.refuse("folder", f"holds all files; leave out {', '.join(single)}")
    elif not section.get("folder") and not {"fullchain_file", "cert_file", "combined_file"}.intersection(single):
        why = "without it, cert_file or combined_file nobody could tell what was installed"
        section.refuse("fullchain_file", f"is missing: {why}")
    for part in ("folder", *single):
        place, most, why = section.get(part), 0o664, "others could write it"
        if part in ("folder", *KEY_PARTS):
            most, why = 0o640, "a private key is for its owner, and for its group to read"
        if isinstance(place, InstallFile) and place.mode is not None and place.mode & ~most:
            section.refuse(part, f"has mode {place.mode:04o}: {why}")


INSTALL = Record(
    {
        "key_file": Key(
            _place("file"),
            "Where the private key goes, readable by its owner alone and, when it is there already, by a group chosen for it.",
        ),
        "fullchain_file": Key(_place("file"), "Where the certificate and its chain go; nginx reads this."),
        "cert_file": Key(_place("file"), "Where the certificate alone goes; Apache can read it."),
        "ca_file": Key(_place("file"), "Where the chain alone goes."),
        "combined_file": Key(
            _place("file"),
            "Where key, certificate and chain go in one, which changes in one step; HAProxy and Postfix read this.",
        ),
        "folder": Key(
            _place("folder"),
            f"Or: a symbolic link to a folder with all of them ({', '.join(FOLDER_NAMES.values())}), which changes in one step.",
        ),
        "test": Key(
            _ARGUMENTS, "What must succeed with the new files before the server loads them, such as [nginx, -t]."
        ),
        "reload": Key(
            Either("a shell command, or a program and its arguments", COMMAND, sequence=_ARGUMENTS),
            "The command that makes the server load them, such as `systemctl reload nginx`: once in a run for all targets that "
            "share it. It has the environment of the user who runs acmewrap.",
        ),
        "reload_services": Key(
            Sequence(matching(r"[A-Za-z0-9_][A-Za-z0-9:_.@-]*", "the name of a service"), "a list of services"),
            "Services of systemd that are to load them: `systemctl try-reload-or-restart`.",
        ),
    },
    Install,
    _check,
)


def check_installs(root: Section, certificates: Mapping[str, Certificate], schedule: Optional[Schedule]) -> None:
    """No two certificates go to one place, and plain acme.sh can do what it is to do when it runs by itself."""
    owners: Dict[Path, str] = {}
    for name, certificate in certificates.items():
        installs = [(target.name, target.install) for target in certificate.targets if target.install is not None]
        for index, (target, install) in enumerate(installs):
            given: Any = root.get("certificates")[name].get("deploy")[target]
            own = f"{name}.deploy.{target}"
            for place in install.places:
                owner = owners.setdefault(place, own)
                if owner != own:
                    given.refuse("install", f"{owner} installs {place} too: each would replace the other's")
            if schedule is not None and schedule.run == "wrapper":
                alone = "acme.sh by itself (schedule.run: wrapper)"
                if install.folder is not None or install.combined_file is not None:
                    given.refuse("install", f"{alone} writes neither `folder` nor `combined_file`")
                if index > 0:
                    given.refuse("install", f"{alone} installs a certificate in one way only")
