from __future__ import annotations

import json
import string
from typing import Dict, List, Mapping, Sequence, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acmewrap.acme import directory
from acmewrap.driver.output import error_codes, patterns
from acmewrap.driver.output.diagnosis import diagnose
from acmewrap.driver.output.transcript import read
from acmewrap.errors import Failure, Retry
from acmewrap.failures import CATALOGUE, dsm_codes

STAMP = "[Mon Nov 23 08:59:17 UTC 2026] "
SERVER = "https://pki.internal.example.com/acme/directory"
CONTEXT = {
    "server": SERVER,
    "ca_bundle": "/volume1/homes/certupdater/ca.crt",
    "webroot": "/var/lib/letsencrypt",
    "domain": "nas.internal.example.com",
    "user": "certupdater",
}


def diagnosed(
    lines: Sequence[str], verb: str = "issue", log: str = "", context: Mapping[str, str] = CONTEXT, returncode: int = 1
) -> Failure:
    return diagnose(verb, read(lines), protocol_log=log, returncode=returncode, context=context)


def curl(code: int) -> str:
    return f"{STAMP}Please refer to https://curl.haxx.se/libcurl/c/libcurl-errors.html for error code: {code}"


def problem(name: str, detail: str = "no", status: int = 400) -> str:
    return json.dumps({"type": f"urn:ietf:params:acme:error:{name}", "detail": detail, "status": status})


# --- the two cases of the article that this project began with ---


def test_an_untrusted_authority_leads_to_the_bundle_and_to_curl() -> None:
    failure = diagnosed([curl(60), f"{STAMP}Can not init api for: {SERVER}."])
    assert failure.id == "ca.tls_untrusted"
    assert "Review the ca_bundle file /volume1/homes/certupdater/ca.crt" in failure.remedy
    assert f"curl -v {SERVER} --cacert /volume1/homes/certupdater/ca.crt" in failure.remedy


def test_a_token_that_cannot_be_written_leads_to_the_webroot_and_its_owner() -> None:
    token = "/var/lib/letsencrypt/.well-known/acme-challenge/7NckvfDW0gO98NgeOXcChpSBqBb7bLFE"
    failure = diagnosed([f"{STAMP}Can not write token to file : {token}"])
    assert failure.id == "webroot.not_writable"
    assert "/var/lib/letsencrypt exists and has the correct permissions" in failure.remedy
    assert "sudo mkdir -p /var/lib/letsencrypt/.well-known/acme-challenge" in failure.remedy
    assert "sudo chown -R certupdater:http /var/lib/letsencrypt" in failure.remedy


# --- each source of knowledge ---


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (6, "ca.name_unresolved"),
        (7, "ca.unreachable"),
        (28, "ca.timeout"),
        (35, "ca.tls_untrusted"),
        (52, "ca.unreachable"),
        (58, "ca.tls_untrusted"),
        (60, "ca.tls_untrusted"),
        (77, "ca.tls_untrusted"),
        (3, "ca.not_acme"),
        (99, "ca.unreachable"),
    ],
)
def test_the_number_of_curl_tells_what_is_wrong_on_the_way_to_the_authority(code: int, expected: str) -> None:
    failure = diagnosed([curl(code), f"{STAMP}Cannot init API for {SERVER}"])
    assert failure.id == expected
    assert f"(curl error {code})" in failure.message
    assert SERVER in failure.message


@pytest.mark.parametrize(("code", "expected"), [(5, "ca.tls_untrusted"), (4, "ca.unreachable"), (1, "ca.unreachable")])
def test_the_number_of_wget_is_understood_too(code: int, expected: str) -> None:
    line = f"Please refer to https://www.gnu.org/software/wget/manual/html_node/Exit-Status.html for error code: {code}"
    failure = diagnosed([line])
    assert (failure.id, f"(wget error {code})" in failure.message) == (expected, True)


