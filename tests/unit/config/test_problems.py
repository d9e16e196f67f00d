"""What is wrong with a file: every problem, in its order, with its place, its key and a way out."""

from __future__ import annotations

from pathlib import Path
from typing import Tuple

import pytest

from acmewrap.config import load
from acmewrap.config.challenges import Dns
from acmewrap.config.model import DEFAULT_USAGE
from acmewrap.config.sections import options
from acmewrap.errors import ConfigurationError, ExitCode
from configuration import BASE, ENVIRON, SYNOLOGY, certificate, loaded, problems, write


@pytest.mark.parametrize(
    "name", ["a\n* * * * * true\n.yaml", "a\r.yaml", "a\x1b[2J.yaml", "a\udcff.yaml", "a\u2028b.yaml"]
)
def test_a_path_that_a_scheduler_could_not_keep_on_one_line_is_refused(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_text(BASE, encoding="utf-8")
    with pytest.raises(ConfigurationError, match="holds a control character"):
        load(file, ENVIRON)


def test_every_problem_is_reported_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = """\
jobs: many
authorities:
  internal:
    sever: https://ca.example.com/acme/directory
certificates:
  nas:
    domains: [NAS.example.com]
    challenge: {webroot: /var/my www}
    key: rsa
    deploy:
      web: {hook: ssh}
schedule: {daily: "4 h"}
"""
    places = [(problem.split(" ", maxsplit=1)[0], problem.split(": ")[1]) for problem in problems(tmp_path, text)]
    assert places == [
        ("1:7:", "jobs"),
        ("4:5:", "authorities.internal"),
        ("7:15:", "certificates.nas.domains[0]"),
        ("8:26:", "certificates.nas.challenge.webroot"),
        ("9:10:", "certificates.nas.key"),
        ("11:12:", "certificates.nas.deploy.web"),
        ("12:19:", "schedule.daily"),
    ]


def test_the_error_holds_the_problems_one_a_line_and_ends_with_78(tmp_path: Path) -> None:
    file = write(tmp_path, "jobs: 0\ncertificate: 1\n")
    with pytest.raises(ConfigurationError) as raised:
        load(file, ENVIRON)
    lines = raised.value.failure.message.splitlines()
    assert lines == [str(problem) for problem in raised.value.problems]
    assert f"{file}:1:7: jobs: expected a number from 1 to 64, not '0'" in lines
    assert f"{file}:2:1: unknown key 'certificate', did you mean 'certificates'?" in lines
    assert raised.value.exit_code == ExitCode.CONFIGURATION


def domain(text: str) -> str:
    return BASE.replace("[nas.example.com]", f"[{text}]")


def authority(lines: str) -> str:
    return BASE.replace("directory\n", "directory\n" + "".join(f"    {line}\n" for line in lines.splitlines()))


def challenge(text: str) -> str:
    return BASE.replace("{webroot: /var/www}", text)


def target(text: str) -> str:
    return certificate(f"deploy: {{web: {text}}}")


def server(url: str) -> str:
    return BASE.replace("https://ca.example.com/acme/directory", url)


CASES: Tuple[Tuple[str, str], ...] = (
    # keys
    ("a: b\n", "1:1: authorities is missing: at least one, such as `internal:"),
    ("a: b\n", "1:1: certificates is missing: at least one, such as `nas:"),
    ("a: b\n", "1:1: unknown key 'a'; expected directory, jobs, acme_sh"),
    (BASE.replace("domains: [nas.example.com]", "domain: [nas.example.com]"), "6:5: certificates.nas: unknown key 'domain', did"),
    (BASE.replace("    challenge: {webroot: /var/www}\n", ""), "6:5: certificates.nas: challenge is missing: how the authority"),
    (certificate("renew: soon"), "8:12: certificates.nas.renew: expected the keys at, before, found text"),
    (certificate("renew:"), "8:11: certificates.nas.renew: expected the keys at, before, found nothing"),
    (certificate("renew: {at: 1/2, before: 8h}"), "8:12: certificates.nas.renew: expected exactly one of at, before; found at and"),
    (certificate("renew: {}"), "certificates.nas.renew: expected exactly one of at, before; found none of them"),
    ("authorities: {}\ncertificates: {}\n", "1:14: authorities: is empty: expected authorities by name"),
    (BASE.replace("  nas:", "  my nas:"), "5:3: certificates: expected a name of letters, digits and . _ -, not 'my nas'"),
    # numbers, words, durations
    (BASE + "jobs: 0\n", "8:7: jobs: expected a number from 1 to 64, not '0'"),
    (BASE + "jobs:\n", "8:6: jobs: has no value: expected a number from 1 to 64"),
    (BASE + "acme_sh: {allow_vulnerable: maybe}\n", "'maybe' is not possible here; expected one of true, false, yes, no"),
    (BASE + "acme_sh: {release: latest}\n", "8:20: acme_sh.release: expected a version of acme.sh such as 3.1.1, not 'latest'"),
    (certificate("key: ec256"), "8:10: certificates.nas.key: 'ec256' is not possible here, did you mean 'ec-256'?; expected"),
    (certificate("renew: {at: 1}"), "expected a part of the lifetime between 0 and 1 such as 2/3, 0.66 or 66%, not '1'"),
    (certificate("renew: {at: 1/0}"), "expected a part of the lifetime between 0 and 1"),
    (certificate("renew: {at: 3/2}"), "expected a part of the lifetime between 0 and 1"),
    (certificate("renew: {before: 8}"), "expected a duration such as 30m, 8h, 30d or 1d12h, not '8'"),
    (certificate("renew: {before: 0h}"), "expected a duration such as"),
    (BASE + 'schedule: {daily: "24:00"}\n', "expected a time of day such as 04:55, not '24:00'"),
    (BASE + "schedule: {every: 30s}\n", "8:19: schedule.every: once a minute is the most"),
    (BASE + "schedule: {every: 6h, by: cron}\n", "8:27: schedule.by: 'cron' is not possible here, did you mean 'crontab'?"),
    (BASE + "schedule: {by: dsm}\n", "8:11: schedule: expected exactly one of daily, every; found none of them"),
    (BASE + "schedule: {every: 6h, mail: ops}\n", "expected an e-mail address, not 'ops'"),
    # domains
    (domain("NAS.example.com"), "6:15: certificates.nas.domains[0]: write it in lower case: nas.example.com"),
    (domain("nas.example.com."), "leave out the dot at the end: nas.example.com"),
    (domain("bücher.example"), "'bücher.example' is not ASCII: write it as xn--bcher-kva.example"),
    (domain("a_ecc"), "'a_ecc' ends as acme.sh's folder of another name"),
    (domain("../x"), "'../x' is not a domain name"),
    (domain('"-x.example.com"'), "is not a domain name"),
    (domain('"a b"'), "'a b' is not a domain name"),
    (domain('"a\\nb"'), "expected a domain name or an IP address on one line, without control characters"),
    (domain('""'), "'' is not a domain name"),
    (domain('"*"'), "a wildcard is the whole first label"),
    (domain('"*.com"'), "would be a wildcard for a whole top-level domain"),
    (domain('"a.*.example.com"'), "a wildcard is the whole first label"),
    (domain("300.1.1.1"), "'300.1.1.1' is neither a domain name nor an IP address"),
    (domain('"2001:DB8:0::1"'), "write the address as 2001:db8::1"),
    (domain("a" * 64 + ".example.com"), "is not a domain name"),
    (domain("a.example.com, b.example.com, a.example.com"), "6:45: certificates.nas.domains[2]: a.example.com is there twice"),
    (domain(""), "6:14: certificates.nas.domains: the list is empty: expected a list of domain names"),
    (BASE.replace("[nas.example.com]", "nas.example.com"), "domains: expected a list of domain names, found text"),
    # challenges
    (domain('nas.example.com, "*.example.com"'), "7:16: certificates.nas.challenge: *.example.com needs {dns: …}"),
    (challenge("[alpn, alpn]"), "7:16: certificates.nas.challenge: 2 challenges for 1 domains: one for all, or one for each"),
    (challenge("{webroot: /w, alpn: }"), "dns, stateless, nginx, apache; found webroot and alpn"),
    (challenge("{webroot: /w, env: {A: b}}"), "certificates.nas.challenge.env: makes sense beside dns only"),
    (challenge("{standalone: 70000}"), "expected a port from 1 to 65535, not '70000'"),
    (challenge("{apache: yes}"), "certificates.nas.challenge.apache: takes no value: leave it empty"),
    (challenge("{dns: cloudflare}"), "expected the name of one of acme.sh's DNS hooks, such as"),
    (challenge("{dns: dns_cf, env: {CF-Token: x}}"), "challenge.env: expected the name of an environment variable, not 'CF-Token'"),
    (challenge("webroot"), "'webroot' is not possible here"),
    (challenge("{webrot: /w}"), "certificates.nas.challenge: unknown key 'webrot', did you mean 'webroot'?"),
    # paths that acme.sh would be handed
    (challenge('{webroot: "/var/my www"}'), "'/var/my www' holds ' ', which acme.sh cannot take in a path: use another"),
    (challenge('{webroot: "/a,b"}'), "holds ','"),
    (challenge("{webroot: \"/o'b\"}"), "holds \"'\""),
    (challenge('{webroot: "/a#b"}'), "holds '#'"),
    (challenge("{webroot: /wäb}"), "holds 'ä'"),
    (challenge('{webroot: ""}'), "expected the folder of a web server, not an empty text"),
    (authority("ca_bundle: my ca.crt"), "4:16: authorities.internal.ca_bundle: "),
    (authority('home: "my home"'), "4:11: authorities.internal.home: 'my home' holds ' '"),
    (f"directory: /My Files\n{BASE}", "1:12: directory: '/My Files' holds ' '"),
    (f"directory: ~other/acme\n{BASE}", "1:12: directory: write the folder in full; only ~ and ~/ are known"),
    # authorities
    (server("http://ca.example.com/dir"), "3:13: authorities.internal.server: expected https: a directory read in the clear"),
    (server("http://127.evil.example/dir"), "expected https"),
    (server("letsencrypt"), "expected the URL of an ACME directory such as https://ca.example.com/acme"),
    (server("https://ca:99999/dir"), "expected a port from 1 to 65535, not '99999'"),
    (server("'https://ca/$(id)'"), "expected the URL of an ACME directory"),
    (authority("email: a b@c"), "expected an e-mail address"),
    (authority("eab: {key_id: a}"), "4:10: authorities.internal.eab: hmac_key is missing: a reference such as {file: eab.key}"),
    (authority("ca_bundle: |\n  -----BEGIN CERTIFICATE-----\n  x"), "authorities.internal.ca_bundle: not PEM"),
    (authority("ca_bundle: |\n  -----BEGIN PRIVATE KEY-----\n  x"), "authorities.internal.ca_bundle: holds a private key"),
    (authority("ca_bundle: [a]"), "expected a file of root certificates, or the PEM itself, found a list"),
    (certificate("authority: interna"), "8:16: certificates.nas.authority: there is no authority 'interna', did you mean 'inter"),
    # targets
    (target("synology"), "8:19: certificates.nas.deploy.web: the file has no section `synology:`"),
    (target("synologie"), "8:19: certificates.nas.deploy.web: 'synologie' is not possible here, did you mean 'synology'?"),
    (target("{hook: ssh}"), "8:19: certificates.nas.deploy.web: verify is missing: write `verify: host:port`"),
    (target("{verify: no}"), "8:19: certificates.nas.deploy.web: expected exactly one of hook, install"),
    (target("{synology: {}}"), "8:19: certificates.nas.deploy.web: the file has no section `synology:`"),
    (target("{synology: {services: some}}") + SYNOLOGY, "deploy.web.synology.services: 'some' is not possible here"),
    (target("{synology: {}, hook: ssh}") + SYNOLOGY, "expected exactly one of hook, install, synology; found hook and synology"),
    (
        target("{hook: ssh, verify: host}"),
        "expected host:port of a TLS server, or `no` where none can be reached from here, not 'host'",
    ),
    (target("{hook: ssh, verify: host:0}"), "expected a port from 1 to 65535, not '0'"),
    (target("{hook: ssh, verify: {host: a}}"), "deploy.web.verify: port is missing: the port of the server"),
    (target('{hook: "x y", verify: no}'), "expected the name of one of acme.sh's deploy hooks, such as ssh, not 'x y'"),
    (target("{hook: ssh, verify: no, env: {A: [b]}}"), "deploy.web.env.A: expected a secret: {file: path}, {env: NAME}, "),
    (target("{hook: ssh, verify: no, env: {A: -n}}"), "deploy.web.env.A: acme.sh takes the begin of a value such as -n"),
    (target("{hook: ssh, verify: no, env: {A: '\"$(id)\"'}}"), "env.A: acme.sh evaluates a value between double quotes as shell"),
    (target("{hook: synology_dsm, verify: no, env: {SYNO_Usrname: x}}"), "env.SYNO_Usrname: the hook synology_dsm has no such"),
    (target("{hook: synology_dsm, verify: no, env: {SYNO_Port: 1, SYNO_PORT: 2}}"), "env.SYNO_PORT: SYNO_PORT is there twice"),
    (BASE + SYNOLOGY.replace("  verify: nas.example.com:5001\n", ""), "9:3: synology: verify is missing"),
    (BASE + SYNOLOGY.replace("http://", "ftp://"), "expected the address of DSM such as http://localhost:5000, not 'ftp:"),
    (BASE + SYNOLOGY.replace("5000", "5000/webman"), "expected the address of DSM"),
    (BASE + SYNOLOGY + "  certificate: {description: 'a\"b'}\n", "expected a description without double quotes and backslashes"),
    (BASE + SYNOLOGY + "  certificate: {services: some}\n", "'some' is not possible here; expected one of all"),
    (BASE + SYNOLOGY + f"  fingerprint: {'ab' * 32}\n", "12:16: synology.fingerprint: protects nothing over http: write `url: htt"),
    (BASE + SYNOLOGY + f"  fingerprint: {'ab' * 20}\n", "-fingerprint -sha256 prints it; that of SHA-1 is shorter"),
    # options
    (certificate("options: [value]"), "8:14: certificates.nas.options: begins with 'value': an option such as --preferred-chain"),
)  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), CASES, ids=range(len(CASES)))
def test_a_mistake_is_told_with_its_way_out(tmp_path: Path, text: str, expected: str) -> None:
    found = problems(tmp_path, text)
    assert any(problem.startswith(expected) if expected[0].isdigit() else expected in problem for problem in found), (
        found
    )


