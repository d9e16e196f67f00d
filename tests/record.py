"""Records what acme.sh really says: the files of ``tests/transcripts`` come from here, not from anybody's memory.

    python tests/record.py --releases FOLDER [--version 3.1.1] [SCENARIO ...]

FOLDER holds one unpacked acme.sh per version (``FOLDER/3.1.1/acme.sh``). Each scenario runs against real counterparts (Pebble,
nginx, a misbehaving proxy, a simulated DSM) and is written with this machine's paths, ports and times and the authority's random
tokens replaced by neutral ones, so that releases which say the same share one text. What is expected of each (``failure``) is
written down here by hand; the events are those that :func:`read` gives, for review in a diff.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent / "support"))

from acmewrap.driver.output.events import Event, Unrecognised
from acmewrap.driver.output.transcript import read
from acmewrap.testing.certificates import make_root
from acmewrap.testing.challenge import ChallengeServer
from acmewrap.testing.counterpart import free_port
from acmewrap.testing.dsm import IMPORT, LIST, LOGIN, DsmSimulator
from acmewrap.testing.pebble import Pebble
from acmewrap.testing.proxy import STEP_BAD_NONCE, Answer, Change, Cut, Hang, Proxy, problem
from acmewrap.testing.webserver import WebServer
from transcripts import TRANSCRIPTS, VERSIONS, Transcript, dump, load

NEUTRAL = "/srv/acmewrap"
AUTHORITY = "https://pki.internal.example.com"
MAIN = "nas.internal.example.com"
NOBODY = 65534


class BlockingPebble(Pebble):
    """Refuses one name by policy."""

    def _prepare(self) -> None:
        super()._prepare()
        file = self.folder / "pebble.json"
        settings = json.loads(file.read_text(encoding="utf-8"))
        settings["pebble"]["domainBlocklist"] = ["blocked.example.com"]
        file.write_text(json.dumps(settings), encoding="utf-8")


@dataclasses.dataclass(frozen=True)
class Recording:
    verb: str
    argv: Tuple[str, ...]
    output: str
    returncode: int
    log: str


class Laboratory:
    """One acme.sh with the counterparts. ``neutral`` takes what tells of this machine out of a text."""

    def __init__(
        self, folder: Path, release: Path, *, dns: ChallengeServer, web: WebServer, pebble: Pebble, proxy: Proxy
    ) -> None:
        self.folder, self.release = folder, release
        self.dns, self.web, self.pebble, self.proxy = dns, web, pebble, proxy
        self.names: Dict[str, str] = {}
        self.path = f"{_shims(folder / 'shims')}:/usr/bin:/bin"
        self.home = self.make_home("home")

    def make_home(self, name: str) -> Path:
        home = self.folder / name
        for child in ("certs", "ca", "tmp"):
            (home / child).mkdir(parents=True, exist_ok=True)
        (self.web.root / ".well-known" / "acme-challenge").mkdir(parents=True, exist_ok=True)
        return home

    def issue(self, domain: str, *, more: Sequence[str] = (), **options: Any) -> Recording:
        return self.run("issue", "--domain", domain, *more, **options)

    def run(
        self,
        verb: str,
        *arguments: str,
        home: Optional[Path] = None,
        server: Optional[str] = None,
        ca_bundle: Optional[Path] = None,
        webroot: Optional[Path] = None,
        standalone: Optional[int] = None,
        path: Optional[str] = None,
        log: bool = True,
        user: Optional[int] = None,
        **environment: str,
    ) -> Recording:
        home = home or self.home
        argv = [f"--{verb}", *arguments]
        if verb in {"issue", "renew", "register-account", "make-dns-persist-value"}:
            argv += [
                "--server",
                server or self.pebble.directory_url,
                "--ca-bundle",
                str(ca_bundle or self.pebble.ca_bundle),
            ]
        if verb == "issue":
            challenge = ["--webroot", str(webroot or self.web.root)]
            challenge = challenge if standalone is None else ["--standalone", "--httpport", str(standalone)]
            argv += [*challenge, "--keylength", "ec-256"]
        if verb in {"renew", "deploy", "revoke", "remove", "install-cert"}:
            argv += ["--ecc"]
        places = ["--home", str(self.release), "--config-home", str(home), "--cert-home", str(home / "certs")]
        log_file = home / "run.log"
        wanted = {
            "PATH": path or self.path,
            "HOME": str(home),
            "LC_ALL": "C",
            "TZ": "UTC",
            "TMPDIR": str(home / "tmp"),
            "CA_HOME": str(home / "ca"),
            "NO_ARI": "1",
            **({"LOG_FILE": str(log_file), "LOG_LEVEL": "2"} if log and verb in {"issue", "renew"} else {}),
            **environment,
        }
        as_user = [] if user is None else ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]
        done = subprocess.run(
            [*as_user, "/bin/bash", str(self.release / "acme.sh"), *places, *argv],
            env=wanted,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=240,
            check=False,
        )
        text = log_file.read_text(encoding="utf-8", errors="replace") if log_file.exists() else ""
        log_file.unlink() if text else None
        return Recording(verb, tuple(argv), done.stdout.decode("utf-8", "replace"), done.returncode, text)

    def neutral(self, text: str) -> str:
        text = text.replace(f"https://localhost:{self.pebble.port}", AUTHORITY).replace(
            self.proxy.directory_url[:-4], AUTHORITY
        )
        for found, name in sorted(self.names.items(), key=lambda item: -len(item[0])):
            text = text.replace(found, name)
        text = text.replace(str(self.release), f"{NEUTRAL}/acme.sh").replace(str(self.folder), NEUTRAL)
        text = text.replace(str(self.folder.parent / "counterparts"), NEUTRAL)
        text = text.replace(f"example.com:{self.web.port}", "example.com")
        return re.sub(r"(127\.0\.0\.\d+):\d{4,5}", r"\1:49152", text)

    def edit(self, domain: str, home: Path, **values: object) -> None:
        """Change values of a certificate's configuration, as time and people do."""
        file = home / "certs" / f"{domain}_ecc" / f"{domain}.conf"
        text = file.read_text(encoding="utf-8")
        for name, value in values.items():
            text = re.sub(rf"^{name}='.*'$", f"{name}='{value}'", text, flags=re.MULTILINE)
        file.write_text(text, encoding="utf-8")


