"""Every failure this package can tell of: a stable id, why it usually happens, what to do. One place per fact.

``docs/errors.md`` is generated from this table. A remedy may name values in braces; :func:`failure` fills them in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Mapping, Sequence, Tuple

from .errors import Failure
from .text import visible


@dataclass(frozen=True)
class Entry:
    """What is known of one kind of failure before it happens."""

    id: str
    cause: str
    remedy: str


def failure(id: str, message: str, lines: Sequence[str] = (), **values: object) -> Failure:
    """The failure *id* of the catalogue as it happened now. Raises KeyError for an id that is not in the table.

    A value that a remedy names and nobody gave stays there in capitals, as in a manual page. All of it is made visible, since
    much of it comes from outside.
    """
    remedy = visible(CATALOGUE[id].remedy.format_map(_Values(values)))
    return Failure(id=id, message=visible(message), remedy=remedy, lines=tuple(map(visible, lines)))


class _Values(Dict[str, object]):
    def __missing__(self, name: str) -> str:
        return name.upper()


_ENTRIES: Tuple[Entry, ...] = (
    # --- the configuration file ------------------------------------------------------------------------------------------
    Entry(
        "config.invalid",
        "The YAML file has mistakes of syntax, unknown keys, or values that acme.sh would take wrongly.",
        "Mend the lines named above; `acmewrap check` tells when all is well. Nothing was changed.",
    ),
    Entry(
        "config.missing",
        "There is no YAML file at any place where one is looked for.",
        "Write one with `acmewrap init`, or name yours with --config or in $ACMEWRAP_CONFIG.",
    ),
    Entry(
        "config.not_readable",
        "The YAML file belongs to another user.",
        "Run as the user that owns {file}, or give that user's file to the one that runs acmewrap.",
    ),
    Entry(
        "config.not_editable",
        "The text of the YAML file cannot be changed so that it asks for another release and for nothing else besides. It was left "
        "as it is.",
        'Write it yourself, `release: "{version}"` under `acme_sh`, then: acmewrap apply',
    ),
    Entry(
        "config.changed",
        "Somebody saved the YAML file while acmewrap was about to change it. What they wrote was not touched.",
        "Run the same again: it takes the file as it is now.",
    ),
    Entry(
        "file.exists",
        "A file that is there may hold somebody's work; it is not replaced unasked.",
        "Name another one with --output, or replace it: --force",
    ),
    Entry(
        "cli.usage",
        "An option of the command line is missing or has a value that cannot be.",
        "Give it as the message says; `acmewrap init --help` lists all of them.",
    ),
    Entry(
        "cli.not_confirmed",
        "What cannot be undone is asked about at a terminal. There is none, and --yes was not given, so nothing was changed.",
        "Look at what would be done with --dry-run; then repeat the command with --yes.",
    ),
    # --- the machine ---------------------------------------------------------------------------------------------------
    Entry(
        "secret.unavailable",
        "A reference in the YAML file leads to nothing that this user can read.",
        "Put the value where the reference points, readable by the user that runs acmewrap.",
    ),
    Entry(
        "file.not_writable",
        "The user that runs acmewrap may not write there.",
        "Run as the user that owns {folder}, or give that user the right to write there.",
    ),
    Entry(
        "run.busy",
        "Another run works in the same folder, by hand or from the schedule.",
        "Try again when it has ended.",
    ),
    Entry(
        "run.interrupted",
        "Somebody, or the system while it shut down, ended the run.",
        "Run again: nothing half-done is kept, and what was finished is not done twice.",
    ),
    Entry(
        "file.foreign",
        "Something that acmewrap did not write lies where it would write. It is never overwritten.",
        "Move it away and run again: mv {path} {path}.before",
    ),
    Entry(
        "file.open_to_others",
        "More people can reach a private file than should. It is another user's, or a link, and acmewrap does not change it.",
        "Run as its owner: chmod {mode} {file}",
    ),
    Entry(
        "file.failed",
        "The operating system could not do it: a broken disk, a folder in the way, a file system that is read-only.",
        "Mend what the message says and run again; what was there before is untouched.",
    ),
    Entry(
        "bundle.missing",
        "The file with the authority's own certificates is not where the YAML file says.",
        "Put the root certificate (PEM) of {server} into {ca_bundle}, or write the PEM itself as `ca_bundle`.",
    ),
    Entry(
        "certificate.unknown",
        "The name is not one of those under `certificates` in the YAML file.",
        "Name one of these: {known}.",
    ),
    Entry(
        "authority.unknown",
        "The name is not one of those under `authorities` in the YAML file.",
        "Name one of these: {known}.",
    ),
    Entry(
        "wrapper.missing",
        "The wrapper script was not rendered yet.",
        "Run: acmewrap render",
    ),
    Entry(
        "step.skipped",
        "A step before it failed.",
        "Mend what the failed step says and run again.",
    ),
    Entry(
        "command.unsafe",
        "acme.sh evaluates what it is given in a shell; words that could be taken for more than they are do not reach it.",
        "Use the plain spelling that the message asks for.",
    ),
    Entry(
        "schedule.no_crontab",
        "The machine has no cron; a Synology NAS, for one, has its own Task Scheduler.",
        "Install cron, or name another scheduler as `by` under `schedule`.",
    ),
    Entry(
        "schedule.none",
        "The file says nothing about an unattended run.",
        "Add a section `schedule` with `daily` or `every`, and with `by`.",
    ),
    Entry(
        "schedule.not_startable",
        "cron has no way to run an entry before its time.",
        "Run what it would run: `acmewrap cron`.",
    ),
    Entry(
        "schedule.no_systemd",
        "The schedule asks for a systemd timer, and the machine runs no systemd.",
        "Write `by: crontab` (or `by: dsm` on a Synology NAS).",
    ),
    Entry(
        "schedule.refused",
        "crontab did not take the new table, or this user may not have one (see cron.allow).",
        "Try `crontab -l` as the same user and mend what it says.",
    ),
    # --- the pinned acme.sh ----------------------------------------------------------------------------------------------
    Entry(
        "release.unpinned",
        "The content of this release of acme.sh is not known here, so nothing could be held against it.",
        "Name a pinned release as `release` under `acme_sh`: {pinned}.",
    ),
    Entry(
        "release.vulnerable",
        "Releases of acme.sh before 3.0.6 run commands that the authority's answers contain (CVE-2023-38198).",
        'Set `release: "{default}"` under `acme_sh`. Only where the authority is your own: `allow_vulnerable: true` beside it.',
    ),
    Entry(
        "release.missing",
        "acme.sh was not installed yet, or its folder was removed.",
        "Run: acmewrap install",
    ),
    Entry(
        "release.other",
        "The YAML file was edited and not applied yet, or a switch between two releases was ended halfway.",
        "Run: acmewrap apply",
    ),
    Entry(
        "release.drift",
        "A file of the installed acme.sh was changed or removed, or one was added that acme.sh could run, by somebody or by "
        "acme.sh's own upgrade. It is not run.",
        "Find out who did it, then run: acmewrap install --force. The folder is kept beside the new one, with all that is in it.",
    ),
    Entry(
        "release.occupied",
        "Something that acmewrap did not make lies where acme.sh belongs. It is never deleted.",
        "Move it away and run again: mv {folder} {old} && acmewrap install",
    ),
    Entry(
        "release.unreadable",
        "The user that runs acmewrap may not read the files of acme.sh.",
        "Run as the user that owns {folder}, or give that user the right to read it.",
    ),
    Entry(
        "release.not_written",
        "acme.sh could not be written to its folder: the disk is full or read-only, or a file lies where a folder belongs.",
        "Make room or way in {folder}, then run: acmewrap install. What was installed before has been kept.",
    ),
    Entry(
        "release.source",
        "A place that acme.sh could come from cannot be reached or read.",
        "Let `archive` under `acme_sh` name the archive of the release (.tar.gz) or its unpacked folder, readable for "
        "this user.",
    ),
    Entry(
        "release.mismatch",
        "The files are not those of the pinned release: another version, a changed copy, a damaged download. They were "
        "not installed.",
        "Bring the archive of that very release; `acmewrap releases` lists the URLs and their SHA-256.",
    ),
    Entry(
        "release.unsafe",
        "The archive holds what no release of acme.sh does: a link, a device, a path that leads out of it, a file twice, "
        "far too much.",
        "Do not use it, and ask where it came from; `acmewrap releases` lists the URLs of the releases and their SHA-256.",
    ),
    Entry(
        "release.unavailable",
        "This machine reaches none of the places that acme.sh can come from.",
        "Fetch {url} (SHA-256 {sha256}) elsewhere. Then name the file as `archive` under `acme_sh`, or put it where "
        "the message shows the download cache.",
    ),
    # --- reaching the authority ------------------------------------------------------------------------------------------
    Entry(
        "ca.tls_untrusted",
        "The authority's HTTPS certificate does not lead to a certificate in the ca_bundle file (curl 35, 51, 58, 60, 77 "
        "and 83): the "
        "file lacks the authority's root, is missing or is not PEM, or another server answers.",
        "Review the ca_bundle file {ca_bundle}: it must hold, as PEM, the root that signed the certificate of the ACME "
        "directory. "
        "Try it with: curl -v {server} --cacert {ca_bundle}",
    ),
    Entry(
        "ca.name_unresolved",
        "The name of the authority's host has no address here (curl 6).",
        "Check the host name in `server` ({server}) and this machine's DNS: getent hosts {host}",
    ),
    Entry(
        "ca.unreachable",
        "Nothing answers at the authority's address: it is down, a firewall is in between, or the port is wrong (curl 7, "
        "52, 56).",
        "Start the authority or mend the way to it, then run again. Try it with: curl -v {server} --cacert {ca_bundle}",
    ),
    Entry(
        "ca.timeout",
        "The authority accepted the connection and did not answer in time (curl 28).",
        "See whether the authority is overloaded or a firewall drops packets: curl -v --max-time 30 {server} --cacert "
        "{ca_bundle}",
    ),
    Entry(
        "ca.not_acme",
        "The URL answers, but not with an ACME directory (RFC 8555 section 7.1.1): usually a wrong path, answered with "
        "404 or a login page.",
        "Set `server` to the directory URL itself, as the authority documents it (.../acme/directory, for step-ca "
        ".../acme/NAME/directory). It must print JSON with newOrder: curl {server} --cacert {ca_bundle}",
    ),
    Entry(
        "ca.server_error",
        "The authority answered with an error of its own (HTTP 5xx, serverInternal).",
        "Nothing to mend here: look into the authority's log, then run again.",
    ),
    Entry(
        "ca.no_advice",
        "The authority's directory offers advice on renewals (RFC 9773), and its answer was none.",
        "Nothing to do here: the certificate's own dates decide, and the authority is asked again later.",
    ),
    Entry(
        "ca.nonce",
        "The authority did not accept the nonce of a request (badNonce), or gave none: it restarted, or several of them "
        "stand "
        "behind one name without shared state.",
        "Run again. If it stays, let all requests for {server} reach the same authority, and look into its log.",
    ),
    # --- what the authority refuses --------------------------------------------------------------------------------------
    Entry(
        "acme.rate_limited",
        "The authority counts too many requests for this account or these names (rateLimited).",
        "Wait as long as the message says and do not force renewals meanwhile; ask the authority's operator to raise the "
        "limit.",
    ),
    Entry(
        "acme.rejected_identifier",
        "The authority's policy does not allow a certificate for one of the names, or the name is malformed.",
        "Correct `domains` (asked for: {domain}), or have the authority's operator allow the name.",
    ),
    Entry(
        "acme.eab_required",
        "The authority opens accounts only to those it knows: external account binding (RFC 8555 section 7.3.4).",
        "Ask the authority's operator for a key id and an HMAC key; set them as `eab: {{key_id: ..., hmac_key: {{file: "
        "...}}}}` "
        "under the authority.",
    ),
    Entry(
        "acme.eab_wrong",
        "The authority does not know the key id, or the HMAC key does not belong to it; many authorities accept a pair "
        "only once.",
        "Compare `eab` with what the authority's operator gave out, or ask for a new pair.",
    ),
    Entry(
        "acme.terms",
        "The authority wants its terms agreed to, or something done by hand, before it goes on (userActionRequired).",
        "Do what the message says, then run again.",
    ),
    Entry(
        "acme.caa",
        "A CAA record in the DNS (RFC 8659) forbids this authority to issue for the name.",
        "Allow the authority in the CAA record of {domain} or a parent, or remove the record: dig CAA {domain}",
    ),
    Entry(
        "acme.bad_csr",
        "The authority does not accept the certificate request: usually the kind or length of the key.",
        "Set `key` to a kind that the authority accepts, such as ec-256 or 2048.",
    ),
    Entry(
        "acme.order_invalid",
        "The order ended invalid, expired, or vanished at the authority before a certificate was made.",
        "Run again: a new order is made. If it stays, look into the authority's log for the order.",
    ),
    Entry(
        "acme.order_stuck",
        "The authority took the order and then did not finish it: it stayed pending or processing until acme.sh gave up.",
        "Look into the authority's log for the order of {domain}, then run again.",
    ),
    Entry(
        "acme.already_revoked",
        "The certificate was revoked before.",
        "Nothing is left to revoke. To get a new certificate: acmewrap issue --force",
    ),
    Entry(
        "acme.refused",
        "The authority refused a request for a reason of its own.",
        "Do what its sentence says; its operator finds the request in the authority's log.",
    ),
    Entry(
        "acme.usage",
        "acme.sh does not accept an option or value that it was given.",
        "Correct the value that the message names; an entry under `options` must be an option of this release of acme.sh.",
    ),
    Entry(
        "acme.csr_failed",
        "The certificate request could not be made or read.",
        "Check that openssl works (openssl version), that {folder} is writable, and that a request given by hand is one.",
    ),
    Entry(
        "acme.revoke_failed",
        "The authority did not revoke the certificate.",
        "Read the lines before; revoking takes the account or the key with which the certificate was made.",
    ),
    Entry(
        "acme.notification",
        "acme.sh could not set up or send a notification. Certificates are not touched by that.",
        "Check the values that the notify hook needs, or leave notifications to acmewrap's schedule.",
    ),
    Entry(
        "acme.installation",
        "acme.sh's own installer, upgrade or cron job failed. acmewrap uses none of them.",
        "Use `acmewrap install` and `schedule` instead.",
    ),
    Entry(
        "acme.bug",
        "acme.sh came to a place where it suspects a mistake of its own.",
        "Run again; if it stays, try another pinned release: acmewrap releases",
    ),
    Entry(
        "acme.unknown",
        "acme.sh failed without a word that is known here.",
        "Read its last lines; with -v all of them are shown as they come. If they do not help either, report them together with "
        "the release of acme.sh.",
    ),
    # --- the account -----------------------------------------------------------------------------------------------------
    Entry(
        "account.unknown",
        "The authority does not know the account, or deactivated it: it was set up anew or its database was lost, or the "
        "account "
        "files belong to another authority. acme.sh never mends this by itself.",
        "Remove the account files of this authority (the folder with account.key, account.json and ca.conf: "
        "{account_folder}) and "
        "run again: a new account is registered.",
    ),
    Entry(
        "account.contact",
        "The authority does not accept the e-mail address of the account, or wants one.",
        "Set `email` under the authority to an address that it accepts.",
    ),
    Entry(
        "account.not_deactivated",
        "The authority did not deactivate the account or an authorization.",
        "Read the lines before; an account that the authority does not know needs no deactivation.",
    ),
    Entry(
        "account.key",
        "The account key is missing or unreadable, or cannot be made.",
        "Check that {account_folder} is readable and writable for the user that runs acmewrap, and that openssl works: "
        "openssl version",
    ),
    # --- challenges ------------------------------------------------------------------------------------------------------
    Entry(
        "challenge.not_reachable",
        "The authority could not connect to the host to see the challenge (RFC 8555 section 8.3: port 80 for http-01).",
        "Make sure a web server answers on port 80 of {domain}, seen from the authority and not only from here: "
        "curl -v http://{domain}/.well-known/acme-challenge/",
    ),
    Entry(
        "challenge.name_unresolved",
        "The authority could not find an address (or the TXT record) for the name in its DNS.",
        "Add {domain} to the DNS that the authority asks, which may not be the one of this machine: dig {domain}",
    ),
    Entry(
        "challenge.wrong_content",
        "A web server answered the authority, but not with the token: it serves another folder than the webroot, "
        "redirects, or "
        "another host has the name.",
        "Make the web server of {domain} serve {webroot}. Try it: echo ok > {webroot}/.well-known/acme-challenge/try; "
        "curl http://{domain}/.well-known/acme-challenge/try",
    ),
    Entry(
        "challenge.timed_out",
        "The authority never decided about the challenge. Some (step-ca, Caddy) keep a failed one pending and try again "
        "by themselves.",
        "Check from the authority's host that http://{domain}/.well-known/acme-challenge/ is reachable, then run again.",
    ),
    Entry(
        "challenge.not_offered",
        "The authority does not offer this kind of challenge for the name (a wildcard takes dns-01 only, RFC 8555 "
        "section 7.1.3).",
        "Use a challenge that the authority offers; the message lists them.",
    ),
    Entry(
        "challenge.failed",
        "The authority did not accept the challenge, and its words are not known here.",
        "Make sure the authority can fetch http://{domain}/.well-known/acme-challenge/TOKEN from {webroot}, then run again.",
    ),
    Entry(
        "challenge.dns_hook",
        "The DNS hook could not set or remove the TXT record, or is missing or broken.",
        "Check the name under `dns` and the values in its `env`; each hook of acme.sh lists what it needs at the top of "
        "its file.",
    ),
    Entry(
        "challenge.web_server",
        "acme.sh could not change or reload the configuration of nginx or Apache for the challenge.",
        "Mend the configuration until `nginx -t` or `apachectl -t` is content and run as root, or use `webroot`, which "
        "changes nothing.",
    ),
    Entry(
        "webroot.not_writable",
        "The challenge file could not be written: the webroot does not exist or belongs to another user.",
        "Make sure {webroot} exists and has the correct permissions: sudo mkdir -p {webroot}/.well-known/acme-challenge && "
        "sudo chown -R {user}:{group} {webroot}",
    ),
    Entry(
        "port.in_use",
        "acme.sh's own small server needs a port that another process holds.",
        "Stop the other process for the run, choose another `port`, or let that web server serve a `webroot`. Who it is: "
        "ss -ltnp",
    ),
    # --- files and tools -------------------------------------------------------------------------------------------------
    Entry(
        "home.not_writable",
        "acme.sh could not write where it keeps its keys, certificates and settings.",
        "Run as the user that owns {folder}, or give it that user: sudo chown -R {user} {folder}",
    ),
    Entry(
        "disk.full",
        "The disk is full. acme.sh then leaves empty files behind.",
        "Make room (df -h {folder}) and run again; what was there before has been kept.",
    ),
    Entry(
        "tool.path_writable",
        "Whoever can write to a folder of PATH decides what acmewrap and acme.sh run as curl, openssl and so on.",
        "Take {folder} out of PATH, or run as its owner: chmod o-w {folder}",
    ),
    Entry(
        "tool.missing",
        "A program that acme.sh needs is not installed, or not in PATH.",
        "Install the program that the message names (curl, openssl; socat for standalone; idn for international names).",
    ),
    Entry(
        "tool.failed",
        "A program that acme.sh needs did not do its work. Without openssl acme.sh says only that a key could not be made.",
        "Run it by hand (openssl version), and install or mend it.",
    ),
    Entry(
        "key.not_created",
        "The private key could not be made or read.",
        "Set `key` to a kind that openssl knows here, and check that the certificate's folder is writable: {folder}",
    ),
    Entry(
        "process.deadline",
        "acme.sh took longer than it may and was ended with everything it had started. It has no time limit of its own.",
        "Read its last lines: usually the authority or the target does not answer. Only when it is slow and sound: "
        "--timeout SECONDS",
    ),
    Entry(
        "process.killed",
        "acme.sh was ended from outside by a signal.",
        "Run again: nothing half-done is kept. If it happens often, look for a shortage of memory (dmesg) or another "
        "job's kill.",
    ),
    # --- certificates ----------------------------------------------------------------------------------------------------
    Entry(
        "certificate.not_issued",
        "acme.sh keeps no certificate under this name.",
        "Issue it first: acmewrap issue {name}",
    ),
    Entry(
        "certificate.replaced",
        "Another run replaced the certificate while the question was open. The new one was not touched.",
        "Look at it with `acmewrap status`, and repeat the command if it is still meant.",
    ),
    Entry(
        "certificate.download_failed",
        "The authority made the certificate and then did not hand it out, or handed out something else.",
        "Run again. The certificate that was there before has been kept.",
    ),
    Entry(
        "certificate.mismatch",
        "The key, the certificate and the wanted names do not belong together.",
        "Issue it anew: acmewrap issue --force {name}",
    ),
    Entry(
        "certificate.chain_missing",
        "The authority answered with the certificate alone; acme.sh then leaves an old chain beside it, or none.",
        "The certificate before it stays in use. Let the authority send its intermediate certificates along.",
    ),
    Entry(
        "certificate.not_stored",
        "acme.sh ended well and the files are not there, or are not what they should be.",
        "Check space and permissions of {folder}, then issue it anew: acmewrap issue --force {name}",
    ),
    # --- deploying -------------------------------------------------------------------------------------------------------
    Entry(
        "hook.unknown",
        "This release of acme.sh has no deploy hook of that name.",
        "Correct `hook` ({hook}); the hooks are the files of acme.sh's folder deploy/.",
    ),
    Entry(
        "hook.failed",
        "A command that was to run before, after or on renewal ended with an error.",
        "Run the command by hand as the user that runs acmewrap, and mend it.",
    ),
    Entry(
        "reload.failed",
        "The certificate is in place, but the command that makes the server load it ended with an error.",
        "Run the reload command by hand as the user that runs acmewrap, mend it, then: acmewrap deploy {name}",
    ),
    Entry(
        "deploy.failed",
        "The deploy hook ended with an error.",
        "Read its lines; the values of its `env` are the usual reason. Then: acmewrap deploy {name}",
    ),
    Entry(
        "deploy.settings",
        "The deploy hook misses a setting, or does not accept one.",
        "Give the setting that the message names, under `env` of the deploy section; then: acmewrap deploy {name}",
    ),
    Entry(
        "deploy.unreachable",
        "The target of the deployment does not answer, or is not trusted with this ca_bundle.",
        "Check that {target} answers and that the ca_bundle file {ca_bundle} also holds the root of its certificate.",
    ),
    Entry(
        "deploy.key_open",
        "The certificate is in place, and others than the owner of its key, or a group chosen for it, can read that key.",
        "Run as its owner: chmod {mode} {file}. A server that reads it as another user gets it through a group: chgrp GROUP {file}",
    ),
    Entry(
        "deploy.not_proven",
        "The hook ended well, but the target does not serve the new certificate, or nobody could look.",
        "It is tried again on the next run. See what is served: openssl s_client -connect {target} </dev/null | openssl "
        "x509 -noout -dates",
    ),
    # --- DSM: codes of SYNO.API.Auth and SYNO.Core.Certificate -----------------------------------------------------------
    Entry(
        "dsm.unreachable",
        "DSM does not answer at that address.",
        "Check `synology.url` ({target}): http://localhost:5000 on the NAS itself; the ports are in Control Panel > "
        "Login Portal > DSM.",
    ),
    Entry(
        "dsm.tls_untrusted",
        "DSM's HTTPS certificate is not the one of `synology.fingerprint`, and it leads to no root in the authority's ca_bundle "
        "file, or is for another name than that in `synology.url`.",
        "On the NAS use `url: http://localhost:5000`. Elsewhere write the fingerprint that was seen as `synology.fingerprint`, if "
        "this prints the same on the NAS itself (ssh): openssl s_client -connect localhost:5001 </dev/null | openssl x509 -noout "
        "-fingerprint -sha256",
    ),
    Entry(
        "dsm.login_refused",
        "DSM knows no such account, or the password is wrong (auth code 400). Releases of acme.sh before 3.0.7 say this, without a "
        "code, whenever DSM refuses a login.",
        "Check `synology.account`: log in to DSM as {account} with the stored password, or set a new password and store "
        "that one.",
    ),
    Entry(
        "dsm.account_disabled",
        "The account is disabled in DSM (auth code 401).",
        "Control Panel > User & Group > {account} > Edit: deactivate `Disable this account`.",
    ),
    Entry(
        "dsm.permission",
        "The account may not log in to DSM, or is no administrator (auth code 402, API code 105).",
        "Control Panel > User & Group > {account} > Edit: add the group administrators, and allow the application DSM.",
    ),
    Entry(
        "dsm.not_administrator",
        "The account is logged in, and DSM lets only administrators do this (API codes 105, 160).",
        "Control Panel > User & Group > {user} > Edit > User Groups: add administrators. `acmewrap apply` does it as root on "
        "the NAS, or with `synology.administrator`.",
    ),
    Entry(
        "dsm.otp_required",
        "The account asks for a one-time code (2FA, auth code 403), and nobody is there to type one.",
        "Use a service account without 2FA, or name the id of a device that DSM trusts: `device_id` beside the account's "
        "name and password.",
    ),
    Entry(
        "dsm.otp_wrong",
        "The one-time code or the trusted device was not accepted (auth code 404).",
        "Check the NAS's clock, then register the device anew or use a service account without 2FA.",
    ),
    Entry(
        "dsm.otp_enforced",
        "DSM enforces 2FA for this account, and it is not set up (auth code 406).",
        "Control Panel > Security > Account: exclude {account} from enforced 2FA, or log in once as {account} and set it "
        "up.",
    ),
    Entry(
        "dsm.blocked",
        "DSM blocks this address after too many failed logins (auth code 407).",
        "Control Panel > Security > Protection > Allow/Block List: remove this machine's address; mend the password first.",
    ),
    Entry(
        "dsm.password_expired",
        "The password has expired or must be changed first (auth codes 408, 409, 410).",
        "Set a new password for {account} in Control Panel > User & Group, store it, and switch its expiry off.",
    ),
    Entry(
        "dsm.account_locked",
        "DSM locked the account after too many failed logins (auth code 411).",
        "Wait until the lock ends, or unlock {account} as an administrator; mend the stored password first.",
    ),
    Entry(
        "dsm.session",
        "DSM ended or did not accept the session (API codes 106, 107, 119, 150).",
        "Run again. If it stays, reach DSM directly: a proxy that changes the client's address ends sessions.",
    ),
    Entry(
        "dsm.certificate_not_found",
        "DSM has no certificate with that description, and the hook may not make one.",
        "Compare `synology.certificate.description` with Control Panel > Security > Certificate; acmewrap apply makes a "
        "missing one.",
    ),
    Entry(
        "dsm.ambiguous",
        "DSM does not mind several certificates of one description, and the hook replaces the last of them.",
        "In Control Panel, Security, Certificate: delete or rename all but one of the certificates named {description}.",
    ),
    Entry(
        "dsm.not_imported",
        "DSM took the upload and lists no such certificate; its disk may be full or its certificate store damaged.",
        "Import the certificate once by hand in Control Panel, Security, Certificate, with the description {description}.",
    ),
    Entry(
        "dsm.not_assigned",
        "DSM reported success and did not do it.",
        "In Control Panel, Security, Certificate, Settings: choose the certificate {description} for the services named.",
    ),
    Entry(
        "dsm.import_refused",
        "DSM did not accept the certificate (codes 5503 to 5534), usually because key, certificate and chain do not fit "
        "together.",
        "Issue it anew and deploy again: acmewrap issue --force {name}. DSM knows RSA from 2048 bits, ec-256 and ec-384.",
    ),
    Entry(
        "dsm.tool_failed",
        "One of DSM's own commands is missing or refused what it was asked.",
        "Run `{tool} --help` as root on the NAS to see whether it is there; without it add `synology.administrator` to the "
        "file, and acmewrap uses the web API.",
    ),
    Entry(
        "dsm.no_provisioner",
        "Accounts of DSM are made and changed by its administrators, and acmewrap was given none.",
        "Run `acmewrap apply` as root on the NAS, or add `synology.administrator` with name and password.",
    ),
    Entry(
        "dsm.account_not_set",
        "DSM reported success and the account is still not as it should be.",
        "Control Panel > User & Group > {account} > Edit: set by hand what the message names.",
    ),
    Entry(
        "dsm.task_not_set",
        "DSM reported success and its Task Scheduler does not show the task as it should be.",
        "Control Panel > Task Scheduler: compare the task {task} with what `acmewrap schedule show` prints.",
    ),
    Entry(
        "dsm.ambiguous_task",
        "DSM does not mind several tasks of one name, so nobody could tell which one is acmewrap's.",
        "Control Panel > Task Scheduler: delete or rename all but one of the tasks called {task}.",
    ),
    Entry(
        "dsm.no_task",
        "The Task Scheduler has no task for this file.",
        "Make it: `acmewrap apply`.",
    ),
    Entry(
        "dsm.temporary_admin",
        "The hook could not make its temporary administrator: it needs root and runs only on the NAS itself.",
        "Use a service account instead: `synology.account` with name and password.",
    ),
    Entry(
        "dsm.refused",
        "DSM answered with an error that is not known here.",
        "Look up the code in the message; Control Panel > Log Center shows what DSM thought of it.",
    ),
    # --- what doctor finds ---------------------------------------------------------------------------------------------------
    Entry(
        "doctor.no_answer",
        "Something that doctor asked over the network neither answered nor refused.",
        "See whether a firewall drops packets on the way there, or a name server does not answer.",
    ),
    Entry(
        "doctor.clock_skew",
        "The clock of this machine and that of the authority differ by more than a minute. A certificate may then seem not "
        "yet valid or expired, and renewals come at the wrong time.",
        "Set the clock by the network: timedatectl set-ntp true (DSM: Control Panel, Regional Options, Time). If this clock "
        "is right, tell the operator of the authority.",
    ),
    Entry(
        "doctor.bundle_invalid",
        "The ca_bundle file holds no certificate that can be read: it is empty, not PEM, or was cut off.",
        "Put the root certificate (PEM) of {server} into {ca_bundle}.",
    ),
    Entry(
        "doctor.bundle_not_ca",
        "The ca_bundle file holds the certificate of a server, and not of the authority that signed it.",
        "Put the root certificate (PEM) into {ca_bundle}; it is the one whose basic constraints say CA:TRUE.",
    ),
    Entry(
        "doctor.bundle_expired",
        "The authority's own certificate has ended, and with it the trust in everything it signed.",
        "Ask the authority's operator for the new root certificate (PEM), and put it into {ca_bundle}.",
    ),
    Entry(
        "doctor.name_unresolved",
        "The name of a certificate has no address here. The authority may ask another DNS, but then this one is amiss.",
        "Add {domain} to the DNS: getent hosts {domain}",
    ),
    Entry(
        "doctor.web_server_silent",
        "The authority will ask for a token over http at port 80 of the name, and nothing answers there, seen from this machine.",
        "Start the web server of {domain}, or open its port: curl -v http://{domain}/.well-known/acme-challenge/",
    ),
    Entry(
        "doctor.token_not_served",
        "A file was laid into the webroot, and the web server of the name does not show it: it serves another folder, "
        "refuses, or the name leads to another machine.",
        "Let the web server of {domain} serve {webroot}/.well-known/acme-challenge/ at "
        "http://{domain}/.well-known/acme-challenge/",
    ),
    Entry(
        "doctor.wrapper_differs",
        "The wrapper script is missing, or is not what the YAML file asks for.",
        "Run: acmewrap render",
    ),
    Entry(
        "doctor.file_mode",
        "Keys, account keys and settings are for their owner alone; a copy or a restored backup opened them to others.",
        "Run: acmewrap doctor --fix",
    ),
    Entry(
        "doctor.secret_readable",
        "Every user of this machine, or a whole group of them, can read a file with a secret.",
        "Run: chmod {mode} {file}",
    ),
    Entry(
        "doctor.no_schedule",
        "Nothing renews the certificates unattended.",
        "Add a section such as `schedule: {{every: 6h}}` and run: acmewrap apply",
    ),
    Entry(
        "doctor.schedule_missing",
        "The scheduler does not have the entry that the YAML file asks for.",
        "Run: acmewrap apply",
    ),
    Entry(
        "doctor.schedule_too_slow",
        "Less time lies between the day a certificate is due and its end than between two runs.",
        "Run more often, `schedule: {{every: {every}}}`, or let `renew` begin earlier; then: acmewrap apply",
    ),
    Entry(
        "doctor.lock_held",
        "A run has been at work for hours; no acme.sh takes that long. It keeps every other run out.",
        "See what it does (ps -fp {process}) and end it: kill {process}",
    ),
    Entry(
        "doctor.log_large",
        "The log grows with every run and nothing rotates it.",
        "Move it away: mv {log} {log}.1; and give it to logrotate.",
    ),
    Entry(
        "doctor.certificate_expired",
        "The certificate was not renewed in time.",
        "Run: acmewrap issue {name}",
    ),
    Entry(
        "doctor.certificate_overdue",
        "The certificate should have been renewed by the last run, or there was none.",
        "Run: acmewrap issue {name}. If it works by hand, look at the schedule and its log.",
    ),
    Entry(
        "doctor.issue_failing",
        "The last attempts to renew the certificate failed; it is still valid.",
        "Mend what the message says; then: acmewrap issue {name}",
    ),
    Entry(
        "doctor.not_delivered",
        "The present certificate has not been brought to this target.",
        "Run: acmewrap deploy {name}",
    ),
    Entry(
        "doctor.not_served",
        "The target shows another certificate than the one that is on disk.",
        "Run: acmewrap deploy {name}",
    ),
    Entry(
        "doctor.target_silent",
        "The server that should show the certificate does not answer.",
        "Start it, or correct `verify`: openssl s_client -connect {target} </dev/null",
    ),
    # --- the demo and the counterparts of tests -----------------------------------------------------------------------------
    Entry(
        "demo.tool_missing",
        "The demo and the tests run against real programs, and one of them is not installed.",
        "Install it: apt-get install {package}",
    ),
    Entry(
        "demo.not_started",
        "A program that the demo or a test starts ended at once, or said nothing for 30 seconds.",
        "Read its last lines above and the whole log in {log}; then run again.",
    ),
    Entry(
        "demo.openssl_failed",
        "The openssl program could not make a certificate for the demo or a test.",
        "Read its last lines above; `openssl version` must say 1.1.1 or later.",
    ),
    Entry(
        "demo.port_taken",
        "A simulator was told which port to use, and another program listens there or this user may not.",
        "End what listens on {port}, name another port, or leave it out: then a free one is taken.",
    ),
)

CATALOGUE: Mapping[str, Entry] = {entry.id: entry for entry in _ENTRIES}


def document() -> str:
    """``docs/errors.md``: every entry under its id, the values of remedies in capitals. A test compares it with the file."""
    parts = [_PREFACE]
    for entry in sorted(CATALOGUE.values(), key=lambda entry: entry.id):
        remedy = entry.remedy.format_map(_Values())
        parts.append(f'<a id="{entry.id}"></a>\n\n## {entry.id}\n\n{entry.cause}\n\n**What to do:** {remedy}\n')
    return "\n".join(parts)


_PREFACE = """\
# What can go wrong, and what to do

Every failure has an id that stays the same from release to release; it stands in brackets at the end of a message and as
`failure.id` in results and JSON. Words in capitals stand for values of your configuration; acmewrap fills them in when it tells
the failure. Written from `acmewrap/catalogue.py`: `python -c "from acmewrap.catalogue import document; print(document(), end='')"`.
"""
