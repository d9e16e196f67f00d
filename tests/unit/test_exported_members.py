"""What ``import acmewrap`` promises: the names in ``__all__``, each there and explained, and no type beside them to be met."""

from __future__ import annotations

import ast
import inspect
import re
import typing
from datetime import datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Dict, List, Set

import acmewrap
import surface

PROMISED: List[str] = sorted(surface.exported())
PUBLIC_MODULES = [value for value in surface.exported().values() if isinstance(value, ModuleType)]


def test_every_promised_name_is_there() -> None:
    assert [name for name in PROMISED if not hasattr(acmewrap, name)] == []
    assert [name for name in dir(acmewrap) if not hasattr(acmewrap, name)] == []


def test_a_misspelt_name_is_not() -> None:
    assert not hasattr(acmewrap, "laod")


def test_everything_promised_says_what_it_is() -> None:
    values = {**surface.exported(), **{one.__name__: one for one in surface.reachable()}}
    explainable = {name: value for name, value in values.items() if inspect.isclass(value) or inspect.isroutine(value)}
    assert [name for name, value in explainable.items() if not value.__doc__] == []


def test_every_type_that_a_signature_or_a_field_leads_to_is_promised() -> None:
    found = surface.reachable()
    homes = {one.__name__ for one in PUBLIC_MODULES}
    named = [value for value in surface.exported().values() if isinstance(value, type)]
    assert {
        one.__name__: place for one, place in found.items() if one not in named and one.__module__ not in homes
    } == {}
    assert len(found) > 100


def test_every_time_is_an_aware_datetime_and_a_number_of_seconds_says_so() -> None:
    """What is called a time is one; a duration is a timedelta, or a number that is called seconds."""
    # The ledger has the form of its file.
    times: Dict[str, Set[object]] = {}
    for one in surface.reachable().keys() - {acmewrap.LedgerEntry, acmewrap.Advice}:
        for name, hint in surface.members(one):
            if re.search(r"_at$|^not_|_until$|^next_|^started|^finished|^since$|lifetime|retry_after", name):
                times.setdefault(f"{one.__name__}.{name}", set()).update(surface.classes(hint))
    allowed = {datetime, timedelta, type(None)}
    assert {name: found for name, found in times.items() if found - allowed} == {}
    assert len(times) > 15


def test_a_type_checker_is_told_the_same_names_and_where_they_are() -> None:
    stub = ast.parse(Path(acmewrap.__file__).with_suffix(".pyi").read_text(encoding="utf-8"))
    imported = {
        alias.asname: getattr(statement, "module", None)
        for statement in stub.body
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
    }
    modules = {name: module for module, names in vars(acmewrap)["_MODULES"].items() for name in names.split()}
    assert {name: module for name, module in imported.items() if name not in ("events", "reasons")} == modules
    assert set(imported) == set(PROMISED)


def test_the_walk_sees_what_hides_in_unions_generics_and_type_checking_imports() -> None:
    hints = surface.hints(acmewrap.Job.status)
    assert set(surface.classes(hints["return"])) == {str, acmewrap.CertificateStatus}
    assert set(surface.classes(typing.Callable[[typing.Optional[int]], str])) == {int, type(None), str}
