"""The JSON documents: their shapes, held against the schema that the package carries."""

from __future__ import annotations

import copy
import json
from typing import Any, Dict, Iterator, Tuple

import pytest

from acmewrap.catalogue import invalid
from acmewrap.cli import parser
from acmewrap.engine.results import Run
from acmewrap.errors import AcmewrapError, ExitCode, Problem
from acmewrap.report.document import (
    describe_certificates,
    describe_error,
    describe_run,
    describe_steps,
    envelope,
    moment,
)
from acmewrap.report.schema import commands, schema
from json_schema import accepts
from results import CONFIG, DEPLOY, GOOD, NOT_ISSUED, NOT_PROVEN, NOW, RENEW, STATUSES, UNPROVEN, VALID

SCHEMA = schema()


def document_of(run: Run, command: str = "apply") -> Dict[str, Any]:
    parts = describe_run(run, "host.test", "manual")
    statuses = {"nas": VALID}
    return envelope(command, run.exit_code, "1.0", **parts, certificates=describe_certificates(CONFIG, statuses, run))


DOCUMENTS: Dict[str, Dict[str, Any]] = {
    "done": document_of(GOOD),
    "not proven": document_of(NOT_PROVEN, "deploy"),
    "not issued": document_of(NOT_ISSUED, "cron"),
    "nothing to do": envelope("cron", 0, "1.0", steps=[], certificates=describe_certificates(CONFIG, STATUSES, None)),
    "status": envelope(
        "status", 1, "1.0", last_run_at=moment(NOW), certificates=describe_certificates(CONFIG, STATUSES, None)
    ),
    "plan": envelope(
        "plan", 2, "1.0", changed=True, plan=describe_steps([RENEW, DEPLOY]), leftovers=[], certificates=[]
    ),
    "error": envelope("apply", 4, "1.0", error=describe_error(AcmewrapError(UNPROVEN))),
    "configuration": envelope(
        "check", 78, "1.0", error=describe_error(invalid((Problem("a.yaml", 3, 7, "a.b", "unknown key"),)))
    ),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_document_is_one_of_the_schema(name: str) -> None:
    document = json.loads(json.dumps(DOCUMENTS[name]))
    assert accepts(SCHEMA, document)


def parts_of(value: Any, path: Tuple[Any, ...] = ()) -> Iterator[Tuple[Any, ...]]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield (*path, name)
            yield from parts_of(item, (*path, name))
    elif isinstance(value, list) and value:
        yield from parts_of(value[0], (*path, 0))


OPTIONAL = {("run",), ("error", "problems")}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_schema_refuses_a_document_that_lacks_any_part_or_has_another_type_there(name: str) -> None:
    original = json.loads(json.dumps(DOCUMENTS[name]))
    for path in parts_of(original):
        without, other = copy.deepcopy(original), copy.deepcopy(original)
        inner, outer = without, other
        for key in path[:-1]:
            inner, outer = inner[key], outer[key]
        del inner[path[-1]]
        outer[path[-1]] = 1.5 if not isinstance(outer[path[-1]], float) else "text"
        optional = any(path[: len(one)] == one for one in OPTIONAL)
        if not optional:
            assert not accepts(SCHEMA, without), f"without {path}"
            assert not accepts(SCHEMA, other), f"another type at {path}"


def test_every_command_has_its_document_in_the_schema_save_the_one_that_prints_what_acme_sh_does() -> None:
    known = next(action.choices for action in parser.build()._actions if action.dest == "command")
    assert known is not None
    assert set(commands()) == set(known) - {"run"}


def test_the_schema_is_plain_json() -> None:
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA


@pytest.mark.parametrize(
    ("code", "outcome"),
    [(ExitCode.OK, "ok"), (ExitCode.PENDING, "pending"), (ExitCode.DEPLOY_FAILED, "failed"), (143, "failed")],
)
def test_the_envelope_says_how_it_ended(code: int, outcome: str) -> None:
    assert envelope("plan", code, "1.0", plan=[])["outcome"] == outcome


def test_wrong_usage_is_a_failure_although_its_number_is_that_of_pending_changes() -> None:
    assert envelope("init", ExitCode.USAGE, "1.0", error={})["outcome"] == "failed"


def test_a_certificate_tells_what_the_run_did_to_it_also_when_its_authority_was_asked_before() -> None:
    (certificate,) = DOCUMENTS["done"]["certificates"]
    assert certificate["outcome"] == "renewed"
    assert certificate["order_url"] == "https://pki.test/order/1"
    assert certificate["targets"][0]["deployed_now"] is True
    assert certificate["error"] is None


def test_a_failure_is_told_at_the_step_and_at_the_certificate_with_its_lines() -> None:
    document = DOCUMENTS["not issued"]
    assert document["exit_code"] == 3
    failed, skipped = document["steps"]
    assert (failed["outcome"], skipped["outcome"]) == ("failed", "skipped")
    (certificate,) = document["certificates"]
    assert certificate["outcome"] == "failed"
    assert certificate["error"] == failed["error"]
    assert len(certificate["error"]["lines"]) == 20


def test_a_target_that_was_not_proven_is_not_deployed_now() -> None:
    (target,) = DOCUMENTS["not proven"]["certificates"][0]["targets"]
    assert target["deployed_now"] is False
    assert target["error"]["id"] == "deploy.not_proven"


def test_a_failure_of_an_earlier_run_is_told_while_it_lasts() -> None:
    nas, bare = DOCUMENTS["status"]["certificates"]
    assert nas["targets"][0]["error"]["id"] == "deploy.not_proven"
    assert nas["targets"][0]["attempts"] == 3
    assert bare["error"]["id"] == "acme.rejected_identifier"
    assert (bare["sha256"], bare["not_after"], bare["due_at"]) == (None, None, None)


def test_times_are_in_utc_to_the_second() -> None:
    assert moment(1_800_000_000.9) == "2027-01-15T08:00:00Z"
    assert DOCUMENTS["done"]["run"]["seconds"] == 7.5


def test_problems_of_a_configuration_are_told_one_by_one() -> None:
    assert DOCUMENTS["configuration"]["error"]["problems"] == [
        {"file": "a.yaml", "line": 3, "column": 7, "path": "a.b", "message": "unknown key"}
    ]