@pytest.mark.parametrize(
    ("hook", "code", "expected"),
    [
        ("synology_dsm", 7, "dsm.unreachable"),
        ("synology_dsm", 60, "dsm.tls_untrusted"),
        ("synology_dsm", 90, "dsm.tls_untrusted"),
        ("proxmoxve", 7, "deploy.unreachable"),
        ("proxmoxve", 60, "deploy.unreachable"),
    ],
)
def test_a_transfer_that_fails_while_deploying_is_about_the_target(hook: str, code: int, expected: str) -> None:
    assert diagnosed([curl(code)], verb="deploy", context={"hook": hook}).id == expected
    issued = ["Your cert is in: /h/a.cer", curl(code), "Error deploying for domain: a.example.com"]
    assert diagnosed([curl(6), *issued], verb="renew", context={"hook": hook}).id == expected


def test_a_transfer_that_was_tried_again_with_success_is_not_the_reason() -> None:
    lines = [curl(56), "Verifying: a.example.com", "Pending. The CA is processing your order, please wait. (1/30)"]
    assert diagnosed([*lines, "a.example.com: Timeout"]).id == "challenge.timed_out"


@pytest.mark.parametrize(
    ("name", "detail", "expected"),
    [
        ("rateLimited", "too many", "acme.rate_limited"),
        ("rejectedIdentifier", "policy", "acme.rejected_identifier"),
        ("unsupportedIdentifier", "ip", "acme.rejected_identifier"),
        ("externalAccountRequired", "", "acme.eab_required"),
        ("unauthorized", "the 'kid' references a key that is not known to the ACME server", "acme.eab_wrong"),
        ("malformed", "failed to verify external account binding", "acme.eab_wrong"),
        ("accountDoesNotExist", "unable to find", "account.unknown"),
        ("unauthorized", "Account is not valid, has status deactivated", "account.unknown"),
        ("malformed", "Key ID (kid) in JWS header missing expected URL prefix", "account.unknown"),
        ("invalidContact", "no", "account.contact"),
        ("unsupportedContact", "no", "account.contact"),
        ("userActionRequired", "agree", "acme.terms"),
        ("caa", "CAA", "acme.caa"),
        ("badCSR", "key too short", "acme.bad_csr"),
        ("badPublicKey", "key too short", "acme.bad_csr"),
        ("orderNotReady", "pending", "acme.order_invalid"),
        ("malformed", "Order has expired", "acme.order_invalid"),
        ("malformed", "JWS verification error: square/go-jose: error in cryptographic primitive", "account.unknown"),
        ("malformed", "Domain name contains an invalid character", "acme.rejected_identifier"),
        ("badNonce", "unacceptable anti-replay nonce", "ca.nonce"),
        ("serverInternal", "oops", "ca.server_error"),
        ("alreadyRevoked", "", "acme.already_revoked"),
        ("connection", "connection refused", "challenge.not_reachable"),
        ("tls", "handshake", "challenge.not_reachable"),
        ("connection", "dial tcp: lookup a.example.com: no such host", "challenge.name_unresolved"),
        ("dns", "NXDOMAIN", "challenge.name_unresolved"),
        ("incorrectResponse", "keyAuthorization does not match", "challenge.wrong_content"),
        (
            "unauthorized",
            "Non-200 status code from HTTP: http://a.example.com/ returned 404",
            "challenge.wrong_content",
        ),
        ("somethingNew", "something new", "acme.refused"),
        ("unauthorized", "The client lacks sufficient authorization", "acme.refused"),
        ("invalidProfile", "no such profile", "acme.profile"),
        ("malformed", "Profile x is not permitted for this account", "acme.profile"),
        ("alreadyReplaced", "", "acme.order_invalid"),
        ("badSignatureAlgorithm", "ES256", "account.key"),
        ("badPublicKey", "the account's key is of a kind that is not allowed", "account.key"),
        ("malformed", "Error finalizing order :: CSR is of an account's key", "acme.bad_csr"),
        ("malformed", "NotBefore and NotAfter are not supported", "acme.lifetime"),
    ],
)
def test_the_type_of_a_problem_decides_and_its_sentence_where_types_are_vague(
    name: str, detail: str, expected: str
) -> None:
    failure = diagnosed([f"{STAMP}Error creating new order. Le_OrderFinalize not found. {problem(name, detail)}"])
    assert failure.id == expected
    assert detail in failure.message
    assert name in failure.message