@pytest.mark.parametrize(
    ("flag", "key"),
    [
        ("--domain", "domains"),
        ("-d", "domains"),
        ("--server", "server"),
        ("--ca-bundle", "ca_bundle"),
        ("--insecure", "ca_bundle"),
        ("--webroot", "challenge"),
        ("-w", "challenge"),
        ("--dns", "challenge"),
        ("--home", "home"),
        ("--config-home", "home"),
        ("--cert-home", "home"),
        ("--certhome", "home"),
        ("--log", "log"),
        ("--debug", "-v of acmewrap"),
        ("--keylength", "`key`"),
        ("-k", "`key`"),
        ("--ecc", "`key`"),
        ("--force", "renew"),
        ("--days", "renew"),
        ("--deploy-hook", "deploy"),
        ("--reloadcmd", "deploy"),
        ("--reloadCmd", "deploy"),
        ("--eab-hmac-key", "eab"),
        ("--auto-upgrade", "release"),
        ("--installcert", "a command of acmewrap"),
        ("--cron", "a command of acmewrap"),
    ],
)
def test_an_argument_of_acme_sh_that_has_a_key_of_its_own_is_refused_with_that_key(
    tmp_path: Path, flag: str, key: str
) -> None:
    (problem,) = problems(tmp_path, certificate(f"options: [--preferred-chain, X, {flag}]"))
    assert problem.startswith(f"8:37: certificates.nas.options[2]: {flag} cannot stand here: use ")
    assert key in problem


