"""Synology DSM: reaching it, logging in, and what it did not do. Its numbers: :mod:`acmewrap.failures.dsm_codes`."""

from __future__ import annotations

from typing import Mapping

from ..errors import Retry
from .entry import Entry, denied, deploy_failed, unreachable

ENTRIES: Mapping[str, Entry] = {
    "dsm.unreachable": unreachable(
        "DSM does not answer at that address.",
        "Check `synology.url` ({target}): http://localhost:5000 on the NAS itself; the ports are in Control Panel > Login Portal "
        "> DSM.",
        retry=Retry.LATER,
    ),
    "dsm.odd_reply": deploy_failed(
        "DSM, or something else at its address (a proxy, another device), answered with what DSM is not known to answer.",
        "Check `synology.url`. If that is DSM, send the shapes of its answers to the project, without values: acmewrap doctor "
        "--support-file dsm.json",
        retry=Retry.LATER,
    ),
    "dsm.tls_untrusted": unreachable(
        "DSM's HTTPS certificate is not the one of `synology.fingerprint`, and it leads to no root in the authority's ca_bundle "
        "file, or is for another name than that in `synology.url`.",
        "On the NAS use `url: http://localhost:5000`. Elsewhere write the fingerprint that was seen as `synology.fingerprint`, "
        "if this prints the same on the NAS itself (ssh): openssl s_client -connect localhost:5001 </dev/null | openssl x509 "
        "-noout -fingerprint -sha256",
    ),
    "dsm.redirected": unreachable(
        "DSM redirects its HTTP port to HTTPS (Control Panel > Login Portal > DSM > `Automatically redirect HTTP connection to "
        "HTTPS`), and a redirect is not followed: it would lead the password to an address that is not in the file.",
        "Write the address of the HTTPS port, `synology.url: {url}`, and as `synology.fingerprint` the fingerprint in the message, "
        "if this prints the same on the NAS itself (ssh): openssl s_client -connect localhost:5001 </dev/null | openssl x509 "
        "-noout -fingerprint -sha256",
    ),
    "dsm.login_refused": deploy_failed(
        "DSM knows no such account, or the password is wrong (auth code 400). Releases of acme.sh before 3.0.7 say this, without "
        "a code, whenever DSM refuses a login.",
        "Check `synology.account`: log in to DSM as {account} with the stored password, or set a new password and store that one.",
    ),
    "dsm.account_disabled": deploy_failed(
        "The account is disabled in DSM (auth code 401).",
        "Control Panel > User & Group > {account} > Edit: deactivate `Disable this account`.",
    ),
    "dsm.permission": deploy_failed(
        "The account may not log in to DSM, or the application DSM is denied to it (auth codes 105, 402, 405).",
        "Control Panel > User & Group > {account} > Edit: add the group administrators, and allow the application DSM.",
    ),
    "dsm.not_administrator": deploy_failed(
        "The account is logged in, and DSM lets only administrators do this (API codes 105, 160).",
        "Control Panel > User & Group > {account} > Edit > User Groups: add administrators. `acmewrap apply` does it as root on "
        "the NAS, or with `synology.administrator`.",
    ),
    "dsm.otp_required": deploy_failed(
        "The account asks for a one-time code (2FA, auth code 403), and nobody is there to type one. Adaptive MFA, which DSM 7 "
        "switches on for administrators without 2FA, asks on sign-ins from outside the local network.",
        "Use a service account without 2FA and reach DSM from its own network (`synology.url`), or switch Adaptive MFA off in "
        "Control Panel > Security > Account. An account with 2FA needs the id of a device that DSM trusts: `device_id` beside "
        "its name and password.",
    ),
    "dsm.otp_wrong": deploy_failed(
        "The one-time code or the trusted device was not accepted (auth code 404).",
        "Check the NAS's clock, then register the device anew or use a service account without 2FA.",
    ),
    "dsm.otp_enforced": deploy_failed(
        "DSM enforces 2FA for this account, and it is not set up (auth code 406).",
        "Control Panel > Security > Account: exclude {account} from enforced 2FA, or log in once as {account} and set it up.",
    ),
    "dsm.blocked": deploy_failed(
        "DSM blocks this address after too many failed logins (auth code 407).",
        "Control Panel > Security > Protection > Allow/Block List: remove this machine's address; fix the password first.",
    ),
    "dsm.password_expired": deploy_failed(
        "The password has expired or must be changed first (auth codes 408, 409, 410).",
        "Set a new password for {account} in Control Panel > User & Group, store it, and switch its expiry off.",
    ),
    "dsm.account_locked": deploy_failed(
        "DSM locked the account after too many failed logins (auth code 411).",
        "Wait until the lock ends, or unlock {account} as an administrator; fix the stored password first.",
        retry=Retry.LATER,
    ),
    "dsm.busy": deploy_failed(
        "DSM was too busy or its network not ready (API codes 109, 111, 117, 118), three times in a row.",
        "It is tried again on the next run. If it stays, restart the NAS; 117 is also what an account that is no administrator "
        "may get.",
        retry=Retry.LATER,
    ),
    "dsm.session": deploy_failed(
        "DSM ended or did not accept the session (API codes 106, 107, 119, 150), and another login did not help.",
        "Run again. If it stays, reach DSM directly, because a proxy that changes the client's address ends sessions, and see "
        "that the account is an administrator: some calls answer 119 to others.",
        retry=Retry.LATER,
    ),
    "dsm.certificate_not_found": deploy_failed(
        "DSM has no certificate with that description, and the hook may not make one.",
        "Compare `synology.certificate.description` with Control Panel > Security > Certificate; acmewrap apply makes a missing "
        "one.",
    ),
    "dsm.ambiguous": deploy_failed(
        "DSM does not mind several certificates of one description, and the hook replaces the last of them.",
        "In Control Panel, Security, Certificate: delete or rename all but one of the certificates named {description}.",
    ),
    "dsm.not_imported": deploy_failed(
        "DSM took the upload and lists no such certificate; its disk may be full or its certificate store damaged.",
        "Import the certificate once by hand in Control Panel, Security, Certificate, with the description {description}.",
    ),
    "dsm.not_assigned": deploy_failed(
        "DSM reported success and did not do it.",
        "In Control Panel, Security, Certificate, Settings: choose the certificate {description} for the services named. Where "
        "DSM lets nobody choose, leave them out of `synology.certificate.services`.",
    ),
    "dsm.key_unsupported": deploy_failed(
        "DSM 6 takes RSA keys only (it answers 5529 or 5598 to a key ec-*).",
        "Write `key: rsa-2048` for the certificate {name}, then run acmewrap apply; it is issued anew with that key.",
    ),
    "dsm.import_refused": deploy_failed(
        "DSM did not accept the certificate (codes 5503 to 5534), usually because key, certificate and chain do not fit together.",
        "Issue it anew and deploy again: acmewrap issue --force {name}. DSM knows RSA from 2048 bits, and from version 7 ec-256 "
        "and ec-384. On 5510 the chain may be empty: an authority that signs with its root must send that along. 5511 also means "
        "that a part of the upload was missing.",
    ),
    "dsm.tool_failed": Entry(
        "One of DSM's own commands is missing or refused what it was asked.",
        "Run `{tool} --help` as root on the NAS to see whether it is there; without it add `synology.administrator` to the file, "
        "and acmewrap uses the web API.",
    ),
    "dsm.no_provisioner": denied(
        "Accounts of DSM are made and changed by its administrators, and acmewrap was given none.",
        "Run `acmewrap apply` as root on the NAS, or add `synology.administrator` with name and password.",
    ),
    "dsm.account_unfinished": deploy_failed(
        "An account made on the NAS gets a password that is replaced at once, by a login as that account; a policy of DSM stands "
        "between the two (auth codes 403, 406, 408 to 410).",
        "Suspend the policy: Control Panel > User & Group > Advanced (`Force users to change passwords`), and Control Panel > "
        "Security > Account (2FA enforced, Adaptive MFA). Then run `acmewrap apply` again as root: it gives {account} a new "
        "password.",
    ),
    "dsm.account_not_set": deploy_failed(
        "DSM reported success and the account is still not as it should be.",
        "Control Panel > User & Group > {account} > Edit: set by hand what the message names.",
    ),
    "dsm.task_not_set": deploy_failed(
        "DSM reported success and its Task Scheduler does not show the task as it should be.",
        "Control Panel > Task Scheduler: compare the task {task} with what `acmewrap schedule show` prints.",
    ),
    "dsm.ambiguous_task": deploy_failed(
        "DSM does not mind several tasks of one name, so nobody could tell which one is acmewrap's.",
        "Control Panel > Task Scheduler: delete or rename all but one of the tasks called {task}.",
    ),
    "dsm.no_task": deploy_failed("The Task Scheduler has no task for this file.", "Make it: `acmewrap apply`."),
    "dsm.temporary_admin": deploy_failed(
        "The hook could not make its temporary administrator: it needs root and runs only on the NAS itself.",
        "Use a service account instead: `synology.account` with name and password.",
    ),
    "dsm.refused": deploy_failed(
        "DSM answered with an error that is not known here.",
        "Look up the code in the message; Control Panel > Log Center shows what DSM thought of it.",
    ),
}
