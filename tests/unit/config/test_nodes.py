"""YAML as text: what is not YAML, or more than it seems, becomes one problem with its place."""

from __future__ import annotations

import re
from pathlib import Path
from typing import List, Union

import pytest
import yaml

from acmewrap.config.binder import nodes
from acmewrap.config.model import RenewBefore
from configuration import BASE, certificate, loaded, problems


@pytest.fixture(params=["libyaml", "pure Python"])
def loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both of PyYAML's loaders: machines without libyaml have to accept and refuse the same files."""
    if request.param == "pure Python":
        monkeypatch.setattr(nodes, "_LOADER", yaml.BaseLoader)
    else:
        assert nodes._LOADER is yaml.CBaseLoader
    return str(request.param)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param("", "1:1: the file is empty", id="empty"),
        pytest.param("# only a comment\n", "1:1: the file is empty", id="comment"),
        pytest.param("- a\n- b\n", "1:1: expected keys such as `certificates:`, found a list", id="list"),
        pytest.param("\n\n  words\n", "3:3: expected keys such as `certificates:`, found text", id="text"),
        pytest.param(BASE + "---\na: b\n", "8:1: not YAML: one document a file", id="two documents"),
        pytest.param("jobs: 1\n\tb: 2\n", "2:1: not YAML: ", id="tab"),
        pytest.param("jobs: 1\nlog: a: b\n", "2:7: not YAML: a colon and a blank", id="colon"),
        pytest.param("jobs: @x\n", "1:7: not YAML: a value cannot begin like this", id="at sign"),
        pytest.param("jobs: *password\n", "1:7: not YAML: there is no such anchor", id="alias of nothing"),
        pytest.param(b"jobs: 1\n# gr\xc3\xbcn \xfc\n", "2:8: not UTF-8", id="latin-1"),
        pytest.param("jobs: 1\nlog: a\x00b\n", "2:7: the character U+0000", id="control character"),
        pytest.param("jobs: 1\n# \ufffe", "2:3: the character U+FFFE", id="not a character"),
    ],
)
@pytest.mark.usefixtures("loader")
def test_what_is_no_mapping_in_yaml_is_told_with_its_place(
    tmp_path: Path, content: Union[str, bytes], expected: str
) -> None:
    (problem,) = problems(tmp_path, content)
    assert problem.startswith(expected)


@pytest.mark.parametrize(
    "content", ["jobs: [", 'jobs: "', "jobs: {a", 'jobs: "\\UFFFFFFFF"', "%YAML 9.9\n---\na: b\nc", "jobs: &"]
)
@pytest.mark.usefixtures("loader")
def test_other_mistakes_of_syntax_are_one_problem(tmp_path: Path, content: str) -> None:
    (problem,) = problems(tmp_path, content)
    assert "not YAML" in problem


@pytest.mark.parametrize("content", ["[" * 100_000, "- " * 100_000, "{a: " * 100_000, "a: " + "[" * 100_000])
@pytest.mark.usefixtures("loader")
def test_deep_nesting_is_refused_and_does_not_bring_the_process_down(tmp_path: Path, content: str) -> None:
    (problem,) = problems(tmp_path, content)
    # libyaml 0.2.6 refuses it by itself, where it gets too deep; others are kept from reading it.
    assert re.fullmatch(r"1:\d+: (not YAML: )?nested too deeply", problem)


def test_no_value_of_the_file_appears_in_a_problem_of_syntax(tmp_path: Path) -> None:
    for value in ("*hunter2", "!hunter2", "&hunter2", "'hunter2", "{hunter2}", "[hunter2]", "|hunter2", "hunter2: x"):
        found = problems(
            tmp_path, f"{BASE}synology:\n  url: http://nas\n  verify: no\n  account: {{name: a, password: {value}}}\n"
        )
        assert found
        assert "hunter2" not in "".join(found)


@pytest.mark.usefixtures("loader")
def test_a_duplicate_key_is_refused_with_both_lines(tmp_path: Path) -> None:
    expected = "10:5: certificates.nas: the key 'key' is there twice, in line 8 and in line 10"
    assert problems(tmp_path, certificate("key: ec-256\nrenew: {before: 8h}\nkey: ec-384")) == [expected]


def test_merge_keys_are_refused_with_the_other_way_to_share(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, certificate("<<: {key: ec-256}"))
    assert problem.startswith("8:5: certificates.nas: merge keys (<<) are not supported: give a whole value an anchor")


@pytest.mark.parametrize("key", ["[a]", "{a: b}", "!!int 3"])
def test_a_key_that_is_no_text_is_refused(tmp_path: Path, key: str) -> None:
    assert problems(tmp_path, certificate(f"? {key}\n: x"))[0].endswith("certificates.nas: a key must be plain text")


@pytest.mark.parametrize("value", ["!!int 3", "!!python/object:os.system 3", "!x ec-256"])
def test_tags_are_refused(tmp_path: Path, value: str) -> None:
    (problem,) = problems(tmp_path, certificate(f"key: {value}"))
    assert "what begins with ! is a tag to YAML, so quote it" in problem


def test_an_anchored_value_can_be_used_again(tmp_path: Path) -> None:
    text = (
        certificate("renew: &soon {before: 8h}")
        + "  other:\n    domains: [b.example.com]\n    challenge: {webroot: /w}\n    renew: *soon\n"
    )
    assert loaded(tmp_path, text).certificates["other"].renew == RenewBefore(8 * 3600)


def test_values_that_contain_themselves_end_in_problems(tmp_path: Path) -> None:
    assert len(problems(tmp_path, "certificates: &a\n  x: *a\nauthorities: *a\n")) > 1
    (problem,) = problems(tmp_path, certificate("options: &a [*a]"))
    assert problem.endswith("certificates.nas.options[0]: expected an argument of acme.sh, found a list")


def test_aliases_that_multiply_are_refused(tmp_path: Path) -> None:
    options = "options: &o [" + ", ".join(["--x"] * 2000) + "]"
    others = [
        f"  c{number}:\n    domains: [c{number}.example.com]\n    challenge: {{webroot: /w}}\n    options: *o\n"
        for number in range(400)
    ]
    found: List[str] = problems(tmp_path, certificate(options) + "".join(others))
    assert found == ["1:1: the aliases of this file repeat far more than it holds: write the values out"]
