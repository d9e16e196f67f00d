"""What ``import acmewrap`` promises: the names in ``__all__``, each there, each explained, and no others."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
import typing
from pathlib import Path
from types import ModuleType
from typing import List

import acmewrap

ALIASES = ("Command", "Listener", "Notice")  # of names of commands, and of functions and unions of what is promised
PROMISED: List[str] = sorted(vars(acmewrap).get("__all__", ()))


def test_every_promised_name_is_there() -> None:
    assert [name for name in PROMISED if not hasattr(acmewrap, name)] == []


def test_no_public_name_is_there_without_a_promise() -> None:
    public = {name for name in dir(acmewrap) if not name.startswith("_")}
    unpromised = public - set(PROMISED) - {"annotations"}
    assert {name for name in unpromised if not isinstance(getattr(acmewrap, name), ModuleType)} == set()


def test_everything_promised_says_what_it_is() -> None:
    values = {name: getattr(acmewrap, name) for name in PROMISED}
    explainable = {name: value for name, value in values.items() if inspect.isclass(value) or inspect.isroutine(value)}
    assert [name for name, value in explainable.items() if not value.__doc__] == []


def test_every_type_that_a_job_takes_or_gives_is_promised() -> None:
    fields = [field.type for field in dataclasses.fields(acmewrap.Job)]
    methods = [
        method for name, method in vars(acmewrap.Job).items() if not name.startswith("_") and inspect.isfunction(method)
    ]
    annotations = [*fields, *(text for method in methods for text in method.__annotations__.values())]
    named = {name for text in annotations for name in re.findall(r"[A-Z]\w+", str(text))}
    assert named - set(PROMISED) - set(typing.__all__) - {"None", "Path", *ALIASES} == set()
    assert len(named) > 15


def test_a_type_checker_knows_the_names_too() -> None:
    """It sees no lazy look-up that would take any name, however it is spelt."""
    source = Path(acmewrap.__file__).read_text(encoding="utf-8")
    for_checkers = next(one for one in ast.parse(source).body if isinstance(one, ast.If))
    imported = {name.name for one in for_checkers.body if isinstance(one, ast.ImportFrom) for name in one.names}
    assert imported == set(PROMISED)
    assert source.index("if not TYPE_CHECKING:") < source.index("def __getattr__")
