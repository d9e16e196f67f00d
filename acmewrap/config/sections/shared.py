"""What two certificates of a file cannot both have, of acme.sh and of a NAS."""

from __future__ import annotations

from typing import Any, Dict, Iterator, Tuple

from ..binder.record import Section
from ..challenges import Dns
from ..model import Certificate, DsmCertificate, Target


def check_folders(root: Section, certificates: Dict[str, Certificate]) -> None:
    """acme.sh keeps one folder for the first domain, and another one for its elliptic key: nothing more tells two apart."""
    owners: Dict[Tuple[str, str, bool], str] = {}
    for name, certificate in certificates.items():
        if not certificate.domains or not certificate.key:
            continue
        family = certificate.key.startswith("ec")
        owner = owners.setdefault((certificate.authority, certificate.domains[0], family), name)
        if owner != name:
            clash = f"the certificate {owner!r} begins with {certificate.domains[0]} too, and acme.sh would keep both in one folder"
            remedy = "put another domain first, or take a key of the other family (ec or rsa)"
            root.get("certificates")[name].refuse("domains", f"{clash}: {remedy}")


def check_variables(root: Section, certificates: Dict[str, Certificate]) -> None:
    """acme.sh by itself has one environment for all certificates of a home."""
    owners: Dict[Tuple[str, str], Tuple[Any, str]] = {}
    for name, certificate in certificates.items():
        users = [user for user in (*certificate.challenges, *certificate.targets) if isinstance(user, (Dns, Target))]
        for variable, value in ((variable, value) for user in users for variable, value in user.env.items()):
            other, owner = owners.setdefault((certificate.authority, variable), (value, name))
            if other != value:
                why = f"{variable} has another value at {owner!r}, and acme.sh by itself (schedule.run: wrapper) knows one for all"
                remedy = "leave the runs to acmewrap, or give one an authority with a `home` of its own"
                root.get("certificates")[name].refuse("deploy", f"{why}: {remedy}")
                return


def check_dsm_entries(root: Section, certificates: Dict[str, Certificate]) -> None:
    """DSM finds an entry by its description, has one default certificate, and uses one certificate for each service."""
    owners: Dict[str, str] = {}
    for name, certificate in certificates.items():
        for target in certificate.targets:
            if target.synology is None:
                continue
            for claim, remedy in _claims(target.synology):
                owner = owners.setdefault(claim, f"{name}.deploy.{target.name}")
                if owner != f"{name}.deploy.{target.name}":
                    given: Section = root.get("certificates")[name].get("deploy")[target.name]
                    path = given.path_of("synology") if given.nodes else given.path
                    where = given.nodes.get("synology", given.node)
                    root.reader.refuse(where, path, f"{owner} has {claim} too: {remedy}")
                    break


def _claims(entry: DsmCertificate) -> Iterator[Tuple[str, str]]:
    """What only one target can have, and what to write instead."""
    yield f"the description {entry.description!r}", "write `synology: {description: …}` with another one"
    if entry.default:
        yield "DSM's default certificate", "write `default: no`"
    if entry.services == "all":
        yield "all services", "write the names of some, `services: […]`; `all` means the others then"
    else:
        yield from ((f"the service {service!r}", "leave it out of one of the two") for service in entry.services)
