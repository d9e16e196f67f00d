"""`profile`, `usages` and `lifetime`: what acme.sh is given for them, and releases that cannot do it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Mapping, Tuple

import pytest

from acmewrap.config.model import DEFAULT_USAGE, Config
from acmewrap.errors import ConfigurationError
from acmewrap.plan.fingerprint import request_of


def load(release: str, **keys: Any) -> Config:
    certificate: Mapping[str, Any] = {"domains": ["nas.test"], "challenge": {"webroot": "/srv/web"}, **keys}
    return Config.from_mapping(
        {
            "acme_sh": {"release": release},
            "authorities": {"ca": {"server": "https://ca.test/directory"}},
            "certificates": {"nas": certificate},
        },
        "/srv/acme/acmewrap.yaml",
    )


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({}, DEFAULT_USAGE),
        ({"profile": "shortlived"}, ("--cert-profile", "shortlived", *DEFAULT_USAGE)),
        ({"preferred_chain": "ISRG Root X1"}, ("--preferred-chain", "ISRG Root X1", *DEFAULT_USAGE)),
        ({"options": ["--extended-key-usage", "1.3.6.1"]}, ("--extended-key-usage", "1.3.6.1")),
        ({"usages": ["server"]}, ("--extended-key-usage", "serverAuth")),
        ({"usages": ["server", "client"]}, ("--extended-key-usage", "serverAuth,clientAuth")),
        ({"lifetime": "7d"}, (*DEFAULT_USAGE, "--valid-to", "+168h")),
        ({"lifetime": "90m", "options": ["--ocsp"]}, (*DEFAULT_USAGE, "--valid-to", "+2h", "--ocsp")),
    ],
)
def test_what_a_certificate_is_to_be_reaches_acme_sh(keys: Mapping[str, Any], words: Tuple[str, ...]) -> None:
    assert load("3.1.3", **keys).certificates["nas"].options == words


@pytest.mark.parametrize(
    ("release", "keys", "key", "since"),
    [
        ("3.1.1", {"profile": "shortlived"}, "profile", "3.1.2"),
        ("3.1.1", {"options": ["--cert-profile", "shortlived"]}, "options", "3.1.2"),
        ("3.0.2", {"usages": ["server", "client"]}, "usages", "3.0.9"),
        ("3.0.2", {"lifetime": "8h"}, "lifetime", "3.0.6"),
    ],
)
def test_a_release_that_cannot_do_it_is_a_problem_that_names_one_that_can(
    release: str, keys: Mapping[str, Any], key: str, since: str
) -> None:
    with pytest.raises(ConfigurationError) as raised:
        load(release, **keys)
    (problem,) = raised.value.problems
    assert problem.path == f"certificates.nas.{key}"
    assert f"`release: {since}` under `acme_sh`" in problem.message


def test_a_release_that_cannot_choose_its_usages_is_left_to_itself() -> None:
    assert load("3.0.2").certificates["nas"].options == ()


def test_usages_that_go_without_saying_are_no_reason_to_reissue_what_is_there() -> None:
    config = load("3.1.3", options=["--ocsp"])
    before = replace(config.certificates["nas"], options=("--ocsp",))
    assert request_of(config, config.certificates["nas"]) == request_of(config, before)
    for usages in (["client"], ["server", "client"]):
        other = load("3.1.3", options=["--ocsp"], usages=usages)
        assert request_of(other, other.certificates["nas"]) != request_of(config, before)


def test_another_usage_is_a_problem() -> None:
    with pytest.raises(ConfigurationError, match="server"):
        load("3.1.3", usages=["email"])
