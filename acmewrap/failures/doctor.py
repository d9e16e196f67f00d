"""What the doctor alone finds."""

from __future__ import annotations

from typing import Mapping

from ..errors import Retry
from .entry import Entry, busy, denied, deploy_failed, drift, issue_failed, misconfigured, unreachable

ENTRIES: Mapping[str, Entry] = {
    "doctor.no_answer": unreachable(
        "Something that doctor asked over the network neither answered nor refused.",
        "See whether a firewall drops packets on the way there, or a name server does not answer.",
        retry=Retry.LATER,
    ),
    "doctor.no_nas": misconfigured(
        "A support file holds how a NAS answers, and the file names none.",
        "Add the section `synology` with `url` and `account`.",
    ),
    "doctor.clock_skew": Entry(
        "The clock of this machine and that of the authority differ by more than a minute. A certificate may then seem not yet "
        "valid or expired, and renewals come at the wrong time.",
        "Set the clock by the network: timedatectl set-ntp true (DSM: Control Panel, Regional Options, Time). If this clock is "
        "right, tell the operator of the authority.",
    ),
    "doctor.bundle_invalid": unreachable(
        "The ca_bundle file holds no certificate that can be read: it is empty, not PEM, or was cut off.",
        "Put the root certificate (PEM) of {server} into {ca_bundle}.",
    ),
    "doctor.bundle_not_ca": unreachable(
        "The ca_bundle file holds the certificate of a server, and not of the authority that signed it.",
        "Put the root certificate (PEM) into {ca_bundle}; it is the one whose basic constraints say CA:TRUE.",
    ),
    "doctor.root_ends": Entry(
        "The root that the authority is trusted through ends soon, and the bundle holds no later one.",
        "Ask the authority's operator for the next root certificate (PEM), and put it into {ca_bundle} beside this one, as the "
        "page `When things change` of the manual shows. Your clients need it, too.",
    ),
    "doctor.bundle_expired": unreachable(
        "The authority's own certificate has ended, and with it the trust in everything it signed.",
        "Ask the authority's operator for the new root certificate (PEM), and put it into {ca_bundle}.",
    ),
    "doctor.name_unresolved": issue_failed(
        "The name of a certificate has no address here. The authority may ask another DNS, but then the one used here lacks it.",
        "Add {domain} to the DNS, then check: getent hosts {domain}",
    ),
    "doctor.web_server_silent": issue_failed(
        "The authority will ask for a token over http at port 80 of the name, and nothing answers there, seen from this machine.",
        "Start the web server of {domain}, or open its port: curl -v http://{domain}/.well-known/acme-challenge/",
    ),
    "doctor.token_not_served": issue_failed(
        "A file was laid into the webroot, and the web server of the name does not show it: it serves another folder, refuses, "
        "or the name leads to another machine.",
        "Let the web server of {domain} serve {webroot}/.well-known/acme-challenge/ at "
        "http://{domain}/.well-known/acme-challenge/",
    ),
    "doctor.webroot_lost": denied(
        "The webroot is gone. An update of DSM leaves nothing in the root file system that is not DSM's own, and the account that "
        "renews may not make a folder there.",
        "Run once, as root on the NAS: acmewrap doctor --fix. After each update of DSM, look with `acmewrap doctor`.",
    ),
    "doctor.other_entry": Entry(
        "An entry of a scheduler is left over from a former version of the file, or of one that is gone, or somebody else's runs "
        "acme.sh on the same home: two of them renew and deploy against each other.",
        "See it with `acmewrap plan`, and remove it: acmewrap apply --prune",
    ),
    "doctor.other_task": Entry(
        "Another task runs acme.sh as well: two of them change one home, or bring different certificates to one entry of DSM.",
        "Look at the task {task} in Control Panel > Task Scheduler, and delete or disable it when it is for the same certificates.",
    ),
    "doctor.wrapper_differs": drift(
        "The wrapper script is missing, or is not what the YAML file asks for.",
        "Run: acmewrap render",
    ),
    "doctor.file_mode": denied(
        "Keys, account keys and settings are for their owner alone; a copy or a restored backup opened them to others.",
        "Run: acmewrap doctor --fix",
    ),
    "doctor.file_access": denied(
        "An installed file has another owner, group or mode than the configuration asks for.",
        "Run: acmewrap doctor --fix. Only root can give a file to another user.",
    ),
    "doctor.secret_readable": denied(
        "Every user of this machine, or a whole group of them, can read a file with a secret.",
        "Run: chmod {mode} {file}",
    ),
    "doctor.no_schedule": Entry(
        "Nothing renews the certificates unattended.",
        "Add a section such as `schedule: {{every: 6h}}` and run: acmewrap apply",
    ),
    "doctor.schedule_missing": Entry(
        "The scheduler does not have the entry that the YAML file asks for.", "Run: acmewrap apply"
    ),
    "doctor.schedule_dead": Entry(
        "The entry is there, and its scheduler has not started it for longer than two intervals: the service that should does not "
        "run (cron, systemd, DSM's Task Scheduler), or the machine was off.",
        "See whether that service runs, then have a run: acmewrap cron. Its log shows when the schedule ran last.",
    ),
    "doctor.schedule_too_slow": Entry(
        "Less time lies between the day a certificate is due and its end than between two runs.",
        "Run more often, `schedule: {{every: {every}}}`: acmewrap schedule adjust --yes. Or let `renew` begin earlier, then: "
        "acmewrap apply",
    ),
    "doctor.lock_held": busy(
        "A run has been at work for hours; no acme.sh takes that long. It keeps every other run out.",
        "See what it does (ps -fp {process}) and end it: kill {process}",
    ),
    "doctor.log_large": Entry(
        "The log grows with every run and nothing rotates it.",
        "Move it away: mv {log} {log}.1; and give it to logrotate.",
    ),
    "doctor.certificate_expired": issue_failed(
        "The certificate was not renewed in time.", "Run: acmewrap issue {name}"
    ),
    "doctor.certificate_overdue": issue_failed(
        "The certificate should have been renewed by the last run, or there was none.",
        "Run: acmewrap issue {name}. If it works by hand, look at the schedule and its log.",
    ),
    "doctor.issue_failing": issue_failed(
        "The last attempts to renew the certificate failed; it is still valid.",
        "Fix what the message says; then: acmewrap issue {name}",
    ),
    "doctor.chain_ends": issue_failed(
        "An intermediate certificate of the authority ends before the certificate is renewed; from then on nobody accepts it.",
        "Once the authority signs with another intermediate certificate, run: acmewrap apply --force {name}",
    ),
    "doctor.not_deployed": deploy_failed(
        "The present certificate has not been brought to this target.",
        "Run: acmewrap deploy {name}",
    ),
    "doctor.not_served": deploy_failed(
        "The target shows another certificate than the one that is on disk.",
        "Run: acmewrap deploy {name}",
    ),
    "doctor.target_silent": unreachable(
        "The server that should show the certificate does not answer.",
        "Start it, or correct `verify`: openssl s_client -connect {target} </dev/null (with -starttls where TLS begins on request)",
    ),
    "doctor.chain": deploy_failed(
        "The target shows the certificate, and beside it not what clients need to trust it: intermediate certificates are missing, "
        "in another order than RFC 5246 section 7.4.2 has it, or expired.",
        "Let the server of {target} read the file with the whole chain (fullchain_file), and nothing else beside it.",
    ),
}
