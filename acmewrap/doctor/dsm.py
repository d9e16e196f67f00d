"""The NAS: which DSM it runs, what the account may do there, and who else runs acme.sh on it. Reads only."""

from __future__ import annotations

import contextlib
from functools import partial
from typing import Any, Iterator, Mapping, Tuple, Union

from ..config.model import Config, Synology
from ..errors import AcmewrapError, CommandError
from ..schedule import dsm
from ..schedule.others import PROGRAM
from ..secrets import resolve
from ..synology import certificates, sessions, tasks
from ..synology.channel import Channel
from ..synology.tools import find_tools
from ..synology.web import ApiError, Client
from .finding import Check, DoctorContext, Fact, Finding, NotLooked

Seen = Iterator[Union[Finding, Fact]]

_POLICIES = {"none": "nobody", "admin": "administrators", "user": "everybody"}
_UNKNOWN = "unknown"


def checks(context: DoctorContext) -> Iterator[Check]:
    synology = context.config.synology
    if synology is not None and any(target.synology for _, target in context.targets()):
        yield Check(f"DSM at {synology.url}", partial(_dsm, context, synology))


def _dsm(context: DoctorContext, synology: Synology) -> Seen:
    try:
        resolve(synology.account.password, context.environ)
    except AcmewrapError:  # reported among the secrets
        raise NotLooked("its password cannot be read") from None
    with contextlib.ExitStack() as stack:
        try:
            client = stack.enter_context(sessions.open_account(context.config, context.environ))
        except ApiError as error:
            yield Finding(error.failure)
            if find_tools(context.environ) is not None:  # root on the NAS sees why, although the account may not
                provisioner = stack.enter_context(sessions.open_provisioner(context.config, context.environ))
                assert provisioner is not None
                yield from _describe(provisioner)
            return
        yield from _describe(client)
        versions = (
            f"{name} {offer.get('minVersion')}-{offer.get('maxVersion')}" if isinstance(offer, dict) else name
            for name, offer in sorted(client.offered.items())
        )
        yield Fact("APIs", ", ".join(versions))
        yield from _rights(context.config, context.environ, client)


def _describe(channel: Channel) -> Seen:
    system, refused = _ask(channel, "SYNO.Core.System", "info")
    yield Fact("version", str(system.get("firmware_ver") or refused or _UNKNOWN))
    policy, refused = _ask(channel, "SYNO.Core.OTP.EnforcePolicy", "get")
    enforced = str(policy.get("otp_enforce_option") or refused or _UNKNOWN)
    yield Fact("2FA is enforced for", _POLICIES.get(enforced, enforced))


def _rights(config: Config, environ: Mapping[str, str], client: Client) -> Seen:
    """What the account may do; a right that is needed and lacking is raised as DSM refused it."""
    _, refused = _ask(client, "SYNO.Core.User", "list", type="local", offset=0, limit=1)
    accounts = "refused" if refused else "allowed"
    try:
        listed = certificates.read(client)
    except ApiError as error:
        yield Fact("the account", f"certificates: refused, accounts: {accounts}")
        raise error
    try:
        others = tasks.TaskScheduler(client).list_all()
    except ApiError:
        yield Fact("the account", f"certificates: allowed, tasks: refused, accounts: {accounts}")
        if dsm.is_wanted(config):
            raise
        others = ()
    else:
        yield Fact("the account", f"certificates: allowed, tasks: allowed, accounts: {accounts}")
    for description, entry in sessions.entries(config).items():
        found = certificates.find(listed, description)
        fixed = [] if found is None else certificates.find_fixed(listed, found.id, entry)
        if fixed:
            yield Fact("DSM lets nobody choose a certificate for", ", ".join(fixed))
    left_over = {found.name for found in dsm.find_others(config, environ, client)}
    for task in others:
        name = str(task.get("name", ""))
        shown = f"the task {name!r} of {tasks.owner_of(task)} in DSM's Task Scheduler"
        if name in left_over:
            yield Finding.of("doctor.other_entry", f"{shown} should not be there")
        elif PROGRAM in str(task.get("action", "")) and not name.startswith(dsm.OWN):
            yield Finding.of("doctor.other_task", f"{shown} runs {PROGRAM} too", task=name)


def _ask(channel: Channel, api: str, method: str, **parameters: Any) -> Tuple[Mapping[str, Any], str]:
    """The answer, or what to say in its place."""
    try:
        return channel.call(api, method, 1, **parameters), ""
    except ApiError as error:
        return {}, f"{_UNKNOWN} (error {error.code})"
    except CommandError:
        return {}, _UNKNOWN
