"""Frozen dataclasses whose class statement costs next to nothing.

:func:`dataclasses.dataclass` writes and compiles six functions for each class while its module is imported, which took a third of
a run that finds nothing to do. Here five are shared by all classes, and ``__init__`` is compiled with the first instance. For
everybody else they are dataclasses: :mod:`dataclasses` and type checkers (PEP 681) take them as such.
"""

from __future__ import annotations

import functools
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Callable, Dict, NoReturn, Tuple, Type, TypeVar

if TYPE_CHECKING:
    from typing_extensions import dataclass_transform
else:

    def dataclass_transform(**_: object) -> Callable[[T], T]:
        return lambda decorator: decorator


T = TypeVar("T")
_MISSING: Any = object()
_OPTIONS: Dict[str, Any] = {
    "default": _MISSING,
    "default_factory": _MISSING,
    "init": True,
    "repr": True,
    "compare": True,
}


class _Field(SimpleNamespace):
    """One field: its annotation (``kind``), and the options."""


def field(*, kw_only: bool = False, **options: Any) -> Any:
    """As :func:`dataclasses.field`, with the options that are used here; what is ``kw_only`` comes after all other fields, also
    those of subclasses.
    """
    return _Field(kw_only=kw_only, **{**_OPTIONS, **options})


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(cls: Type[T]) -> Type[T]:
    """*cls* as ``dataclasses.dataclass(frozen=True)`` makes it."""

    def init(self: T, *values: Any, **named: Any) -> None:
        compiled = _compile_init(cls)
        cls.__init__ = compiled  # type: ignore[method-assign]
        compiled(self, *values, **named)

    for name, member in {"__init__": init, **_MEMBERS}.items():
        if name not in cls.__dict__:
            setattr(cls, name, member)
    return cls


def replace(instance: T, **changes: Any) -> T:
    """As :func:`dataclasses.replace`."""
    kept = {name: instance.__dict__[name] for name, field in _fields_of(type(instance)).items() if field.init}
    return type(instance)(**{**kept, **changes})


def _fields_of(cls: type) -> Dict[str, _Field]:
    """By name, those of its bases first."""
    found: Dict[str, _Field] = cls.__dict__.get("__frozen_fields__", {})
    if not found:
        for owner in reversed(cls.__mro__):
            own = owner.__dict__
            for name, kind in own.get("__annotations__", {}).items() if "__dataclass_fields__" in own else ():
                if not kind.startswith("ClassVar"):
                    value = own.get(name, _MISSING)
                    found[name] = value if isinstance(value, _Field) else field(default=value)
                    found[name].kind = kind
        found = dict(sorted(found.items(), key=lambda item: item[1].kw_only))
        cls.__frozen_fields__ = found  # type: ignore[attr-defined]
    return found


def _compile_init(cls: type) -> Callable[..., None]:
    names: Dict[str, Any] = {"missing": _MISSING}
    parameters, values = ["self"], []
    for name, field in _fields_of(cls).items():
        names[f"default_of_{name}"] = field.default if field.default_factory is _MISSING else field.default_factory
        if field.kw_only and "*" not in parameters:
            parameters.append("*")
        value = name if field.init else f"default_of_{name}"
        if field.default_factory is not _MISSING:
            value = f"default_of_{name}() if {name} is missing else {name}"
            parameters.append(f"{name}=missing")
        elif field.init:
            parameters.append(name if field.default is _MISSING else f"{name}=default_of_{name}")
        values.append(f"{name}={value}")
    after = "; self.__post_init__()" if hasattr(cls, "__post_init__") else ""
    exec(f"def __init__({', '.join(parameters)}): self.__dict__.update({', '.join(values)}){after}", names)  # noqa: S102
    made: Callable[..., None] = names["__init__"]
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    return made


def _compared(instance: Any) -> Tuple[Any, ...]:
    return tuple(instance.__dict__[name] for name, field in _fields_of(type(instance)).items() if field.compare)


def _eq(self: Any, other: object) -> Any:
    return _compared(self) == _compared(other) if type(self) is type(other) else NotImplemented


def _hash(self: Any) -> int:
    return hash(_compared(self))


def _repr(self: Any) -> str:
    shown = (f"{name}={self.__dict__[name]!r}" for name, field in _fields_of(type(self)).items() if field.repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _refuse(_self: Any, name: str, *value: Any) -> NoReturn:
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot {'assign to' if value else 'delete'} field {name!r}")


class _Standard:
    """An attribute by which :mod:`dataclasses` knows its own."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, instance: object, owner: type) -> Any:
        return getattr(_standard(owner), self._name)


@functools.lru_cache(maxsize=None)
def _standard(cls: type) -> type:
    """A dataclass of the standard library with the same fields."""
    import dataclasses

    fields = []
    for name, field in _fields_of(cls).items():
        given = {key: value for key, value in vars(field).items() if key in _OPTIONS and value is not _MISSING}
        fields.append((name, field.kind, dataclasses.field(**given)))
    return dataclasses.make_dataclass(cls.__name__, fields, frozen=True)


_MEMBERS: Dict[str, Any] = {
    "__repr__": _repr,
    "__eq__": _eq,
    "__hash__": _hash,
    "__setattr__": _refuse,
    "__delattr__": _refuse,
    "__replace__": replace,
    "__dataclass_fields__": _Standard("__dataclass_fields__"),
    "__dataclass_params__": _Standard("__dataclass_params__"),
}
