"""The sections of a file put together to a :class:`Config`, and checked against each other."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Tuple, Union

from yaml.nodes import ScalarNode

from ..arguments import SYNOLOGY_HOOK, check_first_domain, check_path
from ..binder.record import Section
from ..binder.types import suggestion
from ..challenges import Challenge, Dns
from ..model import LOG, Authority, Certificate, Config, DsmCertificate, Schedule, Synology, Target
from .install import check_installs
from .options import missing_options, wanted_options
from .synology import canonical, target_of

_MOST_JOBS = 4


def assemble(root: Section, file: Path) -> Optional[Config]:
    """The configuration, or None when problems were noted in the reader of *root*, now or before."""
    directory = root.get("directory") or file.parent
    if "directory" not in root.nodes:
        try:
            check_path(str(file.parent))
        except ValueError as error:
            root.refuse("directory", str(error))
    authorities = _authorities(root, directory)
    certificates = {
        name: _certificate(name, section, root, authorities)
        for name, section in (root.get("certificates") or {}).items()
    }
    _check_folders(root, certificates)
    _check_dsm_entries(root, certificates)
    schedule = _schedule(root, directory)
    for key in ("commands", "monitoring") if schedule is not None and schedule.run == "wrapper" else ():
        if root.get(key):
            why = "is the work of acmewrap, and `schedule: {run: wrapper}` has acme.sh run alone: leave out one of them"
            root.refuse(key, why)
    check_installs(root, certificates, schedule)
    if root.reader.problems:
        return None
    return Config(
        file=file,
        directory=directory,
        acme_sh=root.get("acme_sh"),
        authorities=authorities,
        certificates=certificates,
        synology=root.get("synology"),
        schedule=schedule,
        jobs=root.get("jobs") or min(_MOST_JOBS, os.cpu_count() or 1),
        commands=root.get("commands") or (),
        monitoring=root.get("monitoring"),
    )


def _authorities(root: Section, directory: Path) -> Dict[str, Authority]:
    sections: Dict[str, Section] = root.get("authorities") or {}
    authorities = {}
    owners: Dict[Path, str] = {}
    for name, section in sections.items():
        home = Path(os.path.normpath(directory / (section.get("home") or ".acme.sh")))
        if home in owners:
            remedy = f"give this one its own, `home: .acme.sh-{name}`"
            section.refuse("home", f"{home} is the home of the authority {owners[home]!r}: {remedy}")
        owners.setdefault(home, name)
        bundle = section.get("ca_bundle")
        pem = bundle if isinstance(bundle, str) else None
        if pem:
            bundle = directory / ("ca.crt" if len(sections) == 1 else f"ca-{name}.crt")
        authorities[name] = Authority(
            name,
            section.get("server"),
            home,
            bundle,
            pem,
            section.get("email"),
            section.get("eab"),
            section.get("poll"),
            section.get("proxy"),
        )
    return authorities


def _certificate(name: str, section: Section, root: Section, authorities: Dict[str, Authority]) -> Certificate:
    domains: Tuple[str, ...] = section.get("domains") or ()
    options: Tuple[str, ...] = section.get("options") or ()
    wanted = wanted_options(section, root.get("acme_sh"))
    for key, flag, since in missing_options(wanted, options, root.get("acme_sh")):
        section.refuse(key, f"this release of acme.sh has no {flag}: acmewrap upgrade {since}, or a later one")
    try:
        for first in domains[:1]:
            check_first_domain(first)
    except ValueError as error:
        section.refuse("domains", str(error))
    if options and not options[0].startswith("-"):
        section.refuse(
            "options", f"begins with {options[0]!r}: an option such as --preferred-chain comes before its value"
        )
    return Certificate(
        name=name,
        domains=domains,
        authority=_authority(section, authorities),
        challenges=_challenges(section, domains),
        key=section.get("key"),
        renew=section.get("renew"),
        targets=_targets(section, root),
        options=(*wanted, *options),
    )


def _authority(section: Section, authorities: Dict[str, Authority]) -> str:
    name: Optional[str] = section.get("authority")
    if not authorities or (name is None and "authority" in section.nodes):
        return ""
    if name is None:
        if len(authorities) > 1:
            section.refuse("authority", f"is missing: write which one, {' or '.join(authorities)}")
        return next(iter(authorities))
    if name not in authorities:
        hint = suggestion(name, authorities)
        section.refuse("authority", f"there is no authority {name!r}{hint}; there is {', '.join(authorities)}")
    return name


def _challenges(section: Section, domains: Tuple[str, ...]) -> Tuple[Challenge, ...]:
    given: Union[Challenge, Tuple[Challenge, ...], None] = section.get("challenge")
    if given is None or not domains:
        return ()
    challenges = given if isinstance(given, tuple) else (given,) * len(domains)
    if len(challenges) != len(domains):
        section.refuse(
            "challenge", f"{len(challenges)} challenges for {len(domains)} domains: one for all, or one for each"
        )
    if len({challenge.wait for challenge in challenges if isinstance(challenge, Dns)} - {None}) > 1:
        section.refuse(
            "challenge", "acme.sh waits once for all TXT records of a certificate: give each the same `wait`"
        )
    for domain, challenge in zip(domains, challenges):
        if domain.startswith("*.") and not isinstance(challenge, Dns):
            section.refuse(
                "challenge",
                f"{domain} needs {{dns: …}}: a wildcard is certified by dns-01 only (RFC 8555 section 7.1.4)",
            )
    return challenges


def _targets(section: Section, root: Section) -> Tuple[Target, ...]:
    targets: List[Target] = []
    synology: Optional[Synology] = root.get("synology")
    deploy: Dict[str, Section] = section.get("deploy") or {}
    for name, given in deploy.items():
        if not isinstance(given.node, ScalarNode) and "synology" not in given.nodes:
            targets.append(_full_target(name, given))
        elif synology:
            targets.append(target_of(name, given, synology))
        elif "synology" not in root.nodes:
            root.reader.refuse(
                given.node, given.path, "the file has no section `synology:` with url, account and verify"
            )
    return tuple(targets)


def _full_target(name: str, section: Section) -> Target:
    env: Optional[Section] = section.get("env")
    hook: str = section.get("hook") or ""
    variables: Any = {}
    if env:
        variables = canonical(env) if hook == SYNOLOGY_HOOK else dict(env.values)
    return Target(name, hook, variables, section.get("verify"), install=section.get("install"))


def _check_folders(root: Section, certificates: Dict[str, Certificate]) -> None:
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


def _check_dsm_entries(root: Section, certificates: Dict[str, Certificate]) -> None:
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


def _schedule(root: Section, directory: Path) -> Optional[Schedule]:
    section: Optional[Section] = root.get("schedule")
    if section is None:
        return None
    every: Optional[int] = section.get("every")
    if every is not None and every < 60:
        section.refuse("every", "once a minute is the most that any scheduler does")
    if section.get("by") == "dsm" and "synology" not in root.nodes:
        section.refuse("by", "the Task Scheduler of DSM is reached through the section `synology:`, and there is none")
    return Schedule(
        daily=section.get("daily"),
        every_seconds=every,
        by=section.get("by") or ("dsm" if "synology" in root.nodes and root.reader.on_nas else Schedule.by),
        run=section.get("run"),
        mail=section.get("mail"),
        log=Path(os.path.normpath(directory / (section.get("log") or LOG))),
    )