def test_other_arguments_of_acme_sh_are_taken(tmp_path: Path) -> None:
    assert "--dnssleep" not in options.RESERVED
    taken = (
        loaded(tmp_path, certificate("options: [--dnssleep, 60, --challenge-alias, example.org]"))
        .certificates["nas"]
        .options
    )
    assert taken == (*DEFAULT_USAGE, "--dnssleep", "60", "--challenge-alias", "example.org")


def test_a_certificate_waits_in_one_way_for_all_its_records(tmp_path: Path) -> None:
    each = "[{dns: dns_cf, wait: 10s}, {dns: dns_cf, wait: public}]"
    text = certificate("").replace("domains: [nas.example.com]", "domains: [a.example.com, b.example.com]")
    found = problems(tmp_path, text.replace("challenge: {webroot: /var/www}", f"challenge: {each}"))
    assert any("give each the same `wait`" in problem for problem in found), (text, found)


def second(lines: str) -> str:
    return f"{BASE}  second:\n    challenge: alpn\n" + "".join(f"    {line}\n" for line in lines.splitlines())


def test_two_certificates_that_would_share_a_folder_are_refused(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, second("domains: [nas.example.com, b.example.com]\nkey: ec-384"))
    assert problem.startswith(
        "10:14: certificates.second.domains: the certificate 'nas' begins with nas.example.com too"
    )
    assert "put another domain first, or take a key of the other family" in problem


