#!/usr/bin/env python3
"""Puts one mistake after another into the plan, the parser and the outcome, and lists those that no unit test notices.

Usage: .ci/mutate.py [--every N] [MODULE...]
A mistake: a comparison turned round, `and` for `or`, a condition negated, a number one larger, True for False, + for -. The tests
of a module run in a process of their own, forked from one that has imported everything, and stop at the first failure.
"""

from __future__ import annotations

import argparse
import ast
import copy
import os
import signal
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any, Callable, Dict, Iterator, List, Tuple

TOP = Path(__file__).resolve().parent.parent
# The module, and the tests that are about it.
MODULES: Dict[str, List[str]] = {
    "plan/due": ["plan/test_due.py", "plan/test_due_advised.py", "plan/test_watched_targets.py"],
    "plan/planner": ["plan/test_plan.py", "plan/test_watched_targets.py"],
    "driver/output/transcript": ["driver/test_transcript.py"],
    "driver/output/events": ["driver/test_transcript.py"],
    "driver/evidence": ["driver/test_evidence.py"],
    "engine/results": ["engine/test_run_results.py", "plan/test_plan.py"],
}
SECONDS = 60
TURNED = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
    ast.And: ast.Or, ast.Or: ast.And, ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
}  # fmt: skip


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--every", type=int, default=1, metavar="N", help="only each N-th mistake")
    options.add_argument("modules", nargs="*", default=[*MODULES], metavar="MODULE")
    asked = options.parse_args()
    os.chdir(TOP)
    sys.path[:0] = [str(TOP), str(TOP / "tests" / "support"), str(TOP / "tests")]
    preload()
    noticed = tried = 0
    for name in asked.modules:
        path = TOP / "acmewrap" / f"{name}.py"
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if is_noticed(name, tree):
            sys.exit(f"{name}: its tests fail without any mistake: {MODULES[name]}")
        mistakes = list(mutants(tree))[:: asked.every]
        survivors = [said for said, mutant in mistakes if not is_noticed(name, mutant)]
        tried, noticed = tried + len(mistakes), noticed + len(mistakes) - len(survivors)
        print(
            f"{name}: {len(mistakes) - len(survivors)} of {len(mistakes)} noticed", *survivors, sep="\n  ", flush=True
        )
    print(f"all: {noticed} of {tried} noticed, {noticed / max(tried, 1):.1%}")
    return 0


def preload() -> None:
    """Import what every run of the tests takes and no mistake is in."""
    import jinja2
    import pytest
    import sh
    import yaml

    del jinja2, pytest, sh, yaml


def mutants(tree: ast.Module) -> Iterator[Tuple[str, ast.Module]]:
    """Each mistake: where and what it is, and the module that has it."""
    for number, node in enumerate(ast.walk(tree)):
        for change in changes(node):
            mutant = copy.deepcopy(tree)
            place = next(one for at, one in enumerate(ast.walk(mutant)) if at == number)
            before = ast.unparse(place)
            change(place)
            line = place.lineno  # type: ignore[attr-defined]  # only statements and expressions are changed
            yield f"line {line}: {before}  ->  {ast.unparse(place)}", ast.fix_missing_locations(mutant)


def changes(node: ast.AST) -> Iterator[Callable[[Any], None]]:
    """What can be done wrong at *node*, as functions that do it to a copy."""
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        yield lambda one: one.ops.__setitem__(0, TURNED[type(one.ops[0])]())
    elif isinstance(node, (ast.BoolOp, ast.BinOp)) and type(node.op) in TURNED and not is_type(node):
        yield lambda one: setattr(one, "op", TURNED[type(one.op)]())
    elif isinstance(node, ast.Constant) and type(node.value) in (bool, int, float):
        yield lambda one: setattr(one, "value", not one.value if isinstance(one.value, bool) else one.value + 1)
    elif (
        isinstance(node, (ast.If, ast.IfExp))
        and not isinstance(node.test, (ast.Compare, ast.BoolOp))
        and not is_for_checkers(node)
    ):
        yield lambda one: setattr(one, "test", ast.UnaryOp(ast.Not(), one.test))


def is_for_checkers(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def is_type(node: ast.AST) -> bool:
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr)


def is_noticed(name: str, mutant: ast.Module) -> bool:
    """Whether a test fails, or does not end."""
    child = os.fork()
    if child == 0:
        os.setsid()
        signal.alarm(SECONDS)
        os._exit(run_tests(name, mutant))
    return os.waitpid(child, 0)[1] != 0


def run_tests(name: str, mutant: ast.Module) -> int:
    import importlib.abc
    import importlib.util

    import pytest

    full = "acmewrap." + name.replace("/", ".")

    class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
        def find_spec(self, fullname: str, path: object = None, target: object = None) -> ModuleSpec | None:  # noqa: ARG002
            place = TOP / f"acmewrap/{name}.py"
            return importlib.util.spec_from_file_location(fullname, place, loader=self) if fullname == full else None

        def create_module(self, spec: ModuleSpec) -> None:  # noqa: ARG002
            return None

        def exec_module(self, module: ModuleType) -> None:
            exec(compile(mutant, f"acmewrap/{name}.py", "exec"), module.__dict__)  # noqa: S102

    sys.meta_path.insert(0, Finder())
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    words = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *(f"tests/unit/{one}" for one in MODULES[name])]
    return int(pytest.main(words))


if __name__ == "__main__":
    sys.exit(main())
