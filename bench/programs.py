"""The programs that are compared: for each, what it finds on disk, and the commands that are measured."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Dict, List, Sequence, Tuple

from machine import Machine

from acmewrap import paths
from acmewrap.config import load
from acmewrap.driver.homes.home import Home
from acmewrap.plan.fingerprint import REQUEST_KEY, request_of

DAY = 86400
LANES = 8  # what this machine is asked to do in 0.17 of the time of one after another


class Program:
    """One program. ``quiet_codes`` are the exit codes that mean "nothing was due"."""

    name = ""
    command = ""
    quiet_codes: Tuple[int, ...] = (0,)

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.base = machine.folder / type(self).__name__.lower()
        self.base.mkdir(exist_ok=True)
        self.server = machine.pebble.directory_url
        self.webroot = str(machine.web.root)

    def is_installed(self) -> bool:
        return shutil.which(self.command, path=self.machine.environment["PATH"]) is not None

    def store(self, folder: Path, names: Sequence[str]) -> None:
        """Lay certificates for *names* into *folder*, as the program itself would have left them."""
        raise NotImplementedError

    def check(self, folder: Path, names: Sequence[str]) -> List[str]:
        """The daily run over what :meth:`store` laid there."""
        raise NotImplementedError

    def prepare(self, folder: Path, certificates: Sequence[Sequence[str]]) -> None:
        """What comes before the first issue and is not measured: the account, mainly."""

    def issue(self, folder: Path, certificates: Sequence[Sequence[str]]) -> List[str]:
        """Obtain *certificates*, each for one or more names."""
        raise NotImplementedError

    def call(self, *words: str) -> None:
        subprocess.run(words, env=self.machine.environment, stdin=subprocess.DEVNULL, capture_output=True, check=True)

    def write(self, path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o600)


def each(folder: Path, commands: Sequence[Sequence[str]], *, but: str = "exit") -> List[str]:
    """One command after another, in a shell; *but* is done when one ends with another code than 0."""
    handle, script = tempfile.mkstemp(".sh", dir=str(folder))
    lines = (f"{' '.join(map(shlex.quote, words))} || {but}\n" for words in commands)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.writelines(lines)
    return ["/bin/sh", script]


class AcmeSh(Program):
    name = "acme.sh"
    command = "bash"

    def store(self, folder: Path, names: Sequence[str]) -> None:
        for name in names:
            store_for_acme_sh(self.machine, folder / f"{name}_ecc", name, {})

    def check(self, folder: Path, names: Sequence[str]) -> List[str]:
        del names
        return [*self._start(folder), "--cron"]

    def prepare(self, folder: Path, certificates: Sequence[Sequence[str]]) -> None:
        del certificates
        folder.mkdir(exist_ok=True)
        self.call(*self._start(folder), "--register-account", *self._authority())

    def issue(self, folder: Path, certificates: Sequence[Sequence[str]]) -> List[str]:
        start, end = [*self._start(folder), "--issue"], ["-k", "ec-256", *self._authority()]
        words = ([word for name in names for word in ("-d", name, "-w", self.webroot)] for names in certificates)
        return each(folder, [[*start, *names, *end] for names in words])

    def _start(self, folder: Path) -> List[str]:
        program = str(self.machine.program)
        return ["/bin/bash", f"{program}/acme.sh", "--home", program, "--config-home", str(folder)]

    def _authority(self) -> List[str]:
        return ["--server", self.server, "--ca-bundle", str(self.machine.pebble.ca_bundle)]


class Acmewrap(Program):
    name = "acmewrap"
    command = sys.executable

    def store(self, folder: Path, names: Sequence[str]) -> None:
        self._configure(folder, [[name] for name in names])
        config = load(folder / "acmewrap.yaml", self.machine.environment)
        for certificate in config.certificates.values():
            domain, ecc = paths.name_of(certificate)
            staged = folder / "staged"
            store_for_acme_sh(self.machine, staged, domain, {REQUEST_KEY: request_of(config, certificate)})
            Home(config.authorities["bench"].home).replace(domain, ecc, staged)

    def check(self, folder: Path, names: Sequence[str]) -> List[str]:
        del names
        return [*self._start(folder), "cron"]

    def prepare(self, folder: Path, certificates: Sequence[Sequence[str]]) -> None:
        self._configure(folder, [*certificates, ["first.example.com"]])
        shutil.copytree(str(self.machine.program), str(folder / "src" / "acme.sh"))
        self.call(*self._start(folder), "issue", "first.example.com")

    def issue(self, folder: Path, certificates: Sequence[Sequence[str]]) -> List[str]:
        return [*self._start(folder), "issue", *(names[0] for names in certificates)]

    def forget(self) -> None:
        """Take away the note of the last run."""
        shutil.rmtree(str(Path(self.machine.environment["HOME"]) / ".cache" / "acmewrap"), ignore_errors=True)

    def _start(self, folder: Path) -> List[str]:
        return [sys.executable, "-m", "acmewrap", "--config", str(folder / "acmewrap.yaml")]

    def _more(self, folder: Path) -> str:
        del folder
        return ""

    def _configure(self, folder: Path, certificates: Sequence[Sequence[str]]) -> None:
        more = f'    challenge: {{webroot: "{self.webroot}"}}\n    renew: {{at: 2/3}}\n'
        entries = "".join(f'  "{names[0]}":\n    domains: {json.dumps(names)}\n{more}' for names in certificates)
        bundle = self.machine.pebble.ca_bundle
        head = f'jobs: {LANES}\nauthorities: {{bench: {{server: "{self.server}", ca_bundle: "{bundle}"}}}}\ncertificates:\n'
        self.write(folder / "acmewrap.yaml", head + entries + self._more(folder))


class Monitored(Acmewrap):
    """The same with metrics and one ping for each run."""

    name = "acmewrap, metrics and a ping"

    def _more(self, folder: Path) -> str:
        (self.machine.web.root / "ping").write_text("OK", encoding="ascii")
        self.write(folder / "ping.url", f"http://127.0.0.1:{self.machine.web.port}/ping\n")
        service = "healthchecks: {ping_url: {file: ping.url}, states: [finish, fail]}"
        return f"monitoring: {{metrics: {{textfile: {folder}/acmewrap.prom}}, {service}}}\n"


class Certbot(Program):
    name = "certbot"
    command = "certbot"

    def store(self, folder: Path, names: Sequence[str]) -> None:
        chain = self.machine.issuer.certificate.read_text(encoding="ascii")
        for name in names:
            leaf, live, archive = self.machine.leaves[name], folder / "live" / name, folder / "archive" / name
            live.mkdir(parents=True)
            lines = ["version = 2.1.0", f"archive_dir = {archive}"]
            for part, text in (
                ("cert", leaf),
                ("privkey", self.machine.key),
                ("chain", chain),
                ("fullchain", leaf + chain),
            ):
                self.write(archive / f"{part}1.pem", text)
                (live / f"{part}.pem").symlink_to(os.path.relpath(str(archive / f"{part}1.pem"), str(live)))
                lines.append(f"{part} = {live}/{part}.pem")
            lines += ["[renewalparams]", "authenticator = webroot", f"server = {self.server}", "account = none"]
            lines += [f"webroot_path = {self.webroot},", "[[webroot_map]]", f"{name} = {self.webroot}"]
            self.write(folder / "renewal" / f"{name}.conf", "\n".join(lines) + "\n")

    def check(self, folder: Path, names: Sequence[str]) -> List[str]:
        del names
        return [*self._start(folder, "renew"), "--no-random-sleep-on-renew"]

    def prepare(self, folder: Path, certificates: Sequence[Sequence[str]]) -> None:
        del certificates
        words = ("--agree-tos", "--register-unsafely-without-email", "--server", self.server)
        self.call(*self._start(folder, "register"), *words)

    def issue(self, folder: Path, certificates: Sequence[Sequence[str]]) -> List[str]:
        options = ["--server", self.server, "--webroot", "-w", self.webroot, "--key-type", "ecdsa"]
        return each(
            folder, [[*self._start(folder, "certonly"), *options, "-d", ",".join(names)] for names in certificates]
        )

    def _start(self, folder: Path, verb: str) -> List[str]:
        places = ("--config-dir", str(folder), "--work-dir", f"{folder}/work", "--logs-dir", f"{folder}/logs")
        return ["certbot", verb, "--non-interactive", *places]


class Lego(Program):
    name = "lego"
    command = "lego"

    def store(self, folder: Path, names: Sequence[str]) -> None:
        self.prepare(folder, [[name] for name in names])
        chain = self.machine.issuer.certificate.read_text(encoding="ascii")
        for name in names:
            parts = {"crt": self.machine.leaves[name] + chain, "key": self.machine.key, "issuer.crt": chain}
            parts["json"] = f'{{"domain": "{name}", "certUrl": "{self.server}", "certStableUrl": "{self.server}"}}'
            for ending, text in parts.items():
                self.write(folder / "certificates" / f"{name}.{ending}", text)

    def check(self, folder: Path, names: Sequence[str]) -> List[str]:
        return each(folder, [[*self._start(folder), "--domains", name, "renew"] for name in names])

    def prepare(self, folder: Path, certificates: Sequence[Sequence[str]]) -> None:
        del certificates
        self.call(*self._start(folder), "--domains", "first.example.com", "run")

    def issue(self, folder: Path, certificates: Sequence[Sequence[str]]) -> List[str]:
        start = self._start(folder)
        return each(folder, [[*start, *(f"--domains={name}" for name in names), "run"] for names in certificates])

    def _start(self, folder: Path) -> List[str]:
        options = ("--server", self.server, "--email", "a@example.com", "--accept-tos", "--path", str(folder))
        return ["lego", *options, "--key-type", "ec256", "--http", "--http.webroot", self.webroot]


class Dehydrated(Program):
    name = "dehydrated"
    command = "dehydrated"

    def store(self, folder: Path, names: Sequence[str]) -> None:
        self.prepare(folder, [[name] for name in names])
        chain = self.machine.issuer.certificate.read_text(encoding="ascii")
        for name in names:
            leaf = self.machine.leaves[name]
            for part, text in (
                ("cert", leaf),
                ("privkey", self.machine.key),
                ("chain", chain),
                ("fullchain", leaf + chain),
            ):
                self.write(folder / "certs" / name / f"{part}.pem", text)

    def check(self, folder: Path, names: Sequence[str]) -> List[str]:
        del names
        return ["dehydrated", "--cron", "--config", str(folder / "config")]

    def prepare(self, folder: Path, certificates: Sequence[Sequence[str]]) -> None:
        self._configure(folder, "config", certificates)
        self.call("dehydrated", "--register", "--accept-terms", "--config", str(folder / "config"))

    def issue(self, folder: Path, certificates: Sequence[Sequence[str]]) -> List[str]:
        file = f"config.{certificates[0][0]}"
        return ["dehydrated", "--cron", "--config", self._configure(folder, file, certificates)]

    def _configure(self, folder: Path, file: str, certificates: Sequence[Sequence[str]]) -> str:
        values = {
            "BASEDIR": str(folder),
            "CA": self.server,
            "WELLKNOWN": f"{self.webroot}/.well-known/acme-challenge",
            "KEY_ALGO": "prime256v1",
            "DOMAINS_TXT": f"{folder}/{file}.txt",
        }
        self.write(folder / file, "".join(f'{key}="{value}"\n' for key, value in values.items()))
        self.write(folder / f"{file}.txt", "".join(f"{' '.join(names)}\n" for names in certificates))
        return str(folder / file)


HOOK = """#!/bin/sh
file={webroot}/.well-known/acme-challenge/$4
case $1/$2 in begin/http-01) printf %s "$5" >"$file" ;; begin/*) exit 1 ;; *) rm -f "$file" ;; esac
"""


class Uacme(Program):
    name = "uacme"
    command = "uacme"
    quiet_codes = (0, 1)

    def store(self, folder: Path, names: Sequence[str]) -> None:
        chain = self.machine.issuer.certificate.read_text(encoding="ascii")
        for name in names:
            self.write(folder / name / "cert.pem", self.machine.leaves[name] + chain)
            self.write(folder / "private" / name / "key.pem", self.machine.key)
        self.write(folder / "private" / "key.pem", self.machine.key)

    def check(self, folder: Path, names: Sequence[str]) -> List[str]:
        start = ["uacme", "-c", str(folder), "-a", self.server, "issue"]
        return each(folder, [[*start, name] for name in names], but="[ $? = 1 ] || exit")

    def prepare(self, folder: Path, certificates: Sequence[Sequence[str]]) -> None:
        del certificates
        if os.geteuid() != 0:
            raise NotImplementedError
        (folder / "hook").parent.mkdir(exist_ok=True)
        self.write(folder / "hook", HOOK.format(webroot=self.webroot))
        (folder / "hook").chmod(0o700)
        self.call(*self._trusting(["uacme", "-y", "-c", str(folder), "-a", self.server, "new"]))

    def issue(self, folder: Path, certificates: Sequence[Sequence[str]]) -> List[str]:
        start = ["uacme", "-c", str(folder), "-a", self.server, "-h", str(folder / "hook"), "issue"]
        return self._trusting(each(folder, [[*start, *names] for names in certificates]))

    def _trusting(self, words: List[str]) -> List[str]:
        """It trusts the system's store alone: for *words* the authority is the whole of that, which takes root."""
        mount = f"mount --bind {self.machine.pebble.ca_bundle} /etc/ssl/certs/ca-certificates.crt"
        return ["unshare", "--mount", "sh", "-c", f'{mount} && exec "$@"', "sh", *words]


PROGRAMS = (AcmeSh, Acmewrap, Monitored, Certbot, Lego, Dehydrated, Uacme)


def store_for_acme_sh(machine: Machine, folder: Path, name: str, more: Dict[str, str]) -> None:
    """A certificate as acme.sh leaves it after an issue."""
    folder.mkdir(parents=True)
    leaf, chain, now = machine.leaves[name], machine.issuer.certificate.read_text(encoding="ascii"), int(time.time())
    values = {
        "Le_Domain": name,
        "Le_Alt": "no",
        "Le_Webroot": str(machine.web.root),
        "Le_PreHook": "",
        "Le_PostHook": "",
        "Le_RenewHook": "",
        "Le_API": machine.pebble.directory_url,
        "Le_Keylength": "ec-256",
        "Le_OrderFinalize": f"{machine.pebble.directory_url}/finalize",
        "Le_LinkOrder": f"{machine.pebble.directory_url}/order",
        "Le_LinkCert": f"{machine.pebble.directory_url}/certificate",
        "Le_CertCreateTime": str(now),
        "Le_CertCreateTimeStr": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)),
        "Le_NextRenewTimeStr": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now + 59 * DAY)),
        "Le_NextRenewTime": str(now + 59 * DAY),
        **more,
    }
    text = "".join(f"{key}='{value}'\n" for key, value in values.items())
    parts = {
        f"{name}.conf": text,
        f"{name}.key": machine.key,
        f"{name}.cer": leaf,
        "ca.cer": chain,
        "fullchain.cer": leaf + chain,
    }
    for file, content in parts.items():
        (folder / file).write_text(content, encoding="ascii")
