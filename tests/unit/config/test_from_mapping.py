"""A configuration made in code is that of the same YAML file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Dict

import pytest
import yaml

import acmewrap
from acmewrap import Config, ConfigurationError, Secret

SERVER = "https://pki.example.com/acme/directory"


def make(**changes: Any) -> Dict[str, Any]:
    return {
        "authorities": {"internal": {"server": SERVER}},
        "certificates": {"nas": {"domains": ["nas.example.com", "b.example.com"], "challenge": {"webroot": "web"}}},
        "jobs": 2,
        "schedule": {"daily": "04:55", "by": "systemd"},
        **changes,
    }


def test_a_mapping_is_read_as_the_same_file(tmp_path: Path) -> None:
    synology = {
        "url": "https://nas:5001",
        "account": {"name": "acme", "password": {"file": "secret"}},
        "certificate": {"default": False},
        "verify": False,
    }
    for values in (make(), make(synology=synology), make(acme_sh={"release": "3.1.1", "allow_vulnerable": True})):
        file = tmp_path / "acmewrap.yaml"
        file.write_text(yaml.safe_dump(values), encoding="utf-8")
        assert Config.from_mapping(values, file) == replace(acmewrap.load(file))


def test_paths_secrets_tuples_and_nothing_are_values(tmp_path: Path) -> None:
    values = make(
        directory=tmp_path, certificates={"nas": {"domains": ("a.example.com",), "challenge": {"standalone": None}}}
    )
    values["authorities"]["internal"]["eab"] = {"key_id": "k", "hmac_key": Secret("s3cret-key")}
    config = Config.from_mapping(values, tmp_path / "acmewrap.yaml")
    eab = config.authorities["internal"].eab
    assert eab is not None
    assert eab.hmac_key == acmewrap.InlineSecret(Secret("s3cret-key"))
    assert config.certificates["nas"].challenges == (acmewrap.Standalone(),)


def test_every_problem_is_reported_with_the_path_of_its_key(tmp_path: Path) -> None:
    wrong = make(jobs="many", certificates={"nas": {"domains": ["a b"], "challenge": {"webroot": "web"}, "colour": 1}})
    with pytest.raises(ConfigurationError) as caught:
        Config.from_mapping(wrong, tmp_path / "acmewrap.yaml")
    assert {problem.path for problem in caught.value.problems} >= {"jobs", "certificates.nas.domains[0]"}
    assert {(problem.line, problem.column) for problem in caught.value.problems} == {(0, 0)}


def test_what_is_no_configuration_is_refused() -> None:
    endless: Dict[str, Any] = {}
    endless["certificates"] = endless
    for values in (make(jobs=object()), endless):
        with pytest.raises(ConfigurationError, match="not a configuration"):
            Config.from_mapping(values)
