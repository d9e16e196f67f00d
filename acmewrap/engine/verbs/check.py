"""What a file says that reading it cannot tell: beside the certificates, the releases and the scheduler that are there."""

from __future__ import annotations

from typing import Mapping, Tuple

from ...catalogue import invalid
from ...config.cleartext import find_warnings
from ...config.model import Config
from ...errors import ConfigurationWarning
from ...plan import interval_check
from ...schedule import entry
from ...state import file_modes, installed_files
from ...state.machine import read_state
from ...state.model import CERTIFICATE_PARTS
from . import upgrade


def check(config: Config, environ: Mapping[str, str]) -> Tuple[ConfigurationWarning, ...]:
    """See :meth:`acmewrap.job.Job.check`."""
    slow = interval_check.find_problems(config, read_state(config, CERTIFICATE_PARTS))
    if problems := (*slow, *installed_files.find_problems(config)):
        raise invalid(problems)
    upgrade.check(config)
    if config.schedule is not None:
        entry.refuse_weak(config)
    return (*find_warnings(config, environ), *file_modes.find_warnings(config))