def test_the_log_has_the_reason_that_the_output_lost() -> None:
    lines = [
        f"{STAMP}Verifying: a.example.com",
        f"{STAMP}a.example.com: Invalid status. Verification error details: Get ",
    ]
    refused = problem("connection", 'Get "http://a.example.com/": dial tcp 192.0.2.7:80: connect: connection refused')
    log = "\n".join(
        [
            f'{STAMP}response=\'{{"status":"invalid","challenges":[{{"type":"http-01","error":{refused}}}]}}\'',
            f"{STAMP}_on_issue_err",
            f"{STAMP}response='{problem('malformed', 'Cannot update challenge with status invalid')}'",
        ]
    )
    failure = diagnosed(lines, log=log)
    assert failure.id == "challenge.not_reachable"
    assert "connection refused" in failure.message


def test_a_nonce_that_was_exchanged_is_not_the_reason() -> None:
    log = "\n".join([f"{STAMP}response='{problem('badNonce')}'", f"{STAMP}code='201'", f"{STAMP}_on_issue_err"])
    assert diagnosed(["a.example.com: Timeout"], log=log).id == "challenge.timed_out"
    assert diagnosed(["a.example.com: Timeout"], log=log.replace("201", "400")).id == "ca.nonce"


def test_whichever_of_transfer_and_problem_came_last_is_the_reason() -> None:
    assert diagnosed([problem("rateLimited"), curl(7)]).id == "ca.unreachable"
    assert diagnosed([curl(7), problem("rateLimited")]).id == "acme.rate_limited"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("sed: couldn't flush stdout: No space left on device", "disk.full"),
        ("touch: cannot touch '/srv/home/http.header': Permission denied", "home.not_writable"),
        ("/srv/acme.sh: line 1234: /srv/home/account.conf: Read-only file system", "home.not_writable"),
        ("mkdir: cannot create directory '/srv/web/.well-known': Permission denied", "webroot.not_writable"),
        ("/srv/acme.sh: line 12: openssl: command not found", "tool.missing"),
        ("/srv/acme.sh: 12: openssl: not found", "tool.missing"),
        ("[date] tcp port 80 is already used by nginx", "port.in_use"),
        ("admin@nas: Permission denied (publickey).", "acme.unknown"),
    ],
)
def test_what_the_system_says_is_understood(line: str, expected: str) -> None:
    assert diagnosed([line, "Please add '--debug' or '--log' to see more information."]).id == expected


def test_the_folder_that_cannot_be_written_is_named() -> None:
    failure = diagnosed(
        ["touch: cannot touch '/srv/home/http.header': Permission denied"], context={"folder": "/other"}
    )
    assert "sudo chown -R" in failure.remedy
    assert "/srv/home" in failure.remedy


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Failed to authenticate with error: 402.", "dsm.permission"),
        ("Failed to authenticate with error: 105.", "dsm.permission"),
        ("Failed to fetch certificate info: 105, please try again", "dsm.not_administrator"),
        ("Failed to authenticate with error: 407.", "dsm.blocked"),
        ("Failed to authenticate with error: 411.", "dsm.account_locked"),
        ("Failed to authenticate with error: 499.", "dsm.refused"),
        ("Failed to authenticate, no such account or incorrect password.", "dsm.login_refused"),
        ("Unable to authenticate to localhost:5000 using http.", "dsm.login_refused"),
        ("Failed to authenticate with a non-existent account.", "dsm.account_disabled"),
        ("Failed to authenticate with provided 2FA-OTP code, please try again", "dsm.otp_wrong"),
        ("Enforce auth with 2FA-OTP enabled, please configure the user", "dsm.otp_enforced"),
        ("Failed to authenticate, the account password has expired or must be changed.", "dsm.password_expired"),
        ("Failed to fetch certificate info: 119, please try again", "dsm.session"),
        (
            "Current user is not administrator and does not have sufficient permission for deploying.",
            "dsm.not_administrator",
        ),
        ("Unable to find certificate: acme and $SYNO_CREATE is not set.", "dsm.certificate_not_found"),
        ("Unable to find certificate: acme and $SYNO_Create is not set", "dsm.certificate_not_found"),
    ],
)
def test_what_the_hook_of_dsm_says_is_understood(line: str, expected: str) -> None:
    lines = [
        "Logging into localhost:5000...",
        line,
        "Error deploying for domain: a",
        "Error encountered while deploying.",
    ]
    assert diagnosed(lines, verb="deploy").id == expected


