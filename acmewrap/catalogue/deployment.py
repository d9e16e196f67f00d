"""Certificates and keys as files, and bringing them to their targets."""

from __future__ import annotations

from typing import Mapping

from ..errors import ExitCode, Retry
from .entry import Entry

ENTRIES: Mapping[str, Entry] = {
    "key.not_created": Entry(
        ExitCode.ISSUE_FAILED,
        "The private key could not be made or read.",
        "Set `key` to a kind that openssl knows here, and check that the certificate's folder is writable: {folder}",
    ),
    "certificate.not_issued": Entry(
        ExitCode.ISSUE_FAILED,
        "acme.sh keeps no certificate under this name.",
        "Issue it first: acmewrap issue {name}",
    ),
    "certificate.download_failed": Entry(
        ExitCode.ISSUE_FAILED,
        "The authority made the certificate and then did not hand it out, or handed out something else.",
        "Run again. The certificate that was there before has been kept.",
        retry=Retry.LATER,
    ),
    "certificate.mismatch": Entry(
        ExitCode.ISSUE_FAILED,
        "The key, the certificate and the wanted names do not belong together.",
        "Issue it anew: acmewrap issue --force {name}",
    ),
    "certificate.chain_missing": Entry(
        ExitCode.ISSUE_FAILED,
        "The authority answered with the certificate alone; acme.sh then leaves an old chain beside it, or none.",
        "The certificate before it stays in use. Let the authority send its intermediate certificates along.",
    ),
    "certificate.not_stored": Entry(
        ExitCode.ISSUE_FAILED,
        "acme.sh ended well and the files are not there, or are not what they should be.",
        "Check space and permissions of {folder}, then issue it anew: acmewrap issue --force {name}",
    ),
    "hook.unknown": Entry(
        ExitCode.DEPLOY_FAILED,
        "This release of acme.sh has no deploy hook of that name.",
        "Correct `hook` ({hook}); the hooks are the files of acme.sh's folder deploy/.",
    ),
    "hook.failed": Entry(
        ExitCode.UNEXPECTED,
        "A command that was to run before, after or on renewal ended with an error.",
        "Run the command by hand as the user that runs acmewrap, and mend it.",
    ),
    "reload.failed": Entry(
        ExitCode.DEPLOY_FAILED,
        "The certificate is in place, but the command that makes the server load it ended with an error.",
        "Run the reload command by hand as the user that runs acmewrap, mend it, then: acmewrap deploy {name}",
    ),
    "deploy.failed": Entry(
        ExitCode.DEPLOY_FAILED,
        "The deploy hook ended with an error.",
        "Read its lines; the values of its `env` are the usual reason. Then: acmewrap deploy {name}",
    ),
    "deploy.settings": Entry(
        ExitCode.DEPLOY_FAILED,
        "The deploy hook misses a setting, or does not accept one.",
        "Give the setting that the message names, under `env` of the deploy section; then: acmewrap deploy {name}",
    ),
    "deploy.unreachable": Entry(
        ExitCode.DEPLOY_FAILED,
        "The target of the deployment does not answer, or is not trusted with this ca_bundle.",
        "Check that {target} answers and that the ca_bundle file {ca_bundle} also holds the root of its certificate.",
        retry=Retry.LATER,
    ),
    "deploy.not_proven": Entry(
        ExitCode.DEPLOY_FAILED,
        "The hook ended well, but the target does not serve the new certificate, or nobody could look.",
        "It is tried again on the next run. See what is served: openssl s_client -connect {target} </dev/null | openssl "
        "x509 -noout -dates",
        retry=Retry.LATER,
    ),
}