@pytest.mark.parametrize(
    "lines", ["domains: [nas.example.com]\nkey: 2048", "domains: [b.example.com, nas.example.com]"]
)
def test_another_key_family_or_another_first_domain_has_a_folder_of_its_own(tmp_path: Path, lines: str) -> None:
    assert len(loaded(tmp_path, second(lines)).certificates) == 2


def two_authorities(home: str, uses: str) -> str:
    other = f"  other:\n    server: https://other.example.com/dir\n{home}certificates:"
    return certificate(uses).replace("certificates:", other)


@pytest.mark.parametrize("home", ["", "    home: .acme.sh\n", "    home: ./x/../.acme.sh/\n"])
def test_two_authorities_that_share_a_home_are_refused_with_a_home_for_the_second(tmp_path: Path, home: str) -> None:
    (problem,) = problems(tmp_path, two_authorities(home, "authority: other"))
    assert "authorities.other.home: " in problem
    assert (
        f"{tmp_path}/.acme.sh is the home of the authority 'internal': give this one its own, `home: .acme.sh-other`"
        in problem
    )


def test_with_several_authorities_a_certificate_names_its_own(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, two_authorities("    home: b\n", ""))
    assert problem.endswith("certificates.nas.authority: is missing: write which one, internal or other")


def test_a_section_that_has_a_problem_is_not_called_missing_as_well(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, certificate("deploy: {dsm: synology}") + SYNOLOGY.replace("http://", "ftp://"))
    assert "synology.url" in problem


