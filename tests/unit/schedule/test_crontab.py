"""The text of a crontab, with and without our entry."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Optional, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acmewrap.config.model import Schedule
from acmewrap.schedule.crontab import CrontabEntry
from acmewrap.system.privileges import User

COMMAND = ("/usr/bin/python3", "-m", "acmewrap", "--config", "/srv/acme/acmewrap.yaml", "cron")
OTHERS = "# m h dom mon dow command\nSHELL=/bin/sh\n\n\t15 3 * * 0  /usr/local/bin/backup --all\t# mine\n"


def entry(
    *,
    name: str = "/srv/acme/acmewrap.yaml",
    daily: Optional[Tuple[int, int]] = (4, 55),
    every: Optional[int] = None,
    mail: Optional[str] = None,
    commands: Tuple[Tuple[str, ...], ...] = (COMMAND,),
    log: str = "/srv/acme/task.log",
) -> CrontabEntry:
    schedule = Schedule(daily=None if every is not None else daily, every_seconds=every, mail=mail)
    return CrontabEntry(name, schedule, commands, Path(log))


def lines(one: CrontabEntry) -> Tuple[str, ...]:
    return tuple(line for line in one.render().splitlines() if not line.startswith("#"))


def fields(one: CrontabEntry) -> str:
    (line,) = lines(one)
    return " ".join(line.split()[:5])


def test_the_entry_runs_at_its_time_and_logs_both_streams() -> None:
    (line,) = lines(entry())
    assert line.startswith("55 4 * * * umask 077; ( log=/srv/acme/task.log; ")
    assert line.endswith(
        ' && exec >> "$log" 2>&1 && date -u -Iseconds; /usr/bin/python3 -m acmewrap --config /srv/acme/acmewrap.yaml cron )'
    )


def test_it_is_marked_with_the_configuration_it_belongs_to() -> None:
    rendered = entry().render().splitlines()
    assert all("/srv/acme/acmewrap.yaml" in rendered[place] and rendered[place].startswith("#") for place in (0, -1))
    assert rendered[0] != rendered[-1]


@pytest.mark.parametrize("text", ["", OTHERS, OTHERS.rstrip("\n"), "no newline at the end", "\n\n"])
def test_every_other_line_stays_to_the_letter(text: str) -> None:
    merged = entry().merge(text)
    assert merged.startswith(text)
    assert merged.endswith(entry().render())
    added = merged[len(text) : -len(entry().render())]
    assert added == ("" if text.endswith("\n") or not text else "\n")  # without it our first line would join theirs
    assert entry().is_in(merged)
    assert not entry().is_in(text)


@pytest.mark.parametrize("text", ["", OTHERS, OTHERS.rstrip("\n")])
def test_merging_again_changes_nothing(text: str) -> None:
    once = entry().merge(text)
    assert entry().merge(once) == once


def test_a_changed_entry_takes_the_place_of_the_old_one() -> None:
    before = OTHERS + entry(daily=(1, 2)).render() + "30 1 * * * /bin/true\n"
    assert entry().merge(before) == OTHERS + entry().render() + "30 1 * * * /bin/true\n"


def test_entries_of_two_configurations_live_side_by_side() -> None:
    one, other = entry(), entry(name="/srv/other/acmewrap.yaml")
    both = other.merge(one.merge(OTHERS))
    assert one.is_in(both)
    assert other.is_in(both)
    assert one.merge(both) == both
    assert one.without(both) == OTHERS + other.render()


def test_removing_it_gives_back_what_was_there() -> None:
    assert entry().without(entry().merge(OTHERS)) == OTHERS
    assert entry().without(OTHERS) == OTHERS


def test_an_entry_without_its_end_swallows_no_line_of_anybody_else() -> None:
    damaged = entry().render().splitlines(keepends=True)[0] + OTHERS
    merged = entry().merge(damaged)
    assert merged == entry().render() + OTHERS


def test_a_line_ends_with_a_line_feed_and_with_nothing_else() -> None:
    text = f"# not ours\r{entry().render()}0 1 * * * true\x0c{entry().render()}"
    assert entry().merge(text).startswith(text.split("\n", 1)[0])
    assert entry().merge(entry().render().replace("\n", "\r\n")) == entry().render()


def test_percent_signs_are_escaped_for_cron() -> None:
    one = entry(commands=(("/opt/100%/acmewrap", "cron"),), log="/srv/50%/task.log", mail="ops@example.com")
    assert not re.search(r"(?<!\\)%", "\n".join(lines(one)))
    assert r"/opt/100\%/acmewrap" in one.render()


def test_words_that_a_shell_would_split_or_expand_are_quoted() -> None:
    (line,) = lines(entry(commands=(("/opt/my tools/acmewrap", "--config", "/srv/it's $HOME.yaml", "cron"),)))
    assert "'/opt/my tools/acmewrap' --config '/srv/it'\"'\"'s $HOME.yaml' cron" in line


def test_several_commands_are_several_lines() -> None:
    found = lines(entry(commands=(("/srv/acme.sh", "--cron"), ("/srv/acme.sh-internal", "--cron"))))
    assert [line.split()[-3] for line in found] == ["/srv/acme.sh", "/srv/acme.sh-internal"]


def test_mail_is_sent_only_when_something_failed() -> None:
    mail, line, _ = lines(entry(mail="ops@example.com"))
    assert mail == "MAILTO=ops@example.com"
    assert " ) || " in line
    assert "MAILTO" not in entry().render()


@pytest.mark.parametrize(
    ("before", "restored"),
    [
        ("", f"MAILTO={User.current().name}"),
        ("MAILTO=first@example.com\n0 1 * * * /bin/true\nMAILTO = second@example.com\n", "MAILTO = second@example.com"),
        ('MAILTO=""\n', 'MAILTO=""'),
    ],
)
def test_mail_of_the_lines_below_goes_where_it_went_before(before: str, restored: str) -> None:
    one = entry(mail="ops@example.com")
    merged = one.merge(before + "0 2 * * * /bin/backup\n")
    merged += "0 3 * * * /bin/added/later\n"
    settings = [line for line in merged.splitlines() if line.startswith("MAILTO")]
    assert settings[-2:] == ["MAILTO=ops@example.com", restored]
    assert one.merge(merged) == merged


@pytest.mark.parametrize(
    ("every", "pattern"),
    [
        (60, r"\* \* \* \* \*"),
        (5 * 60, r"[0-4]-59/5 \* \* \* \*"),
        (30 * 60, r"([0-9]|[12][0-9])-59/30 \* \* \* \*"),
        (3600, r"[0-5]?[0-9] \* \* \* \*"),
        (6 * 3600, r"[0-5]?[0-9] [0-5]-23/6 \* \* \*"),
        (12 * 3600, r"[0-5]?[0-9] ([0-9]|1[01])-23/12 \* \* \*"),
        (86400, r"[0-5]?[0-9] (1?[0-9]|2[0-3]) \* \* \*"),
    ],
)
def test_an_interval_becomes_fields_with_a_minute_of_the_machines_own(every: int, pattern: str) -> None:
    found = fields(entry(every=every))
    assert re.fullmatch(pattern, found), found
    assert fields(entry(every=every)) == found


def test_the_minute_differs_between_configurations() -> None:
    assert len({fields(entry(every=3600, name=f"/srv/{number}.yaml")) for number in range(30)}) > 5


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")))
def test_no_crontab_loses_a_character(text: str) -> None:
    merged = entry().merge(text)
    assert entry().merge(merged) == merged
    if not entry().is_in(text):
        assert merged.startswith(text)
