"""What acme.sh really said, by version and scenario (``tests/record.py`` writes these), against what is made of it."""

from __future__ import annotations

import dataclasses
import json
import re
import shlex
from pathlib import Path
from typing import Any, Dict, List, Mapping, NamedTuple, Tuple

import pytest

from acmewrap.catalogue import CATALOGUE
from acmewrap.driver.output import transcript as output
from acmewrap.driver.output.diagnosis import diagnose
from acmewrap.driver.output.events import Unrecognised
from acmewrap.driver.output.transcript import parse
from acmewrap.errors import Failure

TRANSCRIPTS = Path(__file__).resolve().parent.parent.parent / "transcripts"
RECORDED = ("3.0.2", "3.0.9", "3.1.0", "3.1.1", "3.1.2", "3.1.3")
MOST_BYTES = 10_000
STAMP = re.compile(r"^\[\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d UTC \d{4}\] ", re.MULTILINE)


class Transcript(NamedTuple):
    folder: Path
    lines: List[str]
    argv: Tuple[str, ...]
    returncode: int
    log: str
    expected: Mapping[str, Any]


def read(folder: Path) -> Transcript:
    log = folder / "protocol.log"
    return Transcript(
        folder,
        (folder / "output.txt").read_text(encoding="utf-8").splitlines(),
        tuple(shlex.split((folder / "command.txt").read_text(encoding="utf-8"))),
        int((folder / "returncode").read_text(encoding="ascii")),
        log.read_text(encoding="utf-8") if log.exists() else "",
        json.loads((folder / "expected.json").read_text(encoding="utf-8")),
    )


FOLDERS = sorted(file.parent for file in TRANSCRIPTS.glob("*/*/expected.json"))
NAMES = [f"{folder.parent.name}-{folder.name}" for folder in FOLDERS]


@pytest.fixture(params=FOLDERS, ids=NAMES)
def transcript(request: pytest.FixtureRequest) -> Transcript:
    return read(request.param)


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


def diagnosed(transcript: Transcript, log: str) -> Failure:
    return diagnose(
        transcript.expected["verb"],
        output.read(transcript.lines),
        protocol_log=log,
        returncode=transcript.returncode,
        context=context_of(transcript),
    )


def test_every_sentence_with_a_meaning_is_recognised(transcript: Transcript) -> None:
    events = [event for event in parse(transcript.lines) if not isinstance(event, Unrecognised)]
    assert [{"event": type(event).__name__, **dataclasses.asdict(event)} for event in events] == transcript.expected[
        "events"
    ]


def test_no_sentence_is_lost(transcript: Transcript) -> None:
    found = output.read(transcript.lines)
    assert len(found.events) >= len(found.statements)


def test_a_failure_has_its_name_and_a_remedy_that_can_be_followed(transcript: Transcript) -> None:
    expected = transcript.expected["failure"]
    if expected is None:
        assert transcript.returncode in {0, 2}
        return
    failure = diagnosed(transcript, transcript.log)
    assert failure.id == expected, failure.message
    assert failure.message
    if "--webroot" in transcript.argv:
        assert not {"SERVER", "CA_BUNDLE", "WEBROOT", "DOMAIN"} & set(re.findall(r"[A-Z_]+", failure.remedy))


def test_without_the_log_a_failure_is_told_less_exactly_but_told(transcript: Transcript) -> None:
    expected = transcript.expected["failure"]
    if expected is None:
        assert not transcript.log
        return
    assert diagnosed(transcript, "").id.partition(".")[0] == expected.partition(".")[0]


def test_without_times_before_the_lines_the_same_is_told(transcript: Transcript) -> None:
    """Orders are asked for with ``NO_TIMESTAMP``."""
    bare = transcript._replace(
        lines=[STAMP.sub("", line) for line in transcript.lines],
        log=STAMP.sub("", transcript.log),
    )
    assert [type(one) for one in parse(bare.lines)] == [type(one) for one in parse(transcript.lines)]
    if transcript.expected["failure"] is not None:
        told, bare_told = diagnosed(transcript, transcript.log), diagnosed(bare, bare.log)
        assert (bare_told.id, bare_told.message, bare_told.remedy) == (told.id, told.message, told.remedy)


def test_nothing_of_the_machine_that_recorded_is_left(transcript: Transcript) -> None:
    for file in transcript.folder.iterdir():
        text = file.read_text(encoding="utf-8")
        assert len(text) < MOST_BYTES, file
        assert not re.search(r"/tmp/|(?<!/srv/acmewrap)/home/|/root/|localhost:(?!5000\b)\d|PRIVATE KEY", text), file


@pytest.mark.parametrize("version", RECORDED)
def test_every_release_was_recorded_in_the_same_situations(version: str) -> None:
    def situations(of: str) -> List[str]:
        return sorted(path.name for path in (TRANSCRIPTS / of).iterdir() if not path.name.startswith("seed_"))

    assert situations(version) == situations("3.1.1")
    assert len(situations(version)) >= 45


@pytest.mark.parametrize("version", RECORDED)
def test_of_a_cron_is_told_what_failed_and_why(version: str) -> None:
    found = output.read(read(TRANSCRIPTS / version / "cron_mixed").lines).failed_renewals()
    assert list(found) == ["fails.example.com_ecc"]
    (part,) = found.values()
    assert part.statements[0].text in {"Renew: 'fails.example.com'", "Renewing: 'fails.example.com'"}
    assert not [event for event in part.events if "waits" in str(event) or "due.example" in str(event)]


@pytest.mark.parametrize("version", RECORDED)
def test_every_release_tells_each_situation_in_events_of_the_same_kinds(version: str) -> None:
    """The wording changed in 3.0.8, the meaning did not: the last event of a good issue is the same everywhere."""
    for situation in ("issue", "renew"):
        kinds = [type(event).__name__ for event in parse(read(TRANSCRIPTS / version / situation).lines)]
        for kind in (
            "UsingAuthority",
            "Verifying",
            "Verified",
            "OrderFinalized",
            "CertificateLinked",
            "CertificateDownloaded",
        ):
            assert kind in kinds, situation
        for kind in ("CertificateStored", "KeyStored", "ChainStored", "FullChainStored"):
            assert kind in kinds, situation


def test_the_corpus_covers_the_catalogue_where_acme_sh_can_be_made_to_fail() -> None:
    recorded = {read(folder).expected["failure"] for folder in FOLDERS} - {None}
    assert recorded <= set(CATALOGUE)
    assert len(recorded) >= 30
