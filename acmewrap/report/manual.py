"""What ``--help`` teaches: every command in the order in which a newcomer needs it, with examples that work."""

from __future__ import annotations

from typing import Mapping, Tuple

from ..errors import ExitCode
from ..frozen import frozen


@frozen
class Page:
    """One command. ``names``: whether it takes names of certificates; ``takes``: those of :data:`OPTIONS` that mean something
    to it. The others are refused, for an option that is ignored does the opposite of what it says.
    """

    summary: str
    text: str
    examples: Tuple[str, ...]
    names: bool = False
    takes: Tuple[str, ...] = ()


OPTIONS: Mapping[str, str] = {
    "--only": "only this certificate; repeatable",
    "--force": "also what is not due, or is there already",
    "--dry-run": "say what would be done, change nothing",
}
_ALL = tuple(OPTIONS)

COMMANDS: Mapping[str, Page] = {
    "init": Page(
        "write a commented acmewrap.yaml to start from",
        "On a terminal it asks for what is left out. A file that is there is not replaced without --force.",
        (
            "acmewrap init",
            "acmewrap init --template synology --domain nas.internal.example.com \\",
            "  --server https://pki.internal.example.com/acme/directory --ca-bundle ca.crt",
        ),
        takes=("--force", "--dry-run"),
    ),
    "check": Page(
        "report every problem in the file",
        "Changes nothing. Problems come as FILE:LINE:COLUMN: KEY: what is wrong, so an editor can jump to them.",
        ("acmewrap check", "acmewrap check --config /etc/acmewrap/config.yaml"),
    ),
    "plan": Page(
        "show what apply would do, and why",
        "Changes nothing. Also shown: leftovers (`apply --prune` removes them), and what can only fail, with its exit code.",
        ("acmewrap plan", "acmewrap plan --exit-code   # 2 when something is pending"),
        names=True,
        takes=("--only", "--force"),
    ),
    "apply": Page(
        "do what the plan says, and verify it",
        "Does nothing when there is nothing to do.\n"
        "Installs acme.sh, writes the wrapper script, issues or renews, deploys, looks at the server, sets the schedule.\n"
        "--prune asks before it removes anything; without a terminal it needs --yes.",
        ("acmewrap apply", "acmewrap apply --only nas", "acmewrap apply --dry-run", "acmewrap apply --prune --yes"),
        names=True,
        takes=_ALL,
    ),
    "status": Page(
        "show the certificates, on disk and at their targets",
        "Exit codes: 0 all is valid and served, 3 one failed or expired, 4 a deployment is pending, 1 the schedule is wrong.",
        ("acmewrap status", "acmewrap --json status", "acmewrap status --format prometheus"),
        names=True,
        takes=("--only",),
    ),
    "report": Page(
        "write a page of HTML about certificates and runs",
        "How each certificate stands, what is pending, and what the last runs did. The page loads nothing and needs no script.\n"
        "It is printed, or with --output takes the place of that file, which all may read. With --json the same is a document.",
        (
            "acmewrap report > report.html",
            "acmewrap report --output /srv/www/certificates.html",
            "acmewrap --json report",
        ),
        names=True,
        takes=("--only",),
    ),
    "doctor": Page(
        "find what keeps certificates from being renewed",
        "Changes nothing without --fix. "
        "It lays a random token into each webroot, fetches it as the authority would, and takes it away again.\n"
        "The exit code is 0 when nothing is found, else that which belongs to the first finding.",
        ("acmewrap doctor", "acmewrap doctor --fix"),
        names=True,
        takes=("--only", "--dry-run"),
    ),
    "rehearse": Page(
        "order a certificate and throw it away",
        "What is in use stays untouched. "
        "The whole order with the real authority: account, challenge, certificate. Nothing of it is kept or deployed.",
        ("acmewrap rehearse", "acmewrap rehearse nas --server https://pki.example.com/staging/directory"),
        names=True,
        takes=("--only", "--dry-run"),
    ),
    "issue": Page(
        "issue or renew what is due, and deploy nothing",
        "With --force also what is not due. Deploys nothing: `acmewrap deploy`, or the next run of the schedule, does.",
        ("acmewrap issue", "acmewrap issue nas --force"),
        names=True,
        takes=_ALL,
    ),
    "deploy": Page(
        "deploy pending certificates and verify them",
        "With --force also those that are deployed. A target that serves the certificate already is only looked at.",
        ("acmewrap deploy", "acmewrap deploy nas --force -v"),
        names=True,
        takes=_ALL,
    ),
    "cron": Page(
        "the unattended run: renew and deploy what is due",
        "Starts nothing when there is nothing to do. Failures are tried again later and later, up to once a day.",
        ("acmewrap cron", "acmewrap --quiet cron"),
        takes=_ALL,
    ),
    "schedule": Page(
        "show, start, adjust or remove the scheduled run",
        "`run` has the scheduler start it, with its environment and its user, and shows how it ended and what it logged.\n"
        "`adjust` writes how often the certificates need one into the file, all else in it kept, and into the scheduler. It and\n"
        "`remove` ask first; without a terminal they need --yes.",
        ("acmewrap schedule show", "acmewrap schedule run", "acmewrap schedule adjust", "acmewrap schedule remove"),
        takes=("--dry-run",),
    ),
    "monitoring": Page(
        "send a test message to each monitoring service",
        "Shows what each service of the section `monitoring` answered; healthchecks gets the ping of a good run. The exit code is\n"
        "0 when all took it and the metrics could be written, else 1.",
        ("acmewrap monitoring test", "acmewrap monitoring test --dry-run"),
        takes=("--dry-run",),
    ),
    "install": Page(
        "install the pinned acme.sh, and only that",
        "Every file is held against its pinned SHA-256. --force replaces changed files and keeps them beside the new ones.",
        ("acmewrap install", "acmewrap install --force"),
        takes=("--force", "--dry-run"),
    ),
    "render": Page(
        "write the wrapper script and the files it needs",
        "The script is acme.sh as a person runs it by hand, with homes, authority and hook variables filled in.",
        ("acmewrap render",),
        takes=("--dry-run",),
    ),
    "releases": Page(
        "list the pinned releases of acme.sh",
        "Only these can be named as `release`; URL and SHA-256 are for machines that cannot download.",
        ("acmewrap releases", "acmewrap --json releases"),
    ),
    "pin": Page(
        "pin another release of acme.sh, from an archive",
        "For one that acmewrap does not know, from somebody whom you trust. "
        "The SHA-256 of each of its files goes into a manifest beside the YAML file, which names it; shown is what differs from\n"
        "the pinned release before it. From then on `upgrade` switches to it and back, and it is checked as any other.",
        ("acmewrap pin acme.sh-3.1.6.tar.gz --dry-run", "acmewrap pin acme.sh-3.1.6.tar.gz"),
        takes=("--dry-run",),
    ),
    "upgrade": Page(
        "switch to another pinned release of acme.sh",
        "First the files that differ are listed, those in use here by name; then it asks. --yes switches without asking;\n"
        "--dry-run, or no terminal to ask at, changes nothing. A switch installs the release, renders the wrapper script and\n"
        "changes that one value in the file, comments and all else kept; when a step fails, all stays as it was.\n"
        "Releases stay beside each other on disk: the way back is the same command, and needs no download.",
        (
            "acmewrap upgrade                    # to the newest; it asks first",
            "acmewrap upgrade --to 3.1.3 --yes",
            "acmewrap upgrade --to 3.1.1 --yes   # and back",
        ),
        takes=("--force", "--dry-run"),
    ),
    "self-update": Page(
        "replace this one-file build by another",
        "SHA256SUMS and SHA256SUMS.sig must lie beside the new file, signed by somebody whom this build trusts, or who stands\n"
        "in --signers; without ssh-keygen, --sha256 names the sum that was verified elsewhere. The new file must start on this\n"
        "machine; then it takes the place of the old one in one step, and that is kept beside it for --rollback.",
        (
            "acmewrap self-update --from https://releases.example.com/acmewrap.pyz",
            "acmewrap self-update --from /volume1/downloads/acmewrap.pyz --dry-run",
            "acmewrap self-update --rollback",
        ),
        takes=("--force", "--dry-run"),
    ),
    "replace": Page(
        "replace a certificate whose key was stolen",
        "Another one with another key is issued, deployed and proven; then the old one is revoked (keyCompromise), with what is\n"
        "kept of former ones that have its key. What one run cannot finish the next `apply` or scheduled run does.\n"
        "It asks first; without a terminal it needs --yes. --force begins another before the last replacement is finished.",
        ("acmewrap replace nas --compromised", "acmewrap replace nas --compromised --dry-run"),
        takes=("--force", "--dry-run"),
    ),
    "revoke": Page(
        "revoke a certificate at its authority",
        "It asks first; without a terminal it needs --yes. The next `apply` issues another one; take the entry out of the file to\n"
        "prevent that.",
        (
            "acmewrap revoke nas --reason 1   # 1: the key is known to others",
            "acmewrap revoke nas --dry-run",
        ),
        takes=("--dry-run",),
    ),
    "run": Page(
        "run acme.sh itself through the wrapper script",
        "Everything after -- goes to acme.sh as it is.",
        ("acmewrap run -- --list", "acmewrap run -- --info -d nas.internal.example.com --ecc"),
    ),
    "schema": Page(
        "print the JSON Schema of the file, for editors",
        "Editors with a YAML language server then complete keys and underline mistakes.",
        (
            "acmewrap schema > acmewrap.schema.json",
            "# and in acmewrap.yaml the line: # yaml-language-server: $schema=FILE",
            "acmewrap schema --document   # of what --json prints",
        ),
    ),
    "completion": Page(
        "print a completion script for your shell",
        "",
        (
            'bash:  eval "$(acmewrap completion bash)"      # in ~/.bashrc',
            'zsh:   eval "$(acmewrap completion zsh)"       # in ~/.zshrc, after compinit',
            "fish:  acmewrap completion fish | source       # in ~/.config/fish/config.fish",
        ),
    ),
    "demo": Page(
        "try it all against simulated counterparts",
        "A private CA, a web server and a simulated DSM on this machine. "
        "Needs pebble and nginx (apt-get install pebble nginx-light).",
        ("acmewrap demo",),
    ),
    "version": Page("show the versions of acmewrap and acme.sh", "", ("acmewrap version",)),
}

START = """\
start here:
  acmewrap init      a commented file; then edit it
  acmewrap check     is it right?
  acmewrap plan      what would be done?
  acmewrap apply     do it, and prove it
  acmewrap doctor    something is wrong: what?
  acmewrap COMMAND --help    every command has examples"""

PLACES = """\
The file is the one of --config, else $ACMEWRAP_CONFIG, else the first there is of
./acmewrap.yaml, ~/.config/acmewrap/config.yaml,
/usr/local/etc/acmewrap/config.yaml and /etc/acmewrap/config.yaml."""

EXIT_CODES = "\n".join(("exit codes:", *(f"  {code:<3d} {code.meaning}" for code in ExitCode)))
