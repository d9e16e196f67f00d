"""What acme.sh really said, by scenario and release (``tests/record.py`` writes these), against what is made of it.

Each test goes through all recordings and names every one that breaks it.
"""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Callable, Dict, Iterable, List, NamedTuple, Optional

import pytest
import record

from acmewrap.driver.output import transcript as output
from acmewrap.driver.output.diagnosis import diagnose
from acmewrap.driver.output.events import Unrecognised
from acmewrap.driver.output.transcript import read
from acmewrap.errors import Failure
from acmewrap.failures.catalogue import CATALOGUE
from transcripts import TRANSCRIPTS, VERSIONS, Transcript, load, load_all

MOST_BYTES = 10_000
STAMP = re.compile(r"^\[\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d UTC \d{4}\] ", re.MULTILINE)
OF_THIS_MACHINE = re.compile(r"/tmp/|(?<!/srv/acmewrap)/home/|/root/|localhost:(?!5000\b)\d|PRIVATE KEY")


class Recorded(NamedTuple):
    scenario: str
    version: str
    transcript: Transcript


@pytest.fixture(scope="module")
def recordings() -> List[Recorded]:
    return [Recorded(*one) for one in load_all()]


@pytest.fixture(scope="module")
def failures(recordings: List[Recorded]) -> List[Recorded]:
    return [recording for recording in recordings if recording.transcript.failure is not None]


def none_breaks(recordings: Iterable[Recorded], complaint: Callable[[Transcript], Optional[str]]) -> None:
    """Fails with a line for each recording of which *complaint* says something."""
    offenders = [
        f"{recording.scenario}, acme.sh {recording.version}: {said}"
        for recording in recordings
        for said in [complaint(recording.transcript)]
        if said
    ]
    if offenders:
        pytest.fail("\n".join(offenders))


def context_of(transcript: Transcript) -> Dict[str, str]:
    """What a caller knows: the values it put on the command line."""
    options = dict(zip(transcript.argv, transcript.argv[1:]))
    flags = {
        "server": "--server",
        "ca_bundle": "--ca-bundle",
        "webroot": "--webroot",
        "domain": "--domain",
        "hook": "--deploy-hook",
    }
    return {name: options[flag] for name, flag in flags.items() if flag in options}


def diagnosed(transcript: Transcript, lines: List[str], log: Iterable[str]) -> Failure:
    return diagnose(
        transcript.verb,
        output.read(lines),
        protocol_log="\n".join(log),
        returncode=transcript.returncode,
        context=context_of(transcript),
    )


def test_every_sentence_with_a_meaning_is_recognised(recordings: List[Recorded]) -> None:
    def complaint(transcript: Transcript) -> Optional[str]:
        events = [event for event in read(transcript.output).events if not isinstance(event, Unrecognised)]
        found = [{"event": type(event).__name__, **dataclasses.asdict(event)} for event in events]
        more = [event for event in found if event not in transcript.events]
        less = [event for event in transcript.events if event not in found]
        return f"not recognised {less}, instead {more}" if found != transcript.events else None

    none_breaks(recordings, complaint)


def test_no_sentence_is_lost(recordings: List[Recorded]) -> None:
    def complaint(transcript: Transcript) -> Optional[str]:
        found = output.read(transcript.output)
        said, made = len(found.statements), len(found.events)
        return f"{said} sentences, {made} events" if made < said else None

    none_breaks(recordings, complaint)


def test_a_failure_has_its_name_and_a_remedy_that_can_be_followed(failures: List[Recorded]) -> None:
    def complaint(transcript: Transcript) -> Optional[str]:
        failure = diagnosed(transcript, transcript.output, transcript.log)
        if failure.id != transcript.failure or not failure.message:
            return f"{failure.id}, not {transcript.failure}: {failure.message}"
        left = {"SERVER", "CA_BUNDLE", "WEBROOT", "DOMAIN"} & set(re.findall(r"[A-Z_]+", failure.remedy))
        return f"the remedy has {left}" if left and "--webroot" in transcript.argv else None

    none_breaks(failures, complaint)


def test_without_the_log_a_failure_is_told_less_exactly_but_told(failures: List[Recorded]) -> None:
    def complaint(transcript: Transcript) -> Optional[str]:
        found, wanted = diagnosed(transcript, transcript.output, ()).id, str(transcript.failure)
        return f"{found}, not {wanted}" if found.partition(".")[0] != wanted.partition(".")[0] else None

    none_breaks((one for one in failures if one.transcript.log), complaint)


def test_without_times_before_the_lines_the_same_is_told(recordings: List[Recorded]) -> None:
    """Orders are asked for with ``NO_TIMESTAMP``."""

    def complaint(transcript: Transcript) -> Optional[str]:
        bare = [STAMP.sub("", line) for line in transcript.output]
        if [type(event) for event in read(bare).events] != [type(event) for event in read(transcript.output).events]:
            return "other events"
        if transcript.failure is None:
            return None
        stamped = diagnosed(transcript, transcript.output, transcript.log)
        found = diagnosed(transcript, bare, (STAMP.sub("", line) for line in transcript.log))
        same = (found.id, found.message, found.remedy) == (stamped.id, stamped.message, stamped.remedy)
        return None if same else f"{found}, not {stamped}"

    none_breaks(recordings, complaint)


