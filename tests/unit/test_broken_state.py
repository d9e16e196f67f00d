"""Recordings of what acmewrap and acme.sh keep, mutated: reading them ends, with something that can be worked with.

Each test reports the share of the mutants that the first parser took, under ``--hypothesis-show-statistics``.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Callable, Iterator, List, Mapping, Optional, Tuple

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from acmewrap import Job
from acmewrap.config.model import Authority, Schedule
from acmewrap.driver.homes import recovery
from acmewrap.driver.homes.configuration import edit_configuration, parse_account, parse_configuration, raw_values
from acmewrap.driver.homes.home import Home
from acmewrap.errors import AcmewrapError
from acmewrap.formats import jsontext
from acmewrap.pki import x509
from acmewrap.plan.planner import PlanOptions, plan
from acmewrap.schedule.crontab import CrontabEntry
from acmewrap.state.ledger import Ledger
from acmewrap.state.machine import read_state
from acmewrap.state.model import CERTIFICATE_PARTS
from synthetic import Folder, make_key
from wanted import CERTIFICATE, LEAF, NOW, make_config

FRAGMENTS: List[bytes] = [
    *rb"null true 1e999 -1 99999999999999999999 [] {} '' ' $(id) `id` \ % # = 0x".split(b" "),
    b'"',
    b'""',
    *(
        b"",
        b"\n",
        b"\r",
        b"\t",
        b"\0",
        b"\xff",
        b"\xc3",
        b"\xe2\x80\xa8",
        b"[" * 2000,
        b"Le_Domain='",
        b"-----END",
        b"A" * 64,
    ),
]
LEDGER = json.dumps(
    {
        "version": 1,
        "entries": {
            "nas": {
                "wanted": None,
                "seen": None,
                "attempts": 3,
                "next_try": NOW + 60,
                "error": {"id": "a", "message": "b"},
            },
            "nas/dsm": {
                "wanted": LEAF,
                "seen": LEAF,
                "seen_at": NOW,
                "seen_until": NOW + 86400,
                "attempts": 0,
                "next_try": 0,
            },
        },
        "advices": {
            "nas": {"leaf": LEAF, "source": "https://ca/", "next_look": NOW + 60, "begin": 1, "end": 2, "chosen": 1}
        },
    }
).encode()
CRONTAB = (
    b"# m h dom mon dow command\nSHELL=/bin/sh\nMAILTO=root\n# BEGIN acmewrap /srv/acme/acmewrap.yaml\n55 4 * * * umask 077; "
    b"/usr/bin/python3 -I /srv/acmewrap.pyz cron >> /srv/task.log 2>&1\n# END acmewrap /srv/acme/acmewrap.yaml\n15 3 * * 0 backup\n"
)
CONFIGURATION = (
    b"Le_Domain='nas.example.com'\nLe_Alt='no'\nLe_Webroot='/srv/web'\nLe_PreHook=''\nLe_Keylength='ec-256'\n"
    b"Le_API='https://ca.example.com/directory'\nLe_OrderFinalize='https://ca.example.com/f/1'\nLe_CertCreateTime='1800000000'\n"
    b"Le_NextRenewTime='1800060000'\nLe_ReloadCmd='__ACME_BASE64__START_dHJ1ZQ==__ACME_BASE64__END_'\nLe_DeployHook='ssh,'\n"
)
ACCOUNT = b"CA_KEY_HASH='x+y/z='\nACCOUNT_URL='https://ca.example.com/acme/account/1'\nCA_EMAIL='a@example.com'\n"
SERVER = "https://ca.example.com/acme/directory"
pytestmark = pytest.mark.usefixtures("nothing_unexpected")
SECONDS = 5.0  # for one reading on a busy machine; they take milliseconds


@pytest.fixture(scope="module", autouse=True)
def _unsynced() -> Iterator[None]:
    """Nobody pulls the plug here, and a disk that is waited for takes ten times as long as all the rest."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield


