"""One value changed in the text of the file, and nothing beside it."""

from __future__ import annotations

import errno
import os
from dataclasses import replace
from pathlib import Path
from typing import Any, Tuple, Union

import pytest
import yaml

from acmewrap.config import load
from acmewrap.config.binder import nodes
from acmewrap.config.edit import UneditableError, set_interval, set_release
from acmewrap.errors import AccessError, AcmewrapError, BusyError
from acmewrap.system import files
from configuration import BASE, ENVIRON, EXAMPLES, SYNOLOGY, write

FLOW = (
    "authorities: {a: {server: 'https://ca.example.com/'}}, certificates: {nas: {domains: [nas.example.com], "
    "challenge: {webroot: /w}}}"
)
HEAD = "# The house.\n\ndirectory: .   # here\n"


@pytest.fixture(params=["CBaseLoader", "BaseLoader"], autouse=True)
def _loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both of PyYAML's loaders have to tell the same places."""
    monkeypatch.setattr(nodes, "_LOADER", getattr(yaml, request.param))


def edited(folder: Path, content: Union[str, bytes], version: str = "3.1.3", mode: int = 0o644) -> str:
    """The text with *version* in it, after it was written and read again."""
    file = write(folder, content, mode)
    before = load(file, ENVIRON)
    set_release(file, version, ENVIRON).write()
    wanted = replace(before, acme_sh=replace(before.acme_sh, release=version))
    assert load(file, ENVIRON) == wanted
    return file.read_bytes().decode("utf-8")


@pytest.mark.parametrize(
    "section",
    [
        pytest.param('acme_sh:\n  release: "3.1.1"   # as Debian has it\n  allow_vulnerable: no\n', id="block"),
        pytest.param("acme_sh:\n  allow_vulnerable: no\n  release: 3.1.1 # 3.1.1\n", id="plain"),
        pytest.param("acme_sh: {release: '3.1.1', allow_vulnerable: no}  # one line\n", id="flow"),
        pytest.param('"acme_sh": {"release":"3.1.1"}\n', id="as in JSON"),
        pytest.param("acme_sh: {\n  # which\n  release: 3.1.1\n}\n", id="flow over lines"),
        pytest.param('acme_sh: &ours\n  release: &version !!str "3.1.1" # named\n', id="anchors and a tag"),
        pytest.param("? acme_sh\n: ? release\n  : 3.1.1\n", id="explicit keys"),
        pytest.param("acme_sh: {release: 3.1.1} # \u00fc \U0001f600\n", id="letters of many bytes"),
    ],
)
@pytest.mark.parametrize("ends", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("first", [True, False], ids=["first", "last"])
def test_the_value_changes_and_every_other_letter_stays(tmp_path: Path, section: str, ends: str, first: bool) -> None:
    start, text = section.index("3.1.1"), HEAD + (section + BASE if first else BASE + section)
    place = text.index(section) + start
    expected = text[:place] + "3.1.3" + text[place + len("3.1.1") :]
    assert edited(tmp_path, text.replace("\n", ends).encode("utf-8")) == expected.replace("\n", ends)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(
            f"acme_sh:\n  release: |-\n    3.1.1\n\n# more\n{BASE}",
            f"acme_sh:\n  release: 3.1.3\n\n# more\n{BASE}",
            id="a block of text",
        ),
        pytest.param(
            f"{HEAD}acme_sh:\n  # ours\n  allow_vulnerable: no  # never\n# the authority\n{BASE}",
            f'{HEAD}acme_sh:\n  # ours\n  release: "3.1.3"\n  allow_vulnerable: no  # never\n# the authority\n{BASE}',
            id="a section without it",
        ),
        pytest.param(
            f"acme_sh: {{ allow_vulnerable: no, }}\n{BASE}",
            f'acme_sh: {{ release: "3.1.3", allow_vulnerable: no, }}\n{BASE}',
            id="a section in braces",
        ),
        pytest.param(
            f"acme_sh: &none {{ }} # none\n{BASE}",
            f'acme_sh: &none {{ release: "3.1.3"}} # none\n{BASE}',
            id="an empty section",
        ),
        pytest.param(
            f"{HEAD}{BASE}\n# the end\n", f'{HEAD}{BASE}\n# the end\nacme_sh:\n  release: "3.1.3"\n', id="no section"
        ),
        pytest.param(BASE[:-1], f'{BASE}acme_sh:\n  release: "3.1.3"\n', id="no section and no last newline"),
        pytest.param(
            f"%YAML 1.1\n---\n{BASE}...\n# the end\n",
            f'%YAML 1.1\n---\n{BASE}acme_sh:\n  release: "3.1.3"\n...\n# the end\n',
            id="no section before an end",
        ),
        pytest.param(
            "".join(f"  {line}\r\n" for line in BASE.splitlines()),
            "".join(f"  {line}\r\n" for line in [*BASE.splitlines(), "acme_sh:", '  release: "3.1.3"']),
            id="no section in an indented file",
        ),
        pytest.param(
            '{"authorities": {"a": {"server": "https://ca.example.com/"}},\n "certificates": {"nas": {"domains": '
            '["nas.example.com"], "challenge": {"webroot": "/w"}}}}\n',
            '{acme_sh: {release: "3.1.3"}, "authorities": {"a": {"server": "https://ca.example.com/"}},\n "certificates": '
            '{"nas": {"domains": ["nas.example.com"], "challenge": {"webroot": "/w"}}}}\n',
            id="no section in braces",
        ),
    ],
)
def test_a_release_that_was_not_named_is_added(tmp_path: Path, content: str, expected: str) -> None:
    assert edited(tmp_path, content) == expected


