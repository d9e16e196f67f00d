"""What acme.sh is asked: every flag is spelled in one place, and nothing reaches a shell that could be taken for more."""

from __future__ import annotations

from pathlib import Path
from typing import Callable, Mapping, Tuple, Type

import pytest

from acmewrap.config.binder.types import Scalar
from acmewrap.config.challenges import Alpn, Apache, Challenge, Dns, Nginx, Standalone, Stateless, Webroot
from acmewrap.config.manifest import version_tuple
from acmewrap.config.model import Install
from acmewrap.config.sections import scalars
from acmewrap.driver import command
from acmewrap.driver.command import DEADLINES, check_values, hook_variables
from acmewrap.errors import CommandError
from acmewrap.secrets import Secret

WEBROOT = Webroot(Path("/srv/web"))


@pytest.mark.parametrize(
    ("challenge", "words"),
    [
        (WEBROOT, "--webroot /srv/web"),
        (Standalone(), "--standalone"),
        (Standalone(8080), "--standalone --httpport 8080"),
        (Alpn(), "--alpn"),
        (Alpn(8443), "--alpn --tlsport 8443"),
        (Dns("dns_cf"), "--dns dns_cf"),
        (Stateless(), "--stateless"),
        (Nginx(), "--nginx"),
        (Nginx(Path("/etc/nginx/nginx.conf")), "--nginx /etc/nginx/nginx.conf"),
        (Apache(), "--apache"),
    ],
)
def test_each_challenge_follows_its_domain(challenge: Challenge, words: str) -> None:
    asked = " ".join(command.issue(["a.example.com", "b.example.com"], [challenge, WEBROOT], "ec-256"))
    assert (
        asked == f"--issue --keylength ec-256 --domain a.example.com {words} --domain b.example.com --webroot /srv/web"
    )


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (command.issue(["nas"], [WEBROOT], "2048", force=True, options=["--ocsp"]),
         "--issue --keylength 2048 --domain nas --webroot /srv/web --force --ocsp"),
        (command.renew("nas", "ec-384"), "--renew --domain nas --ecc"),
        (command.renew("nas", "2048", force=True), "--renew --domain nas --force"),
        (command.deploy("nas", "ec-256", "synology_dsm"), "--deploy --deploy-hook synology_dsm --domain nas --ecc"),
        (command.deploy("nas", "2048", "ssh", "/ca.crt"), "--deploy --deploy-hook ssh --domain nas --ca-bundle /ca.crt"),
        (command.cron(), "--cron"),
        (command.cron(force=True), "--cron --force"),
        (command.revoke("nas", "ec-256", 4), "--revoke --domain nas --ecc --revoke-reason 4"),
        (command.of_certificate("remove", "nas", "2048"), "--remove --domain nas"),
        (command.of_certificate("to_pkcs8", "nas", "ec-256"), "--to-pkcs8 --domain nas --ecc"),
        (command.install_cert("nas", "ec-256", Install(Path("/k"), Path("/f"), Path("/c"), Path("/a"), "x 'y'")),
         "--install-cert --domain nas --ecc --cert-file /c --key-file /k --ca-file /a --fullchain-file /f --reloadcmd x 'y'"),
        (command.install_cert("nas", "2048", Install()), "--install-cert --domain nas"),
        (command.authority("https://ca:9000/dir", Path("/ca.crt"), "me@example.com"),
         "--server https://ca:9000/dir --ca-bundle /ca.crt --accountemail me@example.com"),
        (command.authority("https://ca/dir", None), "--server https://ca/dir"),
    ],
)  # fmt: skip
def test_each_command_is_spelled_as_acme_sh_reads_it(words: Tuple[str, ...], expected: str) -> None:
    assert " ".join(words) == expected


@pytest.mark.parametrize(
    "ask",
    [
        lambda: command.renew("../x", "ec-256"),
        lambda: command.renew("nas\n", "ec-256"),
        lambda: command.renew("-x", "ec-256"),
        lambda: command.renew("NAS", "ec-256"),
        lambda: command.renew("a,b", "ec-256"),
        lambda: command.renew("a;b", "ec-256"),
        lambda: command.renew("a_ecc", "ec-256"),
        lambda: command.renew("", "ec-256"),
        lambda: command.renew("10.0.0", "ec-256") and command.renew("fe80:x", "ec-256"),
        lambda: command.issue(["nas"], [Webroot(Path("/srv/my web"))], "ec-256"),
        lambda: command.issue(["nas"], [Webroot(Path("/srv/a,b"))], "ec-256"),
        lambda: command.issue(["nas"], [Webroot(Path("/srv/it's"))], "ec-256"),
        lambda: command.issue(["nas"], [Webroot(Path("/srv\n"))], "ec-256"),
        lambda: command.issue(["nas"], [Webroot(Path("relative"))], "ec-256"),
        lambda: command.issue(["nas"], [Dns("../x")], "ec-256"),
        lambda: command.one_each(["nas", "b"], [WEBROOT]),
        lambda: command.one_each([], []),
        lambda: command.issue(["nas"], [WEBROOT], "ec-256; x"),
        lambda: command.issue(["ca"], [WEBROOT], "2048"),
        lambda: command.deploy("nas", "ec-256", "ssh\n"),
        lambda: command.deploy("nas", "ec-256", "ssh", "/my ca.crt"),
        lambda: command.install_cert("nas", "ec-256", Install(key_file=Path("/my key"))),
        lambda: command.authority("https://ca/dir'", None),
        lambda: command.authority("https://ca/dir\n", None),
        lambda: command.authority("https://ca/$(id)", None),
        lambda: command.authority("letsencrypt", None),
        lambda: command.authority("https://ca/dir", None, "a'b@example.com"),
    ],
)
def test_what_a_shell_could_take_for_more_is_refused(ask: Callable[[], object]) -> None:
    with pytest.raises(CommandError) as caught:
        ask()
    assert caught.value.id == "command.unsafe"