def _shims(folder: Path) -> Path:
    folder.mkdir()
    (folder / "sleep").write_text("#!/bin/sh\nexec /bin/sleep 0.1\n", encoding="ascii")
    (folder / "sleep").chmod(0o755)
    return folder


def _path_without(folder: Path, *missing: str) -> str:
    """A folder with links to every program of the machine but the *missing* ones."""
    folder.mkdir()
    for source in ("/usr/bin", "/bin"):
        for program in os.listdir(source):
            if program not in missing and program != "sleep" and not (folder / program).is_symlink():
                (folder / program).symlink_to(f"{source}/{program}")
    (folder / "sleep").symlink_to("/bin/true")
    return str(folder)


# --- the scenarios: each gives what acme.sh said, and what the failure must be called ---

Scenario = Callable[[Laboratory], Recording]
SCENARIOS: Dict[str, Tuple[Scenario, Optional[str], Mapping[str, str]]] = {}


SINCE: Dict[str, str] = {}


def scenario(failure: Optional[str] = None, since: str = "", **but: str) -> Callable[[Scenario], Scenario]:
    """*but* names versions (``v3_0_2``) whose words allow no better id, or do; only from *since* on there is such a failure."""

    def register(function: Scenario) -> Scenario:
        SINCE[function.__name__] = since
        SCENARIOS[function.__name__] = (function, failure, but)
        return function

    return register


@scenario()
def issue(lab: Laboratory) -> Recording:
    return lab.issue(MAIN)


