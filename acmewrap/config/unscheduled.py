"""What acme.sh and the programs of the file find in this environment, and not in that of a scheduled run, which has little."""

from __future__ import annotations

import os
import re
import shutil
from typing import Iterator, Mapping, Tuple
from urllib.parse import urlsplit

from . import references
from .locate import Found
from .model import Config

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
    """Each proxy and each variable that *environ* has and such a program reads, and each program that is in PATH here alone."""
    if config.schedule is None or "INVOCATION_ID" in environ:
        return  # in a unit of systemd this is the environment of the schedule
    yield from _proxies(config, environ)
    for keys, command in references.commands(config):
        words = (command,) if isinstance(command, str) else command
        programs = {os.path.basename(word) for text in words for word in re.split(r"[\s;|&()<>\"'`]+", text)}
        given = {text.partition("=")[0] for text in " ".join(words).split() if "=" in text}
        for variable, readers in _READ_BY.items():
            reader = next((one for one in readers if one in programs), None)
            if reader is not None and environ.get(variable) and variable not in given:
                message = f"{reader} reads {variable} of this shell, and the scheduled run has no such variable"
                way = f"begin with `env {variable}=VALUE`"
                if variable.endswith(("_SESSION", "_TOKEN")):  # every user sees the arguments of a command
                    way = "be a script that sets it and only you can read"
                yield Found(keys, f"{message}: let the command {way}")
        place = shutil.which(words[0], path=environ.get("PATH") or None)
        scheduled = shutil.which(words[0], path=_PATHS[config.schedule.by])
        if "/" not in words[0] and place is not None and scheduled is None and len(words[0].split()) == 1:
            message = f"{words[0]} is in PATH of this shell, and not in that of the scheduled run"
            yield Found(keys, f"{message}: write {place}")


def _proxies(config: Config, environ: Mapping[str, str]) -> Iterator[Found]:
    for name, authority in config.authorities.items():
        parts = urlsplit(authority.server)
        read = (name for name in references.PROXIES if name.lower() in (f"{parts.scheme}_proxy", "all_proxy"))
        given = next((name for name in read if environ.get(name)), None)
        if authority.proxy is None and given is not None and not _is_bypassed(parts.hostname or "", environ):
            has_password = "@" in urlsplit(f"//{environ[given].rpartition('://')[2]}").netloc
            value = "{file: PATH}" if has_password else environ[given]
            message = f"{given} of this shell leads to it, and the scheduled run has no such variable"
            yield Found(("authorities", name), f"{message}: write `proxy: {value}`")


def _is_bypassed(host: str, environ: Mapping[str, str]) -> bool:
    hosts = [one.strip().lstrip(".") for one in (environ.get("no_proxy") or environ.get("NO_PROXY") or "").split(",")]
    return any(one == "*" or (one and (host == one or host.endswith(f".{one}"))) for one in hosts)
