"""The real synology_dsm hook of acme.sh against the simulated DSM: what it does there is what it would do to a NAS.

Most of it is `slow`, as neither side is this project's own code; what the simulator answers is in ``tests/unit/testing``.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import os
import shutil
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, Optional, Tuple

import pytest

from acmewrap.errors import AcmewrapError
from acmewrap.testing.certificates import Pair, make_leaf, make_root
from acmewrap.testing.dsm import IMPORT, LIST, LOGIN, DsmSimulator
from acmewrap.testing.dsm.faults import Effect
from acmewrap.testing.dsm.store import CertificateStore

DOMAIN = "nas.test"
PASSWORD = "correct-horse-7"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    return make_root(tmp_path_factory.mktemp("root"))


@pytest.fixture(scope="module")
def leaf(tmp_path_factory: pytest.TempPathFactory, root: Pair) -> Pair:
    return make_leaf(tmp_path_factory.mktemp("leaf"), root, [DOMAIN])


@pytest.fixture
def nas() -> Iterator[DsmSimulator]:
    with DsmSimulator("7.2.1", account="certupdater", password=PASSWORD) as simulator:
        yield simulator


class Hook:
    """One acme.sh with a certificate home of its own; every deploy gets a configuration home and a domain folder that are new."""

    def __init__(self, acme_sh: Path, folder: Path, leaf: Pair, root: Pair) -> None:
        self.acme_sh = acme_sh
        self.folder = folder
        self.leaf = leaf
        self.root = root
        self.ca = root.certificate.read_bytes()

    def start(self, nas: DsmSimulator, **settings: str) -> subprocess.Popen[str]:
        work = self.folder / f"run{len(list(self.folder.iterdir()))}"
        domain = work / "certs" / f"{DOMAIN}_ecc"
        domain.mkdir(parents=True)
        (domain / f"{DOMAIN}.conf").write_text(f"Le_Domain='{DOMAIN}'\nLe_Keylength='ec-256'\n")
        shutil.copy(str(self.leaf.key), str(domain / f"{DOMAIN}.key"))
        shutil.copy(str(self.leaf.certificate), str(domain / f"{DOMAIN}.cer"))
        (domain / "ca.cer").write_bytes(self.ca)
        (domain / "fullchain.cer").write_bytes(self.leaf.certificate.read_bytes() + self.ca)
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(work),
            "TMPDIR": str(work),
            "LC_ALL": "C",
            "TZ": "UTC",
            "SYNO_USERNAME": nas.account,
            "SYNO_PASSWORD": nas.password,
            "SYNO_HOSTNAME": nas.host,
            "SYNO_PORT": str(nas.http_port),
            "SYNO_CERTIFICATE": "acme",
            **settings,
        }
        homes = ["--home", str(self.acme_sh), "--config-home", str(work / "config"), "--cert-home", str(work / "certs")]
        command = ["bash", str(self.acme_sh / "acme.sh"), *homes, "--deploy", "--ecc", "-d", DOMAIN]
        return subprocess.Popen(
            [*command, "--deploy-hook", "synology_dsm"],
            cwd=str(work),
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def deploy(self, nas: DsmSimulator, **settings: str) -> Tuple[int, str]:
        """Exit code and everything that was printed."""
        with self.start(nas, **settings) as process:
            output, _ = process.communicate(timeout=120)
        return process.returncode, output


@pytest.fixture
def hook(acme_sh_311: Path, tmp_path: Path, leaf: Pair, root: Pair) -> Hook:
    return Hook(acme_sh_311, tmp_path, leaf, root)


def fingerprint(pair: Pair) -> str:
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pair.certificate.read_text())).hexdigest()


def served_fingerprint(nas: DsmSimulator) -> str:
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate((nas.host, nas.https_port)))).hexdigest()


def test_the_hook_creates_an_entry_and_leaves_the_default_as_it_was(nas: DsmSimulator, hook: Hook, leaf: Pair) -> None:
    factory = served_fingerprint(nas)
    code, output = hook.deploy(nas, SYNO_CREATE="1")
    assert code == 0, output
    (entry,) = nas.state.certificates.by_description("acme")
    assert entry.fingerprint == fingerprint(leaf)
    assert nas.state.certificates.default != entry.id
    assert served_fingerprint(nas) == factory
    assert nas.restarts == 0


def test_the_hook_replaces_the_default_and_the_desktop_serves_the_new_leaf(
    nas: DsmSimulator, hook: Hook, leaf: Pair
) -> None:
    code, output = hook.deploy(nas, SYNO_CREATE="1")
    assert code == 0, output
    (entry,) = nas.state.certificates.by_description("acme")
    nas.state.certificates.make_default(entry.id)
    before = dict(nas.state.certificates.entries)

    code, output = hook.deploy(nas)
    assert code == 0, output
    assert "Restart HTTP services succeeded" in output
    assert nas.state.certificates.default == entry.id
    assert set(nas.state.certificates.entries) == set(before)
    assert nas.restarts == 1
    assert served_fingerprint(nas) == fingerprint(leaf)


def test_the_hook_deploys_to_dsm_6(hook: Hook, leaf: Pair) -> None:
    with DsmSimulator("6.2", account="certupdater", password=PASSWORD) as nas:
        code, output = hook.deploy(nas, SYNO_CREATE="1")
        assert code == 1
        assert '"code":5529' in output  # the key is an elliptic one
        nas.change(ecc_refusal=0)
        code, output = hook.deploy(nas, SYNO_CREATE="1")
        assert code == 0, output
        assert nas.state.certificates.by_description("acme")[0].fingerprint == fingerprint(leaf)
        assert {request.version for request in nas.calls(LOGIN)} == {"6"}
        assert nas.calls(LOGIN)[0].path == "/webapi/auth.cgi"


def test_the_hook_deploys_over_tls_and_survives_the_restart_it_causes(
    nas: DsmSimulator, hook: Hook, leaf: Pair
) -> None:
    settings = {"SYNO_SCHEME": "https", "SYNO_PORT": str(nas.https_port), "SYNO_CERTIFICATE": "", "HTTPS_INSECURE": "1"}
    code, output = hook.deploy(nas, **settings)
    assert code == 0, output
    assert served_fingerprint(nas) == fingerprint(leaf)
    assert nas.restarts == 1


def test_the_hook_refuses_the_factory_certificate_over_tls(nas: DsmSimulator, hook: Hook) -> None:
    code, output = hook.deploy(nas, SYNO_SCHEME="https", SYNO_PORT=str(nas.https_port))
    assert code == 1
    assert "Unable to authenticate" in output
    assert nas.requests == []


def test_the_session_is_closed_at_the_end(nas: DsmSimulator, hook: Hook) -> None:
    hook.deploy(nas, SYNO_CREATE="1")
    assert nas.state.sessions == {}


@pytest.mark.parametrize(
    "password",
    [
        '$HOME$(id) it\'s "so" a&b=c 100%41 back\\slash\\1 semi;colon|pipe`tick` naïve-€',
        *(
            pytest.param(one, marks=pytest.mark.slow)  # alone, where the others do not make good what one breaks
            for one in (
                "$HOME$(id)",
                "it's",
                'say "so"',
                "a&b=c",
                "100%41",
                "back\\slash\\1",
                "semi;colon|pipe`tick`",
                "naïve-€",
            )
        ),
    ],
)
def test_a_password_arrives_byte_for_byte(hook: Hook, password: str) -> None:
    with DsmSimulator(account="cert updater", password=password) as nas:
        code, output = hook.deploy(nas, SYNO_CREATE="1")
        assert code == 0, output
        assert [(login.account, login.password, login.code) for login in nas.logins] == [("cert updater", password, 0)]


@pytest.mark.slow
def test_a_description_with_quotes_and_blanks_is_found_again(nas: DsmSimulator, hook: Hook) -> None:
    for _ in range(2):
        code, output = hook.deploy(nas, SYNO_CREATE="1", SYNO_CERTIFICATE='the "internal" one')
        assert code == 0, output
    assert len(nas.state.certificates.by_description('the "internal" one')) == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"password": "another"}, "no such account or incorrect password"),
        *(
            pytest.param(*one, marks=pytest.mark.slow)  # the words are acme.sh's, the codes are in tests/unit/testing
            for one in (
                ({"expired": "now"}, "non-existent account"),
                ({"password_state": "expired"}, "password has expired or must be changed"),
                ({"password_state": "expired_for_good"}, "password has expired or must be changed"),
                ({"password_state": "must_change"}, "password has expired or must be changed"),
                ({"locked": True}, "Failed to authenticate with error: 411"),
                ({"otp_code": "123456"}, "Failed to authenticate with provided 2FA-OTP code"),
            )
        ),
    ],
)
def test_an_account_that_may_not_log_in_is_told_why(
    nas: DsmSimulator, hook: Hook, change: Dict[str, object], message: str
) -> None:
    for name, value in change.items():
        setattr(nas.user, name, value)
    code, output = hook.deploy(nas, SYNO_CREATE="1")
    assert code == 1
    assert message in output
    assert nas.calls(IMPORT) == []


@pytest.mark.slow
def test_a_second_factor_that_is_enforced_but_not_set_up_is_told(nas: DsmSimulator, hook: Hook) -> None:
    nas.state.otp_policy = "admin"
    code, output = hook.deploy(nas)
    assert code == 1
    assert "Enforce auth with 2FA-OTP enabled" in output


@pytest.mark.slow
def test_the_denied_desktop_application_is_402(nas: DsmSimulator, hook: Hook) -> None:
    nas.state.set_rule("SYNO.Desktop", nas.account, allow_ip=[], deny_ip=["0.0.0.0"])
    code, output = hook.deploy(nas)
    assert code == 1
    assert "Failed to authenticate with error: 402" in output


@pytest.mark.slow
def test_a_code_is_good_for_a_device_id_that_needs_no_code(nas: DsmSimulator, hook: Hook) -> None:
    nas.user.otp_code = "123456"
    device = {"SYNO_DEVICE_NAME": "acmewrap", "SYNO_CREATE": "1"}
    code, output = hook.deploy(nas, SYNO_OTP_CODE="123456", **device)
    assert code == 0, output
    ((name, device_id),) = nas.user.devices
    assert name == "acmewrap"
    code, output = hook.deploy(nas, SYNO_DEVICE_ID=device_id, **device)
    assert code == 0, output
    code, output = hook.deploy(nas, SYNO_DEVICE_ID="another", **device)
    assert code == 1
    assert "may expired or invalid" in output


@pytest.mark.slow
def test_who_is_no_administrator_may_not_list(nas: DsmSimulator, hook: Hook) -> None:
    nas.state.groups["administrators"].remove(nas.account)
    code, output = hook.deploy(nas, SYNO_CREATE="1")
    assert code == 1
    assert "not administrator" in output


@pytest.mark.parametrize(
    "effect",
    ["ignored", *(pytest.param(one, marks=pytest.mark.slow) for one in ("cut_off", "empty_reply", "bad_gateway"))],
)
def test_the_hook_says_success_although_nothing_was_installed(nas: DsmSimulator, hook: Hook, effect: Effect) -> None:
    fault = nas.fail(IMPORT, effect)
    code, output = hook.deploy(nas, SYNO_CREATE="1")
    assert code == 0, output
    assert fault.hits == 1
    assert nas.state.certificates.by_description("acme") == []


@pytest.mark.slow
def test_a_reply_that_is_lost_leaves_the_entry_installed(nas: DsmSimulator, hook: Hook, leaf: Pair) -> None:
    nas.fail(IMPORT, "reply_lost")
    hook.deploy(nas, SYNO_CREATE="1")
    assert [entry.fingerprint for entry in nas.state.certificates.by_description("acme")] == [fingerprint(leaf)]


@pytest.mark.parametrize("refusal", [5510, *(pytest.param(one, marks=pytest.mark.slow) for one in (5514, 119))])
def test_an_upload_that_is_refused_fails_with_the_code(nas: DsmSimulator, hook: Hook, refusal: int) -> None:
    nas.fail(IMPORT, refusal, times=None)
    code, output = hook.deploy(nas, SYNO_CREATE="1")
    assert code == 1
    assert f'{{"error":{{"code":{refusal}}},"success":false}}' in output
    nas.heal()
    code, output = hook.deploy(nas, SYNO_CREATE="1")
    assert code == 0, output


@pytest.mark.slow
def test_a_list_that_is_cut_off_makes_the_hook_create_a_duplicate(nas: DsmSimulator, hook: Hook) -> None:
    hook.deploy(nas, SYNO_CREATE="1")
    nas.fail(LIST, "cut_off")
    code, output = hook.deploy(nas, SYNO_CREATE="1")
    assert code == 0, output
    assert len(nas.state.certificates.by_description("acme")) == 2


@pytest.mark.slow
def test_an_unknown_description_without_create_is_not_uploaded(nas: DsmSimulator, hook: Hook) -> None:
    code, output = hook.deploy(nas)
    assert code == 1
    assert "Unable to find certificate: acme" in output
    assert nas.calls(IMPORT) == []


@pytest.mark.slow
def test_an_empty_chain_is_an_illegal_intermediate(nas: DsmSimulator, hook: Hook) -> None:
    hook.ca = b""
    code, output = hook.deploy(nas, SYNO_CREATE="1")
    assert code == 1
    assert '"code":5512' in output
    assert nas.calls(IMPORT)[0].uploads["inter_cert"].content == b"\n"


@pytest.mark.slow
def test_a_foreign_chain_is_refused(nas: DsmSimulator, hook: Hook, tmp_path_factory: pytest.TempPathFactory) -> None:
    hook.ca = make_root(tmp_path_factory.mktemp("foreign")).certificate.read_bytes()
    code, output = hook.deploy(nas, SYNO_CREATE="1")
    assert code == 1
    assert '"code":5517' in output


@pytest.mark.slow
def test_a_key_of_another_certificate_is_refused(
    nas: DsmSimulator, hook: Hook, leaf: Pair, root: Pair, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = make_leaf(tmp_path_factory.mktemp("other"), root, [DOMAIN])
    hook.leaf = Pair(certificate=leaf.certificate, key=other.key, fullchain=leaf.fullchain)
    code, output = hook.deploy(nas, SYNO_CREATE="1")
    assert code == 1
    assert '"code":5514' in output


def test_a_hanging_upload_is_ended_by_closing_the_simulator(hook: Hook) -> None:
    with DsmSimulator(password=PASSWORD) as nas:
        fault = nas.fail(IMPORT, "hang")
        with hook.start(nas, SYNO_CREATE="1") as process:
            wait_until(lambda: fault.hits == 1)
            assert process.poll() is None
            nas.close()
            process.communicate(timeout=60)


def test_a_slow_restart_refuses_tls_and_answers_502_until_it_has_ended(
    nas: DsmSimulator, hook: Hook, leaf: Pair
) -> None:
    nas.restart_seconds = 3600.0
    code, output = hook.deploy(nas, SYNO_CERTIFICATE="")
    assert code == 0, output
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((nas.host, nas.https_port), timeout=10)
    code, output = hook.deploy(nas, SYNO_CERTIFICATE="")
    assert code == 1
    assert "Unable to authenticate" in output
    nas.finish_restart()
    assert served_fingerprint(nas) == fingerprint(leaf)


def test_a_certificate_made_default_over_the_web_api_is_served_by_the_next_connection(
    nas: DsmSimulator, hook: Hook, leaf: Pair
) -> None:
    hook.deploy(nas, SYNO_CREATE="1")
    (entry,) = nas.state.certificates.by_description("acme")
    context = ssl.create_default_context(cadata=nas.served.certificate.decode())
    context.check_hostname = False
    # The factory's certificate is its own authority, and does not say so.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    login = {"api": "SYNO.API.Auth", "version": "7", "method": "login", "account": nas.account, "passwd": nas.password}
    session = call(nas.https_url, login, context)["data"]["sid"]
    make_default = {"method": "set", "id": f'"{entry.id}"', "as_default": "true", "_sid": session}
    crt = {"api": "SYNO.Core.Certificate.CRT", "version": "1"}
    assert call(nas.https_url, {**crt, **make_default}, context, address=session) == {"success": True}
    assert served_fingerprint(nas) == fingerprint(leaf)


def test_the_plain_side_may_send_everybody_to_the_tls_side(nas: DsmSimulator) -> None:
    nas.change(redirects=True)
    body = "api=SYNO.API.Auth"
    head = f"POST /webapi/auth.cgi HTTP/1.1\r\nHost: nas\r\nContent-Length: {len(body)}\r\n\r\n"
    with socket.create_connection((nas.host, nas.http_port), timeout=60) as connection:
        connection.sendall((head + body).encode())
        reply = read_all(connection).decode()
    assert reply.startswith("HTTP/1.1 302 ")
    assert f"Location: {nas.https_url}/webapi/auth.cgi\r\n" in reply
    assert nas.requests == []


def log_in(nas: DsmSimulator) -> Dict[str, str]:
    words = {"api": "SYNO.API.Auth", "version": "7", "method": "login", "account": nas.account, "passwd": nas.password}
    return {"_sid": call(nas.url, {**words, "format": "sid"})["data"]["sid"]}


def test_a_reply_may_be_lost_after_the_write_was_done(nas: DsmSimulator) -> None:
    words = {**log_in(nas), "api": "SYNO.Core.Group.Member", "version": "1", "method": "change", "group": "users"}
    fault = nas.fail("SYNO.Core.Group.Member.change", "reply_lost")
    with pytest.raises((ConnectionError, http.client.HTTPException, urllib.error.URLError)):
        call(nas.url, {**words, "remove_member": f'["{nas.account}"]'}, address=words["_sid"])
    assert (fault.hits, nas.state.groups["users"]) == (1, [])


def test_a_session_in_the_body_is_overlooked_but_for_the_list_of_certificates(nas: DsmSimulator) -> None:
    session = log_in(nas)
    users = {"api": "SYNO.Core.User", "version": "1", "method": "list", **session}
    assert call(nas.url, users)["error"]["code"] == 119
    assert call(nas.url, users, address=session["_sid"])["success"]
    assert call(nas.url, {**session, "api": "SYNO.Core.Certificate.CRT", "version": "1", "method": "list"})["success"]


def test_secrets_are_masked_in_the_recorded_requests(nas: DsmSimulator) -> None:
    call(nas.url, {"api": "SYNO.API.Auth", "version": "7", "method": "login", "account": "ops", "passwd": "hidden"})
    (request,) = nas.calls(LOGIN)
    assert request.parameters["passwd"] == "***"
    assert "hidden" not in repr(nas.logins)
    assert nas.logins[0].password == "hidden"


def test_an_upload_that_waits_for_its_continuation_gets_one(nas: DsmSimulator) -> None:
    head = "POST /webapi/entry.cgi HTTP/1.1\r\nHost: nas\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n"
    with socket.create_connection((nas.host, nas.http_port), timeout=60) as connection:
        connection.sendall(head.encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 100 Continue")
        connection.sendall(b"api=")
        assert b'{"error":{"code":101},"success":false}' in read_all(connection)


@pytest.mark.parametrize(
    ("head", "reply"),
    [
        ("GET / HTTP/1.1\r\n", b"Synology DiskStation"),
        ("GET /webapi/entry.cgi?api=%FF&version=1&method=x HTTP/1.1\r\n", b'"code":102'),
        ("POST /webapi/entry.cgi HTTP/1.1\r\nContent-Type: multipart/form-data\r\n", b'"code":108'),
    ],
)
def test_odd_requests_are_answered(nas: DsmSimulator, head: str, reply: bytes) -> None:
    with socket.create_connection((nas.host, nas.http_port), timeout=60) as connection:
        connection.sendall(f"{head}Host: nas\r\n\r\n".encode())
        assert reply in read_all(connection)


def test_a_client_that_speaks_plain_to_the_tls_side_does_no_harm(nas: DsmSimulator) -> None:
    with socket.create_connection((nas.host, nas.https_port), timeout=60) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
        with contextlib.suppress(ConnectionResetError):
            read_all(connection)
    assert served_fingerprint(nas) == nas.served.fingerprint


def test_closing_ends_connections_that_say_nothing_and_gives_the_ports_back() -> None:
    with DsmSimulator() as nas:
        ports = (nas.http_port, nas.https_port)
        with socket.create_connection((nas.host, nas.https_port)), socket.create_connection((nas.host, nas.http_port)):
            nas.close()
    with DsmSimulator(http_port=ports[0], https_port=ports[1]) as nas:
        assert (nas.http_port, nas.https_port) == ports


def test_a_port_that_is_taken_is_told_with_its_number(nas: DsmSimulator) -> None:
    with pytest.raises(AcmewrapError) as caught, DsmSimulator(https_port=nas.https_port):
        pass
    assert caught.value.id == "demo.port_taken"
    assert str(nas.https_port) in caught.value.remedy


def call(url: str, parameters: Dict[str, str], context: Optional[ssl.SSLContext] = None, *, address: str = "") -> Any:
    """The reply to a POST, with the session *address* in its address."""
    body, where = urllib.parse.urlencode(parameters).encode(), f"{url}/webapi/entry.cgi?_sid={address}"
    with urllib.request.urlopen(where, body, timeout=60, context=context) as reply:
        return json.load(reply)


def read_all(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(65536), b""))


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_service_that_is_bound_to_nothing_is_listed_nowhere() -> None:
    store = CertificateStore.create(7)
    listed = [service["service"] for entry in store.list_entries() for service in entry["services"]]
    assert [service.name for service in store.services if service.certificate is None] == ["WebStation/vhost_9"]
    assert "vhost_9" not in listed