@scenario()
def issue_not_due(lab: Laboratory) -> Recording:
    return lab.issue(MAIN)


@scenario()
def renew_not_due(lab: Laboratory) -> Recording:
    return lab.run("renew", "--domain", MAIN)


@scenario()
def renew(lab: Laboratory) -> Recording:
    return lab.run("renew", "--domain", MAIN, "--force")


@scenario("certificate.not_issued")
def renew_unknown(lab: Laboratory) -> Recording:
    return lab.run("renew", "--domain", "unknown.example.com")


@scenario("challenge.not_reachable")
def cron_mixed(lab: Laboratory) -> Recording:
    home = lab.make_home("cron")
    for name in ("due.example.com", "fails.example.com", "waits.example.com"):
        lab.issue(name, home=home)
    lab.edit("due.example.com", home, Le_NextRenewTime=1)
    lab.edit("fails.example.com", home, Le_NextRenewTime=1)
    (home / "certs" / "unfinished.example.com_ecc").mkdir()
    (home / "certs" / "unfinished.example.com_ecc" / "unfinished.example.com.conf").write_text(
        f"Le_Domain='unfinished.example.com'\nLe_API='{lab.pebble.directory_url}'\n", encoding="utf-8"
    )
    lab.dns.set_addresses("fails.example.com", ["127.0.0.9"])
    try:
        return lab.run("cron", home=home)
    finally:
        lab.dns.clear_addresses("fails.example.com")


@scenario()
def revoke(lab: Laboratory) -> Recording:
    lab.issue("gone.example.com")
    return lab.run("revoke", "--domain", "gone.example.com")


@scenario()
def remove(lab: Laboratory) -> Recording:
    return lab.run("remove", "--domain", "gone.example.com")


@scenario("reload.failed")
def install_reload_failed(lab: Laboratory) -> Recording:
    return lab.run(
        "install-cert", "--domain", MAIN, "--fullchain-file", str(lab.folder / "nas.pem"), "--reloadcmd", "false"
    )


# --- the way to the authority ---


@scenario("ca.tls_untrusted")
def wrong_bundle(lab: Laboratory) -> Recording:
    (lab.folder / "other").mkdir()
    other = make_root(lab.folder / "other", "Another Root").certificate
    return lab.issue(MAIN, home=lab.make_home("h60"), ca_bundle=other)


@scenario("ca.tls_untrusted")
def missing_bundle(lab: Laboratory) -> Recording:
    return lab.issue(MAIN, home=lab.make_home("h77"), ca_bundle=lab.folder / "missing.crt")


@scenario("ca.tls_untrusted")
def no_tls(lab: Laboratory) -> Recording:
    server = f"https://127.0.0.1:{lab.web.port}"
    lab.names[server] = AUTHORITY
    return lab.issue(MAIN, home=lab.make_home("h35"), server=f"{server}/dir")


@scenario("ca.unreachable")
def refused(lab: Laboratory) -> Recording:
    server = f"https://localhost:{free_port()}"
    lab.names[server] = AUTHORITY
    return lab.issue(MAIN, home=lab.make_home("h7"), server=f"{server}/dir")


@scenario("ca.name_unresolved")
def name_unresolved(lab: Laboratory) -> Recording:
    lab.names["https://pki.invalid"] = AUTHORITY
    return lab.issue(MAIN, home=lab.make_home("h6"), server="https://pki.invalid/dir")


@scenario("ca.timeout")
def no_answer(lab: Laboratory) -> Recording:
    home = lab.make_home("h28")
    (home / ".curlrc").write_text("max-time = 1\n", encoding="ascii")
    lab.proxy.misbehave("/dir", Hang())
    return lab.issue(MAIN, home=home, CURL_HOME=str(home), **_through_proxy(lab))


@scenario("ca.not_acme")
def not_acme(lab: Laboratory) -> Recording:
    return lab.issue(MAIN, home=lab.make_home("h404"), server=f"{lab.pebble.directory_url}/wrong")


