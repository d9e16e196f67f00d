"""A certificate brought somewhere by acme.sh: by a hook, or copied. What it says of it proves nothing about the target."""

from __future__ import annotations

from typing import Mapping, Optional

from ...config.install import Install
from ...pki.x509 import X509
from ...system import trust
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
    given = command.hook_variables(hook, variables, caller.version())
    for name, text in given.items():
        if name.endswith("RELOAD") and isinstance(text, str):
            caller.refuse_exchangeable_command(text)
    with stage(caller.home, [(domain, is_ecc(key))], pinned) as staging:
        words = command.deploy(domain, key, hook, ca_bundle)
        done = caller.run("deploy", words, staging, variables=given, on_line=on_line)
    return _judge(caller, domain, hook, done, context)


def install_cert(caller: Caller, domain: str, install: Install, key: str, on_line: Optional[OnLine]) -> DeployResult:
    words = command.install_cert(domain, key, install)
    for path in install.paths:
        trust.refuse_planted(path)
    caller.refuse_exchangeable_command(install.script)
    with stage(caller.home, [(domain, is_ecc(key))]) as staging:
        done = caller.run("install_cert", words, staging, umask=0o022, on_line=on_line)
        if done.returncode == 0:
            staging.keep(caller.home, domain, is_ecc(key))
    return _judge(caller, domain, "install_cert", done, {})


def _judge(caller: Caller, domain: str, hook: str, done: CallResult, context: Mapping[str, str]) -> DeployResult:
    fault = caller.find_fault(done, domain, {"hook": hook, **context})
    return DeployResult("failed" if fault else "accepted", domain, hook, **done.said, failure=fault)
