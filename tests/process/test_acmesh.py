"""The facade over acme.sh, driven against one that does as it is reported: each verb, each way in which it can end."""

from __future__ import annotations

import os
import re
import shutil
import stat
from datetime import datetime, timezone
from pathlib import Path
from typing import Callable, List

import pytest

from acmewrap.config.challenges import Dns, Webroot
from acmewrap.config.model import Install
from acmewrap.driver.acmesh import AcmeSh
from acmewrap.driver.homes.configuration import parse_configuration
from acmewrap.driver.results import Result
from acmewrap.driver.verbs.queries import ListEntry
from acmewrap.errors import AccessError, CommandError, IssueError, ReleaseError
from acmewrap.secrets import Secret
from stub import NAME, OLD, SERVER, Stub, problem
from synthetic import NOW, make_key

ECC = f"{NAME}_ecc"
WEBROOT = [Webroot(Path("/srv/web"))]
CANARY = 'it\'s "a" $ecret & %41\\'
NONCE = problem("badNonce", "The client sent an unacceptable anti-replay nonce")


@pytest.fixture
def stub(tmp_path: Path) -> Stub:
    made = Stub(tmp_path)
    made.offer("new", OLD.but(generation=2))
    return made


def option(argv: List[str], name: str) -> str:
    return argv[argv.index(name) + 1]


# --- how acme.sh is called ---