@scenario("ca.unreachable")
def cut_off(lab: Laboratory) -> Recording:
    lab.proxy.misbehave("/order-plz", Cut())
    return lab.issue("a.example.com", home=lab.make_home("h52"), **_through_proxy(lab))


@scenario("ca.nonce")
def bad_nonce(lab: Laboratory) -> Recording:
    lab.proxy.misbehave("/order-plz", STEP_BAD_NONCE)
    return lab.issue("a.example.com", home=lab.make_home("nonce"), **_through_proxy(lab))


@scenario("ca.server_error")
def server_error(lab: Laboratory) -> Recording:
    lab.proxy.misbehave("/order-plz", problem("serverInternal", "the database is locked", 500))
    return lab.issue("a.example.com", home=lab.make_home("h500"), **_through_proxy(lab))


@scenario("ca.server_error")
def overloaded(lab: Laboratory) -> Recording:
    lab.proxy.misbehave("/order-plz", Answer(502, b"<html><body>Bad Gateway</body></html>"))
    return lab.issue("a.example.com", home=lab.make_home("h502"), **_through_proxy(lab))


def _through_proxy(lab: Laboratory) -> Dict[str, Any]:
    return {"server": lab.proxy.directory_url, "ca_bundle": lab.proxy.ca_bundle}


# --- what the authority refuses ---


@scenario("acme.rejected_identifier")
def rejected_identifier(lab: Laboratory) -> Recording:
    return lab.issue("blocked.example.com")


@scenario("acme.rate_limited")
def rate_limited(lab: Laboratory) -> Recording:
    said = "too many new orders (300) from this account in the last 3h0m0s, retry after 2026-11-23 12:00:00 UTC"
    lab.proxy.misbehave("/order-plz", problem("rateLimited", said, 429))
    return lab.issue("a.example.com", home=lab.make_home("limit"), **_through_proxy(lab))


@scenario("account.unknown")
def account_unknown(lab: Laboratory) -> Recording:
    said = 'unable to find existing account for "https://localhost/my-account/1"'
    lab.proxy.misbehave("/order-plz", problem("accountDoesNotExist", said, 400))
    return lab.issue("a.example.com", home=lab.make_home("account"), **_through_proxy(lab))


@scenario("acme.bad_csr")
def bad_csr(lab: Laboratory) -> Recording:
    lab.proxy.misbehave("/finalize-order/", problem("badCSR", "the key is too short", 400))
    return lab.issue("a.example.com", home=lab.make_home("csr"), **_through_proxy(lab))


@scenario("acme.order_invalid")
def order_invalid(lab: Laboratory) -> Recording:
    lab.proxy.misbehave("/(?:finalize|my)-order/", Change(body=_invalid))
    return lab.issue("a.example.com", home=lab.make_home("order"), **_through_proxy(lab))


def _invalid(body: bytes) -> bytes:
    return re.sub(rb'"status": "\w+"', b'"status": "invalid"', body)


@scenario("acme.order_stuck")
def order_stuck(lab: Laboratory) -> Recording:
    lab.proxy.misbehave("/(?:finalize|my)-order/", Change(body=_processing))
    return lab.issue("a.example.com", home=lab.make_home("stuck"), MAX_RETRY_TIMES="4", **_through_proxy(lab))


def _processing(body: bytes) -> bytes:
    return re.sub(rb'"status": "\w+"', b'"status": "processing"', body)


@scenario("certificate.download_failed")
def download_failed(lab: Laboratory) -> Recording:
    lab.proxy.misbehave("/certZ/", Answer(404, b"not found"))
    return lab.issue("a.example.com", home=lab.make_home("download"), **_through_proxy(lab))


@scenario("acme.eab_required")
def eab_required(lab: Laboratory) -> Recording:
    with Pebble(lab.folder / "eab", dns=lab.dns.address, http_port=lab.web.port, eab=True) as authority:
        lab.names[authority.directory_url[:-4]] = AUTHORITY
        home = lab.make_home("eab-home")
        return lab.issue(MAIN, home=home, server=authority.directory_url, ca_bundle=authority.ca_bundle)


