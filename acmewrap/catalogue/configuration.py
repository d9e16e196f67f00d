"""What is wrong with the YAML file, the words of a command, or what either refers to."""

from __future__ import annotations

from typing import Mapping

from ..errors import ExitCode, Retry
from .entry import Entry

ENTRIES: Mapping[str, Entry] = {
    "config.invalid": Entry(
        ExitCode.CONFIGURATION,
        "The YAML file has mistakes of syntax, unknown keys, or values that acme.sh would take wrongly.",
        "Mend the lines named above; `acmewrap check` tells when all is well. Nothing was changed.",
    ),
    "config.missing": Entry(
        ExitCode.CONFIGURATION,
        "There is no YAML file at any place where one is looked for.",
        "Write one with `acmewrap init`, or name yours with --config or in $ACMEWRAP_CONFIG.",
    ),
    "config.not_readable": Entry(
        ExitCode.PERMISSION,
        "The YAML file belongs to another user.",
        "Run as the user that owns {file}, or give that user's file to the one that runs acmewrap.",
    ),
    "config.not_editable": Entry(
        ExitCode.CONFIGURATION,
        "The text of the YAML file cannot be changed so that it asks for another release and for nothing else besides. It "
        "was left as it is.",
        'Write it yourself, `release: "{version}"` under `acme_sh`, then: acmewrap apply',
    ),
    "config.changed": Entry(
        ExitCode.BUSY,
        "Somebody saved the YAML file while acmewrap was about to change it. What they wrote was not touched.",
        "Run the same again: it takes the file as it is now.",
        retry=Retry.LATER,
    ),
    "file.exists": Entry(
        ExitCode.PERMISSION,
        "A file that is there may hold somebody's work; it is not replaced unasked.",
        "Name another one with --output, or replace it: --force",
    ),
    "cli.usage": Entry(
        ExitCode.USAGE,
        "An option of the command line is missing or has a value that cannot be.",
        "Give it as the message says; `acmewrap init --help` lists all of them.",
    ),
    "secret.unavailable": Entry(
        ExitCode.PERMISSION,
        "A reference in the YAML file leads to nothing that this user can read.",
        "Put the value where the reference points, readable by the user that runs acmewrap.",
    ),
    "bundle.missing": Entry(
        ExitCode.UNREACHABLE,
        "The file with the authority's own certificates is not where the YAML file says.",
        "Put the root certificate (PEM) of {server} into {ca_bundle}, or write the PEM itself as `ca_bundle`.",
    ),
    "certificate.unknown": Entry(
        ExitCode.UNEXPECTED,
        "The name is not one of those under `certificates` in the YAML file.",
        "Name one of these: {known}.",
    ),
    "authority.unknown": Entry(
        ExitCode.UNEXPECTED,
        "The name is not one of those under `authorities` in the YAML file.",
        "Name one of these: {known}.",
    ),
    "command.unsafe": Entry(
        ExitCode.UNEXPECTED,
        "acme.sh evaluates what it is given in a shell; words that could be taken for more than they are do not reach it.",
        "Use the plain spelling that the message asks for.",
    ),
    "schedule.none": Entry(
        ExitCode.UNEXPECTED,
        "The file says nothing about an unattended run.",
        "Add a section `schedule` with `daily` or `every`, and with `by`.",
    ),
}
