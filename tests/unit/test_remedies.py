"""What remedies tell to run: each command exists with its options, and names what it is about."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import acmewrap
from acmewrap.cli import parser
from acmewrap.failures.catalogue import CATALOGUE
from remedies import VALUES, commands

PACKAGE = Path(acmewrap.__file__).parent


def test_remedies_name_commands_at_all() -> None:
    assert len({words.split()[0] for _, words in commands()}) > 10


@pytest.mark.parametrize(("id", "words"), sorted(set(commands())))
def test_each_command_of_a_remedy_is_one_with_these_options(id: str, words: str) -> None:
    if "--help" not in words:
        parser.parse([*words.split(), *VALUES.get(id, [])])


def test_whoever_reports_a_failure_gives_all_that_its_remedy_names() -> None:
    lacking = []
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                called = getattr(node.func, "id", getattr(node.func, "attr", ""))
                entry = CATALOGUE.get(str(node.args[0].value)) if called in ("failure", "of") else None
                given = {keyword.arg for keyword in node.keywords}
                named = set(re.findall(r"(?<!{){([a-z_0-9]+)}", "" if entry is None else entry.remedy))
                if None not in given and named - given:
                    lacking.append(f"{path.name}:{node.lineno}: {sorted(named - given)}")
    assert lacking == []
