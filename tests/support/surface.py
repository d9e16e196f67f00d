"""The public surface, walked: every class of this package that a signature or a field of an exported name leads to."""

from __future__ import annotations

import ast
import dataclasses
import functools
import importlib
import inspect
import sys
import types
import typing
from typing import Any, Dict, Iterator, List, Set, Tuple

import acmewrap


def exported() -> Dict[str, Any]:
    return {name: getattr(acmewrap, name) for name in vars(acmewrap)["__all__"]}


def reachable() -> Dict[type, str]:
    """Each class, and the first place that names it (``Plan.state``)."""
    found: Dict[type, str] = {}
    waiting: List[Tuple[str, Any]] = sorted(exported().items())
    while waiting:
        place, value = waiting.pop(0)
        for one in classes(value):
            if one.__module__.startswith("acmewrap") and one not in found:
                found[one] = place
                waiting.extend((f"{one.__name__}.{name}", hint) for name, hint in members(one))
        if inspect.isfunction(value):
            waiting.extend((f"{place}({name})", hint) for name, hint in hints(value).items())
    return found


def classes(hint: Any) -> Iterator[type]:
    """The classes in an annotation, however deep in unions, generics and callables."""
    if isinstance(hint, type) and not typing.get_args(hint):
        yield hint
    if isinstance(hint, typing.TypeVar) and hint.__bound__ is not None:
        yield from classes(hint.__bound__)
    for argument in typing.get_args(hint):
        for one in argument if isinstance(argument, list) else (argument,):
            yield from classes(one)


def members(cls: type) -> Iterator[Tuple[str, Any]]:
    """What a public field, property or method of *cls* names, and what it inherits from."""
    for base in cls.__mro__[1:]:
        if base.__module__.startswith("acmewrap") and not base.__name__.startswith("_"):
            yield "", base
    fields = {one.name for one in dataclasses.fields(cls)} if dataclasses.is_dataclass(cls) else None
    for name, value in vars(cls).items():
        if isinstance(value, (classmethod, staticmethod)):
            value = value.__func__  # noqa: PLW2901
        value = value.fget if isinstance(value, property) else getattr(value, "func", value)  # noqa: PLW2901
        own = (
            name == "__init__" and fields is None
        )  # that of a dataclass takes the fields, and their names are not here
        if (own or not name.startswith("_")) and inspect.isfunction(value):
            yield from ((name, hint) for hint in hints(value).values())
    for base in cls.__mro__:
        if base.__module__.startswith("acmewrap"):
            for name, hint in hints(base).items():
                if not name.startswith("_") and (fields is None or name in fields):
                    yield name, hint


def hints(holder: Any) -> Dict[str, Any]:
    names: Dict[str, Any] = {}
    for origin in reversed(getattr(holder, "__mro__", (holder,))):  # what it inherits is evaluated as well
        names.update(namespace(origin.__module__) if origin.__module__.startswith("acmewrap") else {})
    return typing.get_type_hints(holder, {**vars(typing), **names}, names)


@functools.lru_cache(maxsize=None)
def namespace(module: str) -> Dict[str, Any]:
    """The names of *module*, with those that it imports for type checkers only."""
    importlib.import_module(module)
    found = sys.modules[module]
    names = dict(vars(found))
    for statement in ast.parse(inspect.getsource(found)).body:
        if isinstance(statement, ast.If) and isinstance(statement.test, ast.Name):
            exec(compile(ast.Module(statement.body, []), module, "exec"), names)
    return names


def aliases() -> Set[str]:
    """What is exported and is no class and no function: unions and literals, spelt out where they are used."""
    return {name for name, value in exported().items() if not isinstance(value, (type, types.FunctionType))}
