"""Certificates and keys as files, and bringing them to their targets."""

from __future__ import annotations

from typing import Mapping

from ..errors import Retry
from .entry import Entry, deploy_failed, issue_failed, misconfigured

ENTRIES: Mapping[str, Entry] = {
    "key.not_created": issue_failed(
        "The private key could not be made or read.",
        "Set `key` to a kind that openssl knows here, and check that the certificate's folder is writable: {folder}",
    ),
    "certificate.not_issued": issue_failed(
        "acme.sh keeps no certificate under this name.", "Issue it first: acmewrap issue {name}"
    ),
    "certificate.download_failed": issue_failed(
        "The authority made the certificate and then did not hand it out, or handed out something else.",
        "Run again. The certificate that was there before has been kept.",
        retry=Retry.LATER,
    ),
    "certificate.mismatch": issue_failed(
        "The key, the certificate and the configured names do not match.",
        "Issue it anew: acmewrap issue --force {name}",
    ),
    "revoke.unproven": deploy_failed(
        "Others know the key of a certificate, and another is not proven in its place yet. Were it revoked now, servers would show "
        "clients what they refuse.",
        "Fix what made the other steps fail; the next scheduled run goes on and revokes it last, or: acmewrap apply {name}",
    ),
    "certificate.names_missing": issue_failed(
        "The authority issued a certificate without a name that was asked for, or without any: its policy or template drops "
        "subjectAltName, or changes it. It was not stored; what was there before stays in use.",
        "Ordering again gives the same. Have the authority's operator correct the policy or template, or remove the name from "
        "`domains` of {name}.",
    ),
    "certificate.chain_missing": issue_failed(
        "The authority answered with the certificate alone, or not with that of its issuer, and `ca_bundle` holds no certificate "
        "that signed it.",
        "The certificate before it stays in use. Let the authority send its intermediate certificates along, or put the one that "
        "signs into `ca_bundle`.",
    ),
    "certificate.not_valid": issue_failed(
        "A certificate, or one of its chain, has expired or is not valid yet: the authority's clock is wrong, or its intermediate "
        "certificate has ended. It is neither stored nor deployed, and what was there before stays in use.",
        "Have the authority's operator set its clock and renew its intermediate certificate; then run again: acmewrap issue {name}",
        retry=Retry.LATER,
    ),
    "certificate.short_lived": issue_failed(
        "The authority issued a certificate of which so little life is left that it would be renewed at once: it is "
        "dated back, or ends with the authority's own. A better one is kept; where there is none it is used, and the next is "
        "ordered after a while.",
        "Ask the authority's operator for a longer lifetime, or a later end of the authority's own certificate; then run again: "
        "acmewrap issue {name}",
        retry=Retry.LATER,
    ),
    "certificate.not_stored": issue_failed(
        "acme.sh ended well and the files are not there, or are not what they should be.",
        "Check space and permissions of {folder}, then issue it anew: acmewrap issue --force {name}",
    ),
    "hook.unknown": misconfigured(
        "This release of acme.sh has no hook of that name.",
        "Correct the name ({hook}) in the file; the hooks are the files of acme.sh's folders deploy/ and dnsapi/.",
    ),
    "hook.failed": Entry(
        "A command that was to run before, after or on renewal ended with an error.",
        "Run the command by hand as the user that runs acmewrap, and fix it.",
    ),
    "command.failed": Entry(
        "A command of the section `commands` ended with an error, or not in time. What it was to run before was not done.",
        "Run {program} by hand as the user that runs acmewrap, with a document of `acmewrap status --json` on its standard input, "
        "and fix it. Its `timeout` can be raised.",
    ),
    "install.no_folder": deploy_failed(
        "The folder that a file of the certificate is to go to does not exist, or is none.",
        "Make it, or correct the path under `install`: mkdir -p {folder}",
    ),
    "reload.failed": deploy_failed(
        "The command that makes the server load the certificate ended with an error.",
        "Run the reload command by hand as the user that runs acmewrap, fix it, then: acmewrap deploy {name}",
    ),
    "test.failed": deploy_failed(
        "The command that is to succeed before the server loads the certificate (`test`) ended with an error.",
        "Run that command by hand as the user that runs acmewrap, fix what it names, then: acmewrap deploy {name}",
    ),
    "deploy.server_lost": deploy_failed(
        "The server answered before the new files were in place, and does not any more.",
        "See in the server's own log why it does not take them, fix that, then: acmewrap deploy {name}",
        retry=Retry.LATER,
    ),
    "deploy.wrong_certificate": deploy_failed(
        "With the new files in place the server serves neither the new certificate nor the one before.",
        "See which files the server is configured to read for this name, then: acmewrap deploy {name}",
        retry=Retry.LATER,
    ),
    "install.owner_unknown": deploy_failed(
        "A user or a group that a file is to belong to does not exist on this machine.",
        "Create it, or correct `owner` and `group` of {file} in the configuration.",
    ),
    "deploy.failed": deploy_failed(
        "The deploy hook ended with an error.",
        "Read its lines; the values of its `env` are the usual reason. Then: acmewrap deploy {name}",
    ),
    "deploy.settings": deploy_failed(
        "The deploy hook misses a setting, or does not accept one.",
        "Give the setting that the message names, under `env` of the deploy section; then: acmewrap deploy {name}",
    ),
    "deploy.unreachable": deploy_failed(
        "The target of the deployment does not answer, or is not trusted with this ca_bundle.",
        "Check that {target} answers and that the ca_bundle file {ca_bundle} also holds the root of its certificate.",
        retry=Retry.LATER,
    ),
    "deploy.not_proven": deploy_failed(
        "The hook ended well, but the target does not serve the new certificate, or it could not be verified.",
        "It is tried again on the next run. See what is served: openssl s_client -connect {target} </dev/null | openssl x509 "
        "-noout -dates (with -starttls where TLS begins on request)",
        retry=Retry.LATER,
    ),
    "deploy.replaced": deploy_failed(
        "The certificate was served, and a later deployment of the same run put another one in its place.",
        "Give each of the certificates a place of its own; the message names the one that both go to. Then: acmewrap apply",
    ),
    "deploy.reverted": deploy_failed(
        "The target was seen with the certificate, and with another one again, several times: something else brings that there. "
        "It is not deployed again by itself.",
        "Find what that is: a job that copies files, another ACME client, a node behind a balancer (`all_addresses`). Then: "
        "acmewrap deploy --force {name}",
    ),
    "certificate.replaced": issue_failed(
        "Another run replaced the certificate while the question was open. The new one was not touched.",
        "Look at it with `acmewrap status`, and repeat the command if it is still meant.",
    ),
}
