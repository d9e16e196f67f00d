"""Proof by the servers themselves: Postfix, Dovecot, OpenLDAP and PostgreSQL as Debian has them, nginx, and openssl's own.

The packages are installed without starting a service of theirs (policy-rc.d); each server here is one of its own, in a folder.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Iterator, List, Sequence

import pytest

from acmewrap.config.endpoint import STARTTLS_PORTS, Endpoint, StartTls
from acmewrap.pki import x509
from acmewrap.pki.x509 import X509
from acmewrap.testing.certificates import make_intermediate, make_leaf, make_root
from acmewrap.testing.counterpart import free_port
from acmewrap.verify import tls_probe
from servers import nginx, running

NAME = "mail.internal.test"
POSTGRES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1:]
slow = pytest.mark.slow


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Where other users may read: servers give up root's rights."""
    place = Path(tempfile.mkdtemp(prefix="acmewrap-servers-"))
    place.chmod(0o755)
    issuer = make_intermediate(place, make_root(place))
    for kind, key in (("ec", "ec-256"), ("rsa", "2048")):
        make_leaf(place, issuer, [NAME], key_type=key, file=kind)  # type: ignore[arg-type]
        (place / f"{kind}.key").chmod(0o644)
    yield place
    shutil.rmtree(place)


def leaf(folder: Path, kind: str = "ec") -> X509:
    return x509.parse_pem((folder / f"{kind}.pem").read_bytes())[0]


def issuers(folder: Path) -> Sequence[X509]:
    return x509.parse_pem((folder / "ec.fullchain.pem").read_bytes())[1:]


