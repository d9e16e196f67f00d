from __future__ import annotations

import ast
import re
import string
from pathlib import Path

from acmewrap import failures
from acmewrap.errors import AcmewrapError, ExitCode
from acmewrap.failures import CATALOGUE, failure
from acmewrap.report.manual import EXIT_CODES
from errors_manual import document

PACKAGE = Path(failures.__file__).resolve().parent.parent
FILE = Path(__file__).resolve().parent.parent.parent / "docs" / "errors.md"


def test_the_page_of_errors_is_what_the_catalogue_says() -> None:
    assert FILE.read_text(encoding="utf-8") == document(), "write it anew: the page itself says how"


def test_every_failure_has_a_place_to_link_to() -> None:
    assert re.findall(r'<a id="([^"]+)"></a>', document()) == sorted(CATALOGUE)


def test_no_failure_has_the_name_of_a_section_of_the_file() -> None:
    """Both are titles in the manual, where a link would lead to the one or the other."""
    sections = re.findall(r"^## `(.+)`$", (FILE.parent / "configuration.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert "monitoring.metrics" in sections
    assert set(sections) & set(CATALOGUE) == set()


def test_no_id_is_used_twice() -> None:
    assert sum(len(family.ENTRIES) for family in failures._FAMILIES) == len(CATALOGUE)


def test_a_failure_has_the_exit_code_of_its_entry_and_so_has_the_error_that_carries_it() -> None:
    for id, entry in CATALOGUE.items():
        assert AcmewrapError(failure(id, "it happened")).exit_code is entry.exit_code, id
        assert entry.exit_code is not ExitCode.OK


def test_the_page_on_the_exit_codes_says_what_the_program_says() -> None:
    page = (FILE.parent / "how-it-works.md").read_text(encoding="utf-8")
    for code in ExitCode:
        assert f"| {code:d} | {code.meaning} |" in page
        assert re.search(rf"^  {code:d} +{re.escape(code.meaning)}$", EXIT_CODES, re.MULTILINE)


def test_every_entry_says_why_and_what_to_do() -> None:
    for id, entry in CATALOGUE.items():
        assert re.fullmatch(r"[a-z]+(\.[a-z0-9_]+)+", id)
        assert entry.cause.endswith("."), id
        assert len(entry.remedy) > 15, id


def test_a_remedy_without_its_values_is_still_readable() -> None:
    for id, entry in CATALOGUE.items():
        fields = [field for _, field, _, _ in string.Formatter().parse(entry.remedy) if field]
        remedy = failure(id, "it happened").remedy
        assert all(field.upper() in remedy for field in fields), id


def test_no_code_compares_ids_to_decide() -> None:
    """What follows from a failure is a property of its entry, or the class of its error."""
    found = [
        f"{path.relative_to(PACKAGE)}:{node.lineno}"
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Compare)
        for part in ast.walk(node)
        if isinstance(part, ast.Constant) and part.value in CATALOGUE
    ]
    assert found == []
