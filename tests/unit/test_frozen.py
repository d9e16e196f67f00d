"""Our frozen dataclasses beside those of the standard library: whatever is done to either gives the same."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import threading
from types import SimpleNamespace
from typing import Any, Callable, ClassVar, List, Mapping, Tuple

import pytest

from acmewrap import frozen as ours


@ours.frozen
class Place:
    """A place."""

    host: str
    port: int = 443
    known: ClassVar[int] = 7


@ours.frozen
class Server(Place):
    paths: Mapping[str, str] = ours.field(default_factory=dict)
    password: str = ours.field(default="", repr=False)
    seen: float = ours.field(default=0.0, compare=False)
    origin: Any = ours.field(default=None, init=False, repr=False, compare=False)


@ours.frozen
class Positive:
    number: int

    def __post_init__(self) -> None:
        if self.number <= 0:
            raise ValueError("not positive")


@dataclasses.dataclass(frozen=True)
class StandardPlace:
    """A place."""

    host: str
    port: int = 443
    known: ClassVar[int] = 7


@dataclasses.dataclass(frozen=True)
class StandardServer(StandardPlace):
    paths: Mapping[str, str] = dataclasses.field(default_factory=dict)
    password: str = dataclasses.field(default="", repr=False)
    seen: float = dataclasses.field(default=0.0, compare=False)
    origin: Any = dataclasses.field(default=None, init=False, repr=False, compare=False)


@ours.frozen
class Answer:
    seconds: float = ours.field(default=0.0, kw_only=True)


@ours.frozen
class Page(Answer):
    text: str


OURS = SimpleNamespace(Place=Place, Server=Server, replace=ours.replace)
STANDARD = SimpleNamespace(Place=StandardPlace, Server=StandardServer, replace=dataclasses.replace)


def test_a_field_that_is_given_by_name_only_comes_after_those_of_subclasses() -> None:
    assert repr(Page("a", seconds=2.0)) == "Page(text='a', seconds=2.0)"
    assert [field.name for field in dataclasses.fields(dataclasses.replace(Page("a"), seconds=1.0))] == [
        "text",
        "seconds",
    ]
    with pytest.raises(TypeError, match="positional"):
        Page("a", 2.0)  # type: ignore[call-arg]


def marked(kinds: SimpleNamespace) -> Any:
    made = kinds.Server("a")
    object.__setattr__(made, "origin", 1)
    return kinds.replace(made, port=1)


def assigned(kinds: SimpleNamespace) -> None:
    kinds.Place("a").port = 1


def deleted(kinds: SimpleNamespace) -> None:
    del kinds.Place("a").port


USES: Mapping[str, Callable[[SimpleNamespace], Any]] = {
    "by place": lambda kinds: kinds.Server("a", 1, {"b": "c"}, "d", 2.0),
    "by name": lambda kinds: kinds.Server(port=2, host="a"),
    "missing": lambda kinds: kinds.Place(),
    "too many": lambda kinds: kinds.Place("a", 1, 2),
    "unknown": lambda kinds: kinds.Place("a", prot=1),
    "twice": lambda kinds: kinds.Place("a", host="b"),
    "not in __init__": lambda kinds: kinds.Server("a", origin=1),
    "equal": lambda kinds: kinds.Server("a", seen=1.0) == kinds.Server("a", seen=2.0),
    "different": lambda kinds: kinds.Server("a") == kinds.Server("a", password="b"),
    "of another class": lambda kinds: kinds.Place("a") == kinds.Server("a"),
    "other": lambda kinds: kinds.Place("a") == "a",
    "hash": lambda kinds: {kinds.Place("a"): 1}[kinds.Place("a")],
    "hash of a mapping": lambda kinds: hash(kinds.Server("a")),
    "assigned": assigned,
    "deleted": deleted,
    "replaced": lambda kinds: kinds.replace(kinds.Server("a", paths={"b": "c"}), host="d"),
    "replaced, not in __init__": lambda kinds: marked(kinds).origin,
    "replaced, unknown": lambda kinds: kinds.replace(kinds.Place("a"), prot=1),
    "copied": lambda kinds: copy.deepcopy(kinds.Server("a", paths={"b": "c"})),
    "pickled": lambda kinds: pickle.loads(pickle.dumps(kinds.Server("a", 1))) == kinds.Server("a", 1),
    "as a mapping": lambda kinds: dataclasses.asdict(kinds.Server("a", paths={"b": "c"})),
    "replaced by the standard library": lambda kinds: dataclasses.replace(kinds.Server("a"), port=1),
    "fields": lambda kinds: [(one.name, one.type, one.init, one.repr) for one in dataclasses.fields(kinds.Server)],
    "document": lambda kinds: kinds.Place.__doc__,
    "default of the class": lambda kinds: kinds.Place.port,
    "class variable": lambda kinds: (kinds.Place("a").known, "known" in repr(kinds.Place("a"))),
}


def outcome(use: Callable[[SimpleNamespace], Any], kinds: SimpleNamespace) -> Tuple[str, str]:
    try:
        return "", repr(use(kinds)).replace("Standard", "")
    except (TypeError, ValueError, AttributeError) as error:
        return type(error).__name__, str(error).replace("Standard", "")


@pytest.mark.parametrize("use", USES)
def test_a_use_ends_as_with_the_standard_library(use: str) -> None:
    kind, said = outcome(USES[use], STANDARD)
    found, words = outcome(USES[use], OURS)
    assert found == kind
    if not kind:
        assert words == said


def test_a_dataclass_of_the_standard_library_can_extend_one_of_ours() -> None:
    @dataclasses.dataclass(frozen=True)
    class Named(Place):
        name: str = ""

    assert repr(Named("a", name="b")).endswith("Named(host='a', port=443, name='b')")
    with pytest.raises(dataclasses.FrozenInstanceError):
        Named("a").name = "c"  # type: ignore[misc]


def test_a_value_is_checked_as_it_is_made() -> None:
    assert Positive(1).number == 1
    for _ in range(2):
        with pytest.raises(ValueError, match="not positive"):
            Positive(0)


def test_the_first_instances_may_be_made_by_several_threads_at_once() -> None:
    @ours.frozen
    class Fresh:
        number: int = 1

    found: List[int] = []
    threads = [threading.Thread(target=lambda: found.append(Fresh().number)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [1] * 20


def test_a_class_statement_compiles_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: List[type] = []
    real = ours._compile_init

    def compile_init(cls: type) -> Callable[..., None]:
        compiled.append(cls)
        return real(cls)

    monkeypatch.setattr(ours, "_compile_init", compile_init)

    @ours.frozen
    class Late:
        number: int

    assert compiled == []
    assert (Late(1), Late(2)) == (Late(1), Late(2))
    assert compiled == [Late]