@scenario("acme.eab_wrong")
def eab_wrong(lab: Laboratory) -> Recording:
    key = ("--eab-kid", "unknown-key", "--eab-hmac-key", "c2VjcmV0LXNlY3JldC1zZWNyZXQ")
    return _with_eab(lab, "eab2", "register-account", *key)


def _with_eab(lab: Laboratory, name: str, verb: str, *words: str) -> Recording:
    with Pebble(lab.folder / name, dns=lab.dns.address, http_port=lab.web.port, eab=True) as authority:
        lab.names[authority.directory_url[:-4]] = AUTHORITY
        home = lab.make_home(f"{name}-home")
        return lab.run(verb, *words, home=home, server=authority.directory_url, ca_bundle=authority.ca_bundle)


# --- challenges ---


@scenario("challenge.wrong_content")
def other_webroot(lab: Laboratory) -> Recording:
    return lab.issue("a.example.com", webroot=lab.folder / "elsewhere")


@scenario("challenge.not_reachable")
def web_server_refused(lab: Laboratory) -> Recording:
    lab.dns.set_addresses("down.example.com", ["127.0.0.9"])
    return lab.issue("down.example.com")


@scenario("challenge.name_unresolved")
def domain_unresolved(lab: Laboratory) -> Recording:
    lab.dns.fail("nowhere.example.com")
    return lab.issue("nowhere.example.com")


@scenario("challenge.timed_out")
def challenge_undecided(lab: Laboratory) -> Recording:
    # 3.0.2 asks for the challenge, later ones for the authorization.
    lab.proxy.misbehave("/(?:authZ|chalZ)/", Change(body=_pending))
    return lab.issue("a.example.com", home=lab.make_home("undecided"), MAX_RETRY_TIMES="4", **_through_proxy(lab))


def _pending(body: bytes) -> bytes:
    return re.sub(rb'"status": "\w+"', b'"status": "pending"', body)


@scenario("challenge.not_offered")
def wildcard_with_webroot(lab: Laboratory) -> Recording:
    return lab.issue("*.example.com")


