"""Making an imported certificate the one that DSM uses, against the simulator's own store."""

from __future__ import annotations

from typing import Any, Iterator

import pytest

from acmewrap.config.model import DsmCertificate
from acmewrap.errors import DeployError
from acmewrap.secrets import Secret
from acmewrap.synology.certificates import find, find_drift, put_to_use, read
from acmewrap.synology.web import Client
from acmewrap.testing.dsm import CertificateStore, DsmSimulator, StoredCertificate

ASSIGN = "SYNO.Core.Certificate.Service.set"
DEFAULT = "SYNO.Core.Certificate.CRT.set"
QUICKCONNECT, FTPS, DESKTOP = "system/quickconnect", "smbftpd/ftpd", "system/default"


@pytest.fixture(scope="module")
def simulator() -> Iterator[DsmSimulator]:
    with DsmSimulator() as nas:
        yield nas


@pytest.fixture
def nas(simulator: DsmSimulator) -> DsmSimulator:
    """As after an import: the factory's certificate in use, ours listed."""
    simulator.heal()
    simulator.state.certificates = CertificateStore.create(simulator.state.generation)
    simulator.state.certificates.desktop_follows_default = False
    simulator.state.requests.clear()
    add(simulator, "acme")
    return simulator


def add(nas: DsmSimulator, description: str) -> StoredCertificate:
    store = nas.state.certificates
    other = CertificateStore.create(nas.state.generation)
    (entry,) = other.entries.values()
    entry.description, entry.id, entry.factory = description, store.new_id(), False
    store.entries[entry.id] = entry
    return entry


def session(nas: DsmSimulator) -> Client:
    return Client(nas.url, nas.account, Secret(nas.password))


def use(nas: DsmSimulator, wanted: DsmCertificate) -> bool:
    with session(nas) as client:
        return put_to_use(client, wanted)


def user_of(nas: DsmSimulator, service: str) -> str:
    store = nas.state.certificates
    return store.entries[store.service(service).certificate or store.default].description


def test_it_becomes_the_default_and_is_given_all_services(nas: DsmSimulator) -> None:
    use(nas, DsmCertificate("acme"))
    store = nas.state.certificates
    assert store.entries[store.default].description == "acme"
    assert (user_of(nas, DESKTOP), user_of(nas, FTPS)) == ("acme", "acme")


def test_all_services_are_those_that_no_other_entry_of_the_file_has(nas: DsmSimulator) -> None:
    add(nas, "album")
    use(nas, DsmCertificate("album", default=False, services=("FTPS",)))
    use(nas, DsmCertificate("acme", reserved=("FTPS",)))
    assert (user_of(nas, DESKTOP), user_of(nas, FTPS)) == ("acme", "album")
    with session(nas) as client:
        assert find_drift(read(client), DsmCertificate("acme", reserved=("FTPS",))) is None


def test_quickconnect_is_left_with_what_it_has(nas: DsmSimulator) -> None:
    use(nas, DsmCertificate("acme"))
    assert (
        nas.state.certificates.service(QUICKCONNECT).certificate != nas.state.certificates.by_description("acme")[0].id
    )


def test_only_the_named_services_move(nas: DsmSimulator) -> None:
    use(nas, DsmCertificate("acme", default=False, services=("FTPS",)))
    store = nas.state.certificates
    assert user_of(nas, FTPS) == "acme"
    assert user_of(nas, DESKTOP) == ""
    assert store.entries[store.default].description == ""


def test_a_service_may_be_named_as_dsm_calls_it_inside(nas: DsmSimulator) -> None:
    use(nas, DsmCertificate("acme", default=False, services=("ftpd",)))
    assert user_of(nas, FTPS) == "acme"


def test_doing_it_again_sets_nothing(nas: DsmSimulator) -> None:
    assert use(nas, DsmCertificate("acme")) is True
    nas.state.requests.clear()
    assert use(nas, DsmCertificate("acme")) is False
    assert not nas.calls(ASSIGN)
    assert not nas.calls(DEFAULT)


def test_two_entries_of_the_same_description_are_not_guessed_between(nas: DsmSimulator) -> None:
    add(nas, "acme")
    with pytest.raises(DeployError) as caught:
        use(nas, DsmCertificate("acme"))
    assert caught.value.id == "dsm.ambiguous"
    assert not nas.calls(ASSIGN)
    assert not nas.calls(DEFAULT)


def test_an_entry_that_is_not_there_was_not_imported(nas: DsmSimulator) -> None:
    with pytest.raises(DeployError) as caught:
        use(nas, DsmCertificate("another"))
    assert caught.value.id == "dsm.not_imported"


def test_services_that_dsm_did_not_give_are_named_although_it_reported_success(nas: DsmSimulator) -> None:
    nas.fail(ASSIGN, "ignored")
    with pytest.raises(DeployError, match="FTPS") as caught:
        use(nas, DsmCertificate("acme", services=("FTPS",)))
    assert caught.value.id == "dsm.not_assigned"


def test_among_all_services_one_that_dsm_does_not_move_is_a_warning(
    nas: DsmSimulator, caplog: pytest.LogCaptureFixture
) -> None:
    nas.state.certificates.desktop_follows_default = True
    nas.fail(ASSIGN, "ignored")
    use(nas, DsmCertificate("acme"))
    assert "FTPS" in caplog.text


def test_but_not_when_it_is_dsm_itself(nas: DsmSimulator) -> None:
    nas.fail(ASSIGN, "ignored")
    with pytest.raises(DeployError, match="DSM Desktop Service"):
        use(nas, DsmCertificate("acme"))


def test_a_service_that_nobody_may_move_is_left_out_of_all_and_an_error_when_it_is_named(
    nas: DsmSimulator, caplog: pytest.LogCaptureFixture
) -> None:
    nas.state.certificates.add_fixed_service("system", "fixed", "Fixed")
    with caplog.at_level("INFO"):
        use(nas, DsmCertificate("acme"))
    assert "DSM lets nobody choose a certificate for: QuickConnect, Fixed" in caplog.text
    assert "Fixed" not in str([request.parameters.get("settings") for request in nas.requests])
    with session(nas) as client:
        assert find_drift(read(client), DsmCertificate("acme")) is None
    with pytest.raises(DeployError, match="Fixed") as caught:
        use(nas, DsmCertificate("acme", services=("Fixed",)))
    assert caught.value.id == "dsm.not_assigned"


@pytest.mark.parametrize("call", [ASSIGN, DEFAULT])
@pytest.mark.parametrize("effect", ["reply_lost", "cut_off", "bad_gateway"])
def test_after_a_lost_answer_the_list_is_read_and_only_what_is_missing_is_sent(
    nas: DsmSimulator, call: str, effect: Any
) -> None:
    nas.fail(call, effect)
    use(nas, DsmCertificate("acme"))
    assert [user_of(nas, name) for name in ("system/default", "smbftpd/ftpd")] == ["acme", "acme"]
    assert len(nas.calls(call)) == (1 if effect == "reply_lost" else 2)


def test_a_default_that_did_not_become_one_is_named(nas: DsmSimulator) -> None:
    nas.fail(DEFAULT, "ignored")
    with pytest.raises(DeployError, match="default") as caught:
        use(nas, DsmCertificate("acme"))
    assert caught.value.id == "dsm.not_assigned"


def test_descriptions_are_compared_as_they_are(nas: DsmSimulator) -> None:
    add(nas, "ACME ")
    with session(nas) as client:
        listed = read(client)
    found = find(listed, "acme")
    assert found is not None
    assert found.description == "acme"
    assert find(listed, "Acme") is None