def test_an_import_that_dsm_refuses_tells_what_its_code_means() -> None:
    line = 'Unable to update certificate, got error response: {"error":{"code":5514},"success":false}.'
    failure = diagnosed([line], verb="deploy")
    assert failure.id == "dsm.import_refused"
    assert "5514" in failure.message
    assert "does not belong to the certificate" in failure.message


def test_code_105_of_dsm_is_what_its_hook_calls_no_administrator() -> None:
    lines = (
        "Current user is not administrator and does not have sufficient permission for deploying.",
        "Failed to fetch certificate info: 105, please try again",
        'Unable to update certificate, got error response: {"error":{"code":105},"success":false}.',
    )
    assert len({diagnosed([line], verb="deploy").id for line in lines}) == 1


def test_an_unknown_hook_is_named() -> None:
    failure = diagnosed(
        ["The deploy hook synolgy_dsm was not found.", "Error encountered while deploying."], verb="deploy"
    )
    assert failure.id == "hook.unknown"
    assert "synolgy_dsm" in failure.remedy


def test_a_hook_that_failed_is_told_in_its_own_last_words() -> None:
    lines = [
        "scp: connection closed",
        "Error deploying for domain: a.example.com",
        "Error encountered while deploying.",
    ]
    failure = diagnosed(lines, verb="deploy")
    assert (failure.id, failure.message) == ("deploy.failed", "scp: connection closed")


def test_an_account_that_step_ca_lost_is_no_error_of_the_server() -> None:
    """It answers `{}`, with status 500."""
    lines = ["Error creating new order. Le_OrderFinalize not found. {}"]
    assert diagnosed(lines, log=f"{STAMP}code='500'\n").id == "account.unknown"


def test_a_challenge_that_failed_before_is_told_by_its_authorization() -> None:
    error = problem("malformed", "Non-200 status code from HTTP: 404")
    log = f'{STAMP}response=\'{{"status":"invalid","challenges":[{{"token":"x","error":{error}}}]}}\'\n'
    assert (
        diagnosed(["get authz objec with invalid status, please try again later."], log=log).id
        == "challenge.wrong_content"
    )


def test_a_challenge_that_stays_pending_has_its_reason_in_the_log() -> None:
    """step-ca and Caddy keep a failed challenge pending; acme.sh then only knows that time ran out."""
    error = problem("connection", "The server could not connect to validation target")
    log = f'{STAMP}response=\'{{"status":"pending","challenges":[{{"error":{error}}}]}}\'\n{STAMP}_on_issue_err\n'
    assert diagnosed(["a.example.com: Timeout"], log=log).id == "challenge.not_reachable"


@pytest.mark.parametrize(
    ("detail", "expected"),
    [
        ("Get ", "challenge.not_reachable"),
        ("DNS problem: NXDOMAIN looking up A for a.example.com", "challenge.name_unresolved"),
        ("Fetching http://a.example.com/.well-known/x: Connection refused", "challenge.not_reachable"),
        ("Invalid response from http://a.example.com/.well-known/x: 404", "challenge.wrong_content"),
        ("something nobody thought of", "challenge.failed"),
    ],
)
def test_without_a_log_the_rest_of_the_sentence_about_a_challenge_is_read(detail: str, expected: str) -> None:
    assert diagnosed([f"a.example.com:Verify error:{detail}"]).id == expected


def test_of_several_names_the_remedy_is_about_the_one_that_failed() -> None:
    lines = [
        "Verifying: a.example.com",
        "Verifying: b.example.com",
        "b.example.com:Verify error:DNS problem: NXDOMAIN looking up A",
    ]
    assert "b.example.com" in diagnosed(lines, context={"domain": "a.example.com"}).remedy


