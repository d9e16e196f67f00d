"""The wrapper script of an authority, once it and acme.sh are what they should be."""

from __future__ import annotations

from pathlib import Path
from typing import Optional

from ... import paths
from ...config.model import Config
from ...driver.release import verification
from ...errors import AcmewrapError
from ...failures import failure


def find(config: Config, authority: Optional[str]) -> Path:
    """See :meth:`acmewrap.job.Job.wrapper`."""
    authorities = config.authorities
    chosen = authorities.get(next(iter(authorities)) if authority is None else authority)
    if chosen is None:
        known = ", ".join(authorities)
        raise AcmewrapError(failure("authority.unknown", f"no authority is called {authority!r}", known=known))
    verification.verify_settings(paths.program_folder(config), config.acme_sh)
    script = next(one for one in paths.wrappers(config) if one.home == chosen.home)
    script.check()
    return script.path