def needs(*programs: str) -> None:
    missing = [one for one in programs if shutil.which(one) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")


@pytest.mark.parametrize(
    "more",
    [
        "",
        pytest.param("ssl_protocols TLSv1.2;", marks=slow),
        pytest.param("ssl_protocols TLSv1.3;", marks=slow),
        pytest.param("ssl_verify_client on; ssl_client_certificate {folder}/root.pem;", marks=slow),
    ],
)
def test_a_server_with_two_certificates_shows_each_to_who_looks_for_it(folder: Path, more: str) -> None:
    port = free_port()
    pairs = (("ec.fullchain.pem", "ec.key"), ("rsa.fullchain.pem", "rsa.key"))
    with running(port, *nginx(folder, port, *pairs, more=more.format(folder=folder))):
        for kind in ("ec", "rsa"):
            observed = tls_probe.look(Endpoint("127.0.0.1", port, NAME), leaf(folder, kind), issuers(folder))
            assert (observed.served, observed.error, observed.flaws) == (leaf(folder, kind).sha256, None, ())


@pytest.mark.parametrize(
    ("more", "flaws"),
    [
        (["-cert_chain", "ec.fullchain.pem", "-tls1_2"], ("out_of_order",)),  # the leaf once more
        (["-cert_chain", "root.pem", "-tls1_2"], ("incomplete", "out_of_order")),
        (["-cert_chain", "intermediate.pem", "-tls1_2", "-Verify", "2", "-verify_return_error"], ()),
        (["-cert_chain", "intermediate.pem", "-tls1_3", "-Verify", "2", "-verify_return_error"], ()),
    ],
)
def test_what_is_shown_counts_before_a_certificate_of_the_client_is_demanded(
    folder: Path, more: List[str], flaws: Sequence[str]
) -> None:
    port = free_port()
    words = [str(folder / word) if word.endswith(".pem") else word for word in more]
    pair = ("-cert", f"{folder}/ec.pem", "-key", f"{folder}/ec.key")
    with running(port, "openssl", "s_server", "-www", "-accept", f"127.0.0.1:{port}", *pair, *words):
        observed = tls_probe.look(Endpoint("127.0.0.1", port, NAME), leaf(folder), issuers(folder))
        assert (observed.served, observed.error, observed.flaws) == (leaf(folder).sha256, None, flaws)


def postfix(folder: Path, port: int) -> List[str]:
    needs("postfix")
    place = folder / "postfix"
    (place / "etc").mkdir(parents=True)
    (place / "spool").mkdir()
    (place / "data").mkdir()
    shutil.chown(place / "data", "postfix")
    (place / "etc" / "main.cf").write_text(
        f"compatibility_level = 3.6\nqueue_directory = {place}/spool\ndata_directory = {place}/data\n"
        f"maillog_file = /dev/stdout\nmyhostname = {NAME}\ninet_interfaces = 127.0.0.1\nmydestination =\n"
        f"smtpd_tls_chain_files = {folder}/ec.key, {folder}/ec.fullchain.pem\nsmtpd_tls_security_level = may\n"
        "alias_maps =\nalias_database =\n",
        encoding="utf-8",
    )
    services = f"127.0.0.1:{port} inet n - n - - smtpd\n" + "".join(
        f"{line}\n"
        for line in (
            "pickup unix n - n 60 1 pickup",
            "cleanup unix n - n - 0 cleanup",
            "qmgr unix n - n 300 1 qmgr",
            "tlsmgr unix - - n 1000? 1 tlsmgr",
            "rewrite unix - - n - - trivial-rewrite",
            "proxymap unix - - n - - proxymap",
            "anvil unix - - n - 1 anvil",
            "scache unix - - n - 1 scache",
            "postlog unix-dgram n - n - 1 postlogd",
        )
    )
    (place / "etc" / "master.cf").write_text(services, encoding="utf-8")
    # Its master leads a session of its own, which no signal to what started it reaches.
    script = 'trap "postfix -c $0 stop" TERM; postfix -c "$0" start-fg & wait'
    return ["/bin/sh", "-c", script, str(place / "etc")]


def dovecot(folder: Path, port: int) -> List[str]:
    needs("dovecot")
    place = Path(tempfile.mkdtemp(dir=str(folder)))
    place.chmod(0o755)
    (place / "dovecot.conf").write_text(
        f"protocols = imap\nbase_dir = {place}/run\nstate_dir = {place}/run\nlog_path = {place}/log\nlisten = 127.0.0.1\n"
        f"ssl = yes\nssl_cert = <{folder}/ec.fullchain.pem\nssl_key = <{folder}/ec.key\ndefault_internal_user = dovecot\n"
        f"service imap-login {{\n inet_listener imap {{\n port = {port}\n }}\n inet_listener imaps {{\n port = 0\n }}\n}}\n"
        "passdb {\n driver = static\n args = nopassword=y\n}\n"
        "userdb {\n driver = static\n args = uid=nobody gid=nogroup home=/tmp\n}\n",
        encoding="utf-8",
    )
    return ["dovecot", "-F", "-c", str(place / "dovecot.conf")]


def openldap(folder: Path, port: int) -> List[str]:
    needs("slapd")
    place = folder / "ldap"
    (place / "db").mkdir(parents=True)
    (place / "slapd.conf").write_text(
        f"include /etc/ldap/schema/core.schema\nmodulepath /usr/lib/ldap\nmoduleload back_mdb\npidfile {place}/pid\n"
        f"TLSCertificateFile {folder}/ec.fullchain.pem\nTLSCertificateKeyFile {folder}/ec.key\n"
        f"TLSCACertificateFile {folder}/intermediate.pem\ndatabase mdb\nsuffix dc=test\ndirectory {place}/db\n",
        encoding="utf-8",
    )
    return ["slapd", "-d", "0", "-f", str(place / "slapd.conf"), "-h", f"ldap://127.0.0.1:{port}"]


def postgresql(folder: Path, port: int) -> List[str]:
    if not POSTGRES:
        pytest.skip("not installed: postgresql")
    place = folder / "postgres"
    place.mkdir()
    shutil.chown(place, "postgres")
    as_postgres = ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups"]
    subprocess.run(
        [*as_postgres, POSTGRES[0] / "initdb", "-D", place / "data"], check=True, capture_output=True, cwd="/"
    )
    for name in ("ec.key", "ec.fullchain.pem"):
        shutil.copy(folder / name, place)
        shutil.chown(place / name, "postgres")
    (place / "ec.key").chmod(0o600)
    settings = {
        "ssl": "on",
        "ssl_cert_file": place / "ec.fullchain.pem",
        "ssl_key_file": place / "ec.key",
        "port": port,
    }
    settings.update(listen_addresses="127.0.0.1", unix_socket_directories=place)
    words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    return [*as_postgres, str(POSTGRES[0] / "postgres"), "-D", str(place / "data"), *words]


def dovecot_pop3(folder: Path, port: int) -> List[str]:
    words = dovecot(folder, port)
    settings = Path(words[-1]).read_text(encoding="utf-8")
    Path(words[-1]).write_text(settings.replace("imap", "pop3"), encoding="utf-8")
    return words


def vsftpd(folder: Path, port: int) -> List[str]:
    needs("vsftpd")
    settings = {
        "listen": "YES",
        "listen_address": "127.0.0.1",
        "listen_port": port,
        "background": "NO",
        "ssl_enable": "YES",
    }
    settings.update(
        rsa_cert_file=folder / "ec.fullchain.pem", rsa_private_key_file=folder / "ec.key", local_enable="YES"
    )
    (folder / "empty").mkdir()
    settings.update(secure_chroot_dir=folder / "empty")
    place = folder / "vsftpd.conf"
    place.write_text("".join(f"{name}={value}\n" for name, value in settings.items()), encoding="utf-8")
    return ["vsftpd", str(place)]


def mariadb(folder: Path, port: int) -> List[str]:
    needs("mariadbd")
    place = folder / "mariadb"
    (place / "data").mkdir(parents=True)
    (place / "tmp").mkdir()
    return [
        *("mariadbd", "--no-defaults", f"--datadir={place}/data", f"--tmpdir={place}/tmp", f"--socket={place}/socket"),
        *(f"--port={port}", "--bind-address=127.0.0.1", "--skip-grant-tables", "--skip-networking=0", "--user=root"),
        *(f"--ssl-cert={folder}/ec.fullchain.pem", f"--ssl-key={folder}/ec.key", "--innodb=OFF"),
        *("--default-storage-engine=MyISAM", f"--pid-file={place}/pid", "--aria-log-dir-path=" + str(place / "data")),
    ]


def prosody(folder: Path, port: int) -> List[str]:
    needs("prosody")
    place = folder / "prosody"
    place.mkdir()
    pair = f'certificate = "{folder}/ec.fullchain.pem"; key = "{folder}/ec.key";'
    (place / "prosody.cfg.lua").write_text(
        f'run_as_root = true\npidfile = "{place}/pid"\ndata_path = "{place}"\nmodules_enabled = {{ "tls", "saslauth" }}\n'
        f'modules_disabled = {{ "s2s" }}\nlog = {{ info = "{place}/log" }}\ninterfaces = {{ "127.0.0.1" }}\n'
        f"c2s_ports = {{ {port} }}\n"
        f'VirtualHost "{NAME}"\n ssl = {{ {pair} }}\n',
        encoding="utf-8",
    )
    return ["prosody", "-F", "--config", str(place / "prosody.cfg.lua")]


SERVERS = {
    "smtp": postfix,
    "imap": dovecot,
    "pop3": dovecot_pop3,
    "ldap": openldap,
    "postgres": postgresql,
    "mysql": mariadb,
    "ftp": vsftpd,
    "xmpp": prosody,
}


@slow  # the dialogues that these have are in test_starttls.py
@pytest.mark.skipif(os.geteuid() != 0, reason="these servers start as root")
@pytest.mark.parametrize("protocol", SERVERS)
def test_a_server_that_begins_tls_on_request_proves_its_certificate(folder: Path, protocol: StartTls) -> None:
    port = free_port()
    assert protocol in STARTTLS_PORTS.values()
    with running(port, *SERVERS[protocol](folder, port)):
        endpoint = Endpoint("127.0.0.1", port, NAME, starttls=protocol)
        observed = tls_probe.look(endpoint, leaf(folder), issuers(folder))
        assert (observed.served, observed.error, observed.flaws) == (leaf(folder).sha256, None, ())
        assert tls_probe.look(Endpoint("127.0.0.1", port, NAME), leaf(folder)).error
