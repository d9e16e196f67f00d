"""The steps that make the machine ready; apart from the others, as a run that has nothing to do makes none of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..frozen import frozen
from ..reasons import AccessDiffers, Mode, TooOpen
from .steps import MachineStep

if TYPE_CHECKING:
    from ..config.install import InstallFile
    from ..config.model import Account, AcmeShSettings, Authority, Config, Schedule
    from ..driver.homes.home import Stored
    from ..driver.wrapper_script import Wrapper
    from ..schedule.others import OtherEntry
    from ..state.file_modes import Excess
    from ..state.installed_files import Misplaced


@frozen
class InstallRelease(MachineStep):
    """``force``: files that somebody changed may be replaced."""

    kind = "install"
    settings: AcmeShSettings
    path: Path
    force: bool = False


@frozen
class WriteBundle(MachineStep):
    """What *authority* is trusted through, as far as the file holds it (``pem``)."""

    kind = "bundle"
    authority: Authority
    path: Path


@frozen
class PrepareWebroot(MachineStep):
    """The folder that tokens are written to, and that a web server serves."""

    kind = "webroot"
    path: Path


@frozen
class RenderWrapper(MachineStep):
    """The wrapper script and the files that it needs."""

    kind = "render"
    wrapper: Wrapper

    @property
    def path(self) -> Path:
        return self.wrapper.path


@frozen
class ChangeMode(MachineStep):
    """Close what is open to others."""

    kind = "mode"
    excess: Excess

    @classmethod
    def of(cls, excess: Excess) -> ChangeMode:
        return cls(TooOpen(Mode(excess.mode), Mode(excess.wanted)), excess)

    @property
    def path(self) -> Path:
        return self.excess.path


@frozen
class SetAccess(MachineStep):
    """Owner, group and mode of an installed file."""

    kind = "mode"
    misplaced: Misplaced

    @classmethod
    def of(cls, misplaced: Misplaced) -> SetAccess:
        return cls(AccessDiffers(str(misplaced.have), str(misplaced.want)), misplaced)

    @property
    def path(self) -> Path:
        return self.misplaced.path


@frozen
class MakeFolder(MachineStep):
    """The folder that *file* is to be installed in."""

    kind = "folder"
    path: Path
    file: InstallFile


@frozen
class EnsureAccount(MachineStep):
    """The service account of the NAS in *config*."""

    kind = "account"
    config: Config
    account: Account


@frozen
class SetSchedule(MachineStep):
    """The entry for *config* in its scheduler."""

    kind = "schedule"
    config: Config
    schedule: Schedule


@frozen
class RemoveCertificate(MachineStep):
    """What lies in a home and *config* does not name."""

    kind = "remove"
    stored: Stored
    config: Config

    @property
    def path(self) -> Path:
        return self.stored.files.folder


@frozen
class RemoveScheduleEntry(MachineStep):
    """An entry of a scheduler that *config* does not ask for; one that somebody else made works on its certificates."""

    kind = "remove"
    entry: OtherEntry
    config: Config
