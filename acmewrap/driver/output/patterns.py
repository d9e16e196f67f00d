"""What acme.sh's and its hooks' sentences mean, as data: ids of the catalogue and the sentences that lead to them.

The first id with a sentence among the lines wins, so what is particular comes before what is general. Both wordings (up to
3.0.7, since 3.0.8) of acme.sh are one pattern where they can be.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Mapping, Pattern, Tuple

# What acme.sh says after the reason: never a reason itself.
FOLLOW_UP = re.compile(
    r"(?:Please (?:add '--debug'|check log file|stop it first)|See: |Error deploy|Deploy error\.|Error encountered while deploying"
    r"|(?:Deploy|Install cert) retry failed"
    r"|Error renew|Check your username|If two-factor|Removing DNS|===|Skipp?|Logging |Getting cert|Generat|Upload)"
)

# What acme.sh says of its work as it goes on, in words of which a failure has some: never a reason.
PROGRESS = re.compile(
    r"(?:The domain key is here|Domain key exists, skip|(?:Creating|Create) (?:account|domain) key(?: ok\.)?$"
    r"|(?:Try|Trying) domain key|Adding |Add (?:ANY ONE of )?the following DNS |Sleeping |Success|(?:Check|Checking) |OK, "
    r"|Reloading nginx$|nginx conf|The TXT record has been|Installing |Install \S+ scheduler task success|Removing "
    r"|It seems (?:you are|that the subject)|Clear(?:ing)? notify hook|Set notify hook|Could not get nonce, let's"
    r"|The replay [Nn]once is not valid, let's|It seems the CA server is currently overloaded, let's|We use socat)"
)

WORDINGS: Mapping[str, Tuple[str, ...]] = {
    "tool.missing": (
        r"Neither curl nor wget|acmewrap: acme\.sh needs curl",
        r"(?i)please install (?:curl|openssl|socat|idn|'?idn)",
        r"install (?:the )?'?idn'? command",
        r"oathtool could not be found",
        r"We need openssl to generate keys",
        r"The 'logger' command",
        r"nginx command (?:is )?not found",
        r"apachectl not found",
        r"cygpath not found",
        r"(?i)can ?not find bash path",
        r"(?i)No DOH$",
        r"(?:It is recommended to install|We use) socat",
    ),
    "tool.failed": (
        r"(?i)error (?:encountered for )?(?:ECC|RSA) key",
        r"Sign request failed",
        r"Sign failed: [^\"]",
        r"an ?not create temp file",
    ),
    "port.in_use": (r"tcp port \S+ is already used by", r"(?i)address already in use"),
    # --- the hook of DSM: the particular codes are read by the diagnosis itself ---
    "dsm.login_refused": (
        r"no such account or incorrect password",
        r"Unable to authenticate to \S+ using \w+",
        r"Check your username",
    ),
    "dsm.account_disabled": (r"Failed to authenticate with a non-existent account",),
    "dsm.otp_required": (r"Enter (?:device name|OTP code) ", r"If two-factor authentication is enabled"),
    "dsm.otp_wrong": (r"Failed to authenticate with (?:SYNO_DEVICE_ID|provided 2FA-OTP code)",),
    "dsm.otp_enforced": (r"Enforce auth with 2FA-OTP enabled",),
    "dsm.password_expired": (r"the account password has expired or must be changed",),
    "dsm.not_administrator": (r"Current user is not administrator",),
    "dsm.certificate_not_found": (r"Unable to find certificate: ",),
    "dsm.import_refused": (r"Unable to update certificate, ",),
    "dsm.temporary_admin": (
        r"(?i)temp admin user",
        r"SYNO_USE_TEMP_ADMIN=1 only",
        r"synogroup (?:may be broken|tool detected)",
    ),
    "dsm.unreachable": (r"Unable to authenticate to \S+, you may report",),
    "dsm.refused": (
        r"Failed to authenticate with error",
        r"Failed with unexcepted error",
        r"Failed to fetch certificate info",
    ),
    "deploy.settings": (
        r"You must set either SYNO_",
        r"SYNO_Username & SYNO_Password must be set",
        r"Do not use a backslash",
        r"^The value of '(?:SAVED|Le_Deploy)_\w+' contains a line break",
    ),
    # --- the order and its challenges ---
    "challenge.not_offered": (r"(?i)supported validation types are", r"an? ?not get domain token entry"),
    "challenge.timed_out": (r"\S: ?Timeout$",),
    "challenge.web_server": (
        r"(?i)(?:nginx|apache) conf",
        r"(?i)reloading nginx|nginx reload|apache config|graceful error|setting up apache|set up apache",
        r"^'.*' doesn't exist\.$",
        r"There has been an error, but it might now be resolved",
        r"It seems there is an error, but it's recovered",
        r"(?:C|c)an ?not find (?:start|end) line",
        r"(?i)^backup error",
        r"^Please use webroot mode",
    ),
    "challenge.txt_not_public": (r"(?i)error checking DNS|check dns error|Timed out waiting for DNS",),
    "challenge.dns_hook": (
        r"DNS API hook|dns api hook",
        r"TXT record|txt for domain|add txt",
        r"(?i)your api file (?:is incorrect|doesn't define)",
        r"your api file is not correct, it must have a function named: dns_",
        r"(?:Error loading file|Load file) \S*dns\S*",
        r"(?i)unknown DOH provider",
    ),
    "challenge.failed": (
        r"Verification error|Verify error|Challenge error",
        r"an ?not get (?:challenge|domain token|domain URI|domain uri)|can not get domain (?:token|uri)",
        r"(?i)error (?:starting TLS server|creating TLS validation)|start tls server error|create tls validation",
        r"^(?:socat|python\d?): ",
    ),
    "webroot.not_writable": (r"an ?not write token to file",),
    "acme.order_stuck": (r"(?:C|c)(?:ould|an) not get Le_LinkCert, ",),
    "certificate.download_failed": (
        r"(?:C|c)(?:ould|an) not download cert",
        r"could not find Le_LinkCert|can not find Le_LinkCert",
        r"Sign(?:ing)? failed: ?(?:\"detail|$)",
        r"^Download error|^Failed to get certificate end date",
    ),
    "account.unknown": (  # step-ca (0.19) answers so, with status 500, when its database was lost
        r"Le_OrderFinalize not found\. \{\}$",
        r"^Cannot determine the ACME account URL",
        r"(?i)account key (?:has been|is already) deactivated",
        r"(?i)account url is empty",
    ),
    "ca.server_error": (
        r"(?i)le_OrderFinalize not found",
        r"an ?not find account id url",
        r"Error (?:creating|getting|making GET request for) (?:new order|authz)\.|Create new order error|get to authz error",
        r"an ?not get (?:new|domain new) (?:authz|order)|can not get domain new",
        r"new-authz (?:error|has been retried|retry)",
        r"currently overloaded|value is too large \(> 600\)",
        r"_authorizations_seg not found",
        r"(?i)can ?not (?:make POST request|post) to",
    ),
    "ca.nonce": (r"get nonce", r"replay [Nn]once is not valid", r"Giving up sending to CA"),
    "acme.order_invalid": (
        r"Sign(?:ing)? (?:error|failed)[.,:]",
        r"(?i)order with invalid status|authz objec with invalid status",
        r"^Signing failed\.$|^Sign failed\.$",
    ),
    # --- the account ---
    "acme.eab_required": (r"EAB credentials from ZeroSSL",),
    "acme.eab_wrong": (r"resolve _eab_", r"base64-decode the eab-hmac-key"),
    "account.key": (
        r"(?i)account key (?:creation error|not found|is not found)|(?:creating|create) account key|deactivated account key",
        r"(?i)rotating account key|account key rollover|is using the new key|keyChange url",
    ),
    "acme.refused": (
        r"Account registration error|Error registering account|Register account Error|^Cannot register account\.",
    ),
    "account.not_deactivated": (
        r"(?i)(?:account )?deactivat(?:ion failed|e failed|e: account failed)|not deactivate ",
    ),
    # --- the authority ---
    "ca.unreachable": (r"(?:libcurl-errors\.html|Exit-Status\.html) for error code",),
    "ca.not_acme": (r"(?i)can ?not init api|(?:Failed to connect to|Cannot fetch) (?:CA|ACME) directory",),
    # --- certificates and keys ---
    "certificate.not_issued": (
        r"is not an? issued domain",
        r"is not a cert name",
        r"an ?not find (?:path|conf(?:ig)? file for domain)",
        r"^Cert for \S+ .*(?:not found|is empty)",
        r"already (?:been )?removed",
    ),
    "certificate.not_stored": (r"Failed to remove|Remove \S+ failed",),
    "acme.revoke_failed": (r"Error revoking|Revoke error",),
    "key.not_created": (
        r"(?i)domain key|key file|key creation error|Create key error",
        r"is not supported yet$|Only RSA or EC keys? (?:are|is) supported|^ECC oid|^Key content",
        r"^Please create (?:it|the key file) first",
    ),
    "acme.csr_failed": (r"(?i)error creating CSR|create CSR error", r"from csr: ", r"from CSR: "),
    # --- what was asked of acme.sh ---
    "acme.usage": (
        r"Unknown parameter|Invalid command: ",
        r"is not an? (?:integer|hook name|valid)",
        r"Please (?:provide|give|specify) a",
        r"an ?not parse _|^Unrecognized format|validity end date is in the past",
        r"add '--force',? (?:and|to)|^Add '--force', and",
        r"can not be used together with |^Use a negative --days",
        r"--dns-persist-(?:days|ca-name)|^Invalid domain: ",
        r"contains a line break, it cannot be saved",
        r"^The body file does not exist",
    ),
    "home.not_writable": (
        r"(?i)can ?not create (?:path|(?:config |working )?dir)",
        r"(?i)config file is empty, can ?not",
        r"^Cannot save '|is not a directory, please check your configuration",
    ),
    "acme.notification": (
        r"(?i)hook file for|notify hook|_n_hook|error sending message|error send message|^Error setting \S+\.|^Set \S+ error",
    ),
    "acme.installation": (
        r"(?i)cron ?job|crontab|scheduler task|schtasks|upgrade failed|install(?:ation)? failed|cannot install|can not install",
        r"(?i)script home is not correct|--install --force|renewed automatically|extraction error|own username|my user name",
        r"ACME_PACKAGED is set|can not contain spaces|to a path without spaces",
        r"no changes to your system|nothing changed to your system|Maybe try with root again",
    ),
    "acme.bug": (r"(?i)(?:open an issue|report this as a bug|report (?:bug|issue))",),
    # --- hooks ---
    "hook.unknown": (r"The deploy hook .* (?:is|was) not found",),
    "reload.failed": (r"Reload error for",),
    "hook.failed": (r"(?i)(?:pre|post|renew) hook\.$", r"Error calling hook|Call hook error|_on_before_issue\."),
    "deploy.failed": (
        r"Error deploy|Deploy error|Error encountered while deploying|(?i:api file)",
        r"(?:Deploy|Install cert) retry failed",
    ),
}


@lru_cache(maxsize=None)
def compiled() -> Tuple[Tuple[str, Pattern[str]], ...]:
    return tuple((key, re.compile("|".join(map(_alternative, patterns)))) for key, patterns in WORDINGS.items())


def _alternative(pattern: str) -> str:
    # Python 3.11 takes a flag only at the very start; it holds for its own alternative when written as (?i:...).
    return f"(?i:{pattern[4:]})" if pattern.startswith("(?i)") else f"(?:{pattern})"