def test_of_several_certificates_the_one_that_failed_is_told() -> None:
    lines = [
        f"{STAMP}Renewing: 'a.example.com'",
        f"{STAMP}a.example.com: Timeout",
        f"{STAMP}Error renewing a.example.com_ecc.",
        f"{STAMP}Renewing: 'b.example.com'",
        f"{STAMP}Your cert is in: /h/b.cer",
        f"{STAMP}===End cron===",
    ]
    failure = diagnosed(lines, verb="cron", context={})
    assert failure.id == "challenge.timed_out"
    assert "http://a.example.com/" in failure.remedy


def test_a_file_that_cannot_be_put_in_place_is_not_about_acme_shs_home() -> None:
    failure = diagnosed(["cp: cannot create regular file '/etc/nginx/nas.pem': Permission denied"], verb="install_cert")
    assert failure.id == "file.not_writable"
    assert "/etc/nginx" in failure.remedy


# --- how calls end ---


def test_the_deadline_is_the_reason_and_what_was_wrong_before_is_told() -> None:
    failure = diagnose("issue", read([curl(60)]), returncode=None, ended_by_deadline=True, context=CONTEXT)
    assert failure.id == "process.deadline"
    assert "(curl error 60)" in failure.message


def test_a_signal_is_the_reason() -> None:
    failure = diagnosed(["Verifying: a.example.com"], returncode=-9)
    assert failure.id == "process.killed"
    assert "signal 9" in failure.message


def test_what_nobody_knows_comes_with_the_last_lines() -> None:
    lines = [f"line {number}" for number in range(30)]
    failure = diagnosed([*lines, "Please add '--debug' or '--log' to see more information."])
    assert failure.id == "acme.unknown"
    assert "line 29" in failure.message
    assert len(failure.lines) == 20


def test_silence_is_a_failure_too() -> None:
    assert diagnosed([], context={}).id == "acme.unknown"


# --- remedies ---


def test_a_context_without_values_leaves_names_in_capitals() -> None:
    failure = diagnosed([curl(60)], context={})
    assert "curl -v SERVER --cacert CA_BUNDLE" in failure.remedy


def test_what_the_output_knows_fills_in_what_the_context_lacks() -> None:
    failure = diagnosed([curl(6), f"Cannot init API for {SERVER}"], context={})
    assert "getent hosts pki.internal.example.com" in failure.remedy
    token = "nas.example.com: Cannot write token to file: /srv/web/.well-known/acme-challenge/abc"
    assert "sudo mkdir -p /srv/web/.well-known/acme-challenge" in diagnosed([token], context={}).remedy


def test_the_folder_of_the_account_is_found_from_the_home() -> None:
    failure = diagnosed([problem("accountDoesNotExist")], context={"home": "/volume1/homes/certupdater/.acme.sh"})
    assert "/volume1/homes/certupdater/.acme.sh/ca" in failure.remedy


def test_a_value_with_blanks_can_be_pasted_into_a_shell() -> None:
    failure = diagnosed([curl(77)], context={"server": SERVER, "ca_bundle": "/srv/my ca.crt"})
    assert f"curl -v {SERVER} --cacert '/srv/my ca.crt'" in failure.remedy


def test_a_context_may_hold_names_that_no_remedy_uses() -> None:
    assert diagnosed([curl(60)], context={"id": "x", "message": "y", "lines": "z", "cert": ""}).id == "ca.tls_untrusted"


def test_the_authoritys_control_characters_do_not_reach_the_screen() -> None:
    evil = problem("rateLimited", "evil \x1b[31mRED\x07")
    failure = diagnosed([f"{STAMP}Account registration error: {evil}"])
    assert r"evil \x1b[31mRED\x07" in failure.message


@given(
    st.lists(st.text(max_size=60), max_size=8),
    st.text(max_size=200),
    st.one_of(st.none(), st.integers(-64, 255)),
    st.dictionaries(st.sampled_from(["server", "domain", "webroot", "hook"]), st.text(max_size=20)),
)
def test_it_never_raises(lines: List[str], log: str, returncode: int | None, context: Dict[str, str]) -> None:
    assert diagnose("issue", read(lines), protocol_log=log, returncode=returncode, context=context).id in CATALOGUE


def test_a_number_beyond_all_measure_is_no_number() -> None:
    digits = "9" * 5000
    lines = [f"libcurl-errors.html for error code: {digits}", f"Failed to authenticate with error: {digits}."]
    assert diagnosed(lines, verb="deploy").id == "dsm.refused"


