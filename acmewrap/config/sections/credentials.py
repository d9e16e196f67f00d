"""Secrets and environments of hooks in the file: references everywhere, a literal only in a file that is private.

Nothing here repeats a value in a message.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, Callable, Dict, Mapping

from yaml.nodes import Node

from ...frozen import frozen
from ...secrets import (
    CommandReference,
    CredentialReference,
    EnvironmentReference,
    FileReference,
    InlineSecret,
    Reference,
    Secret,
)
from ..arguments import VARIABLE_PATTERN, check_value
from ..binder.reader import INVALID, Reader
from ..binder.record import Key, Record, Section
from ..binder.types import Either, Kind, Scalar, Sequence, Text, matching
from .paths import PathKind
from .scalars import ANY, VARIABLE

_FORMS = "{file: path}, {env: NAME}, {command: [argv]} or {credential: NAME}"
_PRIVATE_NAME = re.compile("(?:pass|passwd|password|passphrase|secret|token|key|otp_code)$", re.IGNORECASE)
PATH_VARIABLES = ("NSUPDATE_KEY",)  # in dns_nsupdate this is the path of a key

# What acme.sh reads from the environment for itself (observed in 3.0.2 to 3.1.5); some redirect files, some are saved for ever.
_OWNED = re.compile(
    "LE_.*|Le_.*|FORCE|STAGE|DEBUG|LOG_FILE|LOG_LEVEL|SYS_LOG|CA_HOME|CERT_HOME|CA_CONF|CA_BUNDLE|CA_PATH|HTTP_HEADER|HTTPS_INSECURE|"
    "DOMAIN_PATH|DOMAIN_CONF|CERT_KEY_PATH|ACCOUNT_KEY_PATH|ACCOUNT_CONF_PATH|AUTO_UPGRADE|USER_AGENT|ACME_DIRECTORY|ACME_USE_WGET|"
    "ACME_OPENSSL_BIN|NO_ARI|NO_TIMESTAMP|_SCRIPT_HOME|BASH_ENV|CURL_HOME"
)


class InlineKind(Text):
    """A secret written into the file itself."""

    expects = f"a secret: {_FORMS}"

    def value(self, text: str, reader: Reader) -> InlineSecret:
        if not text:
            raise ValueError("an empty secret")
        if not reader.private:
            remedy = f"`chmod 600 {reader.file}`, or write where the secret lies: {_FORMS}"
            raise ValueError(f"a secret in the clear, in a file that others can read: {remedy}")
        return InlineSecret(Secret(check_value(text)))

    def schema(self) -> Dict[str, Any]:
        return {"type": "string", "minLength": 1}


_MADE: Mapping[str, Callable[[Any], Reference]] = {
    "file": FileReference,
    "env": EnvironmentReference,
    "command": CommandReference,
    "credential": CredentialReference,
}


def _reference(**given: Any) -> Reference:
    ((kind, value),) = given.items()
    return _MADE[kind](value)


def _make_absolute(section: Section) -> None:
    """A command begins at the folder of the file like every path, not at wherever acmewrap happens to be started."""
    program, *arguments = section.get("command") or ("",)
    if "/" in program:
        section.values["command"] = (os.path.normpath(os.path.join(section.reader.folder, program)), *arguments)


_VARIABLE = matching(VARIABLE_PATTERN, "the name of an environment variable", secret=True)
_CREDENTIAL = matching(r"[A-Za-z0-9][A-Za-z0-9._-]*", "the name of a credential", secret=True)
REFERENCE = Record(
    {
        "file": Key(PathKind("the path of a file", handed=False), "The text of this file, without its last newline."),
        "env": Key(_VARIABLE, "A variable of the process that runs acmewrap."),
        "command": Key(Sequence(ANY, "a command and its arguments"), "What this command prints; no shell is involved."),
        "credential": Key(_CREDENTIAL, "A credential that systemd hands over (LoadCredential=)."),
    },
    _reference,
    _make_absolute,
    one_of=tuple(_MADE),
    secret=True,
)
SECRET = Either(f"a secret: {_FORMS}", text=InlineKind(), mapping=REFERENCE)
_TEXT = Scalar("a text or a secret", check_value)
_PATH = PathKind("the path of a file")


@frozen
class Environment(Kind):
    """What a hook finds in its environment: NAME to a text or a reference; read into a Section.

    A text is taken for a secret when its name says so.
    """

    expects: str = "variables as NAME: value"

    def read(self, node: Node, path: str, reader: Reader) -> Any:
        section = Section(node, path, reader, {})
        before = len(reader.problems)
        for name, key, value in reader.pairs(node, path, self.expects):
            section.nodes[name] = key
            if VARIABLE.read(key, path, reader) is INVALID:
                continue
            if _OWNED.fullmatch(name):
                section.refuse(name, "acme.sh takes this variable for its own business, and no hook reads it")
            private = _PRIVATE_NAME.search(name) and name not in PATH_VARIABLES
            plain: Kind = _PATH if name in PATH_VARIABLES else _TEXT
            kind = plain if isinstance(value.value, str) and not private else SECRET
            found = kind.read(value, section.path_of(name), reader)
            section.values[name] = str(found) if isinstance(found, Path) else found
        return section if len(reader.problems) == before else INVALID

    def schema(self) -> Dict[str, Any]:
        values = [{"type": ["string", "number", "boolean"]}, REFERENCE.schema()]
        return {"type": "object", "propertyNames": VARIABLE.schema(), "additionalProperties": {"anyOf": values}}