# --- secrets ---------------------------------------------------------------------------------------------------------------

PASSWORD = "{file: dsm.password}"


def password(text: str) -> str:
    return BASE + SYNOLOGY.replace(PASSWORD, text)


def test_a_literal_secret_is_refused_while_others_can_read_the_file(tmp_path: Path) -> None:
    for mode in (0o644, 0o640, 0o604):
        (problem,) = problems(tmp_path, password("hunter2"), mode)
        assert problem.startswith(
            "10:38: synology.account.password: a secret in the clear, in a file that others can read: `chmod 600 "
        )
        assert "{file: path}" in problem
        assert "hunter2" not in problem
    assert loaded(tmp_path, password("hunter2"), 0o600).synology is not None


@pytest.mark.parametrize("name", ["SYNO_PASSWORD", "CF_Token", "AWS_SECRET", "API_KEY", "apikey", "SYNO_OTP_CODE"])
def test_a_variable_whose_name_says_so_is_a_secret(tmp_path: Path, name: str) -> None:
    (problem,) = problems(tmp_path, challenge(f"{{dns: dns_cf, env: {{{name}: hunter2}}}}"))
    assert f"challenge.env.{name}: a secret in the clear" in problem


@pytest.mark.parametrize("name", ["AWS_ACCESS_KEY_ID", "DEPLOY_SSH_KEYFILE", "NSUPDATE_KEY", "SYNO_USERNAME"])
def test_a_variable_that_only_sounds_like_a_secret_is_a_text(tmp_path: Path, name: str) -> None:
    assert loaded(tmp_path, challenge(f"{{dns: dns_cf, env: {{{name}: /x}}}}")).certificates["nas"].challenges