# --- the table is whole ---


def test_every_id_that_a_sentence_or_number_leads_to_is_in_the_catalogue() -> None:
    ids = {
        *patterns.WORDINGS,
        *(key for key, _ in error_codes.CURL.values() if isinstance(key, str)),
        *directory.IDS.values(),
        *error_codes.PROBLEMS.values(),
        *(key for table in (dsm_codes.LOGIN, dsm_codes.CALL, dsm_codes.IMPORT) for key, _ in table.values()),
    }
    assert ids <= set(CATALOGUE)


def test_remedies_name_only_values_that_somebody_fills_in() -> None:
    known = set(diagnosis_values())
    for id, entry in CATALOGUE.items():
        if id.partition(".")[0] in {"ca", "acme", "account", "challenge", "webroot", "port", "process"}:
            assert {field for _, field, _, _ in string.Formatter().parse(entry.remedy) if field} <= known


def diagnosis_values() -> Tuple[str, ...]:
    from acmewrap.driver.output import circumstances

    return circumstances._VALUES


# --- a remedy is about what failed, not about what was asked for first ---

WEBROOTS = {"good.test": "/srv/good", "bad.test": "/srv/bad", "www.bad.test": "/srv/www"}


def failed_of(*lines: str, log: str = "") -> str:
    context = {**CONTEXT, "domain": "good.test", "webroot": "/srv/good"}
    text = read([f"{STAMP}{line}" for line in lines])
    return diagnose("issue", text, protocol_log=log, returncode=1, context=context, webroots=WEBROOTS).remedy


def test_the_domain_whose_challenge_failed_is_named_with_its_own_webroot() -> None:
    said = "bad.test: Invalid status. Verification error details: Invalid response from http://bad.test/x: 404"
    assert "web server of bad.test serve /srv/bad" in failed_of("Verifying: good.test", "Success", said)


def test_the_domain_that_the_authority_names_is_the_one_of_the_remedy() -> None:
    log = problem("caa", "CAA record for www.bad.test prevents issuance", 403)
    assert "dig CAA www.bad.test" in failed_of(log=log)


def test_another_address_than_the_directorys_is_the_one_to_try() -> None:
    log = f"_post_url='https://acme.other.test/order'\n{curl(7)}\n"
    remedy = diagnosed([], log=log).remedy
    assert "curl -v https://acme.other.test/order" in remedy


def test_a_log_that_is_gone_is_not_pointed_to() -> None:
    assert diagnosed([f"{STAMP}Please check log file for more details: /x/protocol.log", f"{STAMP}no"]).lines == (
        f"{STAMP}no",
    )


@pytest.mark.parametrize(
    ("verb", "lines", "id"),
    [
        (
            "issue",
            ("Runing pre hook:'sh x'", "mkdir: /x: Permission denied", "Error occurred when running pre hook."),
            "hook.failed",
        ),
        ("deploy", ("Run reload cmd: x", "cat: /x: No such file or directory", "Reload error for :"), "reload.failed"),
        (
            "deploy",
            ("Run reload cmd: x", "sh: 1: No space left on device", "Reload error for: a.test"),
            "reload.failed",
        ),
    ],
)
def test_what_a_command_of_the_users_prints_is_not_taken_for_acme_sh(verb: str, lines: Sequence[str], id: str) -> None:
    assert diagnosed(lines, verb).id == id


# --- what is a reason, and what is not ---

RENEWING = ["Creating domain key", "The domain key is here: /h/nas_ecc/nas.key", "Getting webroot for domain='nas'"]


@pytest.mark.parametrize(
    ("lines", "id"),
    [
        ([*RENEWING, "Error creating new order. Le_OrderFinalize not found. {}"], "account.unknown"),
        (["Create account key ok.", "Error registering account: {}"], "acme.refused"),
        (["The TXT record has been successfully added.", "nas: Timeout"], "challenge.timed_out"),
        (["Could not get nonce, let's try again.", "nas: Timeout"], "challenge.timed_out"),
        (["Adding TXT value: abc for domain: _acme-challenge.nas", "It fell over."], "acme.unknown"),
        (RENEWING, "acme.unknown"),
    ],
)
def test_lines_of_progress_are_never_the_reason(lines: List[str], id: str) -> None:
    failure = diagnosed(lines)
    assert failure.id == id
    assert "domain key" not in failure.message