def test_a_call_gets_homes_of_its_own_and_an_environment_made_from_nothing(
    stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE", "1")
    monkeypatch.setenv("CA_BUNDLE", "/elsewhere")
    stub.say("issue", f"store new {ECC}")
    acme = AcmeSh(
        stub.program,
        stub.home,
        server=SERVER,
        verify=False,
        clock=lambda: NOW,
        ca_bundle=Path("/ca.crt"),
        email="me@example.com",
        environment={"https_proxy": "http://proxy:3128", "LC_ALL": "de_DE.UTF-8"},
    )
    assert acme.issue([NAME], WEBROOT, options=["--ocsp"]).outcome == "issued"
    argv, environment = stub.argv(), stub.environment()
    staging = Path(option(argv, "--config-home")).parent
    assert staging.parent == stub.home / ".staging"
    assert option(argv, "--home") == str(stub.program)
    assert option(argv, "--cert-home") == str(staging / "certificates")
    assert " ".join(argv[6:]) == (
        f"--issue --keylength ec-256 --domain {NAME} --webroot /srv/web --ocsp "
        f"--server {SERVER} --ca-bundle /ca.crt --accountemail me@example.com"
    )
    assert (environment["LC_ALL"], environment["TZ"], environment["NO_ARI"]) == ("C", "UTC", "1")
    assert environment["__OS__"] == " ".join(os.uname())
    assert environment["https_proxy"] == "http://proxy:3128"
    assert re.fullmatch(rf"{stub.home}/\.staging/[^/]+/ca/ca\.example\.com_9000", environment["CA_HOME"])
    assert environment["LOG_FILE"] == str(staging / "protocol.log")
    assert not {"FORCE", "CA_BUNDLE", "USER", "SHELL"} & environment.keys()
    assert stub.read("umask") == "0077"
    assert stub.read("cwd") == str(staging / "tmp")
    assert not staging.exists()


def test_every_curl_of_a_call_has_a_limit_for_connecting_and_for_the_whole(stub: Stub) -> None:
    """acme.sh sets none. ``--libcurl`` writes down what curl understood."""
    stub.say("issue", f"store new {ECC}; curl --silent --libcurl {stub.folder}/understood.c file:///dev/null")
    assert stub.acme.issue([NAME], WEBROOT).outcome == "issued"
    text = (stub.folder / "understood.c").read_text(encoding="utf-8")
    limits = dict(re.findall(r"CURLOPT_(CONNECTTIMEOUT|TIMEOUT)_MS, (\d+)L", text))
    assert 0 < int(limits["CONNECTTIMEOUT"]) < int(limits["TIMEOUT"]) <= 120_000


def test_acme_sh_is_run_by_bash_whatever_its_first_line_says(stub: Stub) -> None:
    assert stub.acme.version() == "3.1.1"
    assert stub.read("cmdline").split("\n")[0].endswith("bash")


def test_one_changed_byte_stops_every_verb_before_anything_starts(acme_sh_311: Path, tmp_path: Path) -> None:
    program = tmp_path / "program"
    shutil.copytree(str(acme_sh_311), str(program))
    script = program / "acme.sh"
    script.write_bytes(
        script.read_bytes().replace(b"VER=3.1.1", b"VER=3.1.2", 1).replace(b"\nset -", b"\ntouch /x; set -", 1)
    )
    acme = AcmeSh(program, tmp_path / "acme-home", server=SERVER, version="3.1.1")
    for verb in (
        acme.register_account,
        lambda: acme.issue([NAME], WEBROOT),
        lambda: acme.renew(NAME),
        acme.cron,
        lambda: acme.deploy(NAME, "ssh"),
        lambda: acme.install_cert(NAME, Install()),
        lambda: acme.revoke(NAME),
        lambda: acme.remove(NAME),
        acme.list,
        lambda: acme.info(NAME),
        acme.version,
    ):
        with pytest.raises(ReleaseError) as caught:
            verb()
        assert caught.value.id == "release.drift"
        assert "acme.sh" in str(caught.value)


def test_a_release_that_is_not_installed_is_told_so(tmp_path: Path) -> None:
    acme = AcmeSh(tmp_path / "none", tmp_path / "acme-home", server=SERVER, version="3.1.1")
    with pytest.raises(ReleaseError) as caught:
        acme.deploy(NAME, "synology_dsm", variables={"SYNO_USERNAME": "x"})
    assert caught.value.id == "release.missing"


def test_lines_come_as_they_are_printed(stub: Stub) -> None:
    stub.say("issue", f"echo one; echo two >&2; store new {ECC}")
    seen: List[str] = []
    assert stub.acme.issue([NAME], WEBROOT, on_line=seen.append).lines == tuple(seen) == ("one", "two")


def test_a_home_that_is_a_file_is_told_with_a_remedy(stub: Stub) -> None:
    stub.home.write_text("not a folder")
    with pytest.raises(AccessError):
        stub.acme.issue([NAME], WEBROOT)
    assert stub.calls == 0


# --- issue and renew ---


def test_what_a_failed_call_did_to_the_files_never_happened(stub: Stub) -> None:
    files = OLD.but(more="SAVED_X='1'\n").write(stub.home)
    before = {path.name: path.read_bytes() for path in files.folder.iterdir()}
    stub.say(
        "renew",
        f"cd $CERTS/{ECC} && for f in *; do echo garbage >$f; done; echo '{problem('rateLimited', 'too many')}'; exit 1",
    )
    result = stub.acme.renew(NAME, force=True)
    assert result.outcome == "failed"
    assert result.failure is not None
    assert result.failure.id == "acme.rate_limited"
    assert {path.name: path.read_bytes() for path in files.folder.iterdir()} == before
    assert result.serial == f"{1:016X}"


def test_a_good_set_takes_the_place_of_the_old_one(stub: Stub) -> None:
    OLD.but(more="Le_DeployHook='ssh,'\n").write(stub.home)
    stub.say("renew", f"grep -q DeployHook $CERTS/{ECC}/*.conf && exit 1; store new {ECC}")
    result = stub.acme.renew(NAME, due=lambda begin, end: begin + (end - begin) // 2)
    assert (result.outcome, result.changed, stub.serial()) == ("renewed", True, 2)
    assert result.files.folder == stub.home / ECC
    values = parse_configuration(result.files.configuration.read_text(encoding="utf-8"))
    assert values["Le_DeployHook"] == "ssh,"
    assert result.next_renewal is not None
    assert values["Le_NextRenewTime"] == f"{result.next_renewal.timestamp():.0f}"
    assert str(stub.home / ".staging") not in repr(result.failure)


def test_a_set_of_the_vulnerable_release_gets_private_modes(stub: Stub) -> None:
    stub.say("issue", f"store new {ECC}; chmod -R a+rX $CERTS/{ECC}")
    files = stub.acme.issue([NAME], WEBROOT).files
    assert [stat.S_IMODE(path.stat().st_mode) for path in (files.key, files.configuration, files.certificate)] == [
        0o600,
        0o600,
        0o644,
    ]


def test_a_broken_certificate_is_renewed_for_all_its_names(stub: Stub) -> None:
    names = (NAME, "b.example.com")
    OLD.but(names=names, leaf=b"garbage").write(stub.home)
    stub.offer("both", OLD.but(names=names, generation=3))
    stub.say("renew", f"store both {ECC}")
    assert stub.acme.renew(NAME).outcome == "issued"
    assert stub.serial() == 3


def test_a_nonce_that_was_refused_is_asked_for_once_more(stub: Stub) -> None:
    OLD.write(stub.home)
    stub.say("renew", f"[ $count = 2 ] && store new {ECC} && exit; echo 'Create new order error. {NONCE}'; exit 1")
    assert stub.acme.renew(NAME).outcome == "renewed"
    assert stub.calls == 2


def test_a_nonce_that_is_refused_twice_is_a_failure(stub: Stub) -> None:
    OLD.write(stub.home)
    stub.say("renew", f"echo 'Create new order error. {NONCE}'; exit 1")
    result = stub.acme.renew(NAME)
    assert result.failure is not None
    assert (result.outcome, result.failure.id, stub.calls) == ("failed", "ca.nonce", 2)


def test_another_failure_is_not_tried_again(stub: Stub) -> None:
    stub.say("issue", f"echo '{problem('malformed', 'no')}'; exit 1")
    assert stub.acme.issue([NAME], WEBROOT).outcome == "failed"
    assert stub.calls == 1


def test_the_deadline_of_a_verb_can_be_set_and_nothing_of_the_call_stays(stub: Stub) -> None:
    OLD.write(stub.home)
    stub.say("renew", f"echo garbage >$CERTS/{ECC}/{NAME}.cer; echo waiting; sleep 600")
    acme = AcmeSh(stub.program, stub.home, server=SERVER, verify=False, clock=lambda: NOW, deadlines={"renew": 1})
    result = acme.renew(NAME)
    assert result.failure is not None
    assert (result.outcome, result.failure.id, stub.serial()) == ("failed", "process.deadline", 1)


def test_a_certificate_that_came_before_the_deadline_is_kept(stub: Stub) -> None:
    OLD.write(stub.home)
    stub.say("renew", f"store new {ECC}; sleep 600")
    for deadline in (1, 5, 25):  # a slow machine may not come so far so soon
        result = AcmeSh(
            stub.program, stub.home, server=SERVER, verify=False, clock=lambda: NOW, deadlines={"renew": deadline}
        ).renew(NAME)
        if result.changed:
            break
    assert result.failure is not None
    assert (result.outcome, result.failure.id, stub.serial()) == ("renewed", "process.deadline", 2)


def test_variables_of_a_dns_hook_reach_it_and_nothing_that_is_told(stub: Stub) -> None:
    stub.say("issue", 'echo "token: $CF_Token"; echo "$CF_Token" >>"$LOG_FILE"; exit 1')
    result = stub.acme.issue([NAME], [Dns("dns_cf")], variables={"CF_Token": Secret(CANARY), "CF_Zone": "zone"})
    assert (stub.environment()["CF_Token"], stub.environment()["CF_Zone"]) == (CANARY, "zone")
    assert result.lines == ("token: ***",)
    assert "ecret" not in repr(result) + "".join(stub.argv())


def test_settings_that_would_become_code_start_nothing(stub: Stub) -> None:
    with pytest.raises(CommandError, match="Le_X") as caught:
        stub.acme.renew(NAME, settings={"Le_X": "a'b"})
    assert (caught.value.id, stub.calls) == ("command.unsafe", 0)


# --- cron ---


def test_cron_tells_the_certificates_apart(stub: Stub) -> None:
    OLD.write(stub.home)
    OLD.write(stub.home, ecc=False)
    other = OLD.but(domain="b.example.com", names=("b.example.com",))
    other.write(stub.home)
    OLD.but(domain="broken.example.com", leaf=None).write(stub.home)
    OLD.but(domain="nas", names=("nas",)).write(stub.home)
    stub.say("cron", f"""
echo '===Starting cron==='
echo "Renewing: 'b.example.com'"; echo '{problem("rateLimited", "slow down")}'; echo 'Error renewing b.example.com_ecc.'
echo "Skipping invalid cert for: broken.example.com"; echo 'Skipped broken.example.com_ecc'
echo "Renewing: '{NAME}'"; echo '{problem("rejectedIdentifier", "not you")}'; echo garbage >$CERTS/{NAME}/{NAME}.cer
echo 'Error renewing {NAME}.'
echo "Renewing: '{NAME}'"; store new {ECC}
echo '===End cron==='; exit 1
""")  # fmt: skip
    result = stub.acme.cron()
    reported = {
        (entry.domain, entry.ecc): (entry.outcome, entry.failure.id if entry.failure else None)
        for entry in result.entries
    }
    assert reported == {
        ("b.example.com", True): ("failed", "acme.rate_limited"),
        ("broken.example.com", True): ("failed", "certificate.mismatch"),
        (NAME, False): ("failed", "acme.rejected_identifier"),
        (NAME, True): ("renewed", None),
        ("nas", True): ("skipped", None),
    }
    assert not result.ok
    assert result.failure is None
    assert (stub.serial(), stub.serial(ecc=False)) == (2, 1)


def test_cron_that_fails_before_it_begins_says_so_once(stub: Stub) -> None:
    OLD.write(stub.home)
    stub.say("cron", "echo 'curl: command not found'; exit 1")
    result = stub.acme.cron()
    assert [entry.outcome for entry in result.entries] == ["skipped"]
    assert result.failure is not None


def test_cron_does_not_keep_what_does_not_belong_together(stub: Stub) -> None:
    OLD.write(stub.home)
    stub.offer("alone", OLD.but(generation=5, chain=None, fullchain=b"old"))
    stub.say("cron", f"store alone {ECC}")
    (entry,) = stub.acme.cron(force=True).entries
    assert entry.failure is not None
    assert (entry.outcome, entry.failure.id, stub.serial()) == ("failed", "certificate.chain_missing", 1)
    assert "--force" in stub.argv()


# --- deploy and install_cert ---


def test_a_hook_gets_its_password_and_leaves_it_nowhere(stub: Stub) -> None:
    OLD.write(stub.home)
    stub.say(
        "deploy",
        f'echo "SAVED_SYNO_PASSWORD=\'$SYNO_PASSWORD\'" >>$CERTS/{ECC}/{NAME}.conf; echo "hook: $SYNO_PASSWORD"; echo Success',
    )
    result = stub.acme.deploy(NAME, "synology_dsm", variables={"SYNO_PASSWORD": Secret(CANARY)}, ca_bundle="/ca.crt")
    assert (result.outcome, result.lines) == ("accepted", ("hook: ***", "Success"))
    assert stub.environment()["SYNO_PASSWORD"] == CANARY
    assert "LOG_FILE" not in stub.environment()
    assert stub.argv()[6:] == [
        "--deploy",
        "--deploy-hook",
        "synology_dsm",
        "--domain",
        NAME,
        "--ecc",
        "--ca-bundle",
        "/ca.crt",
    ]
    for path in (path for path in stub.home.rglob("*") if path.is_file()):
        assert b"ecret" not in path.read_bytes()


def test_a_hook_that_fails_is_a_failure(stub: Stub) -> None:
    OLD.write(stub.home)
    stub.say("deploy", "echo 'The deploy hook nohook was not found.'; exit 1")
    result = stub.acme.deploy(NAME, "nohook")
    assert result.failure is not None
    assert (result.outcome, result.ok, result.failure.id) == ("failed", False, "hook.unknown")


@pytest.mark.parametrize("value", ["-n", '"$(touch /x)"', "a\0b"])
def test_a_value_that_acme_sh_would_take_wrongly_starts_nothing(stub: Stub, value: str) -> None:
    with pytest.raises(CommandError) as caught:
        stub.acme.deploy(NAME, "ssh", variables={"DEPLOY_X": Secret(value)})
    assert (caught.value.id, stub.calls) == ("command.unsafe", 0)


def test_what_install_cert_remembers_is_kept(stub: Stub) -> None:
    OLD.write(stub.home)
    stub.say("install-cert", f"echo \"Le_RealKeyPath='/etc/key'\" >>$CERTS/{ECC}/{NAME}.conf")
    assert stub.acme.install_cert(NAME, Install(key_file=Path("/etc/key"), reload="true")).outcome == "accepted"
    stored = stub.acme.home.read(NAME, True)
    assert stored is not None
    assert stored.configuration["Le_RealKeyPath"] == "/etc/key"
    assert stub.read("umask") == "0022"


# --- revoke, remove, and what only reads ---


def test_a_revoked_certificate_is_gone_from_the_home(stub: Stub) -> None:
    OLD.write(stub.home)
    stub.say("revoke", f"rm $CERTS/{ECC}/{NAME}.cer; echo 'Successfully revoked.'")
    assert stub.acme.revoke(NAME, reason=4).outcome == "done"
    assert stub.serial() is None
    assert option(stub.argv(), "--revoke-reason") == "4"


def test_a_refused_revocation_changes_nothing(stub: Stub) -> None:
    OLD.write(stub.home)
    stub.say("revoke", f"rm $CERTS/{ECC}/{NAME}.cer; echo '{problem('unauthorized', 'not yours')}'; exit 1")
    result = stub.acme.revoke(NAME)
    assert result.failure is not None
    assert (result.outcome, result.failure.id, stub.serial()) == ("failed", "acme.refused", 1)


def test_what_was_revoked_before_is_revoked(stub: Stub) -> None:
    OLD.write(stub.home)
    stub.say("revoke", f"echo '{problem('alreadyRevoked', 'by the first of two requests')}'; exit 1")
    result = stub.acme.revoke(NAME)
    assert (result.outcome, result.failure, stub.serial()) == ("done", None, None)


def test_a_removed_certificate_is_forgotten(stub: Stub) -> None:
    OLD.write(stub.home)
    stub.say("remove", "exit 0")
    assert stub.acme.remove(NAME).outcome == "done"
    assert stub.acme.home.read(NAME, True) is None


LIST = """Main_Domain|KeyLength|SAN_Domains|CA|Created|Renew
a.example.com|"ec-256"|no|ca.example.com|2026-01-01T00:00:00Z|2026-03-01T00:00:00Z
|""||LetsEncrypt.org||
b.example.com|"2048"|c.example.com,d.example.com|ca.example.com|2026-01-01T00:00:00Z|"""
ROWS = (
    ListEntry(
        "a.example.com",
        "ec-256",
        (),
        "ca.example.com",
        datetime(2026, 1, 1, tzinfo=timezone.utc),
        datetime(2026, 3, 1, tzinfo=timezone.utc),
    ),
    ListEntry(
        "b.example.com",
        "2048",
        ("c.example.com", "d.example.com"),
        "ca.example.com",
        datetime(2026, 1, 1, tzinfo=timezone.utc),
        None,
    ),
)


@pytest.mark.parametrize(
    "text", [LIST, LIST.replace("|SAN_", "|Profile|SAN_").replace('"|', '"|classic|').replace('""|', '"||')]
)
def test_a_list_is_read_by_its_headings(stub: Stub, text: str) -> None:
    stub.say("list", f"cat <<'END'\n{text}\nEND")
    OLD.write(stub.home)
    assert stub.acme.list().entries == ROWS
    assert option(stub.argv(), "--cert-home").startswith(
        f"{stub.home}/.staging/"
    )  # it runs the configurations that it lists


def test_an_empty_list_is_empty(stub: Stub) -> None:
    stub.say("list", "echo 'Main_Domain|KeyLength|SAN_Domains|CA|Created|Renew'")
    assert stub.acme.list().entries == ()


def test_info_tells_the_configuration_without_credentials(stub: Stub) -> None:
    stub.say(
        "info",
        f"echo DOMAIN_CONF=/home/x.conf; echo \"Le_Domain='{NAME}'\"; echo \"Le_Alt='no'\"; echo \"SAVED_X='hunter2'\"",
    )
    assert stub.acme.info(NAME).values == {"DOMAIN_CONF": "/home/x.conf", "Le_Domain": NAME, "Le_Alt": "no"}


def test_info_of_an_unknown_name_is_empty(stub: Stub) -> None:
    stub.say("info", "echo DOMAIN_CONF=/home/x.conf; echo 'cat: /home/x.conf: No such file or directory'")
    assert stub.acme.info(NAME).values == {}


def test_reading_that_fails_is_raised_with_its_command(stub: Stub) -> None:
    stub.say("list", "echo 'something odd'; exit 7")
    listed = stub.acme.list()
    assert (listed.ok, listed.entries, listed.lines) == (False, (), ("something odd",))
    with pytest.raises(CommandError) as caught:
        listed.raise_for_failure()
    assert caught.value.failure == listed.failure
    stub.say("version", "true")
    with pytest.raises(CommandError, match="said nothing"):
        stub.acme.version()


# --- the account ---


EAB = ("key-1", Secret("hmac-canary-c2VjcmV0"))


def account(stub: Stub) -> Path:
    return stub.acme.home.account_folder(SERVER)


KEY = make_key(b"\x04" + b"k" * 64).decode()
REGISTER = (
    'cat "$ACCOUNT/ca.conf" >>"$HERE/seen" 2>/dev/null; echo "{}" >"$ACCOUNT/account.json"; '
    f"echo '{KEY}' >\"$ACCOUNT/account.key\""
)


def test_an_account_is_made_once(stub: Stub) -> None:
    stub.say("register-account", REGISTER)
    stub.acme.register_account()
    stub.acme.register_account()
    assert stub.calls == 1


def test_an_hmac_key_is_in_no_argument_and_does_not_stay(stub: Stub) -> None:
    stub.say(
        "register-account",
        f"{REGISTER}; cat $ACCOUNT/ca.conf; echo \"CA_EMAIL='x'\" >>$ACCOUNT/ca.conf; stat -c %a $ACCOUNT/ca.conf >$HERE/mode",
    )
    stub.acme.register_account(EAB)
    assert "CA_EAB_HMAC_KEY='hmac-canary-c2VjcmV0'" in (stub.program / "seen").read_text()
    assert (stub.program / "mode").read_text().strip() == "600"
    assert "hmac-canary" not in " ".join(stub.argv()) + " ".join(stub.environment().values())
    assert (account(stub) / "ca.conf").read_text() == "CA_EMAIL='x'\n"


def test_an_hmac_key_does_not_stay_after_a_refusal_nor_appears_in_it(stub: Stub) -> None:
    stub.say(
        "register-account",
        f"cat $ACCOUNT/ca.conf; echo 'Account registration error: {problem('unauthorized', 'no such key')}'; exit 1",
    )
    refused = stub.acme.register_account(EAB)
    assert refused.outcome == "failed"
    with pytest.raises(IssueError):
        refused.raise_for_failure()
    assert "hmac-canary" not in repr(refused)
    assert (account(stub) / "ca.conf").read_text() == ""


def test_an_hmac_key_that_a_killed_run_left_is_taken_away(stub: Stub) -> None:
    account(stub).mkdir(parents=True)
    (account(stub) / "account.json").write_text("{}")
    (account(stub) / "account.key").write_text(KEY)
    (account(stub) / "ca.conf").write_text(
        "ACCOUNT_URL='https://u'\nCA_EAB_KEY_ID='k'\nCA_EAB_HMAC_KEY='hmac-canary'\n"
    )
    stub.acme.register_account(EAB)
    assert ((account(stub) / "ca.conf").read_text(), stub.calls) == ("ACCOUNT_URL='https://u'\n", 0)


def test_a_key_that_would_become_code_starts_nothing(stub: Stub) -> None:
    with pytest.raises(CommandError) as caught:
        stub.acme.register_account(("k'; touch /x; '", Secret("x")))
    assert (caught.value.id, stub.calls) == ("command.unsafe", 0)


@pytest.mark.parametrize(
    ("verb", "call"),
    [
        ("register-account", lambda acme: acme.register_account(EAB)),
        ("update-account", lambda acme: acme.update_account("a@example.com")),
        ("deactivate-account", lambda acme: acme.deactivate_account()),
        ("deactivate", lambda acme: acme.deactivate(NAME)),
        ("revoke", lambda acme: acme.revoke(NAME)),
    ],
)
def test_every_request_gets_a_second_nonce(stub: Stub, verb: str, call: Callable[[AcmeSh], Result]) -> None:
    OLD.write(stub.home)
    stub.say(verb, f"echo 'Error: {NONCE}'; exit 1")
    fault = call(stub.acme).failure
    assert fault is not None
    assert (fault.id, stub.calls) == ("ca.nonce", 2)


# --- files that acme.sh would run ---


def test_an_account_whose_configuration_is_more_than_values_is_given_to_no_call(stub: Stub) -> None:
    account(stub).mkdir(parents=True)
    (account(stub) / "ca.conf").write_text("ACCOUNT_URL='https://u';id''\n")
    for call in (lambda: stub.acme.issue([NAME], WEBROOT), stub.acme.version, stub.acme.register_account):
        with pytest.raises(AccessError) as caught:
            call()
        assert caught.value.id == "home.unsafe"
        assert str(account(stub) / "ca.conf") in caught.value.failure.message
    assert stub.calls == 0


@pytest.mark.parametrize("line", ["ACCOUNT_URL='https://u/$(id)'", "ACCOUNT_URL='https://u';id''", "PATH='/x'"])
def test_what_a_call_leaves_of_an_account_is_kept_only_as_values(stub: Stub, line: str) -> None:
    stub.say("register-account", f"{REGISTER}; cat >>$ACCOUNT/ca.conf <<'END'\n{line}\nEND")
    stub.acme.register_account()
    assert not account(stub).exists()


@pytest.mark.parametrize("line", ["id", "Le_LinkCert='https://u';id''", "Le_LinkOrder='https://u/$(id)'"])
def test_a_certificate_whose_configuration_is_more_than_values_is_not_put_back(stub: Stub, line: str) -> None:
    stub.offer("new", OLD)
    stub.say("issue", f"store new {NAME}_ecc; cat >>$CERTS/{NAME}_ecc/{NAME}.conf <<'END'\n{line}\nEND")
    result = stub.acme.issue([NAME], WEBROOT)
    assert result.failure is not None
    assert not stub.acme.home.files_of(NAME, True).folder.exists()


@pytest.mark.parametrize("line", ["id", "Le_LinkCert='https://u';id''"])
def test_nor_is_it_given_to_a_call_and_issuing_begins_without_it(stub: Stub, line: str) -> None:
    OLD.write(stub.home)
    path = stub.acme.home.files_of(NAME, True).configuration
    path.write_text(path.read_text(encoding="utf-8") + line + "\n", encoding="utf-8")
    for verb in ("issue", "list", "cron"):
        stub.say(verb, f"cat $CERTS/{NAME}_ecc/{NAME}.conf >>$HERE/seen 2>/dev/null; echo '|'")
    stub.acme.issue([NAME], WEBROOT)
    stub.acme.list()
    stub.acme.cron()
    assert stub.calls == 3
    assert not (stub.program / "seen").exists() or (stub.program / "seen").read_text() == ""
    for call in (lambda: stub.acme.renew(NAME), lambda: stub.acme.deploy(NAME, "ssh"), lambda: stub.acme.revoke(NAME)):
        with pytest.raises(AccessError) as caught:
            call()
        assert caught.value.id == "home.unsafe"