def test_a_byte_order_mark_moves_nothing(tmp_path: Path) -> None:
    content = '\ufeffacme_sh: {release: "3.1.1"}\n' + BASE
    assert edited(tmp_path, content) == content.replace("3.1.1", "3.1.3")


def test_where_the_value_has_a_name_it_changes_where_it_is_written(tmp_path: Path) -> None:
    content = "acme_sh: {archive: &it 3.1.1, release: *it}\n" + BASE
    file = write(tmp_path, content)
    with pytest.raises(UneditableError) as caught:
        set_release(file, "3.1.3", ENVIRON)
    assert (caught.value.id, int(caught.value.exit_code)) == ("config.not_editable", 78)
    assert str(caught.value.problems[0]).startswith(f"{file}:1:20: acme_sh.release: ")
    assert caught.value.remedy.startswith('Write it yourself, `release: "3.1.3"` under `acme_sh`')
    assert file.read_text(encoding="utf-8") == content


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_can_be_edited_there_and_back(example: Path, tmp_path: Path) -> None:
    content = example.read_text(encoding="utf-8")
    there = edited(tmp_path, content, "3.1.2")
    back = edited(tmp_path, there, "3.1.1")
    assert back == content if "acme_sh:" in content else back.startswith(content)


def test_a_file_with_a_password_in_it_stays_private_and_equal(tmp_path: Path) -> None:
    content = BASE + SYNOLOGY.replace("{file: dsm.password}", "hunter2")
    assert edited(tmp_path, content, mode=0o600).startswith(content)
    assert (tmp_path / "acmewrap.yaml").stat().st_mode & 0o777 == 0o600


def test_what_somebody_saved_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    file = write(tmp_path, BASE)
    edit = set_release(file, "3.1.3", ENVIRON)
    file.write_text(BASE + "jobs: 2\n", encoding="utf-8")
    for pretend in (True, False):
        with pytest.raises(BusyError) as caught:
            edit.write(pretend=pretend)
        assert caught.value.id == "config.changed"
    assert file.read_text(encoding="utf-8") == BASE + "jobs: 2\n"