@st.composite
def mutants(draw: st.DrawFn, recording: bytes) -> bytes:
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(recording)))
        end = draw(st.integers(start, min(len(recording), start + 30)))
        piece = draw(st.sampled_from(FRAGMENTS) | st.binary(max_size=4))
        recording = recording[:start] + piece + recording[end:]
    return recording


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just(NOW) | st.just(LEAF),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["nas", "wanted", "id"]), inner, max_size=3)
    ),
    max_leaves=4,
)


@st.composite
def altered(draw: st.DrawFn, recording: bytes) -> bytes:
    """The document with some of its values exchanged: syntax that every parser takes."""
    document = json.loads(recording)
    for _ in range(draw(st.integers(1, 3))):
        place = document
        while isinstance(place, dict) and place:
            key = draw(st.sampled_from(sorted(place)))
            if not isinstance(place[key], dict) or draw(st.integers(0, 4)) == 0:
                action = draw(st.sampled_from(["exchange", "exchange", "exchange", "remove", "add"]))
                if action == "remove":
                    del place[key]
                else:
                    place[key if action == "exchange" else draw(st.text(max_size=5))] = draw(JSON)
                break
            place = place[key]
    return json.dumps(document).encode()


@st.composite
def revalued(draw: st.DrawFn, recording: bytes) -> bytes:
    """acme.sh's lines with other values, keys or order."""
    lines = recording.decode().splitlines()
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(lines) - 1))
        key = draw(st.sampled_from([lines[at].partition("=")[0], "Le_Alt", "Le_Domain", "SAVED_X", "ACCOUNT_URL"]))
        text = st.text(st.characters(exclude_characters="'\n\r", exclude_categories=["Cs"]), max_size=20)
        value = draw(text | st.sampled_from(["", "no", "-1", "9" * 40, "https://ca/$(id)", ",,,", "/../x"]))
        lines[at] = f"{key}='{value}'"
    return ("\n".join(draw(st.permutations(lines))) + "\n").encode()


def parses(parse: Callable[[], object]) -> bool:
    try:
        parse()
    except (ValueError, RecursionError):
        event("refused by the first parser")
        return False
    event("taken by the first parser")
    return True


@given(mutants(LEDGER) | altered(LEDGER) | altered(LEDGER))
def test_of_a_ledger_a_plan_is_made_in_any_case(data: bytes) -> None:
    parses(lambda: jsontext.parse(data))
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        config = make_config()
        home = Path(folder) / "home"
        config = replace(config, authorities={"internal": replace(config.authorities["internal"], home=home)})
        Folder(domain="nas.internal.test", names=("nas.internal.test",)).write(home)
        (home / ".ledger.json").write_bytes(data)
        try:
            state = read_state(config, CERTIFICATE_PARTS)
        except AcmewrapError as error:
            if error.id != "home.newer":
                raise
            event("taken for that of a later version")
            return
        for options in (PlanOptions(), PlanOptions(respect_backoff=True)):
            plan(config, state, NOW, options)
        ledger = Ledger.load(home / ".ledger.json")
        for name in ("nas", "nas/dsm", "other"):
            ledger.put(name, replace(ledger.get(name), attempts=1))
        assert Ledger.load(home / ".ledger.json").get("nas").attempts == 1
    assert time.monotonic() - began < SECONDS


@given(mutants(CONFIGURATION) | revalued(CONFIGURATION), mutants(ACCOUNT) | revalued(ACCOUNT))
def test_of_acme_shs_configurations_values_come_or_the_line_that_is_wrong(data: bytes, account: bytes) -> None:
    text, other = data.decode("utf-8", "surrogateescape"), account.decode("utf-8", "surrogateescape")
    parses(lambda: parse_configuration(text))
    parses(lambda: parse_account(other))
    without = edit_configuration(text, {"Le_NextRenewTime": "1"}, ("SAVED_",))
    assert "Le_NextRenewTime='1'\n" in without
    raw_values(text, ("Le_DeployHook",))


