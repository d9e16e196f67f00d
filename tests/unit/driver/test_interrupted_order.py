"""What an order leaves that is ended before acme.sh has cleaned up."""

from __future__ import annotations

from pathlib import Path
from typing import Tuple

import pytest

from acmewrap.driver.verbs import interrupted_order
from acmewrap.errors import CommandError
from acmewrap.failures import failure

ADDED = "[Fri Nov 27 01:00:00 UTC 2026] Adding TXT value: a-b_c for domain: _acme-challenge.lab.example.com"
REMOVED = "Removing txt: a-b_c for domain: _acme-challenge.lab.example.com"
RECORD = "interrupted; left behind: the TXT record _acme-challenge.lab.example.com"


@pytest.mark.parametrize(
    ("lines", "said"),
    [((), "interrupted"), ((ADDED,), RECORD), ((ADDED, REMOVED), "interrupted"), ((ADDED, REMOVED, ADDED), RECORD)],
)
def test_a_record_that_was_added_and_not_removed_is_named(lines: Tuple[str, ...], said: str) -> None:
    with pytest.raises(CommandError) as caught, interrupted_order.leftovers_named(()):
        raise CommandError(failure("run.interrupted", "interrupted", lines))
    assert caught.value.failure.message == said


def test_a_challenge_file_that_was_not_there_before_is_named(tmp_path: Path) -> None:
    folder = tmp_path / ".well-known" / "acme-challenge"
    folder.mkdir(parents=True)
    (folder / "older").touch()

    def order() -> None:
        with interrupted_order.leftovers_named((str(tmp_path), str(tmp_path))):
            (folder / "token").touch()
            raise CommandError(failure("run.interrupted", "interrupted"))

    with pytest.raises(CommandError) as caught:
        order()
    assert caught.value.failure.message == f"interrupted; left behind: {folder}/token"