@scenario("webroot.not_writable")
def webroot_not_writable(lab: Laboratory) -> Recording:
    home = lab.make_home("nobody")
    webroot = lab.folder / "webroot-of-root"
    webroot.mkdir(mode=0o555)
    for path in (home, *home.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    return lab.issue("a.example.com", home=home, webroot=webroot, user=NOBODY if os.geteuid() == 0 else None)


@scenario("webroot.not_writable")
def webroot_is_a_file(lab: Laboratory) -> Recording:
    webroot = lab.folder / "webroot-with-a-file"
    webroot.mkdir()
    (webroot / ".well-known").write_text("in the way", encoding="ascii")
    return lab.issue("a.example.com", webroot=webroot)


@scenario("port.in_use")
def standalone_port_in_use(lab: Laboratory) -> Recording:
    port = str(lab.web.port)
    reported = lab.issue("a.example.com", standalone=lab.web.port)
    return dataclasses.replace(
        reported,
        argv=tuple(word.replace(port, "80") for word in reported.argv),
        output=reported.output.replace(f"port {port}", "port 80"),
    )


@scenario("tool.missing")
def standalone_without_socat(lab: Laboratory) -> Recording:
    path = _path_without(lab.folder / "no-socat", "socat", "python", "python2", "python3")
    return lab.issue("a.example.com", standalone=80, path=path)


# --- this machine ---


@scenario("home.not_writable")
def home_not_writable(lab: Laboratory) -> Recording:
    home = lab.make_home("home-of-root")
    for path in (home, home / "certs", home / "ca"):
        path.chmod(0o555)
    return lab.issue("a.example.com", home=home, user=NOBODY if os.geteuid() == 0 else None, log=False)


@scenario("tool.missing")
def no_curl(lab: Laboratory) -> Recording:
    return lab.issue(
        MAIN, home=lab.make_home("no-curl-home"), path=_path_without(lab.folder / "no-curl", "curl", "wget")
    )


@scenario("tool.failed", v3_1_5="tool.missing")
def no_openssl(lab: Laboratory) -> Recording:
    path = _path_without(lab.folder / "no-openssl", "openssl")
    return lab.issue(MAIN, home=lab.make_home("no-openssl-home"), path=path)


@scenario("acme.usage")
def unknown_option(lab: Laboratory) -> Recording:
    return lab.issue("a.example.com", more=("--frobnicate",))


# --- what 3.1.5 began to say ---


@scenario("acme.usage", since="3.1.5")
def days_with_valid_to(lab: Laboratory) -> Recording:
    return lab.issue("a.example.com", more=("--days", "10", "--valid-to", "+30d"))


@scenario("acme.eab_wrong", since="3.1.5")
def eab_no_base64(lab: Laboratory) -> Recording:
    return _with_eab(lab, "eab3", "register-account", "--eab-kid", "key-1", "--eab-hmac-key", "!")


@scenario("acme.eab_required", since="3.1.5")
def dns_persist_without_account(lab: Laboratory) -> Recording:
    return _with_eab(lab, "eab4", "make-dns-persist-value", "--domain", MAIN)


@scenario("challenge.name_unresolved", since="3.1.5")
def configuration_not_saved(lab: Laboratory) -> Recording:
    """A sed that fails, as it does where there is no space for its copy; acme.sh goes on, and the verdict is the authority's."""
    tools = lab.folder / "no-sed"
    tools.mkdir()
    script = '#!/bin/sh\ncase "$1" in "s|^Le_"*) exit 4 ;; esac\nexec /bin/sed "$@"\n'
    (tools / "sed").write_text(script, encoding="ascii")
    (tools / "sed").chmod(0o755)
    home = lab.make_home("no-sed-home")
    lab.issue("sed.example.com", home=home)
    lab.dns.fail("sed.example.com")
    return lab.issue("sed.example.com", more=("--force",), home=home, path=f"{tools}:{lab.path}")


@scenario("deploy.settings", since="3.1.5")
def line_break_in_a_setting(lab: Laboratory) -> Recording:
    where: Dict[str, Any] = {"DEPLOY_HAPROXY_PEM_PATH": str(lab.folder), "DEPLOY_HAPROXY_PEM_NAME": "two\nlines"}
    return lab.run("deploy", "--domain", MAIN, "--deploy-hook", "haproxy", DEPLOY_HAPROXY_RELOAD="false", **where)


# --- deploying to DSM ---


def _deploy(lab: Laboratory, nas: DsmSimulator, password: str = "", **environment: Any) -> Recording:
    lab.names.update({f"{nas.host}:{nas.http_port}": "nas.internal.example.com:5000"})
    password = password or nas.password
    old = {"SYNO_Username": nas.account, "SYNO_Password": password, "SYNO_Certificate": "acme", "SYNO_Create": "1"}
    old.update({"SYNO_Hostname": nas.host, "SYNO_Port": str(nas.http_port), "SYNO_Scheme": "http"})
    new = {name.upper(): value for name, value in old.items()}
    chosen: Dict[str, Any] = {**(old if lab.release.name == "3.0.2" else new), **environment}
    return lab.run("deploy", "--domain", MAIN, "--deploy-hook", "synology_dsm", **chosen)


@scenario()
def deploy(lab: Laboratory) -> Recording:
    with DsmSimulator() as nas:
        return _deploy(lab, nas)


@scenario("hook.unknown")
def hook_unknown(lab: Laboratory) -> Recording:
    return lab.run("deploy", "--domain", MAIN, "--deploy-hook", "synolgy_dsm")


@scenario("deploy.settings")
def deploy_without_account(lab: Laboratory) -> Recording:
    return lab.run(
        "deploy", "--domain", MAIN, "--deploy-hook", "synology_dsm", home=_with_certificate(lab, "no-account")
    )


def _with_certificate(lab: Laboratory, name: str) -> Path:
    home = lab.make_home(name)
    lab.issue(MAIN, home=home)
    return home


@scenario("dsm.login_refused")
def dsm_wrong_password(lab: Laboratory) -> Recording:
    with DsmSimulator() as nas:
        return _deploy(lab, nas, password="wrong")


@scenario("dsm.permission", v3_0_2="dsm.login_refused")
def dsm_denied(lab: Laboratory) -> Recording:
    with DsmSimulator() as nas:
        nas.fail(LOGIN, 402)
        return _deploy(lab, nas)


@scenario("dsm.otp_required", v3_0_2="dsm.login_refused")
def dsm_one_time_code(lab: Laboratory) -> Recording:
    with DsmSimulator() as nas:
        nas.user.otp_code = "123456"
        return _deploy(lab, nas)


@scenario("dsm.otp_enforced", v3_0_2="dsm.login_refused")
def dsm_one_time_code_enforced(lab: Laboratory) -> Recording:
    with DsmSimulator() as nas:
        nas.fail(LOGIN, 406)
        return _deploy(lab, nas)


@scenario("dsm.not_administrator", v3_0_2="dsm.certificate_not_found")
def dsm_no_administrator(lab: Laboratory) -> Recording:
    with DsmSimulator() as nas:
        nas.fail(LIST, 105)
        return _deploy(lab, nas, SYNO_Create="", SYNO_CREATE="")


@scenario("dsm.certificate_not_found")
def dsm_certificate_not_found(lab: Laboratory) -> Recording:
    with DsmSimulator() as nas:
        return _deploy(lab, nas, SYNO_Create="", SYNO_CREATE="", SYNO_Certificate="another", SYNO_CERTIFICATE="another")


@scenario("dsm.import_refused")
def dsm_import_refused(lab: Laboratory) -> Recording:
    with DsmSimulator() as nas:
        nas.fail(IMPORT, 5514)
        return _deploy(lab, nas)


@scenario("dsm.unreachable")
def dsm_down(lab: Laboratory) -> Recording:
    with DsmSimulator() as nas:
        nas.close()
        return _deploy(lab, nas)


@scenario(since="3.1.5")
def cron_delivers_again(lab: Laboratory) -> Recording:
    """What was issued after the last delivery is deployed by the next run, due or not."""
    home = _with_certificate(lab, "again")
    with DsmSimulator() as nas:
        _deploy(lab, nas, home=home)
        lab.run("install-cert", "--domain", MAIN, "--fullchain-file", str(home / "nas.pem"), home=home)
        lab.edit(MAIN, home, Le_DeploySuccessTime=1, Le_InstallCertSuccessTime=1)
        return lab.run("cron", home=home)


# --- writing ---


def event_data(event: Event) -> Dict[str, object]:
    return {"event": type(event).__name__, **dataclasses.asdict(event)}


_KEPT = re.compile(r"code='|_post_url='|_on_issue_err$|Please refer")


def trim_log(text: str) -> str:
    """The requests, their codes and the authority's refusals; no signatures, no nonces, no keys."""
    kept: List[str] = []
    for entry in re.split(r"^(?=\[[^\]]+:\d\d:\d\d [^\]]+\] )", text, flags=re.MULTILINE):
        said = re.sub(r"^\[[^\]]+\] ", "", entry)
        if _KEPT.match(said) or (said.startswith("original='") and "urn:" in said):
            kept.append(entry)
    return "".join(kept)


_CLOCK = re.compile(r"(?<=[ T])\d\d:\d\d:\d\d(?= UTC|Z)")
_DATE = re.compile(r"\b20\d\d-\d\d-\d\d(?=[T ])")
_DAY = re.compile(r"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} [ \d]\d(?= \d\d:\d\d:\d\d UTC)|(?<= UTC )20\d\d")
_NUMBER = re.compile(r"(?<=acme\.sh: line )\d+|(?<=,pid=)\d+")
_PADDING = re.compile(r"(?<=\)\)) +$", re.MULTILINE)  # of ss(8), by the width of what it shows
_PEM = re.compile(r"(?<=-----BEGIN CERTIFICATE-----\n)[^-]+")
_TOKEN = re.compile(r"(?<![\w-])(?:[\w-]{43}|(?<=/certZ/)[0-9a-f]{16}|(?<=/my-account/)[0-9a-f]{15,16})(?![\w-])")


def without_chance(*texts: str) -> Iterator[str]:
    """*texts* of one call without what differs between recordings: times, tokens, certificates, line and process numbers."""
    tokens: Dict[str, str] = {}
    for text in texts:
        kept = _PEM.sub(lambda found: re.sub(r"[^\n]", "M", found[0]), text)
        kept = _DAY.sub(lambda found: "2026" if found[0].isdigit() else "Mon Nov 23", kept)
        kept = _CLOCK.sub("12:00:00", _DATE.sub("2026-11-23", kept))
        kept = _PADDING.sub("", _NUMBER.sub("1000", kept))
        yield _TOKEN.sub(lambda found: tokens.setdefault(found[0], f"{len(tokens) + 1:0{len(found[0])}}"), kept)


def transcript_of(lab: Laboratory, recording: Recording, failure: Optional[str]) -> Transcript:
    kept = lab.neutral(trim_log(recording.log)) if failure is not None else ""
    output, log = (text.splitlines() for text in without_chance(lab.neutral(recording.output), kept))
    events = [event_data(event) for event in read(output).events if not isinstance(event, Unrecognised)]
    command = shlex.join(["./acme.sh", *(lab.neutral(argument) for argument in recording.argv)])
    return Transcript(command, recording.returncode, failure, events, output, log)


def write(name: str, version: str, transcript: Transcript) -> None:
    file = TRANSCRIPTS / f"{name}.json"
    others = load(file) if file.exists() else {}
    file.write_text(dump({**others, version: transcript}), encoding="utf-8")


@contextlib.contextmanager
def laboratory(release: Path) -> Iterator[Laboratory]:
    with tempfile.TemporaryDirectory(prefix="record-") as name, contextlib.ExitStack() as stack:
        base = Path(name)
        base.chmod(0o755)
        counterparts = base / "counterparts"
        (base / "run").mkdir()
        (counterparts / "proxy").mkdir(parents=True)
        dns = stack.enter_context(ChallengeServer(counterparts / "dns"))
        web = stack.enter_context(WebServer(counterparts / "web"))
        pebble = stack.enter_context(BlockingPebble(counterparts / "ca", dns=dns.address, http_port=web.port))
        proxy = stack.enter_context(Proxy(counterparts / "proxy", pebble))
        for folder in (counterparts, counterparts / "ca", counterparts / "web"):
            folder.chmod(0o755)
        yield Laboratory(base / "run", release, dns=dns, web=web, pebble=pebble, proxy=proxy)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description="Record what acme.sh says.")
    parser.add_argument("--releases", type=Path, required=True, help="a folder with one unpacked acme.sh per version")
    parser.add_argument("--version", action="append", choices=VERSIONS, help="all when left out")
    parser.add_argument("scenario", nargs="*", help="all when left out")
    options = parser.parse_args(arguments)
    for version in options.version or VERSIONS:
        with laboratory(options.releases.absolute() / version) as lab:
            for name, (play, failure, but) in SCENARIOS.items():
                wanted = not options.scenario or name in options.scenario
                if version < SINCE[name] or (
                    not wanted and name != "issue"
                ):  # the certificate of the first is what most others need
                    continue
                recording = play(lab)
                lab.proxy.behave()
                if wanted:
                    expected = but.get("v" + version.replace(".", "_"), failure)
                    write(name, version, transcript_of(lab, recording, expected))
                    print(f"{version} {name}: exit code {recording.returncode}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
