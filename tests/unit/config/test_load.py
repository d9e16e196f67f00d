"""From a good file to its values."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Dict, Mapping, Optional, Tuple, Union

import pytest

from acmewrap.config import Config, MissingConfigurationError, load
from acmewrap.config.challenges import Alpn, Apache, Challenge, Dns, Nginx, Standalone, Stateless, Webroot
from acmewrap.config.endpoint import Endpoint
from acmewrap.config.model import (
    DEFAULT_RENEW,
    DEFAULT_USAGE,
    Account,
    AcmeShSettings,
    Authority,
    Certificate,
    DsmCertificate,
    ExternalAccount,
    RenewAt,
    RenewBefore,
    Schedule,
    Synology,
    Target,
)
from acmewrap.errors import AccessError
from acmewrap.formats.text import visible
from acmewrap.secrets import (
    CommandReference,
    CredentialReference,
    EnvironmentReference,
    FileReference,
    InlineSecret,
    Reference,
)
from acmewrap.synology.sessions import entries
from configuration import BASE, ENVIRON, EXAMPLES, SYNOLOGY, certificate, loaded, problems, write


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_every_example_loads(example: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copy(str(example), str(tmp_path / "acmewrap.yaml")))
    copy.chmod(0o644)
    assert load(copy, ENVIRON).file == copy


def test_there_are_examples() -> None:
    assert {"synology-nas.yaml", "linux-web-server.yaml"} <= {path.name for path in EXAMPLES}


def test_the_file_of_a_nas_says_what_it_means(tmp_path: Path) -> None:
    (example,) = (path for path in EXAMPLES if path.name == "synology-nas.yaml")
    home = Path("/home/user")
    password = FileReference(tmp_path / "dsm.password")
    verify = Endpoint("nas.internal.example.com", 5001, "nas.internal.example.com", 60.0)
    env: Dict[str, Union[str, Reference]] = {
        "SYNO_SCHEME": "http",
        "SYNO_HOSTNAME": "localhost",
        "SYNO_PORT": "5000",
        "SYNO_USERNAME": "certupdater",
        "SYNO_PASSWORD": password,
        "SYNO_CERTIFICATE": "acme",
        "SYNO_CREATE": "1",
    }
    expected = Config(
        file=tmp_path / "acmewrap.yaml",
        directory=home,
        acme_sh=AcmeShSettings("3.1.1"),
        authorities={
            "internal": Authority(
                name="internal",
                server="https://pki.internal.example.com/acme/directory",
                home=home / ".acme.sh",
                ca_bundle=tmp_path / "ca.crt",
                email="ops@example.com",
            )
        },
        certificates={
            "nas": Certificate(
                name="nas",
                domains=("nas.internal.example.com",),
                authority="internal",
                challenges=(Webroot(Path("/var/lib/letsencrypt")),),
                key="ec-256",
                renew=DEFAULT_RENEW,
                targets=(Target("dsm", "synology_dsm", env, verify, DsmCertificate("acme")),),
                options=DEFAULT_USAGE,
            )
        },
        synology=Synology("http://localhost:5000", Account("certupdater", password), DsmCertificate("acme"), verify),
        schedule=Schedule((4, 55), None, "dsm", "acmewrap", "ops@example.com", home / "task.log"),
        jobs=min(4, os.cpu_count() or 1),
    )
    assert loaded(tmp_path, example.read_bytes()) == expected


def test_what_is_left_out_has_its_default(tmp_path: Path) -> None:
    config = loaded(tmp_path, BASE)
    assert config.directory == tmp_path
    assert config.acme_sh == AcmeShSettings("3.1.1", None, allow_vulnerable=False)
    assert config.authorities["internal"] == Authority(
        "internal", "https://ca.example.com/acme/directory", tmp_path / ".acme.sh"
    )
    expected = Certificate("nas", ("nas.example.com",), "internal", (Webroot(Path("/var/www")),), options=DEFAULT_USAGE)
    assert config.certificates == {"nas": expected}
    assert (config.synology, config.schedule) == (None, None)
    assert 1 <= config.jobs <= 4


@pytest.mark.parametrize(
    ("written", "directory"),
    [
        ("~", "/home/user"),
        ('"~"', "/home/user"),
        ("~/acme", "/home/user/acme"),
        ("/srv/acme/", "/srv/acme"),
        ("./a/../b", "{here}/b"),
    ],
)
def test_a_directory_may_be_the_home_or_relative_to_the_file(tmp_path: Path, written: str, directory: str) -> None:
    assert loaded(tmp_path, f"directory: {written}\n{BASE}").directory == Path(directory.format(here=tmp_path))


def test_without_home_in_the_environment_the_password_entry_is_asked(tmp_path: Path) -> None:
    import pwd

    config = load(write(tmp_path, f"directory: ~\n{BASE}"), {})
    assert config.directory == Path(pwd.getpwuid(os.getuid()).pw_dir)


def test_what_acmewrap_writes_is_relative_to_the_directory_and_what_it_reads_to_the_file(tmp_path: Path) -> None:
    text = BASE.replace("directory\n", "directory\n    home: ca/home\n    ca_bundle: root.crt\n")
    config = loaded(tmp_path, f"directory: /srv/acme\nschedule: {{every: 6h, log: run.log}}\n{text}")
    assert config.authorities["internal"].home == Path("/srv/acme/ca/home")
    assert config.authorities["internal"].ca_bundle == tmp_path / "root.crt"
    assert config.schedule == Schedule(None, 6 * 3600, log=Path("/srv/acme/run.log"))


@pytest.mark.parametrize(
    ("written", "challenge"),
    [
        ("{webroot: www}", Webroot(Path("{here}/www"))),
        ("{standalone: }", Standalone()),
        ("{standalone: ~}", Standalone()),
        ("{standalone: 8080}", Standalone(8080)),
        ("standalone", Standalone()),
        ("{alpn: 8443}", Alpn(8443)),
        ("alpn", Alpn()),
        ("{stateless: }", Stateless()),
        ("stateless", Stateless()),
        ("{nginx: }", Nginx()),
        ("{nginx: /etc/nginx/nginx.conf}", Nginx(Path("/etc/nginx/nginx.conf"))),
        ("{apache: null}", Apache()),
        ("{dns: dns_cf}", Dns("dns_cf")),
        ("{dns: dns_cf, wait: 1m30s}", Dns("dns_cf", wait=90)),
        ("{dns: dns_cf, wait: public}", Dns("dns_cf", wait="public")),
        (
            "{dns: dns_cf, env: {CF_Token: {env: TOKEN}, CF_Zone: no}}",
            Dns("dns_cf", {"CF_Token": EnvironmentReference("TOKEN"), "CF_Zone": "no"}),
        ),
    ],
)
def test_every_kind_of_challenge_can_be_written(tmp_path: Path, written: str, challenge: Challenge) -> None:
    if isinstance(challenge, Webroot):
        challenge = Webroot(tmp_path / "www")
    text = BASE.replace("{webroot: /var/www}", written)
    assert loaded(tmp_path, text).certificates["nas"].challenges == (challenge,)


def test_one_challenge_serves_every_domain_and_a_list_each_its_own(tmp_path: Path) -> None:
    two = BASE.replace("[nas.example.com]", '[nas.example.com, "*.example.com"]')
    each = two.replace("{webroot: /var/www}", "[alpn, {dns: dns_cf}]")
    assert (
        loaded(tmp_path, two.replace("{webroot: /var/www}", "{dns: dns_cf}")).certificates["nas"].challenges
        == (Dns("dns_cf"),) * 2
    )
    assert loaded(tmp_path, each).certificates["nas"].challenges == (Alpn(), Dns("dns_cf"))


@pytest.mark.parametrize(
    ("written", "renew"),
    [
        ("{at: 2/3}", RenewAt(2 / 3)),
        ("{at: 0.66}", RenewAt(0.66)),
        ("{at: .5}", RenewAt(0.5)),
        ("{at: 66%}", RenewAt(0.66)),
        ("{at: 12.5%}", RenewAt(0.125)),
        ("{before: 30m}", RenewBefore(1800)),
        ("{before: 8h}", RenewBefore(28800)),
        ("{before: 30d}", RenewBefore(2592000)),
        ("{before: 1d12h30m5s}", RenewBefore(131405)),
    ],
)
def test_when_to_renew_is_a_part_of_the_lifetime_or_a_duration(
    tmp_path: Path, written: str, renew: Union[RenewAt, RenewBefore]
) -> None:
    assert loaded(tmp_path, certificate(f"renew: {written}")).certificates["nas"].renew == renew


@pytest.mark.parametrize(
    ("written", "key"), [("ec-521", "ec-521"), ("4096", "4096"), ("rsa-2048", "2048"), ('"8192"', "8192")]
)
def test_a_key_type_is_written_as_acme_sh_writes_it_or_with_rsa_before_it(
    tmp_path: Path, written: str, key: str
) -> None:
    assert loaded(tmp_path, certificate(f"key: {written}")).certificates["nas"].key == key


@pytest.mark.parametrize(
    "domain", ["nas", "a-b.example.com", "xn--bcher-kva.example", "192.0.2.7", '"2001:db8::7"', "3com.example"]
)
def test_names_and_addresses_can_be_certified(tmp_path: Path, domain: str) -> None:
    text = BASE.replace("[nas.example.com]", f"[{domain}]")
    assert loaded(tmp_path, text).certificates["nas"].domains == (domain.strip('"'),)


@pytest.mark.parametrize(
    ("written", "verify"),
    [
        ("host.example.com:443", Endpoint("host.example.com", 443, "host.example.com")),
        ('"[::1]:8443"', Endpoint("::1", 8443, "::1")),
        (
            "{host: 192.0.2.1, port: 443, name: www.example.com, timeout: 2m}",
            Endpoint("192.0.2.1", 443, "www.example.com", 120.0),
        ),
        ("no", None),
        ("false", None),
    ],
)
def test_a_target_says_who_shows_the_certificate(tmp_path: Path, written: str, verify: Union[Endpoint, None]) -> None:
    text = certificate(f"deploy: {{web: {{hook: ssh, env: {{DEPLOY_SSH_USER: x, PORT: 022}}, verify: {written}}}}}")
    expected = Target("web", "ssh", {"DEPLOY_SSH_USER": "x", "PORT": "022"}, verify)
    assert loaded(tmp_path, text).certificates["nas"].targets == (expected,)


@pytest.mark.parametrize(
    ("url", "port", "full"),
    [
        ("http://nas", "5000", "http://nas:5000"),
        ("https://nas.example.com/", "5001", "https://nas.example.com:5001"),
        ("https://[::1]:443", "443", "https://[::1]:443"),
    ],
)
def test_the_port_of_dsm_follows_from_the_scheme(tmp_path: Path, url: str, port: str, full: str) -> None:
    config = loaded(tmp_path, certificate("deploy: {dsm: synology}") + SYNOLOGY.replace("http://localhost:5000", url))
    assert config.synology is not None
    assert config.synology.url == full
    (target,) = config.certificates["nas"].targets
    assert (target.env["SYNO_SCHEME"], target.env["SYNO_PORT"]) == (url.split(":", maxsplit=1)[0], port)
    assert f"{target.env['SYNO_SCHEME']}://{target.env['SYNO_HOSTNAME']}:{target.env['SYNO_PORT']}" == full


@pytest.mark.parametrize(
    "written",
    [
        ":".join(["AB"] * 32),
        " ".join(["Ab"] * 32),
        "ab" * 32,
        "sha256 Fingerprint=" + ":".join(["AB"] * 32),
        "SHA256 Fingerprint=" + ":".join(["AB"] * 32),
    ],
)
def test_a_fingerprint_is_taken_as_openssl_and_browsers_show_it(tmp_path: Path, written: str) -> None:
    text = SYNOLOGY.replace("http://localhost:5000", f'https://nas\n  fingerprint: "{written}"')
    config = loaded(tmp_path, BASE + text)
    assert config.synology is not None
    assert config.synology.fingerprint == "ab" * 32


def test_several_entries_on_one_nas_have_services_of_their_own_and_all_leaves_these_alone(tmp_path: Path) -> None:
    text = (
        "deploy:\n      dsm: synology\n      album: {synology: {description: album, default: no, services: [Photos]}}"
    )
    config = loaded(tmp_path, certificate(text) + SYNOLOGY)
    main, album = config.certificates["nas"].targets
    assert (main.synology, main.verify) == (DsmCertificate(), Endpoint("nas.example.com", 5001, "nas.example.com"))
    assert (album.synology, album.verify) == (DsmCertificate("album", default=False, services=("Photos",)), None)
    assert (album.hook, album.env["SYNO_CERTIFICATE"]) == ("synology_dsm", "album")
    assert entries(config) == {"acme": DsmCertificate(reserved=("Photos",)), "album": album.synology}


@pytest.mark.parametrize(
    ("written", "port"),
    [("{synology: {}}", 5001), ("{synology: {}, verify: no}", None), ("{synology: {}, verify: a:1}", 1)],
)
def test_where_an_entry_is_looked_for_can_be_said_for_each(tmp_path: Path, written: str, port: Optional[int]) -> None:
    (target,) = loaded(tmp_path, certificate(f"deploy: {{web: {written}}}") + SYNOLOGY).certificates["nas"].targets
    assert (target.verify and target.verify.port) == port


@pytest.mark.parametrize(
    ("programs", "section", "by"),
    [
        (("synowebapi",), SYNOLOGY, "dsm"),
        (("synowebapi", "crontab"), SYNOLOGY, "crontab"),
        (("synowebapi",), "", "crontab"),
        ((), SYNOLOGY, "crontab"),
    ],
)
def test_the_scheduler_is_dsms_on_a_nas_that_has_no_crontab_unless_the_file_says_another(
    tmp_path: Path, programs: Tuple[str, ...], section: str, by: str
) -> None:
    for program in programs:
        (tmp_path / program).touch(0o755)
    environ = {"HOME": "/home/user", "PATH": str(tmp_path)}
    for said, expected in (("every: 6h", by), ("every: 6h, by: systemd", "systemd")):
        config = load(write(tmp_path, f"{BASE}{section}schedule: {{{said}}}\n"), environ)
        assert config.schedule is not None
        assert config.schedule.by == expected


def test_old_spellings_of_the_synology_variables_become_the_new_ones(tmp_path: Path) -> None:
    env = "{SYNO_Username: admin, SYNO_Password: {file: p}, SYNO_DEVICE_ID: x, Other: y}"
    config = loaded(tmp_path, certificate(f"deploy: {{nas: {{hook: synology_dsm, env: {env}, verify: no}}}}"))
    (target,) = config.certificates["nas"].targets
    assert target.env == {
        "SYNO_USERNAME": "admin",
        "SYNO_PASSWORD": FileReference(tmp_path / "p"),
        "SYNO_DEVICE_ID": "x",
        "Other": "y",
    }
    assert not target.synology


@pytest.mark.parametrize(
    ("written", "reference"),
    [
        ("{file: ~/hmac}", FileReference(Path("/home/user/hmac"))),
        ("{file: /run/my secrets/hmac}", FileReference(Path("/run/my secrets/hmac"))),
        ("{env: HMAC}", EnvironmentReference("HMAC")),
        ("{command: [pass, show, acme]}", CommandReference(("pass", "show", "acme"))),
        ("{credential: hmac}", CredentialReference("hmac")),
    ],
)
def test_a_secret_is_a_reference(tmp_path: Path, written: str, reference: object) -> None:
    text = BASE.replace("directory\n", f"directory\n    eab: {{key_id: kid, hmac_key: {written}}}\n")
    eab = loaded(tmp_path, text).authorities["internal"].eab
    assert isinstance(eab, ExternalAccount)
    assert (eab.key_id, eab.hmac_key) == ("kid", reference)


def test_a_secret_may_stand_in_a_private_file_and_is_no_text_from_then_on(tmp_path: Path) -> None:
    env = "{SYNO_USERNAME: a, SYNO_PASSWORD: hunter2}"
    text = certificate(f"deploy: {{nas: {{hook: synology_dsm, env: {env}, verify: no}}}}")
    config = loaded(tmp_path, text, mode=0o600)
    password = config.certificates["nas"].targets[0].env["SYNO_PASSWORD"]
    assert isinstance(password, InlineSecret)
    assert password.value.reveal() == "hunter2"
    assert "hunter2" not in repr(config)


PEM = "-----BEGIN CERTIFICATE-----\nMIIB\nAAA=\n-----END CERTIFICATE-----\n"


def _block(text: str) -> str:
    return "|\n" + "".join(f"      {line}\n" for line in text.splitlines())


def test_a_bundle_may_be_the_pem_itself(tmp_path: Path) -> None:
    text = BASE.replace("directory\n", f"directory\n    ca_bundle: {_block('# the root' + chr(10) + PEM + PEM)}")
    authority = loaded(tmp_path, text).authorities["internal"]
    assert authority.pem == f"# the root\n{PEM}{PEM}"
    assert authority.ca_bundle == tmp_path / "ca.crt"


def test_several_authorities_have_a_bundle_and_a_home_each(tmp_path: Path) -> None:
    other = f"  other:\n    server: http://127.0.0.1:14000/dir\n    home: .acme.sh-other\n    ca_bundle: {_block(PEM)}certificates:"
    text = BASE.replace("certificates:", other).replace(
        "webroot: /var/www}", "webroot: /var/www}\n    authority: other"
    )
    config = loaded(tmp_path, text)
    homes: Mapping[str, Path] = {name: authority.home for name, authority in config.authorities.items()}
    assert homes == {"internal": tmp_path / ".acme.sh", "other": tmp_path / ".acme.sh-other"}
    assert config.authorities["other"].ca_bundle == tmp_path / "ca-other.crt"
    assert config.authority_of(config.certificates["nas"]).name == "other"


def test_a_relative_path_of_the_file_gives_absolute_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, BASE)
    monkeypatch.chdir(tmp_path)
    config = load(Path("acmewrap.yaml"), ENVIRON)
    assert (config.file, config.directory) == (tmp_path / "acmewrap.yaml", tmp_path)


def test_a_file_that_is_not_there_is_told_with_what_to_do(tmp_path: Path) -> None:
    for path in (tmp_path / "none.yaml", tmp_path, tmp_path / "a\0b"):
        with pytest.raises(MissingConfigurationError) as raised:
            load(path, ENVIRON)
        assert raised.value.id == "config.missing"
        assert str(raised.value.problems[0]).count(path.name) == 1
        assert visible(str(path)) in str(raised.value)
        assert "acmewrap init" in raised.value.remedy


def test_a_file_that_may_not_be_read_is_a_matter_of_rights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, *_: object) -> int:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("os.open", refuse)
    with pytest.raises(AccessError) as raised:
        load(tmp_path / "acmewrap.yaml", ENVIRON)
    assert raised.value.id == "config.not_readable"


def test_a_folder_that_acme_sh_cannot_work_in_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "My Files"
    folder.mkdir()
    (problem,) = problems(folder, BASE)
    assert problem.startswith("1:1: directory: ")
    assert "holds ' ', which acme.sh cannot take in a path: use another folder or a symbolic link" in problem
    assert loaded(folder, f"directory: /srv/acme\n{BASE}").directory == Path("/srv/acme")
