"""What programs of the configuration find in this environment and not in that of a scheduled run, which has next to none."""

from __future__ import annotations

import os
import re
import shutil
from typing import Iterator, Mapping, Sequence, Tuple

from ..secrets import CommandReference
from . import references
from .locate import Found
from .model import Config
from .references import Keys

# Variables of a session, and the programs that read them (their manuals, section ENVIRONMENT).
_READ_BY: Mapping[str, Tuple[str, ...]] = {
    "BW_SESSION": ("bw",),
    "DBUS_SESSION_BUS_ADDRESS": ("secret-tool", "kwallet-query", "busctl", "gdbus", "notify-send"),
    "DOCKER_HOST": ("docker", "docker-compose", "podman"),
    "GNUPGHOME": ("gpg", "gpg2", "pass", "gopass", "sops"),
    "KUBECONFIG": ("kubectl", "helm"),
    "OP_SERVICE_ACCOUNT_TOKEN": ("op",),
    "PASSWORD_STORE_DIR": ("pass", "gopass"),
    "SSH_AUTH_SOCK": ("ssh", "scp", "sftp", "rsync", "git"),
    "VAULT_ADDR": ("vault", "bao"),
    "VAULT_TOKEN": ("vault", "bao"),
}
_PATHS: Mapping[str, str] = {  # crontab(5) of Debian; systemd.exec(5); what DSM's Task Scheduler has
    "crontab": "/usr/bin:/bin",
    "systemd": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "dsm": "/usr/bin:/bin:/usr/sbin:/sbin:/usr/syno/sbin:/usr/syno/bin:/usr/local/sbin:/usr/local/bin",
}


def find(config: Config, environ: Mapping[str, str]) -> Iterator[Found]:
    """Each variable that such a program reads and *environ* has, and each program that is in PATH here alone."""
    if config.schedule is None or "INVOCATION_ID" in environ:
        return  # in a unit of systemd this is the environment of the schedule
    for keys, words in _commands(config):
        programs = {os.path.basename(word) for text in words for word in re.split(r"[\s;|&()<>\"'`]+", text)}
        given = {text.partition("=")[0] for text in " ".join(words).split() if "=" in text}
        for variable, readers in _READ_BY.items():
            reader = next((one for one in readers if one in programs), None)
            if reader is not None and environ.get(variable) and variable not in given:
                message = f"{reader} reads {variable} of this shell, and the scheduled run has no such variable"
                private = variable.endswith(("_SESSION", "_TOKEN"))  # every user sees the arguments of a command
                way = (
                    "be a script that sets it and only you can read"
                    if private
                    else f"begin with `env {variable}=VALUE`"
                )
                yield Found(keys, f"{message}: let the command {way}")
        place = shutil.which(words[0], path=environ.get("PATH") or None)
        scheduled = shutil.which(words[0], path=_PATHS[config.schedule.by])
        if "/" not in words[0] and place is not None and scheduled is None and len(words[0].split()) == 1:
            yield Found(
                keys, f"{words[0]} is in PATH of this shell, and not in that of the scheduled run: write {place}"
            )


def _commands(config: Config) -> Iterator[Tuple[Keys, Sequence[str]]]:
    for keys, reference in references.find(config):
        if isinstance(reference, CommandReference):
            yield (*keys, "command"), reference.argv
    for certificate, target in config.targets():
        for key in ("test", "reload"):
            command = getattr(target.install, key, None)
            if command:
                place: Keys = ("certificates", certificate.name, "deploy", target.name, "install", key)
                yield place, (command,) if isinstance(command, str) else command
    for index, own in enumerate(config.commands):
        yield ("commands", index, "run"), own.run
