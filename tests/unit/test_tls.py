from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from acmewrap.net.tls import trust


def test_a_server_is_judged_as_curl_judges_it_on_every_python() -> None:
    context = trust(None)
    assert not context.verify_flags & ssl.VERIFY_X509_STRICT
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_a_bundle_that_cannot_be_used_is_an_error_and_not_the_machines_store(tmp_path: Path) -> None:
    for content in (None, "no certificate in here\n"):
        bundle = tmp_path / "ca.crt"
        if content is not None:
            bundle.write_text(content)
        with pytest.raises(OSError):  # noqa: PT011  a missing file and one without certificates have no more in common
            trust(str(bundle))