def test_a_refusal_for_good_beats_what_the_cleaning_up_after_it_meets() -> None:
    assert diagnosed([problem("rejectedIdentifier"), curl(7)]).id == "acme.rejected_identifier"
    went_on = [problem("rejectedIdentifier"), "Verifying: nas.internal.example.com", curl(7)]
    assert diagnosed(went_on).id == "ca.unreachable"


def test_a_refused_name_is_not_ordered_again_and_again() -> None:
    detail = "Order included DNS identifier with a value containing an illegal character: '_'"
    failure = diagnosed([problem("malformed", detail)])
    assert (failure.id, failure.retry) == ("acme.rejected_identifier", Retry.AFTER_FIX)


@pytest.mark.parametrize(
    ("detail", "id"),
    [
        ("Contact information is missing", "account.contact"),
        ("no contact given", "account.contact"),
        ("please contact your administrator", "acme.refused"),
    ],
)
def test_an_authority_that_wants_a_contact_leads_to_the_address(detail: str, id: str) -> None:
    failure = diagnosed([problem("malformed", detail)])
    assert failure.id == id
    assert ("`email`" in failure.remedy) == (id == "account.contact")


def test_a_folder_that_is_not_there_leads_to_making_it() -> None:
    lines = [
        "Installing key to: /etc/none/nas.key",
        "touch: cannot touch '/etc/none/nas.key': No such file or directory",
    ]
    failure = diagnosed(lines, verb="install_cert")
    assert failure.id == "install.no_folder"
    assert "mkdir -p /etc/none" in failure.remedy


PUBLIC_CHECK = [
    "Adding TXT value: x-_1 for domain: _acme-challenge.a.example.com",
    "The TXT record has been successfully added.",
    "Let's check each DNS record now. Sleeping for 20 seconds first.",
    "Checking a.example.com for _acme-challenge.a.example.com",
    "Not valid yet, let's wait for 10 seconds then check the next one.",
]


@pytest.mark.parametrize("deadline", [False, True])
@pytest.mark.parametrize("last", [curl(6), "Error checking DNS.", "No DOH"])
def test_public_resolvers_that_do_not_see_a_record_are_blamed_and_not_the_authority(last: str, deadline: bool) -> None:
    failure = diagnose("issue", read([*PUBLIC_CHECK, last]), returncode=1, ended_by_deadline=deadline, context=CONTEXT)
    assert failure.id == "challenge.txt_not_public"
    assert "`wait: 10s`" in failure.remedy
    assert failure.remedy.endswith("dig @1.1.1.1 TXT _acme-challenge.a.example.com")


def test_what_fails_after_public_resolvers_saw_the_record_is_something_else() -> None:
    lines = [
        *PUBLIC_CHECK,
        "All checks succeeded",
        "Verifying: a.example.com",
        problem("connection", "Connection refused"),
    ]
    assert diagnosed(lines).id == "challenge.txt_not_seen"


@pytest.mark.parametrize(
    ("line", "id", "says"),
    [
        ("Verifying: a.example.com", "challenge.not_reachable", "port 80 of a.example.com"),
        ("Standalone mode server", "challenge.standalone_not_reached", "use `webroot`"),
        (
            "Adding TXT value: x-_1 for domain: _acme-challenge.a.example.com",
            "challenge.txt_not_seen",
            "dig TXT _acme-challenge.a",
        ),
        (
            "Adding txt value: x-_1 for domain:  _acme-challenge.a.example.com",
            "challenge.txt_not_seen",
            "dig TXT _acme-challenge.a",
        ),
    ],
)
def test_the_remedy_is_that_of_the_challenge_in_use(line: str, id: str, says: str) -> None:
    context = {"server": SERVER, "domain": "a.example.com"}
    failure = diagnosed([line, problem("connection", "Connection refused")], context=context)
    assert failure.id == id
    assert says in failure.remedy
    assert "WEBROOT" not in failure.remedy