@pytest.mark.parametrize(
    "wrong", ["{env: hunter-2}", "{credential: hunter-2!}", "{hunter-2: x}", "{hunter-2}", "[hunter-2]"]
)
def test_a_secret_in_the_wrong_place_is_not_repeated(tmp_path: Path, wrong: str) -> None:
    assert "hunter" not in "".join(problems(tmp_path, password(wrong).replace("hunter-2!", "hunter 2")))


@pytest.mark.parametrize(
    "name", ["LOG_FILE", "FORCE", "DEBUG", "Le_Webroot", "LE_WORKING_DIR", "CERT_HOME", "AUTO_UPGRADE"]
)
def test_a_variable_that_acme_sh_takes_for_itself_is_refused(tmp_path: Path, name: str) -> None:
    (problem,) = problems(tmp_path, challenge(f"{{dns: dns_cf, env: {{{name}: x}}}}"))
    assert problem.endswith(
        f"challenge.env.{name}: acme.sh takes this variable for its own business, and no hook reads it"
    )


def test_a_value_that_goes_on_for_pages_is_cut_in_the_message(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, certificate(f"key: {'x' * 5000}"))
    assert len(problem) < 400


@pytest.mark.parametrize(
    "value", ["-n", "-e", "-neE", "'\"$(id)\"'", "'\"\"'", '"a\\nb"', '"a\\tb"', '""', "~", "null"]
)
def test_a_literal_password_that_acme_sh_would_take_wrongly_is_refused(tmp_path: Path, value: str) -> None:
    (problem,) = problems(tmp_path, password(value), 0o600)
    assert "synology.account.password: " in problem
    assert value.strip("'\"") == "" or value.strip("'") not in problem.replace("such as -n or -e", "")


@pytest.mark.parametrize("value", ["-", "-x", "a'b", "a\\b", "a b;$(c)`d`&", "'\"a'", "ä"])
def test_other_literal_passwords_are_taken_as_they_are(tmp_path: Path, value: str) -> None:
    assert loaded(tmp_path, password(value), 0o600).synology is not None


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("{file: a, env: B}", "expected exactly one of file, env, command, credential; found file and env"),
        ("{}", "expected exactly one of file, env, command, credential; found none of them"),
        ("{fiel: a}", "unknown key 'fiel', did you mean 'file'?"),
        ("{env: MY-VAR}", "expected the name of an environment variable"),
        ("{credential: ../x}", "expected the name of a credential"),
        ("{command: pass show x}", "expected a command and its arguments, found text"),
        ("{command: []}", "the list is empty: expected a command and its arguments"),
        ("[a]", "expected a secret: {file: path}, {env: NAME}, {command: [argv]} or {credential: NAME}, found a list"),
    ],
)
def test_a_reference_that_leads_nowhere_is_refused(tmp_path: Path, reference: str, expected: str) -> None:
    assert any(expected in problem for problem in problems(tmp_path, password(reference)))