def test_what_somebody_saved_while_the_new_file_was_written_is_not_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(tmp_path, BASE)
    edit = set_release(file, "3.1.3", ENVIRON)
    monkeypatch.setattr(os, "fsync", lambda _: file.write_text(BASE + "jobs: 2\n", encoding="utf-8"))
    with pytest.raises(BusyError, match="changed meanwhile"):
        edit.write()
    assert [path.read_text(encoding="utf-8") for path in tmp_path.glob("*acmewrap.yaml*")] == [BASE + "jobs: 2\n"]


@pytest.mark.parametrize(
    ("number", "reported"),
    [
        (errno.EACCES, (AccessError, "file.not_writable")),
        (errno.EROFS, (AcmewrapError, "file.read_only")),
        (errno.ENOSPC, (AcmewrapError, "disk.full")),
    ],
    ids=["not allowed", "read-only", "full"],
)
@pytest.mark.parametrize("pretend", [True, False], ids=["look", "write"])
def test_a_file_that_cannot_be_written_is_told_and_left(
    tmp_path: Path, number: int, reported: Tuple[type, str], pretend: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(tmp_path, BASE)
    edit = set_release(file, "3.1.3", ENVIRON)

    def refuse(path: Any, flags: int, *more: Any) -> int:
        if flags & os.O_EXCL:
            raise OSError(number, os.strerror(number))
        return opened(path, flags, *more)

    opened = os.open
    with monkeypatch.context() as patch:
        patch.setattr("os.open", refuse)
        with pytest.raises(AcmewrapError) as caught:
            edit.write(pretend=pretend)
    assert (type(caught.value), caught.value.id) == reported
    assert file.read_text(encoding="utf-8") == BASE
    files.rewrite(file, edit.after)
    assert load(file, ENVIRON) == edit.new


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ("schedule: {daily: '04:55'}  # at night\n", "schedule: {every: '6h'}  # at night\n"),
        (
            "schedule:\n  # ours\n  daily: 04:55 # why\n  by: crontab\n",
            "schedule:\n  # ours\n  every: 6h # why\n  by: crontab\n",
        ),
        ("schedule:\n  by: systemd\n  every: 24h # often\n", "schedule:\n  by: systemd\n  every: 6h # often\n"),
        ('"schedule": {"daily":"04:55"}\n', '"schedule": {"every":"6h"}\n'),
    ],
    ids=["flow", "block", "every", "as in JSON"],
)
def test_an_interval_takes_the_place_of_the_time_of_day_and_every_other_letter_stays(
    tmp_path: Path, section: str, expected: str
) -> None:
    file = write(tmp_path, HEAD + section + BASE)
    edit = set_interval(file, "6h", ENVIRON)
    changed = [line for line in edit.diff() if line[0] in "+-"]
    assert file.read_text(encoding="utf-8") == HEAD + section + BASE
    edit.write()
    assert file.read_text(encoding="utf-8") == HEAD + expected + BASE
    assert (load(file, ENVIRON), len(changed)) == (edit.new, 4)


def test_an_interval_that_hangs_together_with_another_value_is_refused_with_what_to_write(tmp_path: Path) -> None:
    file = write(tmp_path, "schedule: {every: &it 24h, mail: ops@example.com}\n" + BASE + "    renew: {before: *it}\n")
    with pytest.raises(UneditableError) as caught:
        set_interval(file, "6h", ENVIRON)
    assert 'every: "6h"` under `schedule`' in caught.value.remedy


def test_the_lines_that_change_show_no_secret(tmp_path: Path) -> None:
    account = "{url: http://localhost:5000, account: {name: updater, password: pass-word-1}, verify: no}"
    file = write(tmp_path, f"{{synology: {account}, schedule: {{daily: '04:55'}}, {FLOW}}}\n", 0o600)
    shown = "\n".join(set_interval(file, "6h", ENVIRON).diff())
    assert "every: '6h'" in shown
    assert "pass-word-1" not in shown