def test_a_call_ends_with_an_exit_code_that_fits_its_outcome(recordings: List[Recorded]) -> None:
    def complaint(transcript: Transcript) -> Optional[str]:
        fits = transcript.returncode in (0, 2) if transcript.failure is None else transcript.returncode != 0
        return None if fits else f"exit code {transcript.returncode}, failure {transcript.failure}"

    none_breaks(recordings, complaint)


def test_a_cron_says_what_failed_and_why(recordings: List[Recorded]) -> None:
    def complaint(transcript: Transcript) -> Optional[str]:
        found = output.read(transcript.output).failed_renewals()
        if list(found) != ["fails.example.com_ecc"]:
            return f"failed: {list(found)}"
        (part,) = found.values()
        if part.statements[0].text not in {"Renew: 'fails.example.com'", "Renewing: 'fails.example.com'"}:
            return f"begins with {part.statements[0].text}"
        others = [str(event) for event in part.events if "waits" in str(event) or "due.example" in str(event)]
        return f"of others: {others}" if others else None

    mixed = [recording for recording in recordings if recording.scenario == "cron_mixed"]
    assert [recording.version for recording in mixed] == list(VERSIONS)
    none_breaks(mixed, complaint)


def test_a_cron_that_only_delivers_again_fails_with_nothing(recordings: List[Recorded]) -> None:
    again = [recording.transcript for recording in recordings if recording.scenario == "cron_delivers_again"]
    assert [output.read(transcript.output).failed_renewals() for transcript in again] == [{}]


def test_nothing_of_the_machine_that_recorded_is_left() -> None:
    found = {
        file.name: OF_THIS_MACHINE.findall(file.read_text(encoding="utf-8")) for file in TRANSCRIPTS.glob("*.json")
    }
    assert {name: machine for name, machine in found.items() if machine} == {}


def test_equal_facts_are_kept_once_and_short() -> None:
    repeated = []
    for file in sorted(TRANSCRIPTS.glob("*.json")):
        for name, variants in json.loads(file.read_text(encoding="utf-8")).items():
            values = [variant["value"] for variant in variants]
            repeated += [f"{file.name}: {name}" for value in values if values.count(value) > 1]
            assert all(len(json.dumps(value)) < MOST_BYTES for value in values), (file, name)
    assert repeated == []


def test_every_release_was_recorded_in_every_situation_that_can_be_recorded() -> None:
    assert {file.stem for file in TRANSCRIPTS.glob("*") if not file.name.startswith("seed_")} == set(record.SCENARIOS)
    assert len(record.SCENARIOS) >= 45
    recorded = {name: tuple(load(TRANSCRIPTS / f"{name}.json")) for name in record.SCENARIOS}
    wanted = {name: tuple(v for v in VERSIONS if v >= record.SINCE[name]) for name in recorded}
    assert recorded == wanted


def test_the_failure_expected_is_the_one_that_the_scenario_names(recordings: List[Recorded]) -> None:
    wrong = []
    for scenario, version, transcript in recordings:
        if scenario in record.SCENARIOS:
            _, failure, but = record.SCENARIOS[scenario]
            if transcript.failure != but.get("v" + version.replace(".", "_"), failure):
                wrong.append(f"{scenario}, acme.sh {version}: {transcript.failure}")
    assert wrong == []


def test_every_release_tells_a_good_issue_in_events_of_the_same_kinds() -> None:
    """The wording changed in 3.0.8, the meaning did not."""
    wanted = {
        *("UsingAuthority", "Verifying", "Verified", "OrderFinalized", "CertificateLinked", "CertificateDownloaded"),
        *("CertificateStored", "KeyStored", "ChainStored", "FullChainStored"),
    }
    for situation in ("issue", "renew"):
        for version, transcript in load(TRANSCRIPTS / f"{situation}.json").items():
            missing = wanted - {type(event).__name__ for event in read(transcript.output).events}
            assert not missing, (situation, version)


def test_the_corpus_covers_the_catalogue_where_acme_sh_can_be_made_to_fail(failures: List[Recorded]) -> None:
    recorded = {str(one.transcript.failure) for one in failures}
    assert recorded <= set(CATALOGUE)
    assert len(recorded) >= 30


def test_no_line_of_a_call_that_went_well_is_the_reason_of_a_failure(recordings: List[Recorded]) -> None:
    def complaint(transcript: Transcript) -> Optional[str]:
        said = {text: diagnosed(transcript, [text], ()).id for text in read(transcript.output).texts}
        wrong = {text: id for text, id in said.items() if id != "acme.unknown"}
        return str(wrong) if wrong else None

    well = [one for one in recordings if one.transcript.failure is None]
    assert len(well) >= 20
    none_breaks(well, complaint)