@pytest.mark.parametrize(
    ("other", "problem"),
    [
        ("synology", ": certificates.b.deploy.web: a.deploy.web has the description 'acme' too"),
        (
            "{synology: {default: no, services: []}}",
            "a.deploy.web has the description 'acme' too: write `synology: {description",
        ),
        (
            "{synology: {description: b}}",
            "certificates.b.deploy.web.synology: a.deploy.web has DSM's default certificate too",
        ),
        ("{synology: {description: b, default: no}}", "a.deploy.web has all services too: write the names of some"),
    ],
)
def test_two_targets_cannot_have_the_same_entry_of_dsm(tmp_path: Path, other: str, problem: str) -> None:
    (found,) = problems(tmp_path, several(a="synology", b=other))
    assert problem in found


def test_two_targets_cannot_have_the_same_service_of_dsm(tmp_path: Path) -> None:
    album, photos = (
        f"{{synology: {{description: {name}, default: no, services: [Photos]}}}}" for name in ("album", "photos")
    )
    (found,) = problems(tmp_path, several(a=album, b=photos))
    assert "a.deploy.web has the service 'Photos' too: leave it out of one of the two" in found


def several(**targets: str) -> str:
    """A file with a certificate for each of *targets*, all for one NAS."""
    head, _, _ = BASE.partition("certificates:\n")
    given = "".join(
        f"  {name}:\n    domains: [{name}.example.com]\n    challenge: {{webroot: /var/www}}\n    deploy: {{web: {target}}}\n"
        for name, target in targets.items()
    )
    return f"{head}certificates:\n{given}{SYNOLOGY}"


@pytest.mark.parametrize(
    ("proxy", "reported"),
    [
        (
            "http://me:secret@proxy.lan:3128",
            "a proxy with a password is written as {file: path}, in a file that others cannot read",
        ),
        ("proxy.lan:3128", "expected the URL of a proxy such as http://proxy.lan:3128, not 'proxy.lan:3128'"),
        ("http://proxy.lan", "expected the URL of a proxy such as http://proxy.lan:3128, not 'http://proxy.lan'"),
        (
            "socks5://proxy.lan:1080",
            "expected the URL of a proxy such as http://proxy.lan:3128, not 'socks5://proxy.lan:1080'",
        ),
    ],
)
def test_a_proxy_is_one_http_url_and_its_password_stands_elsewhere(tmp_path: Path, proxy: str, reported: str) -> None:
    server = "server: https://ca.example.com/acme/directory"
    (problem,) = problems(tmp_path, BASE.replace(server, f"{server}\n    proxy: {proxy}"))
    assert problem.endswith(f"authorities.internal.proxy: {reported}")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("straße.example.com", "write it as xn--strae-oqa.example.com"),
        ("nas.βόλος.com", "write it as nas.xn--nxasmm1c.com"),  # final sigma: IDNA 2003 has another one
        ("bücher.example.com", "write it as xn--bcher-kva.example.com"),
        ("ﬁle.example.com", "write it in its ASCII form (xn--…)"),  # IDNA 2003 says file, IDNA 2008 nothing
        ("i♥.example.com", "write it in its ASCII form (xn--…)"),
        ("xn--foo-.example.com", "xn--foo- is no encoded name"),
        ("'no'", "acme.sh takes the name `no` for none at all"),
    ],
)
def test_names_that_stand_for_others_or_for_none_are_refused_with_the_right_spelling(
    name: str, said: str, tmp_path: Path
) -> None:
    (problem,) = problems(tmp_path, BASE.replace("[nas.example.com]", f"[{name}]"))
    assert said in problem


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (BASE.replace("ca.example.com", "ca.straße.example"), "authorities.internal.server"),
        (BASE + "schedule: {every: 6h, mail: ops@ca.straße.example}\n", "schedule.mail"),
        (SYNOLOGY.replace("nas.example.com", "ca.straße.example") + BASE, "synology.verify"),
        (SYNOLOGY.replace("nas.example.com:5001", "{host: ca.straße.example, port: 1}") + BASE, "synology.verify.host"),
        (SYNOLOGY.replace("localhost", "ca.straße.example") + BASE, "synology.url"),
        (
            BASE.replace("    server", "    proxy: http://ca.straße.example:3128\n    server"),
            "authorities.internal.proxy",
        ),
        (BASE + "monitoring: {ntfy: {server: https://ca.straße.example, topic: t}}\n", "monitoring.ntfy.server"),
    ],
    ids=lambda text: text if "\n" not in text else "",
)
def test_a_machine_that_is_not_ascii_is_refused_with_the_right_spelling(text: str, place: str, tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, text)
    assert f": {place}: " in problem
    assert problem.endswith("'ca.straße.example' is not ASCII, write it as ca.xn--strae-oqa.example")


