"""The sections of a file put together to a :class:`Config`, and checked against each other."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple, Union

from yaml.nodes import ScalarNode

from ..arguments import SYNOLOGY_HOOK, check_first_domain, check_path
from ..binder.record import Section
from ..binder.types import suggestion
from ..challenges import Challenge, Dns
from ..model import HOME, LOG, Authority, Certificate, Config, Schedule, Synology, Target
from .install import check_installs
from .options import missing_options, wanted_options
from .shared import check_dsm_entries, check_folders, check_variables
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
    check_folders(root, certificates)
    check_dsm_entries(root, certificates)
    schedule = _schedule(root, directory)
    for key in ("commands", "monitoring") if schedule is not None and schedule.run == "wrapper" else ():
        if root.get(key):
            why = "is the work of acmewrap, and `schedule: {run: wrapper}` has acme.sh run alone: leave out one of them"
            root.refuse(key, why)
    check_installs(root, certificates, schedule)
    if schedule is not None and schedule.run == "wrapper":
        check_variables(root, certificates)
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
        home = Path(os.path.normpath(directory / (section.get("home") or HOME)))
        if home in owners:
            remedy = f"give this one its own, `home: {HOME}-{name}`"
            section.refuse("home", f"{home} is the home of the authority {owners[home]!r}: {remedy}")
        owners.setdefault(home, name)
        bundle = section.get("ca_bundle")
        pem = bundle if isinstance(bundle, str) else None
        if pem:
            bundle = directory / ("ca.crt" if len(sections) == 1 else f"ca-{name}.crt")
        as_read = {key: section.get(key) for key in ("server", "email", "eab", "poll", "proxy")}
        authorities[name] = Authority(name=name, home=home, ca_bundle=bundle, pem=pem, **as_read)
    return authorities


def _certificate(name: str, section: Section, root: Section, authorities: Dict[str, Authority]) -> Certificate:
    domains: Tuple[str, ...] = section.get("domains") or ()
    options: Tuple[str, ...] = section.get("options") or ()
    wanted = wanted_options(section, root.get("acme_sh"))
    for key, flag, since in missing_options(wanted, options, root.get("acme_sh")):
        remedy = f"write `release: {since}` under `acme_sh`, or a later one"
        section.refuse(key, f"this release of acme.sh has no {flag}: {remedy}")
    if domains[:1] == ("ca",) and not str(section.get("key")).startswith("ec"):
        why = "acme.sh would put an RSA certificate for `ca` where its accounts lie"
        section.refuse("domains", f"{why}: take a key such as ec-256")
    try:
        for first in domains[:1]:
            check_first_domain(first)
    except ValueError as error:
        section.refuse("domains", str(error))
    if options and not options[0].startswith("-"):
        why = "an option such as --preferred-chain comes before its value"
        section.refuse("options", f"begins with {options[0]!r}: {why}")
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
        found = f"{len(challenges)} challenges for {len(domains)} domains"
        section.refuse("challenge", f"{found}: one for all, or one for each")
    if len({challenge.wait for challenge in challenges if isinstance(challenge, Dns)} - {None}) > 1:
        why = "acme.sh waits once for all TXT records of a certificate"
        section.refuse("challenge", f"{why}: give each the same `wait`")
    given_env: Dict[str, Any] = {}
    for challenge in challenges:
        for variable, value in challenge.env.items() if isinstance(challenge, Dns) else ():
            if given_env.setdefault(variable, value) != value:
                message = f"{variable} has two values, and acme.sh knows one for all names of a certificate"
                section.refuse("challenge", f"{message}: make a certificate of the names of each")
    for domain, challenge in zip(domains, challenges):
        if domain.startswith("*.") and not isinstance(challenge, Dns):
            why = "a wildcard is certified by dns-01 only (RFC 8555 section 7.1.4)"
            section.refuse("challenge", f"{domain} needs {{dns: …}}: {why}")
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
            message = "the file has no section `synology:` with url, account and verify"
            root.reader.refuse(given.node, given.path, message)
    return tuple(targets)


def _full_target(name: str, section: Section) -> Target:
    env: Optional[Section] = section.get("env")
    hook: str = section.get("hook") or ""
    variables = {} if env is None else canonical(env) if hook == SYNOLOGY_HOOK else dict(env.values)
    return Target(name, hook, variables, section.get("verify"), install=section.get("install"))


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
