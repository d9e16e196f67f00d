"""What an archive may hold, and what it is refused for."""

from __future__ import annotations

import contextlib
import gzip
import io
import tarfile
from typing import Iterable, Mapping, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acmewrap.driver.release import archive
from acmewrap.driver.release.archive import read_archive
from acmewrap.errors import ReleaseError

CONTENTS = {"acme.sh": b"#!/usr/bin/env sh\n", "deploy/ssh.sh": b"# ssh\n"}
Member = Tuple[tarfile.TarInfo, bytes]


def member(name: str, content: bytes = b"", kind: bytes = tarfile.REGTYPE, target: str = "") -> Member:
    info = tarfile.TarInfo(name)
    info.type, info.size, info.linkname = kind, len(content), target
    return info, content


def files(contents: Mapping[str, bytes], top: str = "acme.sh-9.9.9/") -> Iterable[Member]:
    return [member(top, kind=tarfile.DIRTYPE)] * bool(top) + [
        member(top + path, data) for path, data in contents.items()
    ]


def tar(*members: Member) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as writer:
        for info, content in members:
            writer.addfile(info, io.BytesIO(content))
    return packed.getvalue()


def read(data: bytes, top: str = "") -> Mapping[str, bytes]:
    return read_archive(io.BytesIO(data), CONTENTS, top or None)


@pytest.mark.parametrize("top", ["acme.sh-9.9.9/", "./acme.sh-9.9.9/", "any/", "acme.sh/", "./", ""])
def test_the_top_folder_may_have_any_name_or_be_none(top: str) -> None:
    assert read(gzip.compress(tar(*files(CONTENTS, top)))) == CONTENTS


def test_neither_the_compression_nor_the_order_of_an_archive_matters() -> None:
    members = [*files(CONTENTS)]
    assert read(gzip.compress(tar(*members), 1)) == read(gzip.compress(tar(*members[::-1]), 9)) == read(tar(*members))


def test_what_is_not_asked_for_is_not_taken() -> None:
    assert read(tar(*files({**CONTENTS, "README.md": b"hello", "deploy/more.sh": b"# more\n"}))) == CONTENTS


def test_a_large_path_in_an_extended_header_is_read() -> None:
    assert read(tar(*files({**CONTENTS, "wiki/" + "long" * 80: b"text"}))) == CONTENTS


UNSAFE = {
    "an absolute path": (member("/etc/passwd", b"x"), "leads out"),
    "a path upwards": (member("acme.sh-9.9.9/../../x", b"x"), "leads out"),
    "a folder upwards": (member("acme.sh-9.9.9/..", kind=tarfile.DIRTYPE), "leads out"),
    "a symbolic link": (member("acme.sh-9.9.9/deploy/x", kind=tarfile.SYMTYPE, target="/etc"), "is a link to '/etc'"),
    "a hard link": (member("acme.sh-9.9.9/x", kind=tarfile.LNKTYPE, target="acme.sh-9.9.9/acme.sh"), "is a link"),
    "a character device": (member("acme.sh-9.9.9/null", kind=tarfile.CHRTYPE), "neither a file nor a folder"),
    "a block device": (member("acme.sh-9.9.9/sda", kind=tarfile.BLKTYPE), "neither a file nor a folder"),
    "a pipe": (member("acme.sh-9.9.9/pipe", kind=tarfile.FIFOTYPE), "neither a file nor a folder"),
    "a file twice": (member("acme.sh-9.9.9/acme.sh", b"other"), "is there twice"),
    "a file twice, spelt otherwise": (member("./acme.sh-9.9.9//./acme.sh", b"other"), "is there twice"),
    "a file that is a folder": (member("acme.sh-9.9.9/acme.sh", kind=tarfile.DIRTYPE), "is there twice"),
    "a folder that is a file": (member("acme.sh-9.9.9", b"x"), "is there twice"),
}


@pytest.mark.parametrize("kind", list(UNSAFE))
def test_an_unsafe_member_refuses_the_archive(kind: str) -> None:
    bad, reason = UNSAFE[kind]
    with pytest.raises(ReleaseError, match=reason) as caught:
        read(gzip.compress(tar(*files(CONTENTS), bad)))
    assert caught.value.id == "release.unsafe"


def test_an_archive_that_unpacks_to_too_much_is_refused_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "LIMIT", 100_000)
    with pytest.raises(ReleaseError, match="more than 100000 bytes") as caught:
        read(gzip.compress(tar(*files({**CONTENTS, "zeros": bytes(1_000_000)}))))
    assert caught.value.id == "release.unsafe"


def test_a_header_that_promises_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "LIMIT", 100_000)
    info = tarfile.TarInfo("./PaxHeaders/x")
    info.type, info.size = tarfile.XHDTYPE, 1 << 40
    with pytest.raises(ReleaseError, match="more than 100000 bytes"):
        read(gzip.compress(info.tobuf(tarfile.GNU_FORMAT) + bytes(1_000_000)))


def test_below_a_given_top_the_rest_of_the_archive_is_left_alone() -> None:
    link = member("./usr/bin/acme.sh", kind=tarfile.SYMTYPE, target="../share/acme.sh/acme.sh")
    other = member("./usr/share/acme.sh-extra/acme.sh", b"other")
    assert read(tar(link, other, *files(CONTENTS, "./usr/share/acme.sh/")), "usr/share/acme.sh") == CONTENTS


def test_below_a_given_top_members_are_judged() -> None:
    link = member("./usr/share/acme.sh/deploy", kind=tarfile.SYMTYPE, target="/etc")
    with pytest.raises(ReleaseError, match="is a link"):
        read(tar(*files(CONTENTS, "./usr/share/acme.sh/"), link), "usr/share/acme.sh")


@pytest.mark.parametrize("length", [0, 1, 10, 60, 120])
def test_half_an_archive_is_refused(length: int) -> None:
    with pytest.raises(ReleaseError) as caught:
        read(gzip.compress(tar(*files(CONTENTS)))[:length])
    assert caught.value.id == "release.source"


@given(st.binary(max_size=2000), st.integers(0, 2000))
def test_whatever_an_archive_holds_it_is_read_or_refused(noise: bytes, position: int) -> None:
    whole = bytearray(tar(*files(CONTENTS)))
    whole[position : position + len(noise)] = noise
    for data in (bytes(whole), gzip.compress(bytes(whole)), noise):
        with contextlib.suppress(ReleaseError):
            assert set(read(data)) <= set(CONTENTS)