@pytest.mark.parametrize(
    "domain", ["nas", "nas.example.com", "*.example.com", "xn--bcher-kva.example", "10.0.0.1", "2001:db8::1"]
)
def test_names_and_addresses_are_accepted(domain: str) -> None:
    assert command.renew(domain, "2048") == ("--renew", "--domain", domain)


def test_an_elliptic_certificate_may_be_called_ca() -> None:
    assert "ca" in command.issue(["ca"], [WEBROOT], "ec-256")


NEW = {
    "SYNO_USERNAME": "u",
    "SYNO_PASSWORD": "p",
    "SYNO_CERTIFICATE": "c",
    "SYNO_CREATE": "1",
    "SYNO_LOCAL_HOSTNAME": "1",
}
OLD = {
    "SYNO_Username": "u",
    "SYNO_Password": "p",
    "SYNO_Certificate": "c",
    "SYNO_Create": "1",
    "SYNO_LOCAL_HOSTNAME": "1",
}


@pytest.mark.parametrize(
    ("version", "expected"),
    [("3.0.2", OLD), ("3.0.7", OLD), ("3.0.8", NEW), ("3.0.9", NEW), ("3.1.1", NEW), ("3.1.10", NEW)],
)
def test_the_hook_of_dsm_gets_its_variables_as_its_version_spells_them(
    version: str, expected: Mapping[str, str]
) -> None:
    assert hook_variables("synology_dsm", NEW, version) == expected


def test_other_hooks_get_their_variables_as_they_are() -> None:
    assert hook_variables("ssh", NEW, "3.0.2") == NEW


@pytest.mark.parametrize("value", ["-n", "-e", "-neE", '"$(id)"', '""', "a\0b"])
def test_a_value_that_acme_sh_would_not_take_as_it_is_is_refused_and_not_shown(value: str) -> None:
    for form in (value, Secret(value)):
        with pytest.raises(CommandError) as caught:
            check_values({"SYNO_PASSWORD": form})
        assert caught.value.id == "command.unsafe"
        assert "SYNO_PASSWORD" in str(caught.value)
        assert f"{value} " not in str(caught.value).replace("such as -n or -e", "")


def test_odd_values_that_acme_sh_takes_are_accepted() -> None:
    check_values({"A": "'\"$& \\%;|`!*~ ", "B": Secret('it\'s "quoted"'), "C": "-na", "D": ""})


def test_no_deadline_is_below_what_acme_sh_waits_by_itself() -> None:
    asks_the_authority = {"register_account", "issue", "renew", "cron", "revoke"}
    assert all(DEADLINES[verb] > 360 for verb in asks_the_authority)


def test_versions_are_compared_as_numbers() -> None:
    assert version_tuple("3.1.10") > version_tuple("3.1.9") > version_tuple("3.0.12")


def test_a_version_is_read_without_starting_anything(tmp_path: Path) -> None:
    (tmp_path / "acme.sh").write_text("#!/usr/bin/env sh\n\nVER=3.1.1\n", encoding="ascii")
    assert command.read_version(tmp_path) == "3.1.1"
    (tmp_path / "acme.sh").write_text("#!/usr/bin/env sh\n", encoding="ascii")
    assert command.read_version(tmp_path) == ""
    assert command.read_version(tmp_path / "none") == ""


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        *(
            (scalars.EMAIL, text)
            for text in ("ops+acme@example.com", "ö@example.com", "o'b@example.com", "a b@c", "a@b!")
        ),
        *(
            (scalars.SERVER, text)
            for text in ("https://ca:9000/dir?x=1", "https://ca/a b", "https://ca/$x", "https://")
        ),
        *(
            (scalars.DOMAIN, text)
            for text in ("nas", "*.a.example", "*.example", "10.0.0.1", "10.0.0", "fe80::1", "NAS")
        ),
        *((scalars.KEY, text) for text in ("ec-256", "2048", "ec-123", "1024")),
    ],
)
def test_what_the_file_accepts_the_driver_accepts_and_nothing_else(kind: Scalar, text: str) -> None:
    asks: Tuple[Tuple[Scalar, Callable[[], object]], ...] = (
        (scalars.EMAIL, lambda: command.authority("https://ca/dir", None, text)),
        (scalars.SERVER, lambda: command.authority(text, None)),
        (scalars.DOMAIN, lambda: command.renew(text, "ec-256")),
        (scalars.KEY, lambda: command.issue(["nas"], [WEBROOT], text)),
    )
    ask = next(ask for known, ask in asks if known is kind)
    assert succeeds(lambda: kind.parse(text), ValueError) == succeeds(ask, CommandError)


def succeeds(work: Callable[[], object], error: Type[Exception]) -> bool:
    try:
        work()
    except error:
        return False
    return True
