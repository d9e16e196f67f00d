"""How the simulated DSM reads what arrives."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from acmewrap.testing.dsm.call import parse_value
from acmewrap.testing.dsm.data.presets import load_preset
from acmewrap.testing.dsm.faults import Faults
from acmewrap.testing.dsm.multipart import parse_multipart
from acmewrap.testing.dsm.state import State
from acmewrap.testing.dsm.store import CertificateStore

CONTENT_TYPE = "multipart/form-data; boundary=--------------------------20261123120000"
DELIMITER = b"----------------------------20261123120000"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"8ec29f"', "8ec29f"),
        ("8ec29f", 8),
        ("-12x", -12),
        ("bare words", "bare words"),
        ("true", True),
        ("False", "False"),
        ('["a"]', ["a"]),
        ("", ""),
    ],
)
def test_a_parameter_is_json_and_a_bare_word_only_when_it_looks_like_nothing_else(text: str, value: Any) -> None:
    assert parse_value(text) == value


def test_file_parts_keep_every_byte_and_fields_are_text() -> None:
    body = (
        DELIMITER + b'\r\nContent-Disposition: form-data; name="key"; filename="a.key"\r\n'
        b"Content-Type: application/octet-stream\r\n\r\nPEM\n\n\r\n"
        + DELIMITER
        + b'\r\nContent-Disposition: form-data; name="id"\r\n\r\n\r\n'
        + DELIMITER
        + b'\r\nContent-Disposition: form-data; name="desc"\r\n\r\nna\xc3\xafve\r\n'
        + DELIMITER
        + b"--\r\n"
    )
    fields, uploads = parse_multipart(body, CONTENT_TYPE)
    assert fields == {"id": "", "desc": "naïve"}
    assert (uploads["key"].filename, uploads["key"].content) == ("a.key", b"PEM\n\n")


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", CONTENT_TYPE),
        (b"something else", CONTENT_TYPE),
        (DELIMITER + b'\r\nContent-Disposition: form-data; name="id"\r\n\r\ncut o', CONTENT_TYPE),
        (DELIMITER + b"\r\nno name\r\n\r\n\r\n" + DELIMITER + b"--", CONTENT_TYPE),
        (DELIMITER + b"--", "multipart/form-data"),
    ],
)
def test_a_body_that_is_not_multipart_is_refused(body: bytes, content_type: str) -> None:
    with pytest.raises(ValueError, match=r"part|boundary"):
        parse_multipart(body, content_type)


def test_faults_are_used_up_in_order_and_counted() -> None:
    faults = Faults()
    once, always = faults.add("a", 119, 1), faults.add("a", "cut_off", None)
    assert [faults.take("a") for _ in range(3)] == [119, "cut_off", "cut_off"]
    assert faults.take("b") is None
    assert (once.hits, always.hits) == (1, 2)
    faults.clear()
    assert faults.take("a") is None


def test_a_copy_of_the_state_shares_what_is_recorded_and_nothing_else() -> None:
    state = State(load_preset("7.2.1"), CertificateStore(7))
    state.add_user("ops", "password")
    copied = copy.deepcopy(state)
    copied.add_user("other", "password")
    assert list(state.users) == ["ops"]
    assert copied.requests is state.requests
    assert copied.logins is state.logins
