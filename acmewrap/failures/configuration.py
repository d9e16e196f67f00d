"""What is wrong with the YAML file, the words of a command, or what either refers to."""

from __future__ import annotations

from typing import Mapping

from ..errors import Retry
from .entry import Entry, busy, denied, misconfigured, misused, unreachable

ENTRIES: Mapping[str, Entry] = {
    "config.invalid": misconfigured(
        "The YAML file has mistakes of syntax, unknown keys, or values that acme.sh would take wrongly.",
        "Fix the lines above, then run `acmewrap check`. Nothing was changed.",
    ),
    "config.missing": misconfigured(
        "There is no YAML file at any place where one is looked for.",
        "Write one with `acmewrap init`, or name yours with --config or in $ACMEWRAP_CONFIG.",
    ),
    "config.not_readable": denied(
        "The YAML file belongs to another user.",
        "Run as the user that owns {file}, or give that user's file to the one that runs acmewrap.",
    ),
    "config.not_editable": misconfigured(
        "The text of the YAML file cannot be changed so that nothing else changes with it. It was left as it is.",
        "Write it yourself, `{entries}` under `{section}`, then: acmewrap apply",
    ),
    "config.changed": busy(
        "Somebody saved the YAML file while acmewrap was about to change it. What they wrote was not touched.",
        "Run the same again: it takes the file as it is now.",
        retry=Retry.LATER,
    ),
    "file.exists": denied(
        "A file that is there may hold somebody's work; it is not replaced unasked.",
        "Name another one with --output, or replace it: --force",
    ),
    "cli.usage": misused(
        "An option of the command line is missing or has a value that cannot be.",
        "Give it as the message says; `acmewrap init --help` lists all of them.",
    ),
    "secret.unavailable": denied(
        "A reference in the YAML file leads to nothing that this user can read.",
        "Put the value where the reference points, readable by the user that runs acmewrap.",
    ),
    "secret.no_proxy": misconfigured(
        "What `proxy` of an authority is read from holds something else than the URL of an HTTP proxy.",
        "Write there one line, http://NAME:PASSWORD@HOST:PORT; special characters as in URLs (%40 for @). Other kinds of proxies "
        "(https, socks) are not used.",
    ),
    "bundle.missing": unreachable(
        "The file with the authority's own certificates is not where the YAML file says.",
        "Put the root certificate (PEM) of {server} into {ca_bundle}, or write the PEM itself as `ca_bundle`.",
    ),
    "certificate.unknown": Entry(
        "The name is not one of those under `certificates` in the YAML file.", "Name one of these: {known}."
    ),
    "authority.unknown": Entry(
        "The name is not one of those under `authorities` in the YAML file.", "Name one of these: {known}."
    ),
    "command.unsafe": Entry(
        "acme.sh evaluates what it is given in a shell; words that could be taken for more than they are do not reach it.",
        "Use the plain spelling that the message asks for.",
    ),
    "schedule.none": Entry(
        "The file has no section `schedule`.",
        "Add a section `schedule` with `daily` or `every`, and with `by`.",
    ),
    "cli.not_confirmed": misused(
        "What cannot be undone is asked about at a terminal. There is none, and --yes was not given, so nothing was changed.",
        "Look at what would be done with --dry-run; then repeat the command with --yes.",
    ),
}
