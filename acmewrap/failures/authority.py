"""What keeps an authority from answering (``ca``), what it refuses (``acme``), and its account."""

from __future__ import annotations

from typing import Mapping

from ..errors import Retry
from .entry import Entry, issue_failed, passing, unreachable

_WITH_LIFETIME = {"lifetime": "acme.lifetime"}
_ASKED = {**_WITH_LIFETIME, "eab": "acme.eab_refused"}

ENTRIES: Mapping[str, Entry] = {
    "ca.tls_untrusted": unreachable(
        "The authority's HTTPS certificate does not lead to a certificate in the ca_bundle file (curl 35, 51, 58, 60, 77 and "
        "83): the file lacks the authority's root, is missing or is not PEM, or another server answers.",
        "Review the ca_bundle file {ca_bundle}: it must hold, as PEM, the root that signed the certificate of the ACME "
        "directory. Try it with: curl -v {server} --cacert {ca_bundle}",
    ),
    "ca.name_unresolved": passing(
        "The name of the authority's host has no address here (curl 6).",
        "Check the host name in `server` ({server}) and this machine's DNS: getent hosts {host}",
    ),
    "ca.unreachable": passing(
        "Nothing answers at the authority's address: it is down, a firewall is in between, or the port is wrong (curl 7, 52, 56).",
        "Start the authority or repair the way to it, then run again. Try it with: curl -v {server} --cacert {ca_bundle}",
    ),
    "ca.proxy": passing(
        "The HTTP proxy on the way to the authority does not answer, refuses, or its URL is wrong (curl 5).",
        "Correct `proxy` of the authority, or https_proxy and no_proxy where there is none; without --proxy curl takes these: "
        "curl -v {server} --cacert {ca_bundle}",
    ),
    "ca.timeout": passing(
        "The authority accepted the connection and did not answer in time (curl 28).",
        "See whether the authority is overloaded or a firewall drops packets: curl -v --max-time 30 {server} --cacert {ca_bundle}",
    ),
    "ca.not_acme": unreachable(
        "The URL answers, but not with an ACME directory (RFC 8555 section 7.1.1): usually a wrong path, answered with 404 or a "
        "login page.",
        "Set `server` to the directory URL itself, as the authority documents it (.../acme/directory, for step-ca "
        ".../acme/NAME/directory). It must print JSON with newOrder: curl {server} --cacert {ca_bundle}",
    ),
    "ca.server_error": passing(
        "The authority answered with an error of its own (HTTP 5xx, serverInternal).",
        "Nothing to fix here: look into the authority's log, then run again.",
        instead=_ASKED,
    ),
    "ca.no_advice": passing(
        "The authority's directory offers advice on renewals (RFC 9773), and its answer was none.",
        "Nothing to do here: the certificate's own dates decide, and the authority is asked again later.",
    ),
    "ca.clock_skew": issue_failed(
        "The clock of this machine and that of the authority differ, so that a new certificate has already expired here, or is not "
        "valid yet. It was not ordered, or not stored; what was there before stays in use.",
        "Set the clock by the network: timedatectl set-ntp true (DSM: Control Panel, Regional Options, Time). If this clock is "
        "right, tell the operator of the authority. Then run again.",
        retry=Retry.LATER,
    ),
    "ca.nonce": issue_failed(
        "The authority did not accept the nonce of a request (badNonce), or gave none: it restarted, or several of them stand "
        "behind one name without shared state.",
        "Run again. If it stays, let all requests for {server} reach the same authority, and look into its log.",
        retry=Retry.AT_ONCE,
    ),
    "acme.rate_limited": issue_failed(
        "The authority counts too many requests for this account or these names (rateLimited).",
        "Wait as long as the message says and do not force renewals meanwhile; ask the authority's operator to raise the limit.",
        retry=Retry.LATER,
    ),
    "acme.rejected_identifier": issue_failed(
        "The authority's policy does not allow a certificate for one of the names, or the name is malformed.",
        "Correct `domains` (requested: {domains}), or have the authority's operator allow the name.",
    ),
    "acme.eab_required": issue_failed(
        "The authority opens accounts only to those it knows: external account binding (RFC 8555 section 7.3.4).",
        "Ask the authority's operator for a key id and an HMAC key; set them as `eab: {{key_id: ..., hmac_key: {{file: ...}}}}` "
        "under the authority.",
    ),
    "acme.eab_wrong": issue_failed(
        "The authority does not know the key id, or the HMAC key does not belong to it; many authorities accept a pair only once.",
        "Compare `eab` with what the authority's operator gave out, or ask for a new pair.",
    ),
    "acme.eab_refused": issue_failed(
        "The authority refused an account that `eab` was to open, without a reason of another kind: step-ca answers so when it "
        "does not know the key id, or the HMAC key is another.",
        "Compare `eab` with what the authority's operator gave out, or ask for a new pair; if that is not it, look into the "
        "authority's log.",
        retry=Retry.LATER,
    ),
    "acme.terms": issue_failed(
        "The authority wants its terms agreed to, or something done by hand, before it goes on (userActionRequired).",
        "Do what the message says, then run again.",
    ),
    "acme.caa": issue_failed(
        "A CAA record in the DNS (RFC 8659) forbids this authority to issue for the name.",
        "Allow the authority in the CAA record of {domain} or a parent, or remove the record: dig CAA {domain}",
    ),
    "acme.bad_csr": issue_failed(
        "The authority does not accept the certificate request: usually the kind or length of the key.",
        "Set `key` to a kind that the authority accepts, such as ec-256 or 2048.",
    ),
    "acme.profile": issue_failed(
        "The authority does not offer the profile that the file asks for, or not to this account (invalidProfile).",
        "Set `profile` to one that the message or the authority's directory lists, or leave it out.",
    ),
    "acme.lifetime": issue_failed(
        "The authority refused an order in which a lifetime was asked for, without a reason of another kind: it may not grant it.",
        "Leave `lifetime` out, or ask for less; if that is not it, look into the authority's log.",
        retry=Retry.LATER,
    ),
    "acme.order_invalid": issue_failed(
        "The order ended invalid, expired, or vanished at the authority before a certificate was made.",
        "Run again: a new order is made. If it stays, look into the authority's log for the order.",
        retry=Retry.LATER,
        instead=_WITH_LIFETIME,
    ),
    "acme.order_stuck": issue_failed(
        "The authority took the order and then did not finish it: it stayed pending or processing until acme.sh gave up.",
        "Look into the authority's log for the order of {domain}, then run again.",
        retry=Retry.LATER,
    ),
    "acme.already_revoked": issue_failed(
        "The certificate was revoked before.",
        "Nothing is left to revoke. To get a new certificate: acmewrap issue --force",
        revoked=True,
    ),
    "acme.refused": issue_failed(
        "The authority refused a request for a reason of its own.",
        "Do what its sentence says; its operator finds the request in the authority's log.",
        instead=_ASKED,
    ),
    "acme.usage": Entry(
        "acme.sh does not accept an option or value that it was given.",
        "Correct the value that the message names; an entry under `options` must be an option of this release of acme.sh.",
    ),
    "acme.csr_failed": issue_failed(
        "The certificate request could not be made or read.",
        "Check that openssl works (openssl version), that {folder} is writable, and that a request given by hand is one.",
    ),
    "acme.revoke_failed": issue_failed(
        "The authority did not revoke the certificate.",
        "Read the lines before; revoking takes the account or the key with which the certificate was made.",
    ),
    "acme.notification": Entry(
        "acme.sh could not set up or send a notification. Certificates are not touched by that.",
        "Check the values that the notify hook needs, or leave notifications to acmewrap's schedule.",
    ),
    "acme.installation": Entry(
        "acme.sh's own installer, upgrade or cron job failed. acmewrap uses none of them.",
        "Use `acmewrap install` and `schedule` instead.",
    ),
    "acme.bug": Entry(
        "acme.sh came to a place where it suspects a mistake of its own.",
        "Run again; if it stays, try another pinned release: acmewrap releases",
    ),
    "acme.unknown": Entry(
        "acme.sh failed without a word that is known here.",
        "Read its last lines; with -v all of them are shown as they come. If they do not help either, report them together with "
        "the release of acme.sh.",
    ),
    "account.unknown": issue_failed(
        "The authority does not know the account, deactivated it, or knows it by another key: it was set up anew or its database "
        "was lost, the key was changed elsewhere, or the account files are another authority's or those of an old backup. "
        "Registering the key once more was tried, and did not help.",
        "If the authority wants an external account binding, set a new `eab`. Else move the account files of this authority away "
        "(the folder with account.key, account.json and ca.conf: {account_folder}) and run again: a new account is registered.",
        account_lost=True,
    ),
    "account.contact": issue_failed(
        "The authority does not accept the e-mail address of the account, or wants one.",
        "Set `email` under the authority to an address that it accepts.",
    ),
    "account.not_deactivated": issue_failed(
        "The authority did not deactivate the account or an authorization.",
        "Read the lines before; an account that the authority does not know needs no deactivation.",
    ),
    "account.key": issue_failed(
        "The account key is missing or unreadable, cannot be made, or is of a kind that the authority does not take "
        "(badSignatureAlgorithm).",
        "Check that {account_folder} is readable and writable for the user that runs acmewrap, and that openssl works: openssl "
        "version",
    ),
    "ca.unsafe_response": issue_failed(
        "The authority, or somebody in its place, answered with a value that RFC 8555 does not allow and that acme.sh might run, "
        "or take for a path. It was kept from acme.sh, and nothing more was asked.",
        "Do not try again before whoever runs {server} has explained the value that the message names: software that means well "
        "sends nothing of the kind. What was there before has been kept.",
    ),
}
