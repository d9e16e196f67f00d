"""The JSON documents: their shapes, held against the schema that the package carries."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, Iterator, Tuple

import pytest
from test_wording import SAMPLES

from acmewrap.cli import parser
from acmewrap.engine.results import Run
from acmewrap.engine.verbs.status import CertificateStatus, assess
from acmewrap.errors import AcmewrapError, ExitCode, Problem
from acmewrap.failures import invalid
from acmewrap.formats.timefmt import instant
from acmewrap.reasons import Plain
from acmewrap.report.document import commands, document, of_run, schema
from acmewrap.report.fields import moment
from acmewrap.state.model import CertificateState, State
from json_manual import manual
from json_schema import accepts
from results import CONFIG, DEPLOY, GOOD, NOT_ISSUED, NOT_PROVEN, NOW, PAST, RENEW, STATUSES, UNPROVEN, VALID

SCHEMA = schema()


def after(run: Run) -> Dict[str, CertificateStatus]:
    """The valid certificate, with what *run* did to it."""
    issued = next((result for result in run.results if result.step.kind == "renew"), None)
    deployed = next((result for result in run.results if result.step.kind == "deploy"), None)
    target = replace(VALID.targets["dsm"], result=deployed)
    return {"nas": replace(VALID, result=issued, targets={"dsm": target})}


def document_of(run: Run, command: str = "apply") -> Dict[str, Any]:
    return document(command, run.exit_code, **of_run(run), certificates=after(run))


INVALID = invalid((Problem("a.yaml", 3, 7, "a.b", "unknown key"),))
REASONS = [replace(DEPLOY, reason=reason) for reason in (*SAMPLES, *Plain)]
DOCUMENTS: Dict[str, Dict[str, Any]] = {
    "done": document_of(GOOD),
    "not proven": document_of(NOT_PROVEN, "deploy"),
    "not issued": document_of(NOT_ISSUED, "cron"),
    "nothing to do": document("cron", 0, certificates=STATUSES),
    "status": document("status", 1, last_run_at=NOW, certificates=STATUSES),
    "report": document("report", 0, plan=[RENEW], certificates=STATUSES, runs=PAST, last_run_at=NOW, next_run_at=NOW),
    "plan": document("plan", 2, changed=True, plan=[RENEW, DEPLOY]),
    "every reason": document("plan", 2, changed=True, plan=REASONS),
    "error": document("apply", 4, error=AcmewrapError(UNPROVEN)),
    "configuration": document("check", 78, error=INVALID),
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
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from parts_of(item, (*path, index))


def may_be_missing(path: Tuple[Any, ...]) -> bool:
    """Whether it is one of several that go by their names."""
    return len(path) > 1 and path[-2] in ("certificates", "targets")


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
        assert accepts(SCHEMA, without) == may_be_missing(path), f"without {path}"
        assert not accepts(SCHEMA, other), f"another type at {path}"


def test_every_command_has_its_document_in_the_schema_save_the_one_that_prints_what_acme_sh_does() -> None:
    known = next(action.choices for action in parser.build()._actions if action.dest == "command" and action.choices)
    assert known is not None
    assert set(commands()) == set(known) - {"run"}


def test_the_schema_is_plain_json() -> None:
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA


@pytest.mark.parametrize(
    ("code", "outcome"),
    [(ExitCode.OK, "ok"), (ExitCode.PENDING, "pending"), (ExitCode.DEPLOY_FAILED, "failed"), (143, "failed")],
)
def test_the_envelope_says_how_it_ended(code: int, outcome: str) -> None:
    assert document("plan", code)["outcome"] == outcome


def test_wrong_usage_is_a_failure_although_its_number_is_that_of_pending_changes() -> None:
    assert document("init", ExitCode.USAGE, error=AcmewrapError(UNPROVEN))["outcome"] == "failed"


def test_a_certificate_says_what_the_run_did_to_it_also_when_its_authority_was_asked_before() -> None:
    certificate = DOCUMENTS["done"]["certificates"]["nas"]
    assert (certificate["state"], certificate["outcome"]) == ("valid", "renewed")
    assert certificate["order_url"] == "https://pki.test/order/1"
    assert certificate["targets"]["dsm"]["deployed_now"] is True
    assert certificate["failure"] is None


def test_what_a_run_did_to_a_certificate_is_found_among_its_results() -> None:
    found = assess(
        CONFIG, State(certificates={"nas": CertificateState(), "bare": CertificateState()}), NOW.timestamp(), GOOD
    )
    assert (found["nas"].outcome, found["nas"].targets["dsm"].deployed_now) == ("renewed", True)
    assert (found["bare"].outcome, found["bare"].targets) == (None, {})


def test_a_failure_is_told_at_the_step_and_at_the_certificate_with_its_lines() -> None:
    document = DOCUMENTS["not issued"]
    assert (document["exit_code"], document["changed"]) == (3, False)
    failed, skipped = document["steps"]
    assert (failed["outcome"], skipped["outcome"]) == ("failed", "skipped")
    certificate = document["certificates"]["nas"]
    assert certificate["outcome"] == "failed"
    assert certificate["failure"] == failed["failure"]
    assert len(certificate["failure"]["lines"]) == 20


def test_a_target_that_was_not_proven_is_not_deployed_now_though_something_changed() -> None:
    document = DOCUMENTS["not proven"]
    target = document["certificates"]["nas"]["targets"]["dsm"]
    assert (target["deployed_now"], document["changed"]) == (False, True)
    assert target["failure"]["id"] == "deploy.not_proven"


def test_a_failure_of_an_earlier_run_is_told_while_it_lasts() -> None:
    certificates = DOCUMENTS["status"]["certificates"]
    assert list(certificates) == ["nas", "bare"]
    target = certificates["nas"]["targets"]["dsm"]
    assert (target["failure"]["id"], target["attempts"]) == ("deploy.not_proven", 3)
    bare = certificates["bare"]
    assert bare["failure"]["id"] == "acme.rejected_identifier"
    assert (bare["sha256"], bare["not_after"], bare["due_at"]) == (None, None, None)


def test_a_step_is_typed_and_so_is_its_reason() -> None:
    plan, *_ = (document["plan"] for name, document in DOCUMENTS.items() if name == "plan")
    due = {"kind": "due", "since": "2027-01-14T08:00:00Z", "left_seconds": 3600, "by": "authority"}
    nowhere = {"path": None, "release": None, "serial": None}
    assert plan == [
        {"kind": "renew", "certificate": "nas", "target": None, **nowhere, "reason": due},
        {"kind": "deploy", "certificate": "nas", "target": "dsm", **nowhere, "reason": {"kind": "new_certificate"}},
    ]
    first = DOCUMENTS["done"]["steps"][0]
    assert (first["path"], first["release"], first["reason"]["failure"]["id"]) == (
        *("/srv/acme/src/acme.sh", "3.1.1"),
        "release.missing",
    )


def test_the_values_of_a_reason_are_written_as_people_write_them() -> None:
    found = {step["reason"]["kind"]: step["reason"] for step in DOCUMENTS["every reason"]["plan"]}
    assert found["too_open"] == {"kind": "too_open", "mode": "0644", "wanted": "0600"}
    assert found["account_differs"]["deviations"][1] == {"kind": "open_shares", "names": ["photo", "video"]}
    assert found["changed"]["have"] == ["a.test"]


def test_changed_and_plan_and_steps_are_in_every_document() -> None:
    for found in DOCUMENTS.values():
        assert {"changed", "plan", "steps"} <= set(found)
        assert found["schema_version"] == 2


def test_the_manual_is_what_the_tables_say() -> None:
    page = Path(__file__).resolve().parents[3] / "docs/json.md"
    assert page.read_text(encoding="utf-8") == manual(), "write it anew: the page itself says how"


def test_times_are_in_utc_to_the_second() -> None:
    assert moment(instant(1_800_000_000.9)) == "2027-01-15T08:00:00Z"
    assert DOCUMENTS["done"]["run"]["seconds"] == 7.5


def test_problems_of_a_configuration_are_told_one_by_one() -> None:
    assert DOCUMENTS["configuration"]["error"]["problems"] == [
        {"file": "a.yaml", "line": 3, "column": 7, "path": "a.b", "message": "unknown key"}
    ]
