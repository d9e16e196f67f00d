"""How the machine's own Debian mirror is found in apt's files."""

from __future__ import annotations

from pathlib import Path
from typing import Mapping

import pytest

from acmewrap.driver.release.debian import Debian, Mirror, read_deb822, read_one_line
from acmewrap.driver.release.pin import Release
from acmewrap.errors import ReleaseError

DEB822 = """\
# a comment of its own
Types: deb deb-src
# http://other.example/debian
URIs: http://mirror.example/debian
  http://second.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
"""
ONE_LINE = """\
# deb http://commented.example/debian bookworm main
deb http://mirror.example/debian bookworm main contrib # ours
deb-src http://mirror.example/debian bookworm main
deb [ arch=amd64 signed-by=/keys/shop.gpg ] https://shop.example/apt bookworm main
deb cdrom:[Debian GNU/Linux 12.0.0 _Bookworm_]/ bookworm main
"""


def machine(folder: Path, files: Mapping[str, str], codename: str = "bookworm") -> Debian:
    (folder / "sources.list.d").mkdir()
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "os-release").write_text(f'ID=debian\nVERSION_CODENAME={codename}\nNAME="Debian"\n', encoding="utf-8")
    return Debian({}, apt=folder, os_release=folder / "os-release")


def test_the_deb822_form_is_read() -> None:
    first, second = read_deb822(DEB822)
    assert first == Mirror(
        "http://mirror.example/debian http://second.example/debian",
        ("bookworm", "bookworm-updates"),
        ("main", "contrib"),
        "/usr/share/keyrings/debian-archive-keyring.gpg",
    )
    assert (second.suites, second.signed_by) == (("bookworm-security",), "")


def test_a_disabled_entry_and_one_of_sources_alone_do_not_count() -> None:
    entry = "Types: {}\nURIs: http://mirror.example/debian\nSuites: bookworm\nComponents: main\n{}"
    assert len(list(read_deb822(entry.format("deb", "Enabled: yes")))) == 1
    assert list(read_deb822(entry.format("deb", "Enabled: no"))) == []
    assert list(read_deb822(entry.format("deb-src", ""))) == []


def test_a_key_inside_the_entry_stays_as_it_is() -> None:
    key = "\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mDMEZ\n -----END PGP PUBLIC KEY BLOCK-----"
    entry = f"Types: deb\nURIs: http://mirror.example/debian\nSuites: bookworm\nComponents: main\nSigned-By:{key}\n"
    (mirror,) = read_deb822(entry)
    assert f"Signed-By: {key}\n" in mirror.stanza("trixie")


def test_the_one_line_form_is_read() -> None:
    ours, shop = [mirror for mirror in read_one_line(ONE_LINE) if mirror.suites == ("bookworm",)]
    assert ours == Mirror("http://mirror.example/debian", ("bookworm",), ("main", "contrib"))
    assert (shop.uris, shop.signed_by) == ("https://shop.example/apt", "/keys/shop.gpg")


def test_another_suite_of_the_same_mirror_is_asked_for_its_packages_alone() -> None:
    stanza = Mirror("http://mirror.example/debian", ("bookworm",), ("main", "contrib"), "/keys/debian.gpg").stanza(
        "trixie"
    )
    assert stanza.splitlines() == [
        "Types: deb",
        "URIs: http://mirror.example/debian",
        "Suites: trixie",
        "Components: main",
        "Targets: Packages",
        "Signed-By: /keys/debian.gpg",
    ]


@pytest.mark.parametrize(
    "files",
    [
        {"sources.list": ONE_LINE},
        {"sources.list.d/debian.sources": DEB822},
        {
            "sources.list": "",
            "sources.list.d/a.list": ONE_LINE.splitlines()[3],
            "sources.list.d/debian.sources": DEB822,
        },
        {"sources.list": "deb http://mirror.example/debian stable main\n"},
    ],
)
def test_the_mirror_is_the_machines_own_and_not_a_shops(files: Mapping[str, str], tmp_path: Path) -> None:
    mirror = machine(tmp_path, files).mirror()
    assert mirror is not None
    assert mirror.uris.split()[0] == "http://mirror.example/debian"


def test_a_machine_without_a_debian_archive_says_so(tmp_path: Path) -> None:
    debian = machine(tmp_path, {"sources.list": "deb https://shop.example/apt shop-bookworm main\n"})
    with pytest.raises(ReleaseError, match="names no Debian archive"):
        debian.fetch(Release("9.9.9", "", "", debian="trixie"), ["acme.sh"])


def test_a_machine_without_apt_says_so(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match="names no Debian archive"):
        Debian({}, tmp_path / "none", tmp_path / "none").fetch(Release("9.9.9", "", "", debian="trixie"), ["acme.sh"])


def test_a_release_that_no_suite_has_is_not_looked_for(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match=r"no stable suite has acme\.sh 9\.9\.9"):
        Debian({}, tmp_path, tmp_path).fetch(Release("9.9.9", "", ""), ["acme.sh"])
