"""What can be done, one type for each kind of step, with all it takes to do it; those of the machine: :mod:`.machine_steps`."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Iterable, List, Literal, Optional, Set, Tuple, get_args

from ..frozen import frozen
from ..state.model import entry_name

if TYPE_CHECKING:
    from ..config.model import Authority, Certificate, Target
    from ..reasons import Reason
    from ..state.model import Revocation

_Machine = Literal["install", "bundle", "webroot", "render", "mode", "folder", "account"]
Kind = Literal[_Machine, "renewal_info", "issue", "reissue", "renew", "deploy", "revoke", "schedule", "remove"]
MACHINE_KINDS: Tuple[Kind, ...] = get_args(_Machine)
OBTAINING_KINDS: Tuple[Kind, ...] = ("issue", "reissue", "renew")
CERTIFICATE_KINDS: Tuple[Kind, ...] = ("renewal_info", *OBTAINING_KINDS, "deploy")
LAST_KINDS: Tuple[Kind, ...] = ("revoke", "schedule", "remove")


@frozen
class Step:
    """``kind`` is stable; ``certificate`` and ``target`` are names. What concerns one file or folder has its ``path``."""

    kind: ClassVar[Kind]
    reason: Reason

    @property
    def certificate(self) -> Optional[str]:
        return None

    @property
    def target(self) -> Optional[str]:
        return None


class MachineStep(Step):
    """What makes the machine ready."""


@frozen
class CertificateStep(Step):
    """``entry`` is the ledger's name for it."""

    request: Certificate
    authority: Authority

    @property
    def certificate(self) -> str:
        return self.request.name

    @property
    def entry(self) -> str:
        return self.request.name


class CheckRenewalInfo(CertificateStep):
    """Ask the authority again when to renew (RFC 9773)."""

    kind = "renewal_info"


class ObtainCertificate(CertificateStep):
    """Order one, in one of three ways."""


class IssueCertificate(ObtainCertificate):
    """Order the first one."""

    kind = "issue"


class ReissueCertificate(ObtainCertificate):
    """Issue it anew, because another one is asked for or what is there is broken."""

    kind = "reissue"


class RenewCertificate(ObtainCertificate):
    """Order the next one, as the last one was ordered."""

    kind = "renew"


@frozen
class DeployCertificate(CertificateStep):
    """Bring it to *destination* and see it there. ``force``: also when it is served already."""

    kind = "deploy"
    destination: Target
    force: bool = False

    @property
    def target(self) -> str:
        return self.destination.name

    @property
    def entry(self) -> str:
        return entry_name(self.request.name, self.destination.name)


@frozen
class RevokeCertificate(Step):
    """Revoke one that others know the key of, once another is proven in its place."""

    kind = "revoke"
    revocation: Revocation

    @property
    def certificate(self) -> str:
        return self.revocation.name


def groups_of(steps: Iterable[Step]) -> List[List[DeployCertificate]]:
    """The deployments with a command that another one has, too, together with those."""
    found: List[Tuple[Set[Tuple[str, ...]], List[DeployCertificate]]] = []
    for step in steps:
        if isinstance(step, DeployCertificate) and step.destination.install is not None:
            commands, together = set(step.destination.install.commands), [step]
            for group in [group for group in found if group[0] & commands]:
                found.remove(group)
                commands, together = commands | group[0], group[1] + together
            found.append((commands, together))
    return [together for _, together in found if len(together) > 1]
