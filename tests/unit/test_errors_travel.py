"""Whatever this package raises or returns survives pickling and copying: it crosses the border of a process, or is kept."""

from __future__ import annotations

import copy
import importlib
import inspect
import pickle
import pkgutil
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, Mapping, Type

import pytest

import acmewrap
from acmewrap.cli.invocation import UsageError
from acmewrap.config.binder.reader import TooMuchError
from acmewrap.config.edit import UneditableError
from acmewrap.config.load import MissingConfigurationError
from acmewrap.doctor.finding import NotLooked
from acmewrap.engine.engine import ListenerError
from acmewrap.errors import CommandError, ConfigurationError, PortableError, Problem, Terminated, UnreachableError
from acmewrap.failures import failure, invalid
from acmewrap.net.http import HttpError, Reason
from acmewrap.net.tls import BundleError
from acmewrap.synology.reply import OddReplyError
from acmewrap.synology.web import ApiError
from acmewrap.system.programs import ProgramError
from acmewrap.testing.dsm.errors import Refusal
from results import DELIVERED, GOOD, ISSUED, NOT_ISSUED, NOT_PROVEN, PENDING, VALID, X509_LEAF

ODD = failure("dsm.refused", "the NAS refused", ["its last words"], code=105)
PROBLEM = Problem("/srv/acmewrap.yaml", 3, 1, "jobs", "is no number")

# What takes more than a failure. Any other class of the tree is made of one.
OTHERS: Mapping[Type[BaseException], Callable[[], BaseException]] = {
    ApiError: lambda: ApiError(ODD, 105),
    BundleError: lambda: BundleError("the bundle cannot be used"),
    CommandError: lambda: CommandError(ODD, command="acme.sh --issue", returncode=3),
    ConfigurationError: lambda: invalid((PROBLEM,)),
    HttpError: lambda: HttpError(Reason.UNTRUSTED, "self-signed", 18),
    ListenerError: lambda: ListenerError(OSError(28, "full")),
    MissingConfigurationError: lambda: MissingConfigurationError("/srv/acmewrap.yaml", "does not exist"),
    NotLooked: lambda: NotLooked("there is none"),
    OddReplyError: lambda: OddReplyError("nothing as `sid`"),
    PortableError: lambda: PortableError("a", 1),
    ProgramError: lambda: ProgramError("it ended with 3", status=3, stderr="no"),
    Refusal: lambda: Refusal(105, {"a": 1}, reason="no"),
    Terminated: Terminated,
    TooMuchError: TooMuchError,
    UneditableError: lambda: UneditableError(PROBLEM, "acme_sh", "3.1.4"),
    UnreachableError: lambda: UnreachableError(ODD, verify_code=18),
    UsageError: lambda: UsageError(ODD),
}
RESULTS = [ISSUED, DELIVERED, X509_LEAF, GOOD, NOT_PROVEN, NOT_ISSUED, PENDING, VALID]
WAYS: Mapping[str, Callable[[Any], Any]] = {
    "pickle": lambda one: pickle.loads(pickle.dumps(one)),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
}


def classes() -> Iterator[Type[BaseException]]:
    for module in pkgutil.walk_packages(acmewrap.__path__, "acmewrap."):
        if not module.name.endswith("__main__"):
            for _, found in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
                if issubclass(found, BaseException) and found.__module__ == module.name:
                    yield found


@pytest.mark.parametrize("way", WAYS)
def test_every_exception_arrives_as_it_was(way: str) -> None:
    seen = list(classes())
    assert len(seen) > 20
    for kind in seen:
        before = OTHERS[kind]() if kind in OTHERS else kind(ODD)
        after = WAYS[way](before)
        assert (type(after), after.args and str(after)) == (kind, before.args and str(before))
        assert pickled(vars(after)) == pickled(vars(before))


def pickled(values: Dict[str, Any]) -> Dict[str, Any]:
    return {name: repr(value) if isinstance(value, Exception) else value for name, value in values.items()}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("result", RESULTS, ids=lambda one: type(one).__name__)
def test_every_result_arrives_as_it_was(way: str, result: Any) -> None:
    assert WAYS[way](result) == result


def test_a_missing_file_is_said_so_wherever_it_is_missed(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as raised:
        acmewrap.load(tmp_path / "none.yaml", {})
    after = WAYS["pickle"](raised.value)
    assert (after.id, after.problems) == (raised.value.id, raised.value.problems)
    assert after.remedy
