"""What ``import acmewrap`` promises: the names in ``__all__``, each there, each explained, and no others."""

from __future__ import annotations

import inspect
from types import ModuleType
from typing import List

import acmewrap

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
