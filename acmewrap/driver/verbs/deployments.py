"""A certificate brought somewhere by acme.sh: by a hook, or copied. What it says of it proves nothing about the target."""

from __future__ import annotations

from typing import Mapping, Optional

from ...config.install import Install
from ...pki.x509 import X509
from .. import command
from ..call import Caller, CallResult
from ..command import Value
from ..homes.home import is_ecc
from ..homes.staging import stage
from ..process import OnLine
from ..results import DeployResult


def deploy(
    caller: Caller,
    domain: str,
    hook: str,
    key: str,
    *,
    variables: Mapping[str, Value],
    ca_bundle: Optional[str],
    pinned: Optional[X509],
    context: Mapping[str, str],
    on_line: Optional[OnLine],
) -> DeployResult:
    """``--deploy``, on a copy."""
    given = command.hook_variables(hook, variables, caller.version())
    caller.refuse_exchangeable((), (text for name, text in given.items() if name.endswith("RELOAD")))
    with stage(caller.home, [(domain, is_ecc(key))], pinned) as staging:
        words = command.deploy(domain, key, hook, ca_bundle)
        done = caller.run("deploy", words, staging, variables=given, on_line=on_line)
    return _judge(caller, "deploy", domain, done, hook=hook, context=context)


def install_cert(caller: Caller, domain: str, install: Install, key: str, on_line: Optional[OnLine]) -> DeployResult:
    """``--install-cert``."""
    words = command.install_cert(domain, key, install)
    caller.refuse_exchangeable(install.paths, (install.script,))
    with stage(caller.home, [(domain, is_ecc(key))]) as staging:
        done = caller.run("install_cert", words, staging, umask=0o022, on_line=on_line)
        if done.returncode == 0:
            staging.keep(caller.home, domain, is_ecc(key))
    return _judge(caller, "install_cert", domain, done, hook="install_cert", context={})


def _judge(
    caller: Caller, verb: str, domain: str, done: CallResult, *, hook: str, context: Mapping[str, str]
) -> DeployResult:
    known = {"domain": domain, "name": domain, "hook": hook, **context}
    fault = None if done.returncode == 0 else caller.diagnose(verb, done, known)
    events = done.transcript.events
    return DeployResult("failed" if fault else "accepted", domain, hook, events, done.lines, done.seconds, fault)
