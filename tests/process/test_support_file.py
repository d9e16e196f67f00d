"""`acmewrap doctor --support-file`: what an owner of a real NAS can send, and the simulator that is fed with it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any, Dict

import pytest

from acmewrap.doctor.support import redact
from acmewrap.secrets import Secret
from acmewrap.synology.web import ApiError, Client
from acmewrap.testing.dsm import DsmSimulator, from_support
from forkserver import acmewrap

CONFIG = """\
directory: .
authorities: {{internal: {{server: "https://pki.example.com/directory"}}}}
certificates:
  nas:
    domains: [nas.example.com]
    challenge: {{webroot: /var/lib/letsencrypt}}
    deploy: {{dsm: synology}}
synology:
  url: {url}
  account: {{name: certupdater, password: {{env: SECRET}}}}
  verify: no
schedule: {{every: 6h, by: dsm}}
"""
SECRET = "a-secret-password-7"


def run(folder: Path, text: str, *words: str) -> subprocess.CompletedProcess[str]:
    (folder / "acmewrap.yaml").write_text(text, encoding="utf-8")
    return acmewrap("--config", str(folder / "acmewrap.yaml"), *words, SECRET=SECRET)


@pytest.mark.parametrize("version", ["6.2", "7.3"])
def test_it_holds_versions_and_shapes_and_no_secret_and_changes_nothing(version: str, tmp_path: Path) -> None:
    with DsmSimulator(version, password=SECRET) as nas:
        nas.user.description = "a private description"
        done = run(tmp_path, CONFIG.format(url=nas.url), "doctor", "--support-file", str(tmp_path / "nas.json"))
        assert done.returncode == 0, done.stderr
        assert nas.writes == []
    text = (tmp_path / "nas.json").read_text(encoding="utf-8")
    for private in (SECRET, "certupdater", "private description", "127.0.0.1", "0000XXX000000", "usbshare1"):
        assert private not in text
    document: Dict[str, Any] = json.loads(text)
    assert document["generation"] == int(version[0])
    offered = nas.state.preset.apis["SYNO.Core.TaskScheduler"]
    assert document["apis"]["SYNO.Core.TaskScheduler"]["maxVersion"] == offered.maximum
    answers = {f"{one['api']}.{one['method']}": one for one in document["calls"]}
    (listed, *_) = answers["SYNO.Core.Certificate.CRT.list"]["answer"]["certificates"]
    assert listed["desc"] == "str"
    assert nas.state.preset.firmware in str(answers["SYNO.Core.System.info"])
    fed = from_support(document)
    assert (fed.generation, fed.apis["SYNO.Core.TaskScheduler"]) == (document["generation"], offered)


def test_a_simulator_that_is_fed_with_it_answers_and_refuses_as_that_nas_did(tmp_path: Path) -> None:
    with DsmSimulator("7.3", password=SECRET) as nas:
        nas.fail("SYNO.Core.OTP.EnforcePolicy.get", 103, None)
        for service in nas.state.certificates.services:
            service.description.pop("user_setable")
            service.description["of_this_nas"] = "text"
        done = run(tmp_path, CONFIG.format(url=nas.url), "doctor", "--support-file", str(tmp_path / "nas.json"))
        assert done.returncode == 0, done.stderr
    document: Dict[str, Any] = json.loads((tmp_path / "nas.json").read_text(encoding="utf-8"))
    with DsmSimulator(from_support(document), password=SECRET) as copy:
        with Client(copy.url, "certupdater", Secret(SECRET)) as client:
            assert "7.3-86009" in client.call("SYNO.Core.System", "info", 1)["firmware_ver"]
            (listed,) = client.call("SYNO.Core.Certificate.CRT", "list", 1)["certificates"]
            assert {("of_this_nas" in one, "user_setable" in one) for one in listed["services"]} == {(True, False)}
            for api, method, version, code in (
                ("SYNO.Core.OTP.EnforcePolicy", "get", 1, 103),
                ("SYNO.Core.TaskScheduler", "list", 3, None),
            ):
                try:
                    client.call(api, method, version)
                    found = None
                except ApiError as error:
                    found = error.code
                assert found == code
        again = run(tmp_path, CONFIG.format(url=copy.url), "doctor", "--support-file", str(tmp_path / "copy.json"))
        assert again.returncode == 0, again.stderr
    copied = json.loads((tmp_path / "copy.json").read_text(encoding="utf-8"))
    assert (copied["apis"], copied["generation"]) == (document["apis"], document["generation"])
    for mine, theirs in zip(copied["calls"], document["calls"]):
        assert (mine.get("error"), set(mine.get("answer", ()))) == (theirs.get("error"), set(theirs.get("answer", ())))


def test_without_a_nas_it_says_what_is_missing(tmp_path: Path) -> None:
    text = CONFIG.format(url="http://localhost:5000").split("synology:")[0].replace("{dsm: synology}", "{}")
    done = run(tmp_path, text, "doctor", "--support-file", str(tmp_path / "nas.json"))
    assert done.returncode == 78, done
    assert "[doctor.no_nas]" in done.stderr
    assert not (tmp_path / "nas.json").exists()


def test_a_document_that_is_no_support_file_is_refused() -> None:
    for document in ({}, {"acmewrap_support": 1}, {"acmewrap_support": 2, "apis": {}}):
        with pytest.raises(ValueError, match="not a support file"):
            from_support(document)


def test_only_values_that_are_known_to_be_harmless_are_kept() -> None:
    assert redact(
        {"desc": "secret", "user_setable": False, "sid": "x", "n": 7, "maxVersion": 4, "list": ["a"] * 9}
    ) == {
        "desc": "str",
        "user_setable": False,
        "sid": "str",
        "n": "int",
        "maxVersion": 4,
        "list": ["str"] * 3,
    }
