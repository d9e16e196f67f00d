"""Documents as text: on standard output, and on the standard input of commands of the user's own."""

from __future__ import annotations

import json
from typing import Any, Dict, Mapping

from .. import __version__
from ..engine.results import Run
from ..engine.verbs.status import CertificateStatus
from ..errors import AcmewrapError
from ..formats.text import visible_document
from . import document


def as_text(found: Dict[str, Any]) -> str:
    """A document as it is printed."""
    return json.dumps(visible_document(found), indent=2)


def of_run(command: str, run: Run, statuses: Mapping[str, CertificateStatus]) -> str:
    """The document of *command* as far as *run* has come."""
    parts = {**document.of_run(run), "certificates": statuses}
    return as_text(document.document(command, run.exit_code, __version__, **parts))


def of_error(command: str, error: AcmewrapError) -> str:
    """The document of *command* when *error* ended it."""
    return as_text(document.document(command, error.exit_code, __version__, error=error))