def test_a_hook_is_given_the_path_of_a_file_from_the_folder_of_the_configuration(tmp_path: Path) -> None:
    dns = "{dns: dns_nsupdate, env: {NSUPDATE_KEY: keys/rndc.key, NSUPDATE_SERVER: ns}}"
    config = loaded(tmp_path, BASE.replace("{webroot: /var/www}", dns))
    (way,) = config.certificates["nas"].challenges
    assert isinstance(way, Dns)
    assert way.env == {"NSUPDATE_KEY": str(tmp_path / "keys/rndc.key"), "NSUPDATE_SERVER": "ns"}


def test_an_rsa_certificate_called_as_acme_shs_own_folder_is_refused(tmp_path: Path) -> None:
    text = BASE.replace("[nas.example.com]", "[ca]")
    assert "take a key such as ec-256" in problems(tmp_path, text + "    key: rsa-2048\n")[0]
    assert loaded(tmp_path, text).certificates["nas"].key == "ec-256"


TWO_VALUES = """\
authorities: {a: {server: "https://ca.example.com/dir"}}
certificates:
  one:
    domains: [one.example.com, two.example.com]
    challenge:
      - {dns: dns_cf, env: {CF_Account_ID: first}}
      - {dns: dns_cf, env: {CF_Account_ID: second}}
"""


def test_two_accounts_for_one_hook_in_one_certificate_are_refused_with_the_way_out(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, TWO_VALUES)
    assert problem.startswith("6:7: certificates.one.challenge: CF_Account_ID has two values")
    assert "make a certificate of the names of each" in problem
    loaded(tmp_path, TWO_VALUES.replace("second", "first"))


APART = """\
authorities: {a: {server: "https://ca.example.com/dir"}}
certificates:
  one: {domains: [one.example.com], challenge: {webroot: /w}, deploy: {x: {hook: ssh, env: {DEPLOY_SSH_USER: a}, verify: no}}}
  two: {domains: [two.example.com], challenge: {webroot: /w}, deploy: {x: {hook: ssh, env: {DEPLOY_SSH_USER: b}, verify: no}}}
schedule: {daily: "04:00", run: wrapper}
"""


def test_two_accounts_are_refused_across_certificates_where_acme_sh_runs_alone(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, APART)
    assert problem.startswith("4:")
    assert "DEPLOY_SSH_USER has another value at 'one'" in problem
    loaded(tmp_path, APART.replace("run: wrapper", "run: acmewrap"))