@given(st.data(), st.integers(0, 7))
def test_of_a_home_a_whole_set_or_a_reason_to_issue_comes_and_an_account_that_can_be_used(
    data: st.DataObject, broken: int
) -> None:
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder) / "home")
        account = home.account_folder(SERVER)
        account.mkdir(parents=True)
        staged = Folder().write(Path(folder) / "staged")
        home.replace("nas.example.com", True, staged.folder)
        files = home.files_of("nas.example.com", True)
        recordings: List[Tuple[Path, bytes]] = [
            (account / "account.key", make_key(b"\x04" + b"a" * 64)),
            (account / "account.json", b'{"status": "valid", "contact": []}\n'),
            (account / "ca.conf", ACCOUNT),
            *((one, one.read_bytes()) for one in (files.key, files.certificate, files.chain, files.fullchain)),
            (files.configuration, files.configuration.read_bytes()),
        ]
        for path, content in recordings:
            path.write_bytes(content)
        recovery.recover(home, SERVER)
        path, content = recordings[broken]
        mutant = data.draw(mutants(content) | revalued(content) if path.suffix == ".conf" else mutants(content))
        path.write_bytes(mutant)
        if path.suffix in (".cer", ".key"):
            parses(lambda: x509.public_part(mutant) if path.suffix == ".key" else x509.parse_pem(mutant))
        recovery.recover(home, SERVER)
        assert recovery.find_account_fault(account) == ()
        stored = home.read("nas.example.com", True)
        assert stored is not None
        assert stored.leaf is None or isinstance(stored.find_fault(), (str, type(None)))
        assert list(home.stored()) == [stored]
        recovery.recover(home, SERVER)
    assert time.monotonic() - began < SECONDS


@given(mutants(CRONTAB))
def test_of_a_crontab_nobodys_line_is_lost(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    for name in ("/srv/acme/acmewrap.yaml", "/srv/other.yaml"):
        one = CrontabEntry(
            name, Schedule(daily=(4, 55), mail="a@example.com"), (("true", "100%"),), Path("/srv/task.log")
        )
        event("has the entry" if one.is_in(text) else "has it not")
        merged = one.merge(text)
        assert one.merge(merged) == merged
        assert one.is_in(merged)
        rest = one.without(merged)
        assert not one.find(rest) or text.count(f"# BEGIN acmewrap {name}") > 1
        lost = [line for line in text.split("\n") if line not in merged.split("\n") and line not in one.find(text)]
        assert lost == []


ODD: Mapping[str, Callable[[Path], object]] = {
    "a folder": Path.mkdir,
    "a FIFO": lambda path: os.mkfifo(str(path)),
    "a link to itself": lambda path: path.symlink_to(path.name),
    "nothing": lambda _: None,
}


@given(st.data(), st.integers(0, 8), st.sampled_from([None, None, None, *ODD]))
def test_of_any_home_there_are_a_status_and_a_plan_in_which_nothing_was_unexpected(
    data: st.DataObject, broken: int, odd: Optional[str]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder) / "home")
        account = home.account_folder(SERVER)
        account.mkdir(parents=True)
        files = Folder(domain="nas.internal.test", names=("nas.internal.test",)).write(home.path)
        kept = [files.configuration, files.key, files.certificate, files.chain, files.fullchain]
        for path, content in (
            (home.path / ".ledger.json", LEDGER),
            (account / "ca.conf", ACCOUNT),
            (account / "account.key", make_key(b"\x04" + b"a" * 64)),
            (account / "account.json", b'{"status": "valid"}\n'),
        ):
            path.write_bytes(content)
            kept.append(path)
        content = kept[broken].read_bytes()
        if odd is None:
            kept[broken].write_bytes(data.draw(mutants(content)))
        else:
            kept[broken].unlink()
            ODD[odd](kept[broken])
        config = make_config(
            authorities={"internal": Authority("internal", SERVER, home.path)},
            certificates={"nas": replace(CERTIFICATE, targets=())},
            schedule=None,
            synology=None,
            directory=Path(folder),
            file=Path(folder) / "acmewrap.yaml",
        )
        job = Job(config, {"HOME": folder}, clock=lambda: NOW)
        try:
            (status,) = job.status().values()
            found = job.plan(command="cron")
        except AcmewrapError as error:
            event(f"refused: {error.id}")
            assert error.id == "home.newer"  # noqa: PT017
            return
        event(f"{status.state}, {len(found.steps)} steps")
        assert [one.id for one in found.state.unread] == []
        assert not (Path(folder) / "reports").exists()