def test_a_directory_that_leads_elsewhere_is_reported_with_the_address_that_fails() -> None:
    log = f"_post_url='https://internal.test:9000/acme/new-nonce'\n{curl(6)}"
    message = diagnosed([curl(6)], log=log).message
    assert message.startswith(f"https://internal.test:9000/acme/new-nonce, to which {SERVER} leads: ")
    same = log.replace("https://internal.test:9000/acme", SERVER.rpartition("/")[0])
    assert diagnosed([curl(6)], log=same).message.startswith(f"{SERVER}: ")


def test_what_a_detail_cut_off_is_a_statement_of_its_own() -> None:
    r"""acme.sh prints by printf %b, which ends at \\c, and with it the line."""
    said = problem("rejectedIdentifier", "evil")[:40]
    transcript = read(
        [f"{STAMP}Create new order error. {said}{STAMP}Please add '--debug'", f"{STAMP}See: https://x.test"]
    )
    assert [statement.text for statement in transcript.statements] == [
        f"Create new order error. {said}".strip(),
        "Please add '--debug'",
        "See: https://x.test",
    ]


def test_a_revocation_failed_as_the_key_of_the_account_was_told() -> None:
    log = f"{problem('serverInternal', 'no list', 500)}\n{problem('accountDoesNotExist')}"
    assert diagnosed([f"{STAMP}Error revoking."], "revoke", log).id == "ca.server_error"
    assert diagnosed([f"{STAMP}Error revoking."], "revoke", problem("accountDoesNotExist")).id == "account.unknown"


@pytest.mark.parametrize(
    ("name", "detail", "expected"),
    [
        ("malformed", "Non-200 status code from HTTP", "challenge.wrong_content"),
        ("malformed", "dial tcp: connect: no route to host", "challenge.not_reachable"),
        ("malformed", "Unable to update the challenge", "challenge.failed"),
        ("malformed", "the authorization is not pending", "acme.order_invalid"),
    ],
)
def test_of_a_challenge_the_sentence_counts_where_the_type_says_nothing(name: str, detail: str, expected: str) -> None:
    assert diagnosed([f"a.example.com:Verify error:{detail}"], log=problem(name, detail)).id == expected


@pytest.mark.parametrize(("name", "id"), [("serverInternal", "ca.server_error"), ("unauthorized", "acme.refused")])
def test_a_refusal_without_another_reason_names_the_binding_that_was_given(name: str, id: str) -> None:
    """step-ca: `The server experienced an internal error`, or `The client lacks sufficient authorization`."""
    failure = diagnosed([f"{STAMP}x"], "register_account", problem(name), context={**CONTEXT, "eab": "given"})
    assert (failure.id, "`eab`" in failure.remedy) == ("acme.eab_refused", True)
    assert diagnosed([f"{STAMP}x"], "register_account", problem(name)).id == id


@pytest.mark.parametrize("name", ["serverInternal", "malformed", "orderNotReady"])
def test_a_refusal_without_another_reason_names_the_lifetime_that_was_asked_for(name: str) -> None:
    wished = {**CONTEXT, "lifetime": "+2160h"}
    failure = diagnosed([f"{STAMP}Signing failed."], log=problem(name), context=wished)
    assert (failure.id, "`lifetime`" in failure.remedy) == ("acme.lifetime", True)
    assert diagnosed([f"{STAMP}Signing failed."], log=problem(name)).id != "acme.lifetime"
    assert diagnosed([f"{STAMP}x"], log=problem("rateLimited"), context=wished).id == "acme.rate_limited"
    assert diagnosed([f"{STAMP}Error getting authz."], context=wished).id == "ca.server_error"  # nobody's words


def test_challenges_that_are_offered_are_those_of_the_authority_and_not_what_acme_sh_takes_for_them() -> None:
    lines = [
        "Cannot get domain token entry nas.test for http-01",
        "Supported validation types are: pending , but you specified: http-01",
    ]
    log = '{"status": "pending", "challenges": [{"status": "pending", "type": "dns-01"}, {"type": "tls-alpn-01"}]}'
    failure = diagnosed([STAMP + line for line in lines], log=log)
    assert failure.id == "challenge.not_offered"
    assert failure.message == "nas.test: the authority offers dns-01, tls-alpn-01, and no http-01"
